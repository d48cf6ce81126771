// SPDX-License-Identifier: MIT
/* Images that execute others where prctl and seccomp are refused: the shim's filter is in force, and cannot be asked for. */
#include "hostile.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static void refuse(void)
{
	struct sock_filter both[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = { 5, both };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(99);
}

int main(int argc, char **argv)
{
	char round[8];
	int n = argc > 1 ? atoi(argv[1]) : 0;

	if (n == 0)
		refuse();
	say("spawned", spawn_true());
	if (n == 3)
		return 0;
	snprintf(round, sizeof(round), "%d", n + 1);
	execl("/proc/self/exe", "x", round, NULL);
	return 1;
}
