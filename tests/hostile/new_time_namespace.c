// SPDX-License-Identifier: MIT
/* clone3 with CLONE_NEWTIME, whose bit is one of those that clone has for the signal. */
#include "hostile.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static long clone3(uint64_t flags, char *stack, size_t size)
{
	uint64_t arguments[11] = { flags, 0, 0, 0, SIGCHLD, (uintptr_t)stack, size };
	long result;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov $60, %%eax\n\tmov $3, %%edi\n\tsyscall\n1:"
			 : "=a"(result)
			 : "a"(SYS_clone3), "D"(arguments), "S"(sizeof(arguments))
			 : "rcx", "r11", "memory", "cc");
	return result;
}

int main(void)
{
	char *stack = malloc(65536);
	const uint64_t flags[] = { CLONE_NEWTIME, CLONE_NEWTIME | CLONE_VM, CLONE_NEWTIME | CLONE_VM | CLONE_VFORK, 0x01, 0x81 | CLONE_VM | CLONE_VFORK };
	unsigned int i;

	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		int shares = !!(flags[i] & CLONE_VM), status = -1;
		long pid = clone3(flags[i], shares ? stack : NULL, shares ? 65536 : 0);

		if (pid > 0)
			waitpid((pid_t)pid, &status, 0);
		printf("%d: %ld status %d\n", i, pid > 0 ? 1 : pid, status);
		fflush(stdout);
	}
	return 0;
}
