// SPDX-License-Identifier: MIT
/* A child with CLONE_SIGHAND dies of SIGSYS by default: its parent goes on, and spawns. */
#include "hostile.h"

static char stack[65536];

static int child(void *nothing)
{
	(void)nothing;
	syscall(__NR_tkill, syscall(__NR_gettid), SIGSYS);
	_exit(1);
}

int main(void)
{
	int status = -1;
	pid_t pid = clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_SIGHAND | SIGCHLD, NULL);

	waitpid(pid, &status, 0);
	printf("signal %d\n", WTERMSIG(status));
	fflush(stdout);
	printf("spawned %x\n", spawn_true());
	return 0;
}
