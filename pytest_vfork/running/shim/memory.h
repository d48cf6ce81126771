/* SPDX-License-Identifier: MIT */
/*
 * Whether memory of the application's may be touched: where the kernel answers EFAULT, the shim must not die of
 * SIGSEGV.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "call.h"

/*
 * rt_sigprocmask copies the new set in before it looks at anything else, and the shim runs with every signal blocked,
 * so blocking any set changes nothing: a read probe for one cheap system call, and a write probe that leaves the mask
 * behind. Refused by a filter of the application's own they tell nothing, and then the memory is believed to be there.
 */
INLINE _Bool can_read8(uintptr_t address)
{
	return CALL(__NR_rt_sigprocmask, SIG_BLOCK, address, 0, SIGSET_SIZE) != -EFAULT;
}

INLINE _Bool can_overwrite8(uintptr_t address)
{
	return CALL(__NR_rt_sigprocmask, SIG_BLOCK, 0, address, SIGSET_SIZE) != -EFAULT;
}

_Bool can_read(uintptr_t address, size_t size);
/* Leaves the mask behind in some of it. */
_Bool can_overwrite(uintptr_t address, size_t size);
/* Leaves nothing behind, but for a moment: for what nobody else looks at. */
_Bool can_change8(uintptr_t address);

/* The page of the stack pointer can be used: a probe less for the commonest place of an argument. */
INLINE _Bool is_at_stack(uintptr_t sp, uintptr_t address, size_t size)
{
	return !((address ^ sp) >> 12) && !(((address + size - 1) ^ sp) >> 12);
}

/* Remembers the last page that was readable, for walks. */
struct reader {
	uintptr_t page;
};

_Bool reader_sees(struct reader *reader, uintptr_t address);

/* Writes a word as the kernel's put_user would: nothing happens if the address is bad. */
void put_word(uintptr_t address, uint32_t value);

#endif
