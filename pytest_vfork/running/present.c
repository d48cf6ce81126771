// SPDX-License-Identifier: MIT
/* Prints the name of each thing that a case may need and that is there (pytest_vfork/templates/needs.py). */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80	/* linux/sched.h */
#endif

static int has_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) == 0 && data[capability / 32].effective >> capability % 32 & 1;
}

/* Whether a child of ours, which then ends, can be given what it asks for. */
static int succeeds(int (*attempt)(int), int argument)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(attempt(argument) != 0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int can_unshare(int flag)
{
	return succeeds(unshare, flag);
}

static int schedule(int policy)
{
	return sched_setscheduler(0, policy, &(struct sched_param){ .sched_priority = 1 });
}

static int can_schedule(int policy)
{
	return succeeds(schedule, policy);
}

/* Whether the file begins with the character. */
static int reads(const char *path, char expected)
{
	FILE *file = fopen(path, "r");

	return file && fgetc(file) == expected;
}

static int has_semaphores(void)
{
	int set = semget(IPC_PRIVATE, 1, 0600);

	return set >= 0 && semctl(set, 0, IPC_RMID) == 0;
}

/* The mount point of the first hierarchy of version 2 in which we can make a cgroup. */
static int has_cgroup2(void)
{
	char where[1024], type[64], path[1100];
	FILE *mounts = fopen("/proc/self/mounts", "r");
	int found = 0;

	while (mounts && !found && fscanf(mounts, "%*s %1023s %63s %*[^\n]", where, type) == 2) {
		if (strcmp(type, "cgroup2"))
			continue;
		snprintf(path, sizeof(path), "%s/vfork-%d", where, getpid());
		found = mkdir(path, 0700) == 0 && rmdir(path) == 0;
	}
	return found;
}

int main(void)
{
@CHECKS@
	return 0;
}
