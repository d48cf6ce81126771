// SPDX-License-Identifier: MIT
/*
 * supervisor REPORT_FD GRACE_MS PROGRAM ARG...
 *
 * Starts PROGRAM, waits for it, then ends and reaps all that it left behind. Writes to REPORT_FD:
 *	status N	the raw wait status of PROGRAM
 *	left PID COMM	a process that was still there GRACE_MS after PROGRAM had ended
 * Ends everything early on SIGTERM, or when its own parent dies: nothing that was started here outlives it.
 *
 * It is the subreaper of all below it, so an orphan cannot get away, whatever session or process group it has made for itself (PR_SET_CHILD_SUBREAPER(2const)).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int report;

/* Whether what follows the name in /proc/PID/stat is of a process with a thread that lives: the first to end may have been the main one. */
static int is_alive(const char *after)
{
	int threads = 0;

	sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d", &threads);
	return after[2] != 'Z' || threads > 1;
}

/* Calls act() for each process whose parent is this one; says how many there were. Zombies do not count. */
static int each_child(void (*act)(pid_t pid, const char *comm))
{
	DIR *proc = opendir("/proc");
	int count = 0;

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		char path[300], line[512], *comm, *after;
		pid_t pid = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		FILE *stat = pid > 0 ? fopen(path, "re") : NULL;

		if (stat == NULL)
			continue;
		if (fgets(line, sizeof(line), stat) && (comm = strchr(line, '(')) && (after = strrchr(line, ')')) && is_alive(after) &&
		    atoi(after + 4) == getpid()) {
			*after = 0;
			act(pid, comm + 1);
			count++;
		}
		fclose(stat);
	}
	if (proc)
		closedir(proc);
	return count;
}

static void tell(pid_t pid, const char *comm)
{
	dprintf(report, "left %d %s\n", pid, comm);
}

static void end(pid_t pid, const char *comm)
{
	(void)comm;
	kill(pid, SIGKILL);
}

int main(int argc, char **argv)
{
	int status, grace_ms = argc > 3 ? atoi(argv[2]) : 0, told = 0, at_once = 0;
	sigset_t waited, old;
	struct timespec until, now, tick = { .tv_nsec = 20000000 };
	pid_t program, ended;

	if (argc < 4)
		return 2;
	report = atoi(argv[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGCHLD);
	sigaddset(&waited, SIGPIPE);	/* whoever reads the report may be gone: that must not end us before the rest */
	sigprocmask(SIG_BLOCK, &waited, &old);
	program = fork();
	if (program == 0) {
		/* what is ignored stays so across exec: under nohup(1), say, no program would ever see a hangup */
		for (int number = 1; number < NSIG; number++)
			signal(number, SIG_DFL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		close(report);
		execvp(argv[3], argv + 3);
		dprintf(2, "%s: %s\n", argv[3], strerror(errno));
		_exit(127);
	}
	while (program > 0) {
		while ((ended = waitpid(-1, &status, WNOHANG | __WALL)) > 0 && ended != program)
			;
		if (ended == program)
			dprintf(report, "status %d\n", status);
		at_once = ended != program && sigwaitinfo(&waited, NULL) == SIGTERM;
		if (ended == program || at_once)
			break;
	}
	/* A process that is just ending is not left behind: those that end within the grace are not told of. */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += grace_ms / 1000;
	for (;;) {
		while ((ended = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
			;
		if (ended < 0)
			return 0;	/* ECHILD: nobody is left */
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (at_once || now.tv_sec > until.tv_sec) {
			if (!told++)
				each_child(tell);
			each_child(end);	/* their children become ours, and go in the next round */
		}
		if (sigtimedwait(&waited, NULL, &tick) == SIGTERM)
			at_once = 1;
	}
}
