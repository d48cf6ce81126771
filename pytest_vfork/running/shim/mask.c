// SPDX-License-Identifier: MIT
/* Signal masks: the kernel never has SIGSYS in one, the application believes that it has (hazard 1). */
#include "mask.h"

#include "answers.h"
#include "deliver.h"
#include "memory.h"

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

static long change(struct frame *frame, struct task *task, sigset set)
{
	sigset old = mask_seen(frame, task);

	switch ((int)frame->regs.rdi) {
	case SIG_BLOCK:
		mask_set(frame, task, old | set);
		return 0;
	case SIG_UNBLOCK:
		mask_set(frame, task, old & ~set);
		return 0;
	case SIG_SETMASK:
		mask_set(frame, task, set);
		return 0;
	}
	return -EINVAL;
}

/* rt_sigprocmask(how, set, old, size): errors in the kernel's order */
struct frame *answer_sigprocmask(struct frame *frame, struct task *task)
{
	uintptr_t set = frame->regs.rsi, old = frame->regs.rdx;
	sigset before = mask_seen(frame, task);
	long result = 0;

	if (frame->regs.r10 != SIGSET_SIZE)
		result = -EINVAL;
	else if (set)
		result = can_read8(set) ? change(frame, task, *(sigset *)set) : -EFAULT;
	if (!result && old) {
		if (can_overwrite8(old))
			*(sigset *)old = before;
		else
			result = -EFAULT;
	}
	frame->regs.rax = (uint64_t)result;
	return deliver_pending_sigsys(frame, task);
}
