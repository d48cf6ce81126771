/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_H
#define IMAGE_H

#include "kernel.h"

/*
 * Looks at the program that an execveat(directory, path, flags) would start. Says on descriptor 2 why, and returns
 * -EPERM, if the shim could never get into it and its first trapped call would be its death; else 0, and the kernel
 * decides.
 */
long image_check(long directory, uintptr_t path, uint64_t flags);

#endif
