/* SPDX-License-Identifier: MIT */
/* System calls of the shim itself. They are made in one place that the filter lets through: gate.h. */
#ifndef CALL_H
#define CALL_H

#include "gate.h"
#include "invariants.h"

#define INLINE static inline __attribute__((always_inline))

INLINE long call6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	/* it uses the stack below %rsp: hence -mno-red-zone */
	__asm__ volatile("call *%[gate]"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), [gate] "m"(shim_gate.call)
			 : "rcx", "r11", "memory", "cc");
	invariant_call(nr, result);
	return result;
}

#define ARG(x) ((uint64_t)(uintptr_t)(x))
#define CALL_N(nr, a, b, c, d, e, ...) call6(nr, ARG(a), ARG(b), ARG(c), ARG(d), ARG(e), 0)
/* up to five arguments, missing ones are 0 */
#define CALL(...) CALL_N(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

INLINE int is_error(long result)
{
	return (unsigned long)result > -4096ul;
}

#endif
