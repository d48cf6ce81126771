/* SPDX-License-Identifier: MIT */
/* Where the kernel enters the shim and where the shim leaves: entry.S. */
#ifndef ENTRY_H
#define ENTRY_H

#include "frame.h"

/*
 * the handler of SIGSYS, and of the application's SA_ONSTACK handlers; runs on the task's slot with every signal
 * blocked
 */
void shim_entry(void);
/* SA_RESTORER of shim_entry; never reached, since shim_entry leaves by itself */
void shim_restorer(void);
/* a child that shares memory starts here, its frame 8 bytes above its %rsp */
void shim_child_entry(void);

/* Implemented in C, called from entry.S: */

/* The frame to work on: this one, or its copy in a slot if the task had none. */
struct frame *shim_arrive(struct frame *frame);
/* Does all there is to do; returns the frame to leave by. */
struct frame *shim_handle(struct frame *frame);
/* What a child does before it leaves by its frame. */
void shim_child_starts(struct frame *frame);

#endif
