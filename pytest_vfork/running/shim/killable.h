/* SPDX-License-Identifier: MIT */
/* The mask of a parent that waits: what comes ends it at once, as in the kernel's own wait, or waits with it. */
#ifndef KILLABLE_H
#define KILLABLE_H

#include "frame.h"

sigset killable_mask(const struct frame *frame, const struct task *task);
/* Blocks that mask, and returns it. */
sigset killable_block(const struct frame *frame, const struct task *task);
/* The same; and from now on, until killable_end(), the task is one that waits for this word. */
sigset killable_begin(const struct frame *frame, struct task *task, uint32_t *word);
void killable_end(struct task *task);
/* Called while it waits, whenever it was woken: takes note of what others have told it. */
void killable_follow(const struct frame *frame, struct task *task);
/* Tells those that wait that `handled` is another one, and returns when they have taken note. */
void killable_tell(struct dispositions *dispositions);

#endif
