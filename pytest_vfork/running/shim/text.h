/* SPDX-License-Identifier: MIT */
/* The few string functions that there is no libc for. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

/* What of a path stands behind its last slash. */
const char *last_part(const char *path);

/* A text being put together in a buffer; what does not fit is cut off. */
struct text {
	char *at, *end;
};

void text_add(struct text *text, const char *piece);
void text_add_size(struct text *text, const char *piece, size_t size);
void text_add_number(struct text *text, long number);
void text_add_hex(struct text *text, uint64_t number);

/* say.c: say something on descriptor 2, in one write(2); pieces end with NULL. */
void say(const char *piece, ...);
void die(int status) __attribute__((noreturn));

#endif
