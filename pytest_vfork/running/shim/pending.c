// SPDX-License-Identifier: MIT
#include "pending.h"

#include "call.h"

#define SENT_BY_TKILL (-6) /* SI_TKILL */

enum stage { NONE, WRITING, KEPT };

/* Whether one is kept, and is of this process; asked only where one is kept. */
static _Bool has(const struct pending *pending)
{
	return __atomic_load_n(&pending->state, __ATOMIC_ACQUIRE) == KEPT && pending->pid == CALL(__NR_getpid);
}

static void keep(struct pending *pending, const struct info *info)
{
	uint32_t state = __atomic_load_n(&pending->state, __ATOMIC_ACQUIRE);

	/* one of before a fork is none */
	if (state == WRITING || (state == KEPT && has(pending)) ||
	    !__atomic_compare_exchange_n(&pending->state, &state, WRITING, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	pending->info = *info;
	pending->pid = (int32_t)CALL(__NR_getpid);
	__atomic_store_n(&pending->state, KEPT, __ATOMIC_RELEASE);
}

static _Bool take(struct pending *pending, struct info *info)
{
	uint32_t kept = KEPT;

	if (!has(pending) || !__atomic_compare_exchange_n(&pending->state, &kept, WRITING, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return 0;
	*info = pending->info;
	__atomic_store_n(&pending->state, NONE, __ATOMIC_RELEASE);
	return 1;
}

void pending_keep(struct task *task, const struct info *info)
{
	keep(info->code == SENT_BY_TKILL ? &task->pending : &task->dispositions->pending, info);
}

_Bool pending_has(const struct task *task)
{
	return has(&task->pending) || has(&task->dispositions->pending);
}

_Bool pending_take(struct task *task, struct info *info)
{
	return take(&task->pending, info) || take(&task->dispositions->pending, info);
}

void pending_drop(struct task *task)
{
	struct info info;

	while (pending_take(task, &info))
		;
}
