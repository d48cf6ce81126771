// SPDX-License-Identifier: MIT
/* The segments of a static image, as load_elf_binary of fs/binfmt_elf.c maps them. */
#include <linux/mman.h>

#include "call.h"
#include "load.h"
#include "parts.h"
#include "text.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define PAGE 4096ul
#define DOWN(address) ((address) & ~(PAGE - 1))
#define UP(address) DOWN((address) + PAGE - 1)
#define NO_FILE ((uint64_t)-1)
#define USER_END 0x7ffffffff000ul /* TASK_SIZE_MAX */

static long map(uintptr_t at, size_t size, int protection, int flags, uint64_t file, uint64_t offset)
{
	return call6(__NR_mmap, at, size, (uint64_t)protection, (uint64_t)(MAP_PRIVATE | flags), file, offset);
}

static int protection_of(const Elf64_Phdr *part)
{
	return (part->p_flags & PF_R ? PROT_READ : 0) | (part->p_flags & PF_W ? PROT_WRITE : 0) | (part->p_flags & PF_X ? PROT_EXEC : 0);
}

/* What is beyond the file's bytes is zero, to the end of the page and in pages of its own. */
static long map_part(long file, const Elf64_Phdr *part, uintptr_t base)
{
	uintptr_t at = base + part->p_vaddr, zero = at + part->p_filesz, end = at + part->p_memsz;
	int protection = protection_of(part);
	long result;

	if (end > SHIM_HOME && DOWN(at) < SHIM_HOME + SHIM_HOME_SIZE)
		return -EEXIST;
	if (part->p_filesz) {
		/* an offset that is not as far into a page as the address is refused */
		result = map(DOWN(at), UP(zero) - DOWN(at), protection, MAP_FIXED, (uint64_t)file, part->p_offset - (at - DOWN(at)));
		if (is_error(result))
			return result;
		/* padzero: what the image cannot write stays */
		if (part->p_memsz > part->p_filesz && protection & PROT_WRITE && UP(zero) != zero) {
			/* a byte by the kernel first, for a page beyond the end of the file is SIGBUS to us */
			if (CALL(__NR_rt_sigpending, zero, 1))
				return -EFAULT;
			memset((void *)zero, 0, UP(zero) - zero);
		}
	} else {
		zero = DOWN(at);
	}
	if (part->p_memsz <= part->p_filesz || UP(end) <= UP(zero))
		return 0;
	/* vm_brk_flags: to be read and written, whatever the header says */
	result = map(UP(zero), UP(end) - UP(zero), PROT_READ | PROT_WRITE | (protection & PROT_EXEC), MAP_FIXED | MAP_ANONYMOUS, NO_FILE, 0);
	return is_error(result) ? result : 0;
}

/* Finds the place: nothing may lie there, and nothing does afterwards. */
static long find_place(uintptr_t *at, size_t size, size_t alignment, _Bool is_anywhere)
{
	size_t more = is_anywhere ? alignment - PAGE : 0;
	long result = map(*at, size + more, PROT_NONE, MAP_ANONYMOUS | MAP_NORESERVE | (is_anywhere ? 0 : MAP_FIXED_NOREPLACE), NO_FILE, 0);

	if (is_error(result))
		return result;
	CALL(__NR_munmap, result, size + more);
	if (!is_anywhere)
		return (uintptr_t)result == *at ? 0 : -EEXIST; /* Linux before 4.17 takes it as a hint */
	*at = ((uintptr_t)result + more) & ~(alignment - 1);
	return 0;
}

static void widen(struct loaded *loaded, const Elf64_Phdr *part, uintptr_t base)
{
	uintptr_t at = base + part->p_vaddr, end = at + part->p_filesz;

	if (part->p_flags & PF_X && at < loaded->start_code)
		loaded->start_code = at;
	if (at > loaded->start_data)
		loaded->start_data = at;
	if (part->p_flags & PF_X && end > loaded->end_code)
		loaded->end_code = end;
	if (end > loaded->end_data)
		loaded->end_data = end;
	if (at + part->p_memsz > loaded->end)
		loaded->end = at + part->p_memsz;
}

/* What has to be known of all parts before one is mapped. */
struct extent {
	uintptr_t first, lowest, end; /* addresses of the file */
	size_t first_size, alignment;
};

static long measure(struct parts *parts, struct extent *extent)
{
	const Elf64_Phdr *part;
	unsigned int i;

	*extent = (struct extent){ .lowest = USER_END, .alignment = PAGE };
	for (i = 0; (part = parts_get(parts, i)); i++) {
		if (part->p_type != PT_LOAD)
			continue;
		if (part->p_memsz < part->p_filesz || part->p_memsz > USER_END || part->p_vaddr > USER_END - part->p_memsz)
			return -EINVAL;
		if (!extent->end) {
			extent->first = part->p_vaddr;
			extent->first_size = UP(part->p_vaddr + part->p_memsz) - DOWN(part->p_vaddr);
		}
		if (DOWN(part->p_vaddr) < extent->lowest)
			extent->lowest = DOWN(part->p_vaddr);
		if (part->p_vaddr + part->p_memsz >= extent->end)
			extent->end = part->p_vaddr + part->p_memsz;
		if (!(part->p_align & (part->p_align - 1)) && part->p_align > extent->alignment)
			extent->alignment = part->p_align;
	}
	return i < parts->count || extent->lowest == USER_END ? -ENOEXEC : 0;
}

/*
 * The distance of the image from where its file says. One that may be anywhere gets room for all of it; of another the kernel looks at the
 * place of the first part only, and the others may lie far away.
 */
static long find_base(const struct extent *extent, _Bool is_anywhere, uintptr_t *base)
{
	uintptr_t start = is_anywhere ? 0 : DOWN(extent->first);
	long result = 0;

	if (is_anywhere || extent->first_size)
		result = find_place(&start, is_anywhere ? UP(extent->end) - extent->lowest : extent->first_size, extent->alignment, is_anywhere);
	*base = is_anywhere ? start - extent->lowest : 0;
	return result;
}

static long map_parts(struct parts *parts, uintptr_t base, struct loaded *loaded)
{
	const Elf64_Phdr *part;
	unsigned int i;

	for (i = 0; (part = parts_get(parts, i)); i++) {
		long result;

		if (part->p_type == PT_GNU_STACK)
			loaded->has_executable_stack = !!(part->p_flags & PF_X);
		if (part->p_type != PT_LOAD)
			continue;
		result = map_part(parts->file, part, base);
		if (result)
			return result;
		widen(loaded, part, base);
		if (part->p_offset <= parts->offset && parts->offset < part->p_offset + part->p_filesz)
			loaded->headers = base + parts->offset - part->p_offset + part->p_vaddr;
	}
	return 0;
}

long load_map(long file, struct loaded *loaded)
{
	struct extent extent;
	struct parts parts;
	Elf64_Ehdr header;
	uintptr_t base;
	long result;

	if (CALL(__NR_pread64, file, &header, sizeof(header), 0) != sizeof(header))
		return -ENOEXEC;
	parts_begin(&parts, file, &header, sizeof(header));
	*loaded = (struct loaded){ .is_anywhere = header.e_type == ET_DYN, .start_code = ~0ul, .headers_count = header.e_phnum };
	result = measure(&parts, &extent);
	if (!result)
		result = find_base(&extent, loaded->is_anywhere, &base);
	if (!result)
		result = map_parts(&parts, base, loaded);
	if (result)
		return result;
	loaded->entry = base + header.e_entry;
	return loaded->entry < USER_END ? 0 : -EINVAL;
}
