/* SPDX-License-Identifier: MIT */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "entry.h"

/*
 * Arranges that the trapped call runs again when the handler has been left: with the mask, the stack and the pending
 * signals of the application, restartable, interruptible by its handlers. The caller changes arguments in frame->regs
 * afterwards; they come back.
 */
struct outside *go_outside(struct frame *frame);

#endif
