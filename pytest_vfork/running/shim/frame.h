/* SPDX-License-Identifier: MIT */
/* Signal frames: the state of a task at the moment it was interrupted, which rt_sigreturn(2) brings back. */
#ifndef FRAME_H
#define FRAME_H

#include "task.h"

/* Copies a frame with its FP state to below `top`, as the kernel would lay it out there, and returns the copy. */
struct frame *frame_copy(uintptr_t top, const struct frame *frame);
/* The same, to the top of a task's slot; rt_sigreturn from the copy also makes the slot the alternate stack in force. */
struct frame *frame_copy_to_task(struct task *task, const struct frame *frame);
/* Whether all that rt_sigreturn reads of it is there. */
_Bool frame_can_be_read(const struct frame *frame);
/* The room that a copy takes at most. */
size_t frame_size(const struct frame *frame);
/* A handler starts with x87, SSE and AVX as after exec, not as the interrupted code left them. */
void frame_clear_fp(struct frame *frame);

#endif
