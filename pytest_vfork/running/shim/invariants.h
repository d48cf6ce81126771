/* SPDX-License-Identifier: MIT */
/*
 * What is true at each moment that the application can look at. The shim is built on these; a build with -DVFORK_SHIM_DEBUG holds itself to
 * them, and ends the task with a line on descriptor 2 where one is broken (docs/emulation.md, "Invariants").
 *
 *  sigsys-open    SIGSYS is never in the kernel's mask: a trap would kill.
 *  own-stack      The alternate stack in force is the slot of the task that runs.
 *  one-owner      A slot belongs to one living task.
 *  clean-registers  No register of the application holds a thing of ours: an answer changes %rax, %rcx and %r11, as a system call does.
 *                 (While a masked wait is under way, its changed arguments point to below the application's stack: waits.c.)
 *  no-own-trap    What the shim calls is never trapped.
 *  no-child-here  Nothing is issued inside the handler that makes a child there, but by the file that knows how (issue.c).
 */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#ifdef VFORK_SHIM_DEBUG

struct frame;
struct task;

void invariant_broken(const char *name);
/* `claim` must be true. */
#define invariant(name, claim) ((claim) ? (void)0 : invariant_broken(name))

/* At the beginning and at the end of each handling; what is kept between them is in the task. */
void invariants_at_arrival(const struct frame *frame, struct task *task);
void invariants_at_leave(const struct frame *frame, struct task *task);
/* A task that begins: who it is. */
void invariants_at_start(struct task *task);

#define makes_child(nr) ((nr) == __NR_fork || (nr) == __NR_vfork || (nr) == __NR_clone || (nr) == __NR_clone3)
#ifdef MAKES_CHILDREN
#define invariant_call(nr, result) ((void)0)
#else
#define invariant_call(nr, result) invariant("no-child-here", !makes_child(nr) || (result) < 0)
#endif

#else

#define invariants_at_arrival(frame, task) ((void)0)
#define invariants_at_leave(frame, task) ((void)0)
#define invariants_at_start(task) ((void)0)
#define invariant_call(nr, result) ((void)0)

#endif
#endif
