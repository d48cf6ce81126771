// SPDX-License-Identifier: MIT
/* CLONE_CLEAR_SIGHAND takes flags and mask from what is ignored, and leaves it ignored. */
#include "hostile.h"
#include <linux/sched.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

static void show(int sig)
{
	struct clone_args args = { .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	struct sigaction action = { .sa_handler = SIG_IGN, .sa_flags = SA_RESTART | SA_NODEFER }, now;
	int status = 0;
	long pid;

	sigaddset(&action.sa_mask, SIGHUP);
	sigaction(sig, &action, NULL);
	pid = syscall(__NR_clone3, &args, sizeof(args));
	if (!pid) {
		sigaction(sig, NULL, &now);
		_exit((now.sa_handler == SIG_IGN) | !!(now.sa_flags & (SA_RESTART | SA_NODEFER)) << 1 | sigismember(&now.sa_mask, SIGHUP) << 2);
	}
	if (pid < 0)
		lacks("CLONE_CLEAR_SIGHAND: Linux 5.5");
	waitpid((int)pid, &status, 0);
	printf("%d: status %x\n", sig, status);
	fflush(stdout);
}

int main(void)
{
	show(SIGUSR1);
	show(SIGSYS);
	return 0;
}
