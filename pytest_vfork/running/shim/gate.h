/* SPDX-License-Identifier: MIT */
/*
 * Where system calls of the shim's own are made. The filter tells them by their place: one range for every image, so that an exec adds no
 * filter. The object is linked at SHIM_HOME, which ld.so and musl take as a wish, and kernels grant it as long as nothing lies there. An
 * image that does not get it maps a copy of the few instructions of gate.S at SHIM_SPARE.
 *
 * The place: above everything that a program maps by itself (its mmap region ends 1 TiB and a bit below the top of the stack, that of
 * vm.mmap_rnd_bits=32 16 TiB), and memory of an application's for the address, thread and memory sanitizers.
 */
#ifndef GATE_H
#define GATE_H

/* no suffixes, for assembler and the linker's flags read these too */
#define SHIM_HOME 0x7e9000000000 /* flags-gnu.txt and home.lds have it too */
#define SHIM_HOME_SIZE 0x200000
#define SHIM_SPARE 0x7e9040000000
/* What is left of an address in either place: SHIM_HOME */
#define SHIM_PLACE_MASK (~((SHIM_SPARE - SHIM_HOME) | (SHIM_HOME_SIZE - 1)))

#ifndef __ASSEMBLER__

#include "kernel.h"

/* Where this image has them; entry.S knows the order. */
struct gate {
	uintptr_t call; /* a system call, then `ret` */
	uintptr_t leave; /* rt_sigreturn from the frame at %rsp - 8 */
	uintptr_t outside; /* a call that runs when the handler has been left, see waits.c */
};

extern struct gate shim_gate __attribute__((visibility("hidden")));

/* To be called first of all; -errno: neither place could be had. */
long gate_open(void);
/* Whether the whole object is where it was linked to be: the unwinder knows what is there. */
_Bool gate_is_home(void);

static inline _Bool gate_has(uintptr_t address)
{
	return (address & SHIM_PLACE_MASK) == SHIM_HOME;
}

#endif
#endif
