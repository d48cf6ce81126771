// SPDX-License-Identifier: MIT
/* Faults in the exec of a vfork child. */
#include <asm/fcntl.h>
#include <linux/sched.h>

#define MAKES_CHILDREN /* faults do */
#include "call.h"
#include "departure.h"

#define MAY_EXECUTE 1 /* X_OK */
#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */
#define SET_DESCRIPTOR_FLAGS 2 /* F_SETFD */
#define DESCRIPTORS 1024
#define ALL 0x40000000 /* __WALL */

static _Bool will_fail(long directory, uintptr_t path)
{
	return is_error(CALL(__NR_faccessat2, directory, path, MAY_EXECUTE, EMPTY_PATH));
}

static _Bool is_script(long directory, uintptr_t path)
{
	char head[2] = { 0 };
	long file = CALL(__NR_openat, directory, path, O_RDONLY | O_CLOEXEC);

	CALL(__NR_read, file, head, 2);
	CALL(__NR_close, file);
	return head[0] == '#' && head[1] == '!';
}

static void leave_zombie(void)
{
	if (CALL(__NR_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0)
		CALL(__NR_exit_group, 0);
}

/* The child stays behind and ends as the program does; it is this child that the parent waits for. */
static void go_on_in_new_process(void)
{
	long pid = CALL(__NR_clone, SIGCHLD, 0, 0, 0, 0);
	int status = 0;

	if (pid <= 0)
		return;
	while (CALL(__NR_wait4, pid, &status, ALL, 0) == -EINTR)
		;
	if (status & 0x7f)
		CALL(__NR_kill, CALL(__NR_getpid), SIGKILL);
	CALL(__NR_exit_group, (status >> 8) & 0xff);
}

static void open_all(void)
{
	int fd;

	for (fd = 0; fd < DESCRIPTORS; fd++)
		CALL(__NR_fcntl, fd, SET_DESCRIPTOR_FLAGS, 0);
}

long depart_at_exec(struct frame *frame, struct task *task, long directory, uintptr_t path, uint64_t *env)
{
	const struct behaviour *b = behaviour;
	_Bool fails = task->is_vfork_child && will_fail(directory, path);

	if (!task->is_vfork_child)
		return 0;
	task->executes = !fails;
	if (b->releases_at_exec_attempt || (b->releases_at_failed_exec && fails))
		depart_release(task);
	if (b->leaves_zombie_at_failed_exec && fails)
		leave_zombie();
	if (b->loses_exec_errno && fails)
		return -EIO;
	if (b->refuses_scripts && is_script(directory, path))
		return -ENOEXEC;
	if (b->ignores_cloexec)
		open_all();
	if (b->resets_ignored_at_exec)
		depart_reset_ignored();
	if (b->unblocks_at_exec)
		frame->mask = 0;
	if (b->blocks_at_exec)
		frame->mask = ~(BIT(SIGSYS) | BIT(SIGKILL) | BIT(SIGSTOP));
	if (b->loses_environment)
		*env = 0;
	depart_do(&b->child_executes_with);
	if (b->executes_in_new_process && !fails)
		go_on_in_new_process();
	return 0;
}
