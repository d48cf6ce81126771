/* SPDX-License-Identifier: MIT */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "task.h"

/* The value of a variable, or NULL; `name` ends with '='. */
const char *environment_find(char **env, const char *name);
/* Takes the shim out of the environment, in place. */
void environment_clean(char **env);
/*
 * The environment for the next image, in memory of the task's; the given one if it cannot be read: the kernel will
 * say so. `closed` are signals that the image shall unblock,
 * `path` is where it finds the shim.
 */
uintptr_t environment_make(struct task *task, uintptr_t env, sigset closed, const char *path);

#endif
