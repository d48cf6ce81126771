/* SPDX-License-Identifier: MIT */
/* Where the kernel enters the shim and where the shim leaves: the few pieces that cannot be C. */

#define HIDDEN(name) .globl name; .hidden name; .type name, @function
#define GATE_LEAVE 8	/* offsetof(struct gate, leave) */

	.text
/* %rsp is at a frame. shim_arrive may answer with a copy of it in a slot: the stack goes there too. */
	HIDDEN(shim_entry)
shim_entry:
	mov	%rsp, %rdi
	sub	$8, %rsp
	call	shim_arrive
	lea	-8(%rax), %rsp
	mov	%rax, %rdi
	call	shim_handle
	lea	8(%rax), %rsp
/* SA_RESTORER of shim_entry; never reached by a return, since shim_entry leaves by itself */
	HIDDEN(shim_restorer)
shim_restorer:
	jmp	*shim_gate + GATE_LEAVE(%rip)

/* The child of a call that shares memory: nothing below its frame is anybody's, nothing returns (two frames). */
	HIDDEN(shim_child_entry)
shim_child_entry:
	lea	8(%rsp), %rbx
	mov	%rbx, %rdi
	call	shim_child_starts
	lea	8(%rbx), %rsp
	jmp	*shim_gate + GATE_LEAVE(%rip)

	.section .note.GNU-stack, "", @progbits
