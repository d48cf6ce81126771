// SPDX-License-Identifier: MIT
/*
 * A list of what a program needs, and death for all else, as OpenSSH gives it to who talks to strangers: no rt_sigreturn is in it, for no
 * handler is ever left. Set in each way that there is, long ones too, then a call that the list has and the shim answers; and one that has
 * nothing but what is called.
 */
#include "hostile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define LONG 4000
#define MOST 4096 /* BPF_MAXINSNS */

static struct sock_filter code[MOST];

/* What comes first counts on an accumulator that is zero, as the kernel has it. */
static unsigned short make(int size, const int *allowed, int count)
{
	int n = 0;

	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV);
	while (n < size)
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < count; i++) /* to ALLOW, behind KILL */
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)allowed[i], (unsigned char)(count - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned short)n;
}

static const int needed[] = { SYS_rt_sigprocmask, SYS_write, SYS_exit_group }, few[] = { SYS_seccomp, SYS_exit_group };

/* The kernel reads 32 bits of the operation. */
static long set(long how, struct sock_fprog *program)
{
	if (how == 0)
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
	return syscall(SYS_seccomp, (how & ~1l) | SECCOMP_SET_MODE_FILTER, 0, program);
}

static void try_twice(void)
{
	struct sock_fprog program = { .filter = code, .len = make(0, few, 2) };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(set(1, &program) || set(1, &program) ? 3 : 7);
	}
	waitpid(pid, &status, 0);
	say("twice", status);
}

static void try(int size, long how)
{
	struct sock_fprog program = { .filter = code, .len = make(size, needed, 3) };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t signals;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (set(how, &program))
			_exit(3);
		sigemptyset(&signals);
		sigaddset(&signals, SIGUSR1);
		if (sigprocmask(SIG_BLOCK, &signals, NULL) || sigprocmask(SIG_BLOCK, NULL, &signals))
			_exit(4);
		say("blocks", sigismember(&signals, SIGUSR1));
		_exit(7);
	}
	waitpid(pid, &status, 0);
	say("status", status);
}

/* The kernel refuses what it refuses, and as much of it fits as ever. */
static void fill(int size)
{
	struct sock_fprog program = { .filter = code, .len = (unsigned short)size };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int many = 0;

		for (int i = 0; i < size; i++)
			code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		while (many < 7 && !set(1, &program))
			many++;
		_exit(many);
	}
	waitpid(pid, &status, 0);
	say("fit", status);
}

int main(void)
{
	for (int how = 0; how < 2; how++) {
		try(0, how);
		try(LONG, how);
	}
	try(0, 1l << 32);
	try_twice();
	fill(4000);
	fill(MOST);
	return 0;
}
