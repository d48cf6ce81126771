/* SPDX-License-Identifier: MIT */
/*
 * The next image gets the shim by a path. Where it may not be able to open that (other rights, another root, Landlock, a mount that forbids to
 * execute), it gets a descriptor of a copy: the object is in memory, and needs no file.
 */
#ifndef CARRY_H
#define CARRY_H

#include "kernel.h"

#define CARRIED_ROOM 32

/* A descriptor that stays open over execve and `name`, which the next image can open; -errno. */
long carry_make(char name[CARRIED_ROOM]);
/* The image that was started so: the descriptor of its own name is closed. */
void carry_end(const char *name);
/* Whether this is such a name. */
_Bool carry_is(const char *name);

#endif
