/* SPDX-License-Identifier: MIT */
/* The answers to trapped calls, by file. All have the type trap_function. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "trap.h"

/* sigprocmask.c */
trap_function answer_sigprocmask, answer_sigpending;
/* waits.c */
trap_function answer_sigsuspend, answer_ppoll, answer_pselect, answer_epoll_pwait, answer_io_uring_enter, answer_sigtimedwait;
/* action.c */
trap_function answer_sigaction;
/* altstack.c */
trap_function answer_sigaltstack;
/* spawn.c */
trap_function answer_vfork, answer_fork, answer_clone, answer_clone3;
/* exec.c */
trap_function answer_execve, answer_execveat;
/* sandbox.c */
trap_function answer_seccomp, answer_prctl;
/* traced.c */
trap_function answer_ptrace;
/* rights.c */
trap_function answer_rights;
/* departure-child.c */
trap_function answer_getpid, answer_getppid, answer_setsid, answer_ignored, answer_dup2;
/* deliver.c */
trap_function answer_sigreturn;

#endif
