/* SPDX-License-Identifier: MIT */
/* What each mode does with a vfork-family call. A fault is a departure from one of these rows. */
#ifndef BEHAVIOUR_H
#define BEHAVIOUR_H

#include "shim.h"

enum suspender {
	NOBODY_SUSPENDS,
	KERNEL_SUSPENDS, /* CLONE_VFORK is passed on */
	SHIM_SUSPENDS, /* CLONE_VFORK never reaches the kernel, suspend_until_released() waits */
};

struct behaviour {
	const char *name;
	_Bool shares_memory; /* CLONE_VM of a vfork-family call is passed on */
	enum suspender suspender;
};

/* indexed by enum vfork_shim_mode; rows without a name are no modes */
extern const struct behaviour behaviours[VFORK_SHIM_EMULATE + 1];
/* the row in force */
extern const struct behaviour *behaviour;

#endif
