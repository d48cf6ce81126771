// SPDX-License-Identifier: MIT
/* A child with CLONE_SIGHAND dies because its handler cannot be entered: the kernel makes that signal's action the default, and leaves its flags and mask. */
#include "hostile.h"

static char stack[65536];

static void on_signal(int sig)
{
	(void)sig;
}

static int child(void *nothing)
{
	(void)nothing;
	__asm__ volatile("mov $0x1000, %%rsp\n\tpush %%rax" ::: "memory");
	return 0;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER }, now;
	int status = -1, pid;

	sigaddset(&action.sa_mask, SIGHUP);
	sigaddset(&action.sa_mask, SIGSYS);
	sigaction(SIGSEGV, &action, NULL);
	pid = clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_SIGHAND | SIGCHLD, NULL);
	waitpid(pid, &status, 0);
	sigaction(SIGSEGV, NULL, &now);
	printf("status %x, %s, flags %x, mask HUP %d SYS %d\n", status & 0x7f, now.sa_handler == SIG_DFL ? "default" : "another", (unsigned int)now.sa_flags,
	       sigismember(&now.sa_mask, SIGHUP), sigismember(&now.sa_mask, SIGSYS));
	return 0;
}
