/* SPDX-License-Identifier: MIT */
/*
 * One call site of libc's goes around the trap: the rt_sigaction of sigaction(3). posix_spawn of glibc before 2.38 calls it
 * for every signal in each child, and each trap costs ten times the call itself.
 */
#ifndef SHORTCUT_H
#define SHORTCUT_H

#include "kernel.h"

/*
 * Signals about which the shim has something to remember, or has had, for some task in this memory: a handler, SIGSYS in sa_mask. The kernel
 * alone does not know all there is to know of these, so they are trapped. Bits are only ever added.
 */
extern sigset shortcut_closed;
#define SHORTCUT_CLOSED (BIT(SIGSYS) | BIT(SIGKILL) | BIT(SIGSTOP)) /* at first */

/* To be called before the kernel, or a table of the shim's, learns of such an action. */
static inline void shortcut_close(sigset signals)
{
	if (~shortcut_closed & signals)
		__atomic_fetch_or(&shortcut_closed, signals, __ATOMIC_SEQ_CST);
}

/* This memory has, or may have, a second task that runs: its code is not changed any more. */
void shortcut_forbid(void);
/* A call that need not have been trapped came from the `syscall` instruction before this address. */
void shortcut_offer(uintptr_t after);

#endif
