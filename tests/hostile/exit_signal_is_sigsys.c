// SPDX-License-Identifier: MIT
/* SIGSYS as the exit signal of a child has the si_code of a seccomp filter's (CLD_EXITED is SYS_SECCOMP), but does not kill who ignores or blocks it. */
#include "hostile.h"

static volatile int runs;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	runs += info->si_code == CLD_EXITED && info->si_status == 7;
}

static void spawn(const char *what)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status = -1, pid;

	pid = clone((int (*)(void *))_exit, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGSYS, (void *)7);
	waitpid(pid, &status, __WALL);
	printf("%s: status %x, runs %d\n", what, status, runs);
	fflush(stdout);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	siginfo_t info;
	sigset_t set;

	signal(SIGSYS, SIG_IGN);
	spawn("ignored");
	sigaction(SIGSYS, &action, NULL);
	spawn("handled");
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_BLOCK, &set, NULL);
	spawn("blocked");
	sigpending(&set);
	printf("pending %d\n", sigismember(&set, SIGSYS));
	printf("taken %d", sigwaitinfo(&set, &info));
	printf(" code %d\n", info.si_code);
	return 0;
}
