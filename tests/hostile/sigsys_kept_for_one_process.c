// SPDX-License-Identifier: MIT
/* A blocked SIGSYS is pending for who got it, not for a fork of that; a call that is refused does not take it; four bytes of what is pending hold it. */
#include "hostile.h"

#include <time.h>

static volatile int handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static int is_pending(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGSYS);
}

static void in_fork(const sigset_t *sigsys)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		say("child: pending", is_pending());
		say("child: waits", sigtimedwait(sigsys, NULL, &(struct timespec){ 0, 1000 }));
		/* its own counts */
		raise(SIGSYS);
		kill(getpid(), SIGSYS);
		say("child: own pending", is_pending());
		sigprocmask(SIG_UNBLOCK, sigsys, NULL);
		say("child: handled", handled > 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say("parent: pending", is_pending());
}

static void wait_with(const sigset_t *sigsys, long s, long ns)
{
	int result = sigtimedwait(sigsys, NULL, &(struct timespec){ s, ns });

	say("wait", result < 0 ? -errno : result);
	say("pending", is_pending());
}

int main(void)
{
	uint32_t some[2] = { 0x10101010, 0x10101010 };
	sigset_t sigsys;
	int size;

	signal(SIGSYS, on_signal);
	sigemptyset(&sigsys);
	sigaddset(&sigsys, SIGSYS);
	sigprocmask(SIG_BLOCK, &sigsys, NULL);
	raise(SIGSYS);
	in_fork(&sigsys);
	wait_with(&sigsys, 0, -5);
	wait_with(&sigsys, -1, 0);
	wait_with(&sigsys, 0, 1000000000);
	say("bad pointer", syscall(SYS_rt_sigtimedwait, &sigsys, NULL, 8L, 8L) < 0 ? -errno : 0);
	for (size = 0; size <= 9; size++) {
		say("some of what is pending", syscall(SYS_rt_sigpending, some, (long)size));
		printf("%x %x\n", some[0], some[1]);
		fflush(stdout);
	}
	wait_with(&sigsys, 0, 0);
	kill(getpid(), SIGSYS);
	in_fork(&sigsys);
	sigprocmask(SIG_UNBLOCK, &sigsys, NULL);
	say("handled", handled);
	return 0;
}
