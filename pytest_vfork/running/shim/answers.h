/* SPDX-License-Identifier: MIT */
/* The answers to trapped calls, by file. All have the type trap_function. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "trap.h"

/* mask.c */
trap_function answer_sigprocmask;
/* outside.c */
trap_function answer_sigsuspend, answer_ppoll, answer_pselect, answer_epoll_pwait;
/* action.c */
trap_function answer_sigaction;
/* altstack.c */
trap_function answer_sigaltstack;
/* spawn.c */
trap_function answer_vfork, answer_fork, answer_clone, answer_clone3;
/* exec.c */
trap_function answer_execve, answer_execveat;
/* departure-child.c */
trap_function answer_getpid, answer_getppid, answer_setsid, answer_ignored, answer_dup2;
/* deliver.c */
trap_function answer_handler_returns;

#endif
