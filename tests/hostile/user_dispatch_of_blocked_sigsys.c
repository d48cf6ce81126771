// SPDX-License-Identifier: MIT
/* Syscall user dispatch sends SIGSYS as force_sig does: one that is blocked or ignored kills. */
#include "hostile.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static volatile char selector;

static void try(const char *what, int is_blocked)
{
	sigset_t set;
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (is_blocked) {
			sigemptyset(&set);
			sigaddset(&set, SIGSYS);
			sigprocmask(SIG_BLOCK, &set, NULL);
		} else {
			signal(SIGSYS, SIG_IGN);
		}
		if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector))
			_exit(77);
		selector = 1;
		syscall(SYS_getppid);
		selector = 0;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		lacks("syscall user dispatch");
	say(what, WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status));
}

int main(void)
{
	try("blocked", 1);
	try("ignored", 0);
	return 0;
}
