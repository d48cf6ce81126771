// SPDX-License-Identifier: MIT
/*
 * Memory that looks shared and is not: all that the program can write to is copied into shared pages before the call, and back into private
 * ones after it. What child and parent write is seen by both; mappings, the break, private futexes and attributes of the memory are not
 * shared, and the call costs what the memory weighs.
 */
#include <linux/mman.h>

#include "call.h"
#include "chunk.h"
#include "departure.h"
#include "text.h"

#define TEXT_SIZE 0x10000
#define PAGE 4096
#define HEAP_OFFSET (8 * PAGE)

static void *map(size_t size, int flags)
{
	long at = call6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, (uint64_t)(flags | MAP_ANONYMOUS), (uint64_t)-1, 0);

	return is_error(at) ? NULL : (void *)at;
}

static uintptr_t read_hex(const char **at)
{
	uintptr_t number = 0;

	for (;; (*at)++) {
		if (**at >= '0' && **at <= '9')
			number = number * 16 + (uintptr_t)(**at - '0');
		else if (**at >= 'a' && **at <= 'f')
			number = number * 16 + (uintptr_t)(**at - 'a' + 10);
		else
			return number;
	}
}

static _Bool is_ours(const struct area *area)
{
	const uintptr_t data = ARG(&behaviour);

	return (data >= area->start && data < area->end) || chunks_live_in(area->start, area->end);
}

/* Lines of /proc/self/maps: "start-end rw-p ..." */
static void find_areas(struct departure *departure, const char *at)
{
	for (; *at; at++) {
		struct area area = { read_hex(&at), 0 };

		at++;
		area.end = read_hex(&at);
		if (!memcmp(at, " rw-p", 5) && !is_ours(&area) && departure->areas < AREAS)
			departure->area[departure->areas++] = area;
		while (*at != '\n')
			at++;
	}
}

static void move(const struct area *area, int flags)
{
	size_t size = area->end - area->start;
	void *copy = map(size, flags);

	if (!copy)
		return;
	memcpy(copy, (const void *)area->start, size);
	CALL(__NR_mremap, copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, area->start);
}

static void find_all(struct departure *departure)
{
	char *maps = map(TEXT_SIZE, MAP_PRIVATE);
	long file = CALL(__NR_open, "/proc/self/maps", 0), size = 0, piece;

	while (maps && (piece = CALL(__NR_read, file, maps + size, TEXT_SIZE - 1 - size)) > 0)
		size += piece;
	CALL(__NR_close, file);
	departure->areas = 0;
	if (!maps)
		return;
	find_areas(departure, maps);
	CALL(__NR_munmap, maps, TEXT_SIZE);
}

void depart_lend_memory(struct departure *departure)
{
	unsigned int i;

	find_all(departure);
	for (i = 0; i < departure->areas; i++)
		move(&departure->area[i], MAP_SHARED);
}

void depart_take_memory_back(struct departure *departure)
{
	unsigned int i;

	for (i = 0; i < departure->areas; i++)
		move(&departure->area[i], MAP_PRIVATE);
}

void depart_lose_heap(struct departure *departure)
{
	const uintptr_t last = (uintptr_t)CALL(__NR_brk, 0) - 1;
	const struct area *area;

	find_all(departure);
	for (area = departure->area; area < departure->area + departure->areas; area++)
		if (last >= area->start && last < area->end)
			CALL(__NR_madvise, area->start + HEAP_OFFSET, PAGE, MADV_DONTNEED);
}
