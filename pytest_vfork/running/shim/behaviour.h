/* SPDX-License-Identifier: MIT */
/* What is done with a vfork-family call: each mode is a row, and a fault is a departure from one of these rows. */
#ifndef BEHAVIOUR_H
#define BEHAVIOUR_H

#include "kernel.h"
#include "shim.h"

enum suspender {
	NOBODY_SUSPENDS,
	KERNEL_SUSPENDS, /* CLONE_VFORK is passed on */
	SHIM_SUSPENDS, /* CLONE_VFORK never reaches the kernel, suspend_until_released() waits */
};

enum unchecked {
	SIZE_BELOW_FIRST = 1,
	SIZE_BEYOND_PAGE = 2,
	TAIL_OF_LATER_VERSION = 4,
	FLAGS_UNKNOWN = 8,
	EXIT_SIGNAL_RANGE = 16,
	HALF_A_STACK = 32,
	POINTER = 64,
};

#define DEED(...) ((struct deed){ __VA_ARGS__ })

/* A system call that a fault makes, once, of a task itself; no pointer but to what outlives it. */
struct deed {
	long call; /* 0: none */
	uint64_t arguments[3];
};

struct behaviour {
	char name[8]; /* no pointer: the rows need no relocation */
	_Bool shares_memory; /* CLONE_VM of a vfork-family call is passed on */
	enum suspender suspender;

	/* A fault is armed. What follows is for departure-*.c: 0 is what Linux does, faults.def says what sets it. */
	_Bool departs;

	/* the call as a whole: departure-call.c */
	int refuses, refuses_clone3, refuses_nested, refuses_second_thread; /* with this errno */
	uint64_t adds_flags, drops_flags;
	unsigned int unchecked; /* enum unchecked */
	_Bool loses_exit_signal, forces_sigchld;
	_Bool ignores_new_stack, takes_stack_for_its_top, ignores_set_tid, accepts_sighand_alone, accepts_clear_sighand_with_sighand,
		accepts_one_word_for_both, accepts_thread_alone;
	_Bool checks_tid_words, writes_arguments_back, reads_whole_arguments, takes_all_bits_of_clone, loses_errno;
	int moves_new_stack_by;
	_Bool suspends_without_vfork, shares_only_with_vfork, spares_threads, spares_copies;
	_Bool has_one_lock, writes_frames_to_stack;

	/* the wait: departure-wait.c */
	_Bool releases_at_exec_attempt, releases_at_failed_exec, releases_at_stop, releases_at_any_exit, releases_at_signal,
		releases_at_thread_end, releases_all_levels;
	_Bool releases_only_at_exit, releases_at_end_of_process, trusts_the_word, waits_on_pipe, steals_status;
	_Bool ignores_core_dump;
	sigset ignores_death_by;
	_Bool stops_threads;
	_Bool blocks_fatal, lets_handlers_run, lets_core_dump, lets_stop, waits_with_first_mask;
	sigset loses_signals;
	_Bool merges_queued;
	int fails_at_signal; /* with this errno */

	/* the parent afterwards: departure-parent.c */
	_Bool keeps_wait_mask, loses_parent_altstack, clears_parent_fp, damages_parent_register, damages_parent_flags,
		damages_parent_red_zone;
	_Bool returns_wrong_pid, clears_late, clears_without_wake, clears_both, tells_parent_late, tells_child_late;
	_Bool opens_pidfd_for_exec, moves_pidfd;
	_Bool leaks_descriptor, leaks_mapping, leaves_helper;
	_Bool restores_dumpable, restores_break, restores_tls;
	struct deed parent_goes_on_with;
	_Bool copies_back, loses_heap_at_exec, loses_threads_at_exec;

	/* the child: departure-child.c */
	_Bool blocks_all_in_child, unblocks_all_in_child, clears_child_altstack, keeps_altstack_of_threads, clears_child_fp,
		damages_child_register, damages_child_flags, damages_child_red_zone;
	_Bool copies_itimer, copies_pending, copies_pdeathsig, copies_robust_list, keeps_rseq, raises_limits, resets_ignored,
		dies_with_parent;
	_Bool copies_resetting_policy, reopens_descriptors;
	_Bool lies_about_pid, lies_about_ppid, refuses_setsid, ignores_dup2;
	long ignores_call; /* one that trap.c has for it */
	struct deed child_begins_with;

	uint64_t ignores_handler_flags; /* SA_*: action.c */

	/* its exec: departure-exec.c */
	_Bool loses_exec_errno, leaves_zombie_at_failed_exec, ignores_cloexec, resets_ignored_at_exec, unblocks_at_exec,
		blocks_at_exec, loses_environment, shows_itself, refuses_scripts, refuses_execveat, executes_in_new_process,
		refuses_static_images, shows_loader;
	struct deed child_executes_with;
};

/* indexed by enum vfork_shim_mode; rows without a name are no modes */
extern const struct behaviour behaviours[VFORK_SHIM_EMULATE + 1];
/* the row in force */
extern const struct behaviour *behaviour;

enum fault {
	NO_FAULT,
#define FAULT(name, modes, soundness, areas, title, models, change) FAULT_##name,
#include "faults.def"
#undef FAULT
	FAULTS
};

/* A fault's name as faults.def has it, with underscores; only for those that there are. */
const char *fault_name(int fault);
/* Whether this text of `size` bytes, with dashes, is the name of that fault. */
_Bool fault_is(int fault, const char *text, size_t size);
/* From now on the row in force is the one it was, and what this fault changes. */
void behaviour_depart(int fault);

#endif
