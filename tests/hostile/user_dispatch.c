// SPDX-License-Identifier: MIT
/* Syscall user dispatch: a program answers its own calls in a handler of SIGSYS, as Wine does. */
#include "hostile.h"

#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static volatile char selector;
static volatile long answered;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)sig;
	selector = 0;
	answered += info->si_code == 2;
	interrupted->uc_mcontext.gregs[REG_RAX] = info->si_syscall == SYS_getppid ? 4711 : -ENOSYS;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector))
		lacks("syscall user dispatch");
	say("spawned", spawn_true());
	selector = 1;
	long parent = syscall(SYS_getppid);

	say("answered", parent);
	selector = 1;
	parent = syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 8);
	say("a call that is trapped", parent == -1 ? errno : parent);
	selector = 1;
	parent = syscall(SYS_vfork);
	say("vfork", parent == -1 ? errno : parent);
	say("handled", answered);
	say("spawned", spawn_true());
	return 0;
}
