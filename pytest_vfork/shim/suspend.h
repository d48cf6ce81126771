/* SPDX-License-Identifier: MIT */
/*
 * The one place that holds a parent: here a simulator puts its own scheduler.
 *
 * Called by spawn.c, in the parent, on the parent's slot (60 KiB of stack, less what the handler has used), in mode
 * emulate, after the child was made. The child runs meanwhile, in the same memory. Allowed inside: system calls
 * through CALL(), the parent's own slot. Not allowed: libc, thread-local storage, a lock that the child or another
 * thread could hold, a new descriptor (the application would see it). Signals: handled and core-dumping ones are
 * blocked, a fatal one may end the process at any instruction (TASK_KILLABLE).
 */
#ifndef SUSPEND_H
#define SUSPEND_H

#include "frame.h"

struct release {
	uint32_t *word; /* the kernel changes it, and wakes who waits for it, when the child execs, exits or dies */
	_Bool by_owner_death; /* released is FUTEX_OWNER_DIED; else 0 */
	int32_t child; /* its pid */
};

/* Returns when the child has let go of its parent's memory (the kernel: mm_release), or of its own copy. */
void suspend_until_released(const struct release *release);

/* The mask of a parent that waits: see suspend.c. */
sigset suspension_mask(const struct frame *frame, const struct task *task);

#endif
