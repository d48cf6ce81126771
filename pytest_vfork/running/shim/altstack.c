// SPDX-License-Identifier: MIT
/* sigaltstack(2): the kernel's alternate stack is the task's slot, the application's is written down (hazard 7). */
#include "altstack.h"

#include "answers.h"
#include "memory.h"

#define MINIMUM 2048 /* MINSIGSTKSZ */
#define MODES (SS_DISABLE_FLAG | SS_ONSTACK_FLAG)

_Bool altstack_holds(const struct altstack *stack, uintptr_t sp)
{
	/* the kernel: with SS_AUTODISARM nobody is ever "on" the stack */
	if ((uint32_t)stack->flags & SS_AUTODISARM_FLAG)
		return 0;
	return sp > stack->sp && sp - stack->sp <= stack->size;
}

struct altstack altstack_seen(const struct task *task, uintptr_t sp)
{
	struct altstack seen = task->now.altstack;

	seen.flags &= (int32_t)SS_AUTODISARM_FLAG;
	if (!seen.size)
		seen.flags |= SS_DISABLE_FLAG;
	else if (altstack_holds(&seen, sp))
		seen.flags |= SS_ONSTACK_FLAG;
	return seen;
}

long altstack_set(struct task *task, const struct altstack *stack, uintptr_t sp)
{
	uint32_t mode = (uint32_t)stack->flags & ~SS_AUTODISARM_FLAG;
	struct altstack next = *stack, *now = &task->now.altstack;

	if (altstack_holds(now, sp))
		return -EPERM;
	if (mode & ~MODES || mode == MODES)
		return -EINVAL;
	/* do_sigaltstack of the kernel: what asks for no change is not looked at, so that a stack never set can be gone back to */
	if (next.sp == now->sp && next.size == now->size && next.flags == now->flags)
		return 0;
	if (mode == SS_DISABLE_FLAG) {
		next.sp = 0;
		next.size = 0;
	} else if (next.size < MINIMUM) {
		return -ENOMEM;
	}
	*now = next; /* SS_DISABLE, too: a frame that says it is one to go back to, unlike that of a stack never set */
	return 0;
}

struct frame *answer_sigaltstack(struct frame *frame, struct task *task)
{
	uintptr_t next = frame->regs.rdi, old = frame->regs.rsi, sp = frame->regs.rsp;
	struct altstack before = altstack_seen(task, sp);
	long result = 0;

	if (next) {
		struct altstack wanted;

		result = can_read(next, sizeof(wanted)) ? 0 : -EFAULT;
		if (!result) {
			wanted = *(const struct altstack *)next;
			result = altstack_set(task, &wanted, sp);
		}
	}
	if (!result && old) {
		if (can_overwrite8(old) && can_overwrite8(old + 16))
			*(struct altstack *)old = before;
		else
			result = -EFAULT;
	}
	frame->regs.rax = (uint64_t)result;
	return frame;
}
