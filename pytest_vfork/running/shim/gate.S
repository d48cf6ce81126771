/* SPDX-License-Identifier: MIT */
/*
 * The syscall instructions that the filter lets through. Nothing here may refer to another place: an image that is not at home runs a copy.
 */
#include "gate.h"

#define HIDDEN(name) .globl name; .hidden name; .type name, @function

	.text
	HIDDEN(shim_gate_begin)
	.balign	64
shim_gate_begin:

	HIDDEN(shim_gate_call)
shim_gate_call:
	.cfi_startproc
	syscall
	/* a new task that shares the memory has the address of shim_child_entry at the top of its stack */
	ret
	.cfi_endproc

	HIDDEN(shim_gate_leave)
shim_gate_leave:
	mov	$15, %eax	/* __NR_rt_sigreturn */
	syscall
	hlt

/*
 * After the call: every register as the application had it, but %rax (the result), %rcx (the address after its own syscall
 * instruction) and %r11 (the flags), as after any system call. No instruction from here on changes a flag.
 *
 * %rsp is at a struct outside (entry.h). To an unwinder this is a frame that was interrupted: its caller is the instruction after the
 * application's own syscall, and pthread_cancel finds its way to the destructors of C++ from here. The three registers that a handler's
 * unwinder may ask for are in memory; nobody unwinds by the others, which are saved by the caller.
 */
#define AT_SP(register, offset) .cfi_escape 0x10, register, 2, 0x77, offset	/* DW_CFA_expression: DW_OP_breg7 offset */

	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_escape 0x0f, 3, 0x77, 56, 0x06	/* CFA: the word at 56(%rsp) */
	AT_SP(16, 0)	/* %rip */
	AT_SP(5, 8)	/* %rdi */
	AT_SP(4, 16)	/* %rsi */
	AT_SP(1, 24)	/* %rdx */
	AT_SP(7, 56)	/* %rsp */
	.cfi_same_value %rbx
	.cfi_same_value %rbp
	.cfi_same_value %r12
	.cfi_same_value %r13
	.cfi_same_value %r14
	.cfi_same_value %r15
	nop	/* an unwinder looks up the address before a return address */
	HIDDEN(shim_gate_outside)
shim_gate_outside:
	syscall
	mov	0(%rsp), %rcx
	mov	8(%rsp), %rdi
	mov	16(%rsp), %rsi
	mov	24(%rsp), %rdx
	mov	32(%rsp), %r10
	mov	40(%rsp), %r8
	mov	48(%rsp), %r9
	mov	56(%rsp), %rsp
	.cfi_def_cfa %rsp, 0
	.cfi_register %rip, %rcx
	.cfi_same_value %rsp
	jmp	*%rcx
	.cfi_endproc

	HIDDEN(shim_gate_end)
shim_gate_end:

	.section .note.GNU-stack, "", @progbits
