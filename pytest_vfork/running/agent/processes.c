// SPDX-License-Identifier: MIT
/* What /proc tells of the processes below this one. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

enum { KCMP_VM = 1, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM };	/* linux/kcmp.h, which musl's compiler may not find */
enum { MOST_PROCESSES = 4096, MOST_THREADS = 4096 };	/* that are looked at: more than any program here has, and bounded */

/* Reads the beginning of a file; returns its length, 0 if there is nothing or it is gone or not ours to read. */
static size_t read_start(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, to, size - 1);

	if (fd >= 0)
		close(fd);
	if (length < 0)
		length = 0;
	to[length] = 0;
	return length;
}

/* Parses proc(5)'s stat; comm may hold anything, brackets and spaces too. */
static int parse_stat(char *line, struct process *process)
{
	char *comm = strchr(line, '('), *after = strrchr(line, ')');

	if (comm == NULL || after == NULL || after < comm)
		return -1;
	*after = 0;
	process->pid = atoi(line);
	snprintf(process->comm, sizeof(process->comm), "%s", comm + 1);
	if (sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d", &process->state, &process->parent,
		   &process->threads) != 3)
		return -1;
	return 0;
}

/* Whether it has a thread that lives: the first to end may have been the main one. */
static int is_alive(const struct process *process)
{
	return process->state != 'Z' || process->threads > 1;
}

/* Calls act() for every process that lives. */
static void each(void (*act)(const struct process *process, void *context), void *context)
{
	DIR *proc = opendir("/proc");

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		char path[300], line[1024];
		struct process process;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (read_start(path, line, sizeof(line)) && parse_stat(line, &process) == 0 && is_alive(&process))
			act(&process, context);
	}
	if (proc)
		closedir(proc);
}

struct selection {
	void (*act)(const struct process *process, void *context);
	void *context;
	int count;
	struct process process[MOST_PROCESSES];
};

static void act_on_child(const struct process *process, void *context)
{
	struct selection *selection = context;

	if (process->parent == getpid())
		selection->act(process, selection->context);
}

/* Calls act() for each child of this process. */
void each_child(void (*act)(const struct process *process, void *context), void *context)
{
	static struct selection selection;

	selection.act = act;
	selection.context = context;
	each(act_on_child, &selection);
}

static void keep_process(const struct process *process, void *context)
{
	struct selection *selection = context;

	if (selection->count < MOST_PROCESSES)
		selection->process[selection->count++] = *process;
}

/* Calls act() for each process below this one, parents before their children. */
void each_below(void (*act)(const struct process *process, void *context), void *context)
{
	static struct selection all;
	static pid_t known[MOST_PROCESSES + 1];
	int acted_on = 0;

	all.count = 0;
	each(keep_process, &all);
	known[0] = getpid();
	for (int parent = 0; parent <= acted_on; parent++) {
		for (int i = 0; i < all.count; i++) {
			if (all.process[i].parent != known[parent])
				continue;
			known[++acted_on] = all.process[i].pid;
			act(&all.process[i], context);
			all.process[i].parent = -1;	/* each once, whatever a pid that is used again makes of the tree */
		}
	}
}

/*
 * Writes what two processes share, as names separated by commas; nothing if that cannot be told. Two that have none of a kind
 * (io, sysvsem) share it for the kernel but not here, unless memory is shared too.
 */
static void write_shared(pid_t one, pid_t other, char *to, size_t size)
{
	static const struct {
		const char *name;
		int kind;
	} kinds[] = { { "vm", KCMP_VM }, { "files", KCMP_FILES }, { "fs", KCMP_FS }, { "sighand", KCMP_SIGHAND }, { "io", KCMP_IO }, { "sysvsem", KCMP_SYSVSEM } };
	int is_vm = 0;

	*to = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		long result = syscall(SYS_kcmp, one, other, kinds[i].kind, 0UL, 0UL);

		if (result < 0) {
			*to = 0;
			return;
		}
		if (result == 0 && kinds[i].kind == KCMP_VM)
			is_vm = 1;
		if (result == 0 && (is_vm || (kinds[i].kind != KCMP_IO && kinds[i].kind != KCMP_SYSVSEM)))
			snprintf(to + strlen(to), size - strlen(to), "%s%s", *to ? "," : "", kinds[i].name);
	}
}

/* Calls act() for every thread of a process. */
static void each_thread(const struct process *process, void (*act)(const struct process *process, const struct process *thread, void *context), void *context)
{
	char path[400];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", process->pid);
	tasks = opendir(path);
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		char line[1024];
		struct process thread;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", process->pid, entry->d_name);
		if (read_start(path, line, sizeof(line)) && parse_stat(line, &thread) == 0)
			act(process, &thread, context);
	}
	if (tasks)
		closedir(tasks);
}

struct where {
	int fd;
	uint32_t id;
	char shares[64];
};

static void tell_thread(const struct process *process, const struct process *thread, void *context)
{
	const struct where *where = context;
	char path[100], wchan[128], syscall[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/wchan", process->pid, thread->pid);
	if (!read_start(path, wchan, sizeof(wchan)))
		strcpy(wchan, "0");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", process->pid, thread->pid);
	read_start(path, syscall, sizeof(syscall));
	syscall[strcspn(syscall, " \n")] = 0;
	tell_text(where->fd, WHERE, where->id, "%d %d %c %s %s %s %s", process->pid, thread->pid, thread->state, wchan, *syscall ? syscall : "-",
		  *where->shares ? where->shares : "-", thread->comm);
}

/* Tells where each thread of a process is, in one frame each. */
void tell_where(int fd, uint32_t id, const struct process *process)
{
	struct where where = { .fd = fd, .id = id };

	write_shared(process->pid, process->parent, where.shares, sizeof(where.shares));
	each_thread(process, tell_thread, &where);
}

/* A thread that was runnable when we looked, and since when: it waits from then on as long as it has not run any longer. */
struct waiting {
	pid_t tid;
	unsigned long long ran_ns;
	int64_t since_us;
};

struct look {
	int64_t now_us;
	uint64_t wanted_us;
	int count;
	struct waiting of[MOST_THREADS];
};

static struct look looks[2];	/* the last one, and this one */
static int this_look;

static void look_at(const struct process *process, const struct process *thread, void *context)
{
	struct look *look = &looks[this_look], *last = &looks[!this_look];
	struct waiting waiting = { .tid = thread->pid, .since_us = look->now_us };
	unsigned long long waited_ns;
	char path[100], line[256];

	(void)context;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", process->pid, thread->pid);
	if (!read_start(path, line, sizeof(line)) || sscanf(line, "%llu %llu", &waiting.ran_ns, &waited_ns) != 2)
		return;
	for (int i = 0; i < last->count; i++)
		if (last->of[i].tid == waiting.tid && last->of[i].ran_ns == waiting.ran_ns)
			waiting.since_us = last->of[i].since_us;
	if (thread->state != 'R')
		waiting.since_us = look->now_us;
	else if (look->count < MOST_THREADS)
		look->of[look->count++] = waiting;
	look->wanted_us += waited_ns / 1000 + (look->now_us - waiting.since_us);
}

static void look_at_threads(const struct process *process, void *context)
{
	each_thread(process, look_at, context);
}

/*
 * Looks at all threads below us, and returns for how long they wanted a CPU and had none, all together: of two that wait for each
 * other in turn each waits half of the time.
 *
 * The kernel counts a wait when it is over (proc(5), schedstat), and what it tells of one that lasts is by a clock that each CPU has
 * of its own: of a virtual machine two are seconds apart. So we look now and then, and a wait lasts since the first look that saw it.
 */
uint64_t look_who_waits(int64_t now_us)
{
	this_look = !this_look;
	looks[this_look].now_us = now_us;
	looks[this_look].wanted_us = 0;
	looks[this_look].count = 0;
	each_below(look_at_threads, NULL);
	return looks[this_look].wanted_us;
}
