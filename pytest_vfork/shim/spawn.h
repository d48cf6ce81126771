/* SPDX-License-Identifier: MIT */
/* One creation of a task: as the program asked for it, and as the kernel gets it. */
#ifndef SPAWN_H
#define SPAWN_H

#include "frame.h"

struct spawn {
	const char *call; /* its name in the log */
	uint64_t asked; /* flags, the exit signal in the low byte */
	uint64_t flags; /* those that go to the kernel; for clone with the exit signal */
	uint64_t stack, stack_size; /* as asked */
	uintptr_t child_sp; /* 0: the parent's */
	uint64_t parent_tid, child_tid, tls;
	struct clone_args_known *args; /* clone3: a copy that may be changed; else NULL */
	size_t args_size;
};

/* Makes the kernel do it inside this handler, in a child that has a copy of the memory; returns what the kernel returns. */
long spawn_issue(const struct spawn *spawn);
/* The child begins at shim_child_entry with the frame that was made for it. */
long spawn_issue_at(const struct spawn *spawn, struct task *child, struct frame *child_frame);

/* share.c: a child that shares the memory; copy.c: one that has a copy. They return the result of the call. */
long spawn_sharing(struct frame *frame, struct task *task, struct spawn *spawn);
long spawn_copying(struct frame *frame, struct task *task, struct spawn *spawn);

#endif
