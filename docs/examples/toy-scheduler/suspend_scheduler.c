// SPDX-License-Identifier: MIT
/*
 * In place of the shim's suspend.c: a parent goes on when its child has let go *and* the scheduler says so.
 * TOY_BOARD, the path of the board, is given when this is compiled: so it needs no descriptor and no variable that
 * would have to survive execve.
 */
#include <asm/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>

#include "board.h"
#include "call.h"
#include "suspend.h"

#define LOOK_NS 100000000

static struct board *board; /* of this image; a fork and a vfork child share it, as they share the mapping */

static struct board *find_board(void)
{
	struct board *seen = __atomic_load_n(&board, __ATOMIC_ACQUIRE);
	long file, at;

	if (seen)
		return seen;
	file = CALL(__NR_open, TOY_BOARD, O_RDWR | O_CLOEXEC);
	if (is_error(file))
		return NULL;
	at = call6(__NR_mmap, 0, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, (uint64_t)file, 0);
	CALL(__NR_close, file);
	if (is_error(at))
		return NULL;
	if (__atomic_compare_exchange_n(&board, &seen, (struct board *)at, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return (struct board *)at;
	CALL(__NR_munmap, at, sizeof(*board)); /* another thread was faster */
	return seen;
}

static _Bool has_scheduler(const volatile struct board *on)
{
	return on->scheduler && CALL(__NR_kill, on->scheduler, 0) != -ESRCH;
}

static void sleep_on(uint32_t *word, uint32_t seen)
{
	struct timespec64 look = { 0, LOOK_NS };

	CALL(__NR_futex, word, FUTEX_WAIT, seen, &look);
}

static void tell(struct board *on, struct place *place, uint32_t state)
{
	__atomic_store_n(&place->state, state, __ATOMIC_RELEASE);
	__atomic_fetch_add(&on->bell, 1, __ATOMIC_RELEASE);
	CALL(__NR_futex, &on->bell, FUTEX_WAKE, 1);
}

static struct place *take_place(struct board *on, int32_t tid)
{
	int i;

	while (has_scheduler(on)) {
		uint32_t bell = __atomic_load_n(&on->bell, __ATOMIC_ACQUIRE);

		for (i = 0; i < PLACES; i++) {
			int32_t nobody = 0;

			if (__atomic_compare_exchange_n(&on->places[i].owner, &nobody, tid, 0, __ATOMIC_ACQ_REL,
							__ATOMIC_RELAXED))
				return &on->places[i];
		}
		sleep_on(&on->bell, bell);
	}
	return NULL;
}

static void await_turn(struct board *on, const struct release *release)
{
	struct place *place = take_place(on, (int32_t)CALL(__NR_gettid));

	if (!place)
		return;
	place->pid = (int32_t)CALL(__NR_getpid);
	place->child = release->child;
	tell(on, place, PLACE_WAITING);
	while (__atomic_load_n(&place->state, __ATOMIC_ACQUIRE) == PLACE_WAITING && has_scheduler(on))
		sleep_on(&place->state, PLACE_WAITING);
	tell(on, place, PLACE_LEFT);
}

void suspend_until_released(const struct release *release)
{
	struct board *on = find_board();

	while (!child_has_let_go(release, LOOK_NS))
		;
	if (on)
		await_turn(on, release);
}
