# SPDX-License-Identifier: MIT
"""What a case may need of a site, one row each: what must be there, how it is checked, and how to get it.

All rows are checked by one small C program, run on the site and under no interposer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import Boot

if TYPE_CHECKING:
    from .build import Builder
    from .sites import Site


@dataclass(frozen=True)
class Need:
    """One thing that a site has or lacks.

    `check` is a C expression, true where it is there; `what` completes "needs ...", `remedy` says how to get it.
    """

    name: str
    what: str
    check: str
    remedy: str


NEEDS = {
    need.name: need
    for need in (
        Need("root", "root, with its capabilities", "has_capability(CAP_SYS_ADMIN)", "run as root"),
        Need("setuid", "to change its user", "has_capability(CAP_SETUID)", "run as root"),
        Need("userns", "user namespaces", "can_unshare(CLONE_NEWUSER)",
             "a kernel with CONFIG_USER_NS, user.max_user_namespaces above 0, and no sandbox that forbids unshare(2)"),
        Need("pidns", "pid namespaces", "can_unshare(CLONE_NEWPID)", "a kernel with CONFIG_PID_NS; run as root"),
        Need("timens", "time namespaces", "can_unshare(CLONE_NEWTIME)",
             "a kernel with CONFIG_TIME_NS (Linux 5.6); run as root"),
        Need("ipcns", "IPC namespaces", "can_unshare(CLONE_NEWIPC)", "a kernel with CONFIG_IPC_NS; run as root"),
        Need("utsns", "UTS namespaces", "can_unshare(CLONE_NEWUTS)", "a kernel with CONFIG_UTS_NS; run as root"),
        Need("cgroup2", "a cgroup of version 2 to make others in", "has_cgroup2()",
             "mount -t cgroup2 none /sys/fs/cgroup; run as root"),
        Need("kcmp", "kcmp(2)", "syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) == 0",
             "a kernel with CONFIG_KCMP, and no sandbox that forbids kcmp(2)"),
        Need("seccomp", "seccomp filters", "prctl(PR_GET_SECCOMP) >= 0", "a kernel with CONFIG_SECCOMP_FILTER"),
        Need("realtime", "real-time scheduling", "can_schedule(SCHED_FIFO)",
             "run as root, in a cgroup that has real-time runtime"),
        Need("two-cpus", "two processors", "sysconf(_SC_NPROCESSORS_ONLN) >= 2", "a machine or guest with two"),
        Need("sysv-ipc", "System V semaphores", "has_semaphores()", "a kernel with CONFIG_SYSVIPC"),
        Need("strict-commit", "a kernel that never commits more memory than there is (vm.overcommit_memory=2)",
             "reads(\"/proc/sys/vm/overcommit_memory\", '2')",
             "sysctl -w vm.overcommit_memory=2, on a machine of your own"),
    )
}  # fmt: skip

_PROGRAM = """\
// SPDX-License-Identifier: MIT
/* Prints the name of each thing that a case may need and that is there (pytest_vfork/needs.py). */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80	/* linux/sched.h */
#endif

static int has_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) == 0 && data[capability / 32].effective >> capability % 32 & 1;
}

/* Whether a child of ours, which then ends, can be given what it asks for. */
static int succeeds(int (*attempt)(int), int argument)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(attempt(argument) != 0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int can_unshare(int flag)
{
	return succeeds(unshare, flag);
}

static int schedule(int policy)
{
	return sched_setscheduler(0, policy, &(struct sched_param){ .sched_priority = 1 });
}

static int can_schedule(int policy)
{
	return succeeds(schedule, policy);
}

/* Whether the file begins with the character. */
static int reads(const char *path, char expected)
{
	FILE *file = fopen(path, "r");

	return file && fgetc(file) == expected;
}

static int has_semaphores(void)
{
	int set = semget(IPC_PRIVATE, 1, 0600);

	return set >= 0 && semctl(set, 0, IPC_RMID) == 0;
}

/* The mount point of the first hierarchy of version 2 in which we can make a cgroup. */
static int has_cgroup2(void)
{
	char where[1024], type[64], path[1100];
	FILE *mounts = fopen("/proc/self/mounts", "r");
	int found = 0;

	while (mounts && !found && fscanf(mounts, "%*s %1023s %63s %*[^\\n]", where, type) == 2) {
		if (strcmp(type, "cgroup2"))
			continue;
		snprintf(path, sizeof(path), "%s/vfork-%d", where, getpid());
		found = mkdir(path, 0700) == 0 && rmdir(path) == 0;
	}
	return found;
}

int main(void)
{
@CHECKS@
	return 0;
}
"""
_DEADLINE_S = 60.0


def program() -> str:
    """Return the C source of the program that prints the names of what is there."""
    checks = (f'\tif ({need.check})\n\t\tputs("{need.name}");' for need in NEEDS.values())
    return _PROGRAM.replace("@CHECKS@", "\n".join(checks))


def present(site: Site, builder: Builder) -> frozenset[str]:
    """Run the checks on a site and return the names of what is there; raise build.CompileError."""
    from .sites import Launch

    seen = site.run(Launch(builder.c_program("needs.c", program()), Boot(), _DEADLINE_S))
    return frozenset(seen.stdout.split()) & frozenset(NEEDS)


def lacking(needs: Iterable[str], there: frozenset[str]) -> str | None:
    """Say of the first need that is not there what it is and how to get it; None when all are there."""
    missing = next((NEEDS[name] for name in needs if name not in there), None)
    return f"it needs {missing.what}: {missing.remedy}" if missing else None
