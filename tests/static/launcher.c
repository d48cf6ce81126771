// SPDX-License-Identifier: MIT
/* launcher HOW PATH ARGUMENT...: executes an image in one of the ways there are; prints the error if that fails. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = { "FIRST=1", "LD_PRELOAD=", "LAST=", NULL };
static char **arguments;
static const char *path;

static int execute_at(int directory, const char *name, int flags)
{
	return (int)syscall(SYS_execveat, directory, name, arguments, environment, flags);
}

static void *execute(void *nothing)
{
	execve(path, arguments, environment);
	return nothing;
}

static void handle(int sig)
{
	(void)sig;
}

static int count_descriptors(void)
{
	int i, count = 0;

	for (i = 0; i < 1024; i++)
		count += fcntl(i, F_GETFD) >= 0;
	return count;
}

/* A child that shares the descriptors of its parent; the image must not leave one of its own behind. */
static int by_sharing_child(void)
{
	static char stack[65536];
	int before = count_descriptors(), status = 0;
	pid_t child;

	fflush(stdout);
	child = clone((int (*)(void *))execute, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, NULL);
	waitpid(child, &status, 0);
	printf("status %x, descriptors %d more\n", (unsigned int)status, count_descriptors() - before);
	exit(0);
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";
	pthread_t thread;
	int file, error;

	if (argc < 3)
		return 2;
	path = argv[2];
	arguments = argv + 2;
	if (!strcmp(how, "path"))
		execute(NULL);
	else if (!strcmp(how, "thread") && !pthread_create(&thread, NULL, execute, NULL))
		pthread_join(thread, NULL);
	else if (!strcmp(how, "descriptor"))
		execute_at(open(path, O_RDONLY), "", AT_EMPTY_PATH);
	else if (!strcmp(how, "closed-descriptor"))
		execute_at(open(path, O_RDONLY | O_CLOEXEC), "", AT_EMPTY_PATH);
	else if (!strcmp(how, "path-descriptor"))
		execute_at(open(path, O_PATH | O_CLOEXEC), "", AT_EMPTY_PATH);
	else if (!strcmp(how, "folder")) {
		char *name = strrchr(path, '/');

		*name = 0;
		file = open(path, O_PATH);
		*name = '/';
		execute_at(file, name + 1, 0);
	} else if (!strcmp(how, "link"))
		execute_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
	else if (!strcmp(how, "signals")) {
		sigset_t mask;

		signal(SIGUSR1, handle);
		signal(SIGUSR2, SIG_IGN);
		sigemptyset(&mask);
		sigaddset(&mask, SIGTERM);
		sigaddset(&mask, SIGRTMAX);
		sigprocmask(SIG_BLOCK, &mask, NULL);
		execute(NULL);
	} else if (!strcmp(how, "no-arguments")) {
		arguments = &argv[argc];
		execute(NULL);
	} else if (!strcmp(how, "nothing")) {
		execve(path, NULL, NULL);
	} else if (!strcmp(how, "many")) {
		char *all[40001];

		for (file = 0; file < 40000; file++)
			all[file] = file < 2 ? "an argument" : "twelve bytes";
		all[file] = NULL;
		execve(path, all, environment);
	} else if (!strcmp(how, "too-many")) {
		static char big[200000];
		char *all[] = { "a", big, NULL };

		memset(big, 'a', sizeof(big) - 1);
		execve(path, all, environment);
	} else if (!strcmp(how, "written")) {
		file = open(path, O_WRONLY | O_CLOEXEC);
		execute(NULL);
	} else if (!strcmp(how, "memory")) {
		static char copy[4 << 20];
		ssize_t size;

		file = open(path, O_RDONLY);
		size = read(file, copy, sizeof(copy));
		close(file);
		file = memfd_create("image", MFD_CLOEXEC);
		if (write(file, copy, (size_t)size) != size)
			return 3;
		execute_at(file, "", AT_EMPTY_PATH);
	} else if (!strcmp(how, "child"))
		by_sharing_child();
	error = errno;
	printf("%s: %s, descriptors %d\n", how, strerror(error), count_descriptors());
	return 1;
}
