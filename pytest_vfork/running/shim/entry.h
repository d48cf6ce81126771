/* SPDX-License-Identifier: MIT */
/* Where the kernel enters the shim and where the shim leaves: the few pieces that cannot be C. */
#ifndef ENTRY_H
#define ENTRY_H

#include "frame.h"

/*
 * the handler of SIGSYS, and of the application's SA_ONSTACK handlers; runs on the task's slot with every signal
 * blocked
 */
void shim_entry(void);
/* SA_RESTORER of shim_entry; never reached, since shim_entry leaves by itself */
void shim_restorer(void);
/* where a handler of the application's returns to that deliver.c has entered */
void shim_handler_returns(void);
/* a child that shares memory starts here, its frame 8 bytes above its %rsp */
void shim_child_entry(void);

/* What shim_outside brings back after its call; lies at %rsp, below the red zone of the application's stack. */
struct outside {
	uint64_t rip, rdi, rsi, rdx, r10, r8, r9, rsp;
	sigset mask; /* room for a mask that the call points to */
	uint64_t pair[2]; /* room for the sixth argument of pselect6 */
};

/* a `syscall` that runs when the handler has been left; see outside.c */
void shim_outside(void);

/* Implemented in C, called from entry.c: */

/* The frame to work on: this one, or its copy in a slot if the task had none. */
struct frame *shim_arrive(struct frame *frame);
/* Does all there is to do; returns the frame to leave by. */
struct frame *shim_handle(struct frame *frame);
/* What a child does before it leaves by its frame. */
void shim_child_starts(struct frame *frame);

#endif
