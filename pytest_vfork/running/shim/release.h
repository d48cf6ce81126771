/* SPDX-License-Identifier: MIT */
/* How a parent learns that its vfork child has let go of it: by exec, by exit or by death. */
#ifndef RELEASE_H
#define RELEASE_H

#include "kernel.h"

struct release {
	uint32_t *word; /* the kernel changes it, and wakes who waits for it, when the child execs, exits or dies */
	_Bool by_owner_death; /* released is FUTEX_OWNER_DIED; else 0 */
	int32_t child; /* its pid */
	const _Bool *is_traced; /* by its parent; or NULL */
	const struct frame *frame; /* of the parent, and the parent: for its mask, which child_has_let_go() keeps true */
	struct task *parent;
};

/*
 * Whether the child has let go of its parent's memory (the kernel: mm_release), or of its own copy. Sleeps until it
 * has, at most so long; after that it looks in a way that needs no word, which costs three system calls at most. 0
 * looks without sleeping. Once true it stays true, but a pid may then be given anew: do not ask again.
 */
_Bool child_has_let_go(const struct release *release, int64_t patience_ns);

#endif
