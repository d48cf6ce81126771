/* SPDX-License-Identifier: MIT */
#ifndef ALTSTACK_H
#define ALTSTACK_H

#include "frame.h"

/* Whether a stack pointer is on an alternate stack. */
_Bool altstack_holds(const struct altstack *stack, uintptr_t sp);
/* What sigaltstack(2) reports to the application. */
struct altstack altstack_seen(const struct task *task, uintptr_t sp);
/* What sigaltstack(2) does for it; 0 or -errno. */
long altstack_set(struct task *task, const struct altstack *stack, uintptr_t sp);

#endif
