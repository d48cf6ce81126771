/* SPDX-License-Identifier: MIT */
/*
 * The kernel's view of a signal on x86-64: what libc headers hide or shape differently. No libc header may be
 * included.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t sigset; /* _NSIG is 64 */

#define SIGNALS 64
#define SIGSET_SIZE 8
#define BIT(sig) (1ull << ((sig) - 1))
#define SA_RESTORER_FLAG 0x04000000u /* SA_RESTORER, asm/signal.h */
#define SS_AUTODISARM_FLAG (1u << 31) /* SS_AUTODISARM, linux/signal.h */
#define SS_ONSTACK_FLAG 1
#define SS_DISABLE_FLAG 2

/* struct sigaction of rt_sigaction(2) */
struct action {
	uintptr_t handler;
	uint64_t flags;
	uintptr_t restorer;
	sigset mask;
};

struct altstack {
	uintptr_t sp;
	int32_t flags;
	size_t size;
};

/* asm/sigcontext.h */
struct registers {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uintptr_t fpstate;
	uint64_t reserved[8];
};

struct info {
	int32_t signo, error, code, pad;
	union {
		struct {
			uintptr_t call_addr;
			int32_t syscall;
			uint32_t arch;
		};
		char room[112];
	};
};

/* struct rt_sigframe: what lies at %rsp when a handler is entered; the FP state is somewhere above */
struct frame {
	uintptr_t restorer; /* the kernel calls it pretcode */
	uint64_t uc_flags;
	uintptr_t uc_link;
	struct altstack stack;
	struct registers regs;
	sigset mask;
	struct info info;
};

_Static_assert(sizeof(struct frame) == 440, "rt_sigframe of x86-64");
_Static_assert(offsetof(struct frame, info) == 312, "siginfo follows a ucontext of 304 bytes");

/* struct clone_args as of Linux 5.7; later ones only get longer */
struct clone_args_known {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
		cgroup;
};

#define CLONE_ARGS_SIZE_FIRST 64 /* CLONE_ARGS_SIZE_VER0 */
#define CLONE_ARGS_SIZE_LIMIT 4096 /* the kernel: one page */

struct timespec64 {
	int64_t s, ns;
};

#endif
