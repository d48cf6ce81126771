// SPDX-License-Identifier: MIT
/* What load_elf_binary (fs/binfmt_elf.c) would make of a file, and whether ld.so would preload the shim into it. */
#include "image-elf.h"

#include <asm/fcntl.h>

#include "call.h"
#include "config.h"
#include "image.h"
#include "parts.h"
#include "text.h"

#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif
#ifndef DT_FLAGS_1
#define DT_FLAGS_1 0x6ffffffb
#endif
#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD */
#define NAME_SIZE 4096 /* PATH_MAX */
#define PHDR32_SIZE 32 /* sizeof(Elf32_Phdr) */

static uint64_t offset_of(struct parts *parts, uint64_t address)
{
	const Elf64_Phdr *part;
	unsigned int i;

	for (i = 0; (part = parts_get(parts, i)); i++)
		if (part->p_type == PT_LOAD && address - part->p_vaddr < part->p_filesz)
			return part->p_offset + (address - part->p_vaddr);
	return 0;
}

/* Whether this stands in the file, between two offsets. */
static _Bool has_text(long file, uint64_t from, uint64_t end, const char *text, size_t size)
{
	char some[1024];

	while (from < end) {
		long got = CALL(__NR_pread64, file, some, end - from < sizeof(some) ? end - from : sizeof(some), from);
		const char *at = some;

		if (is_error(got) || (size_t)got < size)
			return 0;
		for (; at + size <= some + got; at++)
			if (!memcmp(at, text, size))
				return 1;
		from += (size_t)got - size + 1;
	}
	return 0;
}

/*
 * Every loader has what objects ask of theirs (psABI: __tls_get_addr), whatever it is called: musl's need not say a DT_SONAME. It is no PIE,
 * and asks for nothing.
 */
static _Bool is_loader(struct parts *parts, uint64_t dynamic, struct elf *elf)
{
	static const char offered[] = "\0__tls_get_addr", of_glibc[] = "\0ld-linux";
	Elf64_Dyn entries[64];
	long size = CALL(__NR_pread64, parts->file, entries, sizeof(entries), dynamic);
	uint64_t names = 0, names_size = 0;
	unsigned int i;

	for (i = 0; !is_error(size) && i < (unsigned long)size / sizeof(entries[0]) && entries[i].d_tag; i++) {
		const Elf64_Dyn *entry = &entries[i];

		if (entry->d_tag == DT_NEEDED || (entry->d_tag == DT_FLAGS_1 && entry->d_un.d_val & DF_1_PIE))
			return 0;
		if (entry->d_tag == DT_STRTAB)
			names = offset_of(parts, entry->d_un.d_ptr);
		if (entry->d_tag == DT_STRSZ)
			names_size = entry->d_un.d_val;
	}
	elf->is_of_glibc = names && has_text(parts->file, names, names + names_size, of_glibc, sizeof(of_glibc) - 1);
	elf->is_loader = names && has_text(parts->file, names, names + names_size, offered, sizeof(offered));
	return elf->is_loader;
}

static _Bool is_for_64_bits(const Elf64_Ehdr *header)
{
	/* EI_CLASS the kernel does not look at */
	return header->e_machine == EM_X86_64 && header->e_phentsize == sizeof(Elf64_Phdr);
}

/* Whether the file of this name is a program that is no loader, and will preload nothing. What it lacks otherwise the kernel will say. */
static _Bool is_something_else(const char *path)
{
	long file = CALL(__NR_openat, CURRENT_DIRECTORY, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const Elf64_Phdr *part = NULL;
	struct elf found = { 0 };
	struct parts parts;
	Elf64_Ehdr header;
	unsigned int i;
	_Bool result = 0;

	if (is_error(file))
		return 0;
	if (CALL(__NR_pread64, file, &header, sizeof(header), 0) == sizeof(header) && !memcmp(header.e_ident, ELFMAG, SELFMAG) &&
	    is_for_64_bits(&header)) {
		parts_begin(&parts, file, &header, sizeof(header));
		for (i = 0; (part = parts_get(&parts, i)) && part->p_type != PT_DYNAMIC; i++)
			;
		result = !part || !is_loader(&parts, part->p_offset, &found);
	}
	CALL(__NR_close, file);
	return result;
}

static long judge_interpreter(const char *path, size_t size, struct elf *elf)
{
	const char *name = last_part(path);

	if (path[size - 1])
		return IMAGE_DYNAMIC; /* ENOEXEC */
	elf->is_of_glibc = starts_with(name, "ld-linux");
	/* so it need not be opened for nearly every program that there is */
	if (elf->is_of_glibc || starts_with(name, "ld-musl") || !is_something_else(path))
		return IMAGE_DYNAMIC;
	elf->is = "has an interpreter that is no loader";
	elf->reason = "that knows no LD_PRELOAD";
	return -EPERM;
}

/* By itself, for so much stack is one more page to touch in each exec. */
static __attribute__((noinline)) long read_interpreter(long file, const Elf64_Phdr *part, struct elf *elf)
{
	char room[NAME_SIZE + 1];

	if (CALL(__NR_pread64, file, room, part->p_filesz, part->p_offset) != (long)part->p_filesz)
		return IMAGE_DYNAMIC;
	room[part->p_filesz] = 0;
	return judge_interpreter(room, part->p_filesz, elf);
}

static long look_at_interpreter(long file, const char *head, size_t size, const Elf64_Phdr *part, struct elf *elf)
{
	if (part->p_filesz < 2 || part->p_filesz > NAME_SIZE)
		return IMAGE_DYNAMIC; /* ENOEXEC */
	if (part->p_offset < size && part->p_filesz <= size - part->p_offset && !head[part->p_offset + part->p_filesz - 1])
		return judge_interpreter(head + part->p_offset, part->p_filesz, elf);
	return read_interpreter(file, part, elf);
}

static _Bool is_for_32_bits(const Elf64_Ehdr *header)
{
	const Elf32_Ehdr *other = (const Elf32_Ehdr *)header;

	return header->e_ident[EI_CLASS] == ELFCLASS32 ||
	       ((other->e_machine == EM_386 || other->e_machine == EM_X86_64) && other->e_phentsize == PHDR32_SIZE);
}

long elf_look(long file, const char *head, long size, struct elf *elf)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)head;
	const Elf64_Phdr *part;
	struct parts parts;
	uint64_t dynamic = 0;
	unsigned int i;
	_Bool has_load = 0;

	if (size < (long)sizeof(*header))
		return IMAGE_DYNAMIC;
	if (!is_for_64_bits(header))
		return is_for_32_bits(header) ? IMAGE_WITHOUT_SHIM : IMAGE_DYNAMIC;
	if ((header->e_type != ET_EXEC && header->e_type != ET_DYN) || header->e_phnum > PARTS_AT_MOST)
		return IMAGE_DYNAMIC;
	parts_begin(&parts, file, head, (size_t)size);
	for (i = 0; (part = parts_get(&parts, i)); i++) {
		if (part->p_type == PT_INTERP)
			return look_at_interpreter(file, head, (size_t)size, part, elf);
		if (part->p_type == PT_DYNAMIC)
			dynamic = part->p_offset;
		has_load |= part->p_type == PT_LOAD;
	}
	if (i < parts.count || !has_load)
		return IMAGE_DYNAMIC;
	return dynamic && header->e_type == ET_DYN && is_loader(&parts, dynamic, elf) ? IMAGE_DYNAMIC : IMAGE_STATIC;
}
