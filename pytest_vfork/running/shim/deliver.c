// SPDX-License-Identifier: MIT
/*
 * Hands a signal on to the application's handler, as the kernel would have: the frame is copied to the stack that the
 * handler is to run on, and the shim's own frame is turned into the handler's first state. Leaving by it changes mask
 * and stack in one step.
 */
#include "deliver.h"

#include "action.h"
#include "altstack.h"
#include "answers.h"
#include "departure.h"
#include "entry.h"
#include "mask.h"
#include "memory.h"

#define RED_ZONE 128
#define FLAGS_OF_HANDLERS (0x400ull | 0x10000ull | 0x100ull) /* DF, RF, TF: cleared, arch/x86/kernel/signal.c */

/* The process ends of this signal when the frame is left, with the same siginfo. */
static struct frame *die_of(struct frame *frame, int sig)
{
	struct action action = { .handler = HANDLER_DEFAULT };

	CALL(__NR_rt_sigaction, sig, &action, 0, SIGSET_SIZE);
	frame->info.signo = sig;
	if (is_error(CALL(__NR_rt_tgsigqueueinfo, CALL(__NR_getpid), CALL(__NR_gettid), sig, &frame->info)))
		CALL(__NR_tkill, CALL(__NR_gettid), sig);
	frame->mask &= ~BIT(sig);
	return frame;
}

static struct frame *deliver(struct frame *frame, struct task *task, int sig, const struct action *action)
{
	struct registers *regs = &frame->regs;
	struct altstack *altstack = &task->altstack;
	uintptr_t top = regs->rsp - RED_ZONE;
	sigset mask = mask_seen(frame, task);
	struct frame *copy;

	if ((action->flags & SA_ONSTACK) && altstack->size && !altstack_holds(altstack, top))
		top = altstack->sp + altstack->size;
	/* the kernel, too: a frame that does not fit an alternate stack is SIGSEGV, not an overrun */
	if (altstack->size && altstack_holds(altstack, top) && top - frame_size(frame) < altstack->sp)
		return die_of(frame, SIGSEGV);

	copy = frame_copy(top, frame);
	copy->restorer = ARG(shim_handler_returns);
	copy->stack = *altstack;
	copy->mask = mask;
	if ((uint32_t)altstack->flags & SS_AUTODISARM_FLAG)
		*altstack = (struct altstack){ .flags = SS_DISABLE_FLAG };

	regs->rdi = (uint64_t)sig;
	regs->rsi = ARG(&copy->info);
	regs->rdx = ARG(&copy->uc_flags);
	regs->rax = 0;
	regs->rip = action->handler;
	regs->rsp = ARG(copy);
	regs->flags &= ~FLAGS_OF_HANDLERS;
	frame_clear_fp(frame);
	mask_set(frame, task, mask | action->mask | (action->flags & SA_NODEFER ? 0 : BIT(sig)));
	return frame;
}

struct frame *deliver_moved(struct frame *frame, struct task *task)
{
	int sig = frame->info.signo;
	struct action action = task->dispositions->actions[sig];

	return deliver(frame, task, sig, &action);
}

struct frame *deliver_sigsys(struct frame *frame, struct task *task)
{
	struct action *now = &task->dispositions->actions[SIGSYS], action = *now;
	/* force_sig of the kernel: blocked or ignored, it kills */
	_Bool is_forced = frame->info.code == SYS_SECCOMP;

	if (behaviour->departs && depart_stop(frame))
		return frame;
	if (task->blocks_sigsys && !is_forced) {
		task->has_pending_sigsys = 1;
		task->pending_sigsys = frame->info;
		return frame;
	}
	if (action.handler == HANDLER_IGNORE && !is_forced)
		return frame;
	if (!is_handler(action.handler) || task->blocks_sigsys)
		return die_of(frame, SIGSYS);
	if (action.flags & SA_RESETHAND)
		now->handler = HANDLER_DEFAULT;
	return deliver(frame, task, SIGSYS, &action);
}

struct frame *deliver_pending_sigsys(struct frame *frame, struct task *task)
{
	if (!task->has_pending_sigsys || task->blocks_sigsys)
		return frame;
	task->has_pending_sigsys = 0;
	frame->info = task->pending_sigsys;
	return deliver_sigsys(frame, task);
}

/*
 * The handler has returned: what rt_sigreturn(2) would have read from its frame, which the application may have
 * changed.
 */
struct frame *answer_handler_returns(struct frame *frame, struct task *task)
{
	struct frame *theirs = (struct frame *)(frame->regs.rsp - 8);

	if (!can_read(ARG(theirs), sizeof(*theirs)))
		return die_of(frame, SIGSEGV);
	mask_set(theirs, task, theirs->mask);
	altstack_set(task, &theirs->stack, theirs->regs.rsp);
	theirs->stack = task_stack(task);
	return theirs;
}
