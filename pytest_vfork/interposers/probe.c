// SPDX-License-Identifier: MIT
/*
 * probe EVENTS: is there an interposer, and does the simplest spawn work under it? Appends three events to the file EVENTS:
 *	probe.answer N	the errno of our shim's own prctl (shim.h); EINVAL if nobody answers
 *	probe.fault N	the same about the fault that it commits; EINVAL if there is none
 *	probe.spawned N	the wait status of a vfork child that exits with 42
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int file = argc == 2 ? open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
	int answer = prctl(0x76666b73, 0, 0, 0, 0) ? errno : 0, status = -1;
	int fault = prctl(0x76666b73, 5, 0, 0, 0) ? errno : 0;
	pid_t pid;

	/* before the spawn, which a fault may make end badly or never */
	dprintf(file, "probe.answer %d %d %d\n", getpid(), getpid(), answer);
	dprintf(file, "probe.fault %d %d %d\n", getpid(), getpid(), fault);
	pid = vfork();
	if (pid == 0)
		_exit(42);
	waitpid(pid, &status, 0);
	dprintf(file, "probe.spawned %d %d %d\n", getpid(), getpid(), status);
	return file < 0;
}
