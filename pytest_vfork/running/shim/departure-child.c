// SPDX-License-Identifier: MIT
/* Faults in what a child begins with. */
#include <asm/fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "action.h"
#include "answers.h"
#include "call.h"
#include "departure.h"
#include "spawn.h"
#include "text.h"

#define ARITHMETIC 0x8d5ull /* CF, PF, AF, ZF, SF, OF */
#define PR_SET_PDEATHSIG_OPTION 1 /* linux/prctl.h */
#define LIMITS 16 /* RLIM_NLIMITS */
#define DESCRIPTORS 64
#define FIRST_DESCRIPTOR 3
#define RESETS_ON_FORK 0x40000000 /* SCHED_RESET_ON_FORK */
#define PERSISTENT TASK_ROOM /* from the bottom of the slot: above what environment.c uses, below what frames take */

#ifndef __NR_rseq
#define __NR_rseq 334
#endif

/* What the kernel keeps the address of. */
struct kept {
	_Alignas(32) char rseq[32];
	struct robust_list_head robust;
	struct robust_list entry;
};

static struct kept *kept_of(const struct task *task)
{
	return (struct kept *)((task_room(task) + PERSISTENT) & ~31ul);
}

void depart_child(struct frame *child_frame, struct task *child, const struct task *parent,
		  const struct spawn *spawn)
{
	const struct behaviour *b = behaviour;

	child->departure = spawn->departure;
	child->depth = (unsigned char)(parent->depth + !!(spawn->asked & CLONE_VFORK));
	if (b->keeps_altstack_of_threads && !(spawn->asked & (CLONE_VFORK | CLONE_THREAD)))
		child->now.altstack = parent->now.altstack;
	if (b->releases_at_thread_end && spawn->asked & CLONE_THREAD && parent->is_vfork_child)
		child->stands_for = (uint32_t *)&parent->release_word;
	if (!(spawn->asked & CLONE_VFORK))
		return;
	if (b->blocks_all_in_child)
		child_frame->mask = ~(BIT(SIGSYS) | BIT(SIGKILL) | BIT(SIGSTOP));
	if (b->unblocks_all_in_child)
		child_frame->mask = 0;
	if (b->clears_child_altstack)
		child->now.altstack = (struct altstack){ .flags = SS_DISABLE_FLAG };
	if (b->clears_child_fp)
		frame_clear_fp(child_frame);
	if (b->damages_child_register)
		child_frame->regs.r15 ^= 0x100;
	if (b->damages_child_flags)
		child_frame->regs.flags &= ~ARITHMETIC;
	if (b->damages_child_red_zone)
		*(uint64_t *)(child_frame->regs.rsp - 64) ^= 1;
}

/* The kernel marks and wakes the word at the end of this thread, as if its process had ended. */
static void stand_for(struct task *task)
{
	struct kept *kept = kept_of(task);

	__atomic_store_n(task->stands_for, (uint32_t)CALL(__NR_gettid) | FUTEX_WAITERS, __ATOMIC_RELEASE);
	kept->entry.next = &kept->robust.list;
	kept->robust.list.next = &kept->entry;
	kept->robust.futex_offset = (long)(ARG(task->stands_for) - ARG(&kept->entry));
	CALL(__NR_set_robust_list, &kept->robust, sizeof(kept->robust));
}

static void raise_limits(void)
{
	uint64_t limit[2];
	int which;

	for (which = 0; which < LIMITS; which++) {
		CALL(__NR_getrlimit, which, limit);
		limit[0] = limit[1];
		CALL(__NR_setrlimit, which, limit);
	}
}

static void send_pending(sigset pending)
{
	int sig;

	for (sig = 1; sig <= SIGNALS; sig++)
		if (pending & BIT(sig))
			CALL(__NR_kill, CALL(__NR_getpid), sig);
}

void depart_reset_ignored(void)
{
	struct action action;
	int sig;

	for (sig = 1; sig <= SIGNALS; sig++) {
		if (sig == SIGSYS || CALL(__NR_rt_sigaction, sig, 0, &action, SIGSET_SIZE) || action.handler != HANDLER_IGNORE)
			continue;
		action.handler = HANDLER_DEFAULT;
		CALL(__NR_rt_sigaction, sig, &action, 0, SIGSET_SIZE);
	}
}

/* The description that each descriptor refers to is one of its own; sockets and the like cannot be opened by a path. */
static void reopen_descriptors(void)
{
	int fd;

	for (fd = FIRST_DESCRIPTOR; fd < DESCRIPTORS; fd++) {
		char path[32] = { 0 };
		struct text text = { path, path + sizeof(path) - 1 };
		long status = CALL(__NR_fcntl, fd, F_GETFL), flags = CALL(__NR_fcntl, fd, F_GETFD), other;

		if (is_error(status))
			continue;
		text_add(&text, "/proc/self/fd/");
		text_add_number(&text, fd);
		other = CALL(__NR_open, path, (status & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_NONBLOCK);
		if (is_error(other))
			continue;
		CALL(__NR_fcntl, other, F_SETFL, status);
		CALL(__NR_dup2, other, fd);
		CALL(__NR_fcntl, fd, F_SETFD, flags);
		CALL(__NR_close, other);
	}
}

static void copy_resetting_policy(void)
{
	long parent = CALL(__NR_getppid), policy = CALL(__NR_sched_getscheduler, parent);
	int priority = 0;

	if (is_error(policy) || !(policy & RESETS_ON_FORK))
		return;
	CALL(__NR_sched_getparam, parent, &priority);
	CALL(__NR_sched_setscheduler, 0, policy, &priority);
}

void depart_child_starts(struct frame *frame, struct task *task, const struct departure *departure)
{
	const struct behaviour *b = behaviour;

	(void)frame;
	if (task->stands_for)
		stand_for(task);
	if (!task->is_vfork_child)
		return;
	if (b->copies_itimer)
		CALL(__NR_setitimer, 0, departure->itimer, 0);
	if (b->copies_pdeathsig)
		CALL(__NR_prctl, PR_SET_PDEATHSIG_OPTION, departure->death_signal);
	if (b->dies_with_parent)
		CALL(__NR_prctl, PR_SET_PDEATHSIG_OPTION, SIGKILL);
	if (b->copies_pending)
		send_pending(departure->pending);
	if (b->copies_robust_list)
		CALL(__NR_set_robust_list, departure->robust_list, sizeof(struct robust_list_head));
	if (b->keeps_rseq)
		CALL(__NR_rseq, kept_of(task)->rseq, sizeof(kept_of(task)->rseq), 0, 0x76666b73);
	if (b->raises_limits)
		raise_limits();
	if (b->resets_ignored)
		depart_reset_ignored();
	if (b->reopens_descriptors)
		reopen_descriptors();
	if (b->copies_resetting_policy)
		copy_resetting_policy();
	depart_do(&b->child_begins_with);
}

struct frame *answer_getpid(struct frame *frame, struct task *task)
{
	_Bool lies = behaviour->lies_about_pid && task->is_vfork_child;

	frame->regs.rax = (uint64_t)(lies ? CALL(__NR_getppid) : CALL(__NR_getpid));
	return frame;
}

struct frame *answer_getppid(struct frame *frame, struct task *task)
{
	frame->regs.rax = behaviour->lies_about_ppid && task->is_vfork_child ? 1 : (uint64_t)CALL(__NR_getppid);
	return frame;
}

struct frame *answer_setsid(struct frame *frame, struct task *task)
{
	frame->regs.rax = (uint64_t)(behaviour->refuses_setsid && task->is_vfork_child ? -EPERM : CALL(__NR_setsid));
	return frame;
}

struct frame *answer_ignored(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	_Bool ignores = behaviour->ignores_call == (long)regs->rax && task->is_vfork_child;

	regs->rax = (uint64_t)(ignores ? 0 : CALL((long)regs->rax, regs->rdi, regs->rsi, regs->rdx));
	return frame;
}

struct frame *answer_dup2(struct frame *frame, struct task *task)
{
	const struct registers *regs = &frame->regs;
	_Bool ignores = behaviour->ignores_dup2 && task->is_vfork_child;

	frame->regs.rax = ignores ? regs->rsi : (uint64_t)CALL(__NR_dup2, regs->rdi, regs->rsi);
	return frame;
}
