// SPDX-License-Identifier: MIT
#include "parts.h"

#include "call.h"

void parts_begin(struct parts *parts, long file, const void *head, size_t size)
{
	const Elf64_Ehdr *header = head;

	parts->file = file;
	parts->offset = header->e_phoff;
	parts->count = header->e_phnum;
	parts->from = parts->have = 0;
	/* as linkers lay it out; e_phoff may be any number */
	if (header->e_phoff <= size && parts->count <= (size - header->e_phoff) / sizeof(*parts->some)) {
		parts->some = (const Elf64_Phdr *)((const char *)head + header->e_phoff);
		parts->have = parts->count;
	}
}

const Elf64_Phdr *parts_get(struct parts *parts, unsigned int number)
{
	unsigned int count = parts->count - number;
	long size;

	if (number >= parts->count)
		return NULL;
	if (number - parts->from < parts->have)
		return &parts->some[number - parts->from];
	if (count > PARTS_AT_ONCE)
		count = PARTS_AT_ONCE;
	size = CALL(__NR_pread64, parts->file, parts->room, count * sizeof(*parts->room), parts->offset + number * sizeof(*parts->room));
	parts->some = parts->room;
	parts->from = number;
	parts->have = is_error(size) ? 0 : (unsigned int)((unsigned long)size / sizeof(*parts->room));
	return parts->have ? parts->room : NULL;
}
