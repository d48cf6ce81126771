/* SPDX-License-Identifier: MIT */
#ifndef GONE_H
#define GONE_H

#include "kernel.h"

/* Whether a child has executed or ended, all its threads included. It is not reaped, and no descriptor opened. */
_Bool process_has_let_go(int32_t child);

#endif
