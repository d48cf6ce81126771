// SPDX-License-Identifier: MIT
/*
 * A call site of rt_sigaction in a shared object, shaped as libc's. try_site() comes to it with every register and flag set, on a stack with a
 * filled red zone, and says what else than the result was changed: 0, or a bit for each.
 */
#include <stdint.h>

struct state {
	uint64_t rdi, rsi, rdx, r10; /* the arguments */
	uint64_t flags;
	uint64_t rax; /* what comes back */
	uint64_t changed;
};

#define CHECK(value, reg, bit)                 \
	"	cmp	" value ", " reg "\n" \
	"	je	1f\n"                  \
	"	orq	$" bit ", 48(%rbp)\n" \
	"1:\n"

#define FLAGS "$0x8d5" /* CF PF AF ZF SF OF */

void try_site(struct state *state);

__asm__(".text\n"
	".globl try_site\n.type try_site,@function\n"
	"try_site:\n"
	"	push	%rbp\n	push	%rbx\n	push	%r12\n	push	%r13\n	push	%r14\n	push	%r15\n"
	"	mov	%rdi, %rbp\n"
	"	mov	0(%rbp), %rdi\n	mov	8(%rbp), %rsi\n	mov	16(%rbp), %rdx\n	mov	24(%rbp), %r10\n"
	"	mov	$0x101, %ebx\n	mov	$0x102, %r8d\n	mov	$0x103, %r9d\n	mov	$0x104, %r12d\n"
	"	mov	$0x105, %r13d\n	mov	$0x106, %r14d\n"
	"	pushq	32(%rbp)\n	popfq\n"
	"	movq	$0x777, -8(%rsp)\n	movq	$0x778, -128(%rsp)\n"
	"	mov	%rsp, %r15\n"
	"	.balign	8\n" /* no flags: nops */
	"	mov	$13, %eax\n"
	"	syscall\n"
	"site_after:\n"
	"	mov	%rax, 40(%rbp)\n"
	"	pushfq\n	popq	%rax\n" /* it writes where the red zone was: look at the other end first */
	"	movq	$0, 48(%rbp)\n"
	"	and	" FLAGS ", %eax\n" CHECK("32(%rbp)", "%rax", "1")
	"	and	" FLAGS ", %r11d\n" CHECK("32(%rbp)", "%r11", "2")
	"	lea	site_after(%rip), %rax\n" CHECK("%rax", "%rcx", "4")
	CHECK("0(%rbp)", "%rdi", "8") CHECK("8(%rbp)", "%rsi", "16") CHECK("16(%rbp)", "%rdx", "32") CHECK("24(%rbp)", "%r10", "64")
	CHECK("$0x101", "%rbx", "0x80") CHECK("$0x102", "%r8", "0x100") CHECK("$0x103", "%r9", "0x200")
	CHECK("$0x104", "%r12", "0x400") CHECK("$0x105", "%r13", "0x800") CHECK("$0x106", "%r14", "0x1000")
	CHECK("%rsp", "%r15", "0x2000")
	"	cmpq	$0x778, -128(%rsp)\n	je	1f\n	orq	$0x4000, 48(%rbp)\n1:\n"
	"	pop	%r15\n	pop	%r14\n	pop	%r13\n	pop	%r12\n	pop	%rbx\n	pop	%rbp\n"
	"	ret\n");
