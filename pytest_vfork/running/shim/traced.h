/* SPDX-License-Identifier: MIT */
#ifndef TRACED_H
#define TRACED_H

#include "task.h"

/* A task is about to execute: if it wants to be traced by its parent, now is the time. */
void traced_before_exec(struct task *task, long directory, uintptr_t path, uint64_t flags);
/* In its suspended parent, now and then: a child that has stopped for the signal of a trap goes on. */
void traced_go_on(int32_t child);

#endif
