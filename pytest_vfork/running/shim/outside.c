// SPDX-License-Identifier: MIT
#include "outside.h"

#include "gate.h"

const struct outside *outside_of(const struct frame *frame)
{
	const struct outside *outside = (const struct outside *)frame->regs.rsp;
	uintptr_t rip = frame->regs.rip;

	if (rip != shim_gate.outside && rip != shim_gate.outside + SYSCALL_SIZE)
		return NULL;
	return outside->has_mask ? outside : NULL;
}
