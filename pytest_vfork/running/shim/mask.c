// SPDX-License-Identifier: MIT
/* Signal masks: the kernel never has SIGSYS in one, the application believes that it has (hazard 1). */
#include "mask.h"

#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

sigset mask_seen(const struct frame *frame, const struct task *task)
{
	return (frame->mask & ~BIT(SIGSYS)) | (task->blocks_sigsys ? BIT(SIGSYS) : 0);
}

void mask_set(struct frame *frame, struct task *task, sigset mask)
{
	task->blocks_sigsys = !!(mask & BIT(SIGSYS));
	frame->mask = mask & ~(UNBLOCKABLE | BIT(SIGSYS));
}
