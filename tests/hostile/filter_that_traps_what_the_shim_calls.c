// SPDX-License-Identifier: MIT
/* A filter of its own that traps what this program does not call, with a handler, as browsers do: the handler is not called. */
#include "hostile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static void handle(int sig)
{
	static const char text[] = "trapped\n";

	(void)sig;
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(1);
}

static void trap(int nr)
{
	struct sock_filter one[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, one };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(99);
}

/* While a parent waits for a child that takes 100 ms the shim looks whether it is still there. */
static int work(void)
{
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		syscall(SYS_nanosleep, &(struct timespec){ 0, 100000000 }, NULL);
		_exit(7);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 4;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(void)
{
	static const int calls[] = { SYS_kcmp, SYS_setpgid, SYS_waitid };
	unsigned int i;

	signal(SIGSYS, handle);
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			trap(calls[i]);
			_exit(work());
		}
		waitpid(pid, &status, 0);
		say("status", WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
	}
	return 0;
}
