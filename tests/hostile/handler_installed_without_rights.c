// SPDX-License-Identifier: MIT
/* A program gives up root, then installs a handler with SA_ONSTACK, asks for it, and sets what it was told again. */
#include "hostile.h"

static volatile int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

int main(void)
{
	static char stack[65536];
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK }, seen;
	const int signals[] = { SIGUSR1, SIGSEGV };
	int i;

	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
		lacks("the right to be nobody");
	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	for (i = 0; i < 2; i++) {
		sigaction(signals[i], &action, NULL);
		sigaction(signals[i], NULL, &seen);
		say("is the same", seen.sa_handler == on_signal && seen.sa_flags & SA_ONSTACK);
		sigaction(signals[i], &seen, NULL);
		raise(signals[i]);
	}
	say("handled", handled);
	say("no new privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 1);
	return spawn_true();
}
