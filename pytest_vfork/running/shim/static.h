/* SPDX-License-Identifier: MIT */
#ifndef STATIC_H
#define STATIC_H

#include "environment.h"
#include "image.h"

/* Executes the shim as the loader of this image (load.h); returns only if that fails. */
long static_execute(struct task *task, struct image *image, uintptr_t argv, uintptr_t env, struct handover *handover);

#endif
