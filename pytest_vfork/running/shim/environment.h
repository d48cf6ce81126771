/* SPDX-License-Identifier: MIT */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "task.h"

/* The value of a variable, or NULL; `name` ends with '='. */
const char *environment_find(char **env, const char *name);
/* The same, of the last variable alone. */
const char *environment_last(char **env, const char *name);
/* Takes the shim out of the environment, in place. */
void environment_clean(char **env);
/* What an exec hands over. */
struct handover {
	const char *shim; /* where the image finds it */
	sigset mask, closed; /* to execute with; those of its signals that the image shall unblock */
	const char *image; /* for the loader of a static image (load.h); else NULL */
	_Bool is_of_glibc; /* its loader knows LD_TRACE_LOADED_OBJECTS */
	uintptr_t loader_argv; /* glibc's ld.so is what is executed: its arguments; else 0 */
	size_t room_size; /* memory that is needed besides, for as long */
	void *room;
};

/*
 * The environment for the next image, in memory of the task's; the given one if it cannot be read: the kernel will
 * say so. 0: there is no memory, and without the shim the image would die at its first trapped call.
 */
uintptr_t environment_make(struct task *task, uintptr_t env, struct handover *handover);

#endif
