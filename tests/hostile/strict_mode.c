// SPDX-License-Identifier: MIT
/* Strict mode: a thread may read, write and exit, and is killed for all else. */
#include "hostile.h"

#include <linux/seccomp.h>

static void try(const char *what, long call, int by_seccomp)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		long result = by_seccomp ? syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) : prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);

		if (result)
			syscall(SYS_exit, 9);
		if (write(1, "", 0))
			syscall(SYS_exit, 8);
		syscall(call, 5);
		syscall(SYS_exit, 7);
	}
	waitpid(pid, &status, 0);
	say(what, status);
}

int main(void)
{
	try("exit", SYS_exit, 0);
	try("getpid", SYS_getpid, 0);
	try("vfork", SYS_vfork, 0);
	try("exit", SYS_exit, 1);
	try("close", SYS_close, 1);
	try("exit_group", SYS_exit_group, 1);
	return spawn_true();
}
