/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include "kernel.h"

/* What an ELF file is to the shim. */
struct elf {
	const char *is, *reason; /* why it is refused */
	_Bool is_loader; /* ld.so itself: what runs is one of its arguments */
	_Bool is_of_glibc; /* its loader knows LD_TRACE_LOADED_OBJECTS */
};

/* enum image_kind, or -EPERM: it is refused. `head` is the first `size` bytes of the file. */
long elf_look(long file, const char *head, long size, struct elf *elf);

#endif
