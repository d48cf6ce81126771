// SPDX-License-Identifier: MIT
#include "release.h"

#include <linux/futex.h>
#include <linux/kcmp.h>

#include "behaviour.h"
#include "call.h"
#include "killable.h"

/* P_PID and wait options, linux/wait.h; setpgid's answer to "has it called execve" */
#define P_PID_TYPE 1
#define LOOKS (0x00000001 | 0x00000004 | 0x01000000 | 0x40000000) /* WNOHANG WEXITED WNOWAIT __WALL */
#define NO_SUCH_GROUP 0x3fffffff

/*
 * The second way to learn of the end: the kernel leaves the word alone on a core dump before 5.16, and after
 * set_tid_address(2) in the child (hazards 9 and 10). It must not reap and must not open a descriptor.
 */
static _Bool looks_gone(const struct release *release)
{
	struct info info = { 0 };
	long result;

	if (behaviour->trusts_the_word)
		return 0;
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

static _Bool says_released(const struct release *release, uint32_t word)
{
	return release->by_owner_death ? !!(word & FUTEX_OWNER_DIED) : word == 0;
}

_Bool child_has_let_go(const struct release *release, int64_t patience_ns)
{
	struct timespec64 patience = { patience_ns / 1000000000, patience_ns % 1000000000 };
	uint32_t seen;

	while (!says_released(release, seen = __atomic_load_n(release->word, __ATOMIC_ACQUIRE))) {
		killable_follow(release->frame, release->parent);
		/* not FUTEX_PRIVATE_FLAG: mm_release wakes the shared key (hazard 8) */
		if (CALL(__NR_futex, release->word, FUTEX_WAIT, seen, &patience) == -ETIMEDOUT)
			return looks_gone(release);
	}
	return 1;
}
