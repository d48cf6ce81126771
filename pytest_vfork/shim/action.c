// SPDX-License-Identifier: MIT
/*
 * rt_sigaction(2). The application's SIGSYS is virtual (hazard 2: CPython's child resets every handler). Its SA_ONSTACK handlers are
 * entered through the shim, for the kernel's alternate stack is the slot, which is ours alone. All others go to the kernel as they are,
 * but for SIGSYS in sa_mask.
 */
#include "action.h"

#include "answers.h"
#include "entry.h"
#include "memory.h"
#include "text.h"

#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))
#define MADE_BY_SHIM (SA_SIGINFO | SA_RESTORER_FLAG)

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

	if (is_handler(sigsys->handler))
		memset(sigsys, 0, sizeof(*sigsys));
	dispositions->handled = 0;
	dispositions->one_shot = 0;
	dispositions->moved = 0;
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

static long sigsys_action(struct task *task, const struct action *next, struct action *old)
{
	struct action *now = &task->dispositions->actions[SIGSYS];

	*old = *now;
	if (!next)
		return 0;
	*now = *next;
	now->mask &= ~UNBLOCKABLE;
	if (next->handler == HANDLER_IGNORE)
		task->has_pending_sigsys = 0;
	return 0;
}

static long other_action(struct dispositions *all, int sig, const struct action *next, struct action *old)
{
	sigset bit = BIT(sig);
	_Bool is_known = __atomic_load_n(&all->moved, __ATOMIC_RELAXED) & bit, had_sigsys = !!(all->mask_has_sigsys & bit);
	_Bool handles = is_handler(next->handler), moves = handles && (next->flags & SA_ONSTACK);
	struct action before = all->actions[sig], real = *next;
	long result;

	real.mask &= ~BIT(SIGSYS);
	if (moves) {
		real = entered_by_shim(next->flags);
		/* handler last: another thread's signal may come right now */
		all->actions[sig].mask = next->mask & ~UNBLOCKABLE;
		all->actions[sig].flags = next->flags;
		all->actions[sig].restorer = next->restorer;
		__atomic_store_n(&all->actions[sig].handler, next->handler, __ATOMIC_RELEASE);
	}
	result = CALL(__NR_rt_sigaction, sig, &real, old, SIGSET_SIZE);
	if (is_error(result))
		return result;
	set_bit(&all->handled, bit, handles);
	set_bit(&all->one_shot, bit, handles && (next->flags & SA_RESETHAND));
	set_bit(&all->mask_has_sigsys, bit, !!(next->mask & BIT(SIGSYS)));
	set_bit(&all->moved, bit, moves);

	if (is_known && old->handler == ARG(shim_entry)) {
		before.flags &= old->flags | MADE_BY_SHIM; /* the kernel drops flags that it does not know */
		*old = before;
	} else if (had_sigsys) {
		old->mask |= BIT(SIGSYS);
	}
	return result;
}

/* rt_sigaction(sig, act, old, size) */
struct frame *answer_sigaction(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	int sig = (int)regs->rdi;
	struct action next, old;
	long result = 0;

	if (regs->r10 != SIGSET_SIZE)
		result = -EINVAL;
	else if (regs->rsi && !can_read(regs->rsi, sizeof(next)))
		result = -EFAULT;
	else if (sig < 1 || sig > SIGNALS)
		result = -EINVAL;
	if (!result) {
		if (regs->rsi)
			next = *(const struct action *)regs->rsi;
		if (sig == SIGSYS)
			result = sigsys_action(task, regs->rsi ? &next : NULL, &old);
		else
			result = other_action(task->dispositions, sig, &next, &old);
	}
	if (!result && regs->rdx) {
		if (can_overwrite8(regs->rdx) && can_overwrite8(regs->rdx + sizeof(old) - 8))
			*(struct action *)regs->rdx = old;
		else
			result = -EFAULT;
	}
	regs->rax = (uint64_t)result;
	return frame;
}
