/* SPDX-License-Identifier: MIT */
/* The program headers of an ELF file, a few at a time: there may be 64 KiB of them, and who asks has a slot's stack. */
#ifndef PARTS_H
#define PARTS_H

#include <linux/elf.h>

#include "kernel.h"

#define PARTS_AT_MOST (65536 / sizeof(Elf64_Phdr)) /* the kernel takes no more: load_elf_phdrs */
#define PARTS_AT_ONCE 16

struct parts {
	long file;
	uint64_t offset;
	unsigned int count;
	const Elf64_Phdr *some; /* from, from + 1, ... */
	unsigned int from, have;
	Elf64_Phdr room[PARTS_AT_ONCE];
};

/* `head` is what has been read of the file already, `size` bytes from its start, one header of the file at the least. */
void parts_begin(struct parts *parts, long file, const void *head, size_t size);
/* The one with this number, until the next call; NULL: there is none, or it cannot be read. */
const Elf64_Phdr *parts_get(struct parts *parts, unsigned int number);

#endif
