/* SPDX-License-Identifier: MIT */
/* link.h: the list of loaded objects, as the loader keeps it for debuggers. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "kernel.h"

struct object {
	uintptr_t base;
	char *name; /* of a preloaded one: as LD_PRELOAD gave it */
	const void *dynamic;
	struct object *next;
};

/* The first of them, or NULL. */
const struct object *objects_loaded(void);

#endif
