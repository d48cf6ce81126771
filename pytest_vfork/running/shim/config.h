/* SPDX-License-Identifier: MIT */
/* VFORK_SHIM and LD_PRELOAD: what the shim is told, and the traces of it that the application must not see. */
#ifndef CONFIG_H
#define CONFIG_H

#include "task.h"

#define PRELOAD "LD_PRELOAD="
#define CONFIG "VFORK_SHIM="
/* keeps the number of variables that the shim adds even, see environment_clean() */
#define PADDING "VFORK_SHIM_PAD="

struct config {
	int mode; /* enum vfork_shim_mode */
	int fault; /* enum fault */
	_Bool sigsys_blocked, sigsys_ignored; /* what the image before believed */
	_Bool has_filter; /* the image before says so */
	const char *home; /* where the shim lies, for an image that got it by a descriptor */
	int32_t stack_flags; /* of the alternate stack of the image before: execve leaves them, and takes the stack */
	sigset opens; /* what the image before has blocked while it called execve */
	_Bool rights_change; /* of this image, or of one before: the next one may not be able to open `path` */
	_Bool root_changes; /* an exec may take rights from root, too: no access(2) tells which */
	_Bool keeps_text; /* no shortcut: see shortcut.c */
	const char *path; /* of the shim itself, as LD_PRELOAD names it */
	const char *text; /* to give to the next image: mode, fault and log */
};

extern struct config config;

/* A copy that stays. */
char *config_keep(const char *piece, size_t size);
/* Reads the value of VFORK_SHIM; a bad one ends the process with 127. */
void config_read(const char *value);
/* Whether a part of such a value is for each next image, too. */
_Bool config_passes_on(const char *part);
/* A program under a filter, but without VFORK_SHIM: goes on in the filter's mode, with its fault. */
void config_assume(int mode, int fault);

static inline _Bool starts_with(const char *text, const char *start)
{
	while (*start && *text == *start) {
		text++;
		start++;
	}
	return !*start;
}

#endif
