// SPDX-License-Identifier: MIT
/*
 * Calls that wait with a mask of their own. They must not run inside a handler on a slot, for an application's handler would interrupt them
 * there. They are made by the gate just after rt_sigreturn: with the mask, the stack and the pending signals of the application, restartable,
 * interruptible by its handlers. A handler that interrupts one finds in the registers what the application put there, but for pointers to the
 * arguments that had to be changed.
 */
#include "outside.h"

#include <linux/io_uring.h>

#include "answers.h"
#include "deliver.h"
#include "memory.h"
#include "pending.h"
#include "text.h"

#define SECOND_NS 1000000000
#define RED_ZONE 128 /* psABI: below %rsp, a leaf function's own */

_Static_assert(offsetof(struct outside, rsp) == 56, "the gate knows the offsets");

/*
 * On the application's stack, where the kernel, too, would put a signal frame: it nests as the application does. If nothing can be written
 * there, no handler can interrupt either, but one that has another stack.
 */
static struct outside *place_outside(const struct frame *frame)
{
	uintptr_t place = (frame->regs.rsp - RED_ZONE - sizeof(struct outside)) & ~15ul;
	struct task *task;

	if (is_at_stack(frame->regs.rsp, place, sizeof(struct outside)) || can_overwrite(place, sizeof(struct outside)))
		return (struct outside *)place;
	task = task_of(frame);
	_Static_assert(sizeof(task->outside) >= sizeof(struct outside), "there is room for it");
	return (struct outside *)task->outside;
}

static struct outside *go_outside(struct frame *frame)
{
	struct registers *regs = &frame->regs;
	struct outside *outside = place_outside(frame);

	outside->rip = regs->rip;
	outside->rdi = regs->rdi;
	outside->rsi = regs->rsi;
	outside->rdx = regs->rdx;
	outside->r10 = regs->r10;
	outside->r8 = regs->r8;
	outside->r9 = regs->r9;
	outside->rsp = regs->rsp;
	outside->has_mask = 0;
	regs->rsp = ARG(outside);
	regs->rip = shim_gate.outside;
	return outside;
}

/* The mask at an argument without SIGSYS; what cannot be read stays, for the kernel to answer. */
static uint64_t without_sigsys(struct outside *outside, uint64_t mask)
{
	if (!mask || !can_read8(mask))
		return mask;
	outside->asked = *(const sigset *)mask;
	outside->mask = outside->asked & ~BIT(SIGSYS);
	outside->has_mask = 1;
	return ARG(&outside->mask);
}

/* A SIGSYS that the shim keeps is one that is pending: the kernel would not begin to wait. */
static struct frame *wait_outside(struct frame *frame, struct task *task, const struct outside *outside)
{
	if (!outside->has_mask || outside->asked & BIT(SIGSYS) || !pending_has(task))
		return frame;
	frame->regs.rip += SYSCALL_SIZE;
	frame->regs.rax = (uint64_t)-EINTR;
	return deliver_pending_sigsys(frame, task);
}

struct frame *answer_sigsuspend(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	frame->regs.rdi = without_sigsys(outside, frame->regs.rdi);
	return wait_outside(frame, task, outside);
}

struct frame *answer_ppoll(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	frame->regs.r10 = without_sigsys(outside, frame->regs.r10);
	return wait_outside(frame, task, outside);
}

struct frame *answer_epoll_pwait(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	frame->regs.r8 = without_sigsys(outside, frame->regs.r8);
	return wait_outside(frame, task, outside);
}

/* The argument points to a pointer to the mask, and more: the kernel gets a copy of that. */
static uint64_t with_other_mask(struct outside *outside, uint64_t argument, size_t size)
{
	if (!can_read(argument, size))
		return argument;
	memcpy(outside->argument, (const void *)argument, size);
	outside->argument[0] = without_sigsys(outside, outside->argument[0]);
	return ARG(outside->argument);
}

/* pselect6 and io_pgetevents: the sixth argument points to a pointer to the mask and its size */
struct frame *answer_pselect(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);

	frame->regs.r9 = with_other_mask(outside, frame->regs.r9, 16);
	return wait_outside(frame, task, outside);
}

#ifndef IORING_ENTER_EXT_ARG_REG
#define IORING_ENTER_EXT_ARG_REG (1u << 6)
#endif

/* io_uring_enter(fd, submit, complete, flags, argument, size): a mask, or struct io_uring_getevents_arg, which begins with a pointer to one */
struct frame *answer_io_uring_enter(struct frame *frame, struct task *task)
{
	struct outside *outside = go_outside(frame);
	struct registers *regs = &frame->regs;

	if (regs->r10 & IORING_ENTER_EXT_ARG_REG)
		return frame; /* an offset into memory that the ring knows */
	if (!(regs->r10 & IORING_ENTER_EXT_ARG))
		regs->r8 = without_sigsys(outside, regs->r8);
	else if (regs->r9 == sizeof(outside->argument))
		regs->r8 = with_other_mask(outside, regs->r8, sizeof(outside->argument));
	return wait_outside(frame, task, outside);
}

/* With a bad timeout the kernel takes nothing, and says why. */
static _Bool is_valid_timeout(uint64_t at)
{
	const struct timespec64 *timeout = (const struct timespec64 *)at;

	return !at || (can_read(at, sizeof(*timeout)) && timeout->s >= 0 && timeout->ns >= 0 && timeout->ns < SECOND_NS);
}

/*
 * rt_sigtimedwait(set, info, timeout, size): what the shim keeps is taken here. A SIGSYS that comes while it waits the kernel hands out by
 * itself, for what is waited for is not delivered.
 */
struct frame *answer_sigtimedwait(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	struct info info;
	_Bool wants = regs->r10 == SIGSET_SIZE && can_read8(regs->rdi) && regs->rdi && *(const sigset *)regs->rdi & BIT(SIGSYS);

	if (!wants || !pending_has(task) || !is_valid_timeout(regs->rdx) || !pending_take(task, &info)) {
		go_outside(frame);
		return frame;
	}
	regs->rax = SIGSYS;
	if (regs->rsi && !can_overwrite(regs->rsi, sizeof(info)))
		regs->rax = (uint64_t)-EFAULT;
	else if (regs->rsi)
		*(struct info *)regs->rsi = info;
	return frame;
}
