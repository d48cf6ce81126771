/* SPDX-License-Identifier: MIT */
/*
 * The seam for a scheduler: the one place that holds a parent. suspend.c, the default, sleeps until the child has let
 * go. A simulator builds the shim with a file of its own in its place (docs/examples/toy-scheduler); nothing else
 * changes.
 *
 * Who calls: spawn.c, once for each call with CLONE_VFORK in mode emulate that made a child, in the thread that made
 * it. Several threads of a process, and a vfork child that spawns in turn, may be inside at the same time.
 * When: the child runs already, in the same memory (without CLONE_VM: in a copy).
 * On which stack: on the parent's own slot, which nobody else touches: 60 KiB less its signal frame.
 * Signals: all are blocked but those that end the process at once when they come (killable.h), so nothing interrupts a
 * wait; but the process may end at any instruction, and the rest of the function is then never run. SIGSTOP stops it,
 * and SIGCONT lets it go on in the same wait. child_has_let_go() changes the mask when another task has changed what is
 * handled: call it now and then.
 * Allowed: system calls through CALL(), or call6() where the sixth argument counts; memory of one's own.
 * Not allowed: libc, thread-local storage (the child's, too), a lock that the child, another thread or a killed task
 * could hold, an errno; a descriptor that stays open (the application would see it, and may close it).
 * On return: the parent goes on at once, with the child's pid and whatever signals came meanwhile.
 *
 * To return before the child has let go is to break vfork: both would run on one stack.
 */
#ifndef SUSPEND_H
#define SUSPEND_H

#include "release.h"

void suspend_until_released(const struct release *release);

#endif
