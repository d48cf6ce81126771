// SPDX-License-Identifier: MIT
#include "gate.h"

#include <linux/mman.h>

#include "call.h"
#include "text.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define PAGE 4096

extern const char shim_gate_begin[], shim_gate_end[], shim_gate_call[], shim_gate_leave[], shim_gate_outside[];

struct gate shim_gate;

static void open_at(uintptr_t begin)
{
	shim_gate.call = begin + (ARG(shim_gate_call) - ARG(shim_gate_begin));
	shim_gate.leave = begin + (ARG(shim_gate_leave) - ARG(shim_gate_begin));
	shim_gate.outside = begin + (ARG(shim_gate_outside) - ARG(shim_gate_begin));
}

_Bool gate_is_home(void)
{
	return gate_has(ARG(shim_gate_begin));
}

long gate_open(void)
{
	long at;

	open_at(ARG(shim_gate_begin));
	if (gate_is_home())
		return 0;
	/* these calls are not trapped, so they may be made from anywhere */
	at = call6(__NR_mmap, SHIM_SPARE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0);
	if (is_error(at))
		return at;
	if (at != SHIM_SPARE) /* Linux before 4.17 takes it as a hint */
		return -EEXIST;
	memcpy((void *)at, shim_gate_begin, ARG(shim_gate_end) - ARG(shim_gate_begin));
	at = CALL(__NR_mprotect, at, PAGE, PROT_READ | PROT_EXEC);
	if (!at)
		open_at(SHIM_SPARE);
	return at;
}
