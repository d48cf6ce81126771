// SPDX-License-Identifier: MIT
#include "outside.h"

#include "gate.h"

_Bool is_outside(const struct frame *frame)
{
	uintptr_t rip = frame->regs.rip;

	return rip == shim_gate.outside || rip == shim_gate.outside + SYSCALL_SIZE;
}

const struct outside *outside_of(const struct frame *frame)
{
	const struct outside *outside = (const struct outside *)frame->regs.rsp;

	return is_outside(frame) && outside->has_mask ? outside : NULL;
}

static void keep(const struct outside *outside, uint64_t *kept, uint64_t now)
{
	if (now != (uint64_t)(uintptr_t)&outside->mask && now != (uint64_t)(uintptr_t)outside->argument)
		*kept = now;
}

void outside_keep(const struct frame *frame)
{
	const struct registers *regs = &frame->regs;
	struct outside *outside = (struct outside *)regs->rsp;

	keep(outside, &outside->rdi, regs->rdi);
	keep(outside, &outside->rsi, regs->rsi);
	keep(outside, &outside->rdx, regs->rdx);
	keep(outside, &outside->r10, regs->r10);
	keep(outside, &outside->r8, regs->r8);
	keep(outside, &outside->r9, regs->r9);
}
