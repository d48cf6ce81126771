// SPDX-License-Identifier: MIT
/*
 * The exec of a static image, as far as it is the old image's: all that the kernel would refuse is refused here, for after the exec of the
 * loader there is no way back. The loader gets the image as an open descriptor: what has been looked at is what will run, and a path may
 * mean something else by then (/proc/self/exe, a descriptor that the exec closes).
 */
#include "static.h"

#include <asm/fcntl.h>
#include <linux/sched.h>

#include "call.h"
#include "config.h"
#include "load.h"
#include "memory.h"
#include "text.h"

#define CURRENT_DIRECTORY (-100l) /* AT_FDCWD */
#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */
#define EFFECTIVE 0x200 /* AT_EACCESS */
#define NO_FOLLOW 0x100 /* AT_SYMLINK_NOFOLLOW */
#define ONLY_CHECK 0x10000 /* AT_EXECVE_CHECK, Linux 6.14 */
#define MAY_EXECUTE 1 /* X_OK */
#define CLOSE_ON_EXEC 1 /* FD_CLOEXEC */

/* Whether the kernel would execute this file; -EINVAL: it cannot say so without doing it. */
static long ask(long directory, uintptr_t path, uint64_t flags)
{
	const char *const nothing[] = { "", NULL };

	return CALL(__NR_execveat, directory, path, nothing, nothing + 1, flags | ONLY_CHECK);
}

static long guess(long directory, uintptr_t path, uint64_t flags)
{
	char target;
	long result;

	if (flags & NO_FOLLOW && !is_error(CALL(__NR_readlinkat, directory, path, &target, 1)))
		return -ELOOP;
	result = CALL(__NR_faccessat2, directory, path, MAY_EXECUTE, EFFECTIVE | flags);
	return result == -ENOSYS || result == -EPERM ? 0 : result; /* Linux before 5.8; a filter of the application's own */
}

/* A descriptor that the exec closes: the interpreter could not open the script (BINPRM_FLAGS_PATH_INACCESSIBLE). */
static _Bool is_out_of_reach(const struct image *image)
{
	if (!image->scripts || image->directory == CURRENT_DIRECTORY || *(const char *)image->path == '/')
		return 0;
	return CALL(__NR_fcntl, image->directory, F_GETFD) & CLOSE_ON_EXEC;
}

/* The script, each interpreter, and the image. */
static long check(struct image *image)
{
	long (*may)(long, uintptr_t, uint64_t) = ask, result = ask(image->directory, image->path, image->flags);
	unsigned int i;

	/* an old kernel does not know the question, and a filter of the application's own may refuse execveat */
	if (result == -EINVAL || result == -ENOSYS || result == -EPERM) {
		may = guess;
		result = guess(image->directory, image->path, image->flags);
	}
	for (i = 0; !result && i < image->scripts; i++)
		result = may(CURRENT_DIRECTORY, ARG(image->lines[i].interpreter), 0);
	/* both are of Linux 6.14: bprm->comm_from_dentry */
	image->is_named_by_file = may == ask && image->flags & EMPTY_PATH;
	return !result && is_out_of_reach(image) ? -ENOENT : result;
}

/* bprm->filename: of a descriptor, or of a path relative to one, the kernel makes a name */
static void add_name(struct text *text, const struct image *image)
{
	const char *path = (const char *)image->path;

	if (image->directory != CURRENT_DIRECTORY && *path != '/') {
		text_add(text, "/dev/fd/");
		text_add_number(text, image->directory);
		if (*path)
			text_add(text, "/");
	}
	text_add(text, path);
}

/* The strings of a list, or -EFAULT. */
static long count(uintptr_t list)
{
	struct reader reader = { 0 };
	long size = 0;

	if (!list)
		return 0;
	for (; reader_sees(&reader, list); list += sizeof(char *), size++)
		if (!*(char *const *)list)
			return size;
	return -EFAULT;
}

/* The kernel reads it before it puts others in its place. */
static _Bool is_text(const char *text)
{
	struct reader reader = { 0 };

	for (; reader_sees(&reader, ARG(text)); text++)
		if (!*text)
			return 1;
	return 0;
}

/* How many arguments a script has; -EFAULT. */
static long count_arguments(uintptr_t argv)
{
	long size = count(argv);

	return size > 0 && !is_text(*(char *const *)argv) ? -EFAULT : size;
}

/* binfmt_script.c: interpreter, argument, path of the script instead of the first of argv; the last interpreter comes first. */
static uintptr_t make_argv(const struct image *image, const char *name, const char *const *argv, size_t size, const char **room)
{
	const char **to = room;
	unsigned int i;

	for (i = image->scripts; i-- > 0;) {
		*to++ = image->lines[i].interpreter;
		if (*image->lines[i].argument)
			*to++ = image->lines[i].argument;
		if (!i)
			*to++ = name;
	}
	if (size > 1)
		memcpy(to, argv + 1, (size - 1) * sizeof(*to));
	to[size > 1 ? size - 1 : 0] = NULL;
	return ARG(room);
}

/* What the loader is told of the image is written into `room`. */
static long hand_over(struct task *task, struct image *image, uintptr_t argv, uintptr_t env, struct handover *handover, char *room)
{
	struct text text = { room, room + IMAGE_ROOM - 1 };
	const char *name;
	long size = 0;

	text_add_number(&text, image->file);
	text_add(&text, image->is_named_by_file ? "!" : ":");
	name = text.at;
	add_name(&text, image);
	*text.at = 0;
	handover->image = room;
	if (image->scripts) {
		size = count_arguments(argv);
		if (size < 0)
			return size;
		handover->room_size = ((size_t)size + 1 + 3 * image->scripts) * sizeof(char *);
	}
	env = environment_make(task, env, handover);
	if (!env)
		return -ENOMEM;
	if (!handover->room)
		return -EFAULT; /* of an environment that cannot be read */
	if (image->scripts)
		argv = make_argv(image, name, (const char *const *)argv, (size_t)size, handover->room);
	if (is_error(CALL(__NR_fcntl, image->file, F_SETFD, 0)))
		return -EPERM; /* a filter of the application's own: the loader would find nothing */
	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &handover->mask, 0, SIGSET_SIZE);
	return CALL(__NR_execve, handover->shim, argv, env);
}

/*
 * Who shares the descriptors would keep ours: the exec, too, takes a table of its own (unshare_files), but only after we have opened it. So the
 * image is opened again.
 */
static long take_descriptors(struct image *image)
{
	long result;

	CALL(__NR_close, image->file);
	result = CALL(__NR_unshare, CLONE_FILES);
	if (!result)
		result = image_check(image);
	return result < 0 || result == IMAGE_STATIC ? result : -EAGAIN; /* another file by now */
}

long static_execute(struct task *task, struct image *image, uintptr_t argv, uintptr_t env, struct handover *handover)
{
	char room[IMAGE_ROOM];
	long result = check(image);

	if (!result && task->shares_files)
		result = take_descriptors(image);
	if (result < 0)
		return result;
	result = hand_over(task, image, argv, env, handover, room);
	handover->image = 0;	/* it leads to this frame */
	return result;
}
