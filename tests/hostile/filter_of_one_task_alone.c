// SPDX-License-Identifier: MIT
/* A filter that forbids vfork binds who has it: not a vfork child's parent, nor another thread, unless it is for all threads; but all that come after. */
#include "hostile.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

static pthread_barrier_t both;

static long forbid(int error, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void *waits(void *unused)
{
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	say("other thread", spawn_true());
	return unused;
}

/* What one thread cannot have, because it has another filter, none gets: the result is its number. */
static void *forbids_in_vain(void *unused)
{
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	say("forbidden to none", forbid(ENOTUNIQ, SECCOMP_FILTER_FLAG_TSYNC) > 0);
	say("other thread", spawn_true());
	pthread_barrier_wait(&both);
	return unused;
}

static void *asks(void *unused)
{
	say("new thread", spawn_true());
	return unused;
}

static void *forbids(void *unused)
{
	pthread_t thread;

	pthread_barrier_wait(&both);
	say("forbidden to a thread", forbid(ENOTUNIQ, 0));
	say("that thread", spawn_true());
	pthread_create(&thread, NULL, asks, NULL);
	pthread_join(thread, NULL);
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	return unused;
}

static int of_fork(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(spawn_true() == -ENOTUNIQ ? 3 : 4);
	waitpid(pid, &status, 0);
	return status;
}

static void in_child(void)
{
	int status = -1, in_itself;
	pid_t pid = vfork();

	if (pid == 0) {
		long result = forbid(ENOTUNIQ, 0);

		in_itself = spawn_true();
		_exit(result ? 9 : in_itself == -ENOTUNIQ ? 1 : 2);
	}
	waitpid(pid, &status, 0);
	say("vfork child", status);
	say("its parent", spawn_true());
}

static void in_threads(void)
{
	pthread_t first, second;

	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&first, NULL, forbids_in_vain, NULL);
	pthread_create(&second, NULL, forbids, NULL);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	say("main thread", spawn_true());
}

int main(void)
{
	pthread_t thread;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	in_child();
	in_threads();
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&thread, NULL, waits, NULL);
	pthread_barrier_wait(&both);
	say("for all threads", forbid(ENOTUNIQ, SECCOMP_FILTER_FLAG_TSYNC));
	pthread_barrier_wait(&both);
	pthread_join(thread, NULL);
	say("main thread", spawn_true());
	say("a fork", of_fork());
	return 0;
}
