/* SPDX-License-Identifier: MIT */
/*
 * System calls of the shim itself. Each carries a cookie in the sixth argument, unused by the calls that the filter
 * traps, so that the filter lets it through. A constant, not an instruction address: one filter must serve every
 * image after execve, wherever it is.
 */
#ifndef CALL_H
#define CALL_H

#include "kernel.h"

#define COOKIE 0x9e3779b97f4a7c55ull
#define COOKIE_HIGH 0x7f4a7c55 /* no suffix, for assembler reads it too; in the unused upper half of an int argument, where the sixth is taken */

#define INLINE static inline __attribute__((always_inline))

INLINE long call6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define ARG(x) ((uint64_t)(uintptr_t)(x))
#define CALL_N(nr, a, b, c, d, e, ...) call6(nr, ARG(a), ARG(b), ARG(c), ARG(d), ARG(e), COOKIE)
/* up to five arguments, missing ones are 0 */
#define CALL(...) CALL_N(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

INLINE int is_error(long result)
{
	return (unsigned long)result > -4096ul;
}

#endif
