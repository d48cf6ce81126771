// SPDX-License-Identifier: MIT
/* An exec under limits: none of file sizes is met for nothing, and where there is no memory for a copy of the environment no image runs astray. */
#include "hostile.h"

#include <sys/resource.h>

static char big[60000], *many[5002];

static int sizes(rlim_t soft, rlim_t hard)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGXFSZ, SIG_DFL);
		if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){ soft, hard }) || setgid(getgid()))
			_exit(3);
		execl("/bin/sh", "sh", "-c", "ulimit -S -f; ulimit -H -f; exec /bin/true", (char *)0);
		_exit(4);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* The image runs, or the exec is refused; it does not die. */
static int no_space(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		char *arguments[] = { (char *)"sh", (char *)"-c", (char *)"exec /bin/true", NULL };
		int i;

		memset(big, 'x', sizeof(big) - 1);
		memcpy(big, "BIG=", 4);
		for (i = 0; i < 5000; i++)
			many[i] = (char *)"A=b";
		many[i] = big;
		mmap(NULL, 400 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		setrlimit(RLIMIT_AS, &(struct rlimit){ 400 << 20, 400 << 20 });
		execve("/bin/sh", arguments, many);
		_exit(errno == ENOMEM ? 0 : 5);
	}
	waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	say("no file may have a byte", sizes(0, 0));
	say("nor now", sizes(0, RLIM_INFINITY));
	say("few bytes", sizes(102400, 102400));
	say("no address space", no_space());
	return spawn_true();
}
