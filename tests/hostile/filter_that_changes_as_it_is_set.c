// SPDX-License-Identifier: MIT
/* Another thread makes a filter longer and shorter while it is set: the kernel takes one length, and so must who looks at it before. */
#include "hostile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

#define MOST 70000
#define TRIES 700

static struct sock_filter code[MOST];
static volatile struct sock_fprog program = { 1, code };
static volatile int is_over;

static void *change(void *unused)
{
	while (!is_over) {
		program.len = 65535;
		program.len = 1;
	}
	return unused;
}

int main(void)
{
	pthread_t thread;
	int answered = 0;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (int i = 0; i < MOST; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (pthread_create(&thread, NULL, change, NULL))
		return 1;
	for (int i = 0; i < TRIES; i++)
		answered += !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) || errno == EINVAL;
	is_over = 1;
	pthread_join(thread, NULL);
	say("answered", answered);
	return 0;
}
