// SPDX-License-Identifier: MIT
/*
 * PTRACE_TRACEME in a vfork child, whose tracer is its suspended parent. Natively nothing stops such a child before exec, unless a signal comes;
 * but each trap is a signal. So the request is put off to the exec that will be made. Where that fails after all, the parent passes the signals
 * of traps on (traced_go_on).
 */
#include "traced.h"

#include <linux/ptrace.h>

#include "answers.h"
#include "call.h"

#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD, AT_EMPTY_PATH, AT_EACCESS: linux/fcntl.h */
#define MAY_EXECUTE 1 /* X_OK */
#define EFFECTIVE 0x200
#define P_PID_TYPE 1
#define STOPPED_NOW (0x00000001 | 0x00000002 | 0x01000000 | 0x40000000) /* WNOHANG WSTOPPED WNOWAIT __WALL */
#define TRAPPED 4 /* CLD_TRAPPED */
#define REGULAR(mode) (((mode) & 0170000) == 0100000)

#include <asm/stat.h>

/*
 * A plain fork of a vfork child was not trapped, and has its slot; its parent can hear of its stops. It is known by its pid, unless that of the
 * vfork child is not known. In a new pid namespace a vfork child has another than its maker sees, and no parent.
 */
static _Bool is_held(const struct task *task)
{
	int32_t pid = task->leader->pid;

	return task->is_vfork_child && (!pid || CALL(__NR_getpid) == pid || !CALL(__NR_getppid));
}

struct frame *answer_ptrace(struct frame *frame, struct task *task)
{
	struct registers *regs = &frame->regs;
	long result = 0;

	if (!is_held(task) || task->is_traced)
		result = CALL(__NR_ptrace, regs->rdi, regs->rsi, regs->rdx, regs->r10);
	else if (task->wants_tracer)
		result = -EPERM;
	else
		task->wants_tracer = 1;
	regs->rax = (uint64_t)result;
	return frame;
}

void traced_before_exec(struct task *task, long directory, uintptr_t path, uint64_t flags)
{
	struct stat about;

	if (!task->wants_tracer || task->is_traced || !is_held(task) || CALL(__NR_faccessat2, directory, path, MAY_EXECUTE, EFFECTIVE | flags) ||
	    CALL(__NR_newfstatat, directory, path, &about, flags) || !REGULAR(about.st_mode))
		return;
	task->is_traced = 1;
	CALL(__NR_ptrace, PTRACE_TRACEME);
}

void traced_go_on(int32_t child)
{
	struct info info = { 0 };
	/* si_status is the fourth word of what SIGCHLD says */
	const int32_t *status = (const int32_t *)info.room + 2;

	if (!CALL(__NR_waitid, P_PID_TYPE, child, &info, STOPPED_NOW, 0) && info.signo && info.code == TRAPPED && *status == SIGSYS)
		CALL(__NR_ptrace, PTRACE_CONT, child, 0, SIGSYS);
}
