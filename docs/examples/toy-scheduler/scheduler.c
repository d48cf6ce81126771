// SPDX-License-Identifier: MIT
/*
 * scheduler BOARD GATHER LOG
 *
 * A toy scheduler. Takes parents whose children have let go, GATHER of them (those that are there, if no more come
 * within PATIENCE_MS), and lets one after the other go on, the highest tid first. As in a discrete-event simulator,
 * the next one goes when this one has blocked, or ended. Each step is a line that is appended to LOG by one write(2).
 * Creates BOARD, says "ready" on stdout, and ends with its stdin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

#define LOOK_NS 20000000L /* how long to sleep before looking at stdin again */
#define PATIENCE_MS 10000
#define TURN_MS 10000 /* a task that neither blocks nor ends within it is no reason to hold the others for ever */

static struct board *board;
static FILE *log_file;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_until_bell(uint32_t seen)
{
	const struct timespec look = { 0, LOOK_NS };

	syscall(SYS_futex, &board->bell, FUTEX_WAIT, seen, &look, NULL, 0);
}

static int is_asked_to_end(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

/* The letter of proc_pid_stat(5), or 0: the task is no more. */
static char state_of(const struct place *place)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", place->pid, place->owner);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* the name may hold anything but is at most 15 bytes, and the last ')' ends it */
	char line[256] = { 0 }, *end = NULL;

	if (fgets(line, sizeof(line), file))
		for (char *at = line; *at; at++)
			if (*at == ')')
				end = at;
	fclose(file);
	if (end)
		state = end[2];
	return state == 'Z' || state == 'X' ? 0 : state;
}

static uint32_t state_at(const struct place *place)
{
	return __atomic_load_n(&place->state, __ATOMIC_ACQUIRE);
}

static void note(const char *what, const struct place *place)
{
	fprintf(log_file, "%s %d %d %d\n", what, place->pid, place->owner, place->child);
	fflush(log_file);
}

static void free_place(struct place *place)
{
	__atomic_store_n(&place->state, PLACE_FREE, __ATOMIC_RELEASE);
	__atomic_store_n(&place->owner, 0, __ATOMIC_RELEASE);
}

/* Sweeps tasks that were killed while they waited; returns how many do wait. */
static int find_waiting(struct place *waiting[])
{
	int count = 0;

	for (struct place *place = board->places; place < board->places + PLACES; place++) {
		uint32_t state = state_at(place);

		if (state == PLACE_WAITING && state_of(place)) {
			waiting[count++] = place;
		} else if (state != PLACE_FREE && (state == PLACE_LEFT || !state_of(place))) {
			note("gone", place);
			free_place(place);
		}
	}
	return count;
}

static int highest_tid_first(const void *a, const void *b)
{
	const struct place *first = *(struct place *const *)a, *second = *(struct place *const *)b;

	return (first->owner < second->owner) - (first->owner > second->owner);
}

/* "blocked" or "ended"; "late" after TURN_MS */
static const char *await_end_of_turn(const struct place *place)
{
	const struct timespec pause = { 0, 200000 };
	long until = now_ms() + TURN_MS;

	for (;;) {
		/* before it has left our futex it looks blocked, too */
		int has_left = state_at(place) == PLACE_LEFT;
		char state = state_of(place);

		if (!state)
			return "ended";
		if (has_left && (state == 'S' || state == 'T' || state == 't'))
			return "blocked";
		if (now_ms() > until)
			return "late";
		nanosleep(&pause, NULL);
	}
}

static void give_turn(struct place *place)
{
	note("go", place);
	__atomic_store_n(&place->state, PLACE_GO, __ATOMIC_RELEASE);
	syscall(SYS_futex, &place->state, FUTEX_WAKE, 1, NULL, NULL, 0);
	note(await_end_of_turn(place), place);
	/* if it is late, its place is still its own; find_waiting() sees to it */
	if (state_at(place) == PLACE_LEFT || !state_of(place))
		free_place(place);
}

static void schedule(int gather)
{
	struct place *waiting[PLACES];
	long until = 0;

	while (!is_asked_to_end()) {
		uint32_t bell = __atomic_load_n(&board->bell, __ATOMIC_ACQUIRE);
		int count = find_waiting(waiting);

		if (count && !until)
			until = now_ms() + PATIENCE_MS;
		if (!count || (count < gather && now_ms() < until)) {
			sleep_until_bell(bell);
			continue;
		}
		qsort(waiting, (size_t)count, sizeof(waiting[0]), highest_tid_first);
		fprintf(log_file, "batch %d\n", count);
		fflush(log_file);
		for (int i = 0; i < count; i++)
			give_turn(waiting[i]);
		until = 0;
	}
}

int main(int argc, char **argv)
{
	int file;

	if (argc != 4) {
		fprintf(stderr, "usage: scheduler BOARD GATHER LOG\n");
		return 2;
	}
	file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	log_file = fopen(argv[3], "ae");
	if (file < 0 || !log_file || ftruncate(file, sizeof(*board))) {
		perror("scheduler");
		return 1;
	}
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (board == MAP_FAILED) {
		perror("scheduler: mmap");
		return 1;
	}
	board->scheduler = getpid();
	printf("ready\n");
	fflush(stdout);
	schedule(atoi(argv[2]));
	board->scheduler = 0;
	return 0;
}
