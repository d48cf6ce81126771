// SPDX-License-Identifier: MIT
#include "text.h"

/* Written as instructions, lest the compiler turn a loop into a call of the very function that it is in. */
void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memset(void *to, int byte, size_t size)
{
	void *result = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return result;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *t = to;
	const char *f = from;

	if (t <= f)
		return memcpy(to, from, size);
	while (size--)
		((volatile char *)t)[size] = f[size];
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size && *x == *y; size--, x++, y++)
		;
	return size ? *x - *y : 0;
}

size_t strlen(const char *text)
{
	const volatile char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

void text_add_size(struct text *text, const char *piece, size_t size)
{
	size_t room = (size_t)(text->end - text->at);

	if (size > room)
		size = room;
	memcpy(text->at, piece, size);
	text->at += size;
}

void text_add(struct text *text, const char *piece)
{
	text_add_size(text, piece, strlen(piece));
}

static void add_digits(struct text *text, uint64_t number, unsigned int base)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	text_add_size(text, at, (size_t)(digits + sizeof(digits) - at));
}

void text_add_number(struct text *text, long number)
{
	if (number < 0)
		text_add(text, "-");
	add_digits(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

void text_add_hex(struct text *text, uint64_t number)
{
	text_add(text, "0x");
	add_digits(text, number, 16);
}

const char *last_part(const char *path)
{
	const char *from = path;

	for (; *path; path++)
		if (*path == '/')
			from = path + 1;
	return from;
}
