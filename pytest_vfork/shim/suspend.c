// SPDX-License-Identifier: MIT
#include "suspend.h"

#include <linux/futex.h>
#include <linux/kcmp.h>

#include "action.h"
#include "call.h"

#define DUMPS_CORE                                                                                             \
	(BIT(SIGQUIT) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | \
	 BIT(SIGXCPU) | BIT(SIGXFSZ) | BIT(SIGSYS))
#define STOPS (BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))
#define FIRST_LOOK_NS 10000000
#define LAST_LOOK_NS 80000000

/* P_PID and wait options, linux/wait.h; setpgid's answer to "has it called execve" */
#define P_PID_TYPE 1
#define LOOKS (0x00000001 | 0x00000004 | 0x01000000 | 0x40000000) /* WNOHANG WEXITED WNOWAIT __WALL */
#define NO_SUCH_GROUP 0x3fffffff

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

/*
 * The kernel's own wait is killable, not interruptible (wait_for_vfork_done: TASK_KILLABLE): a signal whose default
 * is to end the process without a core ends it at once (kernel/signal.c, complete_signal), all others wait. So: block
 * what has a handler, what dumps core, what stops. Signals that are ignored stay open: blocked they would be queued
 * instead of dropped. SIGSTOP cannot be blocked (hazard 12).
 */
sigset suspension_mask(const struct frame *frame, const struct task *task)
{
	return frame->mask | still_handled(task->dispositions) | DUMPS_CORE | STOPS;
}

/*
 * The second way to learn of the end: the kernel leaves the word alone on a core dump before 5.16, and after
 * set_tid_address(2) in the child. It must not reap and must not open a descriptor.
 */
static _Bool has_let_go(const struct release *release)
{
	struct info info = { 0 };
	long result;

	if (!release->by_owner_death) {
		/* 0: same memory. A zombie has none. */
		result = CALL(__NR_kcmp, CALL(__NR_gettid), release->child, KCMP_VM, 0, 0);
		if (result >= 0)
			return result != 0;
	}
	result = CALL(__NR_waitid, P_PID_TYPE, release->child, &info, LOOKS, 0);
	if (result == 0 && info.signo)
		return 1;
	if (result == -ECHILD && CALL(__NR_kill, release->child, 0) == -ESRCH)
		return 1;
	/* setpgid(2): EACCES once a child has called execve; no such group, so that nothing changes if it has not */
	return CALL(__NR_setpgid, release->child, NO_SUCH_GROUP) == -EACCES;
}

static _Bool is_released(const struct release *release, uint32_t word)
{
	return release->by_owner_death ? !!(word & FUTEX_OWNER_DIED) : word == 0;
}

void suspend_until_released(const struct release *release)
{
	struct timespec64 look = { 0, FIRST_LOOK_NS };
	uint32_t seen;

	while (!is_released(release, seen = __atomic_load_n(release->word, __ATOMIC_ACQUIRE))) {
		/* not FUTEX_PRIVATE_FLAG: mm_release wakes the shared key (hazard 8) */
		long result = CALL(__NR_futex, release->word, FUTEX_WAIT, seen, &look);

		if (result != -ETIMEDOUT)
			continue;
		if (has_let_go(release))
			return;
		if (look.ns < LAST_LOOK_NS)
			look.ns *= 2;
	}
}
