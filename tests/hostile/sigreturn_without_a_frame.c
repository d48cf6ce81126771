// SPDX-License-Identifier: MIT
/* rt_sigreturn where there is no frame is SIGSEGV, which a handler on an alternate stack takes, and which kills where it is blocked or ignored. */
#include "hostile.h"

static char stack[65536];

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	say("signal", sig);
	say("code", info->si_code);
	_exit(0);
}

static void try(const char *what, int flags, void (*handler)(int, siginfo_t *, void *), int is_blocked)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags };
		sigset_t segv;

		sigemptyset(&segv);
		sigaddset(&segv, SIGSEGV);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
		sigaction(SIGSEGV, &action, NULL);
		sigprocmask(is_blocked ? SIG_BLOCK : SIG_UNBLOCK, &segv, NULL);
		__asm__ volatile("mov $64, %%esp\n mov %0, %%eax\n syscall\n hlt" : : "i"(SYS_rt_sigreturn) : "memory");
	}
	waitpid(pid, &status, 0);
	say(what, status);
}

int main(void)
{
	try("on its stack", SA_SIGINFO | SA_ONSTACK, on_signal, 0);
	try("without a stack", SA_SIGINFO, on_signal, 0);
	try("blocked", SA_SIGINFO | SA_ONSTACK, on_signal, 1);
	try("ignored", 0, (void (*)(int, siginfo_t *, void *))SIG_IGN, 0);
	return spawn_true();
}
