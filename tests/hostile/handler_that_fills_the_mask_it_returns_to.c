// SPDX-License-Identifier: MIT
/* A handler changes the mask in its frame, which is in force when it has returned: SIGSYS in it is like any other signal there. */
#include "hostile.h"

#include <ucontext.h>

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)sig;
	(void)info;
	sigfillset(&interrupted->uc_sigmask);
	sigdelset(&interrupted->uc_sigmask, SIGUSR1);
}

int main(void)
{
	static char stack[65536];
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	sigset_t now;
	int round;

	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	for (round = 0; round < 6; round++) {
		if (round == 3)
			action.sa_flags |= SA_ONSTACK;
		sigaction(SIGUSR1, &action, NULL);
		raise(SIGUSR1);
		sigprocmask(SIG_BLOCK, NULL, &now);
		say("SIGSYS is blocked", sigismember(&now, SIGSYS));
		say("SIGTERM is blocked", sigismember(&now, SIGTERM));
		say("spawned", spawn_true());
		sigemptyset(&now);
		sigprocmask(SIG_SETMASK, &now, NULL);
	}
	return 0;
}
