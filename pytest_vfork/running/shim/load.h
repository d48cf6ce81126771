/* SPDX-License-Identifier: MIT */
/*
 * The loader of static images. Nothing can be preloaded into these, so the exec of one becomes an exec of the shim's own file, which has an
 * entry point for it. There the shim is ready before anything is trapped; then it does what the kernel would have done with the image
 * (fs/binfmt_elf.c), and jumps to it.
 *
 *	static.c	the handler's part: from the exec of the image to that of the shim
 *	load.S		the first and the last instructions
 *	load-self.c	the object moves to SHIM_HOME by itself, for there is no ld.so
 *	load.c		the order of all this
 *	load-map.c	the image's segments
 *	load-stack.c	arguments, environment and auxiliary vector as the kernel lays them out
 *	load-mm.c	what the kernel knows of an image: its name, its break, its file
 *
 * It is also a command: `vfork-shim.so PROGRAM ARGUMENT...`, with VFORK_SHIM set, starts any program under the shim, static or not.
 */
#ifndef LOAD_H
#define LOAD_H

#include <linux/elf.h>

#include "kernel.h"

/* VFORK_SHIM_IMAGE=descriptor:name, the last variable, for a program may have one of that name itself: what to load, and how it was called; with '!' the process gets the name of the file */
#define IMAGE "VFORK_SHIM_IMAGE="
#define IMAGE_ROOM (4096 + 64) /* of its value: PATH_MAX after "N:/dev/fd/N/" */

struct auxiliary {
	uint64_t tag, value;
};

/* What the kernel left on the stack. */
struct start {
	uint64_t *argc;
	char **argv, **env; /* each ends with NULL */
	struct auxiliary *auxiliary; /* ends with AT_NULL */
	size_t auxiliary_size; /* in bytes */
};

struct start load_read_start(uint64_t *sp);
struct auxiliary *load_find(const struct start *start, uint64_t tag);

/* Where an image is. */
struct loaded {
	uintptr_t entry, headers;
	uint64_t headers_count;
	uintptr_t start_code, end_code, start_data, end_data, end;
	_Bool is_anywhere, has_executable_stack;
};

/* Maps the image of this descriptor; 0, or -errno, after which there is no way back. */
long load_map(long file, struct loaded *loaded);

/* Takes our variables out and makes `name` the one that the image was executed by; returns the stack pointer. */
uint64_t *load_stack(struct start *start, const char *name, const struct loaded *loaded);

/* Tells the kernel what it would have known. `file` becomes /proc/self/exe, if that may be; `name` NULL: the process has that of the file. */
void load_tell(long file, const char *name, const struct start *start, const struct loaded *loaded);

void load_go(uintptr_t entry, uint64_t *sp) __attribute__((noreturn));

#endif
