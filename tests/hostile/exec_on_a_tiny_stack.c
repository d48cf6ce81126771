// SPDX-License-Identifier: MIT
/* execve needs no stack: 64 bytes above an unmapped page are enough, and so are none. */
#include "hostile.h"

static char *arguments[] = { (char *)"true", NULL };

static void execute_at(char *top)
{
	__asm__ volatile("mov %0, %%rsp\n\tsyscall\n\tmov $60, %%eax\n\tmov $125, %%edi\n\tsyscall"
			 :
			 : "r"(top), "a"(SYS_execve), "D"("/bin/true"), "S"(arguments), "d"(environ)
			 : "rcx", "r11", "memory");
}

int main(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int room;

	mprotect(page, 4096, PROT_NONE);
	for (room = 0; room <= 64; room += 64) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			execute_at(page + 4096 + room);
		waitpid(pid, &status, 0);
		say("status", status);
	}
	return 0;
}
