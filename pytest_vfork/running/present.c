// SPDX-License-Identifier: MIT
/* Prints the name of each thing that a case may need and that is there (pytest_vfork/templates/needs.py). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80	/* linux/sched.h */
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444	/* asm/unistd_64.h */
#endif

/* glibc 2.39; only its address is wanted, which is NULL elsewhere. */
int pidfd_spawn() __attribute__((weak));
/* musl has none. */
int swapcontext() __attribute__((weak));

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

/* With no flags and no signal it is a plain fork, which tells nobody of its end (waitpid(2), __WALL). */
static int can_clone3(void)
{
	unsigned long long arguments[8] = { [4] = SIGCHLD };	/* struct clone_args, linux/sched.h: exit_signal */
	long pid = syscall(SYS_clone3, arguments, sizeof(arguments));

	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static void *do_nothing(void *unused)
{
	return unused;
}

static int can_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, do_nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static int can_spawn(void)
{
	char *argv[] = { "/", NULL };
	pid_t pid;
	/* The root is no program: whoever gets so far as to find that out has made a process. */
	int error = posix_spawn(&pid, "/", NULL, NULL, argv, argv + 1);

	return error == EACCES || error == 0;
}

/* Has so many children at once, which end when they find the pipe closed. */
static int can_fork_many(int most)
{
	int ends[2], made = 0;
	char byte;

	if (pipe(ends))
		return 0;
	for (; made < most; made++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) != 0);
		}
	}
	close(ends[1]);
	for (int i = 0; i < made; i++)
		wait(NULL);
	return made == most;
}

/* Has so many that it may run on, which may be fewer than there are. */
static int has_processors(int least)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= least;
}

static int is_x86_64(void)
{
#ifdef __x86_64__
	return 1;
#else
	return 0;
#endif
}

static int is_glibc(void)
{
#ifdef __GLIBC__
	return 1;
#else
	return 0;
#endif
}

static int has_vfork(void)
{
#ifdef SYS_vfork
	return 1;
#else
	return 0;
#endif
}

static int can_unshare(int flag)
{
	return succeeds(unshare, flag);
}

static int be_traced(int unused)
{
	return ptrace(PTRACE_TRACEME, unused, NULL, NULL) != 0;
}

/* Installs a filter that lets everything through. */
static int install_filter(int unused)
{
	struct sock_filter allow = { BPF_RET | BPF_K, unused, unused, SECCOMP_RET_ALLOW };
	struct sock_fprog program = { 1, &allow };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int schedule(int policy)
{
	return sched_setscheduler(0, policy, &(struct sched_param){ .sched_priority = 1 });
}

static int can_schedule(int policy)
{
	return succeeds(schedule, policy);
}

/* struct sched_attr of linux/sched/types.h, which clashes with sched.h: SCHED_DEADLINE, 2 ms of 100. */
static int schedule_by_deadline(int unused)
{
	unsigned int attributes[] = { 48, 6, unused, 0, 0, 0, 2000000, 0, 100000000, 0, 100000000, 0 };

	return syscall(SYS_sched_setattr, 0, attributes, 0);
}

static int has_fault_counter(void)
{
	struct perf_event_attr faults = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(faults), .config = PERF_COUNT_SW_PAGE_FAULTS, .inherit = 1, .exclude_kernel = 1,
	};

	return syscall(SYS_perf_event_open, &faults, 0, -1, -1, PERF_FLAG_FD_CLOEXEC) >= 0;
}

static int has_io_uring(void)
{
	struct io_uring_params parameters = { 0 };

	return syscall(SYS_io_uring_setup, 4, &parameters) >= 0;
}

/* Whether the file begins with the character. */
static int reads(const char *path, char expected)
{
	FILE *file = fopen(path, "r");

	return file && fgetc(file) == expected;
}

/* Only its package tells the version of PAM. */
static int pam_is_before(int major, int minor)
{
	FILE *told = popen("dpkg-query -W -f '${Version}' libpam-modules 2>/dev/null", "r");
	int its_major = 0, its_minor = 0, found = told ? fscanf(told, "%d.%d", &its_major, &its_minor) : 0;

	if (told)
		pclose(told);
	return found == 2 && (its_major < major || (its_major == major && its_minor < minor));
}

static int has_semaphores(void)
{
	int set = semget(IPC_PRIVATE, 1, 0600);

	return set >= 0 && semctl(set, 0, IPC_RMID) == 0;
}

/* Whether a cgroup can be made in a hierarchy of that type which has that option, and has a file of that name then. */
static int can_make_cgroup(const char *wanted, const char *option, const char *name)
{
	char where[1024], type[64], options[256], path[1100], file[1200];
	FILE *mounts = fopen("/proc/self/mounts", "r");
	int found = 0;

	while (mounts && !found && fscanf(mounts, "%*s %1023s %63s %255s %*[^\n]", where, type, options) == 3) {
		if (strcmp(type, wanted) || !strstr(options, option))
			continue;
		snprintf(path, sizeof(path), "%s/vfork-%d", where, getpid());
		snprintf(file, sizeof(file), "%s/%s", path, name);
		found = mkdir(path, 0700) == 0;
		found = found && access(file, W_OK) == 0;
		rmdir(path);
	}
	return found;
}

static int has_cgroup2(void)
{
	return can_make_cgroup("cgroup2", "", "cgroup.procs");
}

static int has_pids_cgroup(void)
{
	return can_make_cgroup("cgroup", "pids", "pids.max") || can_make_cgroup("cgroup2", "", "pids.max");
}

int main(void)
{
@CHECKS@
	return 0;
}
