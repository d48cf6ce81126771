// SPDX-License-Identifier: MIT
/*
 * What the trap does for rt_sigaction(sig, SIG_DFL or SIG_IGN, ...) is nothing but to call the kernel, as long as the shim has nothing to
 * remember of that signal. So the third such call in an image from one site makes the shim rewrite that site:
 *
 *	b8 0d 00 00 00	mov $13, %eax		e9 .. .. .. ..	jmp shim_shortcut
 *	0f 05		syscall			0f 05		syscall
 *
 * shim_shortcut (shortcut.S) looks at the arguments. What the kernel can do alone is issued there, which is a place of ours: the kernel does it
 * all, errors, pending signals and flags of the action included. For everything else it goes back to the `syscall` of the site, which is
 * trapped as ever. Our place is too far for a jump of five bytes, so there is a page between that is near (`stone`).
 *
 * It uses no stack (red zone, tiny stacks) and writes no memory, so that a signal or another task may come in anywhere. All registers and flags
 * are those after any system call. VFORK_SHIM=...,text=keep leaves libc alone.
 */
#include "shortcut.h"

#include <linux/elf.h>
#include <linux/mman.h>

#include "behaviour.h"
#include "call.h"
#include "config.h"
#include "memory.h"
#include "objects.h"
#include "text.h"

#define WORTH_IT 3 /* calls before a site is rewritten: a program that sets a signal or two to its default stays as it is */
#define LINE 64
#define PAGE 4096ul
#define JUMP_SIZE 5
#define NEAREST (1 << 20) /* how far off a place is looked for: it doubles */
#define FARTHEST (1 << 30)

sigset shortcut_closed;
/* Of the rewritten site: its `syscall`, and what comes after that. */
uintptr_t shim_shortcut_call, shim_shortcut_after;

void shim_shortcut(void);

static _Bool is_forbidden;

void shortcut_forbid(void)
{
	is_forbidden = 1;
}

/* Of an object's own code, from its file: not code that a program has made, whose pages have a protection that we do not know. */
static _Bool is_code_of_object(uintptr_t from, uintptr_t end)
{
	const struct object *object;

	for (object = objects_loaded(); object; object = object->next) {
		const Elf64_Ehdr *header = (const Elf64_Ehdr *)object->base;
		const Elf64_Phdr *part;
		unsigned int i;

		if (ARG(header) & (PAGE - 1) || ARG(header) > from || !can_read(ARG(header), sizeof(*header)))
			continue;
		if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_phentsize != sizeof(*part) ||
		    header->e_phoff + header->e_phnum * sizeof(*part) > PAGE)
			continue;
		part = (const Elf64_Phdr *)(object->base + header->e_phoff);
		for (i = 0; i < header->e_phnum; i++, part++)
			if (part->p_type == PT_LOAD && part->p_flags == (PF_R | PF_X) && from >= object->base + part->p_vaddr &&
			    end <= object->base + part->p_vaddr + part->p_filesz)
				return 1;
	}
	return 0;
}

/*
 * A page near enough for a jump from there, or an error. Without a wish the kernel puts it beside what was mapped last, which may be gigabytes below;
 * then it is tried above, in what lies between the libraries and the stack, and below.
 */
static long map_near(uintptr_t from)
{
	int64_t wish = 0;

	for (;;) {
		long at = call6(__NR_mmap, wish ? (from & ~(PAGE - 1)) + (uint64_t)wish : 0, PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | (wish ? MAP_FIXED_NOREPLACE : 0), (uint64_t)-1, 0);

		if (!is_error(at) && at - (int64_t)from == (int32_t)(at - (int64_t)from))
			return at;
		if (!is_error(at))	/* before Linux 4.17 a wish is but a wish */
			CALL(__NR_munmap, at, PAGE);
		if (wish <= -FARTHEST)
			return -ENOMEM;
		wish = !wish ? NEAREST : wish > 0 ? -wish : -wish * 2;
	}
}

/* A page with a jump to shim_shortcut; the distance to it, or 0. */
static int32_t lay_stone(uintptr_t from)
{
	static const unsigned char jump[] = { 0xff, 0x25, 0, 0, 0, 0 }; /* jmp *0(%rip) */
	const uintptr_t to = ARG(shim_shortcut);
	long at = map_near(from);

	if (is_error(at))
		return 0;
	memcpy((void *)at, jump, sizeof(jump));
	memcpy((void *)(at + (long)sizeof(jump)), &to, sizeof(to));
	if (!CALL(__NR_mprotect, at, PAGE, PROT_READ | PROT_EXEC))
		return (int32_t)(at - (int64_t)from);
	CALL(__NR_munmap, at, PAGE);
	return 0;
}

/*
 * Nobody else runs in this memory now: there are no threads, and the parents of a vfork child are in the shim. So this is not cross-modifying
 * code (Intel SDM 3A, 8.1.3): whoever comes to the site later has been through the kernel. One store, since a SIGKILL may end a vfork child
 * after any instruction, and its parent goes on with this code.
 */
static void rewrite(uintptr_t site)
{
	static const unsigned char expected[JUMP_SIZE + 2] = { 0xb8, __NR_rt_sigaction, 0, 0, 0, 0x0f, 0x05 };
	/* eight bytes of one cache line that hold the five */
	uintptr_t window = site % LINE > LINE - 8 ? (site | (LINE - 1)) - 7 : site, page = window & ~(PAGE - 1);
	int32_t offset;
	unsigned char *code = (unsigned char *)site;
	union {
		uint64_t word;
		unsigned char bytes[8];
	} next;

	if (site % LINE > LINE - JUMP_SIZE || !is_code_of_object(window, site + sizeof(expected) + 1) ||
	    memcmp(code, expected, sizeof(expected)))
		return;
	offset = lay_stone(site + JUMP_SIZE);
	if (!offset)
		return;
	/* refused by SELinux (execmod), PR_SET_MDWE and others of that mind: so be it */
	if (CALL(__NR_mprotect, page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		return;
	shim_shortcut_call = site + JUMP_SIZE;
	shim_shortcut_after = site + sizeof(expected);
	next.word = *(uint64_t *)window;
	next.bytes[site - window] = 0xe9;
	memcpy(next.bytes + (site - window) + 1, &offset, sizeof(offset));
	__atomic_store_n((uint64_t *)window, next.word, __ATOMIC_SEQ_CST);
	CALL(__NR_mprotect, page, PAGE, PROT_READ | PROT_EXEC);
}

void shortcut_offer(uintptr_t after)
{
	static uintptr_t last;
	static unsigned int count;

	/* a fault may let a parent run beside its child */
	if (is_forbidden || behaviour->departs)
		return;
	count = after == last ? count + 1 : 1;
	last = after;
	if (count < WORTH_IT)
		return;
	/* once, whatever comes of it */
	is_forbidden = 1;
	if (!config.keeps_text && gate_is_home())
		rewrite(after - JUMP_SIZE - 2);
}
