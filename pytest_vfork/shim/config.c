// SPDX-License-Identifier: MIT
#include "config.h"

#include "behaviour.h"
#include "log.h"
#include "text.h"

struct config config;

static char text[4096 + 256]; /* a copy: an application may overwrite its environment (setproctitle) */
static char log_file[4096];

static _Bool read_mode(const char *value, size_t size)
{
	int mode;

	for (mode = VFORK_SHIM_FORK; mode <= VFORK_SHIM_EMULATE; mode++) {
		if (strlen(behaviours[mode].name) != size || memcmp(behaviours[mode].name, value, size))
			continue;
		config.mode = mode;
		behaviour = &behaviours[mode];
		return 1;
	}
	return 0;
}

static _Bool read_log(const char *value, size_t size)
{
	if (*value != '/' || size >= sizeof(log_file))
		return 0;
	memcpy(log_file, value, size);
	log_path = log_file;
	return 1;
}

/* written by exec.c for the next image, and not kept */
static _Bool read_sigsys(const char *value, size_t size)
{
	(void)size;
	config.sigsys_blocked = starts_with(value, "blocked") || starts_with(value, "both");
	config.sigsys_ignored = starts_with(value, "ignored") || starts_with(value, "both");
	return config.sigsys_blocked || config.sigsys_ignored;
}

static const struct key {
	char name[8];
	_Bool passed_on;
	_Bool (*read)(const char *value, size_t size);
} keys[] = {
	{ "mode=", 1, read_mode },
	{ "log=", 1, read_log },
	{ "sigsys=", 0, read_sigsys },
};

static _Bool read_part(const char *part, size_t size, struct text *next)
{
	const struct key *key;

	for (key = keys; key < keys + sizeof(keys) / sizeof(keys[0]); key++) {
		size_t name = strlen(key->name);

		if (!starts_with(part, key->name) || !key->read(part + name, size - name))
			continue;
		if (key->passed_on) {
			text_add(next, next->at > text ? "," : "");
			text_add_size(next, part, size);
		}
		return 1;
	}
	return 0;
}

static void refuse(const char *value)
{
	say("bad VFORK_SHIM \"", value, "\": it wants mode=fork, mode=reissue or mode=emulate, and may have log=/absolute/path", NULL);
	die(127);
}

void config_read(const char *value)
{
	struct text next = { text, text + sizeof(text) - 1 };
	const char *part = value, *end;

	config.text = text;
	for (;; part = end + 1) {
		for (end = part; *end && *end != ','; end++)
			;
		if (!read_part(part, (size_t)(end - part), &next))
			refuse(value);
		if (!*end)
			break;
	}
	if (!config.mode)
		refuse(value);
}

void config_assume(int mode)
{
	char assumed[32] = { 0 };
	struct text value = { assumed, assumed + sizeof(assumed) - 1 };

	if (!mode) {
		say("preloaded, but VFORK_SHIM is not set: it wants mode=fork, mode=reissue or mode=emulate", NULL);
		die(127);
	}
	text_add(&value, "mode=");
	text_add(&value, behaviours[mode].name);
	config_read(assumed);
}
