// SPDX-License-Identifier: MIT
/* Faults in what the parent finds when it goes on. */
#include <linux/mman.h>
#include <linux/sched.h>

#define MAKES_CHILDREN /* faults do */
#include "call.h"
#include "departure.h"
#include "killable.h"
#include "memory.h"
#include "spawn.h"
#include "text.h"

#define ARITHMETIC 0x8d5ull /* CF, PF, AF, ZF, SF, OF */
#define BEYOND_EVERY_PID 0x400000 /* PID_MAX_LIMIT, linux/threads.h */
#define PR_SET_DUMPABLE_OPTION 4 /* linux/prctl.h */
#define CLOSE_ON_EXEC 02000000 /* O_CLOEXEC */
#define DUPLICATE_WITH_CLOEXEC 1030 /* F_DUPFD_CLOEXEC, linux/fcntl.h */
#define ENDED_AND_LEFT (0x00000004 | 0x01000000) /* WEXITED | WNOWAIT, linux/wait.h */
#define SET_DESCRIPTOR_FLAGS 2 /* F_SETFD */

static const struct timespec64 no_time;

/* Takes what came while the parent waited; returns the first with its siginfo. */
static _Bool take(int sig, struct info *first)
{
	const sigset one = BIT(sig);
	struct info info;
	_Bool has_first = 0;

	while (!is_error(CALL(__NR_rt_sigtimedwait, &one, has_first ? &info : first, &no_time, SIGSET_SIZE)))
		has_first = 1;
	return has_first;
}

static void change_signals(const struct frame *frame, sigset waiting)
{
	sigset came = waiting & ~frame->mask;
	struct info info;
	int sig;

	for (sig = 1; sig <= SIGNALS; sig++) {
		if (!(came & BIT(sig)))
			continue;
		if (behaviour->loses_signals & BIT(sig))
			take(sig, &info);
		if (behaviour->merges_queued && take(sig, &info))
			CALL(__NR_rt_tgsigqueueinfo, CALL(__NR_getpid), CALL(__NR_gettid), sig, &info);
	}
}

/* Whether one came that is handled when the parent goes on. */
static _Bool has_come(const struct frame *frame, sigset waiting)
{
	sigset pending = 0;

	CALL(__NR_rt_sigpending, &pending, SIGSET_SIZE);
	return (pending & waiting & ~frame->mask) != 0;
}

static void damage(struct frame *frame, struct task *task, sigset waiting)
{
	const struct behaviour *b = behaviour;

	if (b->keeps_wait_mask)
		frame->mask = waiting & ~BIT(SIGSYS);
	if (b->loses_parent_altstack)
		task->now.altstack = (struct altstack){ .flags = SS_DISABLE_FLAG };
	if (b->clears_parent_fp)
		frame_clear_fp(frame);
	if (b->damages_parent_register)
		frame->regs.r15 ^= 0x100;
	if (b->damages_parent_flags)
		frame->regs.flags &= ~ARITHMETIC;
	if (b->damages_parent_red_zone)
		*(uint64_t *)(frame->regs.rsp - 64) ^= 1;
}

static void restore(const struct departure *departure)
{
	if (behaviour->restores_dumpable)
		CALL(__NR_prctl, PR_SET_DUMPABLE_OPTION, departure->dumpable);
	if (behaviour->restores_break)
		CALL(__NR_brk, departure->program_break);
	if (behaviour->restores_tls && departure->thread_pointer)
		memcpy((void *)(departure->thread_pointer - TLS_KEPT), departure->tls, TLS_KEPT);
}

static void change_pidfd(const struct spawn *spawn)
{
	int32_t *pidfd = (int32_t *)(spawn->args ? spawn->args->pidfd : spawn->parent_tid);

	if (behaviour->opens_pidfd_for_exec)
		CALL(__NR_fcntl, *pidfd, SET_DESCRIPTOR_FLAGS, 0);
	if (behaviour->moves_pidfd) {
		long higher = CALL(__NR_fcntl, *pidfd, DUPLICATE_WITH_CLOEXEC, *pidfd + 1);

		CALL(__NR_close, *pidfd);
		*pidfd = (int32_t)higher;
	}
}

/* Far from where the program looks for what its child has closed or unmapped. */
static void leave_things(void)
{
	if (behaviour->leaks_descriptor) {
		long file = CALL(__NR_open, "/dev/null", CLOSE_ON_EXEC);

		CALL(__NR_fcntl, file, DUPLICATE_WITH_CLOEXEC, 512);
		CALL(__NR_close, file);
	}
	if (behaviour->leaks_mapping) /* shared: such a mapping does not merge with a neighbour */
		call6(__NR_mmap, 0x200000000000, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, (uint64_t)-1, 0);
	if (behaviour->leaves_helper) {
		long helper = CALL(__NR_clone, SIGCHLD, 0, 0, 0, 0);

		if (helper == 0)
			CALL(__NR_exit_group, 0);
		CALL(__NR_waitid, 1 /* P_PID */, helper, 0, ENDED_AND_LEFT, 0);
	}
}

long depart_after_call(struct frame *frame, struct task *task, struct spawn *spawn, long result)
{
	sigset waiting;

	if (!(spawn->asked & CLONE_VFORK) || result == 0)
		return result;
	depart_leave(task);
	depart_take_memory_back(spawn->departure);
	if (behaviour->stops_threads)
		depart_go_on();
	if (is_error(result) && behaviour->waits_on_pipe) {
		CALL(__NR_close, spawn->departure->pipe[0]);
		CALL(__NR_close, spawn->departure->pipe[1]);
	}
	if (is_error(result))
		return behaviour->loses_errno ? -ENOMEM : result;
	depart_do(&behaviour->parent_goes_on_with);
	waiting = killable_mask(frame, task);
	if (behaviour->fails_at_signal && has_come(frame, waiting))
		return -behaviour->fails_at_signal;
	change_signals(frame, waiting);
	damage(frame, task, waiting);
	restore(spawn->departure);
	if (spawn->asked & CLONE_PIDFD)
		change_pidfd(spawn);
	leave_things();
	if (behaviour->loses_heap_at_exec && spawn->child && spawn->child->executes)
		depart_lose_heap(spawn->departure);
	if (behaviour->loses_threads_at_exec && spawn->child && spawn->child->executes)
		depart_stop_others();
	if (behaviour->tells_parent_late && spawn->departure->wanted_flags & CLONE_PARENT_SETTID)
		put_word(spawn->parent_tid, (uint32_t)result);
	if (behaviour->tells_child_late && spawn->departure->wanted_flags & CLONE_CHILD_SETTID)
		put_word(spawn->app_child_tid, (uint32_t)result);
	return behaviour->returns_wrong_pid ? result + BEYOND_EVERY_PID : result;
}
