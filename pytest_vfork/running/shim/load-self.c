// SPDX-License-Identifier: MIT
/*
 * The object moves to where it is linked to be: the kernel puts an object without PT_INTERP anywhere (load_elf_binary), the filter lets
 * calls through from SHIM_HOME only, and nobody has relocated it. It becomes memory without a file, since the kernel names another file in
 * /proc/self/exe only when the one before is mapped no more (replace_mm_exe_file).
 *
 * Nothing here may use an address out of memory, or the gate: neither is there yet.
 */
#pragma GCC visibility push(hidden) /* else what is declared elsewhere is asked of the GOT */

#include <linux/mman.h>

#include "gate.h"
#include "load.h"
#include "slot.h"
#include "text.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define PAGE 4096ul
#define DOWN(address) ((address) & ~(PAGE - 1))
#define UP(address) DOWN((address) + PAGE - 1)
#define EXECUTABLE 0x10u /* MFD_EXEC, Linux 6.3 as PR_SET_MDWE */
#define FAILED 127
#define R_X86_64_RELATIVE 8 /* psABI */

extern const Elf64_Ehdr __ehdr_start;
extern const Elf64_Dyn _DYNAMIC[];

struct moved {
	uintptr_t distance, stack;
};

struct moved load_self(void);

static long call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static void must(_Bool is_good)
{
	while (!is_good)
		call(__NR_exit_group, FAILED, 0, 0, 0, 0, 0);
}

/* What is in the file, but for what is kept of tasks, which is zero: two arrays, side by side in either order. */
static void copy(uintptr_t to, uintptr_t from, size_t size)
{
	uintptr_t slots = (uintptr_t)slots_of_object, cells = (uintptr_t)cells_of_object, zero, end;

	zero = slots < cells ? slots : cells;
	end = slots < cells ? (uintptr_t)(cells_of_object + OBJECT_SLOTS) : (uintptr_t)(slots_of_object + OBJECT_SLOTS);
	if (zero >= from && end <= from + size) {
		memcpy((void *)to, (const void *)from, zero - from);
		to += end - from;
		size -= end - from;
		from = end;
	}
	memcpy((void *)to, (const void *)from, size);
}

/* At home all addresses are those of the linker. */
static void relocate(void)
{
	const Elf64_Dyn *dynamic = _DYNAMIC;
	const Elf64_Rela *relocation = NULL;
	size_t size = 0;

	for (; dynamic->d_tag; dynamic++) {
		if (dynamic->d_tag == DT_RELA)
			relocation = (const Elf64_Rela *)dynamic->d_un.d_ptr;
		else if (dynamic->d_tag == DT_RELASZ)
			size = dynamic->d_un.d_val;
	}
	for (; size >= sizeof(*relocation); size -= sizeof(*relocation), relocation++)
		/* the others are names of libc's and of loaders (start.c, objects.c): there is neither */
		*(uint64_t *)relocation->r_offset =
			ELF64_R_TYPE(relocation->r_info) == R_X86_64_RELATIVE ? (uint64_t)relocation->r_addend : 0;
}

/*
 * Code that was data before is refused under PR_SET_MDWE: then it comes out of a file in memory. Not for all, for a
 * file costs more.
 */
static long map_as_code(uintptr_t at, size_t size)
{
	long file, result = call(__NR_mprotect, at, size, PROT_READ | PROT_EXEC, 0, 0, 0);

	if (result != -EACCES)
		return result;
	file = call(__NR_memfd_create, (uint64_t)(uintptr_t)"vfork-shim", EXECUTABLE, 0, 0, 0, 0);
	must(call(__NR_write, (uint64_t)file, at, size, 0, 0, 0) == (long)size);
	result = call(__NR_mmap, at, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, (uint64_t)file, 0);
	call(__NR_close, (uint64_t)file, 0, 0, 0, 0, 0);
	return result == (long)at ? 0 : result;
}

static void map(uintptr_t at, uintptr_t end, int flags)
{
	must(call(__NR_mmap, DOWN(at), UP(end) - DOWN(at), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | flags,
		  (uint64_t)-1, 0) == (long)DOWN(at));
}

struct moved load_self(void)
{
	const Elf64_Ehdr *header = &__ehdr_start;
	const Elf64_Phdr *each = (const Elf64_Phdr *)((const char *)header + header->e_phoff), *last = each + header->e_phnum;
	uintptr_t distance = SHIM_HOME - (uintptr_t)header;

	for (; each < last; each++) {
		if (each->p_type != PT_LOAD)
			continue;
		/* code at once, for a page fault costs more than a page; of data most is never touched */
		map(each->p_vaddr, each->p_vaddr + each->p_memsz, each->p_flags & PF_W ? 0 : MAP_POPULATE);
		copy(each->p_vaddr, each->p_vaddr - distance, each->p_filesz);
		/* only data have relocations */
		if (each->p_flags & PF_W)
			relocate();
		else if (each->p_flags & PF_X)
			must(!map_as_code(DOWN(each->p_vaddr), UP(each->p_vaddr + each->p_memsz) - DOWN(each->p_vaddr)));
		else
			must(!call(__NR_mprotect, DOWN(each->p_vaddr), UP(each->p_vaddr + each->p_memsz) - DOWN(each->p_vaddr), PROT_READ, 0,
				   0, 0));
	}
	return (struct moved){ distance, ((uintptr_t)&slots_of_object->task + distance) & ~15ul };
}
