// SPDX-License-Identifier: MIT
#include "behaviour.h"

#include <linux/sched.h>

const struct behaviour behaviours[VFORK_SHIM_EMULATE + 1] = {
	[VFORK_SHIM_FORK] = { "fork", .shares_memory = 0, .suspender = NOBODY_SUSPENDS },
	[VFORK_SHIM_REISSUE] = { "reissue", .shares_memory = 1, .suspender = KERNEL_SUSPENDS },
	[VFORK_SHIM_EMULATE] = { "emulate", .shares_memory = 1, .suspender = SHIM_SUSPENDS },
};

const struct behaviour *behaviour = &behaviours[VFORK_SHIM_REISSUE];

/* arrays, not pointers: an address in a constant would be a relocation for ld.so at every exec */
static const char names[FAULTS][48] = {
#define FAULT(name, modes, soundness, areas, title, models, change) [FAULT_##name] = #name,
#include "faults.def"
#undef FAULT
};

const char *fault_name(int fault)
{
	return names[fault];
}

_Bool fault_is(int fault, const char *text, size_t size)
{
	const char *name = names[fault];
	size_t i;

	for (i = 0; i < size && name[i]; i++)
		if (text[i] != name[i] && !(text[i] == '-' && name[i] == '_'))
			return 0;
	return i == size && !name[i];
}

void behaviour_depart(int fault)
{
	static struct behaviour row;
	struct behaviour *b = &row;

	row = *behaviour;
	row.departs = 1;
	switch (fault) {
#define FAULT(name, modes, soundness, areas, title, models, change) \
	case FAULT_##name:                                          \
		change;                                             \
		break;
#include "faults.def"
#undef FAULT
	}
	behaviour = &row;
}
