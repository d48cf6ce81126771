// SPDX-License-Identifier: MIT
/* execve and execveat: the next image gets the shim back, whatever environment the application passes. */
#include "action.h"
#include "answers.h"
#include "call.h"
#include "carry.h"
#include "config.h"
#include "departure.h"
#include "environment.h"
#include "image.h"
#include "memory.h"
#include "traced.h"

#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD */
#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */

/*
 * The call is made inside the handler: it needs nothing of the application's stack, and no other execve of this task can come between. The
 * next image gets the mask of the application, but a handler of the application's must not run here: what is handled stays blocked, and the
 * image's constructor, told by VFORK_SHIM, opens it again. A signal that comes meanwhile is one that came while the kernel was at it.
 */
static long execute(struct frame *frame, struct task *task, uint64_t *env, _Bool gets_shim, const char *shim)
{
	const struct registers *regs = &frame->regs;
	sigset closed = gets_shim ? dispositions_handled(task->dispositions) & ~frame->mask : 0, mask = frame->mask | closed;

	*env = environment_make(task, *env, closed, shim);
	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGSET_SIZE);
	return CALL((uint32_t)regs->rax, regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8);
}

static struct frame *answer(struct frame *frame, struct task *task, long directory, uintptr_t path, uint64_t flags, uint64_t *env)
{
	uint64_t before = *env;
	long file = -1, result = image_check(directory, path, flags);
	_Bool gets_shim = result == 0;
	char name[CARRIED_ROOM];

	if (result >= 0 && behaviour->departs)
		result = depart_at_exec(frame, task, directory, path, env);
	if (result >= 0 && gets_shim && (config.rights_change || !image_finds_shim())) {
		file = carry_make(name);
		if (is_error(file) && !image_finds_shim())
			result = image_refuse(directory, path);
	}
	if (result >= 0) {
		traced_before_exec(task, directory, path, flags);
		result = execute(frame, task, env, gets_shim, is_error(file) ? config.path : name);
	}
	if (!is_error(file))
		CALL(__NR_close, file);
	*env = before;
	frame->regs.rax = (uint64_t)result;
	return frame;
}

struct frame *answer_execve(struct frame *frame, struct task *task)
{
	return answer(frame, task, CURRENT_DIRECTORY, frame->regs.rdi, 0, &frame->regs.rdx);
}

struct frame *answer_execveat(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	uint64_t flags = regs->r8 & EMPTY_PATH;

	if (behaviour->refuses_execveat) {
		regs->rax = (uint64_t)-ENOSYS;
		return frame;
	}
	/* AT_EMPTY_PATH counts only for an empty path */
	if (flags && can_read(regs->rsi, 1) && *(const char *)regs->rsi)
		flags = 0;
	return answer(frame, task, (int)regs->rdi, regs->rsi, flags, &regs->r10);
}
