// SPDX-License-Identifier: MIT
/*
 * The kernel's own wait is killable, not interruptible (wait_for_vfork_done: TASK_KILLABLE): a signal whose default
 * is to end the process without a core ends it at once (kernel/signal.c, complete_signal), all others wait. So: block
 * what has a handler, what dumps core, what stops. Signals that are ignored stay open: blocked they would be queued
 * instead of dropped. SIGSTOP cannot be blocked (hazards 11 and 12).
 *
 * What counts is the action at the time of the signal, and another thread may change it meanwhile: who does wakes those
 * that wait, and goes on when each has its new mask. A handler is installed after that, for it would run at once in a
 * parent that does not block it yet.
 */
#include "killable.h"

#include <linux/futex.h>

#include "action.h"
#include "call.h"
#include "departure.h"
#include "slot.h"

#define DUMPS_CORE                                                                                             \
	(BIT(SIGQUIT) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | \
	 BIT(SIGXCPU) | BIT(SIGXFSZ) | BIT(SIGSYS))
#define STOPS (BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

#define PAUSE_NS 1000000
#define ABSENT_AFTER 30 /* pauses */
#define AWAKE_FOR 1000

sigset killable_mask(const struct frame *frame, const struct task *task)
{
	const sigset handled = dispositions_handled(task->dispositions);

	/* not SIGSYS, for a handler that another thread installs meanwhile may make calls; what is sent is kept (deliver_sigsys) */
	if (behaviour->departs)
		return depart_mask(frame->mask, handled, DUMPS_CORE, STOPS) & ~BIT(SIGSYS);
	return (frame->mask | handled | DUMPS_CORE | STOPS) & ~BIT(SIGSYS);
}

sigset killable_block(const struct frame *frame, const struct task *task)
{
	sigset mask = killable_mask(frame, task);

	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGSET_SIZE);
	return mask;
}

sigset killable_begin(const struct frame *frame, struct task *task, uint32_t *word)
{
	task_waits(task, word); /* first: who changes `handled` after we read it finds us */
	task->seen_changes = __atomic_load_n(&task->dispositions->changes, __ATOMIC_SEQ_CST);
	return killable_block(frame, task);
}

void killable_end(struct task *task)
{
	task_waits(task, NULL);
}

void killable_follow(const struct frame *frame, struct task *task)
{
	uint32_t changes = __atomic_load_n(&task->dispositions->changes, __ATOMIC_SEQ_CST);

	if (changes == task->seen_changes || behaviour->waits_with_first_mask)
		return;
	killable_block(frame, task);
	__atomic_store_n(&task->seen_changes, changes, __ATOMIC_SEQ_CST);
	CALL(__NR_futex, &task->seen_changes, FUTEX_WAKE, 1);
}

/*
 * A parent that is about to sleep misses its wake, so it is woken again until it answers. One that was never found
 * asleep is none: it was killed as it waited, or a plain fork copied its slot. One that waits for a scheduler instead
 * of its word (suspend.h) is one of these too, and takes note when it looks.
 */
static void tell(struct task *parent, uint32_t changes)
{
	const struct timespec64 pause = { 0, PAUSE_NS };
	uint32_t *word, seen;
	int pauses = ABSENT_AFTER;

	while ((word = __atomic_load_n(&parent->waits_for, __ATOMIC_SEQ_CST)) &&
	       (int32_t)((seen = __atomic_load_n(&parent->seen_changes, __ATOMIC_SEQ_CST)) - changes) < 0) {
		if (CALL(__NR_futex, word, FUTEX_WAKE, 1) == 1)
			pauses = AWAKE_FOR;
		if (!pauses--)
			return;
		CALL(__NR_futex, &parent->seen_changes, FUTEX_WAIT, seen, &pause);
	}
}

void killable_tell(struct dispositions *dispositions)
{
	uint32_t changes = __atomic_add_fetch(&dispositions->changes, 1, __ATOMIC_SEQ_CST);
	struct task *task;

	if (!slot_any_waits())
		return;
	for (task = task_first(); task; task = slot_after(task))
		if (task->dispositions == dispositions)
			tell(task, changes);
}
