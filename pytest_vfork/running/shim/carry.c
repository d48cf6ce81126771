// SPDX-License-Identifier: MIT
#include "carry.h"

#include <asm/resource.h>
#include <linux/elf.h>

#include "call.h"
#include "config.h"
#include "slot.h"
#include "text.h"

#define FOLDER "/proc/self/fd/"
#define MAY_SEARCH 1 /* X_OK */
#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD */
struct limit {
	uint64_t now, most; /* struct rlimit64 */
};

#define EXECUTABLE 0x10u /* MFD_EXEC, linux/memfd.h, since 6.3 */

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

/* The tasks of this image are not the next one's: their slots are a hole in the file, and so are zero. */
static uintptr_t begin_of_tasks(void)
{
	return ARG(cells_of_object) < ARG(slots_of_object) ? ARG(cells_of_object) : ARG(slots_of_object);
}

static uintptr_t end_of_tasks(void)
{
	uintptr_t cells = ARG(cells_of_object + OBJECT_SLOTS), slots = ARG(slots_of_object + OBJECT_SLOTS);

	return cells > slots ? cells : slots;
}

static _Bool put(long file, uintptr_t from, uintptr_t end, uint64_t offset)
{
	while (from < end) {
		long size = CALL(__NR_pwrite64, file, from, end - from, offset);

		if (size <= 0)
			return 0;
		from += (uintptr_t)size;
		offset += (uint64_t)size;
	}
	return 1;
}

/* What ld.so and the shim have changed in the data either is changed again, or set by shim_start. */
static _Bool write_object(long file)
{
	const uintptr_t base = ARG(&__ehdr_start);
	const Elf64_Phdr *part = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);
	uintptr_t linked = 0, tasks = begin_of_tasks();
	unsigned int i;

	for (i = 0; i < __ehdr_start.e_phnum; i++, part++) {
		uintptr_t from, end;

		if (part->p_type != PT_LOAD)
			continue;
		if (!part->p_offset)
			linked = part->p_vaddr;
		from = base + (part->p_vaddr - linked);
		end = from + part->p_filesz;
		if (tasks >= from && tasks < end) {
			if (!put(file, from, tasks, part->p_offset))
				return 0;
			if (!put(file, end_of_tasks(), end, part->p_offset + (end_of_tasks() - from)))
				return 0;
		} else if (!put(file, from, end, part->p_offset)) {
			return 0;
		}
	}
	return 1;
}

/* Where the last segment ends in the file. */
static uint64_t size_of_object(void)
{
	const Elf64_Phdr *part = (const Elf64_Phdr *)(ARG(&__ehdr_start) + __ehdr_start.e_phoff), *last = part + __ehdr_start.e_phnum;
	uint64_t size = 0;

	for (; part < last; part++)
		if (part->p_type == PT_LOAD && part->p_offset + part->p_filesz > size)
			size = part->p_offset + part->p_filesz;
	return size;
}

/*
 * What is written beyond the limit of file sizes is answered by SIGXFSZ, which the next image would get. The limit is put aside for as long;
 * the hard one where we may (CAP_SYS_RESOURCE), and else nothing is written.
 */
static _Bool write_object_within_limit(long file)
{
	uint64_t size = size_of_object();
	struct limit before = { 0 }, wide;
	_Bool is_met = !CALL(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, &before) && before.now < size, is_written;

	wide = (struct limit){ size, before.most > size ? before.most : size };
	if (is_met && CALL(__NR_prlimit64, 0, RLIMIT_FSIZE, &wide, 0))
		return 0;
	is_written = write_object(file);
	if (is_met)
		CALL(__NR_prlimit64, 0, RLIMIT_FSIZE, &before, 0);
	return is_written;
}

static long make_file(void)
{
	long file = CALL(__NR_memfd_create, "vfork-shim", EXECUTABLE);

	return file == -EINVAL ? CALL(__NR_memfd_create, "vfork-shim", 0) : file;
}

/*
 * A table that is full has room above the soft limit, if the hard one is no lower. The limit is the process's: another thread that opens
 * something in between gets a descriptor that it would not have got.
 */
static long make_file_within_limit(void)
{
	struct limit before, wide;
	long file = make_file();

	if (file != -EMFILE || CALL(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, &before))
		return file;
	wide = (struct limit){ before.most, before.most };
	if (CALL(__NR_prlimit64, 0, RLIMIT_NOFILE, &wide, 0))
		return file;
	file = make_file();
	CALL(__NR_prlimit64, 0, RLIMIT_NOFILE, &before, 0);
	return file;
}

long carry_make(char name[CARRIED_ROOM])
{
	struct text text = { name, name + CARRIED_ROOM - 1 };
	long file;

	/* /proc/self is the main thread's, which may have ended; it is the next image's */
	if (CALL(__NR_faccessat2, CURRENT_DIRECTORY, "/proc/thread-self/fd/", MAY_SEARCH, 0))
		return -ENOENT;
	file = make_file_within_limit();
	if (is_error(file))
		return file;
	if (!write_object_within_limit(file)) {
		CALL(__NR_close, file);
		return -ENOSPC;
	}
	memset(name, 0, CARRIED_ROOM);
	text_add(&text, FOLDER);
	text_add_number(&text, file);
	return file;
}

_Bool carry_is(const char *name)
{
	return starts_with(name, FOLDER);
}

void carry_end(const char *name)
{
	long file = 0;

	for (name += strlen(FOLDER); *name >= '0' && *name <= '9'; name++)
		file = file * 10 + *name - '0';
	CALL(__NR_close, file);
}
