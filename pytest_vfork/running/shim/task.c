// SPDX-License-Identifier: MIT
#include "task.h"

#include <linux/futex.h>
#include <linux/sched.h>

#include "call.h"
#include "gone.h"
#include "slot.h"
#include "text.h"

#define FIRST_NUMBERS 0x80000000u /* none of slot_new_process() */
#define STEP 64 /* of the size of a stack, for each number: frames stay aligned as they are */

uintptr_t task_room(const struct task *task)
{
	return ARG(task) - STACK_SIZE;
}

uintptr_t task_aside(const struct task *task)
{
	return ARG(task) - STACK_SIZE + SLOT_SIZE;
}

static _Bool is_same(const struct state *a, const struct state *b)
{
	return a->altstack.sp == b->altstack.sp && a->altstack.size == b->altstack.size && a->altstack.flags == b->altstack.flags &&
	       a->mask == b->mask;
}

static uint32_t number_of_state(struct task *task)
{
	uint32_t i, oldest = 0;

	if (is_same(&task->states[task->state], &task->now))
		return task->state;
	/* a handler that was entered in this state has yet to return to it, however long ago the state was noted */
	task->left_at[task->state] = ++task->changes;
	for (i = 0; i < STATES; i++)
		if (is_same(&task->states[i], &task->now))
			return i;
	for (i = 1; i < STATES; i++)
		if (task->left_at[i] < task->left_at[oldest])
			oldest = i;
	task->states[oldest] = task->now;
	return oldest;
}

struct altstack task_stack(struct task *task, sigset mask, _Bool waits)
{
	struct altstack stack = { .sp = task_room(task), .flags = 0 };

	/* where every signal is blocked no handler is entered, and no frame written: so it is around a spawn, but not in a wait with another mask */
	if (!task->blocks_sigsys || waits || ~(mask | BIT(SIGSYS) | BIT(SIGKILL) | BIT(SIGSTOP))) {
		task->now.mask = task->blocks_sigsys ? mask | BIT(SIGSYS) : 0;
		task->state = number_of_state(task);
	}
	stack.size = STACK_SIZE - STEP * task->state;
	return stack;
}

/* Every sigaltstack(2) of the application is virtual: what the kernel says is a slot if it has one of these sizes. */
static _Bool is_slot(const struct altstack *stack)
{
	return !(stack->flags & SS_DISABLE_FLAG) && stack->size <= STACK_SIZE && stack->size > STACK_SIZE - STEP * STATES;
}

/* What a program says may have such a size by chance. It lies in a slot: that of the task, or of the one whose handler it returns from. */
const struct state *task_state_at(const struct task *task, const struct altstack *stack)
{
	if (!is_slot(stack))
		return NULL;
	if (stack->sp != task_room(task))
		task = slot_at(stack->sp);
	return task ? &task->states[(STACK_SIZE - stack->size) / STEP] : NULL;
}

struct task *task_of(const struct frame *frame)
{
	struct task *task;

	if (!is_slot(&frame->stack))
		return NULL;
	task = (struct task *)(frame->stack.sp + STACK_SIZE);
	return task == &slots_of_object[0].task ? task_first() : task;
}

struct altstack task_first_stack(void)
{
	struct altstack stack = { .sp = ARG(slots_of_object[0].stack), .flags = 0, .size = STACK_SIZE };

	return stack;
}

struct task *task_first(void)
{
	struct task *first = &slots_of_object[0].task;

	/* not before it is needed: most images never trap, and each page that is touched costs a page fault */
	if (!first->dispositions) {
		first->leader = first;
		first->numbers = FIRST_NUMBERS;
		first->dispositions = dispositions_share(dispositions_first());
	}
	return first;
}

/* As clone(2) has it, and sigaltstack(2): the stack is kept by a vfork child, lost by any other task that shares the memory. */
static _Bool inherit(struct task *child, struct task *maker, uint64_t flags)
{
	child->dispositions = flags & CLONE_SIGHAND ? dispositions_share(maker->dispositions) : dispositions_copy(maker->dispositions);
	if (!child->dispositions)
		return 0;
	child->blocks_sigsys = maker->blocks_sigsys;
	child->vfork_error = maker->vfork_error;
	child->process = flags & CLONE_THREAD ? maker->process : slot_new_process();
	child->leader = flags & CLONE_THREAD ? maker->leader : child;
	if (!(flags & CLONE_THREAD))
		child->numbers_of_maker = slot_numbers(maker);
	if (flags & CLONE_VFORK)
		child->now.altstack = maker->now.altstack;
	else
		child->now.altstack.flags = SS_DISABLE_FLAG;
	child->is_vfork_child = !!(flags & CLONE_VFORK);
	child->shares_files = (flags & (CLONE_FILES | CLONE_THREAD)) == CLONE_FILES;
	return 1;
}

struct task *task_make(struct task *maker, uint64_t flags)
{
	struct task *child = slot_claim(maker);

	if (!child)
		return NULL;
	if (!inherit(child, maker ? maker : task_first(), flags)) {
		slot_free(child);
		return NULL;
	}
	if (maker && !(flags & CLONE_VFORK))
		maker->leader->has_made_tasks = 1;
	return child;
}

/* All of a process that has let go of its memory is gone, unless it was but the main thread that has ended. */
static _Bool is_gone(int32_t pid)
{
	const struct timespec64 pause = { 0, 100000 };
	uint32_t nothing = 0;
	int looks;

	/* the word is cleared some instructions before the process can be seen to be a zombie, or to have executed */
	for (looks = 0; looks < 50 && !process_has_let_go(pid); looks++)
		CALL(__NR_futex, &nothing, FUTEX_WAIT, 0, &pause);
	return looks < 50;
}

void task_end(struct task *task, int32_t pid)
{
	slot_unmap(task);
	/* its threads: those whose numbers mean something to us are found in time (slot.c) */
	if (task->has_made_tasks && task->numbers != task->numbers_of_maker && is_gone(pid))
		slot_free_all(task->process);
	dispositions_leave(task->dispositions);
	slot_free(task);
}

void task_waits(struct task *task, uint32_t *word)
{
	__atomic_store_n(&task->waits_for, word, __ATOMIC_SEQ_CST);
	slot_count_waiting(word ? 1 : -1);
}
