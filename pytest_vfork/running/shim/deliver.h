/* SPDX-License-Identifier: MIT */
#ifndef DELIVER_H
#define DELIVER_H

#include "frame.h"

/* A signal of the application's that the shim was entered for: on to its handler, on the stack that it wanted. */
struct frame *deliver_moved(struct frame *frame, struct task *task);
/* A SIGSYS that is not ours: sent by somebody, or of the application's own filter. */
struct frame *deliver_sigsys(struct frame *frame, struct task *task);
/* The mask has changed: a SIGSYS that waited may be due. */
struct frame *deliver_pending_sigsys(struct frame *frame, struct task *task);

#endif
