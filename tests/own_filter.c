// SPDX-License-Identifier: MIT
/*
 * own_filter: installs a seccomp filter of its own (getppid fails with EPERM, getpgid traps to a handler of its own), then spawns.
 * Prints what it sees of both, before and in a vfork child, and how the child ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t trapped, mark;

static void on_sigsys(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	trapped = info->si_syscall;
	mark = info->si_errno;
}

int main(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | 7),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	volatile int in_child = 0;
	int status = -1;

	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 1;
	printf("getppid %d\n", syscall(SYS_getppid) < 0 ? errno : 0);
	syscall(SYS_getpgid, 0);
	printf("trapped %d mark %d\n", trapped == SYS_getpgid, (int)mark);
	fflush(stdout);
	trapped = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		in_child = syscall(SYS_getppid) < 0 ? errno : 0;
		syscall(SYS_getpgid, 0);
		execl("/bin/sh", "sh", "-c", "/bin/echo from the image; exit 3", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("in the child %d, trapped %d\nstatus %d\n", in_child, trapped == SYS_getpgid, WEXITSTATUS(status));
	return 0;
}
