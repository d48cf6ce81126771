// SPDX-License-Identifier: MIT
#include "invariants.h"

#ifdef VFORK_SHIM_DEBUG

#define MAKES_CHILDREN /* what is called here is not looked at again */
#include "call.h"
#include "frame.h"
#include "outside.h"
#include "slot.h"
#include "text.h"
#include "trap.h"

void invariant_broken(const char *name)
{
	say("invariant broken: ", name, NULL);
	CALL(__NR_tkill, CALL(__NR_gettid), SIGKILL);
}

void invariants_at_start(struct task *task)
{
	task->debug.tid = (int32_t)CALL(__NR_gettid);
	task->debug.memory = slot_memory();
}

static _Bool is_trap(const struct frame *frame)
{
	return frame->info.signo == SIGSYS && frame->info.code == SYS_SECCOMP && frame->info.error == TRAP_MARK;
}

void invariants_at_arrival(const struct frame *frame, struct task *task)
{
	long tid;

	/* a plain fork was not trapped: its child has the slot of its parent, in another memory */
	if (!task->debug.tid || task->debug.memory != slot_memory())
		invariants_at_start(task);
	tid = CALL(__NR_gettid);
	invariant("one-owner", task->debug.tid == tid || tid < 0); /* a filter of the application's may refuse to tell */
	invariant("sigsys-open", !(frame->mask & BIT(SIGSYS)));
	invariant("own-stack", ARG(&frame) > task_room(task) && ARG(&frame) < ARG(task));
	invariant("no-own-trap", !is_trap(frame) || !gate_has(frame->info.call_addr));
	task->debug.came_with = frame->regs;
	/* rt_sigreturn goes to where a handler came from: the middle of a call outside, or of the shortcut */
	task->debug.is_trap = is_trap(frame) && frame->info.syscall != __NR_rt_sigreturn;
}

/* Fields of struct registers that a system call leaves alone. */
static _Bool is_clean(const struct registers *now, const struct registers *before)
{
	return now->rdi == before->rdi && now->rsi == before->rsi && now->rdx == before->rdx && now->r10 == before->r10 &&
	       now->r8 == before->r8 && now->r9 == before->r9 && now->rbx == before->rbx && now->rbp == before->rbp &&
	       now->r12 == before->r12 && now->r13 == before->r13 && now->r14 == before->r14 && now->r15 == before->r15 &&
	       now->rsp == before->rsp && now->flags == before->flags;
}

void invariants_at_leave(const struct frame *frame, struct task *task)
{
	const struct registers *before = &task->debug.came_with;

	invariant("sigsys-open", !(frame->mask & BIT(SIGSYS)));
	invariant("own-stack", frame->stack.sp == task_room(task) && frame->stack.size <= STACK_SIZE && !frame->stack.flags);
	if (task->debug.is_trap)
		invariant("clean-registers", !gate_has(frame->regs.rip) || frame->regs.rip == shim_gate.outside);
	/* a call that has been answered; else a handler begins, or ends, or the call is made outside */
	if (task->debug.is_trap && frame->regs.rip == before->rip && frame->regs.rsp == before->rsp)
		invariant("clean-registers", is_clean(&frame->regs, before));
}

#endif
