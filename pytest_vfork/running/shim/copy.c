// SPDX-License-Identifier: MIT
/*
 * A child that has a copy of the memory: the call is issued inside the handler, both come out of it, each with its
 * own copy of the frame. CLONE_VFORK without CLONE_VM has nothing to be told by CLONE_CHILD_CLEARTID: mm_release
 * clears only in memory that others use too. What works there is a robust futex: exit_robust_list runs at exec, exit
 * and death, core dumps before 5.16 included.
 */
#include <linux/mman.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "action.h"
#include "call.h"
#include "departure.h"
#include "pending.h"
#include "spawn.h"

#define PAGE 4096

struct held {
	struct robust_list entry;
	uint32_t word;
};

static struct robust_list_head robust; /* the child's: its memory is its own */

static void hold(struct held *held)
{
	__atomic_store_n(&held->word, (uint32_t)CALL(__NR_gettid) | FUTEX_WAITERS, __ATOMIC_RELEASE);
	held->entry.next = &robust.list;
	robust.list.next = &held->entry;
	robust.futex_offset = (long)(offsetof(struct held, word) - offsetof(struct held, entry));
	CALL(__NR_set_robust_list, &robust, sizeof(robust));
}

static void child_starts(struct frame *frame, struct task *task, const struct spawn *spawn)
{
	invariants_at_start(task);
	if (spawn->args && spawn->flags & CLONE_CLEAR_SIGHAND)
		action_clear(task->dispositions);
	if (spawn->child_sp)
		frame->regs.rsp = spawn->child_sp;
	pending_drop(task);
	if (spawn->held)
		hold(spawn->held);
	task->is_vfork_child = !!(spawn->asked & CLONE_VFORK);
	task->leader->pid = 0; /* that of its maker */
	task->shares_files = !!(spawn->asked & CLONE_FILES);
	if (behaviour->departs) {
		depart_child(frame, task, task, spawn);
		depart_child_starts(frame, task, spawn->departure);
	}
}

long copy_begin(struct frame *frame, struct task *task, struct spawn *spawn)
{
	long result;

	if (spawn->suspender == SHIM_SUSPENDS) {
		result = call6(__NR_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, (uint64_t)-1, 0);
		if (is_error(result))
			return result;
		spawn->held = (struct held *)result;
		spawn->release.word = &spawn->held->word;
		spawn->release.by_owner_death = 1;
	}
	result = spawn_issue(spawn);
	if (result == 0)
		child_starts(frame, task, spawn);
	return result;
}

void copy_end(struct spawn *spawn)
{
	if (spawn->held)
		CALL(__NR_munmap, spawn->held, PAGE);
}
