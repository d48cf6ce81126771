/* SPDX-License-Identifier: MIT */
/* The first and the last instructions of the loader. */

#define HIDDEN(name) .globl name; .hidden name; .type name, @function

	.text
/* The entry point of the object: where the kernel starts it when it is executed instead of preloaded. */
	HIDDEN(shim_load)
shim_load:
	xor	%ebp, %ebp
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	load_self
	/* %rax: how far away the copy is; %rdx: its stack, which leaves that of the image clean */
	lea	load_begin(%rip), %rcx
	add	%rax, %rcx
	mov	%rbx, %rdi
	mov	%rax, %rsi
	mov	%rdx, %rsp
	call	*%rcx
	hlt

/* load_go(entry, sp): registers and flags as ELF_PLAT_INIT and start_thread leave them. */
	HIDDEN(load_go)
load_go:
	mov	%rdi, load_entry(%rip)
	mov	%rsi, %rsp
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	xor	%eax, %eax	/* OF is clear, and %ah what sahf makes of the others */
	sahf
	jmp	*load_entry(%rip)

	.local	load_entry
	.comm	load_entry, 8, 8

	.section .note.GNU-stack, "", @progbits
