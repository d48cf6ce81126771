// SPDX-License-Identifier: MIT
#include "config.h"

#include <linux/mman.h>

#include "behaviour.h"
#include "call.h"
#include "log.h"
#include "text.h"

struct config config;

/*
 * Copies of what the environment said, for an application may overwrite it (setproctitle). So small that all that a
 * constructor touches is in one page: each one costs every exec a page fault.
 */
static char kept[512];
static size_t kept_size;

static char *keep_elsewhere(size_t size)
{
	long at = call6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);

	if (is_error(at)) {
		say("out of memory for a path or VFORK_SHIM", NULL);
		die(127);
	}
	return (char *)at;
}

char *config_keep(const char *piece, size_t size)
{
	char *copy;

	if (size < sizeof(kept) - kept_size) {
		copy = kept + kept_size;
		kept_size += size + 1;
	} else {
		copy = keep_elsewhere(size + 1);
	}
	memcpy(copy, piece, size);
	return copy;
}

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

static _Bool read_fault(const char *value, size_t size)
{
	int fault;

	for (fault = NO_FAULT + 1; fault < FAULTS; fault++) {
		if (!fault_is(fault, value, size))
			continue;
		config.fault = fault;
		return 1;
	}
	return 0;
}

static _Bool read_log(const char *value, size_t size)
{
	if (*value != '/')
		return 0;
	log_path = config_keep(value, size);
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

static uint64_t hexadecimal(const char *value, size_t size)
{
	uint64_t number = 0;
	size_t i;

	for (i = 2; i < size; i++)
		number = number << 4 | (uint64_t)(value[i] <= '9' ? value[i] - '0' : value[i] - 'a' + 10);
	return number;
}

/* the same */
static _Bool read_opens(const char *value, size_t size)
{
	config.opens = hexadecimal(value, size);
	return 1;
}

/* the same, by environment.c */
static _Bool read_stack(const char *value, size_t size)
{
	config.stack_flags = (int32_t)hexadecimal(value, size);
	return 1;
}

/* the same, by environment.c */
static _Bool read_home(const char *value, size_t size)
{
	config.home = config_keep(value, size);
	return 1;
}

/* the same */
static _Bool read_filter(const char *value, size_t size)
{
	config.has_filter = size == 2 && starts_with(value, "on");
	return config.has_filter;
}

static _Bool read_text(const char *value, size_t size)
{
	config.keeps_text = size == 4 && starts_with(value, "keep");
	return config.keeps_text;
}

static const struct key {
	char name[8];
	_Bool passed_on;
	_Bool (*read)(const char *value, size_t size);
} keys[] = {
	{ "mode=", 1, read_mode },
	{ "fault=", 1, read_fault },
	{ "log=", 1, read_log },
	{ "sigsys=", 0, read_sigsys },
	{ "opens=", 0, read_opens },
	{ "stack=", 0, read_stack },
	{ "home=", 0, read_home },
	{ "filter=", 0, read_filter },
	{ "text=", 1, read_text },
};

/* A value from an application, of any age: without what was said of another exec. */
_Bool config_passes_on(const char *part)
{
	const struct key *key;

	for (key = keys; key < keys + sizeof(keys) / sizeof(keys[0]); key++)
		if (starts_with(part, key->name))
			return key->passed_on;
	return 1; /* what is wrong is to be complained about */
}

static _Bool read_part(const char *part, size_t size, struct text *next)
{
	const struct key *key;

	for (key = keys; key < keys + sizeof(keys) / sizeof(keys[0]); key++) {
		size_t name = strlen(key->name);

		if (!starts_with(part, key->name) || !key->read(part + name, size - name))
			continue;
		if (key->passed_on) {
			text_add_size(next, part, size);
			text_add(next, ",");
		}
		return 1;
	}
	return 0;
}

static void refuse(const char *value)
{
	say("bad VFORK_SHIM \"", value,
	    "\": it wants mode=fork, mode=reissue or mode=emulate, and may have fault=NAME, log=/absolute/path and text=keep", NULL);
	die(127);
}

void config_read(const char *value)
{
	char passed_on[4096 + 256];
	struct text next = { passed_on, passed_on + sizeof(passed_on) };
	const char *part = value, *end;

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
	if (config.fault)
		behaviour_depart(config.fault);
	config.text = config_keep(passed_on, (size_t)(next.at - passed_on - 1)); /* without the last comma */
}

void config_assume(int mode, int fault)
{
	char assumed[128] = { 0 };
	struct text value = { assumed, assumed + sizeof(assumed) - 1 };

	if (!mode) {
		say("preloaded, but VFORK_SHIM is not set: it wants mode=fork, mode=reissue or mode=emulate", NULL);
		die(127);
	}
	text_add(&value, "mode=");
	text_add(&value, behaviours[mode].name);
	if (fault) {
		text_add(&value, ",fault=");
		text_add(&value, fault_name(fault));
	}
	config_read(assumed);
}
