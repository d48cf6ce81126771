/* SPDX-License-Identifier: MIT */
/*
 * What faults do. The faithful path calls these only while a fault is armed (behaviour->departs), so what is here needs no more care than
 * that its one deviation comes as named, each time, and no other with it. faults.def has the faults, behaviour.h the fields that they set.
 */
#ifndef DEPARTURE_H
#define DEPARTURE_H

#include "behaviour.h"
#include "frame.h"

#define TLS_KEPT 512
#define AREAS 64

struct spawn;

/* What a call found before it was made. Lies at the bottom of the parent's slot. */
struct departure {
	uint64_t itimer[4]; /* struct itimerval */
	int32_t death_signal;
	sigset pending;
	uintptr_t robust_list;
	long dumpable;
	uintptr_t program_break, thread_pointer;
	char tls[TLS_KEPT]; /* what was just below the thread pointer */
	int32_t pipe[2];
	uint64_t wanted_flags;
	unsigned int areas; /* how many of these are used */
	struct area {
		uintptr_t start, end;
	} area[AREAS];
	struct task *maker;
};

/* departure-call.c */
/* Changes what is asked for; -errno if there shall be no child. */
long depart_before_call(struct frame *frame, struct task *task, struct spawn *spawn);
/* Whether nobody shall be suspended by a call with these flags. */
_Bool depart_spares(uint64_t flags);
/* The end of a call, made or not: what depart_before_call took is given back. */
void depart_leave(struct task *task);
/* clone3: the size to believe, then what is left of arguments that should have been refused. */
uint64_t depart_size(uint64_t size);
void depart_arguments(struct clone_args_known *args);

/* departure-mask.c */
/* The mask of a parent that waits. */
sigset depart_mask(sigset own, sigset handled, sigset dumps_core, sigset stops);
/* departure-wait.c */
/* In place of suspend_until_released(). */
void depart_wait(struct frame *frame, struct task *task, struct spawn *spawn, sigset waiting);
/* Lets the parent of this vfork child go. */
void depart_release(struct task *task);
/* Every other thread of the process stops where it is until depart_go_on(); the signal that does it is taken by depart_stop(). */
void depart_stop_others(void);
_Bool depart_stop(const struct frame *frame);
void depart_go_on(void);
/* Whether the application's word of CLONE_CHILD_CLEARTID is cleared now; `as_linux` is the answer without a fault. */
_Bool depart_clears(const struct spawn *spawn, _Bool as_linux);

/* Does what the fault names; nothing without one. */
void depart_do(const struct deed *deed);

/* departure-memory.c */
/* The memory of the program becomes one that a copy shares, page by page, and its own again. */
void depart_lend_memory(struct departure *departure);
void depart_take_memory_back(struct departure *departure);
/* A page of the heap is empty. */
void depart_lose_heap(struct departure *departure);

/* departure-parent.c */
/* What the parent finds; the result of its call. */
long depart_after_call(struct frame *frame, struct task *task, struct spawn *spawn, long result);

/* departure-child.c */
/* The state that a child begins with, in its parent. */
void depart_child(struct frame *child_frame, struct task *child, const struct task *parent,
		  const struct spawn *spawn);
/* What it does first, in the child. */
void depart_child_starts(struct frame *frame, struct task *task, const struct departure *departure);

/* What is ignored gets its default action. */
void depart_reset_ignored(void);

/* departure-exec.c */
/* A vfork child is about to execute a program; -errno if it shall fail. */
long depart_at_exec(struct frame *frame, struct task *task, long directory, uintptr_t path, uint64_t *env);

#endif
