// SPDX-License-Identifier: MIT
/* A handler on a disarmed stack sets one around itself: at its return it stays (Linux 6.18, which looks at the handler's stack pointer). */
#include "hostile.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char memory[65536];

static void on_signal(int sig)
{
	(void)sig;
	sigaltstack(&(stack_t){ .ss_sp = memory, .ss_size = sizeof(memory) - 64 }, NULL);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t now;

	sigaltstack(&(stack_t){ .ss_sp = memory, .ss_size = sizeof(memory), .ss_flags = (int)SS_AUTODISARM }, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sigaltstack(NULL, &now);
	if (now.ss_size == sizeof(memory))
		lacks("a Linux that looks at the handler's stack pointer, not at that of before");
	printf("after the handler: size %zu\n", now.ss_size);
	return 0;
}
