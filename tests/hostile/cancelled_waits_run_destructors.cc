// SPDX-License-Identifier: MIT
/* pthread_cancel in a wait that has a mask unwinds the stack: destructors run. */
#include "hostile.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int destroyed;

struct Guard {
	~Guard() { destroyed++; }
};

static void *wait_in(void *which)
{
	const struct timespec long_time = { 20, 0 };
	struct epoll_event event;
	sigset_t none;
	Guard guard;

	sigemptyset(&none);
	switch ((long)which) {
	case 0:
		ppoll(NULL, 0, &long_time, &none);
		break;
	case 1:
		pselect(0, NULL, NULL, NULL, &long_time, &none);
		break;
	case 2:
		sigsuspend(&none);
		break;
	case 3:
		epoll_pwait(epoll_create1(0), &event, 1, 20000, &none);
		break;
	}
	return NULL;
}

int main()
{
	for (long which = 0; which < 4; which++) {
		pthread_t thread;
		void *result;

		destroyed = 0;
		pthread_create(&thread, NULL, wait_in, (void *)which);
		usleep(50000); /* it may be cancelled before it waits: the result is the same */
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("wait %ld cancelled %d destroyed %d\n", which, result == PTHREAD_CANCELED, destroyed);
	}
	return 0;
}
