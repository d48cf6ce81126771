// SPDX-License-Identifier: MIT
#include "log.h"

#include <asm/fcntl.h>

#include "call.h"
#include "text.h"

const char *log_path;

static void add_field(struct text *text, const char *name, uint64_t number)
{
	text_add(text, name);
	text_add_hex(text, number);
}

static void add_exe(struct text *text)
{
	/* one byte of room is kept for the newline */
	long size = CALL(__NR_readlink, "/proc/self/exe", text->at, text->end - text->at - 1);

	if (is_error(size))
		text_add(text, "?");
	else
		text->at += size;
}

/* Opened for just this write: a descriptor that stays would be seen, and closed, by the application. */
static void append(const char *line, const struct text *text)
{
	long file = CALL(__NR_open, log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (is_error(file))
		return;
	CALL(__NR_write, file, line, text->at - line);
	CALL(__NR_close, file);
}

void log_refusal(const char *exe, const char *why)
{
	char line[512];
	struct text text = { line, line + sizeof(line) };

	if (!log_path)
		return;
	text_add(&text, "refused exe=");
	text_add(&text, exe);
	text_add(&text, " why=");
	text_add(&text, why);
	text_add(&text, "\n");
	append(line, &text);
}

void log_spawn(const struct spawn *spawn, long result)
{
	char line[512];
	struct text text = { line, line + sizeof(line) };

	if (!log_path)
		return;
	text_add(&text, "spawn call=");
	text_add(&text, spawn->call);
	add_field(&text, " flags=", spawn->asked);
	add_field(&text, " stack=", spawn->stack);
	add_field(&text, " stack_size=", spawn->stack_size);
	text_add(&text, " pid=");
	text_add_number(&text, CALL(__NR_getpid));
	text_add(&text, " tid=");
	text_add_number(&text, CALL(__NR_gettid));
	text_add(&text, " child=");
	text_add_number(&text, result);
	text_add(&text, " exe=");
	add_exe(&text);
	text_add(&text, "\n");

	append(line, &text);
}
