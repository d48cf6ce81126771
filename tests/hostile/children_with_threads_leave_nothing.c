// SPDX-License-Identifier: MIT
/* Children that make threads leave no memory behind. */
#include "hostile.h"

static char thread_stack[16384], child_stack[65536];
static volatile int told;

static int thread(void *unused)
{
	(void)unused;
	told = 1;
	syscall(SYS_exit, 0);
	return 0;
}

static int child(void *unused)
{
	(void)unused;
	told = 0;
	clone(thread, thread_stack + sizeof(thread_stack), CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL);
	while (!told)
		;
	_exit(0);
}

static long size_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (fscanf(file, "%ld", &pages) != 1)
		_exit(1);
	fclose(file);
	return pages * 4;
}

static void make(int count)
{
	while (count--)
		waitpid(clone(child, child_stack + sizeof(child_stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), NULL, 0);
}

int main(void)
{
	long before;

	make(100);
	before = size_kib();
	make(600);
	say("grew by a MiB", size_kib() - before > 1024);
	return 0;
}
