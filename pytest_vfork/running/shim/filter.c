// SPDX-License-Identifier: MIT
/* The seccomp filter, made from the rows of trap.c. */
#include "filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "behaviour.h"
#include "call.h"
#include "trap.h"

#define X32 0x40000000u /* __X32_SYSCALL_BIT */
#define ROOM 256

#define NR offsetof(struct seccomp_data, nr)
#define LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define HIGH(n) (LOW(n) + 4)

struct program {
	struct sock_filter code[ROOM];
	unsigned short size;
};

static struct sock_filter *emit(struct program *p, unsigned short code, uint32_t k, uint8_t yes, uint8_t no)
{
	struct sock_filter *at = &p->code[p->size++];

	*at = (struct sock_filter)BPF_JUMP(code, k, yes, no);
	return at;
}

static void load(struct program *p, unsigned long offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* goes on at the next instruction if equal, else skips so many more */
static struct sock_filter *unless_equal_skip(struct program *p, uint32_t value, uint8_t skip)
{
	return emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

static void answer(struct program *p, uint32_t result)
{
	emit(p, BPF_RET | BPF_K, result, 0, 0);
}

static void trap_unless_zero(struct program *p, unsigned int argument)
{
	load(p, LOW(argument));
	unless_equal_skip(p, 0, 2);
	load(p, HIGH(argument));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(p, SECCOMP_RET_TRAP | TRAP_MARK);
}

static void allow_with_cookie(struct program *p, unsigned int argument)
{
	if (argument == COOKIE_SIXTH) {
		load(p, LOW(COOKIE_SIXTH));
		unless_equal_skip(p, (uint32_t)COOKIE, 3);
		load(p, HIGH(COOKIE_SIXTH));
		unless_equal_skip(p, (uint32_t)(COOKIE >> 32), 1);
	} else {
		load(p, HIGH(argument));
		unless_equal_skip(p, COOKIE_HIGH, 1);
	}
	answer(p, SECCOMP_RET_ALLOW);
}

static void add_trap(struct program *p, const struct trap *trap)
{
	struct sock_filter *other;
	unsigned short start;

	load(p, NR);
	other = unless_equal_skip(p, trap->call, 0);
	start = p->size;
	allow_with_cookie(p, trap->cookie_argument);
	if (trap->call == __NR_rt_sigaction) /* for shortcut.c */
		allow_with_cookie(p, 0);
	switch (trap->when) {
	case TRAP_ALWAYS:
		answer(p, SECCOMP_RET_TRAP | TRAP_MARK);
		break;
	case TRAP_IF_FLAGS:
		load(p, LOW(trap->argument));
		emit(p, BPF_JMP | BPF_JSET | BPF_K, trap->flags, 0, 1);
		answer(p, SECCOMP_RET_TRAP | TRAP_MARK);
		break;
	case TRAP_IF_SET:
		trap_unless_zero(p, trap->argument);
		break;
	case TRAP_IF_SET_OR_SIGSYS:
		load(p, LOW(0));
		unless_equal_skip(p, SIGSYS, 1);
		answer(p, SECCOMP_RET_TRAP | TRAP_MARK);
		trap_unless_zero(p, 1);
		break;
	}
	other->jf = (uint8_t)(p->size - start);
}

/* the shim's own prctl: answered by the filter itself, see shim.h */
static void add_answers(struct program *p, int mode, _Bool logs)
{
	load(p, NR);
	unless_equal_skip(p, __NR_prctl, 9);
	load(p, LOW(0));
	unless_equal_skip(p, VFORK_SHIM_PRCTL, 7);
	load(p, LOW(1));
	unless_equal_skip(p, 0, 1);
	answer(p, SECCOMP_RET_ERRNO | (uint32_t)(VFORK_SHIM_ANSWER + mode));
	unless_equal_skip(p, 1, 1);
	answer(p, SECCOMP_RET_ERRNO | (logs ? VFORK_SHIM_LOGS : VFORK_SHIM_QUIET));
	unless_equal_skip(p, HANDLER_RETURNS, 1);
	answer(p, SECCOMP_RET_TRAP | TRAP_MARK);
}

#define FAULT_ANSWER 5u /* the second argument of our prctl that is about the fault */

static void add_fault_answer(struct program *p, int fault)
{
	load(p, NR);
	unless_equal_skip(p, __NR_prctl, 5);
	load(p, LOW(0));
	unless_equal_skip(p, VFORK_SHIM_PRCTL, 3);
	load(p, LOW(1));
	unless_equal_skip(p, FAULT_ANSWER, 1);
	answer(p, SECCOMP_RET_ERRNO | (uint32_t)(VFORK_SHIM_FAULT + fault));
}

static long install(struct program *p, unsigned int flags)
{
	struct sock_fprog program = { .len = p->size, .filter = p->code };
	/* a filter must not turn on the mitigation of speculative stores that kernels before 5.16 have for it */
	return CALL(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

static long install_first(struct program *p)
{
	long result = install(p, 0);

	/* without CAP_SYS_ADMIN; with it set-user-id programs stay what they are */
	if (result == -EACCES) {
		CALL(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1);
		result = install(p, 0);
	}
	return result;
}

int filter_mode(void)
{
	long mode = -CALL(__NR_prctl, VFORK_SHIM_PRCTL) - VFORK_SHIM_ANSWER;

	return mode >= VFORK_SHIM_FORK && mode <= VFORK_SHIM_EMULATE ? (int)mode : 0;
}

int filter_fault(void)
{
	long fault = -CALL(__NR_prctl, VFORK_SHIM_PRCTL, FAULT_ANSWER) - VFORK_SHIM_FAULT;

	return fault > NO_FAULT && fault < FAULTS ? (int)fault : NO_FAULT;
}

static void begin(struct program *p)
{
	p->size = 0;
	load(p, offsetof(struct seccomp_data, arch));
	unless_equal_skip(p, AUDIT_ARCH_X86_64, 2);
	load(p, NR);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
	answer(p, SECCOMP_RET_ALLOW);
}

static _Bool is_wanted(const struct trap *trap, _Bool logs)
{
	return trap->when != TRAP_IF_HANDLER_RETURNS && (logs || !trap->for_log) && (behaviour->departs || !trap->for_fault);
}

long filter_ensure(int mode, int fault, _Bool logs)
{
	struct program program;
	unsigned int i;

	if (filter_mode() == mode && (!logs || CALL(__NR_prctl, VFORK_SHIM_PRCTL, 1) == -VFORK_SHIM_LOGS))
		return 0;
	begin(&program);
	for (i = 0; i < trap_count; i++)
		if (is_wanted(&traps[i], logs))
			add_trap(&program, &traps[i]);
	if (fault)
		add_fault_answer(&program, fault);
	add_answers(&program, mode, logs);
	answer(&program, SECCOMP_RET_ALLOW);
	return install_first(&program);
}

/* Two more filters at most in a whole tree of processes: most SA_ONSTACK handlers are for faults. */
#define FAULTS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT))
#define QUERY_ANSWER(of_faults) (3u + (of_faults)) /* the second argument of our prctl that it answers */

static _Bool ensure_queries(_Bool of_faults)
{
	struct program program, *p = &program;
	sigset these = of_faults ? FAULTS : ~FAULTS;

	if (CALL(__NR_prctl, VFORK_SHIM_PRCTL, QUERY_ANSWER(of_faults)) == -VFORK_SHIM_LOGS)
		return 1;
	begin(p);
	load(p, NR);
	unless_equal_skip(p, __NR_prctl, 5);
	load(p, LOW(0));
	unless_equal_skip(p, VFORK_SHIM_PRCTL, 3);
	load(p, LOW(1));
	unless_equal_skip(p, QUERY_ANSWER(of_faults), 1);
	answer(p, SECCOMP_RET_ERRNO | VFORK_SHIM_LOGS);

	load(p, NR);
	unless_equal_skip(p, __NR_rt_sigaction, 18);
	allow_with_cookie(p, COOKIE_SIXTH); /* 5 */
	allow_with_cookie(p, 0); /* 3, for shortcut.c */
	/* 1 << (signal - 1), in the half where it is */
	load(p, LOW(0));
	emit(p, BPF_ALU | BPF_SUB | BPF_K, 1, 0, 0);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 32, 6, 0);
	emit(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit(p, BPF_LD | BPF_IMM, 1, 0, 0);
	emit(p, BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, (uint32_t)these, 1, 0);
	answer(p, SECCOMP_RET_ALLOW);
	answer(p, SECCOMP_RET_TRAP | TRAP_MARK);
	/* here from JGE: the upper signals, all or none of them */
	answer(p, of_faults ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP | TRAP_MARK);
	answer(p, SECCOMP_RET_ALLOW);
	/* for all threads; where one has a filter of its own it cannot be, and this thread alone gets it */
	return !install(p, SECCOMP_FILTER_FLAG_TSYNC) || !install(p, 0);
}

sigset filter_queries(sigset signals)
{
	return (signals & FAULTS && ensure_queries(1) ? FAULTS : 0) |
	       (signals & ~FAULTS && ensure_queries(0) ? ~FAULTS : 0);
}
