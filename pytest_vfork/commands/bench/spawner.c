// SPDX-License-Identifier: MIT
/*
 * spawner RSS_MIB IMAGE: one parent whose spawns are timed.
 *
 * Touches RSS_MIB of memory, writes "ready" to stdout, then answers each line "WHAT COUNT" on stdin with the nanoseconds that COUNT rounds of WHAT took:
 *	vfork		vfork(2) inline, execve of IMAGE, waitpid
 *	libc-vfork	vfork(3), execve, waitpid
 *	clone-stack	clone(CLONE_VM|CLONE_VFORK) with a stack of its own, execve, waitpid
 *	clone3-stack	clone3, likewise
 *	posix_spawn	posix_spawn(3), waitpid
 *	vfork-exit	vfork(2) inline, _exit, waitpid: what the call itself costs
 *	syscalls	getppid(2): a program that neither spawns nor changes its signal mask
 *	files		a whole tree (the headers of Linux) listed and read, each file by 4 KiB: a program that does much I/O from memory
 *	masks		sigprocmask(2), block and unblock
 *	threads		pthread_create and pthread_join
 *	execs		IMAGE started from a shell, one after the other
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *image;
static char *stack;
enum { STACK_SIZE = 65536 };

static _Noreturn void execute(void)
{
	execve(image, (char *[]){ image, NULL }, environ);
	_exit(127);
}

static void reap(pid_t pid, int expected)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != expected) {
		fprintf(stderr, "spawner: a spawn went wrong\n");
		exit(1);
	}
}

/* The child runs in this frame, and never returns from it. */
static pid_t raw_vfork(int exec)
{
	long pid;

	__asm__ volatile("syscall" : "=a"(pid) : "0"((long)SYS_vfork) : "rcx", "r11", "memory");
	if (pid == 0) {
		if (exec)
			execute();
		_exit(0);
	}
	return pid;
}

static void spawn_vfork(void)
{
	reap(raw_vfork(1), 0);
}

static void spawn_vfork_exit(void)
{
	reap(raw_vfork(0), 0);
}

static void spawn_libc_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		execute();
	reap(pid, 0);
}

static int clone_child(void *nothing)
{
	(void)nothing;
	execute();
}

static void spawn_clone_stack(void)
{
	reap(clone(clone_child, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), 0);
}

static void spawn_clone3_stack(void)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = STACK_SIZE,
	};
	long pid;

	/* The child is on its own, empty stack: it may not return, nor look at this frame. */
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "call *%[child]\n"
			 "1:"
			 : "=a"(pid)
			 : "0"((long)SYS_clone3), "D"(&args), "S"(sizeof(args)), [child] "r"(execute)
			 : "rcx", "r11", "memory");
	reap(pid, 0);
}

static void spawn_posix(void)
{
	pid_t pid;

	if (posix_spawn(&pid, image, NULL, NULL, (char *[]){ image, NULL }, environ))
		pid = -1;
	reap(pid, 0);
}

static void call_system(void)
{
	syscall(SYS_getppid);
}

static void change_mask(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void *run_thread(void *nothing)
{
	return nothing;
}

static void make_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_thread, NULL) || pthread_join(thread, NULL))
		exit(1);
}

/* What a search for a word does: list, stat, open, read by 4 KiB, look at each byte, close. */
static int read_file(const char *path, const struct stat *about, int type)
{
	static char block[4096];
	static volatile size_t found;
	ssize_t size;
	int file;

	(void)about;
	if (type != FTW_F)
		return 0;
	file = open(path, O_RDONLY);
	if (file < 0)
		return 1;
	while ((size = read(file, block, sizeof(block))) > 0)
		found += !!memmem(block, (size_t)size, "a word that is in no header", 27);
	close(file);
	return size < 0;
}

static void read_tree(void)
{
	if (ftw("/usr/include/linux", read_file, 16))
		exit(1);
}

static const struct {
	const char *name;
	void (*round)(void);
} kinds[] = {
	{ "vfork", spawn_vfork },
	{ "libc-vfork", spawn_libc_vfork },
	{ "clone-stack", spawn_clone_stack },
	{ "clone3-stack", spawn_clone3_stack },
	{ "posix_spawn", spawn_posix },
	{ "vfork-exit", spawn_vfork_exit },
	{ "syscalls", call_system },
	{ "files", read_tree },
	{ "masks", change_mask },
	{ "threads", make_thread },
};

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long time_rounds(const char *what, long count)
{
	long long start = now_ns();

	if (strcmp(what, "execs") == 0) {
		char script[4300];
		pid_t pid = -1;

		snprintf(script, sizeof(script), "i=0; while [ $i -lt %ld ]; do %s; i=$((i+1)); done", count, image);
		if (posix_spawn(&pid, "/bin/sh", NULL, NULL, (char *[]){ "sh", "-c", script, NULL }, environ))
			pid = -1;
		reap(pid, 0);
		return now_ns() - start;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(what, kinds[i].name))
			continue;
		while (count-- > 0)
			kinds[i].round();
		return now_ns() - start;
	}
	return -1;
}

int main(int argc, char **argv)
{
	size_t size = argc == 3 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	char what[32], *memory;
	long count;

	if (argc != 3)
		return 2;
	image = argv[2];
	memory = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || stack == MAP_FAILED)
		return 3;
	madvise(memory, size, MADV_NOHUGEPAGE);	/* so that a fork has page tables to copy, as it has in a program that grew bit by bit */
	memset(memory, 1, size);
	puts("ready");
	fflush(stdout);
	while (scanf("%31s %ld", what, &count) == 2) {
		printf("%lld\n", time_rounds(what, count));
		fflush(stdout);
	}
	return 0;
}
