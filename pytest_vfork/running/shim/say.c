// SPDX-License-Identifier: MIT
#include <stdarg.h>

#include "call.h"
#include "text.h"

void say(const char *piece, ...)
{
	char buffer[1024];
	struct text text = { buffer, buffer + sizeof(buffer) };
	va_list pieces;

	text_add(&text, "vfork-shim: ");
	va_start(pieces, piece);
	for (; piece; piece = va_arg(pieces, const char *))
		text_add(&text, piece);
	va_end(pieces);
	if (text.at == text.end)
		text.at--;
	*text.at++ = '\n';
	CALL(__NR_write, 2, buffer, text.at - buffer);
}

void die(int status)
{
	for (;;)
		CALL(__NR_exit_group, status);
}
