// SPDX-License-Identifier: MIT
/* What sigaction shows of an action: after SA_RESETHAND all but the handler is as it was; flags that Linux does not know are not kept. */
#include "hostile.h"

#define UNSUPPORTED 0x400 /* SA_UNSUPPORTED, asm-generic/signal-defs.h */

static int runs;

static void on_signal(int sig)
{
	(void)sig;
	runs++;
}

static void show(const char *what, int sig)
{
	struct sigaction now;

	sigaction(sig, NULL, &now);
	printf("%s: %s, flags %x, mask USR2 %d HUP %d SYS %d\n", what, now.sa_handler == SIG_DFL ? "default" : now.sa_handler == on_signal ? "ours" : "another",
	       (unsigned int)now.sa_flags, sigismember(&now.sa_mask, SIGUSR2), sigismember(&now.sa_mask, SIGHUP), sigismember(&now.sa_mask, SIGSYS));
}

int main(void)
{
	struct sigaction once = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_ONSTACK };
	struct sigaction odd = { .sa_handler = on_signal, .sa_flags = UNSUPPORTED | SA_RESTART }, old;

	sigaddset(&once.sa_mask, SIGUSR2);
	sigaddset(&once.sa_mask, SIGSYS);
	sigaction(SIGUSR1, &once, NULL);
	show("set", SIGUSR1);
	raise(SIGUSR1);
	show("after its only run", SIGUSR1);
	/* what has been shown is set again */
	sigaction(SIGUSR1, NULL, &old);
	sigaction(SIGUSR1, &old, NULL);
	show("set as shown", SIGUSR1);
	sigaction(SIGUSR1, &once, &old);
	printf("before: %s, flags %x\n", old.sa_handler == SIG_DFL ? "default" : "another", (unsigned int)old.sa_flags);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	show("ignored", SIGUSR1);
	sigaction(SIGUSR1, &odd, NULL);
	show("odd flags", SIGUSR1);
	sigaction(SIGSYS, &odd, NULL);
	show("odd flags of SIGSYS", SIGSYS);
	printf("runs %d\n", runs);
	return 0;
}
