// SPDX-License-Identifier: MIT
#include "dispositions.h"

#include "call.h"
#include "slot.h"
#include "text.h"

#define KEPT offsetof(struct dispositions, handled) /* of the life of the cell, not of what is in it */

struct dispositions *dispositions_first(void)
{
	return &cells_of_object[0];
}

struct dispositions *dispositions_share(struct dispositions *all)
{
	__atomic_fetch_add(&all->users, 1, __ATOMIC_ACQ_REL);
	return all;
}

struct dispositions *dispositions_copy(const struct dispositions *all)
{
	struct dispositions *copy = slot_find_dispositions();

	if (!copy)
		return NULL;
	copy->changes = 0;
	copy->pending.state = 0; /* fork(2): a child has no pending signals */
	memcpy((char *)copy + KEPT, (const char *)all + KEPT, sizeof(*copy) - KEPT);
	return copy;
}

/* SA_RESETHAND handlers that have run: the kernel knows, the shadow does not. */
sigset dispositions_handled(const struct dispositions *all)
{
	sigset handled = all->handled, ask = handled & all->one_shot;

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
