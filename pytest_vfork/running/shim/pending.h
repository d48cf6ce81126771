/* SPDX-License-Identifier: MIT */
/* A SIGSYS that somebody has sent and that the application believes to be blocked: the kernel has delivered it, and the shim keeps it. */
#ifndef PENDING_H
#define PENDING_H

#include "task.h"

/* For the task if it was sent to that alone (tkill), else for its process. As in the kernel, the first of two counts. */
void pending_keep(struct task *task, const struct info *info);
_Bool pending_has(const struct task *task);
/* Whether there was one. */
_Bool pending_take(struct task *task, struct info *info);
void pending_drop(struct task *task);

#endif
