// SPDX-License-Identifier: MIT
/*
 * A child that shares the memory: a vfork child or a thread. Two frames: the child gets a copy of the frame on a slot of its own and leaves
 * by that, the parent leaves by its own. Nothing returns twice, nothing of the parent's lies where the child will write.
 */
#include <linux/futex.h>
#include <linux/sched.h>

#include "action.h"
#include "behaviour.h"
#include "call.h"
#include "entry.h"
#include "memory.h"
#include "spawn.h"
#include "suspend.h"

void shim_child_starts(struct frame *frame)
{
	struct task *task = task_of(frame);

	if (task->clears_handlers)
		action_clear(task->dispositions);
	if (task->tells_tid_at)
		put_word(task->tells_tid_at, (uint32_t)CALL(__NR_gettid));
}

static void block(sigset mask)
{
	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGSET_SIZE);
}

/* The kernel's one word to clear is ours now (hazard 9): what the application wanted of it is done by hand. */
static void take_clear_word(struct spawn *spawn, struct task *child)
{
	if (spawn->flags & CLONE_CHILD_SETTID)
		child->tells_tid_at = spawn->child_tid;
	child->release_word = 1;
	spawn->flags &= ~(uint64_t)CLONE_CHILD_SETTID;
	spawn->flags |= CLONE_CHILD_CLEARTID;
	spawn->child_tid = ARG(&child->release_word);
}

static void clear_word(uintptr_t word)
{
	put_word(word, 0);
	CALL(__NR_futex, word, FUTEX_WAKE, 1);
}

long spawn_sharing(struct frame *frame, struct task *task, struct spawn *spawn)
{
	_Bool is_vfork = !!(spawn->asked & CLONE_VFORK);
	enum suspender suspender = is_vfork ? behaviour->suspender : NOBODY_SUSPENDS;
	struct task *child = task_claim();
	uintptr_t app_child_tid = spawn->child_tid;
	struct frame *child_frame;
	sigset waiting = 0;
	long result;

	if (!child)
		return -ENOMEM;
	task_inherit(child, task, spawn->asked);
	child->clears_handlers = !!(spawn->args && spawn->flags & CLONE_CLEAR_SIGHAND);
	child_frame = frame_copy_to_task(child, frame);
	child_frame->regs.rax = 0;
	if (spawn->child_sp)
		child_frame->regs.rsp = spawn->child_sp;
	if (suspender != NOBODY_SUSPENDS)
		waiting = suspension_mask(frame, task);
	if (suspender == SHIM_SUSPENDS)
		take_clear_word(spawn, child);
	if (suspender == KERNEL_SUSPENDS)
		block(waiting);

	result = spawn_issue_at(spawn, child, child_frame);
	if (is_error(result)) {
		task_free(child);
		return result;
	}
	if (suspender == SHIM_SUSPENDS) {
		struct release release = { .word = &child->release_word, .child = (int32_t)result };

		block(waiting);
		suspend_until_released(&release);
		if (spawn->asked & CLONE_CHILD_CLEARTID)
			clear_word(app_child_tid);
	}
	if (suspender == NOBODY_SUSPENDS)
		task_is_thread(child, (int)result);
	else
		task_free(child);
	return result;
}
