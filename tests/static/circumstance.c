// SPDX-License-Identifier: MIT
/* circumstance WHICH PATH ARGUMENT...: executes an image where something about it, or about who executes it, is unusual. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int lease;

static void must(int result, const char *what)
{
	if (!result)
		return;
	fprintf(stderr, "lacks %s: %s\n", what, strerror(errno));
	exit(77);
}

static void give_up_lease(int sig)
{
	(void)sig;
	fcntl(lease, F_SETLEASE, F_UNLCK);
}

static void child_of_lease_holder(const char *path)
{
	int status = 0;
	pid_t child;

	signal(SIGIO, give_up_lease);
	lease = open(path, O_RDONLY | O_CLOEXEC);
	must(fcntl(lease, F_SETLEASE, F_WRLCK), "leases");
	child = fork();
	if (!child) {
		close(lease);
		return;
	}
	while (waitpid(child, &status, 0) < 0)
		;
	exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	const char *which = argc > 2 ? argv[1] : "", *path = argv[2];
	int file = -1;

	if (!strcmp(which, "two-users"))
		must(setresuid(0, 1000, 0), "root");
	else if (!strcmp(which, "lease"))
		child_of_lease_holder(path);
	else if (!strcmp(which, "namespace"))
		must(unshare(CLONE_NEWPID) || setgid(1000) || setuid(1000), "namespaces");
	else if (!strcmp(which, "no-code-from-data"))
		must(prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0), "PR_SET_MDWE, Linux 6.3");
	else {
		file = open(path, strstr(which, "path") ? O_PATH | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
		must(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || umount2("/proc", MNT_DETACH), "mounts");
	}
	if (file >= 0)
		syscall(SYS_execveat, file, "", argv + 2, environ, AT_EMPTY_PATH);
	else
		execv(path, argv + 2);
	printf("not executed: %s\n", strerror(errno));
	return 1;
}
