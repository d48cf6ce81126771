/* SPDX-License-Identifier: MIT */
#ifndef MASK_H
#define MASK_H

#include "frame.h"

/* The mask that the application believes to have at this frame. */
sigset mask_seen(const struct frame *frame, const struct task *task);
/* Gives it another one, in force when the frame is left. */
void mask_set(struct frame *frame, struct task *task, sigset mask);

#endif
