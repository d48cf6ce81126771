/* SPDX-License-Identifier: MIT */
/*
 * What others may rely on: how a program asks who interposes it, and how the shim is told what to do.
 *
 * prctl(VFORK_SHIM_PRCTL, 0, 0, 0, 0) fails with the errno VFORK_SHIM_ANSWER + mode; without the shim it is EINVAL.
 * The answer is given by the seccomp filter itself, so it outlives execve and a lost environment.
 * prctl(VFORK_SHIM_PRCTL, 1, 0, 0, 0) fails with VFORK_SHIM_LOGS if the filter also traps plain forks, for the log.
 *
 * prctl(VFORK_SHIM_PRCTL, 5, 0, 0, 0) fails with VFORK_SHIM_FAULT + the number of the fault that is armed, counted from 1 in the order
 * of faults.def; without one it is EINVAL.
 *
 * LD_PRELOAD=/abs/shim.so VFORK_SHIM="mode=emulate,fault=NAME,log=/abs/path"
 */
#ifndef SHIM_H
#define SHIM_H

#define VFORK_SHIM_PRCTL 0x76666b73 /* "vfks" */
#define VFORK_SHIM_ANSWER 0xf00
#define VFORK_SHIM_FAULT 0xe00
#define VFORK_SHIM_LOGS 0xf10
#define VFORK_SHIM_QUIET 0xf11

enum vfork_shim_mode {
	VFORK_SHIM_FORK = 1,
	VFORK_SHIM_REISSUE = 2,
	VFORK_SHIM_EMULATE = 3,
};

#endif
