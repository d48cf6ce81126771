// SPDX-License-Identifier: MIT
/* A handler without SA_ONSTACK changes mask and stack once; what was in force before is in force after it, however often that has come and gone. */
#include "hostile.h"

static char stacks[8][65536];
static int sets;

static void on_signal(int sig)
{
	stack_t stack = { .ss_sp = stacks[sets % 8], .ss_size = 40000 + (size_t)sets * 8 };

	(void)sig;
	sets++;
	sigaltstack(&stack, NULL);
}

static void set(int i)
{
	stack_t stack = { .ss_sp = stacks[i], .ss_size = sizeof(stacks[i]) };

	sigaltstack(&stack, NULL);
}

int main(void)
{
	int i, j, lost = 0;

	signal(SIGUSR1, on_signal);
	for (i = 0; i < 8; i++)
		set(i);
	for (j = 0; j < 40; j++) {
		stack_t now;

		i = j * 5 % 8;
		set(i);
		raise(SIGUSR1);
		sigaltstack(NULL, &now);
		lost += now.ss_sp != stacks[i] || now.ss_size != sizeof(stacks[i]);
	}
	printf("lost %d\n", lost);
	return 0;
}
