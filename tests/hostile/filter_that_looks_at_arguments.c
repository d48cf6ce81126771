// SPDX-License-Identifier: MIT
/*
 * Filters whose answer to what the shim calls hangs on an argument, on where the call is made, or on arithmetic as the kernel does it; and an
 * errno that is none. The program makes no such call itself.
 */
#include "hostile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define WORD(n) (offsetof(struct seccomp_data, args) + 8 * (n))

static void try(const char *what, struct sock_filter *code, unsigned short size)
{
	struct sock_fprog program = { .filter = code, .len = size };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		pid_t result;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
			_exit(3);
		result = vfork();
		if (result == 0)
			_exit(0);
		_exit(result > 0 ? 7 : errno == 4095 ? 8 : 9);
	}
	waitpid(pid, &status, 0);
	say(what, status);
}

/* Death for a call if a word of it is, or is not, what is given. */
static void kill_for(unsigned int number, unsigned int word, unsigned int value, unsigned char unless)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, unless, !unless),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	try("looks", code, sizeof(code) / sizeof(*code));
}

/* 1 by a shift of 32 is 1: what it is not is answered with an errno. */
static void shift(unsigned short operation)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 0, 4), /* to ALLOW */
		BPF_STMT(BPF_LDX | BPF_IMM, 32),
		BPF_STMT(BPF_LD | BPF_IMM, 1),
		BPF_STMT(BPF_ALU | operation | BPF_X, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
	};

	try("shifts", code, sizeof(code) / sizeof(*code));
}

/* It ends the filter, and the thread. */
static void divide(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0, 2),
		BPF_STMT(BPF_LDX | BPF_IMM, 0),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	try("divides", code, sizeof(code) / sizeof(*code));
}

static void refuse(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 5000),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	try("refuses", code, sizeof(code) / sizeof(*code));
}

int main(void)
{
	kill_for(SYS_rt_sigprocmask, WORD(0), SIG_SETMASK, 0);
	kill_for(SYS_rt_sigprocmask, WORD(1), 0, 1);
	kill_for(SYS_rt_sigprocmask, WORD(3), 8, 0);
	kill_for(SYS_rt_sigprocmask, offsetof(struct seccomp_data, instruction_pointer), 0, 1);
	kill_for(SYS_rt_sigreturn, WORD(0), 0, 1);
	kill_for(SYS_rt_sigreturn, offsetof(struct seccomp_data, instruction_pointer), 0, 1);
	shift(BPF_LSH);
	shift(BPF_RSH);
	divide();
	refuse();
	return 0;
}
