// SPDX-License-Identifier: MIT
/* execve and execveat: the next image gets the shim back, whatever environment the application passes. */
#include <linux/sched.h>

#include "action.h"
#include "answers.h"
#include "call.h"
#include "carry.h"
#include "config.h"
#include "departure.h"
#include "environment.h"
#include "image.h"
#include "memory.h"
#include "static.h"
#include "traced.h"

#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD */
#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */
#define NO_FOLLOW 0x100 /* AT_SYMLINK_NOFOLLOW */

static uintptr_t argv_of(const struct registers *regs)
{
	return (uint32_t)regs->rax == __NR_execve ? regs->rsi : regs->rdx;
}

/*
 * `ld.so PROGRAM ARGUMENT...`: a static program glibc's would execute itself, but before any constructor, so before there is a handler. So that
 * program is what is executed. With options before it, it is not looked for.
 */
static long check_argument(struct image *image, uintptr_t argv)
{
	struct image program = { .directory = CURRENT_DIRECTORY, .skipped = 1 };
	long kind = IMAGE_DYNAMIC;

	if (!can_read(argv, 2 * sizeof(char *)) || !*(char *const *)argv || !can_read(((const uintptr_t *)argv)[1], 1))
		return IMAGE_DYNAMIC;
	program.path = ((const uintptr_t *)argv)[1];
	/* any other it loads itself, whatever rights or interpreter that has */
	if (*(const char *)program.path != '-' && image_is_static(program.path))
		kind = image_check(&program);
	if (kind == IMAGE_STATIC)
		*image = program;
	return kind;
}

/*
 * The call is made inside the handler: it needs nothing of the application's stack, and no other execve of this task can come between. The
 * next image gets the mask of the application, but a handler of the application's must not run here: what is handled stays blocked, and the
 * image's constructor, told by VFORK_SHIM, opens it again. A signal that comes meanwhile is one that came while the kernel was at it.
 */
static long execute(struct frame *frame, struct task *task, struct image *image, long kind, uint64_t *env, const char *shim)
{
	const struct registers *regs = &frame->regs;
	struct handover handover = { .shim = shim, .is_of_glibc = image->is_of_glibc };

	if (image->is_loader && image->is_of_glibc)
		handover.loader_argv = argv_of(regs);
	handover.closed = kind == IMAGE_WITHOUT_SHIM ? 0 : dispositions_handled(task->dispositions) & ~frame->mask;
	handover.mask = frame->mask | handover.closed;
	if (kind == IMAGE_STATIC)
		return static_execute(task, image, argv_of(regs) + image->skipped * sizeof(char *), *env, &handover);
	*env = environment_make(task, *env, &handover);
	if (!*env)
		return -ENOMEM;
	/* not before: memory is looked at by a call that is harmless while all signals are blocked (memory.h) */
	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &handover.mask, 0, SIGSET_SIZE);
	return CALL((uint32_t)regs->rax, regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8);
}

static struct frame *answer(struct frame *frame, struct task *task, struct image *image, uint64_t *env)
{
	uint64_t before = *env;
	/* AT_EXECVE_CHECK starts nothing, and of other flags the kernel knows */
	_Bool starts = !(image->flags & ~(uint64_t)(EMPTY_PATH | NO_FOLLOW));
	long file = -1, kind = starts ? image_check(image) : IMAGE_DYNAMIC, result = kind;
	_Bool gets_shim = kind == IMAGE_DYNAMIC || kind == IMAGE_STATIC;
	char name[CARRIED_ROOM];

	if (image->is_loader && image->is_of_glibc)
		result = kind = check_argument(image, argv_of(&frame->regs));
	if (result >= 0 && behaviour->departs)
		result = depart_at_exec(frame, task, image->directory, image->path, env);
	if (kind == IMAGE_STATIC && behaviour->refuses_static_images && task->is_vfork_child)
		result = -EPERM;
	if (result >= 0 && gets_shim && !image_opens_shim(kind) && image_is_there(image)) {
		/* who shares the descriptors is not to see it */
		if (task->shares_files)
			CALL(__NR_unshare, CLONE_FILES);
		file = carry_make(name);
		if (is_error(file) && !image_finds_shim())
			result = image_refuse(image);
	}
	if (result >= 0) {
		if (starts)
			traced_before_exec(task, image->directory, image->path, image->flags);
		result = execute(frame, task, image, kind, env, is_error(file) ? config.path : name);
	}
	if (kind == IMAGE_STATIC && image->file >= 0)
		CALL(__NR_close, image->file);
	if (!is_error(file))
		CALL(__NR_close, file);
	*env = before;
	frame->regs.rax = (uint64_t)result;
	return frame;
}

struct frame *answer_execve(struct frame *frame, struct task *task)
{
	struct image image = { .directory = CURRENT_DIRECTORY, .path = frame->regs.rdi };

	return answer(frame, task, &image, &frame->regs.rdx);
}

struct frame *answer_execveat(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	struct image image = { .directory = (int)regs->rdi, .path = regs->rsi, .flags = (uint32_t)regs->r8 };

	if (behaviour->refuses_execveat) {
		regs->rax = (uint64_t)-ENOSYS;
		return frame;
	}
	/* AT_EMPTY_PATH counts only for an empty path */
	if (image.flags & EMPTY_PATH && can_read(regs->rsi, 1) && *(const char *)regs->rsi)
		image.flags &= ~(uint64_t)EMPTY_PATH;
	return answer(frame, task, &image, &regs->r10);
}
