// SPDX-License-Identifier: MIT
/*
 * A child that shares the memory: a vfork child or a thread. Two frames: the child gets a copy of the frame on a slot
 * of its own and leaves by that, the parent leaves by its own. Nothing returns twice, nothing of the parent's lies
 * where the child will write.
 */
#include <linux/futex.h>
#include <linux/sched.h>

#include "action.h"
#include "call.h"
#include "departure.h"
#include "entry.h"
#include "memory.h"
#include "shortcut.h"
#include "slot.h"
#include "spawn.h"

void shim_child_starts(struct frame *frame)
{
	struct task *task = task_of(frame);

	invariants_at_start(task);
	if (task->clears_handlers)
		action_clear(task->dispositions);
	if (behaviour->departs)
		depart_child_starts(frame, task, task->departure);
	if (task->tells_tid_at)
		put_word(task->tells_tid_at, (uint32_t)CALL(__NR_gettid));
}

/* The kernel's one word to clear is ours now (hazard 9): what the application wanted of it is done by hand. */
static void take_clear_word(struct spawn *spawn)
{
	struct task *child = spawn->child;

	if (spawn->flags & CLONE_CHILD_SETTID)
		child->tells_tid_at = spawn->child_tid;
	child->release_word = 1;
	spawn->release.word = &child->release_word;
	spawn->app_child_tid = spawn->child_tid;
	spawn->child_tid = ARG(&child->release_word);
	spawn->flags &= ~(uint64_t)CLONE_CHILD_SETTID;
	spawn->flags |= CLONE_CHILD_CLEARTID;
}

long share_begin(struct frame *frame, struct task *task, struct spawn *spawn)
{
	struct task *child = spawn->child = task_make(task, spawn->asked);
	struct frame *child_frame;

	if (!child)
		return -ENOMEM;
	if (spawn->suspender == NOBODY_SUSPENDS)
		shortcut_forbid();
	child->clears_handlers = !!(spawn->args && spawn->flags & CLONE_CLEAR_SIGHAND);
	child_frame = frame_copy_to_task(child, frame);
	child_frame->regs.rax = 0;
	if (spawn->child_sp)
		child_frame->regs.rsp = spawn->child_sp;
	if (behaviour->departs)
		depart_child(child_frame, child, task, spawn);
	if (spawn->suspender == SHIM_SUSPENDS)
		take_clear_word(spawn);
	if (!(spawn->asked & (CLONE_THREAD | CLONE_PARENT_SETTID | CLONE_PIDFD)) && !behaviour->departs) {
		spawn->flags |= CLONE_PARENT_SETTID;
		spawn->parent_tid = ARG(&child->pid);
	}
	return spawn_issue_at(spawn, child_frame);
}

void share_end(struct task *task, struct spawn *spawn, long result)
{
	_Bool is_made = !is_error(result);

	/* what the kernel did to our word: if the child called set_tid_address(2), it cleared that word, and not this one */
	if (is_made && spawn->suspender == SHIM_SUSPENDS && spawn->asked & CLONE_CHILD_CLEARTID &&
	    depart_clears(spawn, !spawn->child->release_word)) {
		put_word(spawn->app_child_tid, 0);
		if (!behaviour->clears_without_wake)
			CALL(__NR_futex, spawn->app_child_tid, FUTEX_WAKE, 1);
	}
	/* one that has died of SIGSYS has taken our handler from all that share it (die_of in deliver.c) */
	if (is_made && spawn->suspender != NOBODY_SUSPENDS && (spawn->asked & (CLONE_SIGHAND | CLONE_THREAD)) == CLONE_SIGHAND)
		action_install();
	/* a faulty release may come while the child still needs its slot */
	if (is_made && (spawn->suspender == NOBODY_SUSPENDS || behaviour->departs))
		slot_is_thread(spawn->child, task, (int32_t)result);
	else if (spawn->child)
		task_end(spawn->child, (int32_t)result);
}
