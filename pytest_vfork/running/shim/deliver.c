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
#include "outside.h"
#include "pending.h"
#include "slot.h"

#define RED_ZONE 128
#define SI_KERNEL_CODE 0x80 /* SI_KERNEL, asm-generic/siginfo.h */
#define FLAGS_OF_HANDLERS (0x400ull | 0x10000ull | 0x100ull) /* DF, RF, TF: cleared, arch/x86/kernel/signal.c */

/* The process ends of this signal when the frame is left, with the same siginfo. */
static struct frame *die_of(struct frame *frame, int sig)
{
	struct action action = { 0 };

	/* flags and mask stay, as force_sig of the kernel leaves them: who shares the handlers can see them */
	CALL(__NR_rt_sigaction, sig, 0, &action, SIGSET_SIZE);
	action.handler = HANDLER_DEFAULT;
	CALL(__NR_rt_sigaction, sig, &action, 0, SIGSET_SIZE);
	frame->info.signo = sig;
	if (is_error(CALL(__NR_rt_tgsigqueueinfo, CALL(__NR_getpid), CALL(__NR_gettid), sig, &frame->info)))
		CALL(__NR_tkill, CALL(__NR_gettid), sig);
	frame->mask &= ~BIT(sig);
	return frame;
}

/*
 * The kernel's force_sigsegv(): the handler could not be entered. Another handler may, on another stack; blocked or ignored it kills. The
 * frame is left with the signal pending.
 */
static struct frame *force_segv(struct frame *frame, struct task *task, int sig)
{
	struct info info = { .signo = SIGSEGV, .code = SI_KERNEL_CODE };
	struct action now = { 0 };

	CALL(__NR_rt_sigaction, SIGSEGV, 0, &now, SIGSET_SIZE);
	if (sig == SIGSEGV || frame->mask & BIT(SIGSEGV) || now.handler == HANDLER_IGNORE)
		return die_of(frame, SIGSEGV);
	(void)task;
	CALL(__NR_rt_tgsigqueueinfo, CALL(__NR_getpid), CALL(__NR_gettid), SIGSEGV, &info);
	return frame;
}

static struct frame *deliver(struct frame *frame, struct task *task, int sig, const struct action *action)
{
	struct registers *regs = &frame->regs;
	struct altstack *altstack = &task->now.altstack;
	const struct outside *outside = outside_of(frame);
	uintptr_t top = regs->rsp - RED_ZONE;
	sigset mask = mask_seen(frame, task);
	size_t size = frame_size(frame);
	struct frame *copy;

	if ((action->flags & SA_ONSTACK) && altstack->size && !altstack_holds(altstack, top))
		top = (altstack->sp + altstack->size) & ~15ul; /* where it ends at an odd address, the last bytes need not be there */
	/* the kernel, too: a frame that does not fit an alternate stack is SIGSEGV, not an overrun; x86-64 has no restorer of its own */
	if ((altstack->size && altstack_holds(altstack, top) && top - size < altstack->sp) || !can_overwrite(top - size, size) ||
	    !(action->flags & SA_RESTORER_FLAG))
		return force_segv(frame, task, sig);

	copy = frame_copy(top, frame);
	copy->restorer = action->restorer;
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
	/* in a wait with a mask of its own the handler begins with that one, and returns to the one of before (sigsuspend(2)) */
	mask_set(frame, task, (outside ? outside->asked : mask) | action->mask | (action->flags & SA_NODEFER ? 0 : BIT(sig)));
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
	const struct outside *outside = outside_of(frame);
	/* force_sig of the kernel: blocked or ignored, it kills. The signal of a child's end has the same codes (CLD_EXITED, CLD_KILLED), and no arch. */
	_Bool is_forced = (frame->info.code == SYS_SECCOMP || frame->info.code == SYS_USER_DISPATCH) && frame->info.arch;
	_Bool is_blocked = outside ? !!(outside->asked & BIT(SIGSYS)) : task->blocks_sigsys;

	if (behaviour->departs && depart_stop(frame))
		return frame;
	if ((is_blocked || task->is_suspended) && !is_forced) {
		pending_keep(task, &frame->info);
		return frame;
	}
	if (action.handler == HANDLER_IGNORE && !is_forced)
		return frame;
	if (!is_handler(action.handler) || is_blocked)
		return die_of(frame, SIGSYS);
	if (action.flags & SA_RESETHAND)
		now->handler = HANDLER_DEFAULT;
	return deliver(frame, task, SIGSYS, &action);
}

struct frame *deliver_pending_sigsys(struct frame *frame, struct task *task)
{
	const struct outside *outside = outside_of(frame);

	if ((outside ? !!(outside->asked & BIT(SIGSYS)) : task->blocks_sigsys) || !pending_take(task, &frame->info))
		return frame;
	return deliver_sigsys(frame, task);
}

/* `before` is 0, or has SIGSYS; in a handler that interrupts another one there is more in the mask than the shim has set. */
static _Bool is_untouched(sigset mask, sigset before)
{
	return before && (mask | BIT(SIGSYS) | before) == (mask | BIT(SIGSYS));
}

/* The kernel only reads a frame: one that lies where nobody can write is put right in a copy. NULL: it cannot be read either. */
static struct frame *copy_of(struct task *task, const struct frame *theirs)
{
	_Bool is_good = frame_can_be_read(theirs) && frame_size(theirs) <= ASIDE_SIZE;

	return is_good ? frame_copy(task_aside(task), theirs) : NULL;
}

/* signal_fault of the kernel: not the death of who has a handler on another stack */
static struct frame *bad_frame(struct frame *frame, struct task *task)
{
	frame->regs.rax = 0;
	return force_segv(frame, task, 0);
}

/*
 * rt_sigreturn(2) of a handler, or of a program that has made a frame itself. What the kernel will read is put right in its place: SIGSYS is
 * not in the mask, and the stack is the slot of the task that returns, whoever was interrupted.
 */
struct frame *answer_sigreturn(struct frame *frame, struct task *task)
{
	struct frame *theirs = (struct frame *)(frame->regs.rsp - 8);
	const struct state *entered;
	struct altstack before;

	if (!can_change8(ARG(&theirs->stack)) || !(is_at_stack(ARG(&theirs->stack), ARG(&theirs->mask), 8) || can_change8(ARG(&theirs->mask))))
		theirs = copy_of(task, theirs);
	if (!theirs)
		return bad_frame(frame, task);
	if (is_outside(theirs))
		outside_keep(theirs);
	entered = task_state_at(task, &theirs->stack);
	before = entered ? entered->altstack : theirs->stack;
	/* the kernel has written it without SIGSYS: where that was blocked, and the mask is still the one of before, it is to be blocked again */
	mask_set(theirs, task, theirs->mask | (entered && is_untouched(theirs->mask, entered->mask) ? BIT(SIGSYS) : 0));
	altstack_set(task, &before, theirs->regs.rsp);
	theirs->stack = task_stack(task, theirs->mask, is_outside(theirs));
	if (!pending_has(task) || task->blocks_sigsys)
		return theirs;
	/* its handler's frame may lie where this one is */
	return deliver_pending_sigsys(frame_copy(task_aside(task) - SLOT_SIZE / 2, theirs), task);
}
