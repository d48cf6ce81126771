// SPDX-License-Identifier: MIT
#include "behaviour.h"

const struct behaviour behaviours[VFORK_SHIM_EMULATE + 1] = {
	[VFORK_SHIM_FORK] = { "fork", .shares_memory = 0, .suspender = NOBODY_SUSPENDS },
	[VFORK_SHIM_REISSUE] = { "reissue", .shares_memory = 1, .suspender = KERNEL_SUSPENDS },
	[VFORK_SHIM_EMULATE] = { "emulate", .shares_memory = 1, .suspender = SHIM_SUSPENDS },
};

const struct behaviour *behaviour = &behaviours[VFORK_SHIM_REISSUE];
