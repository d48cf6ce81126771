// SPDX-License-Identifier: MIT
/* What /proc tells of the processes below this one. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

enum { KCMP_VM = 1, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM };	/* linux/kcmp.h, which musl's compiler may not find */
enum { MOST_PROCESSES = 4096 };	/* that are looked at: more than any program here has, and bounded */

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

/* Between the number of threads and the processor. */
#define SKIP_6 " %*s %*s %*s %*s %*s %*s"
#define SKIP_18 SKIP_6 SKIP_6 SKIP_6

/* Parses proc(5)'s stat; comm may hold anything, brackets and spaces too. */
static int parse_stat(char *line, struct process *process)
{
	char *comm = strchr(line, '('), *after = strrchr(line, ')');
	unsigned long own[2];
	long waited_for[2];

	if (comm == NULL || after == NULL || after < comm)
		return -1;
	*after = 0;
	process->cpu = 0;
	process->pid = atoi(line);
	snprintf(process->comm, sizeof(process->comm), "%s", comm + 1);
	if (sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %d" SKIP_18 " %d", &process->state,
		   &process->parent, &own[0], &own[1], &waited_for[0], &waited_for[1], &process->threads, &process->cpu) < 7)
		return -1;
	process->ticks = own[0] + own[1] + waited_for[0] + waited_for[1];
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

/* When a thread last ran, by the scheduler's clock of its CPU; 0 if it was moved since, or the kernel does not tell. */
static double last_ran_ms(const char *path)
{
	char text[4096];
	const char *found = read_start(path, text, sizeof(text)) ? strstr(text, "se.exec_start") : NULL;
	double ms;

	return found && sscanf(found, "%*s : %lf", &ms) == 1 ? ms : 0;
}

/*
 * How long a runnable thread has waited by now: schedstat counts a wait when it is over. Each CPU has a clock of its own,
 * which stands still while a hypervisor runs something else there: after some hours two are seconds apart. So we read the
 * one of the thread's CPU, on that CPU, where we are what ran last.
 */
static uint64_t waits_us(pid_t pid, const char *tid, int cpu)
{
	char path[400];
	double now = 0, then;
	cpu_set_t before, there;

	CPU_ZERO(&there);
	CPU_SET(cpu, &there);
	if (sched_getaffinity(0, sizeof(before), &before) == 0 && sched_setaffinity(0, sizeof(there), &there) == 0) {
		now = last_ran_ms("/proc/self/sched");
		sched_setaffinity(0, sizeof(before), &before);
	}
	snprintf(path, sizeof(path), "/proc/%d/task/%s/sched", pid, tid);
	then = last_ran_ms(path);
	return then > 0 && now > then ? (uint64_t)((now - then) * 1000) : 0;
}

/* Reads schedstat: for how long a thread waited in all, and how often it ran. */
static void read_waits(pid_t pid, const char *tid, uint64_t *waited_us, unsigned long long *runs)
{
	char path[400], line[256];
	unsigned long long waited_ns = 0;

	*runs = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, tid);
	if (read_start(path, line, sizeof(line)))
		sscanf(line, "%*u %llu %llu", &waited_ns, runs);
	*waited_us = waited_ns / 1000;
}

/* For how long a thread wanted a CPU and had none. One that ran while we looked has counted its wait by itself. */
static uint64_t wanted_us(pid_t pid, const char *tid, const struct process *thread)
{
	uint64_t waited_us, waits = 0;
	unsigned long long before, after;

	read_waits(pid, tid, &waited_us, &before);
	if (thread->state == 'R')
		waits = waits_us(pid, tid, thread->cpu);
	read_waits(pid, tid, &waited_us, &after);
	return waited_us + (after == before ? waits : 0);
}

/* Tells where each thread of a process is, in one frame each; adds up how long they were runnable without running. */
void tell_where(int fd, uint32_t id, const struct process *process, uint64_t *runnable_us)
{
	char path[400], shares[64];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", process->pid);
	tasks = opendir(path);
	write_shared(process->pid, process->parent, shares, sizeof(shares));
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		char line[1024], wchan[128], syscall[256];
		struct process thread;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", process->pid, entry->d_name);
		if (!read_start(path, line, sizeof(line)) || parse_stat(line, &thread))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/wchan", process->pid, entry->d_name);
		if (!read_start(path, wchan, sizeof(wchan)))
			strcpy(wchan, "0");
		snprintf(path, sizeof(path), "/proc/%d/task/%s/syscall", process->pid, entry->d_name);
		read_start(path, syscall, sizeof(syscall));
		syscall[strcspn(syscall, " \n")] = 0;
		tell_text(fd, WHERE, id, "%d %d %c %s %s %s %s", process->pid, thread.pid, thread.state, wchan, *syscall ? syscall : "-",
			  *shares ? shares : "-", thread.comm);
		*runnable_us += wanted_us(process->pid, entry->d_name, &thread);
	}
	if (tasks)
		closedir(tasks);
}
