// SPDX-License-Identifier: MIT
/*
 * The seccomp filter, made from the rows of trap.c. First comes the number of the call, and nothing else for a call without a row: the
 * kernel notes that those are always allowed, and does not run the filter for them again.
 */
#include "filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "behaviour.h"
#include "call.h"
#include "trap.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define X32 0x40000000u /* __X32_SYSCALL_BIT */
#define ROOM 256
#define LABELS 64

#define NR offsetof(struct seccomp_data, nr)
#define PLACE offsetof(struct seccomp_data, instruction_pointer)
#define ARGUMENT(n) offsetof(struct seccomp_data, args[n])
#define LOW(at) (at)
#define HIGH(at) ((at) + 4)

#define MINE (SECCOMP_RET_TRAP | TRAP_MARK)

enum label {
	NEXT, /* no label: the next instruction */
	ALLOW,
	TRAP,
	TRAP_UNLESS_OURS,
	ANSWER,
	FREE, /* from here on: rows, or what a filter needs beside */
};

/* Instructions whose jumps name labels until resolve(); jumps go forward, at most 255 instructions. */
struct program {
	struct sock_filter code[ROOM];
	struct {
		uint8_t yes, no;
	} jumps[ROOM];
	uint16_t labels[LABELS];
	uint16_t size;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	p->code[p->size] = (struct sock_filter)BPF_JUMP(code, k, 0, 0);
	p->jumps[p->size].yes = yes;
	p->jumps[p->size].no = no;
	p->size++;
}

static void load(struct program *p, unsigned long offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, NEXT, NEXT);
}

static void if_equal(struct program *p, uint32_t value, uint8_t yes, uint8_t no)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

static void answer(struct program *p, uint32_t result)
{
	emit(p, BPF_RET | BPF_K, result, NEXT, NEXT);
}

static void put(struct program *p, uint8_t label)
{
	p->labels[label] = p->size;
}

static void resolve(struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->size; i++) {
		if (p->jumps[i].yes)
			p->code[i].jt = (uint8_t)(p->labels[p->jumps[i].yes] - i - 1);
		if (p->jumps[i].no)
			p->code[i].jf = (uint8_t)(p->labels[p->jumps[i].no] - i - 1);
	}
}

static void begin(struct program *p)
{
	p->size = 0;
	load(p, offsetof(struct seccomp_data, arch));
	if_equal(p, AUDIT_ARCH_X86_64, NEXT, ALLOW);
	load(p, NR);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32, ALLOW, NEXT);
}

/* The end of a program: what the labels mean that every row may name. */
static void end(struct program *p)
{
	put(p, TRAP_UNLESS_OURS);
	load(p, HIGH(PLACE));
	if_equal(p, SHIM_HOME >> 32, NEXT, TRAP);
	load(p, LOW(PLACE));
	emit(p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)SHIM_PLACE_MASK, NEXT, NEXT);
	if_equal(p, (uint32_t)SHIM_HOME, ALLOW, TRAP);
	put(p, TRAP);
	answer(p, MINE);
	put(p, ALLOW);
	answer(p, SECCOMP_RET_ALLOW);
	resolve(p);
}

static void trap_if_set(struct program *p, unsigned int argument)
{
	load(p, LOW(ARGUMENT(argument)));
	if_equal(p, 0, NEXT, TRAP_UNLESS_OURS);
	load(p, HIGH(ARGUMENT(argument)));
	if_equal(p, 0, ALLOW, TRAP_UNLESS_OURS);
}

static void add_row(struct program *p, const struct trap *trap)
{
	switch (trap->when) {
	case TRAP_IF_FLAGS:
		load(p, LOW(ARGUMENT(trap->argument)));
		emit(p, BPF_JMP | BPF_JSET | BPF_K, trap->flags, TRAP_UNLESS_OURS, ALLOW);
		break;
	case TRAP_IF_ZERO:
		load(p, LOW(ARGUMENT(trap->argument)));
		if_equal(p, 0, TRAP_UNLESS_OURS, ALLOW);
		break;
	case TRAP_IF_SET_OR_SIGSYS:
		load(p, LOW(ARGUMENT(0)));
		if_equal(p, SIGSYS, TRAP_UNLESS_OURS, NEXT);
		trap_if_set(p, 1);
		break;
	case TRAP_IF_SET:
		trap_if_set(p, trap->argument);
		break;
	}
}

#define FAULT_ANSWER 5u /* the second argument of our prctl that is about the fault */

/* The shim's own prctl, answered by the filter itself, see shim.h. `answers` has pairs: second argument, errno. */
static void add_answers(struct program *p, const uint32_t (*answers)[2], unsigned int count, _Bool traps_options)
{
	unsigned int i;

	put(p, ANSWER);
	load(p, LOW(ARGUMENT(0)));
	if (traps_options) {
		if_equal(p, PR_SET_SECCOMP, TRAP_UNLESS_OURS, NEXT);
		if_equal(p, PR_SET_SYSCALL_USER_DISPATCH, TRAP_UNLESS_OURS, NEXT);
		if_equal(p, PR_CAPBSET_DROP, TRAP_UNLESS_OURS, NEXT);
		if_equal(p, PR_SET_SECUREBITS, TRAP_UNLESS_OURS, NEXT);
	}
	if_equal(p, VFORK_SHIM_PRCTL, NEXT, ALLOW);
	load(p, LOW(ARGUMENT(1)));
	for (i = 0; i < count; i++) {
		/* one label is enough for each: it is put behind what it skips */
		uint8_t next = (uint8_t)(LABELS - 1 - i);

		if_equal(p, answers[i][0], NEXT, next);
		answer(p, SECCOMP_RET_ERRNO | answers[i][1]);
		put(p, next);
	}
	answer(p, SECCOMP_RET_ALLOW);
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

static int mode_of(long answer)
{
	long mode = -answer - VFORK_SHIM_ANSWER;

	return mode >= VFORK_SHIM_FORK && mode <= VFORK_SHIM_EMULATE ? (int)mode : 0;
}

int filter_mode(void)
{
	return mode_of(CALL(__NR_prctl, VFORK_SHIM_PRCTL));
}

int filter_fault(void)
{
	long fault = -CALL(__NR_prctl, VFORK_SHIM_PRCTL, FAULT_ANSWER) - VFORK_SHIM_FAULT;

	return fault > NO_FAULT && fault < FAULTS ? (int)fault : NO_FAULT;
}

static _Bool is_wanted(const struct trap *trap, _Bool logs)
{
	return trap->when != TRAP_IF_OPTION && (logs || !trap->for_log) && (behaviour->departs || !trap->for_fault);
}

long filter_ensure(int mode, int fault, _Bool logs, _Bool is_there)
{
	long asked = CALL(__NR_prctl, VFORK_SHIM_PRCTL);
	const uint32_t answers[][2] = {
		{ 0, (uint32_t)(VFORK_SHIM_ANSWER + mode) },
		{ 1, logs ? VFORK_SHIM_LOGS : VFORK_SHIM_QUIET },
		{ FAULT_ANSWER, (uint32_t)(VFORK_SHIM_FAULT + fault) },
	};
	struct program program, *p = &program;
	unsigned int i;

	/* a filter of the application's own that refuses prctl: nobody can ask, and the kernel, without one, says EINVAL */
	if (is_there && !mode_of(asked) && asked != -EINVAL)
		return 0;
	if (mode_of(asked) == mode && (!logs || CALL(__NR_prctl, VFORK_SHIM_PRCTL, 1) == -VFORK_SHIM_LOGS))
		return 0;
	begin(p);
	/* of two rows for one call the first that is wanted counts */
	for (i = 0; i < trap_count; i++)
		if (is_wanted(&traps[i], logs))
			if_equal(p, traps[i].call, traps[i].when == TRAP_ALWAYS ? TRAP_UNLESS_OURS : (uint8_t)(FREE + i), NEXT);
	if_equal(p, __NR_prctl, ANSWER, ALLOW);
	for (i = 0; i < trap_count; i++) {
		if (!is_wanted(&traps[i], logs))
			continue;
		put(p, (uint8_t)(FREE + i));
		add_row(p, &traps[i]);
	}
	add_answers(p, answers, fault ? 3 : 2, 1);
	end(p);
	return install_first(p);
}

/* Two more filters at most in a whole tree of processes: most SA_ONSTACK handlers are for faults. */
#define FAULT_SIGNALS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT))
#define QUERY_ANSWER(of_faults) (3u + (of_faults)) /* the second argument of our prctl that it answers */

static _Bool ensure_queries(_Bool of_faults)
{
	const uint32_t answers[][2] = { { QUERY_ANSWER(of_faults), VFORK_SHIM_LOGS } };
	struct program program, *p = &program;
	sigset these = of_faults ? FAULT_SIGNALS : ~FAULT_SIGNALS;

	if (CALL(__NR_prctl, VFORK_SHIM_PRCTL, QUERY_ANSWER(of_faults)) == -VFORK_SHIM_LOGS)
		return 1;
	begin(p);
	if_equal(p, __NR_prctl, ANSWER, NEXT);
	if_equal(p, __NR_rt_sigaction, NEXT, ALLOW);
	/* 1 << (signal - 1), in the half where it is; the upper signals all or none of them */
	load(p, LOW(ARGUMENT(0)));
	emit(p, BPF_ALU | BPF_SUB | BPF_K, 1, NEXT, NEXT);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 32, of_faults ? ALLOW : TRAP_UNLESS_OURS, NEXT);
	emit(p, BPF_MISC | BPF_TAX, 0, NEXT, NEXT);
	emit(p, BPF_LD | BPF_IMM, 1, NEXT, NEXT);
	emit(p, BPF_ALU | BPF_LSH | BPF_X, 0, NEXT, NEXT);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, (uint32_t)these, TRAP_UNLESS_OURS, ALLOW);
	add_answers(p, answers, 1, 0);
	end(p);
	/* for all threads; where one has a filter of its own it cannot be, and this thread alone gets it */
	return !install(p, SECCOMP_FILTER_FLAG_TSYNC) || !install_first(p);
}

long filter_strict(void)
{
	static const int allowed[] = { __NR_read, __NR_write, __NR_exit };
	struct program program, *p = &program;
	unsigned int i;

	begin(p);
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if_equal(p, (uint32_t)allowed[i], ALLOW, NEXT);
	if_equal(p, 0, TRAP_UNLESS_OURS, TRAP_UNLESS_OURS);
	end(p);
	return install_first(p);
}

sigset filter_queries(sigset signals)
{
	return (signals & FAULT_SIGNALS && ensure_queries(1) ? FAULT_SIGNALS : 0) |
	       (signals & ~FAULT_SIGNALS && ensure_queries(0) ? ~FAULT_SIGNALS : 0);
}
