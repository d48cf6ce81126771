// SPDX-License-Identifier: MIT
/* io_uring_enter with a full mask but for one signal, whose handler makes calls. */
#include "hostile.h"

#include <linux/io_uring.h>

static volatile int spawned;

static void on_signal(int sig)
{
	sigset_t all, before;

	(void)sig;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	spawned = spawn_true();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct io_uring_params parameters = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 2, &parameters), round;
	struct __kernel_timespec second = { 5, 0 };
	sigset_t one, mask;

	if (ring < 0)
		lacks("io_uring");
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigfillset(&mask);
	sigdelset(&mask, SIGUSR1);
	sigaction(SIGUSR1, &action, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
	for (round = 0; round < 2; round++) {
		struct io_uring_getevents_arg argument = { .sigmask = (uintptr_t)&mask, .sigmask_sz = 8, .ts = (uintptr_t)&second };
		long result;

		spawned = -1;
		raise(SIGUSR1);
		if (round)
			result = syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &argument,
					 sizeof(argument));
		else
			result = syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, &mask, 8);
		printf("result %ld errno %d spawned %d\n", result, result < 0 ? errno : 0, spawned);
	}
	return spawn_true();
}
