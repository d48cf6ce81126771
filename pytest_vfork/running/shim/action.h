/* SPDX-License-Identifier: MIT */
#ifndef ACTION_H
#define ACTION_H

#include "task.h"

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE 1

/* Makes the shim the handler of SIGSYS. */
void action_install(void);
/*
 * What CLONE_CLEAR_SIGHAND does: handlers go, ignored signals stay ignored. The kernel has done its part, SIGSYS
 * included.
 */
void action_clear(struct dispositions *dispositions);

static inline _Bool is_handler(uintptr_t handler)
{
	return handler != HANDLER_DEFAULT && handler != HANDLER_IGNORE;
}

#endif
