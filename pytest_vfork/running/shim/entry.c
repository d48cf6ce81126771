// SPDX-License-Identifier: MIT
#include "entry.h"

#include "shim.h"
#include "trap.h"

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

/* %rsp is at a frame. shim_arrive may answer with a copy of it in a slot: the stack goes there too. */
__asm__(".text\n"
	".globl shim_entry\n.hidden shim_entry\n.type shim_entry,@function\n"
	"shim_entry:\n"
	"	mov	%rsp, %rdi\n"
	"	sub	$8, %rsp\n"
	"	call	shim_arrive\n"
	"	lea	-8(%rax), %rsp\n"
	"	mov	%rax, %rdi\n"
	"	call	shim_handle\n"
	"	lea	8(%rax), %rsp\n"
	".globl shim_restorer\n.hidden shim_restorer\n.type shim_restorer,@function\n"
	"shim_restorer:\n"
	"	mov	$15, %eax\n" /* __NR_rt_sigreturn */
	"	syscall\n"
	"	hlt\n");

/* The child of a call that shares memory: nothing below its frame is anybody's, nothing returns (two frames). */
__asm__(".text\n"
	".globl shim_child_entry\n.hidden shim_child_entry\n.type shim_child_entry,@function\n"
	"shim_child_entry:\n"
	"	lea	8(%rsp), %rbx\n"
	"	mov	%rbx, %rdi\n"
	"	call	shim_child_starts\n"
	"	lea	8(%rbx), %rsp\n"
	"	mov	$15, %eax\n"
	"	syscall\n"
	"	hlt\n");

/*
 * After the call: every register as the application had it, but %rax (the result), %rcx (the address after its own syscall
 * instruction) and %r11 (the flags), as after any system call. No instruction from here on changes a flag.
 */
__asm__(".text\n"
	".globl shim_outside\n.hidden shim_outside\n.type shim_outside,@function\n"
	"shim_outside:\n"
	"	syscall\n"
	"	mov	0(%rsp), %rcx\n"
	"	mov	8(%rsp), %rdi\n"
	"	mov	16(%rsp), %rsi\n"
	"	mov	24(%rsp), %rdx\n"
	"	mov	32(%rsp), %r10\n"
	"	mov	40(%rsp), %r8\n"
	"	mov	48(%rsp), %r9\n"
	"	mov	56(%rsp), %rsp\n"
	"	jmp	*%rcx\n");

_Static_assert(offsetof(struct outside, rsp) == 56, "shim_outside knows the offsets");

/*
 * A handler that deliver.c entered returns here with %rsp just above the copied frame. The call is trapped, so that the shim works on
 * the slot and not on the application's stack. The unwinder's view is that of libc's restorer: a signal frame whose registers are in
 * the ucontext at %rsp (gregs begin 40 bytes into it). The nop belongs to it: an unwinder looks up the address before the return address.
 */
#define REG(number, index) "	.cfi_escape 0x10," #number ",3,0x77,((40+8*" #index ")&0x7f)|0x80,(40+8*" #index ")>>7\n"

__asm__(".text\n"
	"	.cfi_startproc simple\n"
	"	.cfi_signal_frame\n"
	"	.cfi_escape 0x0f,4,0x77,((40+8*15)&0x7f)|0x80,(40+8*15)>>7,0x06\n" REG(8, 0) REG(9, 1) REG(10, 2) REG(11, 3)
		REG(12, 4) REG(13, 5) REG(14, 6) REG(15, 7) REG(5, 8) REG(4, 9) REG(6, 10) REG(3, 11) REG(1, 12) REG(0, 13)
			REG(2, 14) REG(7, 15) REG(16, 16) "	nop\n"
	".globl shim_handler_returns\n.hidden shim_handler_returns\n.type shim_handler_returns,@function\n"
	"shim_handler_returns:\n"
	"	mov	$157, %eax\n" /* __NR_prctl */
	"	mov	$" TEXT(VFORK_SHIM_PRCTL) ", %edi\n"
	"	mov	$" TEXT(HANDLER_RETURNS) ", %esi\n"
	"	syscall\n"
	"	hlt\n"
	"	.cfi_endproc\n");
