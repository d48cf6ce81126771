// SPDX-License-Identifier: MIT
/* Tasks that execute with an environment of a megabyte, in vain or not, leave no memory behind when they are gone. */
#include "hostile.h"

#define VARIABLES 100000
#define ROUNDS 20

static char *many[VARIABLES + 1], stack[65536];

static void *in_thread(void *unused)
{
	char *arguments[] = { (char *)"x", NULL };

	execve("/tmp", arguments, many);
	return unused;
}

static int in_child(void *unused)
{
	char *arguments[] = { (char *)"true", NULL };

	(void)unused;
	execve("/bin/true", arguments, many);
	_exit(1);
}

static void run_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
}

static void run_child(void)
{
	pid_t pid = clone(in_child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	waitpid(pid, NULL, 0);
}

static void run_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		in_thread(NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static long pages(void)
{
	long size = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%ld", &size) != 1)
		lacks("/proc");
	fclose(file);
	return size;
}

static void try(const char *what, void (*run)(void))
{
	long before;
	int i;

	run();
	before = pages();
	for (i = 0; i < ROUNDS; i++)
		run();
	/* of each round 800 KB and more would be left */
	printf("%s: memory %s\n", what, pages() - before > 3 * 200 ? "grows" : "stays");
}

int main(void)
{
	int i;

	for (i = 0; i < VARIABLES; i++)
		many[i] = (char *)"A=";
	try("thread", run_thread);
	try("child that shares memory", run_child);
	try("vfork child", run_vfork);
	return spawn_true();
}
