// SPDX-License-Identifier: MIT
/*
 * The constructor. It is to run before any other (-z initfirst): those of other objects may call what the filter
 * traps.
 */
#include "action.h"
#include "behaviour.h"
#include "call.h"
#include "carry.h"
#include "config.h"
#include "environment.h"
#include "filter.h"
#include "log.h"
#include "objects.h"
#include "shortcut.h"
#include "start.h"
#include "text.h"

#define EXPORTED __attribute__((weak, visibility("default")))

/* musl passes no arguments to constructors, but has set environ; glibc passes them, and may not have set it yet */
extern char **environ EXPORTED;

extern const char _DYNAMIC[] __attribute__((visibility("hidden")));

static const char *find_own_path(void)
{
	const struct object *object;

	for (object = objects_loaded(); object; object = object->next)
		if (object->dynamic == _DYNAMIC)
			return object->name;
	return "";
}

/* What the image before has left to this one, in the kernel or in VFORK_SHIM. */
static void inherit_sigsys(void)
{
	const sigset opens = BIT(SIGSYS) | config.opens;
	struct action inherited = { 0 };
	sigset mask = 0;

	CALL(__NR_rt_sigaction, SIGSYS, 0, &inherited, SIGSET_SIZE);
	CALL(__NR_rt_sigprocmask, SIG_UNBLOCK, &opens, &mask, SIGSET_SIZE);
	if (config.sigsys_blocked || (mask & BIT(SIGSYS)))
		task_first()->blocks_sigsys = 1;
	if (config.sigsys_ignored || inherited.handler == HANDLER_IGNORE)
		task_first()->dispositions->actions[SIGSYS].handler = HANDLER_IGNORE;
}

static void fail(const char *what, long result)
{
	char number[24] = { 0 };
	struct text text = { number, number + sizeof(number) - 1 };

	text_add_number(&text, -result);
	say(what, ": errno ", number, NULL);
	die(127);
}

void shim_begin(const char *path, char **env)
{
	const char *value = environment_find(env, CONFIG);
	struct altstack stack = task_first_stack();
	long result;

	if (*path != '/') {
		say("cannot tell my own path, or it is relative in LD_PRELOAD: \"", path, "\"", NULL);
		die(127);
	}
	config.path = config_keep(path, strlen(path));
	if (value)
		config_read(value);
	else
		config_assume(filter_mode(), filter_fault());
	shortcut_closed = SHORTCUT_CLOSED; /* not what the image had that has carried this object here */
	CALL(__NR_sigaltstack, &stack, 0);
	if (config.stack_flags)
		task_first()->now.altstack.flags = config.stack_flags;
	inherit_sigsys();
	action_install();
	result = filter_ensure(config.mode, config.fault, !!log_path, config.has_filter);
	if (result)
		fail("cannot install the seccomp filter", result);
}

void shim_leave_carrier(void)
{
	/* that rights have changed is true of all that follow, whether this one could open the shim or not */
	if (config.home)
		config.rights_change = 1;
	if (!carry_is(config.path))
		return;
	carry_end(config.path);
	config.path = config.home ? config.home : "";
	config.rights_change = 1;
}

/* With GNU ld it is DT_INIT (flags-gnu.txt): an entry of .init_array is an address to relocate, in a page of its own. */
#ifdef GNU_LD
#define STARTS
#else
#define STARTS __attribute__((constructor))
#endif

void STARTS shim_start(int argc, char **argv, char **argument_env)
{
	char **env = &environ && environ ? environ : argument_env;
	long result = gate_open();

	(void)argc;
	(void)argv;
	if (result)
		fail("cannot have the place for system calls", result);
	shim_begin(find_own_path(), env);
	/* it takes the path that is in force until here out of LD_PRELOAD */
	environment_clean(env);
	shim_leave_carrier();
	objects_move_to_end(_DYNAMIC);
}
