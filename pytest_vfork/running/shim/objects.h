/* SPDX-License-Identifier: MIT */
/* link.h: the list of loaded objects, as the loader keeps it for debuggers. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "kernel.h"

struct object {
	uintptr_t base;
	char *name; /* of a preloaded one: as LD_PRELOAD gave it */
	const void *dynamic;
	struct object *next, *previous;
};

/* The first of them, or NULL. */
const struct object *objects_loaded(void);
/*
 * Puts an object at the end of the list. AddressSanitizer wants to be the first in it, and looks at nothing else; what the loader looks up,
 * initialises and ends it does by lists of its own. Not with musl, which remembers the end.
 */
void objects_move_to_end(const void *dynamic);

#endif
