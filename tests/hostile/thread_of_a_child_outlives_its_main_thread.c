// SPDX-License-Identifier: MIT
/* The main thread of a vfork child ends, a thread of it lives: its handlers stay those of the child, whatever children the parent makes then. */
#include "hostile.h"

static volatile int of_parent, of_child, told, stop;
static char thread_stack[65536], child_stack[65536];

static void parent_handler(int sig)
{
	(void)sig;
	of_parent++;
}

static void child_handler(int sig)
{
	(void)sig;
	of_child++;
}

static int thread(void *unused)
{
	static char alternate[32768];

	(void)unused;
	sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = sizeof(alternate) }, NULL);
	told = (int)syscall(SYS_gettid);
	while (!stop)
		syscall(SYS_nanosleep, &(struct timespec){ 0, 1000000 }, NULL);
	syscall(SYS_exit, 0);
	return 0;
}

static int child(void *unused)
{
	struct sigaction action = { .sa_handler = child_handler, .sa_flags = SA_ONSTACK };

	(void)unused;
	sigaction(SIGUSR1, &action, NULL);
	clone(thread, thread_stack + sizeof(thread_stack), CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES, NULL);
	while (!told)
		;
	syscall(SYS_exit, 0);
	return 0;
}

int main(void)
{
	struct sigaction action = { .sa_handler = parent_handler, .sa_flags = SA_ONSTACK };
	int status = -1, i;
	pid_t pid;

	sigaction(SIGUSR1, &action, NULL);
	pid = clone(child, child_stack + sizeof(child_stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	for (i = 0; i < 3; i++)
		spawn_true();
	for (i = 0; i < 5; i++) {
		syscall(SYS_tgkill, pid, told, SIGUSR1);
		while (of_parent + of_child <= i)
			;
		spawn_true();
	}
	stop = 1;
	waitpid(pid, &status, 0);
	printf("status %d handlers of child %d of parent %d\n", status, of_child, of_parent);
	return 0;
}
