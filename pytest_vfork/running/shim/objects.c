// SPDX-License-Identifier: MIT
#include "objects.h"

#define EXPORTED __attribute__((weak, visibility("default")))

struct debug {
	int version;
	struct object *objects;
};

extern struct debug _r_debug EXPORTED; /* glibc */
extern struct debug *_dl_debug_addr EXPORTED; /* musl */

const struct object *objects_loaded(void)
{
	const struct debug *debug = &_r_debug;

	if (!debug && &_dl_debug_addr)
		debug = _dl_debug_addr;
	return debug ? debug->objects : NULL;
}
