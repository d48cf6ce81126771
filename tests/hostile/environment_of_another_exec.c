// SPDX-License-Identifier: MIT
/*
 * /proc/self/environ says no more than environ does, and an exec with an environment that was said to another image, or that makes ld.so list
 * what a program needs, is one like any other.
 */
#include "hostile.h"

static char text[1 << 16], *list[4096];

static void handle(int sig)
{
	(void)sig;
}

static int read_environment(void)
{
	int file = open("/proc/self/environ", O_RDONLY), count = 0;
	ssize_t size = read(file, text, sizeof(text) - 1);
	char *at;

	close(file);
	for (at = text; at < text + size; at += strlen(at) + 1)
		if (*at)
			list[count++] = at;
	return count;
}

static int count_ours(void)
{
	int i, count = 0;

	while (environ[count])
		count++;
	for (i = 0; list[i]; i++)
		if (strstr(list[i], "VFORK") || strstr(list[i], "vfork-shim"))
			printf("shows %s\n", list[i]);
	return count;
}

static void look(const char *when)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("%s: %d more variables, blocked: USR1 %d SYS %d\n", when, read_environment() - count_ours(), sigismember(&mask, SIGUSR1),
	       sigismember(&mask, SIGSYS));
	fflush(stdout);
}

static void block(int sig)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, sig);
	sigprocmask(SIG_BLOCK, &mask, NULL);
}

static int count_lines(void)
{
	char *arguments[] = { "true", NULL }, *variables[] = { "LD_TRACE_LOADED_OBJECTS=1", NULL }, line[4096];
	int ends[2], count = 0;
	FILE *lines;

	if (pipe(ends))
		return -1;
	if (fork() == 0) {
		dup2(ends[1], 1);
		execve("/bin/true", arguments, variables);
		_exit(1);
	}
	close(ends[1]);
	lines = fdopen(ends[0], "r");
	while (fgets(line, sizeof(line), lines))
		count++;
	wait(NULL);
	return count;
}

int main(int argc, char **argv)
{
	/* what is handled is blocked while the shim executes, and the next image is told to open it */
	signal(SIGUSR1, handle);
	if (argc == 1) {
		printf("true needs %d objects\n", count_lines());
		look("first");
		execl("/proc/self/exe", "x", "second", NULL);
	}
	look(argv[1]);
	if (!strcmp(argv[1], "second")) {
		block(SIGUSR1);
		block(SIGSYS);
		execve("/proc/self/exe", (char *[]){ "x", "third", NULL }, list);
	}
	return 0;
}
