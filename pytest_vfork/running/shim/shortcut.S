/* SPDX-License-Identifier: MIT */
/*
 * The other way of libc's rt_sigaction, see shortcut.c. %rax, %rcx and %r11 are the system call's to change; flags are put back before it.
 * `act` is read where it cannot fault: in the page of the stack pointer. 24(%rsi) is sa_mask, whose bit 30 is SIGSYS.
 */
	.text
	.globl	shim_shortcut
	.hidden	shim_shortcut
	.type	shim_shortcut, @function
shim_shortcut:
	lahf
	seto	%al
	lea	-1(%rdi), %rcx
	cmp	$63, %rcx
	ja	2f
	mov	shortcut_closed(%rip), %r11
	bt	%rcx, %r11
	jc	2f
	test	%rsi, %rsi
	jz	1f
	mov	%rsi, %rcx
	xor	%rsp, %rcx
	shr	$12, %rcx
	jnz	2f
	lea	31(%rsi), %rcx
	xor	%rsp, %rcx
	shr	$12, %rcx
	jnz	2f
	cmpq	$1, (%rsi)
	ja	2f
	testb	$0x40, 27(%rsi)
	jnz	2f
1:	add	$0x7f, %al	/* OF again, if it was set */
	sahf
	mov	$13, %eax	/* __NR_rt_sigaction */
	syscall
	mov	shim_shortcut_after(%rip), %rcx
	jmp	*%rcx
2:	add	$0x7f, %al
	sahf
	mov	$13, %eax
	mov	shim_shortcut_call(%rip), %rcx
	jmp	*%rcx

	.section .note.GNU-stack, "", @progbits
