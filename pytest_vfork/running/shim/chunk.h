/* SPDX-License-Identifier: MIT */
/* Where slots and cells lie: those of the object, and chunks of more, in a list that each memory begins anew. Who has which, slot.c tells. */
#ifndef CHUNK_H
#define CHUNK_H

#include "slot.h"

#define FREE 0
#define CLAIMED (-1)

struct record {
	int32_t owner; /* FREE, CLAIMED, or the tid whose end frees the slot */
	uint32_t numbers; /* among which that is one, see slot_numbers() */
	uint64_t process; /* that has made it */
};

/* Beside the slots, so that to look for a free one touches none of them. */
struct chunk {
	struct chunk *next;
	struct slot *slots;
	struct record *records;
	struct dispositions *cells;
	uint32_t count;
	uint32_t used; /* slots from here on have never been touched */
	int32_t free; /* of those before; too small when a task was killed as it freed one */
};

/*
 * All that is true of one process only. It lies in a page that a fork wipes: the child of a plain fork, which is not trapped, must not believe
 * that its parent's threads live on, nor free the slot that its only task runs on. It begins with an empty list and leaves the old slots
 * alone, but for those of the object, of which it knows which one is its own.
 */
struct arena {
	struct chunk *newest;
	uint32_t knows_home;
	uint32_t waiting; /* parents, and those that were killed while they waited */
	uint32_t cursor; /* where to look next for a thread that is gone */
	uint64_t processes;
	_Bool is_poor;
	uint64_t memory; /* while invariants are held to: which process has begun with it */
};

/* The slots of the object; of use once `knows_home` of the arena is HOME_IS_KNOWN. */
extern struct chunk chunk_home;
#define HOME_IS_KNOWN 2

/* That of this process, which is made if need be. */
struct arena *arena_find(void);
/* The same, or NULL: nothing has needed it. */
struct arena *arena_seen(void);
/* The slots of the object as a process finds them that knows of none: its own is in use, if it is one of these. */
void arena_knows_home(struct arena *where, const struct task *maker);
/* Makes a chunk, unless there is a newer one than `newest`; 0: no memory. */
_Bool arena_grow(struct arena *where, struct chunk *newest);
/* The next of all chunks; the first is that of the object. NULL: no more. */
struct chunk *chunk_after(const struct chunk *chunk);
/* Whether anything between these addresses is memory of ours. */
_Bool chunks_live_in(uintptr_t start, uintptr_t end);

#endif
