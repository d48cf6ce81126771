// SPDX-License-Identifier: MIT
/* The default: nobody but the child decides. */
#include "suspend.h"

#define FIRST_LOOK_NS 10000000
#define LAST_LOOK_NS 80000000

void suspend_until_released(const struct release *release)
{
	int64_t patience_ns = FIRST_LOOK_NS;

	while (!child_has_let_go(release, patience_ns))
		if (patience_ns < LAST_LOOK_NS)
			patience_ns *= 2;
}
