/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_H
#define IMAGE_H

#include "kernel.h"

#define SCRIPTS_AT_MOST 5 /* BINPRM: interpreters of interpreters, fs/exec.c */
#define SCRIPT_HEAD 256 /* BINPRM_BUF_SIZE */

/* What an execveat(directory, path, flags) would start. */
struct image {
	long directory;
	uintptr_t path;
	uint64_t flags; /* AT_* of execveat */
	_Bool is_named_by_file; /* its process is, not by the path */
	_Bool is_loader; /* ld.so itself, started by its name */
	_Bool is_of_glibc; /* it was looked at, and its loader is glibc's */
	size_t skipped; /* how many of the arguments go */
	long file; /* of a static image: open, to be closed; else -1 */
	unsigned int scripts; /* that the kernel would go through */
	struct {
		char interpreter[SCRIPT_HEAD], argument[SCRIPT_HEAD];
	} lines[SCRIPTS_AT_MOST + 1];
};

enum image_kind {
	IMAGE_DYNAMIC, /* or the kernel will say why not */
	IMAGE_WITHOUT_SHIM, /* it runs without, and is not trapped (32 bits) */
	IMAGE_STATIC,
};

/*
 * Looks at the program. Says on descriptor 2 why, and returns -EPERM, if the shim could never get into it and its first trapped call would be
 * its death; else enum image_kind.
 */
long image_check(struct image *image);
/* Whether the file itself is a static program; nothing is said. */
_Bool image_is_static(uintptr_t path);
/* Whether it could open the shim where that lies: after chroot, or with another user's rights, ld.so may not. */
_Bool image_finds_shim(void);
/* The same of an image of this kind; where rights have changed on the way, only if it is certain. */
_Bool image_opens_shim(long kind);
/* Whether there is a file that can be started; else the kernel says why not, as it does for all but one of the folders of PATH. */
_Bool image_is_there(const struct image *image);
/* Says that it cannot; -EPERM. */
long image_refuse(const struct image *image);

#endif
