// SPDX-License-Identifier: MIT
/*
 * probe EVENTS: is there an interposer, and does the simplest spawn work under it? Appends events to the file EVENTS:
 *	probe.answer N	the errno of our shim's own prctl (shim.h); EINVAL if nobody answers
 *	probe.fault N	the same about the fault that it commits; EINVAL if there is none
 *	probe.tracer N	the pid of the tracer (/proc/self/status), 0 if there is none
 *	probe.tracer-answer N	the errno of our tracer's own prctl (tracer/filter.py); EINVAL if nobody answers
 *	probe.spawned N	the wait status of a vfork child that exits with 42
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int tracer(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	int pid = 0;

	while (file && fgets(line, sizeof(line), file) && sscanf(line, "TracerPid: %d", &pid) != 1)
		;
	if (file)
		fclose(file);
	return pid;
}

int main(int argc, char **argv)
{
	int file = argc == 2 ? open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
	int answer = prctl(0x76666b73, 0, 0, 0, 0) ? errno : 0;
	int fault = prctl(0x76666b73, 5, 0, 0, 0) ? errno : 0;
	int tracer_answer = prctl(0x76667074, 0, 0, 0, 0) ? errno : 0, status = -1;
	pid_t pid;

	/* before the spawn, which a fault may make end badly or never */
	dprintf(file, "probe.answer %d %d %d\n", getpid(), getpid(), answer);
	dprintf(file, "probe.fault %d %d %d\n", getpid(), getpid(), fault);
	dprintf(file, "probe.tracer %d %d %d\n", getpid(), getpid(), tracer());
	dprintf(file, "probe.tracer-answer %d %d %d\n", getpid(), getpid(), tracer_answer);
	pid = vfork();
	if (pid == 0)
		_exit(42);
	waitpid(pid, &status, 0);
	dprintf(file, "probe.spawned %d %d %d\n", getpid(), getpid(), status);
	return file < 0;
}
