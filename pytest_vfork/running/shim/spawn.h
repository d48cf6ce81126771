/* SPDX-License-Identifier: MIT */
/* One creation of a task: as the program asked for it, and as the kernel gets it. */
#ifndef SPAWN_H
#define SPAWN_H

#include "behaviour.h"
#include "departure.h"
#include "frame.h"
#include "suspend.h"

struct spawn {
	const char *call; /* its name in the log */
	uint64_t asked; /* flags, the exit signal in the low byte */
	uint64_t flags; /* those that go to the kernel; for clone with the exit signal */
	uint64_t stack, stack_size; /* as asked */
	uintptr_t child_sp; /* 0: the parent's */
	uint64_t parent_tid, child_tid, tls;
	struct clone_args_known *args; /* clone3: a copy that may be changed; else NULL */
	size_t args_size;

	enum suspender suspender;
	struct task *child; /* share.c: the child's slot */
	uint64_t app_child_tid; /* what the application wanted to be cleared */
	struct held *held; /* copy.c: what the child holds until it lets go */
	struct release release; /* for suspend_until_released() */
	struct departure *departure; /* while a fault is armed */
};

/* Makes the kernel do it inside this handler, for a child that has a copy of the memory; the kernel's result. */
long spawn_issue(const struct spawn *spawn);
/* The child begins at shim_child_entry with the frame that was made for it. */
long spawn_issue_at(const struct spawn *spawn, struct frame *child_frame);

/*
 * share.c: a child that shares the memory; copy.c: one that has a copy. `begin` returns the result of the call;
 * `end` comes after the suspension, if there is one, or after an error.
 */
long share_begin(struct frame *frame, struct task *task, struct spawn *spawn);
void share_end(struct task *task, struct spawn *spawn, long result);
long copy_begin(struct frame *frame, struct task *task, struct spawn *spawn);
void copy_end(struct spawn *spawn);

#endif
