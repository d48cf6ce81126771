/* SPDX-License-Identifier: MIT */
/*
 * What is trapped and who answers. One row per system call serves both the filter and the handler.
 *
 * The one circle among the sources goes through here, and must: the kernel enters at entry.S, which calls trap.c, whose rows name the
 * answers; an answer that makes a child starts it at entry.S again, and one that installs a filter (action.c, rights.c, sandbox.c) makes that
 * of the rows.
 */
#ifndef TRAP_H
#define TRAP_H

#include "frame.h"

/* A SIGSYS of our filter, told from one of the application's own filter by si_errno (SECCOMP_RET_DATA). */
#define TRAP_MARK 0x7666
#define SYS_SECCOMP 1 /* si_code, asm-generic/siginfo.h */
#define SYS_USER_DISPATCH 2

/* Answers a call by changing the frame; returns the frame to leave by. */
typedef struct frame *trap_function(struct frame *frame, struct task *task);

enum trap_when {
	TRAP_ALWAYS,
	TRAP_IF_FLAGS, /* the low half of the argument has one of these bits */
	TRAP_IF_SET, /* the argument is not NULL */
	TRAP_IF_ZERO,
	TRAP_IF_OPTION, /* prctl: the filter looks for these itself */
	TRAP_IF_SET_OR_SIGSYS, /* argument 1 is not NULL, or argument 0 is SIGSYS */
};

struct trap {
	uint16_t call;
	uint8_t when; /* enum trap_when */
	uint8_t argument;
	uint32_t flags;
	_Bool for_log; /* only while there is a log */
	_Bool for_fault; /* only while a fault is armed */
	trap_function *function;
};

extern const struct trap traps[];
extern const unsigned int trap_count;

#endif
