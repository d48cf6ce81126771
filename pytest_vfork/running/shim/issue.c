// SPDX-License-Identifier: MIT
/*
 * The call itself, as it reaches the kernel: clone stays clone, clone3 stays clone3, vfork becomes clone (a child
 * needs its own stack).
 */
#define MAKES_CHILDREN
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

/* The gate returns twice: in the parent to us, in the child to what lies at the top of its stack. */
long spawn_issue_at(const struct spawn *spawn, struct frame *child_frame)
{
	uintptr_t *sp = (uintptr_t *)child_frame - 2;
	uint64_t low = task_room(spawn->child);

	*sp = ARG(shim_child_entry);
	if (!spawn->args)
		return CALL(__NR_clone, spawn->flags, sp, spawn->parent_tid, spawn->child_tid, spawn->tls);
	spawn->args->flags = spawn->flags;
	spawn->args->child_tid = spawn->child_tid;
	spawn->args->parent_tid = spawn->parent_tid;
	spawn->args->stack = low;
	spawn->args->stack_size = ARG(sp) - low;
	return CALL(__NR_clone3, spawn->args, spawn->args_size);
}
