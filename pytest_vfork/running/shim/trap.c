// SPDX-License-Identifier: MIT
#include "trap.h"

#include <linux/sched.h>

#include "answers.h"
#include "call.h"
#include "deliver.h"
#include "entry.h"
#include "outside.h"
#include "shortcut.h"
#include "slot.h"
#include "text.h"

#ifndef __NR_epoll_pwait2
#define __NR_epoll_pwait2 441
#endif
#ifndef __NR_io_pgetevents
#define __NR_io_pgetevents 333
#endif
#ifndef __NR_io_uring_enter
#define __NR_io_uring_enter 426
#endif

#ifndef __NR_landlock_restrict_self
#define __NR_landlock_restrict_self 446
#endif

/*
 * Nothing here may be a call that ld.so or libc make before constructors have run: the filter outlives execve, the
 * handler does not. glibc 2.36 and musl 1.2 call arch_prctl, brk, set_tid_address, set_robust_list, rseq, prlimit64,
 * mprotect there, none of these.
 */
const struct trap traps[] = {
	{ __NR_rt_sigprocmask, TRAP_ALWAYS, 0, 0, 0, 0, answer_sigprocmask },
	{ __NR_rt_sigaction, TRAP_IF_SET_OR_SIGSYS, 0, 0, 0, 0, answer_sigaction },
	/* a handler may have put SIGSYS into the mask of its frame, and another stack: the kernel must not see either (hazard 1) */
	{ __NR_rt_sigreturn, TRAP_ALWAYS, 0, 0, 0, 0, answer_sigreturn },
	{ __NR_sigaltstack, TRAP_ALWAYS, 0, 0, 0, 0, answer_sigaltstack },
	/* the flags of clone3 lie in memory, where a filter cannot look (hazard 6) */
	{ __NR_clone3, TRAP_ALWAYS, 0, 0, 0, 0, answer_clone3 },
	{ __NR_clone, TRAP_ALWAYS, 0, 0, 1, 0, answer_clone },
	/* a thread gets its slot when it is made; a plain fork is none of our business */
	{ __NR_clone, TRAP_IF_FLAGS, 0, CLONE_VFORK | CLONE_VM, 0, 0, answer_clone },
	{ __NR_vfork, TRAP_ALWAYS, 0, 0, 0, 0, answer_vfork },
	{ __NR_fork, TRAP_ALWAYS, 0, 0, 1, 0, answer_fork },
	{ __NR_execve, TRAP_ALWAYS, 0, 0, 0, 0, answer_execve },
	{ __NR_execveat, TRAP_ALWAYS, 0, 0, 0, 0, answer_execveat },
	/* a handler that runs during these has the temporary mask: it must not hold SIGSYS (hazard 1) */
	{ __NR_rt_sigsuspend, TRAP_ALWAYS, 0, 0, 0, 0, answer_sigsuspend },
	{ __NR_ppoll, TRAP_IF_SET, 3, 0, 0, 0, answer_ppoll },
	{ __NR_pselect6, TRAP_IF_SET, 5, 0, 0, 0, answer_pselect },
	{ __NR_io_pgetevents, TRAP_IF_SET, 5, 0, 0, 0, answer_pselect },
	{ __NR_epoll_pwait, TRAP_IF_SET, 4, 0, 0, 0, answer_epoll_pwait },
	{ __NR_epoll_pwait2, TRAP_IF_SET, 4, 0, 0, 0, answer_epoll_pwait },
	{ __NR_io_uring_enter, TRAP_IF_SET, 4, 0, 0, 0, answer_io_uring_enter },
	/* the shim keeps a SIGSYS that the application believes to be blocked */
	{ __NR_rt_sigpending, TRAP_ALWAYS, 0, 0, 0, 0, answer_sigpending },
	{ __NR_rt_sigtimedwait, TRAP_ALWAYS, 0, 0, 0, 0, answer_sigtimedwait },
	/* PTRACE_TRACEME is 0 */
	{ __NR_ptrace, TRAP_IF_ZERO, 0, 0, 0, 0, answer_ptrace },
	/* what takes rights away */
	{ __NR_setuid, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_setgid, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_setreuid, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_setregid, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_setresuid, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_setresgid, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_capset, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_chroot, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_pivot_root, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	{ __NR_landlock_restrict_self, TRAP_ALWAYS, 0, 0, 0, 0, answer_rights },
	/* a sandbox of the program's own */
	{ __NR_seccomp, TRAP_ALWAYS, 0, 0, 0, 0, answer_seccomp },
	{ __NR_prctl, TRAP_IF_OPTION, 0, 0, 0, 0, answer_prctl },
	{ __NR_getpid, TRAP_ALWAYS, 0, 0, 0, 1, answer_getpid },
	{ __NR_getppid, TRAP_ALWAYS, 0, 0, 0, 1, answer_getppid },
	{ __NR_dup2, TRAP_ALWAYS, 0, 0, 0, 1, answer_dup2 },
	{ __NR_setsid, TRAP_ALWAYS, 0, 0, 0, 1, answer_setsid },
	{ __NR_setpgid, TRAP_ALWAYS, 0, 0, 0, 1, answer_ignored },
	{ __NR_sched_setscheduler, TRAP_ALWAYS, 0, 0, 0, 1, answer_ignored },
	{ __NR_alarm, TRAP_ALWAYS, 0, 0, 0, 1, answer_ignored },
};

const unsigned int trap_count = sizeof(traps) / sizeof(traps[0]);

static const struct trap *find(uint32_t call)
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
	task = task_make(NULL, CLONE_SIGHAND | CLONE_THREAD);
	if (!task)
		return frame;
	shortcut_forbid();
	slot_is_thread(task, task_first(), (int32_t)CALL(__NR_gettid));
	return frame_copy_to_task(task, frame);
}

static struct frame *leave(struct frame *frame, struct task *task)
{
	struct altstack stack = task_stack(task, frame->mask, is_outside(frame));

	if (frame->stack.size != stack.size && frame_size(frame) <= ASIDE_SIZE)
		frame = frame_copy(task_aside(task), frame);
	frame->stack = stack;
	invariants_at_leave(frame, task);
	return frame;
}

/*
 * A filter of the application's own traps a call that the shim makes for itself, while it waits: its handler does not know what to do with
 * that. (Inside the handler SIGSYS is blocked, and the kernel kills.)
 */
static _Bool is_own_call(const struct frame *frame)
{
	return frame->info.code == SYS_SECCOMP && frame->info.call_addr == shim_gate.call + SYSCALL_SIZE;
}

struct frame *shim_handle(struct frame *frame)
{
	struct task *task = task_of(frame);
	const struct trap *trap;
	_Bool is_ours;

	if (!task) {
		say("out of memory for one more thread", NULL);
		die(127);
	}
	invariants_at_arrival(frame, task);
	if (frame->info.signo != SIGSYS)
		return leave(deliver_moved(frame, task), task);
	is_ours = frame->info.code == SYS_SECCOMP && frame->info.error == TRAP_MARK;
	trap = is_ours ? find((uint32_t)frame->info.syscall) : NULL;
	if (task->is_strict && is_ours && frame->info.syscall != __NR_rt_sigreturn)
		CALL(__NR_tkill, CALL(__NR_gettid), SIGKILL); /* seccomp(2): strict mode */
	if (!trap && is_own_call(frame)) {
		frame->regs.rax = (uint64_t)-ENOSYS;
		return leave(frame, task);
	}
	if (!trap)
		return leave(deliver_sigsys(frame, task), task);
	frame->regs.rax = (uint32_t)frame->regs.rax; /* of the number of a call the kernel reads 32 bits */
	return leave(trap->function(frame, task), task);
}
