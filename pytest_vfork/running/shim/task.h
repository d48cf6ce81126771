/* SPDX-License-Identifier: MIT */
/*
 * What the shim knows of a task (a thread or a vfork child). It lives at the bottom of the task's own slot; the rest
 * of the slot is the alternate stack that all of the shim's handlers run on. A handler finds its task by uc_stack of
 * its frame: thread-local storage is shared with vfork children, an address of the stack in force is not (hazard 13).
 *
 * No locks: they would be shared with vfork children and with tasks that SIGKILL may end at any instruction (hazard
 * 14).
 */
#ifndef TASK_H
#define TASK_H

#include "kernel.h"

#define SLOT_SIZE 0x10000

/* Dispositions as the application believes them: shared by threads (CLONE_SIGHAND), copied for a vfork child. */
struct dispositions {
	sigset handled; /* a handler is installed */
	sigset one_shot; /* with SA_RESETHAND: ask the kernel before believing `handled` */
	sigset mask_has_sigsys; /* SIGSYS was in sa_mask: kept from the kernel, shown to the application */
	uint32_t changes; /* of `handled`: a parent that waits blocks what has a handler, see killable.c */
	sigset queries; /* rt_sigaction without a new action is trapped for these: filter_queries() */
	/* of SA_ONSTACK handlers, which the kernel enters through the shim, and of SIGSYS */
	struct action actions[SIGNALS + 1];
};

struct task {
	struct dispositions *dispositions;
	struct altstack altstack; /* the application's; the kernel's is the slot */
	_Bool blocks_sigsys; /* the application believes that SIGSYS is blocked; for the kernel it never is */
	_Bool has_pending_sigsys;
	struct info pending_sigsys;

	/* how this task begins, read by itself */
	_Bool is_vfork_child;
	_Bool clears_handlers; /* CLONE_CLEAR_SIGHAND */
	uintptr_t tells_tid_at; /* CLONE_CHILD_SETTID that the kernel was not given */

	/* while this task is a parent that waits, see killable.c */
	uint32_t *waits_for; /* the release word */
	uint32_t seen_changes;

	struct departure *departure; /* while a fault is armed: what it knew before the call */
	unsigned char depth; /* while a fault is armed: how many vfork children are between this task and the first */
	_Bool executes; /* while a fault is armed: it has called execve, which will not fail */
	uint32_t *stands_for; /* while a fault is armed: the release word that the end of this thread clears */
	uint32_t release_word; /* 0 once the kernel let go of the memory, see release.c */
	void *exec_map; /* memory of an exec in progress that did not fit into the slot */
	size_t exec_map_size;

	struct dispositions own; /* unless it shares somebody else's */
};

#define TASK_ROOM ((sizeof(struct task) + 63) & ~63ul)

/* The task that a frame belongs to, or NULL: a thread that the shim has not seen being made. */
struct task *task_of(const struct frame *frame);
/* The first task of an image, and its slot's stack, which can be asked for without touching the slot. */
struct task *task_first(void);
struct altstack task_first_stack(void);
/* A new task with nothing but a slot, or NULL: no memory. */
struct task *task_claim(void);
/* Takes over what clone(2) says: `flags` are those that the application asked for. */
void task_inherit(struct task *child, const struct task *parent, uint64_t flags);
/* From now on, until NULL, this task is a parent that waits for this word. */
void task_waits(struct task *task, uint32_t *word);
/* Whether any task of this memory does. */
_Bool task_any_waits(void);
/* The next of all slots that have ever been used, free or not; the first is task_first(). NULL: no more. */
struct task *task_after(const struct task *task);
/* The slot is free again when the tid is gone. */
void task_is_thread(struct task *task, int tid);
void task_free(struct task *task);
/* Whether anything between these addresses is memory of task.c. */
_Bool task_lives_in(uintptr_t start, uintptr_t end);
/* The slot's stack, as sigaltstack(2) wants it. */
struct altstack task_stack(const struct task *task);

#endif
