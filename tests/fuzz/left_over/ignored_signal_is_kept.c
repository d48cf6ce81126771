// SPDX-License-Identifier: MIT
/* A suspended parent ignores SIGQUIT, gets one, and its child, which shares the handlers, installs one: the signal was dropped when it came. */
#include "hostile.h"

static char stack[65536];
static volatile int runs;

static void on_signal(int sig)
{
	(void)sig;
	runs++;
}

static int child(void *parent)
{
	kill((pid_t)(intptr_t)parent, SIGQUIT);
	signal(SIGQUIT, on_signal);
	_exit(0);
}

int main(void)
{
	signal(SIGQUIT, SIG_IGN);
	clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_SIGHAND | SIGCHLD, (void *)(intptr_t)getpid());
	printf("runs %d\n", runs);
	return 0;
}
