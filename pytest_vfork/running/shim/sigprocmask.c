// SPDX-License-Identifier: MIT
#include "answers.h"
#include "deliver.h"
#include "mask.h"
#include "memory.h"
#include "pending.h"

#define BYTE_OF_SIGSYS ((SIGSYS - 1) / 8)

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
	uintptr_t set = frame->regs.rsi, old = frame->regs.rdx, sp = frame->regs.rsp;
	sigset before = mask_seen(frame, task);
	long result = 0;

	if (frame->regs.r10 != SIGSET_SIZE)
		result = -EINVAL;
	else if (set)
		result = is_at_stack(sp, set, 8) || can_read8(set) ? change(frame, task, *(sigset *)set) : -EFAULT;
	if (!result && old) {
		if (is_at_stack(sp, old, 8) || can_overwrite8(old))
			*(sigset *)old = before;
		else
			result = -EFAULT;
	}
	frame->regs.rax = (uint64_t)result;
	return deliver_pending_sigsys(frame, task);
}

/* rt_sigpending(set, size): a SIGSYS that the shim keeps is pending */
struct frame *answer_sigpending(struct frame *frame, struct task *task)
{
	long result = CALL(__NR_rt_sigpending, frame->regs.rdi, frame->regs.rsi);

	/* the kernel writes as many bytes as it is asked for */
	if (!result && frame->regs.rsi > BYTE_OF_SIGSYS && pending_has(task))
		((uint8_t *)frame->regs.rdi)[BYTE_OF_SIGSYS] |= (uint8_t)(BIT(SIGSYS) >> 8 * BYTE_OF_SIGSYS);
	frame->regs.rax = (uint64_t)result;
	return frame;
}
