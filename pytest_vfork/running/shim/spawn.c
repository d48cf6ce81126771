// SPDX-License-Identifier: MIT
/* vfork, fork, clone and clone3: reads what is asked for and chooses the way. */
#include "spawn.h"

#include <linux/sched.h>

#include "answers.h"
#include "deliver.h"
#include "killable.h"
#include "log.h"
#include "memory.h"
#include "text.h"

#define EXIT_SIGNAL 0xffull /* CSIGNAL */
#define VFORK_FLAGS (CLONE_VM | CLONE_VFORK)
#define USER_END 0x7ffffffff000ull /* TASK_SIZE_MAX, unless the machine has 57 bits of address */
#define NO_DESCRIPTOR 0x7fffffff

/* The parent's way, until it may go on; the child leaves on its own (share.c), or with 0 (copy.c). */
static long create(struct frame *frame, struct task *task, struct spawn *spawn)
{
	_Bool shares = !!(spawn->flags & CLONE_VM);
	sigset waiting;
	long result;

	task->is_suspended = spawn->suspender != NOBODY_SUSPENDS;
	if (spawn->suspender == KERNEL_SUSPENDS)
		killable_block(frame, task);
	result = shares ? share_begin(frame, task, spawn) : copy_begin(frame, task, spawn);
	if (result == 0) {
		task->is_suspended = 0; /* that of the copy */
		return 0;
	}
	if (spawn->suspender == SHIM_SUSPENDS && !is_error(result)) {
		spawn->release.child = (int32_t)result;
		spawn->release.is_traced = shares ? &spawn->child->is_traced : NULL;
		spawn->release.frame = frame;
		spawn->release.parent = task;
		waiting = killable_begin(frame, task, spawn->release.word);
		if (behaviour->departs)
			depart_wait(frame, task, spawn, waiting);
		else
			suspend_until_released(&spawn->release);
		killable_end(task);
	}
	task->is_suspended = 0;
	if (shares)
		share_end(task, spawn, result);
	else
		copy_end(spawn);
	return result;
}

static struct frame *spawn(struct frame *frame, struct task *task, struct spawn *spawn)
{
	_Bool is_thread = !!(spawn->asked & CLONE_THREAD);
	long result = behaviour->departs ? depart_before_call(frame, task, spawn) : 0;

	if (result) {
		frame->regs.rax = (uint64_t)result;
		return frame;
	}
	if ((spawn->asked & VFORK_FLAGS) == VFORK_FLAGS && !behaviour->shares_memory && !is_thread)
		spawn->flags &= ~(uint64_t)(CLONE_VM | CLONE_SIGHAND);
	if (behaviour->suspender != KERNEL_SUSPENDS)
		spawn->flags &= ~(uint64_t)CLONE_VFORK;
	spawn->suspender = spawn->asked & CLONE_VFORK ? behaviour->suspender : NOBODY_SUSPENDS;
	if (behaviour->departs && depart_spares(spawn->asked))
		spawn->suspender = NOBODY_SUSPENDS;

	result = create(frame, task, spawn);
	if (behaviour->departs)
		result = depart_after_call(frame, task, spawn, result);
	frame->regs.rax = (uint64_t)result;
	if (result)
		log_spawn(spawn, result);
	return deliver_pending_sigsys(frame, task);
}

struct frame *answer_vfork(struct frame *frame, struct task *task)
{
	struct spawn asked = { .call = "vfork", .asked = VFORK_FLAGS | SIGCHLD, .flags = VFORK_FLAGS | SIGCHLD };

	if (task->vfork_error) {
		frame->regs.rax = (uint64_t)-task->vfork_error;
		return frame;
	}
	return spawn(frame, task, &asked);
}

struct frame *answer_fork(struct frame *frame, struct task *task)
{
	struct spawn asked = { .call = "fork", .asked = SIGCHLD, .flags = SIGCHLD };

	return spawn(frame, task, &asked);
}

/* clone(flags, stack, parent_tid, child_tid, tls): only 32 bits of flags */
struct frame *answer_clone(struct frame *frame, struct task *task)
{
	const struct registers *regs = &frame->regs;
	struct spawn asked = {
		.call = "clone",
		.asked = (uint32_t)regs->rdi,
		.flags = (uint32_t)regs->rdi,
		.stack = regs->rsi,
		.child_sp = regs->rsi,
		.parent_tid = regs->rdx,
		.child_tid = regs->r10,
		.tls = regs->r8,
	};

	return spawn(frame, task, &asked);
}

/* What the kernel is certain to refuse is passed on unchanged: it knows best what to answer. */
static struct frame *refuse(struct frame *frame)
{
	frame->regs.rax = (uint64_t)CALL(__NR_clone3, frame->regs.rdi, frame->regs.rsi);
	return frame;
}

/* Asks the kernel: it looks at the stack before it looks for a cgroup, and there is none at this descriptor. */
static _Bool is_user_memory(const struct clone_args_known *wanted)
{
	struct clone_args_known args = { .flags = CLONE_INTO_CGROUP, .stack = wanted->stack, .stack_size = wanted->stack_size,
					 .cgroup = NO_DESCRIPTOR };

	return CALL(__NR_clone3, &args, sizeof(args)) == -EBADF;
}

/* clone3(args, size): hazard 15 */
struct frame *answer_clone3(struct frame *frame, struct task *task)
{
	uint64_t size = frame->regs.rsi;
	union {
		struct clone_args_known known;
		char room[CLONE_ARGS_SIZE_LIMIT];
	} args;
	struct spawn asked = { .call = "clone3", .args = &args.known, .args_size = size };

	if (behaviour->unchecked)
		asked.args_size = size = depart_size(size);
	if (size < CLONE_ARGS_SIZE_FIRST || size > sizeof(args) ||
	    !(behaviour->unchecked & POINTER || can_read(frame->regs.rdi, size)))
		return refuse(frame);
	memset(&args.known, 0, sizeof(args.known));
	memcpy(&args, (const void *)frame->regs.rdi, size);
	if (behaviour->unchecked)
		depart_arguments(&args.known);
	/* the kernel will not see it: a stack is its lowest address and its size, both or neither (clone3_stack_valid) */
	if (!args.known.stack != !args.known.stack_size || args.known.stack + args.known.stack_size < args.known.stack ||
	    (args.known.stack + args.known.stack_size > USER_END && !is_user_memory(&args.known)))
		return refuse(frame);

	/* all else the kernel judges: what it refuses is an error, and what it accepts, now or in a later version, is made as it must be */
	asked.asked = args.known.flags | (args.known.exit_signal & EXIT_SIGNAL);
	asked.flags = args.known.flags;
	asked.stack = args.known.stack;
	asked.stack_size = args.known.stack_size;
	asked.child_sp = args.known.stack + args.known.stack_size;
	asked.parent_tid = args.known.parent_tid;
	asked.child_tid = args.known.child_tid;
	asked.tls = args.known.tls;
	return spawn(frame, task, &asked);
}
