// SPDX-License-Identifier: MIT
#include "trap.h"

#include <linux/sched.h>

#include "answers.h"
#include "call.h"
#include "deliver.h"
#include "entry.h"
#include "shortcut.h"
#include "text.h"

#ifndef __NR_epoll_pwait2
#define __NR_epoll_pwait2 441
#endif

/*
 * Nothing here may be a call that ld.so or libc make before constructors have run: the filter outlives execve, the
 * handler does not. glibc 2.36 and musl 1.2 call arch_prctl, brk, set_tid_address, set_robust_list, rseq, prlimit64,
 * mprotect there, none of these.
 */
const struct trap traps[] = {
	{ __NR_rt_sigprocmask, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_sigprocmask },
	{ __NR_rt_sigaction, TRAP_IF_SET_OR_SIGSYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_sigaction },
	{ __NR_sigaltstack, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_sigaltstack },
	{ __NR_rt_sigsuspend, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_sigsuspend },
	/* the flags of clone3 lie in memory, where a filter cannot look (hazard 6) */
	{ __NR_clone3, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_clone3 },
	/* a thread gets its slot when it is made; a plain fork is none of our business */
	{ __NR_clone, TRAP_IF_FLAGS, 0, CLONE_VFORK | CLONE_VM, COOKIE_SIXTH, 0, 0, answer_clone },
	{ __NR_clone, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 1, 0, answer_clone },
	{ __NR_vfork, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_vfork },
	{ __NR_fork, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 1, 0, answer_fork },
	{ __NR_execve, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_execve },
	{ __NR_execveat, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 0, answer_execveat },
	/* a handler that runs during these has the temporary mask: it must not hold SIGSYS (hazard 1) */
	{ __NR_ppoll, TRAP_IF_SET, 3, 0, COOKIE_SIXTH, 0, 0, answer_ppoll },
	{ __NR_pselect6, TRAP_IF_SET, 5, 0, 0, 0, 0, answer_pselect },
	{ __NR_epoll_pwait, TRAP_IF_SET, 4, 0, 0, 0, 0, answer_epoll_pwait },
	{ __NR_epoll_pwait2, TRAP_IF_SET, 4, 0, 0, 0, 0, answer_epoll_pwait },
	{ __NR_getpid, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_getpid },
	{ __NR_getppid, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_getppid },
	{ __NR_dup2, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_dup2 },
	{ __NR_setsid, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_setsid },
	{ __NR_setpgid, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_ignored },
	{ __NR_sched_setscheduler, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_ignored },
	{ __NR_setresuid, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_ignored },
	{ __NR_alarm, TRAP_ALWAYS, 0, 0, COOKIE_SIXTH, 0, 1, answer_ignored },
	{ __NR_prctl, TRAP_IF_HANDLER_RETURNS, 0, 0, COOKIE_SIXTH, 0, 0, answer_handler_returns },
};

const unsigned int trap_count = sizeof(traps) / sizeof(traps[0]);

static const struct trap *find(uint64_t call)
{
	unsigned int i;

	for (i = 0; i < trap_count; i++)
		if (traps[i].call == call)
			return &traps[i];
	return NULL;
}

struct frame *shim_arrive(struct frame *frame)
{
	struct task *task = task_of(frame);

	if (task)
		return frame;
	/*
	 * a thread whose making was not seen: the kernel left it no alternate stack, so this frame is on the
	 * application's
	 */
	task = task_claim();
	if (!task)
		return frame;
	shortcut_forbid();
	task_inherit(task, task_first(), CLONE_SIGHAND);
	task_is_thread(task, (int)CALL(__NR_gettid));
	return frame_copy_to_task(task, frame);
}

struct frame *shim_handle(struct frame *frame)
{
	struct task *task = task_of(frame);
	const struct trap *trap;

	if (!task) {
		say("out of memory for one more thread", NULL);
		die(127);
	}
	if (frame->info.signo != SIGSYS)
		return deliver_moved(frame, task);
	trap = frame->info.code == SYS_SECCOMP && frame->info.error == TRAP_MARK ? find(frame->regs.rax) : NULL;
	return trap ? trap->function(frame, task) : deliver_sigsys(frame, task);
}
