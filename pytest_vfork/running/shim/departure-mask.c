// SPDX-License-Identifier: MIT
/* Faults in what gets through to a parent that waits. */
#include "departure.h"

sigset depart_mask(sigset own, sigset handled, sigset dumps_core, sigset stops)
{
	if (behaviour->blocks_fatal)
		return ~0ull;
	if (behaviour->lets_handlers_run)
		handled = 0;
	if (behaviour->lets_core_dump)
		dumps_core = BIT(SIGSYS);
	if (behaviour->lets_stop)
		stops = 0;
	return own | handled | dumps_core | stops;
}
