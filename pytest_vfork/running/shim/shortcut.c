// SPDX-License-Identifier: MIT
/*
 * What the trap does for rt_sigaction(sig, SIG_DFL or SIG_IGN, ...) is nothing but to call the kernel, as long as the shim has nothing to
 * remember of that signal. So the third such call in an image from one site makes the shim rewrite that site:
 *
 *	b8 0d 00 00 00	mov $13, %eax		e9 .. .. .. ..	jmp shim_shortcut
 *	0f 05		syscall			0f 05		syscall
 *
 * shim_shortcut looks at the arguments. What the kernel can do alone is issued there with a cookie that the filter knows, in the unused upper
 * half of the int argument: the kernel does it all, errors, pending signals and flags of the action included. For everything else it goes
 * back to the `syscall` of the site, which is trapped as ever.
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

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

#define WORTH_IT 3 /* calls before a site is rewritten: a program that sets a signal or two to its default stays as it is */
#define LINE 64
#define PAGE 4096ul
#define JUMP_SIZE 5

sigset shortcut_closed = BIT(SIGSYS) | BIT(SIGKILL) | BIT(SIGSTOP);
/* Of the rewritten site: its `syscall`, and what comes after that. */
uintptr_t shim_shortcut_call, shim_shortcut_after;

void shim_shortcut(void);

/*
 * %rax, %rcx and %r11 are the system call's to change; flags are put back before it. `act` is read where it cannot fault: in the page of the
 * stack pointer. 24(%rsi) is sa_mask, whose bit 30 is SIGSYS.
 */
__asm__(".text\n"
	".globl shim_shortcut\n.hidden shim_shortcut\n.type shim_shortcut,@function\n"
	"shim_shortcut:\n"
	"	lahf\n"
	"	seto	%al\n"
	"	lea	-1(%rdi), %rcx\n"
	"	cmp	$63, %rcx\n"
	"	ja	2f\n"
	"	mov	shortcut_closed(%rip), %r11\n"
	"	bt	%rcx, %r11\n"
	"	jc	2f\n"
	"	test	%rsi, %rsi\n"
	"	jz	1f\n"
	"	mov	%rsi, %rcx\n"
	"	xor	%rsp, %rcx\n"
	"	shr	$12, %rcx\n"
	"	jnz	2f\n"
	"	lea	31(%rsi), %rcx\n"
	"	xor	%rsp, %rcx\n"
	"	shr	$12, %rcx\n"
	"	jnz	2f\n"
	"	cmpq	$1, (%rsi)\n"
	"	ja	2f\n"
	"	testb	$0x40, 27(%rsi)\n"
	"	jnz	2f\n"
	"1:	movabs	$" TEXT(COOKIE_HIGH) " << 32, %rcx\n"
	"	or	%rcx, %rdi\n"
	"	add	$0x7f, %al\n" /* OF again, if it was set */
	"	sahf\n"
	"	mov	$13, %eax\n" /* __NR_rt_sigaction */
	"	syscall\n"
	"	mov	%edi, %edi\n"
	"	mov	shim_shortcut_after(%rip), %rcx\n"
	"	jmp	*%rcx\n"
	"2:	add	$0x7f, %al\n"
	"	sahf\n"
	"	mov	$13, %eax\n"
	"	mov	shim_shortcut_call(%rip), %rcx\n"
	"	jmp	*%rcx\n");

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
 * Nobody else runs in this memory now: there are no threads, and the parents of a vfork child are in the shim. So this is not cross-modifying
 * code (Intel SDM 3A, 8.1.3): whoever comes to the site later has been through the kernel. One store, since a SIGKILL may end a vfork child
 * after any instruction, and its parent goes on with this code.
 */
static void rewrite(uintptr_t site)
{
	static const unsigned char expected[JUMP_SIZE + 2] = { 0xb8, __NR_rt_sigaction, 0, 0, 0, 0x0f, 0x05 };
	/* eight bytes of one cache line that hold the five */
	uintptr_t window = site % LINE > LINE - 8 ? (site | (LINE - 1)) - 7 : site, page = window & ~(PAGE - 1);
	int64_t distance = (int64_t)(ARG(shim_shortcut) - (site + JUMP_SIZE));
	int32_t offset = (int32_t)distance;
	unsigned char *code = (unsigned char *)site;
	union {
		uint64_t word;
		unsigned char bytes[8];
	} next;

	if (site % LINE > LINE - JUMP_SIZE || offset != distance || !is_code_of_object(window, site + sizeof(expected) + 1) ||
	    memcmp(code, expected, sizeof(expected)))
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
	if (!config.keeps_text)
		rewrite(after - JUMP_SIZE - 2);
}
