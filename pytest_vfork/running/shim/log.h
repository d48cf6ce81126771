/* SPDX-License-Identifier: MIT */
#ifndef LOG_H
#define LOG_H

#include "spawn.h"

/* Absolute path of the log, or NULL. */
extern const char *log_path;

/* One line for one creation, in its parent. */
void log_spawn(const struct spawn *spawn, long result);

/* One line for an image that the shim would not start; exe is at most 255 bytes long. */
void log_refusal(const char *exe, const char *why);

#endif
