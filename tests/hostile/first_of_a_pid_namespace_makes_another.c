// SPDX-License-Identifier: MIT
/* Process 1 of a pid namespace has threads and makes, by vfork, process 1 of another one: that child makes threads, too. */
#include "hostile.h"

static pthread_barrier_t ready;
static volatile int spawned;

static void *work(void *unused)
{
	int i;

	pthread_barrier_wait(&ready);
	for (i = 0; i < 100; i++)
		if (spawn_true() == 0)
			__atomic_fetch_add(&spawned, 1, __ATOMIC_RELAXED);
	return unused;
}

static void *nothing(void *unused)
{
	return unused;
}

static int in_child(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < 40; i++) {
		/* a task that shares the memory, made and ended */
		int status = -1;
		static char stack[16384];
		pid_t pid = clone((int (*)(void *))nothing, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

		if (pid > 0)
			waitpid(pid, &status, 0);
		if (status)
			_exit(2);
	}
	_exit(getpid() == 1 ? 0 : 3);
}

static int first_of_namespace(void)
{
	static char stack[65536];
	pthread_t threads[8];
	int i, round;

	pthread_barrier_init(&ready, NULL, 9);
	for (i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	pthread_barrier_wait(&ready);
	for (round = 0; round < 20; round++) {
		int status = -1;
		pid_t pid = clone(in_child, stack + sizeof(stack), CLONE_NEWPID | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

		if (pid < 0)
			return 4;
		waitpid(pid, &status, 0);
		if (status)
			return 5;
	}
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	say("spawned", spawned);
	return 0;
}

int main(void)
{
	int status = -1;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		lacks("the right to make pid namespaces");
	pid = fork();
	if (pid == 0)
		_exit(first_of_namespace());
	waitpid(pid, &status, 0);
	say("status", status);
	return 0;
}
