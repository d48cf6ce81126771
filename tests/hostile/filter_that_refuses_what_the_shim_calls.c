// SPDX-License-Identifier: MIT
/* An allow list holds for the shim, too: each call that it makes and this program does not is refused, one at a time. */
#include "hostile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static const struct {
	const char *name;
	int nr;
} calls[] = {
	{ "kcmp", SYS_kcmp },
	{ "futex", SYS_futex },
	{ "tkill", SYS_tkill },
	{ "gettid", SYS_gettid },
	{ "getpid", SYS_getpid },
	{ "waitid", SYS_waitid },
	{ "kill", SYS_kill },
	{ "setpgid", SYS_setpgid },
	{ "madvise", SYS_madvise },
	{ "process_vm_writev", SYS_process_vm_writev },
	{ "faccessat2", 439 },
	{ "memfd_create", SYS_memfd_create },
	{ "getresuid", SYS_getresuid },
	{ "readlink", SYS_readlink },
	{ "clock_gettime", SYS_clock_gettime },
	{ "rt_sigprocmask with SIG_BLOCK", -1 },
};

static void refuse(int nr)
{
	struct sock_filter one[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter block[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIG_BLOCK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, one };

	if (nr < 0)
		program = (struct sock_fprog){ 6, block };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(99);
}

static int work(void)
{
	static sigset_t set, old;
	static struct sigaction action, before;
	static stack_t stack;
	static char *arguments[] = { (char *)"true", NULL };
	int status = -1;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_SETMASK, &set, &old) || sigprocmask(SIG_UNBLOCK, &set, &old) || !sigismember(&old, SIGUSR1))
		return 1;
	action.sa_handler = SIG_IGN;
	if (sigaction(SIGUSR1, &action, &before) || sigaction(SIGUSR1, NULL, &before) || before.sa_handler != SIG_IGN)
		return 2;
	if (sigaltstack(NULL, &stack))
		return 3;
	pid = vfork();
	if (pid == 0) {
		/* long enough for the shim to look whether its child is still there: shorter, and it is asked less */
		syscall(SYS_nanosleep, &(struct timespec){ 0, 30000000 }, NULL);
		execve("/bin/true", arguments, environ);
		_exit(7);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 4;
	return WIFEXITED(status) ? 10 + WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			refuse(calls[i].nr);
			_exit(work());
		}
		waitpid(pid, &status, 0);
		say(calls[i].name, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
	}
	return 0;
}
