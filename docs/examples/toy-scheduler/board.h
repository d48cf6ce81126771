/* SPDX-License-Identifier: MIT */
/* What the scheduler and the suspended parents share: a file, mapped by all of them. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define PLACES 256

/*
 * A parent takes a place by its tid and moves it from FREE to WAITING, the scheduler to GO, the parent to LEFT, the
 * scheduler to FREE. No lock: SIGKILL may end any of them between two instructions (a place may be lost by that).
 */
enum place_state {
	PLACE_FREE,
	PLACE_WAITING, /* the child has let go; the parent sleeps on `state` */
	PLACE_GO,
	PLACE_LEFT,
};

struct place {
	int32_t owner; /* the parent's tid, or 0: nobody's */
	int32_t pid, child;
	uint32_t state; /* a futex of the parent's */
};

struct board {
	int32_t scheduler; /* its pid, or 0: nobody waits for one that is no more */
	uint32_t bell; /* a futex of the scheduler's, one more with each change that a parent made */
	struct place places[PLACES];
};

#endif
