// SPDX-License-Identifier: MIT
/* A vfork child asks to be traced and executes, as gdb starts its program: the parent sees it stop after exec, and it ends as it is told to. */
#include "hostile.h"

#include <sys/ptrace.h>

static void start(const char *first, const char *second)
{
	int status = -1, stops = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(first, first, "-c", "exit 3", (char *)0);
		execl(second, second, "-c", "exit 3", (char *)0);
		_exit(126);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		int sig = WSTOPSIG(status);

		if (stops++ == 0)
			say("first stop", sig);
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(sig == SIGTRAP ? 0 : sig));
	}
	say("ended", status);
}

int main(void)
{
	start("/bin/sh", "/bin/sh");
	start("/nonexistent", "/bin/sh");
	start("/etc/passwd", "/bin/sh");
	start("/", "/nonexistent");
	return spawn_true();
}
