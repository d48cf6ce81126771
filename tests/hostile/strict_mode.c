// SPDX-License-Identifier: MIT
/* Strict mode: a thread may read, write and exit, and is killed for all else. */
#include "hostile.h"

#include <linux/seccomp.h>

/* By prctl, by seccomp, and by seccomp with what the kernel does not read of an operation. */
enum way { PRCTL, SECCOMP, GARBAGE };

static void try(const char *what, long call, enum way way)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		long operation = (way == GARBAGE ? 1l << 32 : 0) | SECCOMP_SET_MODE_STRICT;
		long result = way == PRCTL ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) : syscall(SYS_seccomp, operation, 0, NULL);

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
	try("exit", SYS_exit, PRCTL);
	try("getpid", SYS_getpid, PRCTL);
	try("vfork", SYS_vfork, PRCTL);
	try("exit", SYS_exit, SECCOMP);
	try("close", SYS_close, SECCOMP);
	try("exit_group", SYS_exit_group, SECCOMP);
	try("getpid", SYS_getpid, GARBAGE);
	return spawn_true();
}
