/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_H
#define IMAGE_H

#include "kernel.h"

/*
 * Looks at the program that an execveat(directory, path, flags) would start. Says on descriptor 2 why, and returns
 * -EPERM, if the shim could never get into it and its first trapped call would be its death; 1 for one that runs without it and is not
 * trapped (32 bits); else 0, and the kernel decides.
 */
long image_check(long directory, uintptr_t path, uint64_t flags);
/* Whether, as things are, it could open the shim where that lies: after chroot, or with another user's rights, ld.so may not. */
_Bool image_finds_shim(void);
/* Says that it cannot; -EPERM. */
long image_refuse(long directory, uintptr_t path);

#endif
