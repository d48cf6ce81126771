// SPDX-License-Identifier: MIT
/*
 * The constructor. It is to run before any other (-z initfirst): those of other objects may call what the filter
 * traps.
 */
#include "action.h"
#include "behaviour.h"
#include "call.h"
#include "config.h"
#include "environment.h"
#include "filter.h"
#include "log.h"
#include "text.h"

#define EXPORTED __attribute__((weak, visibility("default")))

/* musl passes no arguments to constructors, but has set environ; glibc passes them, and may not have set it yet */
extern char **environ EXPORTED;

/* link.h: the list of loaded objects, as the loader keeps it for debuggers */
struct object {
	uintptr_t base;
	char *name; /* of a preloaded one: as LD_PRELOAD gave it */
	const void *dynamic;
	struct object *next;
};

struct debug {
	int version;
	struct object *objects;
};

extern struct debug _r_debug EXPORTED; /* glibc */
extern struct debug *_dl_debug_addr EXPORTED; /* musl */
extern const char _DYNAMIC[] __attribute__((visibility("hidden")));

static const char *find_own_path(void)
{
	const struct debug *debug = &_r_debug;
	const struct object *object;

	if (!debug && &_dl_debug_addr)
		debug = _dl_debug_addr;
	for (object = debug ? debug->objects : NULL; object; object = object->next)
		if (object->dynamic == _DYNAMIC)
			return object->name;
	return "";
}

static void keep_own_path(void)
{
	const char *path = find_own_path();

	if (*path != '/') {
		say("cannot tell my own path, or it is relative in LD_PRELOAD: \"", path, "\"", NULL);
		die(127);
	}
	config.path = config_keep(path, strlen(path));
}

/* What the image before has left to this one, in the kernel or in VFORK_SHIM. */
static void inherit_sigsys(struct task *task)
{
	const sigset sigsys = BIT(SIGSYS);
	struct action inherited = { 0 };
	sigset mask = 0;

	CALL(__NR_rt_sigaction, SIGSYS, 0, &inherited, SIGSET_SIZE);
	CALL(__NR_rt_sigprocmask, SIG_UNBLOCK, &sigsys, &mask, SIGSET_SIZE);
	task->blocks_sigsys = config.sigsys_blocked || (mask & sigsys);
	if (config.sigsys_ignored || inherited.handler == HANDLER_IGNORE)
		task->dispositions->actions[SIGSYS].handler = HANDLER_IGNORE;
}

static void __attribute__((constructor)) start(int argc, char **argv, char **argument_env)
{
	char **env = &environ && environ ? environ : argument_env;
	const char *value = environment_find(env, CONFIG);
	struct task *task = task_first();
	struct altstack stack = task_stack(task);
	long result;

	(void)argc;
	(void)argv;
	keep_own_path();
	if (value)
		config_read(value);
	else
		config_assume(filter_mode(), filter_fault());
	if (!behaviour->shows_itself)
		environment_clean(env);

	CALL(__NR_sigaltstack, &stack, 0);
	inherit_sigsys(task);
	action_install();
	result = filter_ensure(config.mode, config.fault, !!log_path);
	if (result) {
		char number[24] = { 0 };
		struct text text = { number, number + sizeof(number) - 1 };

		text_add_number(&text, -result);
		say("cannot install the seccomp filter: errno ", number, NULL);
		die(127);
	}
}
