/* SPDX-License-Identifier: MIT */
#ifndef FILTER_H
#define FILTER_H

/* Makes sure that a filter for this mode is in force, and only one, however often execve came by; 0 or -errno. */
long filter_ensure(int mode, _Bool logs);
/* The mode of the filter that is in force already, or 0. */
int filter_mode(void);

#endif
