// SPDX-License-Identifier: MIT
/*
 * A list of what a program needs, and death for all else, as OpenSSH gives it to who talks to strangers: no rt_sigreturn is in it, for no
 * handler is ever left. Set in each way that there is, long ones too, then a call that the list has and the shim answers.
 */
#include "hostile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define LONG 4000
#define MOST 4096 /* BPF_MAXINSNS */

static struct sock_filter code[MOST];

/* What comes first counts on an accumulator that is zero, as the kernel has it. */
static unsigned short make(int size)
{
	static const int allowed[] = { SYS_rt_sigprocmask, SYS_write, SYS_exit_group };
	int n = 0, last;

	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV);
	while (n < size)
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	last = n + (int)(sizeof(allowed) / sizeof(*allowed));
	for (; n < last; n++)
		code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)allowed[n - last + 3], (unsigned char)(last - n), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned short)n;
}

static void try(int size, int by_seccomp)
{
	struct sock_fprog program = { .filter = code, .len = make(size) };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t set;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (by_seccomp ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
			_exit(3);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		if (sigprocmask(SIG_BLOCK, &set, NULL) || sigprocmask(SIG_BLOCK, NULL, &set))
			_exit(4);
		say("blocks", sigismember(&set, SIGUSR1));
		_exit(7);
	}
	waitpid(pid, &status, 0);
	say("status", status);
}

int main(void)
{
	for (int by_seccomp = 0; by_seccomp < 2; by_seccomp++) {
		try(0, by_seccomp);
		try(LONG, by_seccomp);
	}
	return 0;
}
