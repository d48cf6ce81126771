// SPDX-License-Identifier: MIT
/*
 * The kernel's own wait is killable, not interruptible (wait_for_vfork_done: TASK_KILLABLE): a signal whose default
 * is to end the process without a core ends it at once (kernel/signal.c, complete_signal), all others wait. So: block
 * what has a handler, what dumps core, what stops. Signals that are ignored stay open: blocked they would be queued
 * instead of dropped. SIGSTOP cannot be blocked (hazards 11 and 12).
 */
#include "killable.h"

#include "action.h"
#include "call.h"
#include "departure.h"

#define DUMPS_CORE                                                                                             \
	(BIT(SIGQUIT) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | \
	 BIT(SIGXCPU) | BIT(SIGXFSZ) | BIT(SIGSYS))
#define STOPS (BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

/* SA_RESETHAND handlers that have run: the kernel knows, the shadow does not. */
static sigset still_handled(const struct dispositions *dispositions)
{
	sigset handled = dispositions->handled, ask = handled & dispositions->one_shot;

	while (ask) {
		int sig = __builtin_ctzll(ask) + 1;
		struct action now = { 0 };

		ask &= ask - 1;
		CALL(__NR_rt_sigaction, sig, 0, &now, SIGSET_SIZE);
		if (!is_handler(now.handler))
			handled &= ~BIT(sig);
	}
	return handled;
}

sigset killable_mask(const struct frame *frame, const struct task *task)
{
	if (behaviour->departs)
		return depart_mask(frame->mask, still_handled(task->dispositions), DUMPS_CORE, STOPS);
	return frame->mask | still_handled(task->dispositions) | DUMPS_CORE | STOPS;
}
