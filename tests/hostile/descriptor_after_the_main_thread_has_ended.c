// SPDX-License-Identifier: MIT
/* /proc/self is that of a main thread that has ended: what a thread executes by a descriptor is found all the same. */
#include "hostile.h"

static int main_has_ended(void)
{
	char state = 0;
	FILE *file = fopen("/proc/self/stat", "r");

	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		exit(1);
	fclose(file);
	return state == 'Z';
}

static void *execute(void *unused)
{
	char *argv[] = { "echo", "executed", NULL };
	int file = open("/bin/echo", O_PATH | O_CLOEXEC);

	while (!main_has_ended())
		usleep(1000); /* a pause between looks: decides nothing */
	fexecve(file, argv, environ);
	say("failed", errno);
	exit(2);
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, execute, NULL))
		return 1;
	pthread_exit(NULL);
}
