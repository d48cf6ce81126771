// SPDX-License-Identifier: MIT
#include "load.h"

#include <linux/auxvec.h>

#include "answers.h"
#include "behaviour.h"
#include "call.h"
#include "config.h"
#include "environment.h"
#include "start.h"
#include "text.h"

void load_begin(uint64_t *sp, uintptr_t distance);

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

/* What the kernel has mapped of our file, from its first segment to its last. */
static void unmap_original(uintptr_t distance)
{
	const Elf64_Phdr *part = (const Elf64_Phdr *)(ARG(&__ehdr_start) + __ehdr_start.e_phoff), *last = part + __ehdr_start.e_phnum;
	uintptr_t end = SHIM_HOME;

	for (; part < last; part++)
		if (part->p_type == PT_LOAD)
			end = part->p_vaddr + part->p_memsz;
	CALL(__NR_munmap, SHIM_HOME - distance, end - SHIM_HOME);
}

/* After an exec that has no way back, an image that cannot be mapped is ended by the kernel with SIGSEGV. */
static void fail(void)
{
	const struct action action = { 0 };
	const sigset segv = BIT(SIGSEGV);

	CALL(__NR_rt_sigaction, SIGSEGV, &action, 0, SIGSET_SIZE);
	CALL(__NR_rt_sigprocmask, SIG_UNBLOCK, &segv, 0, SIGSET_SIZE);
	CALL(__NR_tkill, CALL(__NR_gettid), SIGSEGV);
	die(127);
}

static long execute(const struct start *start, const char *path)
{
	const sigset all = ~0ull; /* as in the handler */
	struct frame frame = {
		.regs = { .rax = __NR_execve, .rdi = ARG(path), .rsi = ARG(start->argv + 1), .rdx = ARG(start->env) },
	};

	CALL(__NR_rt_sigprocmask, SIG_BLOCK, &all, &frame.mask, SIGSET_SIZE);
	answer_execve(&frame, task_first());
	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &frame.mask, 0, SIGSET_SIZE);
	return (long)frame.regs.rax;
}

/* A name is looked for in the folders of PATH, as execvp(3) does. */
static long execute_in_path(const struct start *start, const char *name)
{
	const char *folder = environment_find(start->env, "PATH="), *end;
	long result = -ENOENT, seen = 0;

	for (; folder; folder = *end ? end + 1 : NULL) {
		char path[4096 + 256];
		struct text text = { path, path + sizeof(path) - 1 };

		for (end = folder; *end && *end != ':'; end++)
			;
		text_add_size(&text, folder, (size_t)(end - folder));
		text_add(&text, end > folder ? "/" : "");
		text_add(&text, name);
		*text.at = 0;
		result = execute(start, path);
		if (result == -EACCES)
			seen = result;
		else if (result != -ENOENT && result != -ENOTDIR)
			return result;
	}
	return seen ? seen : result;
}

/* As a command: what the program's own call would have been. */
static void run_command(const struct start *start)
{
	const char *name = start->argv[1], *slash;
	char digits[24] = { 0 };
	struct text text = { digits, digits + sizeof(digits) - 1 };
	long result;

	if (*start->argc < 2) {
		say("usage: VFORK_SHIM=mode=MODE ", config.path, " PROGRAM [ARGUMENT...]", NULL);
		die(2);
	}
	environment_clean(start->env);
	for (slash = name; *slash && *slash != '/'; slash++)
		;
	result = *slash ? execute(start, name) : execute_in_path(start, name);
	text_add_number(&text, -result);
	say("cannot execute ", name, ": errno ", digits, NULL);
	die(result == -ENOENT ? 127 : 126);
}

static long number(const char **text)
{
	long n = 0;

	for (; **text >= '0' && **text <= '9'; ++*text)
		n = n * 10 + **text - '0';
	return n;
}

void load_begin(uint64_t *sp, uintptr_t distance)
{
	struct start start = load_read_start(sp);
	struct loaded loaded;
	const char *image, *name;
	char copy[IMAGE_ROOM];
	_Bool is_named_by_file;
	long file;

	gate_open();
	unmap_original(distance);
	name = (const char *)load_find(&start, AT_EXECFN)->value;
	image = environment_last(start.env, IMAGE);
	shim_begin(name, start.env);
	shim_leave_carrier();
	if (!image)
		run_command(&start);
	file = number(&image);
	is_named_by_file = *image == '!';
	/* it lies where the strings will be moved to */
	name = memcpy(copy, image + 1, strlen(image));
	if (load_map(file, &loaded))
		fail();
	sp = load_stack(&start, name, &loaded);
	if (!behaviour->shows_loader) {
		load_tell(file, is_named_by_file ? NULL : name, &start, &loaded);
		CALL(__NR_close, file);
	}
	load_go(loaded.entry, sp);
}
