// SPDX-License-Identifier: MIT
/* All is blocked, SIGSYS too; a handler without SA_ONSTACK runs in a sigsuspend; then all is blocked again. */
#include "hostile.h"

static void on_signal(int sig)
{
	(void)sig;
}

int main(void)
{
	uint64_t all = ~0ull; /* libc's sigfillset leaves two out */
	sigset_t none, now;

	sigemptyset(&none);
	signal(SIGUSR1, on_signal);
	syscall(__NR_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	raise(SIGUSR1);
	printf("sigsuspend %d\n", sigsuspend(&none));
	sigprocmask(SIG_BLOCK, NULL, &now);
	printf("USR1 %d TERM %d SYS %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGTERM), sigismember(&now, SIGSYS));
	return 0;
}
