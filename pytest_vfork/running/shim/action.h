/* SPDX-License-Identifier: MIT */
#ifndef ACTION_H
#define ACTION_H

#include "task.h"

/* Makes the shim the handler of SIGSYS. */
void action_install(void);
/*
 * What CLONE_CLEAR_SIGHAND does: handlers go, ignored signals stay ignored. The kernel has done its part, SIGSYS
 * included.
 */
void action_clear(struct dispositions *dispositions);

#endif
