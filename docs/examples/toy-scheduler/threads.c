// SPDX-License-Identifier: MIT
/* threads LOG: eight threads call vfork at once, three times; says who came back when, and whether all was right. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 3

static pthread_barrier_t together;
static volatile int written[THREADS];
static int log_file;

static void event(const char *what, int child)
{
	char line[64];
	int size = snprintf(line, sizeof(line), "%s %d %d %d\n", what, getpid(), gettid(), child);

	if (write(log_file, line, (size_t)size) != size)
		abort();
}

static void *spawn(void *argument)
{
	int number = (int)(long)argument;

	for (int round = 0; round < ROUNDS; round++) {
		int status, value = 10 * round + number;
		pid_t child;

		pthread_barrier_wait(&together);
		child = vfork();
		if (child == 0) {
			written[number] = value + 1;
			_exit(value);
		}
		event("returned", child);
		if (child < 0 || written[number] != value + 1 || waitpid(child, &status, 0) != child ||
		    !WIFEXITED(status) || WEXITSTATUS(status) != value)
			event("wrong", child);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	log_file = argc == 2 ? open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	if (log_file < 0)
		return 2;
	pthread_barrier_init(&together, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, spawn, (void *)i))
			return 2;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
