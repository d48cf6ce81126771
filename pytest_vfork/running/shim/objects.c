// SPDX-License-Identifier: MIT
#include "objects.h"

#define EXPORTED __attribute__((weak, visibility("default")))

struct debug {
	int version;
	struct object *objects;
};

extern struct debug _r_debug EXPORTED; /* glibc */
extern struct debug *_dl_debug_addr EXPORTED; /* musl */

static struct object *first(void)
{
	const struct debug *debug = &_r_debug;

	if (!debug && &_dl_debug_addr)
		debug = _dl_debug_addr;
	return debug ? debug->objects : NULL;
}

const struct object *objects_loaded(void)
{
	return first();
}

void objects_move_to_end(const void *dynamic)
{
	struct object *own = first(), *last;

	while (own && own->dynamic != dynamic)
		own = own->next;
	if (!own || !own->next || !own->previous || &_dl_debug_addr)
		return;
	own->previous->next = own->next;
	own->next->previous = own->previous;
	for (last = own->next; last->next; last = last->next)
		;
	last->next = own;
	own->previous = last;
	own->next = NULL;
}
