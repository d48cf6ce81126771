// SPDX-License-Identifier: MIT
#include "behaviour.h"

#include <linux/sched.h>

#include "call.h"

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

/* What deeds point to; aligned as the kernel reads them. */
static const uint64_t every_processor[16] = { [0 ... 15] = ~0ull };
static const int no_priority = 0;
static const char helper_name[] = "helper";
static const uint32_t own_capabilities[2] = { 0x20080522, 0 }; /* _LINUX_CAPABILITY_VERSION_3, linux/capability.h */
static const uint32_t no_capabilities[6] = { 0 };
static int new_timer;

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
