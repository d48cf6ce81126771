// SPDX-License-Identifier: MIT
/*
 * A program that gives itself a seccomp filter, strict mode, or syscall user dispatch. The kernel applies all filters to all calls, and what it
 * applies them to is what the shim makes of a call: only vfork becomes another one, so what the program's filter says of vfork is found out
 * here, once, and answered by the shim. It binds whom the filter binds: the task, and who is made by it from then on (task_make).
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "answers.h"
#include "call.h"
#include "config.h"
#include "filter.h"
#include "gate.h"
#include "memory.h"
#include "slot.h"
#include "text.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif
#define TSYNC_ESRCH (1ul << 4) /* SECCOMP_FILTER_FLAG_TSYNC_ESRCH, Linux 5.7: without it TSYNC and NEW_LISTENER exclude each other */
#define MEMORY 16 /* BPF_MEMWORDS */
#define MAX_ERRNO 4095

struct machine {
	const struct sock_filter *code, *end;
	const struct seccomp_data *data;
	uint32_t a, x, memory[MEMORY];
	_Bool looks; /* at more than which call it is */
};

static uint32_t calculate(uint16_t operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return a / b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	case BPF_NEG:
		return 0 - a;
	}
	return a;
}

static _Bool jumps(uint16_t operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JSET:
		return !!(a & b);
	}
	return 0;
}

static uint32_t loaded(struct machine *m, const struct sock_filter *at)
{
	uint32_t word;

	switch (BPF_MODE(at->code)) {
	case BPF_IMM:
		return at->k;
	case BPF_MEM:
		return m->memory[at->k % MEMORY];
	case BPF_LEN:
		return sizeof(*m->data);
	}
	if (at->k > sizeof(*m->data) - sizeof(word))
		return 0;
	if (at->k >= offsetof(struct seccomp_data, instruction_pointer))
		m->looks = 1;
	/* a copy: half of what is no uint32_t is read, which the compiler need not see otherwise */
	memcpy(&word, (const char *)m->data + at->k, sizeof(word));
	return word;
}

/* What a filter answers. One that is not well formed is not left, and the kernel refuses it. */
static uint32_t run(struct machine *m)
{
	const struct sock_filter *at;

	/* a jump may lead beyond the end, but never back */
	for (at = m->code; at < m->end; at++) {
		uint32_t operand = BPF_SRC(at->code) == BPF_X ? m->x : at->k;

		switch (BPF_CLASS(at->code)) {
		case BPF_LD:
			m->a = loaded(m, at);
			break;
		case BPF_LDX:
			m->x = loaded(m, at);
			break;
		case BPF_ST:
			m->memory[at->k % MEMORY] = m->a;
			break;
		case BPF_STX:
			m->memory[at->k % MEMORY] = m->x;
			break;
		case BPF_ALU:
			if (BPF_OP(at->code) == BPF_DIV && !operand)
				return SECCOMP_RET_KILL_THREAD; /* which is 0, what a program that stops there answers */
			m->a = calculate(BPF_OP(at->code), m->a, operand);
			break;
		case BPF_JMP:
			at += BPF_OP(at->code) == BPF_JA ? at->k : jumps(BPF_OP(at->code), m->a, operand) ? at->jt : at->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(at->code) == BPF_A ? m->a : at->k;
		case BPF_MISC:
			if (BPF_MISCOP(at->code) == BPF_TAX)
				m->x = m->a;
			else
				m->a = m->x;
			break;
		}
	}
	return SECCOMP_RET_ALLOW;
}

static void learn(struct task *task, const struct sock_fprog *filter)
{
	const struct seccomp_data vfork = { .nr = __NR_vfork, .arch = AUDIT_ARCH_X86_64 };
	struct machine machine = { .code = filter->filter, .end = filter->filter + filter->len, .data = &vfork };
	uint32_t answer = run(&machine);

	if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		task->vfork_error = (int32_t)((answer & SECCOMP_RET_DATA) < MAX_ERRNO ? answer & SECCOMP_RET_DATA : MAX_ERRNO);
}

/* SECCOMP_FILTER_FLAG_TSYNC: all threads have the filters of this one now. */
static void bind_threads(const struct task *task)
{
	struct task *other;

	for (other = task_first(); other; other = slot_after(other))
		if (other->process == task->process)
			other->vfork_error = task->vfork_error;
}

/*
 * What is put before a filter that lacks them. The shim blocks and looks by rt_sigprocmask and leaves its handler by rt_sigreturn, which a list
 * of what a program needs may not have, for the program has no handlers: the call that sets the filter would be its last. They are allowed at
 * the place where the shim makes them, and there alone; neither gives a right. The filter begins with the accumulator that it expects (A is 0).
 */
static const struct sock_filter way_back[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 9),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigprocmask, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigreturn, 0, 6),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SHIM_HOME >> 32, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (uint32_t)SHIM_PLACE_MASK),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SHIM_HOME, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_LD | BPF_IMM, 0),
};
#define WAY_BACK (sizeof(way_back) / sizeof(*way_back))
#define LONGEST ((TASK_ROOM - sizeof(struct sock_fprog)) / sizeof(struct sock_filter) - WAY_BACK)

/* Whatever its arguments are: one that looks at them may answer anything. */
static _Bool allows(const struct sock_fprog *filter, int number)
{
	const struct seccomp_data call = { .nr = number, .arch = AUDIT_ARCH_X86_64 };
	struct machine machine = { .code = filter->filter, .end = filter->filter + filter->len, .data = &call };

	return run(&machine) == SECCOMP_RET_ALLOW && !machine.looks;
}

static _Bool lets_back(const struct sock_fprog *filter)
{
	return allows(filter, __NR_rt_sigprocmask) && allows(filter, __NR_rt_sigreturn);
}

/* A filter in memory of ours, for another thread may change the application's: what is looked at is what is set. NULL: too long for it. */
static struct sock_fprog *copy_filter(const struct task *task, const struct sock_fprog *given)
{
	struct sock_fprog *copy = (struct sock_fprog *)task_room(task);
	struct sock_filter *code = (struct sock_filter *)(copy + 1);

	if (given->len > LONGEST)
		return NULL;
	memcpy(code, way_back, sizeof(way_back));
	memcpy(code + WAY_BACK, given->filter, given->len * sizeof(*code));
	*copy = (struct sock_fprog){ .len = given->len, .filter = code + WAY_BACK };
	return copy;
}

static long set_filter(struct task *task, const struct registers *regs, uintptr_t program)
{
	uint32_t flags = (uint32_t)regs->rax == __NR_seccomp ? (uint32_t)regs->rsi : 0;
	struct sock_fprog given = { 0 }, *copy = NULL, set;
	uint64_t argument = regs->rdx;
	long result;

	/* before the call: the filter may allow no look at memory */
	if (can_read(program, sizeof(given))) {
		given = *(const struct sock_fprog *)program;
		if (!can_read(ARG(given.filter), given.len * sizeof(*given.filter)))
			given.len = 0;
	}
	if (given.len)
		copy = copy_filter(task, &given);
	if (copy) {
		set = given = *copy;
		if (!lets_back(copy))
			set = (struct sock_fprog){ .len = (unsigned short)(WAY_BACK + copy->len), .filter = copy->filter - WAY_BACK };
		argument = ARG(&set);
	}
	result = call6((long)regs->rax, regs->rdi, regs->rsi, argument, regs->r10, regs->r8, regs->r9);
	/* the thread that cannot have it; else it is a descriptor (SECCOMP_FILTER_FLAG_NEW_LISTENER) */
	if (result > 0 && flags & SECCOMP_FILTER_FLAG_TSYNC && !(flags & TSYNC_ESRCH))
		return result;
	if (!is_error(result))
		learn(task, &given);
	if (!is_error(result) && flags & SECCOMP_FILTER_FLAG_TSYNC)
		bind_threads(task);
	return result;
}

/* The kernel refuses strict mode to a thread that has a filter. */
static long set_strict(struct task *task)
{
	long result = filter_strict();

	task->is_strict = !result;
	return result;
}

struct frame *answer_seccomp(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;

	/* of an operation, of flags and of an option the kernel reads 32 bits */
	if ((uint32_t)regs->rdi == SECCOMP_SET_MODE_STRICT && !(uint32_t)regs->rsi && !regs->rdx)
		regs->rax = (uint64_t)set_strict(task);
	else
		regs->rax = (uint64_t)set_filter(task, regs, (uint32_t)regs->rdi == SECCOMP_SET_MODE_FILTER ? regs->rdx : 0);
	return frame;
}

/*
 * Dispatch spares one range of addresses. A program that names none has all its calls dispatched, and the shim is given the range. One that
 * names one keeps it: without the shim in it, which then cannot answer.
 */
static long dispatch(const struct registers *regs)
{
	uint64_t offset = regs->rdx, size = regs->r10;

	if (regs->rsi == PR_SYS_DISPATCH_ON && !size && !offset) {
		offset = SHIM_HOME;
		size = SHIM_SPARE + SHIM_HOME_SIZE - SHIM_HOME;
	}
	return CALL(__NR_prctl, regs->rdi, regs->rsi, offset, size, regs->r8);
}

struct frame *answer_prctl(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	uint32_t option = (uint32_t)regs->rdi;

	if (option == PR_CAPBSET_DROP || option == PR_SET_SECUREBITS) {
		config.root_changes = 1; /* by the next exec */
		return answer_rights(frame, task);
	}
	if (option == PR_SET_SYSCALL_USER_DISPATCH)
		regs->rax = (uint64_t)dispatch(regs);
	else if (regs->rsi == SECCOMP_MODE_STRICT)
		regs->rax = (uint64_t)set_strict(task);
	else
		regs->rax = (uint64_t)set_filter(task, regs, regs->rsi == SECCOMP_MODE_FILTER ? regs->rdx : 0);
	return frame;
}
