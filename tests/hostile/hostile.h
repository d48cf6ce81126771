/* SPDX-License-Identifier: MIT */
/* What the programs of this folder share: each prints what it sees, and the same is to be seen under the shim. */
#ifndef HOSTILE_H
#define HOSTILE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A child by vfork that executes `true`; its status, or -errno. */
static inline int spawn_true(void)
{
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)0);
		_exit(126);
	}
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static inline void say(const char *what, long value)
{
	char line[256];
	int size = snprintf(line, sizeof(line), "%s %ld\n", what, value);

	if (write(1, line, (size_t)size) != size)
		_exit(125);
}

/* What this program does not get here: the test is skipped, and says why. */
static inline void lacks(const char *what)
{
	fprintf(stderr, "lacks %s\n", what);
	exit(77);
}

#endif
