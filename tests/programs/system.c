// SPDX-License-Identifier: MIT
// libc's own: system(), popen() and posix_spawn() with file actions and attributes, one by one and from eight threads at once.
// prints: system 100
// prints: popen 100 3
// prints: posix_spawn 100
// prints: threads 160
// prints: missing 2, 127
// prints: interrupted 2, and not the caller
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static atomic_int right;

static int by_system(int number)
{
	char command[64];

	snprintf(command, sizeof(command), "sh -c 'exit %d'", number);
	return WEXITSTATUS(system(command)) == number;
}

static int by_popen(int number)
{
	char command[64];
	int said = -1;

	snprintf(command, sizeof(command), "/bin/echo %d", number);
	FILE *pipe = popen(command, "r");

	if (pipe == NULL || fscanf(pipe, "%d", &said) != 1)
		return 0;
	return pclose(pipe) == 0 && said == number;
}

static int by_posix_spawn(int number)
{
	char text[64], *argv[] = {"sh", "-c", text, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	int status = -1;
	pid_t pid;

	snprintf(text, sizeof(text), "read line || exit %d", number);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigdefault(&attributes, &all);
	if (posix_spawnp(&pid, "sh", &actions, &attributes, argv, environ) == 0)
		waitpid(pid, &status, 0);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return WIFEXITED(status) && WEXITSTATUS(status) == number;
}

static void *thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++)
		right += i % 2 ? by_posix_spawn(i) : by_popen(i);
	return NULL;
}

static int count(int (*way)(int number))
{
	int good = 0;

	for (int i = 0; i < 100; i++)
		good += way(i);
	return good;
}

int main(void)
{
	char *nothing[] = {"missing", NULL}, command[64];
	pthread_t threads[8];
	pid_t pid;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("system %d\n", count(by_system));
	FILE *to = popen("wc -l", "w");

	printf("popen %d ", count(by_popen));
	fprintf(to, "1\n2\n3\n");
	pclose(to);
	printf("posix_spawn %d\n", count(by_posix_spawn));
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, thread, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	printf("threads %d\n", right);
	int error = posix_spawn(&pid, "./missing", NULL, NULL, nothing, environ);

	printf("missing %d, %d\n", error, WEXITSTATUS(system("./missing 2>/dev/null")));
	/* system(3): SIGINT is ignored by the caller, and not by the command, until the command has ended */
	snprintf(command, sizeof(command), "kill -INT %d; kill -INT $$", getpid());
	printf("interrupted %d, and not the caller\n", WTERMSIG(system(command)));
	return 0;
}
