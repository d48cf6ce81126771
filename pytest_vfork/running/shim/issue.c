// SPDX-License-Identifier: MIT
/*
 * The call itself, as it reaches the kernel: clone stays clone, clone3 stays clone3, vfork becomes clone (a child
 * needs its own stack).
 */
#include "call.h"
#include "entry.h"
#include "spawn.h"

long spawn_issue(const struct spawn *spawn)
{
	if (!spawn->args)
		return CALL(__NR_clone, spawn->flags, 0, spawn->parent_tid, spawn->child_tid, spawn->tls);
	spawn->args->flags = spawn->flags;
	spawn->args->child_tid = spawn->child_tid;
	spawn->args->stack = 0;
	spawn->args->stack_size = 0;
	return CALL(__NR_clone3, spawn->args, spawn->args_size);
}

/* The child has another stack and must not go on in this function: it jumps. */
static long issue(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = COOKIE;
	long result;

	__asm__ volatile("syscall\n"
			 "	test	%%rax, %%rax\n"
			 "	jz	shim_child_entry\n"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

long spawn_issue_at(const struct spawn *spawn, struct frame *child_frame)
{
	uint64_t sp = ARG(child_frame) - 8, low = task_stack(spawn->child).sp;

	if (!spawn->args)
		return issue(__NR_clone, spawn->flags, sp, spawn->parent_tid, spawn->child_tid, spawn->tls);
	spawn->args->flags = spawn->flags;
	spawn->args->child_tid = spawn->child_tid;
	spawn->args->stack = low;
	spawn->args->stack_size = sp - low;
	return issue(__NR_clone3, ARG(spawn->args), spawn->args_size, 0, 0, 0);
}
