// SPDX-License-Identifier: MIT
#include "slot.h"

#include "call.h"
#include "chunk.h"
#include "text.h"

#define TRIES 8 /* how many threads one claim looks at, whether they are gone */

static struct slot *slot_of(const struct task *task)
{
	return (struct slot *)(ARG(task) - offsetof(struct slot, task));
}

static struct record *record_of(const struct task *task)
{
	struct chunk *chunk = task->chunk;

	return chunk ? &chunk->records[slot_of(task) - chunk->slots] : NULL;
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

static struct task *claim(struct arena *where, struct task *maker)
{
	struct chunk *chunk;
	struct task *task = NULL;

	if (where->knows_home == HOME_IS_KNOWN)
		task = take_free(&chunk_home);
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
	struct arena *where = arena_find();
	struct task *task;

	arena_knows_home(where, maker);
	for (;;) {
		struct chunk *newest = __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE);

		task = claim(where, maker);
		if (task || !arena_grow(where, newest))
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

void slot_free_all(uint64_t process)
{
	struct chunk *chunk;
	uint32_t i;

	for (chunk = &chunk_home; chunk; chunk = chunk_after(chunk))
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
	return __atomic_add_fetch(&arena_find()->processes, 1, __ATOMIC_RELAXED);
}

#ifdef VFORK_SHIM_DEBUG
uint64_t slot_memory(void)
{
	struct arena *where = arena_find();

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
	struct arena *where = arena_find();
	struct dispositions *cell = NULL;

	for (;;) {
		struct chunk *newest = __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE), *chunk;

		if (where->knows_home == HOME_IS_KNOWN)
			cell = find_cell(&chunk_home);
		for (chunk = newest; chunk && !cell; chunk = chunk->next)
			cell = find_cell(chunk);
		if (cell || !arena_grow(where, newest))
			return cell;
	}
}

void slot_count_waiting(int change)
{
	__atomic_fetch_add(&arena_find()->waiting, (uint32_t)change, __ATOMIC_SEQ_CST);
}

_Bool slot_any_waits(void)
{
	struct arena *where = arena_seen();

	return where && __atomic_load_n(&where->waiting, __ATOMIC_SEQ_CST);
}

struct task *slot_after(const struct task *task)
{
	struct chunk *chunk = task->chunk ? task->chunk : &chunk_home;
	uint32_t next = task->chunk ? (uint32_t)(slot_of(task) - chunk->slots) + 1 : 1;

	while (chunk && next >= __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE)) {
		chunk = chunk_after(chunk);
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
	const struct arena *where = arena_seen();
	const struct task *found = find_in(slots_of_object, OBJECT_SLOTS, address);
	const struct chunk *chunk;

	for (chunk = where ? where->newest : NULL; chunk && !found; chunk = chunk->next)
		found = find_in(chunk->slots, chunk->count, address);
	return found;
}
