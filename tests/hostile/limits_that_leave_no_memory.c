// SPDX-License-Identifier: MIT
/* vfork needs no memory: it works where nothing more can be mapped, and where what is mapped would be locked. */
#include "hostile.h"

static void limited(const char *what, int resource, rlim_t limit)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(resource, &(struct rlimit){ limit, limit });
		if (resource == RLIMIT_MEMLOCK && mlockall(MCL_FUTURE))
			_exit(9);
		pid = vfork();
		if (pid == 0)
			_exit(0);
		_exit(pid < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	say(what, status);
}

int main(void)
{
	/* as root a limit of locked memory does not count */
	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
		lacks("the right to be nobody");
	limited("no address space", RLIMIT_AS, 4096);
	limited("no data", RLIMIT_DATA, 4096);
	limited("locked memory", RLIMIT_MEMLOCK, 0);
	limited("locked memory, one page", RLIMIT_MEMLOCK, 4096);
	return 0;
}
