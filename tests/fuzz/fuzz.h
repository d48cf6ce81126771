/* SPDX-License-Identifier: MIT */
/*
 * What both fuzzers share. A task that shares memory with others, perhaps with a thread pointer of garbage, runs most of this: system calls are
 * made here, not by libc, and nothing uses thread-local storage, locks or memory that it has to ask for.
 */
#ifndef FUZZ_H
#define FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif

#define BIT(sig) (1ull << ((sig) - 1))
#define RESTORER 0x04000000ull /* SA_RESTORER, asm/signal.h */

/* struct sigaction and stack_t of the kernel */
struct action {
	uint64_t handler, flags, restorer, mask;
};

struct altstack {
	uint64_t sp;
	uint32_t flags, pad;
	uint64_t size;
};

static inline long raw(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory", "cc");
	return result;
}

#define RAW_N(nr, a, b, c, d, e, f, ...) \
	raw(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))
#define RAW(...) RAW_N(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* the restorer of every handler here: rt_sigreturn(2) */
void restorer(void);
__asm__(".text\n.globl restorer\nrestorer:\n\tmov $15, %eax\n\tsyscall\n");

static inline uint64_t mask_now(void)
{
	uint64_t mask = 0;

	RAW(__NR_rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
	return mask;
}

static inline uint64_t pending_now(void)
{
	uint64_t set = 0;

	RAW(__NR_rt_sigpending, &set, 8);
	return set;
}

static inline struct action action_now(int sig)
{
	struct action now = { 0 };

	RAW(__NR_rt_sigaction, sig, 0, &now, 8);
	return now;
}

static inline struct altstack altstack_now(void)
{
	struct altstack now = { 0 };

	RAW(__NR_sigaltstack, 0, &now);
	return now;
}

/* A signal whose default is to do nothing. */
static inline int is_mild(int sig)
{
	return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

static inline int is_stop(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* Text of one order, in memory that tasks share. */
struct text {
	uint32_t size, room;
	char *at;
};

/* %s, %d (int), %x (uint64_t) and no others: printf wants thread-local storage. One piece is put at once. */
static inline void put(struct text *text, const char *format, ...)
{
	char line[512], digits[24];
	unsigned int size = 0, from;
	va_list values;

	va_start(values, format);
	for (; *format && size < sizeof(line) - 32; format++) {
		unsigned int n = 0;
		uint64_t value;
		int number;

		if (*format != '%') {
			line[size++] = *format;
			continue;
		}
		switch (*++format) {
		case 's':
			for (const char *s = va_arg(values, const char *); *s && size < sizeof(line) - 32;)
				line[size++] = *s++;
			break;
		case 'd':
			number = va_arg(values, int);
			if (number < 0)
				line[size++] = '-';
			for (value = number < 0 ? -(int64_t)number : number; value || !n; value /= 10)
				digits[n++] = (char)('0' + value % 10);
			break;
		case 'x':
			for (value = va_arg(values, uint64_t); value || !n; value /= 16)
				digits[n++] = "0123456789abcdef"[value % 16];
			break;
		}
		while (n)
			line[size++] = digits[--n];
	}
	va_end(values);
	from = __atomic_fetch_add(&text->size, size, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < size && from + i < text->room; i++)
		text->at[from + i] = line[i];
}

/* splitmix64 */
static inline uint64_t mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint64_t hash_of(uint64_t hash, const void *from, size_t size)
{
	const unsigned char *at = from;

	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	for (; size; size--)
		hash = (hash ^ *at++) * 0x100000001b3ull;
	return hash;
}

#endif
