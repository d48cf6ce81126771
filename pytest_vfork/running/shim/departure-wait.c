// SPDX-License-Identifier: MIT
/* Faults in the wait: what ends it, what gets through to a parent that waits, and who else waits. */
#include <linux/futex.h>
#include <linux/sched.h>

#include "call.h"
#include "departure.h"
#include "spawn.h"
#include "text.h"

#define P_ALL_TYPE 0 /* linux/wait.h */
#define P_PID_TYPE 1
#define NOW 0x00000001 /* WNOHANG */
#define STOPPED 0x00000002
#define EXITED 0x00000004
#define LEAVE 0x01000000 /* WNOWAIT */
#define ALL 0x40000000 /* __WALL */
#define DUMPED 3 /* CLD_DUMPED, asm-generic/siginfo.h */
#define SENT_BY_TKILL (-6) /* SI_TKILL */
#define NO_SUCH_GROUP 0x3fffffff
#define LOOK_NS 1000000

static _Bool has_status(uint64_t type, int32_t pid, int kinds, struct info *info)
{
	return CALL(__NR_waitid, type, pid, info, kinds | NOW | LEAVE | ALL) == 0 && info->signo;
}

/* The main thread of the child has ended; other threads of it may live. */
static _Bool has_no_main_thread(int32_t child)
{
	char path[32] = { 0 }, stat[64] = { 0 };
	struct text text = { path, path + sizeof(path) - 1 };
	const char *at = stat + sizeof(stat) - 2;
	long file;

	text_add(&text, "/proc/");
	text_add_number(&text, child);
	text_add(&text, "/stat");
	file = CALL(__NR_open, path, 0);
	CALL(__NR_read, file, stat, sizeof(stat) - 1);
	CALL(__NR_close, file);
	while (at > stat && *at != ')')
		at--;
	return at[2] == 'Z';
}

/* Goes on when the child has executed a program (0) or has ended (1, with what a SIGCHLD would say). */
static _Bool await_fate(const struct spawn *spawn, struct info *info, _Bool waits_for_threads)
{
	const int32_t child = spawn->release.child;
	const struct timespec64 pause = { 0, LOOK_NS };

	for (;;) {
		_Bool is_half_gone;

		if (spawn->child && spawn->child->executes)
			return 0;
		is_half_gone = !waits_for_threads && has_no_main_thread(child);

		if (has_status(P_PID_TYPE, child, EXITED, info))
			return 1;
		if (is_half_gone)
			return 0;
		/* EACCES, setpgid(2): it has executed. ESRCH: not our child. */
		if (CALL(__NR_setpgid, child, NO_SUCH_GROUP) == -EACCES || CALL(__NR_waitid, P_PID_TYPE, child, info, EXITED | NOW | LEAVE | ALL))
			return 0;
		CALL(__NR_nanosleep, &pause, 0);
	}
}

static _Bool is_ignored_death(const struct info *info)
{
	int status = ((const int32_t *)info->room)[2]; /* si_status */

	if (info->code == DUMPED && behaviour->ignores_core_dump)
		return 1;
	return info->code != 1 /* CLD_EXITED */ && status > 0 && behaviour->ignores_death_by & BIT(status);
}

/* What a shim takes for the child's end that looks at the wrong thing. */
static _Bool is_deceived(const struct release *release, sigset own, sigset waiting)
{
	struct info info = { 0 };
	sigset pending = 0;

	if (behaviour->releases_at_stop && has_status(P_PID_TYPE, release->child, STOPPED, &info))
		return 1;
	if (behaviour->releases_at_any_exit && has_status(P_ALL_TYPE, 0, EXITED, &info))
		return 1;
	if (behaviour->releases_at_thread_end && __atomic_load_n(release->word, __ATOMIC_ACQUIRE) & FUTEX_OWNER_DIED)
		return 1;
	if (behaviour->releases_at_signal)
		CALL(__NR_rt_sigpending, &pending, SIGSET_SIZE);
	return !!(pending & waiting & ~own);
}

static void wait_for_end_of_file(int32_t *pipe)
{
	char byte;

	CALL(__NR_close, pipe[1]);
	while (CALL(__NR_read, pipe[0], &byte, 1) == -EINTR)
		;
	CALL(__NR_close, pipe[0]);
}

void depart_wait(struct frame *frame, struct task *task, struct spawn *spawn, sigset waiting)
{
	const struct behaviour *b = behaviour;
	const struct release *release = &spawn->release;
	struct info info = { 0 };

	if (b->waits_on_pipe)
		wait_for_end_of_file(spawn->departure->pipe);
	else if (b->releases_at_stop || b->releases_at_any_exit || b->releases_at_signal || b->releases_at_thread_end)
		while (!is_deceived(release, frame->mask, waiting) && !child_has_let_go(release, LOOK_NS))
			;
	else
		suspend_until_released(release);

	if ((b->ignores_death_by || b->ignores_core_dump) && await_fate(spawn, &info, 0) && is_ignored_death(&info))
		for (;;)
			CALL(__NR_pause);
	if (b->releases_at_end_of_process)
		await_fate(spawn, &info, 1);
	if (b->releases_only_at_exit)
		CALL(__NR_waitid, P_PID_TYPE, release->child, &info, EXITED | LEAVE | ALL);
	if (b->steals_status && await_fate(spawn, &info, 0))
		CALL(__NR_wait4, release->child, 0, ALL, 0);
	if (b->releases_all_levels && task->is_vfork_child)
		depart_release(task);
}

void depart_release(struct task *task)
{
	__atomic_store_n(&task->release_word, 0, __ATOMIC_RELEASE);
	CALL(__NR_futex, &task->release_word, FUTEX_WAKE, 1);
}

static uint32_t stopped; /* how many calls want the other threads to stay where they are */

static void stop_all_in(const char *entries, long size, long self)
{
	long at;

	/* struct linux_dirent64: the name begins at 19, its size is at 16 */
	for (at = 0; at < size; at += *(const uint16_t *)(entries + at + 16)) {
		const char *name = entries + at + 19;
		long tid = 0;

		for (; *name >= '0' && *name <= '9'; name++)
			tid = tid * 10 + *name - '0';
		if (tid && tid != self)
			CALL(__NR_tgkill, CALL(__NR_getpid), tid, SIGSYS);
	}
}

void depart_stop_others(void)
{
	long file = CALL(__NR_open, "/proc/self/task", 0), size;
	char entries[1024];

	__atomic_fetch_add(&stopped, 1, __ATOMIC_ACQ_REL);
	while (!is_error(file) && (size = CALL(__NR_getdents64, file, entries, sizeof(entries))) > 0)
		stop_all_in(entries, size, CALL(__NR_gettid));
	CALL(__NR_close, file);
}

_Bool depart_stop(const struct frame *frame)
{
	uint32_t seen;

	if (frame->info.code != SENT_BY_TKILL || !(behaviour->stops_threads || behaviour->loses_threads_at_exec))
		return 0;
	while ((seen = __atomic_load_n(&stopped, __ATOMIC_ACQUIRE)))
		CALL(__NR_futex, &stopped, FUTEX_WAIT, seen, 0);
	return 1;
}

void depart_go_on(void)
{
	__atomic_fetch_sub(&stopped, 1, __ATOMIC_ACQ_REL);
	CALL(__NR_futex, &stopped, FUTEX_WAKE, 0x7fffffff);
}

_Bool depart_clears(const struct spawn *spawn, _Bool as_linux)
{
	if (behaviour->clears_both)
		return 1;
	return as_linux && !(behaviour->clears_late && spawn->child->executes);
}
