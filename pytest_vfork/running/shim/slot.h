/* SPDX-License-Identifier: MIT */
/*
 * The memory of tasks: slots, and cells for dispositions. Two slots are in the object itself, so that a first vfork needs no memory of the
 * kernel's; more come in chunks (chunk.c). A slot belongs to one living task. Who it is, is told by memory alone: a pid means nothing in
 * another pid namespace.
 */
#ifndef SLOT_H
#define SLOT_H

#include "task.h"

#define SLOT_SIZE 0x10000
#define OBJECT_SLOTS 2

struct slot {
	_Alignas(64) char stack[SLOT_SIZE - ASIDE_SIZE - sizeof(struct task) - (64 - sizeof(struct task) % 64) % 64];
	_Alignas(64) struct task task; /* in the page of the first frame */
	_Alignas(64) char aside[ASIDE_SIZE];
};

_Static_assert(sizeof(struct slot) == SLOT_SIZE, "a slot is its size");
#define STACK_SIZE offsetof(struct slot, task)

/* A slot for a task of this process (struct task), all zero; NULL: no memory. `maker` is a task of this memory, the caller, or NULL. */
struct task *slot_claim(struct task *maker);
/* Nobody waits for the end of this task: the slot is free again when somebody finds that the tid is gone, which is one as its maker sees it. */
void slot_is_thread(struct task *task, struct task *maker, int32_t tid);
void slot_free(struct task *task);
/* Memory of an exec that this task has made in vain, or that it has made well, but for the memory. */
void slot_unmap(struct task *task);
/* Says in which pid namespace a task is: tids of tasks with another number mean nothing to it. */
uint32_t slot_numbers(const struct task *task);
/* Every task that this process has made, and not waited for, is gone. */
void slot_free_all(uint64_t process);
/* A process number that no task of this memory has had. */
uint64_t slot_new_process(void);

/* A cell that has one user now, not cleared; NULL: no memory. */
struct dispositions *slot_find_dispositions(void);

#ifdef VFORK_SHIM_DEBUG
/* A number for this memory: that of a fork is another one. */
uint64_t slot_memory(void);
#endif

/* Counts parents that wait, by +1 and -1. */
void slot_count_waiting(int change);
_Bool slot_any_waits(void);
/* The next of all slots that have ever been used, free or not; the first is task_first(). NULL: no more. */
struct task *slot_after(const struct task *task);

/* The task whose slot begins there, or NULL. */
const struct task *slot_at(uintptr_t address);

/* Of the first task. */
extern struct slot slots_of_object[];
extern struct dispositions cells_of_object[];

#endif
