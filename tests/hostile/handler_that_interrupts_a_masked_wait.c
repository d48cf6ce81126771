// SPDX-License-Identifier: MIT
/* A handler interrupts each wait that has a mask of its own, blocks all signals for a while and spawns, as it may anywhere. */
#include "hostile.h"

#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static volatile int spawned;

static void on_signal(int sig)
{
	sigset_t all, before;

	(void)sig;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	sigaction(SIGTERM, NULL, &(struct sigaction){ 0 });
	spawned = spawn_true();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
	const struct timespec second = { 5, 0 };
	struct sigaction action = { .sa_handler = on_signal };
	struct epoll_event event;
	aio_context_t context = 0;
	sigset_t one, all_but_one, none;
	struct {
		const sigset_t *mask;
		size_t size;
	} pair = { &all_but_one, 8 };
	int round, epoll = epoll_create1(0);

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigemptyset(&none);
	sigfillset(&all_but_one);
	sigdelset(&all_but_one, SIGUSR1);
	sigaction(SIGUSR1, &action, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
	if (syscall(SYS_io_setup, 8, &context))
		lacks("io_setup");
	for (round = 0; round < 12; round++) {
		const sigset_t *mask = round % 2 ? &none : &all_but_one;
		long result = 0;

		spawned = -1;
		pair.mask = mask;
		raise(SIGUSR1);
		switch (round / 2) {
		case 0:
			result = sigsuspend(mask);
			break;
		case 1:
			result = ppoll(NULL, 0, &second, mask);
			break;
		case 2:
			result = pselect(0, NULL, NULL, NULL, &second, mask);
			break;
		case 3:
			result = epoll_pwait(epoll, &event, 1, 5000, mask);
			break;
		case 4:
			result = syscall(SYS_epoll_pwait2, epoll, &event, 1, &second, mask, 8);
			break;
		case 5:
			result = syscall(SYS_io_pgetevents, context, 1, 1, &(struct io_event){ 0 }, &second, &pair);
			break;
		}
		printf("round %d result %ld errno %d spawned %d\n", round, result, errno, spawned);
	}
	return spawn_true();
}
