// SPDX-License-Identifier: MIT
/* What sigaltstack sets in a handler is undone when that returns, for its frame says what was before (sigreturn(2)). */
#include "hostile.h"

static char one[65536], two[32768];

static void on_signal(int sig)
{
	sigaltstack(&(stack_t){ .ss_sp = two, .ss_size = sizeof(two) }, NULL);
	if (sig == SIGUSR2)
		sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	if (sig == SIGUSR1)
		raise(SIGUSR2);
}

static void show(const char *what)
{
	stack_t now;

	sigaltstack(NULL, &now);
	printf("%s: %s size %zu flags %d\n", what, now.ss_sp == one ? "one" : now.ss_sp == two ? "two" : "none", now.ss_size, now.ss_flags);
}

int main(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	show("at first");
	raise(SIGUSR1);
	show("after a handler without a stack before");
	sigaltstack(&(stack_t){ .ss_sp = one, .ss_size = sizeof(one) }, NULL);
	show("set");
	raise(SIGUSR1);
	show("after a handler");
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	raise(SIGUSR1);
	show("disabled, and after a handler");
	return 0;
}
