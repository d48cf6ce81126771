/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_H
#define SANDBOX_H

/* What the program's own filter answers to vfork, if that is an errno; 0: it lets it be. */
int sandbox_error_of_vfork(void);

#endif
