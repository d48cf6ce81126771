// SPDX-License-Identifier: MIT
/*
 * The stack as the kernel would have made it for the image: strings at the end, in the order of their pointers, then the name of the file.
 * All that is taken away is made up for by moving the rest up, so that nothing of ours is left over, and nothing moves down.
 */
#include "load.h"

#include <linux/auxvec.h>

#include "call.h"
#include "config.h"
#include "text.h"

struct start load_read_start(uint64_t *sp)
{
	struct start start = { .argc = sp, .argv = (char **)(sp + 1) };
	struct auxiliary *each;

	start.env = start.argv + *sp + 1;
	for (sp = (uint64_t *)start.env; *sp; sp++)
		;
	each = start.auxiliary = (struct auxiliary *)(sp + 1);
	while (each->tag != AT_NULL)
		each++;
	start.auxiliary_size = ARG(each + 1) - ARG(start.auxiliary);
	return start;
}

struct auxiliary *load_find(const struct start *start, uint64_t tag)
{
	struct auxiliary *each = start->auxiliary;

	while (each->tag != tag && each->tag != AT_NULL)
		each++;
	return each;
}

static void set(const struct start *start, uint64_t tag, uint64_t value)
{
	struct auxiliary *found = load_find(start, tag);

	if (found->tag == tag)
		found->value = value;
}

static char *move_up(char *end, const char *text)
{
	size_t size = strlen(text) + 1;

	return memmove(end - size, text, size);
}

uint64_t *load_stack(struct start *start, const char *name, const struct loaded *loaded)
{
	char **to = (char **)start->auxiliary - 1, **from = to, *lowest = *start->argv, *at;
	struct auxiliary *file = load_find(start, AT_EXECFN);

	/* there is always one: the kernel has put the loader's path there */
	at = (char *)file->value;
	at = move_up(at + strlen(at) + 1, name);
	set(start, AT_EXECFN, ARG(at));
	set(start, AT_PHDR, loaded->headers);
	set(start, AT_PHNUM, loaded->headers_count);
	set(start, AT_ENTRY, loaded->entry);
	*to = NULL;
	from--; /* the last one is IMAGE */
	while (from > start->env) {
		from--;
		if (starts_with(*from, CONFIG))
			continue;
		at = move_up(at, *from);
		*--to = at;
	}
	start->env = to;
	*--to = NULL;
	for (from = start->argv + *start->argc; from > start->argv;) {
		at = move_up(at, *--from);
		*--to = at;
	}
	if (at > lowest)
		memset(lowest, 0, (size_t)(at - lowest));
	from = (char **)start->argc;
	start->argv = to--;
	*(uint64_t *)to = *start->argc;
	start->argc = (uint64_t *)to;
	while (from < to)
		*from++ = NULL;
	return start->argc;
}
