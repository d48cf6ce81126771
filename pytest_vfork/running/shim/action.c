// SPDX-License-Identifier: MIT
/*
 * rt_sigaction(2). The application's SIGSYS is virtual (hazard 2: CPython's child resets every handler). Its
 * SA_ONSTACK handlers are entered through the shim, for the kernel's alternate stack is the slot, which is ours
 * alone. All others go to the kernel as they are, but for SIGSYS in sa_mask.
 */
#include "action.h"

#include "answers.h"
#include "behaviour.h"
#include "entry.h"
#include "filter.h"
#include "killable.h"
#include "memory.h"
#include "pending.h"
#include "shortcut.h"
#include "text.h"

#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))
#define MADE_BY_SHIM (SA_SIGINFO | SA_RESTORER_FLAG)
#define EXPOSE_TAGBITS 0x800 /* SA_EXPOSE_TAGBITS, asm-generic/signal-defs.h */
#define KNOWN_FLAGS                                                                                                   \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | EXPOSE_TAGBITS | \
	 SA_RESTORER_FLAG) /* UAPI_SA_FLAGS, linux/signal_types.h; Linux 5.11 and newer keep no others */

static const struct action shim_action = {
	.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER_FLAG,
	.mask = ~0ull,
};

static struct action entered_by_shim(uint64_t flags)
{
	struct action action = shim_action;

	/* filled in here: an address in a constant would be a relocation for ld.so */
	action.handler = ARG(shim_entry);
	action.restorer = ARG(shim_restorer);
	action.flags |= flags;
	return action;
}

void action_install(void)
{
	/* system calls that only the shim interrupts (tkill of SIGSYS, virtually ignored) are to go on */
	struct action action = entered_by_shim(SA_RESTART);

	CALL(__NR_rt_sigaction, SIGSYS, &action, 0, SIGSET_SIZE);
}

void action_clear(struct dispositions *dispositions)
{
	struct action *sigsys = &dispositions->actions[SIGSYS];
	uintptr_t handler = sigsys->handler;

	/* flush_signal_handlers of the kernel: flags and mask of one that is ignored, too */
	memset(sigsys, 0, sizeof(*sigsys));
	if (!is_handler(handler))
		sigsys->handler = handler;
	dispositions->handled = 0;
	dispositions->one_shot = 0;
	dispositions->mask_has_sigsys = 0;
	action_install();
}

static void set_bit(sigset *set, sigset bit, _Bool value)
{
	if (value)
		__atomic_fetch_or(set, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(set, ~bit, __ATOMIC_RELAXED);
}

/* By its restorer, too: SA_RESETHAND takes the handler away, and leaves the rest. */
static _Bool is_ours(const struct action *action)
{
	return action->handler == ARG(shim_entry) || action->restorer == ARG(shim_restorer);
}

/* The kernel has written what it knows to `old`; makes of it what the application believes. */
static void show(const struct dispositions *all, int sig, const struct action *before, struct action *old)
{
	uint64_t known = old->flags | MADE_BY_SHIM; /* the kernel drops flags that it does not know */

	if (is_ours(old)) {
		uintptr_t handler = old->handler;

		*old = *before;
		old->flags &= known;
		if (!is_handler(handler))
			old->handler = handler;
	} else if (all->mask_has_sigsys & BIT(sig)) {
		old->mask |= BIT(SIGSYS);
	}
}

static long query(const struct dispositions *all, int sig, struct action *old)
{
	long result = CALL(__NR_rt_sigaction, sig, 0, old, SIGSET_SIZE);

	if (!result && old)
		show(all, sig, &all->actions[sig], old);
	return result;
}

/* Before a handler can run, and after it no longer can: parents that wait block exactly what is handled. */
static void set_handled(struct dispositions *all, sigset bit, _Bool value)
{
	_Bool is_known = !!(all->handled & bit) == value && !(all->one_shot & bit);

	set_bit(&all->one_shot, bit, 0);
	set_bit(&all->handled, bit, value);
	if (!is_known)
		killable_tell(all);
}

/* What a query that nobody trapped has shown, and is now set again. */
static void take_back(struct action *next, const struct action *before)
{
	uintptr_t handler = next->handler;

	if (!is_ours(next))
		return;
	*next = *before;
	if (!is_handler(handler))
		next->handler = handler;
}

static long set(struct dispositions *all, int sig, const struct action *next, struct action *old)
{
	sigset bit = BIT(sig);
	_Bool handles = is_handler(next->handler), moves = handles && (next->flags & SA_ONSTACK);
	struct action before = all->actions[sig], real = *next;
	long result;

	real.mask &= ~BIT(SIGSYS);
	if (handles || next->mask & BIT(SIGSYS))
		shortcut_close(bit);
	if (handles && !(bit & UNBLOCKABLE))
		set_handled(all, bit, 1);
	if (moves) {
		real = entered_by_shim(next->flags);
		/* handler last: another thread's signal may come right now */
		all->actions[sig].mask = next->mask & ~UNBLOCKABLE;
		all->actions[sig].flags = next->flags;
		all->actions[sig].restorer = next->restorer;
		__atomic_store_n(&all->actions[sig].handler, next->handler, __ATOMIC_RELEASE);
	}
	result = CALL(__NR_rt_sigaction, sig, &real, old, SIGSET_SIZE);
	if (result == -EINVAL)
		return result;
	/* -EFAULT comes after the deed */
	if (!result && old)
		show(all, sig, &before, old);
	if (!handles)
		set_handled(all, bit, 0);
	set_bit(&all->one_shot, bit, handles && (next->flags & SA_RESETHAND));
	set_bit(&all->mask_has_sigsys, bit, !!(next->mask & BIT(SIGSYS)));
	if ((moves || next->mask & BIT(SIGSYS)) && !(all->queries & bit))
		__atomic_fetch_or(&all->queries, filter_queries(bit), __ATOMIC_RELAXED);
	return result;
}

/* Nothing of it reaches the kernel. */
static long set_sigsys(struct task *task, const struct action *next, struct action *old)
{
	struct action *now = &task->dispositions->actions[SIGSYS], before = *now;

	if (next) {
		*now = *next;
		now->mask &= ~UNBLOCKABLE;
		now->flags &= KNOWN_FLAGS;
		if (next->handler == HANDLER_IGNORE)
			pending_drop(task);
	}
	if (!old)
		return 0;
	if (!can_overwrite8(ARG(old)) || !can_overwrite8(ARG(old) + sizeof(before) - 8))
		return -EFAULT;
	*old = before;
	return 0;
}

/* rt_sigaction(sig, act, old, size) */
struct frame *answer_sigaction(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	struct action *old = (struct action *)regs->rdx, next, *wanted = regs->rsi ? &next : NULL;
	int sig = (int)regs->rdi;
	long result;

	if (regs->r10 != SIGSET_SIZE)
		result = -EINVAL;
	else if (wanted && !is_at_stack(regs->rsp, regs->rsi, sizeof(next)) && !can_read(regs->rsi, sizeof(next)))
		result = -EFAULT;
	else if (sig < 1 || sig > SIGNALS)
		result = -EINVAL;
	else {
		if (wanted) {
			next = *(const struct action *)regs->rsi;
			take_back(&next, &task->dispositions->actions[sig]);
			next.flags &= ~behaviour->ignores_handler_flags; /* none, without a fault */
			if (!is_handler(next.handler) && !(shortcut_closed & BIT(sig)))
				shortcut_offer(regs->rip);
		}
		result = sig == SIGSYS ? set_sigsys(task, wanted, old)
			 : wanted      ? set(task->dispositions, sig, &next, old)
				       : query(task->dispositions, sig, old);
	}
	regs->rax = (uint64_t)result;
	return frame;
}
