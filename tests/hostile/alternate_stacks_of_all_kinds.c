// SPDX-License-Identifier: MIT
/* What sigaltstack keeps to the letter: a call that changes nothing, SS_AUTODISARM beside SS_DISABLE and over an exec, sizes like those of the shim's. */
#include "hostile.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char one[65536], two[65536];

static long set(void *sp, size_t size, unsigned int flags)
{
	return sigaltstack(&(stack_t){ .ss_sp = sp, .ss_size = size, .ss_flags = (int)flags }, NULL) ? errno : 0;
}

static void show(const char *what)
{
	stack_t now;

	sigaltstack(NULL, &now);
	printf("%s: %s size %zu flags %x\n", what, now.ss_sp == one ? "one" : now.ss_sp == two ? "two" : "none", now.ss_size, (unsigned int)now.ss_flags);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* In a child of its own each, for eight states are remembered. */
static int is_kept(size_t size)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		stack_t now;

		set(one, 20000, 0);
		set(two, size, 0);
		sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_ONSTACK }, NULL);
		raise(SIGUSR1);
		sigaltstack(NULL, &now);
		_exit(now.ss_sp != two || now.ss_size != size);
	}
	waitpid(pid, &status, 0);
	return !status;
}

/* Each image begins with the flags that the one before has left. */
static void next(char **argv, const char *stage)
{
	char *arguments[] = { argv[0], (char *)stage, NULL };

	fflush(stdout);
	execv("/proc/self/exe", arguments);
	exit(1);
}

int main(int argc, char **argv)
{
	size_t size, lost = 0;

	if (argc == 1) {
		printf("disable and auto-disarm %ld\n", set(NULL, 0, SS_DISABLE | SS_AUTODISARM));
		show("both");
		set(one, sizeof(one), SS_AUTODISARM);
		show("auto-disarm");
		next(argv, "auto-disarm");
	}
	show("begins");
	if (!strcmp(argv[1], "auto-disarm")) {
		printf("nothing asked %ld\n", set(NULL, 0, SS_AUTODISARM));
		printf("no stack asked %ld\n", set(NULL, 0, 0));
		set(NULL, 0, SS_DISABLE);
		next(argv, "disabled");
	}
	if (!strcmp(argv[1], "disabled")) {
		printf("no stack asked %ld\n", set(NULL, 0, 0));
		printf("a small stack asked %ld\n", set(one, 2047, 0));
		set(one, sizeof(one), 0);
		printf("the same stack asked %ld\n", set(one, sizeof(one), 0));
		next(argv, "plain");
	}
	printf("nothing asked %ld\n", set(NULL, 0, 0));
	printf("bad flags asked %ld\n", set(NULL, 0, 4));
	for (size = 51000; size < 53300; size += 8)
		lost += !is_kept(size);
	printf("sizes that are lost in a handler: %zu\n", lost);
	return 0;
}
