// SPDX-License-Identifier: MIT
/* The filter outlives execve, the handler does not: an image that ld.so will not preload the shim into must not be started (hazard 4). */
#include "image.h"

#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/elf.h>
#include <linux/prctl.h>

#include "call.h"
#include "text.h"

#ifndef DF_1_PIE
#define DF_1_PIE 0x08000000
#endif
#ifndef DT_FLAGS_1
#define DT_FLAGS_1 0x6ffffffb
#endif
#define AT_FDCWD_FLAG (-100l) /* AT_FDCWD, AT_EMPTY_PATH: linux/fcntl.h */
#define AT_EMPTY_PATH_FLAG 0x1000
#define REGULAR(mode) (((mode)&0170000) == 0100000)
#define SET_UID 04000
#define SET_GID_AND_X (02000 | 0010)
#define SCRIPTS_AT_MOST 5 /* BINPRM: interpreters of interpreters, fs/exec.c */
#define HEAD 1024

struct look {
	long directory;
	uintptr_t path;
	uint64_t flags; /* AT_* of execveat */
	char interpreter[256]; /* BINPRM_BUF_SIZE */
};

static long refuse(long file, const char *is, const char *reason)
{
	char link[32] = { 0 }, name[256];
	struct text text = { link, link + sizeof(link) - 1 };
	long size;

	text_add(&text, "/proc/self/fd/");
	text_add_number(&text, file);
	size = CALL(__NR_readlink, link, name, sizeof(name) - 1);
	name[is_error(size) ? 0 : size] = 0;
	say("will not start ", name, ": it ", is, ", ", reason,
	    ", and it would die at its first trapped call. Use --vfork-interposer=ptrace for it", NULL);
	return -EPERM;
}

static long open_image(const struct look *look)
{
	char link[32] = { 0 };
	struct text text = { link, link + sizeof(link) - 1 };

	/* a FIFO must not hold us up */
	if (!(look->flags & AT_EMPTY_PATH_FLAG))
		return CALL(__NR_openat, look->directory, look->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	text_add(&text, "/proc/self/fd/"); /* execveat of a descriptor, which O_PATH may have made unreadable */
	text_add_number(&text, look->directory);
	return CALL(__NR_openat, AT_FDCWD_FLAG, link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static _Bool gains_privileges(long file, const struct stat *about)
{
	char capability;

	/* with no_new_privs the kernel ignores the bits, but file capabilities still make ld.so drop LD_PRELOAD (AT_SECURE) */
	if (CALL(__NR_geteuid) != 0 && !is_error(CALL(__NR_fgetxattr, file, "security.capability", &capability, 0)))
		return 1;
	if (!(about->st_mode & SET_UID) && (about->st_mode & SET_GID_AND_X) != SET_GID_AND_X)
		return 0;
	if (CALL(__NR_prctl, PR_GET_NO_NEW_PRIVS) > 0)
		return 0;
	/* ld.so is careful when the effective ids differ from the real ones */
	return ((about->st_mode & SET_UID) && about->st_uid != CALL(__NR_getuid)) ||
	       ((about->st_mode & SET_GID_AND_X) == SET_GID_AND_X && about->st_gid != CALL(__NR_getgid));
}

/* A loader started by its name (ld.so program) has no PT_INTERP either; it is no PIE, and it will preload. */
static _Bool is_loader(long file, const Elf64_Phdr *dynamic)
{
	Elf64_Dyn entries[64];
	long size = CALL(__NR_pread64, file, entries, sizeof(entries), dynamic->p_offset);
	unsigned int i;

	for (i = 0; !is_error(size) && i < (unsigned long)size / sizeof(entries[0]) && entries[i].d_tag; i++)
		if (entries[i].d_tag == DT_FLAGS_1)
			return !(entries[i].d_un.d_val & DF_1_PIE);
	return 1;
}

static long check_elf(long file, const char *head, long size)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)head;
	Elf64_Phdr room[HEAD / sizeof(Elf64_Phdr)];
	const Elf64_Phdr *table = room, *dynamic = NULL;
	unsigned int i, count;

	if (size < (long)sizeof(*header) || header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64 ||
	    header->e_phentsize != sizeof(*table))
		return 0;
	count = header->e_phnum;
	if (header->e_phoff + count * sizeof(*table) <= (unsigned long)size) {
		table = (const Elf64_Phdr *)(head + header->e_phoff); /* as linkers lay it out */
	} else {
		size = CALL(__NR_pread64, file, room, sizeof(room), header->e_phoff);
		if (is_error(size) || count > (unsigned long)size / sizeof(*table))
			return 0;
	}
	for (i = 0; i < count; i++) {
		if (table[i].p_type == PT_INTERP)
			return 0;
		if (table[i].p_type == PT_DYNAMIC)
			dynamic = &table[i];
	}
	if (dynamic && header->e_type == ET_DYN && is_loader(file, dynamic))
		return 0;
	return refuse(file, "is statically linked", "so that nothing can be preloaded into it");
}

/* "#! interpreter argument": as fs/binfmt_script.c reads it */
static _Bool is_script(struct look *look, const char *head, long size)
{
	const char *from = head + 2, *end = head + (size < 256 ? size : 256);
	char *to = look->interpreter;

	if (size < 3 || head[0] != '#' || head[1] != '!')
		return 0;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (from < end && *from && *from != ' ' && *from != '\t' && *from != '\n')
		*to++ = *from++;
	*to = 0;
	return to > look->interpreter;
}

/* One link of the chain; 1: there is another one. */
static long check_link(struct look *look)
{
	char head[HEAD];
	struct stat about;
	long file = open_image(look), size, result = 0;

	if (is_error(file)) /* missing, or executable but not readable */
		return 0;
	size = CALL(__NR_fstat, file, &about);
	if (!is_error(size) && REGULAR(about.st_mode)) {
		size = CALL(__NR_pread64, file, head, sizeof(head), 0);
		if (!(about.st_mode & 0111)) {
			result = 0; /* EACCES is the kernel's to say */
		} else if (is_script(look, head, size)) {
			result = 1; /* set-id bits of scripts do not count */
		} else if (size > SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) {
			result = check_elf(file, head, size);
			if (!result && gains_privileges(file, &about))
				result = refuse(file, "would change its privileges", "so that ld.so ignores what is to be preloaded");
		}
	}
	CALL(__NR_close, file);
	return result;
}

long image_check(long directory, uintptr_t path, uint64_t flags)
{
	struct look look = { .directory = directory, .path = path, .flags = flags };
	long result = 0;
	int i;

	for (i = 0; i <= SCRIPTS_AT_MOST; i++) {
		result = check_link(&look);
		if (result <= 0)
			return result;
		look.directory = AT_FDCWD_FLAG;
		look.path = ARG(look.interpreter);
		look.flags = 0;
	}
	return 0;
}
