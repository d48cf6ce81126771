/* SPDX-License-Identifier: MIT */
#ifndef START_H
#define START_H

/* Makes the shim ready; `path` is its own, and `env` has VFORK_SHIM, or the filter in force says what to do. */
void shim_begin(const char *path, char **env);
/* If it came by a descriptor (carry.h): that is closed, and `path` is where it lies. To be called when VFORK_SHIM has been read. */
void shim_leave_carrier(void);

#endif
