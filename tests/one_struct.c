// SPDX-License-Identifier: MIT
/*
 * Four threads make children by clone3 with one struct, which lies in read-only memory: a tracer that rewrites it must
 * put it back before anybody runs on, and must not be misled by the call of another thread. Prints how many children saw
 * flags that are not theirs, ran beside their parent, or could not be made.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLAGS = CLONE_VM | CLONE_VFORK, THREADS = 4, CALLS = 200 };

static const struct clone_args args = { .flags = FLAGS, .exit_signal = SIGCHLD };
static atomic_long wrong_flags, not_suspended, failed;

/* In the child's and in the parent's way: the compiler must read it again. */
static long flags_now(void)
{
	return *(const volatile uint64_t *)&args.flags;
}

static void *make(void *unused)
{
	for (int call = 0; call < CALLS; call++) {
		volatile int ended = 0;
		long pid;

		__asm__ volatile("syscall" : "=a"(pid) : "0"((long)SYS_clone3), "D"(&args), "S"(sizeof(args)) : "rcx", "r11", "memory");
		if (pid == 0) {
			wrong_flags += flags_now() != FLAGS;
			for (int i = 0; i < 3; i++)
				syscall(SYS_sched_yield);
			ended = 1;
			syscall(SYS_exit, 0);
			__builtin_unreachable();
		}
		if (pid < 0) {
			failed++;
			continue;
		}
		not_suspended += !ended;
		waitpid(pid, NULL, 0);
	}
	return unused;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, make, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("wrong flags %ld, not suspended %ld, failed %ld, flags at the end %s\n", wrong_flags, not_suspended, failed,
	       flags_now() == FLAGS ? "right" : "wrong");
	return 0;
}
