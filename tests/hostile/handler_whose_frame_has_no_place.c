// SPDX-License-Identifier: MIT
/* An alternate stack that cannot be written to is a SIGSEGV, which a handler on the normal stack may take. */
#include "hostile.h"

#include <setjmp.h>

static sigjmp_buf back;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	(void)context;
	siglongjmp(back, sig * 1000 + info->si_code);
}

static void on_signal(int sig)
{
	(void)sig;
	say("never", 0);
}

int main(void)
{
	struct sigaction segv = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO }, on = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	char *stack = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int round, status = -1, came;
	pid_t pid;

	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGUSR1, &on, NULL);
	for (round = 0; round < 3; round++) {
		if (round == 1)
			munmap(stack, 65536);
		sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = 65536 }, NULL);
		came = sigsetjmp(back, 1);
		if (!came)
			raise(SIGUSR1);
		say("came", came);
		sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	}
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_IGN);
		sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = 65536 }, NULL);
		raise(SIGUSR1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say("ignored: killed by", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return spawn_true();
}
