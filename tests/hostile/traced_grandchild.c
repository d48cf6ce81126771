// SPDX-License-Identifier: MIT
/* A fork of a vfork child asks to be traced: its tracer, which nothing suspends, sees its stops at once. */
#include "hostile.h"

#include <sys/ptrace.h>

static void watch(const char *what, pid_t pid)
{
	int status = -1;

	alarm(20);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		say(what, status);
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	say(what, status);
}

static void asks(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		kill(getpid(), SIGSTOP);
		_exit(3);
	}
	watch("asks", pid);
}

static void in_child(void (*what)(void))
{
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		what();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)WSTOPSIG(status));
	say("vfork child", status);
}

int main(void)
{
	in_child(asks);
	return spawn_true();
}
