// SPDX-License-Identifier: MIT
/* A tid word of which only the first half can be written is left alone. */
#include "hostile.h"

#define PAGE 4096

static char child_stack[65536] __attribute__((aligned(64)));

static int child(void *nothing)
{
	(void)nothing;
	_exit(0);
}

static void try(const char *what, int flag)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *word = page + PAGE - 2;

	mprotect(page + PAGE, PAGE, PROT_NONE);
	memset(word, 'x', 2);
	waitpid(clone(child, child_stack + sizeof(child_stack), CLONE_VM | CLONE_VFORK | flag | SIGCHLD, NULL, NULL, NULL, word), NULL, 0);
	printf("%s: %x %x\n", what, word[0], word[1]);
}

int main(void)
{
	try("told by the child", CLONE_CHILD_SETTID);
	try("cleared at its end", CLONE_CHILD_CLEARTID);
	return 0;
}
