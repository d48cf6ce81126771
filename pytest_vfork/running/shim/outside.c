// SPDX-License-Identifier: MIT
/*
 * Calls that block, or that take the state of the task with them, must not run inside a handler on a slot: an
 * application's handler would interrupt them there, and execve would pass on the handler's mask. They run from a
 * place of our own just after rt_sigreturn.
 */
#include "outside.h"

#include "answers.h"
#include "memory.h"

#define RED_ZONE 128 /* psABI: below %rsp, a leaf function's own */

struct outside *go_outside(struct frame *frame)
{
	struct registers *regs = &frame->regs;
	/*
	 * on the application's stack, where the kernel, too, would put a signal frame: it nests as the application
	 * does
	 */
	struct outside *outside = (struct outside *)((regs->rsp - RED_ZONE - sizeof(*outside)) & ~15ul);

	outside->rip = regs->rip;
	outside->rdi = regs->rdi;
	outside->rsi = regs->rsi;
	outside->rdx = regs->rdx;
	outside->r10 = regs->r10;
	outside->r8 = regs->r8;
	outside->r9 = regs->r9;
	outside->rsp = regs->rsp;
	regs->rsp = ARG(outside);
	regs->rip = ARG(shim_outside);
	regs->r9 = COOKIE;
	return outside;
}

/* The mask at an argument without SIGSYS; what cannot be read stays, for the kernel to answer. */
static uint64_t without_sigsys(struct outside *outside, uint64_t mask)
{
	if (!mask || !can_read8(mask))
		return mask;
	outside->mask = *(const sigset *)mask & ~BIT(SIGSYS);
	return ARG(&outside->mask);
}

static uint64_t with_cookie(uint64_t int_argument)
{
	return (uint32_t)int_argument | (uint64_t)COOKIE_HIGH << 32;
}

struct frame *answer_sigsuspend(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	(void)task;
	frame->regs.rdi = without_sigsys(outside, frame->regs.rdi);
	return frame;
}

struct frame *answer_ppoll(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	(void)task;
	frame->regs.r10 = without_sigsys(outside, frame->regs.r10);
	return frame;
}

struct frame *answer_epoll_pwait(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	(void)task;
	frame->regs.r8 = without_sigsys(outside, frame->regs.r8);
	frame->regs.r9 = outside->r9;
	frame->regs.rdi = with_cookie(frame->regs.rdi);
	return frame;
}

/* the sixth argument points to a pointer to the mask and its size */
struct frame *answer_pselect(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);
	const uint64_t *pair = (const uint64_t *)outside->r9;

	(void)task;
	frame->regs.r9 = outside->r9;
	frame->regs.rdi = with_cookie(frame->regs.rdi);
	if (can_read(outside->r9, 16)) {
		outside->pair[0] = without_sigsys(outside, pair[0]);
		outside->pair[1] = pair[1];
		frame->regs.r9 = ARG(outside->pair);
	}
	return frame;
}
