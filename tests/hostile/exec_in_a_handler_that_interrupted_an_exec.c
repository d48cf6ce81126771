// SPDX-License-Identifier: MIT
/* A signal comes while a task executes programs that do not exist; its handler executes one in a child, with another environment. */
#include "hostile.h"

#include <sys/time.h>

static char *self;
static volatile int handled, wrong;

static void on_signal(int sig)
{
	char *environment[] = { (char *)"WHO=handler", NULL };
	int status = 0, saved = errno;
	pid_t pid;

	(void)sig;
	handled++;
	pid = vfork();
	if (pid == 0) {
		execve(self, (char *[]){ self, (char *)"handler", NULL }, environment);
		_exit(126);
	}
	waitpid(pid, &status, 0);
	wrong += status != 0;
	errno = saved;
}

int main(int argc, char **argv)
{
	char *environment[] = { (char *)"WHO=main", NULL };
	struct itimerval timer = { { 0, 3000 }, { 0, 3000 } }, off = { { 0, 0 }, { 0, 0 } };
	int i;

	self = argv[0];
	if (argc == 2)
		return !getenv("WHO") || strcmp(getenv("WHO"), argv[1]) || environ[1];
	signal(SIGALRM, on_signal);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (i = 0; i < 60; i++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			setitimer(ITIMER_REAL, &timer, NULL);
			for (i = 0; i < 20; i++)
				execve("/nonexistent", argv, environment);
			if (errno != ENOENT || wrong)
				_exit(1);
			setitimer(ITIMER_REAL, &off, NULL);
			execve(self, (char *[]){ self, (char *)"main", NULL }, environment);
			_exit(126);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		/* an alarm that comes after exec is fatal there, as ever */
		wrong += status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	printf("wrong %d\n", wrong);
	return handled ? 0 : 1;
}
