// SPDX-License-Identifier: MIT
/* SIGSYS that is blocked can be asked for and taken like any other signal. */
#include "hostile.h"

static volatile int handled;

static void on_sigsys(int sig)
{
	(void)sig;
	handled++;
}

/* It waits, or it does not wait yet: in either case it takes it. */
static pid_t send_to_parent(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(50000);
		kill(getppid(), SIGSYS);
		_exit(0);
	}
	return pid;
}

int main(void)
{
	const struct timespec no_time = { 0, 0 }, second = { 5, 0 };
	sigset_t one, pending, none;
	siginfo_t info = { 0 };
	pid_t sender;

	sigemptyset(&none);
	sigemptyset(&one);
	sigaddset(&one, SIGSYS);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigpending(&pending);
	say("pending", sigismember(&pending, SIGSYS));
	raise(SIGSYS);
	sigpending(&pending);
	say("pending", sigismember(&pending, SIGSYS));
	say("taken", sigtimedwait(&one, &info, &no_time));
	say("by this process", info.si_pid == getpid() && info.si_signo == SIGSYS);
	say("taken again", sigtimedwait(&one, &info, &no_time));
	say("errno", errno);
	sigpending(&pending);
	say("pending", sigismember(&pending, SIGSYS));
	sender = send_to_parent();
	say("taken while it waits", sigtimedwait(&one, &info, &second));
	waitpid(sender, NULL, 0);
	signal(SIGSYS, on_sigsys);
	raise(SIGSYS);
	say("suspended", sigsuspend(&none));
	say("handled", handled);
	return spawn_true();
}
