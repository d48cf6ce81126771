// SPDX-License-Identifier: MIT
#include "task.h"

#include <linux/mman.h>
#include <linux/sched.h>

#include "call.h"
#include "text.h"

#define SLOTS 63
#define TRIES 8 /* how many threads one allocation looks at, whether they are gone */
#define CLAIMED (-1)

struct slot {
	_Alignas(64) union {
		struct task task;
		char room[SLOT_SIZE];
	};
};

/* Slots come in chunks; a slot's owner is 0 (free), CLAIMED, or the tid whose end frees it. */
struct chunk {
	struct chunk *next;
	int32_t owner_pid; /* only this process sees tids as they are written here */
	uint32_t cursor; /* where to look next for a thread that is gone */
	uint32_t used; /* slots from here on have never been touched */
	int32_t owners[SLOTS];
	_Alignas(4096) struct slot slots[SLOTS];
};

#define CHUNK_HEAD offsetof(struct chunk, slots)

/*
 * In the file, ahead of all other data. So ld.so needs no third mapping for .bss: what is left of that fits into the page
 * of the other data, the only one that a start touches. .jcr is a section that GNU ld puts there and nobody uses.
 */
#ifdef GNU_LD
#define AHEAD __attribute__((section(".jcr"), aligned(4096))) /* and so the other data begin with a page */
#else
#define AHEAD
#endif

static struct slot first AHEAD;

/*
 * The newest chunk. It lies in a page of its own that a fork wipes: the child of a plain fork, which is not trapped,
 * must not believe that its parent's threads live on, nor free the slot that its only task runs on. It begins with an
 * empty list and leaves the old slots alone.
 */
struct arena {
	struct chunk *newest;
	uint32_t waiting; /* parents, and those that were killed while they waited */
};

static struct arena *arena;

struct altstack task_stack(const struct task *task)
{
	struct altstack stack = { .sp = ARG(task) + TASK_ROOM, .flags = 0, .size = SLOT_SIZE - TASK_ROOM };

	return stack;
}

struct task *task_of(const struct frame *frame)
{
	struct task *task;

	/* every sigaltstack(2) of the application is virtual: a stack of this size is one of ours */
	if ((frame->stack.flags & SS_DISABLE_FLAG) || frame->stack.size != SLOT_SIZE - TASK_ROOM)
		return NULL;
	task = (struct task *)(frame->stack.sp - TASK_ROOM);
	return task == &first.task ? task_first() : task;
}

struct altstack task_first_stack(void)
{
	return task_stack(&first.task);
}

struct task *task_first(void)
{
	/* not before it is needed: most images never trap, and each page that is touched costs a page fault */
	if (!first.task.dispositions) {
		first.task.altstack.flags = SS_DISABLE_FLAG;
		first.task.dispositions = &first.task.own;
	}
	return &first.task;
}

static void *map(size_t size)
{
	long at = call6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);

	return is_error(at) ? NULL : (void *)at;
}

static struct arena *find_arena(void)
{
	struct arena *mine, *seen = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);

	if (seen)
		return seen;
	mine = map(4096);
	if (!mine)
		return NULL;
	CALL(__NR_madvise, mine, 4096, MADV_WIPEONFORK);
	if (__atomic_compare_exchange_n(&arena, &seen, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	CALL(__NR_munmap, mine, 4096);
	return seen;
}

static int is_gone(int32_t tid)
{
	return CALL(__NR_tkill, tid, 0) == -ESRCH;
}

static struct task *take(struct chunk *chunk, uint32_t index, int32_t owner)
{
	struct task *task = &chunk->slots[index].task;

	if (!__atomic_compare_exchange_n(&chunk->owners[index], &owner, CLAIMED, 0, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return NULL;
	memset(task, 0, offsetof(struct task, own));
	return task;
}

/* What has been used before comes first: a program that makes many tasks one after another shall touch few pages. */
static struct task *take_from(struct chunk *chunk, _Bool is_owner)
{
	uint32_t used = __atomic_load_n(&chunk->used, __ATOMIC_RELAXED), i;
	struct task *task;

	for (i = 0; i < used; i++) {
		task = chunk->owners[i] ? NULL : take(chunk, i, 0);
		if (task)
			return task;
	}
	for (i = 0; is_owner && used && i < TRIES; i++) {
		uint32_t index = __atomic_fetch_add(&chunk->cursor, 1, __ATOMIC_RELAXED) % used;
		int32_t owner = __atomic_load_n(&chunk->owners[index], __ATOMIC_ACQUIRE);

		task = owner > 0 && is_gone(owner) ? take(chunk, index, owner) : NULL;
		if (task)
			return task;
	}
	while (used < SLOTS) {
		if (!__atomic_compare_exchange_n(&chunk->used, &used, used + 1, 0, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
			continue;
		task = take(chunk, used++, 0);
		if (task)
			return task;
	}
	return NULL;
}

static struct chunk *grow(struct arena *where, struct chunk *newest)
{
	struct chunk *chunk = map(sizeof(struct chunk));

	if (!chunk)
		return NULL;
	/* a huge page would make the first slot cost 2 MiB of memory */
	CALL(__NR_madvise, chunk, sizeof(struct chunk), MADV_NOHUGEPAGE);
	chunk->next = newest;
	chunk->owner_pid = newest ? newest->owner_pid : (int32_t)CALL(__NR_getpid);
	if (__atomic_compare_exchange_n(&where->newest, &newest, chunk, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return chunk;
	CALL(__NR_munmap, chunk, sizeof(struct chunk));
	return newest;
}

struct task *task_claim(void)
{
	struct arena *where = find_arena();
	struct chunk *chunk;
	struct task *task;
	_Bool is_owner;

	if (!where)
		return NULL;
	for (;;) {
		struct chunk *newest = __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE);

		is_owner = newest && newest->owner_pid == CALL(__NR_getpid);
		for (chunk = newest; chunk; chunk = chunk->next) {
			task = take_from(chunk, is_owner);
			if (task)
				return task;
		}
		if (!grow(where, newest))
			return NULL;
	}
}

static struct chunk *chunk_of(const struct task *task)
{
	struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
	struct chunk *chunk = where ? where->newest : NULL;

	while (chunk && (ARG(task) < ARG(chunk) || ARG(task) >= ARG(chunk + 1)))
		chunk = chunk->next;
	return chunk;
}

static void set_owner(struct task *task, int32_t owner)
{
	struct chunk *chunk = chunk_of(task);

	if (chunk)
		__atomic_store_n(&chunk->owners[(ARG(task) - ARG(chunk->slots)) / SLOT_SIZE], owner,
				 __ATOMIC_RELEASE);
}

void task_is_thread(struct task *task, int tid)
{
	struct chunk *chunk = chunk_of(task);

	/* a task of another pid namespace sees other numbers: what it claims, nobody sweeps */
	if (chunk && chunk->owner_pid == CALL(__NR_getpid))
		set_owner(task, tid);
}

void task_free(struct task *task)
{
	if (task->exec_map)
		CALL(__NR_munmap, task->exec_map, task->exec_map_size);
	set_owner(task, 0);
}

void task_waits(struct task *task, uint32_t *word)
{
	struct arena *where = find_arena();

	__atomic_store_n(&task->waits_for, word, __ATOMIC_SEQ_CST);
	if (where)
		__atomic_fetch_add(&where->waiting, word ? 1 : -1, __ATOMIC_SEQ_CST);
}

_Bool task_any_waits(void)
{
	struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);

	return where && __atomic_load_n(&where->waiting, __ATOMIC_SEQ_CST);
}

struct task *task_after(const struct task *task)
{
	struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
	struct chunk *chunk = chunk_of(task);
	uint32_t next = chunk ? (uint32_t)((ARG(task) - ARG(chunk->slots)) / SLOT_SIZE) + 1 : 0;

	if (!chunk && where)
		chunk = __atomic_load_n(&where->newest, __ATOMIC_ACQUIRE);
	while (chunk && next >= __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE)) {
		chunk = chunk->next;
		next = 0;
	}
	return chunk ? &chunk->slots[next].task : NULL;
}

void task_inherit(struct task *child, const struct task *parent, uint64_t flags)
{
	child->blocks_sigsys = parent->blocks_sigsys;
	/* sigaltstack(2), CLONE_VM: kept by a vfork child, lost by any other task that shares the memory */
	if (flags & CLONE_VFORK)
		child->altstack = parent->altstack;
	else
		child->altstack.flags = SS_DISABLE_FLAG;
	if (flags & CLONE_SIGHAND) {
		child->dispositions = parent->dispositions;
		return;
	}
	child->own = *parent->dispositions;
	child->dispositions = &child->own;
}

static _Bool is_between(const void *what, uintptr_t start, uintptr_t end)
{
	return ARG(what) >= start && ARG(what) < end;
}

_Bool task_lives_in(uintptr_t start, uintptr_t end)
{
	struct arena *where = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
	const struct chunk *chunk;

	if (is_between(&first, start, end) || is_between(&arena, start, end) || is_between(where, start, end))
		return 1;
	for (chunk = where ? where->newest : NULL; chunk; chunk = chunk->next)
		if (is_between(chunk, start, end))
			return 1;
	return 0;
}
