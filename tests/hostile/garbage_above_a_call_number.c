// SPDX-License-Identifier: MIT
/* The kernel reads 32 bits of a call's number: what stands above them does not count. */
#include "hostile.h"

static long call(uint64_t number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

int main(void)
{
	const uint64_t garbage = 0x1234567800000000;
	sigset_t set, old;
	struct sigaction action = { .sa_handler = SIG_IGN };
	int status = -1;
	long pid;

	sigemptyset(&set);
	say("rt_sigprocmask", call(garbage | SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, (long)&old, 8));
	say("rt_sigaction", call(garbage | SYS_rt_sigaction, SIGUSR1, (long)&(long[4]){ 1 }, 0, 8));
	(void)action;
	say("sigaltstack", call(garbage | SYS_sigaltstack, 0, (long)&(stack_t){ 0 }, 0, 0));
	pid = call(garbage | SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, (long)malloc(65536) + 65536, 0, 0);
	if (pid == 0)
		call(SYS_exit, 3, 0, 0, 0);
	waitpid((pid_t)pid, &status, 0);
	say("status", status);
	pid = fork();
	if (pid == 0) {
		call(garbage | SYS_execve, (long)"/bin/true", (long)(char *[]){ (char *)"true", NULL }, (long)environ, 0);
		_exit(126);
	}
	waitpid((pid_t)pid, &status, 0);
	say("status", status);
	return 0;
}
