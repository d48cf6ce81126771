// SPDX-License-Identifier: MIT
/* LD_PRELOAD and VFORK_SHIM go out of the environment when an image starts, and back into it when it calls execve. */
#include "environment.h"

#include <linux/mman.h>

#include "behaviour.h"
#include "carry.h"
#include "config.h"
#include "load.h"
#include "memory.h"
#include "slot.h"
#include "text.h"

#define AT_IGNORE_TAG 1 /* AT_IGNORE, linux/auxvec.h */
#define TRACE "LD_TRACE_LOADED_OBJECTS="
#define PROFILE "LD_PROFILE="
#define ROOM_FOR_REST 128

const char *environment_find(char **env, const char *name)
{
	for (; *env; env++)
		if (starts_with(*env, name))
			return *env + strlen(name);
	return NULL;
}

const char *environment_last(char **env, const char *name)
{
	while (*env && env[1])
		env++;
	return *env && starts_with(*env, name) ? *env + strlen(name) : NULL;
}

static _Bool is_separator(char c)
{
	return c == ':' || c == ' ';
}

/* Where the shim's path is in the value of LD_PRELOAD, or NULL. */
static char *find_self(char *value)
{
	size_t size = strlen(config.path);
	char *at = value;

	while (*at) {
		if (starts_with(at, config.path) && (!at[size] || is_separator(at[size])))
			return at;
		while (*at && !is_separator(*at))
			at++;
		while (is_separator(*at))
			at++;
	}
	return NULL;
}

/* Takes the shim out of LD_PRELOAD=...; whether nothing is left and the variable should go. */
static _Bool take_out(char *variable)
{
	char *value = variable + sizeof(PRELOAD) - 1, *self = find_self(value), *rest;
	size_t size;

	if (!self)
		return 0;
	rest = self + strlen(config.path);
	if (!*rest && self == value)
		return 1;
	if (*rest)
		rest++;
	else
		self--;
	size = strlen(rest) + 1;
	memmove(self, rest, size);
	memset(self + size, 0, (size_t)(rest - self));
	return 0;
}

/*
 * The auxiliary vector follows the environment, and some (Go's runtime) find it by looking for the NULL at the end.
 * What used to be pointers between the new end and the old becomes pairs that an auxiliary vector may begin with.
 */
static void close_gap(char **end, size_t gone)
{
	size_t i;

	*end++ = NULL;
	for (i = 1; i + 1 <= gone; i += 2) {
		*end++ = (char *)AT_IGNORE_TAG;
		*end++ = NULL;
	}
}

void environment_clean(char **env)
{
	char **to = env, **from;

	for (from = env; *from; from++) {
		_Bool goes = starts_with(*from, CONFIG) || starts_with(*from, PADDING);

		if (starts_with(*from, PRELOAD) && !behaviour->shows_itself)
			goes = take_out(*from);
		if (goes) /* /proc/self/environ shows what is here, whoever points to it */
			memset(*from, 0, strlen(*from));
		else
			*to++ = *from;
	}
	if (from != to)
		close_gap(to, (size_t)(from - to));
}

struct survey {
	size_t count, bytes;
	_Bool has_preload, has_config, is_readable;
	_Bool traces; /* what is needed is listed, and nothing runs */
};

/* A variable's bytes are read by the page; the kernel reads them all again. */
static _Bool has_name(struct reader *reader, const char *variable, const char *name)
{
	for (; *name; name++, variable++)
		if (!reader_sees(reader, ARG(variable)) || *variable != *name)
			return 0;
	return 1;
}

static size_t size_of(struct reader *reader, const char *text)
{
	const char *end = text;

	while (reader_sees(reader, ARG(end)) && *end)
		end++;
	return (size_t)(end - text);
}

static const char *word_at(struct reader *list, char *const *argv)
{
	return reader_sees(list, ARG(argv)) ? *argv : NULL;
}

/* `ld.so [OPTION]... --list PROGRAM`, or --verify: it says what is needed, and what is preloaded with it. Nothing runs. */
static _Bool asks_loader(char *const *argv)
{
	static const char *const valued[] = { "--library-path", "--argv0", "--preload", "--audit", "--inhibit-rpath", "--glibc-hwcaps-" };
	struct reader list = { 0 }, texts = { 0 };
	const char *word = argv ? word_at(&list, argv) : NULL;
	unsigned int i;

	while (word && (word = word_at(&list, ++argv)) && has_name(&texts, word, "--")) {
		if (has_name(&texts, word, "--list") || has_name(&texts, word, "--verify"))
			return 1;
		for (i = 0; i < sizeof(valued) / sizeof(*valued); i++)
			if (has_name(&texts, word, valued[i]))
				break;
		if (i < sizeof(valued) / sizeof(*valued))
			word = word_at(&list, ++argv);
	}
	return 0;
}

static struct survey survey(char *const *env, _Bool is_static)
{
	struct survey seen = { .bytes = 3 * 16 + 2 * strlen(config.path) + strlen(config.text) + ROOM_FOR_REST,
			       .is_readable = 1 };
	struct reader list = { 0 }, texts = { 0 };

	for (; env; env++, seen.count++) {
		if (!reader_sees(&list, ARG(env))) {
			seen.is_readable = 0;
			break;
		}
		if (!*env)
			break;
		if (!is_static && has_name(&texts, *env, PRELOAD)) {
			seen.has_preload = 1;
			seen.bytes += size_of(&texts, *env) + strlen(config.path) + CARRIED_ROOM;
		}
		/* the application's own: it changes the mode for what it starts */
		if (has_name(&texts, *env, CONFIG)) {
			seen.has_config = 1;
			seen.bytes += size_of(&texts, *env);
		}
		seen.traces |= has_name(&texts, *env, TRACE);
	}
	return seen;
}

static char *room_for(struct task *task, size_t size)
{
	long map;

	if (size <= TASK_ROOM)
		return (char *)task_room(task);
	/* of an exec that failed; a task that is no more leaves it to who takes or frees its slot */
	slot_unmap(task);
	map = call6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);
	if (is_error(map))
		return NULL;
	task->exec_map_size = size;
	task->exec_map = (void *)map;
	return (char *)map;
}

static char *finish(struct text *text, char *start)
{
	text_add_size(text, "", 1);
	return start;
}

static char *preload_of(struct text *text, const char *path, const char *value)
{
	char *start = text->at;

	text_add(text, PRELOAD);
	text_add(text, path);
	if (value) {
		text_add(text, ":");
		text_add(text, value);
	}
	return finish(text, start);
}

/* What an application says may be what an image before was told (/proc/PID/environ): this exec is another one. */
static void add_lasting(struct text *text, const char *value)
{
	const char *end;
	_Bool has_one = 0;

	for (;; value = end + 1) {
		for (end = value; *end && *end != ','; end++)
			;
		if (config_passes_on(value)) {
			text_add(text, has_one ? "," : "");
			text_add_size(text, value, (size_t)(end - value));
			has_one = 1;
		}
		if (!*end)
			return;
	}
}

static char *config_of(struct text *text, const char *lasting, const struct task *task, sigset closed, const char *path)
{
	_Bool ignores = task->dispositions->actions[SIGSYS].handler == 1;
	char *start = text->at;

	text_add(text, CONFIG);
	add_lasting(text, lasting);
	text_add(text, ",filter=on");
	if (task->blocks_sigsys || ignores)
		text_add(text, !ignores		     ? ",sigsys=blocked"
			       : task->blocks_sigsys ? ",sigsys=both"
						     : ",sigsys=ignored");
	if (closed) {
		text_add(text, ",opens=");
		text_add_hex(text, closed);
	}
	/* the kernel's are those of the slot: what the application's were it cannot hand on (the rest of the stack goes with the memory) */
	if (task->now.altstack.flags) {
		text_add(text, ",stack=");
		text_add_hex(text, (uint32_t)task->now.altstack.flags);
	}
	if (path != config.path || config.rights_change) {
		text_add(text, ",home=");
		text_add(text, config.path);
	}
	return finish(text, start);
}

static char *image_of(struct text *text, const char *image)
{
	char *start = text->at;

	text_add(text, IMAGE);
	text_add(text, image);
	return finish(text, start);
}

uintptr_t environment_make(struct task *task, uintptr_t env, struct handover *handover)
{
	const char *image = handover->image, *path = handover->shim;
	struct survey seen = survey((char *const *)env, !!image);
	size_t list_size = (seen.count + 4) * sizeof(char *), image_size = image ? sizeof(IMAGE) + strlen(image) : 0;
	char **list, **to, *const *from = (char *const *)env;
	_Bool only_looks = (seen.traces && handover->is_of_glibc) || asks_loader((char *const *)handover->loader_argv);
	_Bool preloads = !image && !only_looks, has_config = 0;
	struct text text;

	if (!seen.is_readable)
		return env;
	handover->room = room_for(task, handover->room_size + list_size + seen.bytes + image_size);
	if (!handover->room)
		return 0;
	list = to = (char **)((char *)handover->room + handover->room_size);
	text.at = (char *)list + list_size;
	text.end = text.at + seen.bytes + image_size;
	for (; from && *from; from++) {
		struct reader reader = { 0 };

		if (seen.has_preload && preloads && has_name(&reader, *from, PRELOAD) &&
		    (path != config.path || !find_self(*from + sizeof(PRELOAD) - 1))) {
			*to++ = preload_of(&text, path, *from + sizeof(PRELOAD) - 1);
		} else if (preloads && has_name(&reader, *from, PROFILE)) {
			continue; /* ld.so would set a handler of SIGPROF before any constructor, and die of the filter */
		} else if (!seen.has_config || !has_name(&reader, *from, CONFIG)) {
			*to++ = *from;
		} else if (!has_config) { /* of several the first counts */
			*to++ = config_of(&text, *from + sizeof(CONFIG) - 1, task, handover->closed, path);
			has_config = 1;
		}
	}
	if (preloads && !seen.has_preload)
		*to++ = preload_of(&text, path, NULL);
	if (!has_config)
		*to++ = config_of(&text, config.text, task, handover->closed, path);
	if (image)
		*to++ = image_of(&text, image);
	else if ((to - list - (long)seen.count) & 1) {
		*to++ = text.at;
		text_add(&text, PADDING);
		finish(&text, text.at);
	}
	*to = NULL;
	return ARG(list);
}
