// SPDX-License-Identifier: MIT
/* An alternate stack that ends one byte behind the memory that is there: the frame is aligned, and has its place. */
#include "hostile.h"

#define SIZE 65536

static void on_signal(int sig)
{
	printf("handler %d\n", sig);
}

int main(void)
{
	char *at = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = { .ss_sp = at + 1, .ss_size = SIZE };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	mprotect(at + SIZE, SIZE, PROT_NONE);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return 0;
}
