/* SPDX-License-Identifier: MIT */
#ifndef FILTER_H
#define FILTER_H

#include "kernel.h"

/*
 * Makes sure that a filter for this mode and fault is in force, and only one, however often execve came by; 0 or -errno. `is_there`: so said
 * the image before, which is believed if the filter cannot be asked.
 */
long filter_ensure(int mode, int fault, _Bool logs, _Bool is_there);
/*
 * Traps rt_sigaction(sig, NULL, old) for these signals from now on, for the kernel would tell the shim's address, or
 * a mask without SIGSYS; the set may be widened, and is returned. Not from the start: posix_spawn of glibc asks for every signal.
 */
sigset filter_queries(sigset signals);
/* All calls of this thread but read, write and exit are trapped from now on; 0 or -errno. */
long filter_strict(void);
/* The mode and the fault of the filter that is in force already, or 0. */
int filter_mode(void);
int filter_fault(void);

#endif
