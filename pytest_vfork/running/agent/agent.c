// SPDX-License-Identifier: MIT
/*
 * agent [FOLDER [IN_FD OUT_FD]]
 * agent FOLDER DEVICE
 *
 * Runs programs for a client at the other end of two byte streams (0 and 1 if it is not told otherwise), several at once, each
 * in a folder of its own below FOLDER and below a keeper of its own; agent.h has the protocol. When the stream ends, or the
 * process that started it, all that it has started is ended.
 *
 * It holds one frame at a time, and MOST_JOBS keepers: its memory is bounded, whatever the client or a program does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

enum { MOST_JOBS = 64, MOST_WORDS = 8192, FOLDER_MOST = 1024 };

struct job {
	pid_t keeper;		/* 0: free */
	int report;		/* where the keeper tells what it saw */
	uint32_t id;
	int is_over;		/* whether it has told all */
	int is_reaped;		/* then its pid may be somebody else's */
};

static struct job jobs[MOST_JOBS];
static int in, out, is_lost;	/* is_lost: a keeper died before its program, whose processes are ours now */
static char folder[FOLDER_MOST], message[LONGEST + 1];

static void say(enum kind kind, uint32_t id, const char *text)
{
	if (tell(out, kind, id, text, strlen(text)))
		is_lost = 1, in = -1;
}

static int is_keeper(pid_t pid)
{
	for (int i = 0; i < MOST_JOBS; i++)
		if (jobs[i].keeper == pid)
			return 1;
	return 0;
}

static void end_stray(const struct process *process, void *context)
{
	if (is_keeper(process->pid))
		return;
	kill(process->pid, SIGKILL);
	*(int *)context = 1;
}

/* Reaps; while a keeper is lost, ends what has become ours by that. */
static void reap(void)
{
	int status, has_strays = 0;

	for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG | __WALL)) > 0;)
		for (int i = 0; i < MOST_JOBS; i++)
			jobs[i].is_reaped |= jobs[i].keeper == ended;
	if (is_lost) {
		each_child(end_stray, &has_strays);
		is_lost = has_strays;
	}
}

/* Hands on one frame of a keeper, or finds that there will be no other. */
static void hear(struct job *job)
{
	static char piece[PIECE];
	struct frame frame;

	if (read_all(job->report, &frame, sizeof(frame)) == 0 && frame.length <= sizeof(piece) && read_all(job->report, piece, frame.length) == 0) {
		job->is_over |= frame.kind == OVER;
		if (tell(out, frame.kind, frame.id, piece, frame.length))
			in = -1;
		return;
	}
	if (!job->is_over) {
		say(FAILED, job->id, "the keeper of the program was killed");
		is_lost = 1;
		char path[FOLDER_MOST + 16];

		snprintf(path, sizeof(path), "%s/%u", folder, job->id);
		remove_folder(path);
		say(OVER, job->id, "");
	}
	close(job->report);	/* nobody else writes there: the keeper has ended, and reap() finds it */
	job->keeper = 0;
}

/* Points words at `count` strings of the message; returns what follows them, NULL if they are not there. */
static char *split(char *at, const char *end, char **words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char *zero = at < end ? memchr(at, 0, end - at) : NULL;

		if (zero == NULL)
			return NULL;
		words[i] = at;
		at = zero + 1;
	}
	words[count] = NULL;
	return at;
}

static void run(uint32_t id, size_t length)
{
	static char *argv[MOST_WORDS + 1], *env[MOST_WORDS + 1];
	struct run run;
	struct job *job = NULL;
	int ends[2];
	char path[FOLDER_MOST + 16];

	for (int i = 0; i < MOST_JOBS; i++) {
		if (jobs[i].keeper && jobs[i].id == id)
			return say(FAILED, id, "a program of this number runs already");
		if (!jobs[i].keeper && job == NULL)
			job = &jobs[i];
	}
	if (job == NULL)
		return say(FAILED, id, "too many programs at once");
	if (length < sizeof(run))
		return say(FAILED, id, "malformed: run");
	memcpy(&run, message, sizeof(run));
	if (run.argc < 1 || run.argc > MOST_WORDS || run.envc > MOST_WORDS)
		return say(FAILED, id, "malformed: too many words, or none");
	char *after = split(message + sizeof(run), message + length, argv, run.argc);

	if (after == NULL || split(after, message + length, env, run.envc) == NULL)
		return say(FAILED, id, "malformed: words are missing");
	snprintf(path, sizeof(path), "%s/%u", folder, id);
	remove_folder(path);
	if (mkdir(path, 0700) || pipe2(ends, O_CLOEXEC)) {
		snprintf(message, sizeof(message), "%s: %s", path, strerror(errno));
		return say(FAILED, id, message);
	}
	pid_t agent = getpid(), keeper = fork();

	if (keeper == 0) {
		close(in);
		close(out);
		for (int i = 0; i < MOST_JOBS; i++)
			if (jobs[i].keeper)
				close(jobs[i].report);
		close(ends[0]);
		keep(ends[1], id, agent, &run, argv, env, path);
	}
	if (keeper < 0) {
		snprintf(message, sizeof(message), "fork: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return say(FAILED, id, message);
	}
	close(ends[1]);
	*job = (struct job){ .keeper = keeper, .report = ends[0], .id = id };
}

static void put_piece(uint32_t id, size_t length)
{
	uint32_t head[3];	/* mode, is_first, is_last */
	char *path = message + sizeof(head), *zero = length > sizeof(head) ? memchr(path, 0, length - sizeof(head)) : NULL;

	if (zero == NULL)
		return say(FAILED, id, "malformed: put");
	memcpy(head, message, sizeof(head));
	if (put(path, head[0], head[1], head[2], zero + 1, message + length - zero - 1)) {
		char why[PATH_MAX + 100];

		snprintf(why, sizeof(why), "%.*s: %s", PATH_MAX, path, strerror(errno));
		say(FAILED, id, why);
	} else if (head[2]) {
		say(OK, id, "");
	}
}

static void cancel(uint32_t id)
{
	for (int i = 0; i < MOST_JOBS; i++)
		if (jobs[i].keeper && jobs[i].id == id && !jobs[i].is_reaped)
			kill(jobs[i].keeper, SIGTERM);
}

/* Does what the next frame asks for. What cannot be a frame ends it: there is no way back into step. */
static void obey(void)
{
	struct frame frame;
	const char *found;

	if (read_all(in, &frame, sizeof(frame))) {
		in = -1;
	} else if (frame.magic != MAGIC || frame.length > LONGEST) {
		say(FAILED, 0, frame.magic != MAGIC ? "what came is no frame" : "a frame is too long");
		in = -1;
	} else if (read_all(in, message, frame.length)) {
		in = -1;
	} else {
		message[frame.length] = 0;
		switch (frame.kind) {
		case PUT:
			return put_piece(frame.id, frame.length);
		case RUN:
			return run(frame.id, frame.length);
		case CANCEL:
			return cancel(frame.id);
		case PING:
			return say(OK, frame.id, "");
		case FIND:
			found = find_executable(message);
			return say(OK, frame.id, found ? found : "");
		case END:
			in = -1;
			return;
		default:
			return say(FAILED, frame.id, "unknown kind of frame");
		}
	}
}

/* Serves until the stream ends or `parent` (a pidfd, or -1) does. */
static void serve(int parent)
{
	while (in >= 0) {
		struct pollfd polled[MOST_JOBS + 2] = { { .fd = in, .events = POLLIN }, { .fd = parent, .events = POLLIN } };
		struct job *heard[MOST_JOBS];
		int count = 0;

		/* Those that there are: poll(2) takes no more than the limit of descriptors, used or not. */
		for (int i = 0; i < MOST_JOBS; i++)
			if (jobs[i].keeper) {
				polled[count + 2] = (struct pollfd){ .fd = jobs[i].report, .events = POLLIN };
				heard[count++] = &jobs[i];
			}
		poll(polled, count + 2, is_lost ? 20 : -1);
		for (int i = 0; i < count && in >= 0; i++)
			if (polled[i + 2].revents)
				hear(heard[i]);
		if (in >= 0 && polled[0].revents)
			obey();
		if (polled[1].revents)
			in = -1;
		reap();
	}
}

/* Ends all that runs; each keeper ends what it has below it. */
static void end_everything(void)
{
	static char piece[PIECE];

	for (int i = 0; i < MOST_JOBS; i++)
		if (jobs[i].keeper && !jobs[i].is_reaped)
			kill(jobs[i].keeper, SIGTERM);
	for (int i = 0; i < MOST_JOBS; i++) {
		while (jobs[i].keeper && read(jobs[i].report, piece, sizeof(piece)) > 0)
			;	/* it waits for nobody to read its report */
		jobs[i].keeper = 0;
	}
	for (is_lost = 1; is_lost; usleep(is_lost ? 10000 : 0))
		reap();
	remove_folder(folder);
}

/* A folder that is not there is made, and is ours: whoever named it knows what to take away, should we be killed. */
static int make_folder(const char *base)
{
	if (strlen(base) > sizeof(folder) - sizeof("/pytest-vfork-XXXXXX"))
		return errno = ENAMETOOLONG, -1;
	snprintf(folder, sizeof(folder), "%s", base);
	if (mkdir(folder, 0700) == 0)
		return 0;
	strcat(folder, "/pytest-vfork-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static void open_device(const char *path)
{
	struct termios terminal;

	in = out = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (in < 0) {
		dprintf(2, "agent: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	if (tcgetattr(in, &terminal) == 0) {	/* a serial line must not touch what goes over it */
		cfmakeraw(&terminal);
		tcsetattr(in, TCSANOW, &terminal);
	}
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : getenv("TMPDIR");
	struct utsname about;

	in = argc > 3 ? atoi(argv[2]) : 0;
	out = argc > 3 ? atoi(argv[3]) : 1;
	if (argc == 3)
		open_device(argv[2]);
	if (strstr(argv[0], "/pytest-vfork-agent-"))
		unlink(argv[0]);	/* it was sent for this one run */
	if (make_folder(base && *base ? base : "/tmp")) {
		snprintf(message, sizeof(message), "%s: %s", folder, strerror(errno));
		say(FAILED, 0, message);
		return 1;
	}
	fcntl(in, F_SETFD, FD_CLOEXEC);
	fcntl(out, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);	/* of what a keeper that is killed leaves */
	uname(&about);
	/* The folder comes last: a newline in its name ends nothing then. */
	tell_text(out, HELLO, 0, "version=%d\nmachine=%s\nkernel=%s\nbuild=%s\ncpus=%ld\nuid=%d\npid=%d\nfolder=%s", VERSION, about.machine, about.release, about.version,
		  sysconf(_SC_NPROCESSORS_ONLN), getuid(), getpid(), folder);
	serve(syscall(SYS_pidfd_open, getppid(), 0));	/* -1 on a kernel without it, and in the first process of a pid namespace */
	end_everything();
	return 0;
}
