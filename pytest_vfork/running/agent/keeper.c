// SPDX-License-Identifier: MIT
/*
 * The keeper of one program: starts it, waits until its deadline, then ends and reaps all that it left behind, and reports.
 *
 * It is the subreaper of all below it, so an orphan cannot get away, whatever session or process group it has made for itself
 * (PR_SET_CHILD_SUBREAPER(2const)). It ends everything early on SIGTERM, which the death of the agent is too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

enum { MOST_EVENTS = 1 << 26 };	/* bytes of them that are told: a program that never stops writing them */

enum { LEAST_SPACE = 1 << 16 };	/* bytes that there must be for its events: without them nothing was seen */

enum { LOOKS = 20 };	/* of a program that runs until its deadline */

static const char *const names[OUTPUTS] = { "events", "spawns", "stdout", "stderr" };

struct report {
	int fd;
	uint32_t id;
	struct status status;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Does not return: becomes the program. */
static _Noreturn void start(char **argv, char **env, int inherits, const sigset_t *mask)
{
	int out[] = { open("/dev/null", O_RDONLY), open(names[STDOUT], O_WRONLY | O_CREAT | O_TRUNC, 0600), open(names[STDERR], O_WRONLY | O_CREAT | O_TRUNC, 0600) };

	for (int fd = 0; fd < 3; fd++)
		if (out[fd] < 0 || dup2(out[fd], fd) < 0)
			_exit(126);
	for (int fd = 0; fd < 3; fd++)
		if (out[fd] > 2)
			close(out[fd]);
	/* what is ignored stays so across exec: under nohup(1), say, no program would ever see a hangup */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (!inherits)
		environ = env;
	for (char **variable = env; inherits && *variable; variable++)
		putenv(*variable);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void report_where(const struct process *process, void *context)
{
	struct report *report = context;

	tell_where(report->fd, report->id, process);
}

static void report_left(const struct process *process, void *context)
{
	struct report *report = context;

	tell_text(report->fd, LEFT, report->id, "%d %s", process->pid, process->comm);
}

static void end(const struct process *process, void *context)
{
	(void)context;
	kill(process->pid, SIGKILL);
}

/* Waits for a signal until then; returns its number, 0 when the time is over. */
static int await_signal(const sigset_t *waited, int64_t until_us)
{
	int64_t left_us = until_us - now_us();
	struct timespec left = { left_us / 1000000, left_us % 1000000 * 1000 };
	int number = left_us <= 0 ? 0 : sigtimedwait(waited, NULL, &left);

	return number > 0 ? number : 0;
}

/* Waits for the program, and looks now and then whether it waits for a CPU; says whether it ended by itself. */
static int await_program(pid_t program, const sigset_t *waited, int64_t until_us, int *status, int *is_cancelled)
{
	int64_t step_us = (until_us - now_us()) / LOOKS, look_us = now_us() + step_us;

	for (;;) {
		pid_t ended;

		while ((ended = waitpid(-1, status, WNOHANG | __WALL)) > 0)
			if (ended == program)
				return 1;
		int number = await_signal(waited, look_us < until_us ? look_us : until_us);

		if (number == SIGTERM)
			*is_cancelled = 1;
		if (number == SIGTERM || (number == 0 && now_us() >= until_us))
			return 0;
		if (now_us() >= look_us) {
			look_who_waits(now_us());
			look_us = now_us() + step_us;
		}
	}
}

/* Ends and reaps all that is left; a process that is just ending is not left behind, and those that end within the grace are not told of. */
static void end_rest(struct report *report, const sigset_t *waited, int64_t until_us, int is_told)
{
	for (;;) {
		pid_t ended;
		int status;

		while ((ended = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
			;
		if (ended < 0)
			return;		/* ECHILD: nobody is left */
		if (now_us() >= until_us) {
			if (!is_told)
				each_child(report_left, report);
			is_told = 1;
			each_child(end, NULL);	/* their children become ours, and go in the next round */
		}
		if (await_signal(waited, now_us() + 20000) == SIGTERM)
			until_us = 0;
	}
}

static void report_output(const struct report *report, enum output which, size_t limit)
{
	static char piece[PIECE];
	int fd = open(names[which], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	piece[0] = which;
	while (fd >= 0 && limit) {
		size_t most = limit < sizeof(piece) - 1 ? limit : sizeof(piece) - 1;
		ssize_t length = read(fd, piece + 1, most);

		if (length <= 0 || tell(report->fd, OUTPUT, report->id, piece, length + 1))
			break;
		limit -= length;
	}
	if (fd >= 0)
		close(fd);
}

static void remove_empty_above(const char *path)
{
	char *above = strdup(path), *slash = above ? strrchr(above, '/') : NULL;

	if (slash) {
		*slash = 0;
		rmdir(above);
	}
	free(above);
}

_Noreturn void keep(int fd, uint32_t id, pid_t agent, const struct run *run, char **argv, char **env, const char *folder)
{
	static struct report report;
	int64_t began_us, ended_us;
	struct rusage usage;
	struct statvfs disk;
	sigset_t waited, old;
	int is_cancelled = 0;
	report.fd = fd;
	report.id = id;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "keeper");
	setsid();
	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGCHLD);
	sigaddset(&waited, SIGPIPE);	/* whoever reads the report may be gone: that must not end us before the rest */
	sigprocmask(SIG_BLOCK, &waited, &old);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != agent)		/* it died before it could be asked for */
		raise(SIGTERM);
	int events = chdir(folder) ? -1 : open(names[EVENTS], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (events < 0) {
		tell_text(fd, FAILED, id, "%s: %s", folder, strerror(errno));
		_exit(0);
	}
	close(events);
	if (statvfs(".", &disk) == 0 && disk.f_blocks && disk.f_bavail * disk.f_frsize < LEAST_SPACE) {
		tell_text(fd, FAILED, id, "%s: No space left on device for what a program writes", folder);
		_exit(0);
	}
	began_us = now_us();
	pid_t program = fork();

	if (program == 0)
		start(argv, env, run->inherits, &old);
	if (program < 0) {
		tell_text(fd, FAILED, id, "fork: %s", strerror(errno));
	} else {
		int64_t deadline_us = began_us + run->deadline_ms * INT64_C(1000);

		report.status.has_ended = await_program(program, &waited, deadline_us, &report.status.wait_status, &is_cancelled);
		ended_us = now_us();
		if (!report.status.has_ended && !is_cancelled) {
			report.status.runnable_us = look_who_waits(ended_us);
			each_below(report_where, &report);
		}
		end_rest(&report, &waited, report.status.has_ended ? ended_us + run->grace_ms * INT64_C(1000) : 0, !report.status.has_ended);
		getrusage(RUSAGE_CHILDREN, &usage);
		report.status.elapsed_us = ended_us - began_us;
		if (report.status.runnable_us > report.status.elapsed_us)	/* of many that wait at once */
			report.status.runnable_us = report.status.elapsed_us;
		report.status.cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * UINT64_C(1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
		for (enum output which = 0; which < OUTPUTS; which++)
			report_output(&report, which, which == EVENTS || which == SPAWNS ? MOST_EVENTS : run->output_limit);
		tell(fd, STATUS, id, &report.status, sizeof(report.status));
	}
	if (chdir("/") == 0)
		remove_folder(folder);
	if (!report.status.has_ended || report.status.wait_status)
		remove_cgroups();
	if (getppid() != agent)		/* it was killed: whichever keeper is the last takes its folder away */
		remove_empty_above(folder);
	tell(fd, OVER, id, NULL, 0);
	_exit(0);
}
