// SPDX-License-Identifier: MIT
#include "release.h"

#include <linux/futex.h>
#include <linux/kcmp.h>

#include "behaviour.h"
#include "call.h"
#include "gone.h"
#include "killable.h"
#include "traced.h"

/*
 * The second way to learn of the end: the kernel leaves the word alone on a core dump before 5.16, and after
 * set_tid_address(2) in the child (hazards 9 and 10). It must not reap and must not open a descriptor.
 */
static _Bool looks_gone(const struct release *release)
{
	long result;

	if (behaviour->trusts_the_word)
		return 0;
	if (!release->by_owner_death) {
		/* 0: same memory. A zombie has none. */
		result = CALL(__NR_kcmp, CALL(__NR_gettid), release->child, KCMP_VM, 0, 0);
		if (result >= 0)
			return result != 0;
	}
	return process_has_let_go(release->child);
}

static _Bool says_released(const struct release *release, uint32_t word)
{
	return release->by_owner_death ? !!(word & FUTEX_OWNER_DIED) : word == 0;
}

_Bool child_has_let_go(const struct release *release, int64_t patience_ns)
{
	struct timespec64 patience = { patience_ns / 1000000000, patience_ns % 1000000000 };
	uint32_t seen;
	long result;

	while (!says_released(release, seen = __atomic_load_n(release->word, __ATOMIC_ACQUIRE))) {
		killable_follow(release->frame, release->parent);
		/* not FUTEX_PRIVATE_FLAG: mm_release wakes the shared key (hazard 8) */
		result = CALL(__NR_futex, release->word, FUTEX_WAIT, seen, &patience);
		if (result == -EPERM || result == -ENOSYS) /* a filter of the application's own: it costs a processor */
			CALL(__NR_sched_yield);
		if (result != -ETIMEDOUT)
			continue;
		if (release->is_traced && *release->is_traced)
			traced_go_on(release->child);
		return looks_gone(release);
	}
	return 1;
}
