// SPDX-License-Identifier: MIT
/* execve and execveat: the next image gets the shim back, whatever environment the application passes. */
#include "answers.h"
#include "call.h"
#include "departure.h"
#include "environment.h"
#include "image.h"
#include "memory.h"
#include "outside.h"

#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD */
#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */

struct frame *answer_execve(struct frame *frame, struct task *task)
{
	long refused = image_check(CURRENT_DIRECTORY, frame->regs.rdi, 0);

	if (!refused && behaviour->departs)
		refused = depart_at_exec(frame, task, CURRENT_DIRECTORY, frame->regs.rdi, &frame->regs.rdx);
	if (refused) {
		frame->regs.rax = (uint64_t)refused;
		return frame;
	}
	/* outside the handler: mask and pending signals go to the next image (execve(2)), and must be the application's */
	go_outside(frame);
	frame->regs.rdx = environment_make(task, frame->regs.rdx);
	return frame;
}

struct frame *answer_execveat(struct frame *frame, struct task *task)
{
	const struct registers *regs = &frame->regs;
	long directory = (int)regs->rdi;
	uint64_t flags = regs->r8 & EMPTY_PATH;
	long refused;

	/* AT_EMPTY_PATH counts only for an empty path */
	if (flags && can_read(regs->rsi, 1) && *(const char *)regs->rsi)
		flags = 0;
	refused = image_check(directory, regs->rsi, flags);
	if (!refused && behaviour->departs)
		refused = behaviour->refuses_execveat ? -ENOSYS : depart_at_exec(frame, task, directory, regs->rsi, &frame->regs.r10);
	if (refused) {
		frame->regs.rax = (uint64_t)refused;
		return frame;
	}
	go_outside(frame);
	frame->regs.r10 = environment_make(task, frame->regs.r10);
	return frame;
}
