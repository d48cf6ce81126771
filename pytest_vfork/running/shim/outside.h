/* SPDX-License-Identifier: MIT */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "frame.h"

/* What the gate brings back after a call that it makes outside; lies at %rsp, below the red zone of the application's stack. gate.S knows the offsets. */
struct outside {
	uint64_t rip, rdi, rsi, rdx, r10, r8, r9, rsp;
	sigset asked; /* the mask for the time of the wait, as the application said it */
	sigset mask; /* the same as the kernel gets it, without SIGSYS */
	uint64_t argument[3]; /* room for what points to the mask: of pselect6, io_uring_enter */
	uint64_t has_mask;
};

#define SYSCALL_SIZE 2

/* Whether a frame was interrupted in a call that is made outside. */
_Bool is_outside(const struct frame *frame);

/* Of a frame that was interrupted in such a call that has a mask: what the gate will bring back; else NULL. */
const struct outside *outside_of(const struct frame *frame);
/* What a handler has changed in such a frame: the gate brings that back. Not what points to our mask. */
void outside_keep(const struct frame *frame);

#endif
