/* SPDX-License-Identifier: MIT */
/*
 * What the shim knows of a task (a thread or a vfork child). It lives in the task's own slot (slot.h), above the alternate stack that all of
 * the shim's handlers run on. A handler finds its task by uc_stack of its frame: thread-local storage is shared with vfork children, an
 * address of the stack in force is not (hazard 13).
 *
 * No locks: they would be shared with vfork children and with tasks that SIGKILL may end at any instruction (hazard
 * 14).
 */
#ifndef TASK_H
#define TASK_H

#include "dispositions.h"

#define STATES 8

struct state {
	struct altstack altstack; /* the application's; the kernel's is the slot */
	sigset mask; /* the application's, if SIGSYS is in it; else 0 */
};

struct task {
	struct dispositions *dispositions;
	/*
	 * What a frame of the kernel's cannot say of the moment of a signal, because the kernel does not know it. The last few of these have
	 * numbers, and the size of the stack that the kernel is given tells the number: it is in every frame.
	 */
	struct state now, states[STATES];
	uint32_t state; /* the number of the one that is in force */
	uint32_t changes, left_at[STATES]; /* the oldest is used again: how many changes there were, and when each was left last */
	_Bool is_strict; /* seccomp(2): SECCOMP_SET_MODE_STRICT */
	int32_t vfork_error; /* what a filter of the application's own answers to vfork, see sandbox.c; 0: it lets it be */
	_Bool blocks_sigsys; /* the application believes that SIGSYS is blocked; for the kernel it never is */
	struct pending pending; /* SIGSYS for this task alone, see pending.h */

	struct chunk *chunk; /* of the slot; NULL: the first, which is in the object and never free */
	uint64_t process; /* the same for all threads of a process; never used again in this memory. 0 is the first */
	struct task *leader; /* of the process, whose slot may be another's by now: ask only its vfork child */
	_Bool has_made_tasks; /* a leader: some task of its process has */
	int32_t pid; /* a leader: as its maker sees it; 0: not known */
	uint32_t numbers; /* a leader: the same for all that see the same tids, as far as is known (slot_numbers); 0: not looked at yet */
	uint32_t numbers_of_maker;

	/* how this task begins, read by itself */
	_Bool is_vfork_child;
	_Bool shares_files; /* CLONE_FILES, and not as a thread */
	_Bool wants_tracer, is_traced; /* see traced.c */
	_Bool clears_handlers; /* CLONE_CLEAR_SIGHAND */
	uintptr_t tells_tid_at; /* CLONE_CHILD_SETTID that the kernel was not given */

	/* while this task is a parent that waits, see killable.c */
	uint32_t *waits_for; /* the release word */
	uint32_t seen_changes;
	_Bool is_suspended; /* in reissue by the kernel */

	struct departure *departure; /* while a fault is armed: what it knew before the call */
	unsigned char depth; /* while a fault is armed: how many vfork children are between this task and the first */
	_Bool executes; /* while a fault is armed: it has called execve, which will not fail */
	uint32_t *stands_for; /* while a fault is armed: the release word that the end of this thread clears */
	uint64_t outside[14]; /* of a call that waits on a stack without room, see waits.c */
	uint32_t release_word; /* 0 once the kernel let go of the memory, see release.c */
#ifdef VFORK_SHIM_DEBUG
	struct {
		int32_t tid;
		_Bool is_trap;
		uint64_t memory;
		struct registers came_with;
	} debug; /* for invariants.c */
#endif
	void *exec_map; /* memory of an exec in progress that did not fit into the slot */
	size_t exec_map_size;
};

#define ASIDE_SIZE 0x3000 /* of a slot: above the stack and the task */

/* The task that a frame belongs to, or NULL: a thread that the shim has not seen being made. */
struct task *task_of(const struct frame *frame);
/* The first task of an image, and its slot's stack, which can be asked for without touching the slot. */
struct task *task_first(void);
struct altstack task_first_stack(void);
/*
 * A new task that has what clone(2) says it inherits from its maker, by the flags that the application asked for; NULL: no memory. A thread
 * whose making nobody saw has no maker: the first task stands for it.
 */
struct task *task_make(struct task *maker, uint64_t flags);
/* The end of a task that its maker has waited for; `pid` is that of a vfork child. */
void task_end(struct task *task, int32_t pid);
/* From now on, until NULL, this task is a parent that waits for this word. */
void task_waits(struct task *task, uint32_t *word);

/*
 * The slot's stack, as sigaltstack(2) wants it, with the number of the state in its size; `mask` is the one that the kernel will have, but while
 * the task waits with another one.
 */
struct altstack task_stack(struct task *task, sigset mask, _Bool waits);
/* The state when the kernel wrote a frame that says this stack; NULL: it is no slot's. */
const struct state *task_state_at(const struct task *task, const struct altstack *stack);
/* Above the slot's stack: where a frame can be left from that brings another stack, for on one that is in force the kernel changes none. */
uintptr_t task_aside(const struct task *task);
/* The lowest address of the slot's stack: so many bytes for the answer to a call. Above them a trampolined signal may be at work. */
#define TASK_ROOM 32768
uintptr_t task_room(const struct task *task);

#endif
