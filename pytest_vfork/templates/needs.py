# SPDX-License-Identifier: MIT
"""What a case may need of a site, one row each: what must be there, how it is checked, and how to get it.

All rows are checked by one small C program, run on the site and under no interposer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


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
        Need("exe-link", "to tell the kernel what /proc/self/exe is",
             "has_capability(CAP_SYS_ADMIN) || can_unshare(CLONE_NEWUSER)", "run as root, or allow user namespaces"),
        Need("pidns", "pid namespaces", "can_unshare(CLONE_NEWPID)", "a kernel with CONFIG_PID_NS; run as root"),
        Need("timens", "time namespaces", "can_unshare(CLONE_NEWTIME)",
             "a kernel with CONFIG_TIME_NS (Linux 5.6); run as root"),
        Need("ipcns", "IPC namespaces", "can_unshare(CLONE_NEWIPC)", "a kernel with CONFIG_IPC_NS; run as root"),
        Need("utsns", "UTS namespaces", "can_unshare(CLONE_NEWUTS)", "a kernel with CONFIG_UTS_NS; run as root"),
        Need("cgroup2", "a cgroup of version 2 to make others in", "has_cgroup2()",
             "mount -t cgroup2 none /sys/fs/cgroup; run as root"),
        Need("clone3", "clone3(2)", "can_clone3()",
             "Linux 5.3 or newer, and no sandbox that forbids it (Docker 20.10.10 or newer has none)"),
        Need("spawn", "a posix_spawn(3) that makes a process", "can_spawn()",
             "no sandbox that answers clone3(2) with anything but ENOSYS, as Docker before 20.10.10 does"),
        Need("threads", "threads of C's library", "can_thread()",
             "no sandbox that answers clone3(2) with anything but ENOSYS, as Docker before 20.10.10 does"),
        Need("kcmp", "kcmp(2)", "syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) == 0",
             "a kernel with CONFIG_KCMP, and no sandbox that forbids kcmp(2)"),
        Need("ptrace", "ptrace(2)", "succeeds(be_traced, 0)",
             "kernel.yama.ptrace_scope below 3, and no sandbox that forbids it (docker run --cap-add=SYS_PTRACE)"),
        Need("seccomp", "seccomp filters", "succeeds(install_filter, 0)",
             "a kernel with CONFIG_SECCOMP_FILTER, and no sandbox that forbids seccomp(2)"),
        Need("realtime", "real-time scheduling", "can_schedule(SCHED_FIFO)",
             "run as root, in a cgroup that has real-time runtime"),
        Need("deadline", "deadline scheduling", "succeeds(schedule_by_deadline, 0)",
             "run as root, on a kernel whose real-time runtime is not all given away"),
        Need("two-cpus", "two processors to run on", "has_processors(2)",
             "a machine or guest with two, and no taskset(1) that takes one away"),
        Need("sysv-ipc", "System V IPC", "has_semaphores()", "a kernel with CONFIG_SYSVIPC"),
        Need("numa", "memory policies", "syscall(SYS_set_mempolicy, 0, NULL, 0) == 0", "a kernel with CONFIG_NUMA"),
        Need("keys", "keyrings", "syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1) > 0",
             "a kernel with CONFIG_KEYS, and no sandbox that forbids keyctl(2)"),
        Need("landlock", "Landlock", "syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0",
             "a kernel (Linux 5.13) with CONFIG_SECURITY_LANDLOCK and landlock in its parameter lsm"),
        Need("perf", "to count its own page faults", "has_fault_counter()",
             "a kernel with CONFIG_PERF_EVENTS, and no sandbox that forbids perf_event_open(2)"),
        Need("io-uring", "io_uring", "has_io_uring()",
             "a kernel with CONFIG_IO_URING, kernel.io_uring_disabled=0, and no sandbox that forbids it"),
        Need("pids-cgroup", "a cgroup with a limit of processes to make others in", "has_pids_cgroup()",
             "run as root, with the pids controller mounted or enabled in cgroup.subtree_control"),
        Need("pam-alone", "a PAM that asks no set-group-ID program about accounts", "pam_is_before(1, 6)",
             "Debian 12"),
        Need("pidfd-spawn", "a libc that has pidfd_spawn", "pidfd_spawn != NULL", "glibc 2.39 or newer"),
        Need("strict-commit", "a kernel that never commits more memory than there is (vm.overcommit_memory=2)",
             "reads(\"/proc/sys/vm/overcommit_memory\", '2')",
             "sysctl -w vm.overcommit_memory=2, on a machine of your own"),
        Need("x86-64", "a processor with the registers of x86-64", "is_x86_64()", "such a machine or guest"),
        Need("vfork", "the system call vfork(2)", "has_vfork()",
             "a machine that has it; elsewhere vfork(3) is made of clone(2), which is call libc-vfork"),
        Need("glibc", "glibc, for what other libcs do otherwise or not at all", "is_glibc()",
             "programs that are linked with it"),
        Need("coroutines", "a libc that has swapcontext", "swapcontext != NULL", "glibc"),
        Need("shell", "a shell", "access(\"/bin/sh\", X_OK) == 0", "/bin/sh"),
        Need("processes", "room for 64 processes", "can_fork_many(64)", "ulimit -u, and pids.max of the cgroup"),
        Need("descriptors", "descriptors up to 255", "dup2(1, 255) == 255", "ulimit -n 1024"),
    )
}  # fmt: skip


# What every program of ours stands on: without it a refused call would look like a deviation.
OF_ALL = ("processes", "descriptors")
# What makes the parent's threads, whether a template says so itself or its variant does.
_THREADS = ("threads",)
# What calls stand on: a machine may lack it, and a sandbox may forbid it.
_OF_CALLS: Mapping[str, tuple[str, ...]] = {
    "vfork": ("vfork",),
    **dict.fromkeys(("clone3", "clone3-stack"), ("clone3",)),
    **dict.fromkeys(("posix_spawn", "posix_spawnp"), ("spawn",)),
    **dict.fromkeys(("system", "popen"), ("spawn", "shell")),
}


def of_item(needs: Iterable[str], call: str, makes_threads: bool) -> tuple[str, ...]:
    """Return what an item needs: what its template says, and what its call and its threads stand on."""
    return (*needs, *_OF_CALLS.get(call, ()), *(_THREADS if makes_threads else ()))


def lacking(needs: Iterable[str], there: frozenset[str]) -> str | None:
    """Say of the first need that is not there what it is and how to get it; None when all are there."""
    missing = next((NEEDS[name] for name in needs if name not in there), None)
    return f"it needs {missing.what}: {missing.remedy}" if missing else None
