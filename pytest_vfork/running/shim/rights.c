// SPDX-License-Identifier: MIT
/*
 * Calls after which this process may do less than before, or sees other files. The shim makes ready for that while it still can: a filter
 * that it may want later it could not install then (filter_queries), and the file that it lies in may be out of reach for the next image.
 */
#include "answers.h"
#include "behaviour.h"
#include "call.h"
#include "config.h"
#include "filter.h"

struct frame *answer_rights(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;

	if (behaviour->departs && behaviour->ignores_call == (long)regs->rax)
		return answer_ignored(frame, task);
	filter_queries(~0ull);
	config.rights_change = 1;
	regs->rax = (uint64_t)call6((long)regs->rax, regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9);
	return frame;
}
