// SPDX-License-Identifier: MIT
/* Faults in what is made of the arguments, and calls that fail. */
#include <linux/sched.h>

#include "call.h"
#include "departure.h"
#include "memory.h"
#include "spawn.h"
#include "text.h"

#define EXIT_SIGNAL 0xffull /* CSIGNAL */
#define VFORK_FLAGS (CLONE_VM | CLONE_VFORK)
#define RED_ZONE 128
#define DEEPEST 6
#define GETFS 0x1003 /* ARCH_GET_FS, asm/prctl.h */
#define PR_GET_PDEATHSIG_OPTION 2 /* linux/prctl.h */
#define PR_GET_DUMPABLE_OPTION 3
#define CLOSE_ON_EXEC 02000000 /* O_CLOEXEC */

static int32_t waiting_threads; /* that have a vfork child; a child of theirs does not count */
static uint32_t lock; /* 1: held over a whole call */

static void acquire(uint32_t *word)
{
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
		CALL(__NR_futex, word, 0 /* FUTEX_WAIT */, 1, 0);
}

static void look(struct departure *departure, struct task *task)
{
	CALL(__NR_getitimer, 0 /* ITIMER_REAL */, departure->itimer);
	CALL(__NR_prctl, PR_GET_PDEATHSIG_OPTION, &departure->death_signal);
	CALL(__NR_rt_sigpending, &departure->pending, SIGSET_SIZE);
	CALL(__NR_get_robust_list, 0, &departure->robust_list, &departure->tls);
	departure->dumpable = CALL(__NR_prctl, PR_GET_DUMPABLE_OPTION);
	departure->program_break = (uintptr_t)CALL(__NR_brk, 0);
	CALL(__NR_arch_prctl, GETFS, &departure->thread_pointer);
	if (can_read(departure->thread_pointer - TLS_KEPT, TLS_KEPT))
		memcpy(departure->tls, (const void *)(departure->thread_pointer - TLS_KEPT), TLS_KEPT);
	else
		departure->thread_pointer = 0;
	departure->maker = task;
}

static void change_flags(struct spawn *spawn, uint64_t drop, uint64_t add)
{
	spawn->asked = (spawn->asked & ~drop) | add;
	spawn->flags = (spawn->flags & ~drop) | add;
}

static void set_exit_signal(struct spawn *spawn, uint64_t sig)
{
	spawn->asked = (spawn->asked & ~EXIT_SIGNAL) | sig;
	if (spawn->args)
		spawn->args->exit_signal = sig;
	else
		spawn->flags = (spawn->flags & ~EXIT_SIGNAL) | sig;
}

static _Bool has_both(const struct spawn *spawn, uint64_t flags)
{
	return (spawn->asked & flags) == flags;
}

static void change_arguments(struct spawn *spawn)
{
	const struct behaviour *b = behaviour;
	uint64_t drop = b->drops_flags, add = b->adds_flags;
	_Bool has_good_exit_signal = (spawn->asked & EXIT_SIGNAL) <= SIGNALS;
	/* for clone the two have one place; for clone3 they are two */
	_Bool has_one_word = has_both(spawn, CLONE_PIDFD | CLONE_PARENT_SETTID) &&
			     (!spawn->args || spawn->args->pidfd == spawn->parent_tid);

	/* not what would make the kernel refuse the call: that is another fault */
	if (!(spawn->asked & CLONE_VM) || spawn->asked & CLONE_CLEAR_SIGHAND)
		add &= ~(uint64_t)CLONE_SIGHAND;
	if (spawn->asked & CLONE_THREAD)
		drop &= ~(uint64_t)CLONE_SIGHAND;
	change_flags(spawn, drop, add);
	if (b->loses_exit_signal && has_good_exit_signal)
		set_exit_signal(spawn, 0);
	if (b->forces_sigchld && has_good_exit_signal && !(spawn->asked & (CLONE_PARENT | CLONE_THREAD)))
		set_exit_signal(spawn, SIGCHLD);
	if (b->ignores_new_stack)
		spawn->child_sp = 0;
	if (b->takes_stack_for_its_top && spawn->args && spawn->stack)
		spawn->child_sp = spawn->stack;
	if (spawn->child_sp)
		spawn->child_sp += (uintptr_t)(long)b->moves_new_stack_by;
	if (b->ignores_set_tid && spawn->args && spawn->args_size >= sizeof(*spawn->args))
		spawn->args->set_tid_size = spawn->args->set_tid = 0;
	if (b->accepts_sighand_alone && !(spawn->asked & CLONE_VM))
		change_flags(spawn, CLONE_SIGHAND, 0);
	if (b->accepts_clear_sighand_with_sighand && has_both(spawn, CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
		change_flags(spawn, CLONE_CLEAR_SIGHAND, 0);
	if (b->accepts_thread_alone && (spawn->asked & (CLONE_THREAD | CLONE_SIGHAND)) == CLONE_THREAD)
		change_flags(spawn, CLONE_THREAD, 0);
	if (b->accepts_one_word_for_both && has_one_word)
		change_flags(spawn, CLONE_PARENT_SETTID, 0);
	if (b->tells_parent_late)
		change_flags(spawn, CLONE_PARENT_SETTID, 0);
	if (b->tells_child_late)
		change_flags(spawn, CLONE_CHILD_SETTID, 0);
}

static _Bool is_out_of_reach(const struct spawn *spawn, uint64_t flag, uintptr_t word)
{
	return spawn->asked & flag && !can_overwrite8(word & ~7ul);
}

/* An error that Linux does not give. */
static long check(const struct frame *frame, const struct spawn *spawn)
{
	const struct behaviour *b = behaviour;
	const struct registers *regs = &frame->regs;

	if (b->checks_tid_words && (is_out_of_reach(spawn, CLONE_PARENT_SETTID, spawn->parent_tid) ||
				    is_out_of_reach(spawn, CLONE_CHILD_SETTID, spawn->child_tid)))
		return -EFAULT;
	if (b->takes_all_bits_of_clone && regs->rax == __NR_clone && regs->rdi >> 32)
		return -EINVAL;
	if (!spawn->args)
		return 0;
	if (b->writes_arguments_back && !can_change8(regs->rdi))
		return -EFAULT;
	if (b->reads_whole_arguments && !can_read(regs->rdi, sizeof(*spawn->args)))
		return -EFAULT;
	return 0;
}

/* Where the kernel would have put a signal frame without an alternate stack. */
static void write_frames(const struct frame *frame, const struct spawn *spawn)
{
	frame_copy(frame->regs.rsp - RED_ZONE, frame);
	if (spawn->child_sp)
		frame_copy(spawn->child_sp - RED_ZONE, frame);
}

static long enter(struct task *task)
{
	if (task->is_vfork_child)
		return behaviour->refuses_nested ? -behaviour->refuses_nested : 0;
	if (behaviour->has_one_lock)
		acquire(&lock);
	if (behaviour->refuses_second_thread && __atomic_fetch_add(&waiting_threads, 1, __ATOMIC_ACQ_REL)) {
		__atomic_fetch_sub(&waiting_threads, 1, __ATOMIC_ACQ_REL);
		return -behaviour->refuses_second_thread;
	}
	return 0;
}

void depart_leave(struct task *task)
{
	if (task->is_vfork_child)
		return;
	if (behaviour->has_one_lock) {
		__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
		CALL(__NR_futex, &lock, 1 /* FUTEX_WAKE */, 1);
	}
	if (behaviour->refuses_second_thread)
		__atomic_fetch_sub(&waiting_threads, 1, __ATOMIC_ACQ_REL);
}

long depart_before_call(struct frame *frame, struct task *task, struct spawn *spawn)
{
	long result;

	/* two tasks that run at once on one stack may go on making more for ever */
	if (task->depth > DEEPEST)
		die(127);
	spawn->departure = (struct departure *)task_room(task);
	memset(spawn->departure, 0, sizeof(*spawn->departure));
	if ((spawn->asked & (VFORK_FLAGS | CLONE_THREAD)) == CLONE_VM) {
		if (behaviour->suspends_without_vfork)
			change_flags(spawn, 0, CLONE_VFORK);
		if (behaviour->shares_only_with_vfork)
			change_flags(spawn, CLONE_VM | CLONE_SIGHAND, 0);
	}
	spawn->departure->maker = task;
	if (!(spawn->asked & CLONE_VFORK))
		return 0;
	if (behaviour->refuses || (behaviour->refuses_clone3 && spawn->args))
		return -(behaviour->refuses | behaviour->refuses_clone3);
	result = check(frame, spawn);
	if (!result)
		result = enter(task);
	if (result)
		return result;
	spawn->departure->wanted_flags = spawn->asked;
	look(spawn->departure, task);
	change_arguments(spawn);
	if (behaviour->writes_frames_to_stack)
		write_frames(frame, spawn);
	if (behaviour->stops_threads)
		depart_stop_others();
	if (behaviour->copies_back && (spawn->asked & CLONE_VM))
		depart_lend_memory(spawn->departure);
	if (behaviour->waits_on_pipe)
		CALL(__NR_pipe2, spawn->departure->pipe, CLOSE_ON_EXEC);
	return 0;
}

void depart_do(const struct deed *deed)
{
	if (deed->call)
		CALL(deed->call, deed->arguments[0], deed->arguments[1], deed->arguments[2]);
}

_Bool depart_spares(uint64_t flags)
{
	return (behaviour->spares_threads && flags & CLONE_THREAD) || (behaviour->spares_copies && !(flags & CLONE_VM));
}

uint64_t depart_size(uint64_t size)
{
	if (behaviour->unchecked & SIZE_BELOW_FIRST && size < CLONE_ARGS_SIZE_FIRST)
		return CLONE_ARGS_SIZE_FIRST;
	if (behaviour->unchecked & SIZE_BEYOND_PAGE && size > CLONE_ARGS_SIZE_LIMIT)
		return sizeof(struct clone_args_known);
	if (behaviour->unchecked & TAIL_OF_LATER_VERSION && size > sizeof(struct clone_args_known) && size <= CLONE_ARGS_SIZE_LIMIT)
		return sizeof(struct clone_args_known);
	return size;
}

void depart_arguments(struct clone_args_known *args)
{
	const uint64_t known = (0xffffffffull & ~EXIT_SIGNAL & ~(uint64_t)CLONE_DETACHED) | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP;

	if (behaviour->unchecked & FLAGS_UNKNOWN)
		args->flags &= known;
	if (behaviour->unchecked & EXIT_SIGNAL_RANGE && args->exit_signal > SIGNALS)
		args->exit_signal = SIGCHLD;
	if (behaviour->unchecked & HALF_A_STACK && !args->stack != !args->stack_size)
		args->stack = args->stack_size = 0;
}
