/* SPDX-License-Identifier: MIT */
/*
 * What signals do, as the application believes it: shared by threads (CLONE_SIGHAND), copied for a vfork child. It lives as long as a task
 * has it, like the kernel's sighand_struct, and not as long as the one that had it first.
 */
#ifndef DISPOSITIONS_H
#define DISPOSITIONS_H

#include "kernel.h"

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE 1

/* A SIGSYS that is kept, see pending.h. */
struct pending {
	uint32_t state;
	int32_t pid; /* who has got it: a plain fork, which nobody traps, has a copy of it, and has got nothing (fork(2)) */
	struct info info;
};

struct dispositions {
	uint32_t users; /* tasks; 0: free */
	uint32_t changes; /* of `handled`: a parent that waits blocks what has a handler, see killable.c */
	struct pending pending; /* not a disposition, but as far shared: of the process */
	sigset handled; /* a handler is installed */
	sigset one_shot; /* with SA_RESETHAND: ask the kernel before believing `handled` */
	sigset mask_has_sigsys; /* SIGSYS was in sa_mask: kept from the kernel, shown to the application */
	sigset queries; /* rt_sigaction without a new action is trapped for these: filter_queries() */
	/* of SA_ONSTACK handlers, which the kernel enters through the shim, and of SIGSYS */
	struct action actions[SIGNALS + 1];
};

/* Those of the first task. */
struct dispositions *dispositions_first(void);
/* The same ones for one more task. */
struct dispositions *dispositions_share(struct dispositions *all);
/* A copy for another task; NULL: no memory. */
struct dispositions *dispositions_copy(const struct dispositions *all);
/* What has a handler now, with SA_RESETHAND counted. */
sigset dispositions_handled(const struct dispositions *all);

/* A task that had them is no more. */
static inline void dispositions_leave(struct dispositions *all)
{
	__atomic_fetch_sub(&all->users, 1, __ATOMIC_ACQ_REL);
}

static inline _Bool is_handler(uintptr_t handler)
{
	return handler != HANDLER_DEFAULT && handler != HANDLER_IGNORE;
}

#endif
