// SPDX-License-Identifier: MIT
/*
 * A server gives up root, and then cannot open what only root can: each image is handed the shim by a descriptor. That is seen by nobody who
 * shares the descriptors, and needs no room in a table that is full to the soft limit.
 */
#include "hostile.h"

static char stack[65536] __attribute__((aligned(16)));

static int execute(void *unused)
{
	(void)unused;
	execl("/bin/true", "true", (char *)0);
	_exit(126);
}

static void count_descriptors(void)
{
	int open = 0;

	for (int fd = 3; fd < 64; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	say("open", open);
}

int main(void)
{
	char *argv[] = { "true", NULL };
	struct rlimit limit = { 64, 128 };
	int status = -1;
	pid_t pid;

	if (getuid())
		lacks("root");
	if (setgid(65534) || setuid(65534))
		return 1;
	waitpid(clone(execute, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, NULL), &status, 0);
	say("shares descriptors", status);
	count_descriptors();
	setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		;
	status = -1;
	say("with a full table", posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ));
	waitpid(pid, &status, 0);
	say("status", status);
	getrlimit(RLIMIT_NOFILE, &limit);
	say("limit", (long)limit.rlim_cur);
	return 0;
}
