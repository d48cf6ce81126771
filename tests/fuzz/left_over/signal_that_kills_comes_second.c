// SPDX-License-Identifier: MIT
/* A suspended parent has got a signal that it handles, then one that kills: Linux leaves the second until the child lets go (wants_signal). */
#include "hostile.h"

static void on_signal(int sig)
{
	(void)sig;
}

static char stack[65536];

static int child(void *parent)
{
	const struct timespec pause = { 0, 1000000 };

	kill((pid_t)(intptr_t)parent, SIGUSR1);
	kill((pid_t)(intptr_t)parent, SIGTERM);
	/* until a parent that is killed is gone; one that is not stays, however long this looks */
	for (int looks = 0; looks < 500 && getppid() == (pid_t)(intptr_t)parent; looks++)
		nanosleep(&pause, NULL);
	_exit(getppid() == (pid_t)(intptr_t)parent ? printf("the parent is there\n"), fflush(stdout), 0 : (printf("the parent is gone\n"), fflush(stdout), 0));
}

int main(void)
{
	pid_t parent = fork();

	if (!parent) {
		signal(SIGUSR1, on_signal);
		clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)(intptr_t)getpid());
		_exit(0);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (wait(NULL) > 0)
		;
	return 0;
}
