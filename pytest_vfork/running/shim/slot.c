// SPDX-License-Identifier: MIT
#include "slot.h"

#include <linux/mman.h>

#include "call.h"
#include "text.h"

#define PAGE 4096ul
#define FIRST_SLOTS 4 /* of a chunk; each one is as large as all before, up to: */
#define MOST_SLOTS 256
#define TRIES 8 /* how many threads one claim looks at, whether they are gone */
#define FREE 0
#define CLAIMED (-1)

struct record {
	int32_t owner; /* FREE, CLAIMED, or the tid whose end frees the slot */
	uint32_t numbers; /* among which that is one, see slot_numbers() */
	uint64_t process; /* that has made it */
};

/* Beside the slots, so that to look for a free one touches none of them. */
struct chunk {
	struct chunk *next;
	struct slot *slots;
	struct record *records;
	struct dispositions *cells;
	uint32_t count;
	uint32_t used; /* slots from here on have never been touched */
	int32_t free; /* of those before; too small when a task was killed as it freed one */
};

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
static struct chunk home;

/*
 * All that is true of one process only. It lies in a page that a fork wipes: the child of a plain fork, which is not trapped, must not believe
 * that its parent's threads live on, nor free the slot that its only task runs on. It begins with an empty list and leaves the old slots
 * alone, but for those of the object, of which it knows which one is its own.
 */
struct arena {
	struct chunk *newest;
	uint32_t knows_home;
	uint32_t waiting; /* parents, and those that were killed while they waited */
	uint32_t cursor; /* where to look next for a thread that is gone */
	uint64_t processes;
	_Bool is_poor;
	uint64_t memory; /* while invariants are held to: which process has begun with it */
};

static struct arena *arena;

static void *map(size_t size)
{
	long at = call6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);

	return is_error(at) ? NULL : (void *)at;
}

static struct arena *find_arena(void)
{
	static struct arena poor = { .is_poor = 1 };
	struct arena *mine, *seen = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);

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

static struct slot *slot_of(const struct task *task)
{
	return (struct slot *)(ARG(task) - offsetof(struct slot, task));
}

static struct record *record_of(const struct task *task)
{
	struct chunk *chunk = task->chunk;

	return chunk ? &chunk->records[slot_of(task) - chunk->slots] : NULL;
}

/* The slots of the object as a process finds them that knows of none: its own is in use, if it is one of these. */
static void know_home(struct arena *where, const struct task *maker)
{
	uint32_t i, nobody = 0;

	if (__atomic_load_n(&where->knows_home, __ATOMIC_ACQUIRE) == 2)
		return;
	if (__atomic_compare_exchange_n(&where->knows_home, &nobody, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		home = (struct chunk){ .slots = slots_of_object, .records = home_records, .cells = cells_of_object, .count = OBJECT_SLOTS, .used = OBJECT_SLOTS };
		for (i = 0; i < OBJECT_SLOTS; i++) {
			_Bool is_free = maker && i && maker != &slots_of_object[i].task && maker->leader != &slots_of_object[i].task;

			home_records[i].owner = is_free ? FREE : CLAIMED;
			home.free += is_free;
			/* cells that another task may still have: that of the caller */
			if (i && (!maker || maker->dispositions != &cells_of_object[i]))
				cells_of_object[i].users = !maker;
		}
		__atomic_store_n(&where->knows_home, 2, __ATOMIC_RELEASE);
	}
	/* else another thread is at it: it takes a chunk */
}

void slot_unmap(struct task *task)
{
	void *map = task->exec_map;

	if (!map)
		return;
	/* before it: SIGKILL may come between, and what lies there afterwards is the application's */
	__atomic_store_n(&task->exec_map, NULL, __ATOMIC_RELEASE);
	CALL(__NR_munmap, map, task->exec_map_size);
}

static struct task *take(struct chunk *chunk, uint32_t index, int32_t owner)
{
	struct task *task = &chunk->slots[index].task;

	if (!__atomic_compare_exchange_n(&chunk->records[index].owner, &owner, CLAIMED, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return NULL;
	if (owner != FREE)
		dispositions_leave(task->dispositions);
	else if (chunk->free > 0)
		__atomic_fetch_sub(&chunk->free, 1, __ATOMIC_RELAXED);
	slot_unmap(task);
	memset(task, 0, sizeof(*task));
	task->chunk = chunk;
	return task;
}

/* What has been used before comes first: a program that makes many tasks one after another shall touch few pages. */
static struct task *take_free(struct chunk *chunk)
{
	uint32_t used = __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE), i;
	struct task *task;

	for (i = 0; i < used && chunk->free > 0; i++) {
		task = chunk->records[i].owner == FREE ? take(chunk, i, FREE) : NULL;
		if (task)
			return task;
	}
	return NULL;
}

static struct task *take_unused(struct chunk *chunk)
{
	uint32_t used = __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE);
	struct task *task;

	while (used < chunk->count) {
		if (!__atomic_compare_exchange_n(&chunk->used, &used, used + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			continue;
		task = take(chunk, used++, FREE);
		if (task)
			return task;
	}
	return NULL;
}

/* In a new pid namespace a process is 1, which its maker cannot see it as, and in one that is entered it is all but never what that sees. */
uint32_t slot_numbers(const struct task *task)
{
	struct task *leader = task->leader;

	if (!leader->numbers)
		leader->numbers = CALL(__NR_getpid) == leader->pid ? leader->numbers_of_maker : (uint32_t)slot_new_process();
	return leader->numbers;
}

/* A thread that is no more. */
static struct task *take_gone(struct arena *where, uint32_t numbers)
{
	uint32_t turn = __atomic_fetch_add(&where->cursor, TRIES, __ATOMIC_RELAXED), i = 0, all = 0;
	struct chunk *chunk;

	for (chunk = where->newest; chunk; chunk = chunk->next)
		all += chunk->used;
	if (!all)
		return NULL;
	for (chunk = where->newest, turn %= all; chunk && turn >= chunk->used; chunk = chunk->next)
		turn -= chunk->used;
	for (; chunk && i < TRIES; i++, turn++) {
		struct record record;
		struct task *task;

		for (; chunk && turn >= chunk->used; chunk = chunk->next)
			turn -= chunk->used;
		if (!chunk)
			break;
		record.owner = __atomic_load_n(&chunk->records[turn].owner, __ATOMIC_ACQUIRE);
		record.numbers = chunk->records[turn].numbers;
		if (record.owner <= 0 || record.numbers != numbers || CALL(__NR_tkill, record.owner, 0) != -ESRCH)
			continue;
		task = take(chunk, turn, record.owner);
		if (task)
			return task;
	}
	return NULL;
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

static _Bool grow(struct arena *where, struct chunk *newest)
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

static struct task *claim(struct arena *where, struct task *maker)
{
	struct chunk *chunk;
	struct task *task = NULL;

	if (where->knows_home == 2)
		task = take_free(&home);
	for (chunk = where->newest; chunk && !task; chunk = chunk->next)
		task = take_free(chunk);
	if (!task && maker && !where->is_poor)
		task = take_gone(where, slot_numbers(maker));
	for (chunk = where->newest; chunk && !task; chunk = chunk->next)
		task = take_unused(chunk);
	return task;
}

struct task *slot_claim(struct task *maker)
{
	struct arena *where = find_arena();
	struct task *task;

	know_home(where, maker);
	for (;;) {
		struct chunk *newest = __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE);

		task = claim(where, maker);
		if (task || !grow(where, newest))
			return task;
	}
}

void slot_is_thread(struct task *task, struct task *maker, int32_t tid)
{
	struct record *record = record_of(task);

	if (!record)	/* not so: what is claimed lies in a chunk, which an analyser cannot know */
		return;
	record->process = maker->process;
	record->numbers = slot_numbers(maker);
	__atomic_store_n(&record->owner, tid, __ATOMIC_RELEASE);
}

static void free_record(struct chunk *chunk, struct record *record)
{
	__atomic_store_n(&record->owner, FREE, __ATOMIC_RELEASE);
	__atomic_fetch_add(&chunk->free, 1, __ATOMIC_RELEASE);
}

void slot_free(struct task *task)
{
	struct chunk *chunk = task->chunk;

	if (chunk)
		free_record(chunk, record_of(task));
}

static struct chunk *after(const struct chunk *chunk)
{
	const struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);

	return chunk != &home ? chunk->next : where ? __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE) : NULL;
}

void slot_free_all(uint64_t process)
{
	struct chunk *chunk;
	uint32_t i;

	for (chunk = &home; chunk; chunk = after(chunk))
		for (i = 0; i < chunk->used; i++) {
			struct record *record = &chunk->records[i];

			if (record->process != process || record->owner <= 0)
				continue;
			slot_unmap(&chunk->slots[i].task);
			dispositions_leave(chunk->slots[i].task.dispositions);
			free_record(chunk, record);
		}
}

uint64_t slot_new_process(void)
{
	return __atomic_add_fetch(&find_arena()->processes, 1, __ATOMIC_RELAXED);
}

#ifdef VFORK_SHIM_DEBUG
uint64_t slot_memory(void)
{
	struct arena *where = find_arena();

	if (where->is_poor)
		return (uint64_t)CALL(__NR_getpid);
	if (!__atomic_load_n(&where->memory, __ATOMIC_ACQUIRE)) {
		uint64_t none = 0;

		__atomic_compare_exchange_n(&where->memory, &none, (uint64_t)CALL(__NR_getpid), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	}
	return where->memory;
}
#endif

static struct dispositions *find_cell(struct chunk *chunk)
{
	uint32_t i;

	for (i = 0; i < chunk->count; i++) {
		uint32_t nobody = 0;

		if (!chunk->cells[i].users &&
		    __atomic_compare_exchange_n(&chunk->cells[i].users, &nobody, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return &chunk->cells[i];
	}
	return NULL;
}

/* There are as many cells as slots, and each slot has one or shares one: whoever has a slot finds a cell, but for cells that live longer. */
struct dispositions *slot_find_dispositions(void)
{
	struct arena *where = find_arena();
	struct dispositions *cell = NULL;

	for (;;) {
		struct chunk *newest = __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE), *chunk;

		if (where->knows_home == 2)
			cell = find_cell(&home);
		for (chunk = newest; chunk && !cell; chunk = chunk->next)
			cell = find_cell(chunk);
		if (cell || !grow(where, newest))
			return cell;
	}
}

void slot_count_waiting(int change)
{
	__atomic_fetch_add(&find_arena()->waiting, (uint32_t)change, __ATOMIC_SEQ_CST);
}

_Bool slot_any_waits(void)
{
	struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);

	return where && __atomic_load_n(&where->waiting, __ATOMIC_SEQ_CST);
}

struct task *slot_after(const struct task *task)
{
	struct chunk *chunk = task->chunk ? task->chunk : &home;
	uint32_t next = task->chunk ? (uint32_t)(slot_of(task) - chunk->slots) + 1 : 1;

	while (chunk && next >= __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE)) {
		chunk = after(chunk);
		next = 0;
	}
	return chunk ? &chunk->slots[next].task : NULL;
}

static const struct task *find_in(struct slot *slots, uint32_t count, uintptr_t address)
{
	uintptr_t offset = address - ARG(slots);

	return address >= ARG(slots) && offset < count * sizeof(struct slot) && !(offset % sizeof(struct slot)) ?
		       &slots[offset / sizeof(struct slot)].task : NULL;
}

const struct task *slot_at(uintptr_t address)
{
	const struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
	const struct task *found = find_in(slots_of_object, OBJECT_SLOTS, address);
	const struct chunk *chunk;

	for (chunk = where ? where->newest : NULL; chunk && !found; chunk = chunk->next)
		found = find_in(chunk->slots, chunk->count, address);
	return found;
}

static _Bool is_between(const void *what, uintptr_t start, uintptr_t end)
{
	return ARG(what) >= start && ARG(what) < end;
}

_Bool slot_lives_in(uintptr_t start, uintptr_t end)
{
	struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
	const struct chunk *chunk;

	if (is_between(slots_of_object, start, end) || is_between(&arena, start, end) || is_between(where, start, end))
		return 1;
	for (chunk = where ? where->newest : NULL; chunk; chunk = chunk->next)
		if (is_between(chunk, start, end))
			return 1;
	return 0;
}
