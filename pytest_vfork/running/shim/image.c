// SPDX-License-Identifier: MIT
/*
 * The filter outlives execve, the handler does not: an image that ld.so will not preload the shim into must not be
 * started (hazard 4).
 */
#include "image.h"

#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/elf.h>
#include <linux/prctl.h>
#include <linux/time.h>

#include "call.h"
#include "config.h"
#include "image-elf.h"
#include "load.h"
#include "log.h"
#include "text.h"

#define AT_FDCWD_FLAG (-100l) /* AT_FDCWD, AT_EMPTY_PATH: linux/fcntl.h */
#define AT_EMPTY_PATH_FLAG 0x1000
#define REGULAR(mode) (((mode) & 0170000) == 0100000)
#define MAY_READ 4 /* R_OK, X_OK */
#define MAY_EXECUTE 1
#define ONLY_CHECK 0x10000 /* AT_EXECVE_CHECK */
#define SET_UID 04000
#define SET_GID 02000
#define GROUP_X 0010
#define NOSUID 0x0002 /* ST_NOSUID, linux/statfs.h of the kernel */
#ifndef F_DUPFD_CLOEXEC
#define F_DUPFD_CLOEXEC 1030 /* linux/fcntl.h */
#endif
#define HEAD 1024
#define NEXT_LINK 100 /* what check_link answers beside enum image_kind and an error */

struct look {
	long directory;
	uintptr_t path;
	uint64_t flags; /* AT_* of execveat */
};

static long refuse(const struct look *look, long file, const char *is, const char *reason)
{
	char link[32] = { 0 }, name[256];
	struct text text = { link, link + sizeof(link) - 1 };
	long size;

	text_add(&text, "/proc/thread-self/fd/");
	text_add_number(&text, file);
	size = CALL(__NR_readlink, link, name, sizeof(name) - 1);
	name[is_error(size) ? 0 : size] = 0;
	/* without /proc: as the application said it; the kernel has just read it */
	log_refusal(is_error(size) ? "?" : name, is);
	say("will not start ", is_error(size) ? (const char *)look->path : name, ": it ", is, " (", reason,
	    "), and it would die at its first trapped call. Use --vfork-interposer=ptrace for it", NULL);
	return -EPERM;
}

static long open_again(const struct look *look, uint64_t flags)
{
	char link[32] = { 0 };
	struct text text = { link, link + sizeof(link) - 1 };
	long file;

	if (!(look->flags & AT_EMPTY_PATH_FLAG))
		return CALL(__NR_openat, look->directory, look->path, flags);
	text_add(&text, "/proc/thread-self/fd/"); /* execveat of a descriptor, which O_PATH may have made unreadable; /proc/self may have ended before us */
	text_add_number(&text, look->directory);
	file = CALL(__NR_openat, AT_FDCWD_FLAG, link, flags);
	/* without /proc: the descriptor itself, if it can be read */
	return file == -ENOENT ? CALL(__NR_fcntl, look->directory, F_DUPFD_CLOEXEC, 0) : file;
}

static long open_image(const struct look *look)
{
	/* a FIFO must not hold us up */
	long file = open_again(look, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	/* somebody has a lease, and is told now to give it up: the kernel's exec waits, too */
	return file == -EWOULDBLOCK ? open_again(look, O_RDONLY | O_CLOEXEC | O_NOCTTY) : file;
}

struct ids {
	uint32_t real, effective, saved;
};

/*
 * Images that have been looked at and found good, each by one word, so that tasks which share this memory may read and write it at any time. A
 * program that spawns starts the same few again and again, and to open, read and close one costs three times as much as to ask for its status.
 */
#define SEEN 16
static uint64_t seen[SEEN];

static uint64_t mix(uint64_t key, uint64_t value)
{
	key = (key ^ value) * 0x9e3779b97f4a7c15ull;
	return key ^ key >> 32;
}

/* A word for a file as it is now and what we may do with it: whatever changes it changes st_ctime. 0: not to be remembered. */
static uint64_t key_of(const struct stat *about)
{
	struct ids uid, gid;
	uint64_t key;

	if (!REGULAR(about->st_mode) || !(about->st_mode & 0111) || about->st_mode & (SET_UID | SET_GID))
		return 0;
	CALL(__NR_getresuid, &uid.real, &uid.effective, &uid.saved);
	CALL(__NR_getresgid, &gid.real, &gid.effective, &gid.saved);
	key = mix(mix(mix(0, about->st_dev), about->st_ino), (uint64_t)about->st_size);
	key = mix(mix(key, about->st_ctime), about->st_ctime_nsec);
	key = mix(mix(key, about->st_mtime), about->st_mtime_nsec);
	key = mix(key, (uint64_t)about->st_mode << 32 | (uid.real == uid.effective) << 1 | (gid.real == gid.effective));
	return mix(mix(key, uid.real), gid.real) | 1;
}

static _Bool is_seen(const struct stat *about)
{
	uint64_t key = key_of(about);

	return key && __atomic_load_n(&seen[key >> 8 & (SEEN - 1)], __ATOMIC_RELAXED) == key;
}

static void remember(const struct stat *about)
{
	uint64_t key = key_of(about);
	struct timespec64 now = { 0 };

	/* st_ctime has the grain of a clock tick: one that is young may still be the same after the next change */
	CALL(__NR_clock_gettime, CLOCK_REALTIME_COARSE, &now);
	if (key && now.s - (int64_t)about->st_ctime > 1)
		__atomic_store_n(&seen[key >> 8 & (SEEN - 1)], key, __ATOMIC_RELAXED);
}

/* Nothing on such a mount gives rights to anybody (mnt_may_suid in fs/namespace.c). */
static _Bool is_on_nosuid(long file)
{
	struct statfs about;

	return !is_error(CALL(__NR_fstatfs, file, &about)) && about.f_flags & NOSUID;
}

/*
 * The kernel sets AT_SECURE, and ld.so drops LD_PRELOAD, when the new image's effective ids are not the real ones
 * (security/commoncap.c).
 */
static _Bool is_secure_exec(long file, const struct stat *about, long kind)
{
	_Bool counts = about->st_mode & (SET_UID | SET_GID) && CALL(__NR_prctl, PR_GET_NO_NEW_PRIVS) == 0 && !is_on_nosuid(file);
	struct ids uid, gid;
	char capability;

	CALL(__NR_getresuid, &uid.real, &uid.effective, &uid.saved);
	CALL(__NR_getresgid, &gid.real, &gid.effective, &gid.saved);
	if (kind == IMAGE_STATIC) { /* no ld.so to mind: only what the file would change counts, which ours does not */
		uid.real = uid.effective;
		gid.real = gid.effective;
	}
	if (counts && about->st_mode & SET_UID)
		uid.effective = about->st_uid;
	if (counts && (about->st_mode & (SET_GID | GROUP_X)) == (SET_GID | GROUP_X))
		gid.effective = about->st_gid;
	if (uid.real != uid.effective || gid.real != gid.effective)
		return 1;
	/* file capabilities count for others than root, and even with no_new_privs */
	return uid.real != 0 && !is_error(CALL(__NR_fgetxattr, file, "security.capability", &capability, 0)) && !is_on_nosuid(file);
}

/*
 * The next image has the rights of the real user, for one that has others is refused: without capabilities, unless he is root (setpriv(1) keeps
 * them until then). By these access(2) judges, not by those of now.
 */
static long ask_access(uint64_t mode)
{
	return CALL(__NR_faccessat, AT_FDCWD_FLAG, config.path, mode);
}

_Bool image_finds_shim(void)
{
	/* on a mount that is noexec nothing may be executed, or mapped as code, whatever its bits */
	long result = ask_access(MAY_READ | MAY_EXECUTE);

	/* a filter of the application's may refuse it */
	return !is_error(result) || result == -ENOSYS || result == -EPERM;
}

/* Landlock is asked by open alone, or by the exec that is but a check (Linux 6.14). */
static _Bool is_certain_to_open(long kind)
{
	const char *const nothing[] = { "", NULL };
	long file;

	if (ask_access(MAY_READ | MAY_EXECUTE))
		return 0;
	if (kind == IMAGE_STATIC)
		return !CALL(__NR_execveat, AT_FDCWD_FLAG, config.path, nothing, nothing + 1, ONLY_CHECK);
	file = CALL(__NR_openat, AT_FDCWD_FLAG, config.path, O_RDONLY | O_CLOEXEC);
	if (is_error(file))
		return 0;
	CALL(__NR_close, file);
	return 1;
}

_Bool image_opens_shim(long kind)
{
	if (config.root_changes)
		return 0;
	return config.rights_change ? is_certain_to_open(kind) : image_finds_shim();
}

static long check_elf(struct image *image, const struct look *look, long file, const char *head, long size)
{
	struct elf elf = { 0 };
	long result = elf_look(file, head, size, &elf);

	image->is_loader = elf.is_loader;
	image->is_of_glibc = elf.is_of_glibc;
	return result < 0 ? refuse(look, file, elf.is, elf.reason) : result;
}

static _Bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Of these characters, the last one included, the first that is no space, or that ends a word; `last` + 1: none. */
static const char *skip_spaces(const char *at, const char *last)
{
	while (at <= last && is_space(*at))
		at++;
	return at;
}

static const char *skip_word(const char *at, const char *last)
{
	while (at <= last && *at && !is_space(*at))
		at++;
	return at;
}

/* Where the line ends; NULL: it is none. Without a newline what is cut off must not be the name (strnchr stops at a zero, too). */
static const char *end_of_line(const char *head)
{
	const char *end = head, *last = head + SCRIPT_HEAD - 1, *name = skip_spaces(head + 2, last);

	while (end < last && *end && *end != '\n')
		end++;
	if (*end != '\n') {
		if (name > last || skip_word(name, last) > last)
			return NULL;
		end = last;
	}
	while (is_space(end[-1]))
		end--;
	return end;
}

static void copy_text(char *to, const char *from, const char *end)
{
	while (from < end && *from)
		*to++ = *from++;
	*to = 0;
}

/* "#! interpreter argument", as load_script of fs/binfmt_script.c reads it; the head of a short file is filled up with zeros. */
static _Bool is_script(struct image *image, const char *head)
{
	const char *end, *name, *space;

	if (head[0] != '#' || head[1] != '!')
		return 0;
	end = end_of_line(head);
	if (!end)
		return 0;
	name = skip_spaces(head + 2, end);
	if (name >= end)
		return 0;
	space = skip_word(name, end - 1);
	copy_text(image->lines[image->scripts].interpreter, name, space);
	/* a zero that ends the name ends all */
	copy_text(image->lines[image->scripts].argument, *space ? skip_spaces(space, end) : end, end);
	image->scripts++;
	return 1;
}

/* What a script does not have of the kernel's first bytes is zero. */
static long read_head(long file, char head[HEAD])
{
	memset(head, 0, SCRIPT_HEAD);
	return CALL(__NR_pread64, file, head, HEAD, 0);
}

/* One link of the chain. */
static long check_link(struct image *image, const struct look *look)
{
	char head[HEAD];
	struct stat about;
	long file, size, result = 0;

	if (is_error(CALL(__NR_newfstatat, look->directory, look->path, &about, look->flags)))
		return 0; /* and the kernel will say why */
	/* to open anything else can be seen: by who waits at a FIFO, by a device. The kernel refuses it */
	if (!REGULAR(about.st_mode) || is_seen(&about))
		return 0;
	file = open_image(look);
	if (is_error(file)) /* executable, but not readable */
		return 0;
	size = CALL(__NR_fstat, file, &about);
	if (!is_error(size) && REGULAR(about.st_mode)) {
		size = read_head(file, head);
		if (!(about.st_mode & 0111)) {
			result = 0; /* EACCES is the kernel's to say */
		} else if (size == -EBADF) {
			result = refuse(look, file, "may be static", "there is no /proc, by which its descriptor could be read");
		} else if (is_script(image, head)) {
			result = NEXT_LINK; /* set-id bits of scripts do not count */
		} else if (size > SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) {
			result = check_elf(image, look, file, head, size);
			if ((result == IMAGE_DYNAMIC || result == IMAGE_STATIC) && is_secure_exec(file, &about, result))
				result = refuse(look, file, "would run with changed privileges",
						"ld.so ignores LD_PRELOAD then");
			if (result == IMAGE_DYNAMIC && !image->is_loader)
				remember(&about);
			if (result == IMAGE_STATIC) {
				image->file = file;
				return result;
			}
		}
	}
	CALL(__NR_close, file);
	return result;
}

_Bool image_is_there(const struct image *image)
{
	struct stat about;

	return !CALL(__NR_newfstatat, image->directory, image->path, &about, image->flags) && REGULAR(about.st_mode) && about.st_mode & 0111;
}

_Bool image_is_static(uintptr_t path)
{
	const struct look look = { .directory = AT_FDCWD_FLAG, .path = path };
	struct elf elf = { 0 };
	char head[HEAD];
	long file = open_image(&look), size, kind = IMAGE_DYNAMIC;

	if (is_error(file))
		return 0;
	size = CALL(__NR_pread64, file, head, sizeof(head), 0);
	if (size > SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		kind = elf_look(file, head, size, &elf);
	CALL(__NR_close, file);
	return kind == IMAGE_STATIC;
}

long image_refuse(const struct image *image)
{
	const struct look look = { .directory = image->directory, .path = image->path };

	return refuse(&look, -1, "could not open the shim from where it runs", config.path);
}

long image_check(struct image *image)
{
	struct look look = { .directory = image->directory, .path = image->path, .flags = image->flags };
	long result = 0;

	image->file = -1;
	image->is_loader = image->is_of_glibc = 0;
	image->scripts = 0;
	do {
		result = check_link(image, &look);
		if (result != NEXT_LINK)
			return result;
		look.directory = AT_FDCWD_FLAG;
		look.path = ARG(image->lines[image->scripts - 1].interpreter);
		look.flags = 0;
	} while (image->scripts <= SCRIPTS_AT_MOST);
	return IMAGE_DYNAMIC;
}
