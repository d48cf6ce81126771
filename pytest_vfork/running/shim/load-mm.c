// SPDX-License-Identifier: MIT
/*
 * What the kernel knows of an image, and shows in /proc: PR_SET_MM_MAP sets all of it, and needs no right but for the file behind
 * /proc/self/exe (prctl_set_mm_map: CAP_CHECKPOINT_RESTORE, or CAP_SYS_ADMIN, in the user namespace of the caller). Who lacks it may still
 * make a user namespace: a child in one has that right there, and shares the memory.
 */
#define MAKES_CHILDREN /* invariants.h */

#include "load.h"

#include <asm/stat.h>
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "call.h"
#include "text.h"

#define PAGE 4096ul
#define DOWN(address) ((address) & ~(PAGE - 1))
#define UP(address) DOWN((address) + PAGE - 1)
#define NO_FILE ((uint32_t)-1)
#define ANY_CHILD 0x40000000 /* __WALL */
/* ELF_ET_DYN_BASE: two thirds of the address space. There the kernel puts the break of an object without PT_INTERP, ours too. */
#define BREAK_BASE 0x555555555000ul
#define BREAK_RANDOM 0x40000000ul /* arch_randomize_brk; 32 MiB before Linux 6.9 */

static struct prctl_mm_map map;
static long result;

static void set_map(void)
{
	result = CALL(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map));
}

static void namespace_child(void)
{
	set_map();
	for (;;)
		CALL(__NR_exit, 0);
}

/*
 * After unshare(CLONE_NEWPID) the next child is the first process of another namespace, and its end is the end of that: the link does not lead
 * anywhere yet. Without /proc nobody looks at /proc/self/exe either.
 */
static _Bool makes_first_process(void)
{
	char here[32] = { 0 }, of_children[32] = { 0 };
	long size = CALL(__NR_readlink, "/proc/self/ns/pid", here, sizeof(here));

	if (is_error(size) || CALL(__NR_readlink, "/proc/self/ns/pid_for_children", of_children, sizeof(of_children)) != size)
		return 1;
	return !!memcmp(here, of_children, (size_t)size);
}

static void set_map_in_namespace(void)
{
	uintptr_t room[512], *sp = room + 511;
	long child;

	*--sp = ARG(namespace_child);
	if (ARG(sp) % 16) /* as before a return to it: at its first instruction %rsp + 8 is a multiple of 16 */
		*--sp = ARG(namespace_child);
	child = CALL(__NR_clone, CLONE_VM | CLONE_VFORK | CLONE_NEWUSER, sp);
	if (!is_error(child))
		CALL(__NR_wait4, child, 0, ANY_CHILD);
}

/* The break begins behind the image, and as far behind it as the kernel has put ours at random. An image that may be anywhere has ours. */
static void set_break(const struct loaded *loaded)
{
	uintptr_t now = (uintptr_t)CALL(__NR_brk, 0), random = now - BREAK_BASE;
	_Bool is_away = random <= BREAK_RANDOM;

	if (!is_away)
		random = 0;
	map.start_brk = map.brk = loaded->is_anywhere && is_away ? now : UP(loaded->end) + random;
}

static void set_name(long file, const char *name)
{
	static const char mark[] = " (deleted)";
	char link[32] = { 0 }, path[4096];
	struct text text = { link, link + sizeof(link) - 1 };
	struct stat about = { 0 };
	long size;

	if (!name) {
		text_add(&text, "/proc/self/fd/");
		text_add_number(&text, file);
		size = CALL(__NR_readlink, link, path, sizeof(path) - 1);
		if (is_error(size))
			return; /* without /proc it has the loader's */
		CALL(__NR_fstat, file, &about);
		if (!about.st_nlink && size >= (long)sizeof(mark))
			size -= (long)sizeof(mark) - 1;
		path[size] = 0;
		name = path;
	}
	CALL(__NR_prctl, PR_SET_NAME, last_part(name));
}

static void make_stack_executable(const struct start *start)
{
	uintptr_t page = DOWN(ARG(start->argc)), end = load_find(start, AT_EXECFN)->value;

	end = UP(end + strlen((const char *)end) + 1);
	CALL(__NR_mprotect, page, end - page, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN);
}

void load_tell(long file, const char *name, const struct start *start, const struct loaded *loaded)
{
	char *const *last;

	set_name(file, name);
	if (loaded->has_executable_stack)
		make_stack_executable(start);
	map = (struct prctl_mm_map){
		.start_code = loaded->start_code,
		.end_code = loaded->end_code,
		.start_data = loaded->start_data,
		.end_data = loaded->end_data,
		.start_stack = ARG(start->argc),
		.arg_start = ARG(*start->argv),
		.env_end = load_find(start, AT_EXECFN)->value,
		.auxv = (void *)start->auxiliary,
		.auxv_size = (uint32_t)start->auxiliary_size,
		.exe_fd = (uint32_t)file,
	};
	for (last = start->argv; last[1]; last++)
		;
	map.arg_end = map.env_start = ARG(*last) + strlen(*last) + 1;
	set_break(loaded);
	set_map();
	if (result == -EPERM && !makes_first_process())
		set_map_in_namespace();
	if (result) {
		map.exe_fd = NO_FILE;
		set_map();
	}
}
