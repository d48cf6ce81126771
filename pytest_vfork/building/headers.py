# SPDX-License-Identifier: MIT
"""Which header each name in a generated C program comes from; a template may name others itself, in any block."""

from __future__ import annotations

import re

# Where the skeleton wants the directives; it is not C, so that a program without them does not compile.
MARK = "@includes@"

# What the skeleton itself stands on.
_ALWAYS = (
    "errno.h", "fcntl.h", "poll.h", "sched.h", "signal.h", "stdint.h", "stdio.h", "string.h", "sys/mman.h",
    "sys/prctl.h", "sys/syscall.h", "sys/wait.h", "unistd.h",
)  # fmt: skip

_NAMES = {
    "asm/ldt.h": r"user_desc",
    "cpuid.h": r"__get_cpuid",
    "dirent.h": r"opendir\(",
    "dlfcn.h": r"dlsym\(",
    "elf.h": r"Elf64_",
    "grp.h": r"setgroups\(",
    "linux/aio_abi.h": r"aio_context_t",
    "linux/capability.h": r"_cap_header_struct",
    "linux/filter.h": r"sock_filter",
    "linux/futex.h": r"FUTEX_|robust_list_head",
    "linux/io_uring.h": r"IORING_",
    "linux/ioprio.h": r"IOPRIO_",
    "linux/kcmp.h": r"KCMP_",
    "linux/keyctl.h": r"KEYCTL_",
    "linux/landlock.h": r"LANDLOCK_",
    "linux/membarrier.h": r"MEMBARRIER_",
    "linux/mempolicy.h": r"MPOL_",
    "linux/perf_event.h": r"PERF_",
    "linux/sched.h": r"struct clone_args",
    "linux/seccomp.h": r"SECCOMP_",
    "linux/securebits.h": r"SECBIT_",
    "linux/userfaultfd.h": r"UFFD",
    "pthread.h": r"pthread_",
    "semaphore.h": r"\bsem_\w+\(",
    "spawn.h": r"posix_spawn",
    "stdarg.h": r"\bva_list\b",
    "stddef.h": r"offsetof\(",
    "stdlib.h": r"alloc\(|[gs]etenv\(|atol\(|\bsystem\(",
    "sys/epoll.h": r"epoll_",
    "sys/auxv.h": r"getauxval\(",
    "sys/file.h": r"flock\(",
    "sys/ioctl.h": r"ioctl\(",
    "sys/ptrace.h": r"PTRACE_",
    "sys/user.h": r"user_regs_struct",
    "sys/personality.h": r"personality\(",
    "sys/resource.h": r"rlimit|rusage|PRIO_",
    "sys/sem.h": r"semget\(",
    "sys/select.h": r"pselect\(",
    "sys/shm.h": r"shmget\(",
    "sys/sendfile.h": r"sendfile\(",
    "sys/signalfd.h": r"signalfd\(",
    "sys/stat.h": r"(umask|stat|chmod|mkfifo|mkdir)\(",
    "sys/statvfs.h": r"statvfs",
    "sys/time.h": r"itimer",
    "sys/timerfd.h": r"timerfd_",
    "sys/utsname.h": r"utsname",
    "sys/uio.h": r"struct iovec",
    "sys/ucontext.h": r"ucontext",
    "time.h": r"itimerspec|timespec|CLOCK_|timer_create",
    "ucontext.h": r"makecontext\(",
}


_OWN = re.compile(r"^#include <(?P<header>[^>]+)>\n", re.MULTILINE)


def with_includes(source: str) -> str:
    """Return the program with all its directives in place of MARK: those for the names that it uses, and its own."""
    head, mark, code = source.partition(MARK)
    if not mark:
        return source
    used = (header for header, names in _NAMES.items() if re.search(names, code))
    headers = sorted({*_ALWAYS, *used, *_OWN.findall(code)})
    return head + "\n".join(f"#include <{header}>" for header in headers) + _OWN.sub("", code)
