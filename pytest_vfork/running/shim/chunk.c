// SPDX-License-Identifier: MIT
#include "chunk.h"

#include <linux/mman.h>

#include "call.h"

#define PAGE 4096ul
#define FIRST_SLOTS 4 /* of a chunk; each one is as large as all before, up to: */
#define MOST_SLOTS 256

/*
 * In the file, ahead of all other data. So ld.so needs no third mapping for .bss: what is left of that fits into the page
 * of the other data, the only one that a start touches. .jcr is a section that GNU ld puts there and nobody uses.
 */
#ifdef GNU_LD
#define AHEAD __attribute__((section(".jcr"), aligned(4096))) /* and so the other data begin with a page */
#else
#define AHEAD
#endif

struct slot slots_of_object[OBJECT_SLOTS] AHEAD;
struct dispositions cells_of_object[OBJECT_SLOTS] AHEAD; /* which are a page and a bit: the rest of the second one is lost */
static struct record home_records[OBJECT_SLOTS];
struct chunk chunk_home;

static struct arena *arena;

static void *map(size_t size)
{
	long at = call6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);

	return is_error(at) ? NULL : (void *)at;
}

struct arena *arena_seen(void)
{
	return __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
}

struct arena *arena_find(void)
{
	static struct arena poor = { .is_poor = 1 };
	struct arena *mine, *seen = arena_seen();

	if (seen)
		return seen;
	mine = map(PAGE);
	if (mine)
		CALL(__NR_madvise, mine, PAGE, MADV_WIPEONFORK);
	else /* RLIMIT_AS: a fork does not wipe it, so a slot is lost there now and then, and no thread's is ever looked at */
		mine = &poor;
	if (__atomic_compare_exchange_n(&arena, &seen, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	if (mine != &poor)
		CALL(__NR_munmap, mine, PAGE);
	return seen;
}

void arena_knows_home(struct arena *where, const struct task *maker)
{
	uint32_t i, nobody = 0;

	if (__atomic_load_n(&where->knows_home, __ATOMIC_ACQUIRE) == HOME_IS_KNOWN)
		return;
	if (__atomic_compare_exchange_n(&where->knows_home, &nobody, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		chunk_home = (struct chunk){ .slots = slots_of_object, .records = home_records, .cells = cells_of_object, .count = OBJECT_SLOTS, .used = OBJECT_SLOTS };
		for (i = 0; i < OBJECT_SLOTS; i++) {
			_Bool is_free = maker && i && maker != &slots_of_object[i].task && maker->leader != &slots_of_object[i].task;

			home_records[i].owner = is_free ? FREE : CLAIMED;
			chunk_home.free += is_free;
			/* cells that another task may still have: that of the caller */
			if (i && (!maker || maker->dispositions != &cells_of_object[i]))
				cells_of_object[i].users = !maker;
		}
		__atomic_store_n(&where->knows_home, HOME_IS_KNOWN, __ATOMIC_RELEASE);
	}
	/* else another thread is at it: it takes a chunk */
}

/* Its slots are so many as there were before, for a limit (RLIMIT_AS, RLIMIT_MEMLOCK with MCL_FUTURE) is not to be met for nothing. */
static struct chunk *make_chunk(struct chunk *newest, uint32_t count)
{
	const size_t sizes = sizeof(struct chunk) + count * (sizeof(struct record) + sizeof(struct dispositions));
	const size_t head = (sizes + PAGE - 1) & ~(PAGE - 1), size = head + count * sizeof(struct slot);
	struct chunk *chunk = map(size);

	if (!chunk)
		return NULL;
	/* a huge page would make the first slot cost 2 MiB of memory */
	CALL(__NR_madvise, chunk, size, MADV_NOHUGEPAGE);
	chunk->next = newest;
	chunk->count = count;
	chunk->records = (struct record *)(chunk + 1);
	chunk->cells = (struct dispositions *)(chunk->records + count);
	chunk->slots = (struct slot *)((char *)chunk + head);
	return chunk;
}

static size_t size_of(const struct chunk *chunk)
{
	return ARG(chunk->slots + chunk->count) - ARG(chunk);
}

_Bool arena_grow(struct arena *where, struct chunk *newest)
{
	uint32_t count = newest ? newest->count * 2 : FIRST_SLOTS;
	struct chunk *chunk = make_chunk(newest, count > MOST_SLOTS ? MOST_SLOTS : count);

	if (!chunk)
		chunk = make_chunk(newest, 1);
	if (!chunk)
		return 0;
	if (!__atomic_compare_exchange_n(&where->newest, &newest, chunk, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		CALL(__NR_munmap, chunk, size_of(chunk));
	return 1;
}

struct chunk *chunk_after(const struct chunk *chunk)
{
	const struct arena *where = arena_seen();

	return chunk != &chunk_home ? chunk->next : where ? __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE) : NULL;
}

static _Bool is_between(const void *what, uintptr_t start, uintptr_t end)
{
	return ARG(what) >= start && ARG(what) < end;
}

_Bool chunks_live_in(uintptr_t start, uintptr_t end)
{
	const struct arena *where = arena_seen();
	const struct chunk *chunk;

	if (is_between(slots_of_object, start, end) || is_between(&arena, start, end) || is_between(where, start, end))
		return 1;
	for (chunk = where ? where->newest : NULL; chunk; chunk = chunk->next)
		if (is_between(chunk, start, end))
			return 1;
	return 0;
}
