/* SPDX-License-Identifier: MIT */
#ifndef KILLABLE_H
#define KILLABLE_H

#include "frame.h"

/* The mask of a parent that waits: what comes ends it at once, as in the kernel's own wait, or waits with it. */
sigset killable_mask(const struct frame *frame, const struct task *task);

#endif
