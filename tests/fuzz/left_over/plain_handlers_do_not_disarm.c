// SPDX-License-Identifier: MIT
/* With SS_AUTODISARM every handler disarms the alternate stack, one without SA_ONSTACK, too. */
#include "hostile.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char memory[65536];

static void on_signal(int sig)
{
	stack_t now;

	(void)sig;
	sigaltstack(NULL, &now);
	printf("in the handler: %s\n", now.ss_flags & SS_DISABLE ? "none" : "armed");
}

int main(void)
{
	sigaltstack(&(stack_t){ .ss_sp = memory, .ss_size = sizeof(memory), .ss_flags = (int)SS_AUTODISARM }, NULL);
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	return 0;
}
