// SPDX-License-Identifier: MIT
/* A handler switches contexts, and another thread goes on with it and returns: as a runtime does that maps many tasks to few threads. */
#include "hostile.h"

#include <ucontext.h>

static ucontext_t in_handler, scheduler;
static volatile int switched;

static void on_signal(int sig)
{
	(void)sig;
	if (switched++ == 0)
		swapcontext(&in_handler, &scheduler);
}

static void spawn_more(const char *who)
{
	int i;

	for (i = 0; i < 20; i++)
		if (spawn_true())
			_exit(3);
	say(who, 20);
}

static void task(void)
{
	raise(SIGUSR1);
	/* here runs the other thread */
	spawn_more("the other thread spawned");
	_exit(0);
}

static pthread_barrier_t both;

static void *other(void *unused)
{
	pthread_barrier_wait(&both);
	setcontext(&in_handler);
	return unused;
}

int main(void)
{
	static char stack[262144];
	static ucontext_t start;
	pthread_t thread;

	signal(SIGUSR1, on_signal);
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&thread, NULL, other, NULL);
	getcontext(&start);
	start.uc_stack.ss_sp = stack;
	start.uc_stack.ss_size = sizeof(stack);
	makecontext(&start, task, 0);
	swapcontext(&scheduler, &start);
	spawn_more("the first thread spawned");
	pthread_barrier_wait(&both);
	for (;;)
		spawn_true();
}
