// SPDX-License-Identifier: MIT
/* A handler that interrupts a wait with a mask of its own changes registers in its frame: the program goes on with these. */
#include "hostile.h"

#include <ucontext.h>

static int which;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[which] = 1234;
}

static void try(const char *what, int changed, sigset_t *mask)
{
	register long r10 __asm__("r10"), r8 __asm__("r8"), r9 __asm__("r9");
	long result = SYS_rt_sigsuspend, rdx = 3, rsi = 8, rdi = (long)mask;
	sigset_t one;

	which = changed;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	raise(SIGUSR1);
	r10 = 10, r8 = 88, r9 = 9;
	__asm__ volatile("syscall" : "+a"(result), "+d"(rdx), "+S"(rsi), "+D"(rdi), "+r"(r10), "+r"(r8), "+r"(r9) : : "rcx", "r11", "memory");
	printf("%s: %ld %ld %ld %ld %ld %ld %s\n", what, result, rdx, rsi, r10, r8, r9, rdi == (long)mask ? "mask" : rdi == 1234 ? "changed" : "other");
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGUSR1, &action, NULL);
	try("none", REG_RCX, &none);
	try("rdx", REG_RDX, &none);
	try("rsi", REG_RSI, &none);
	try("rdi", REG_RDI, &none);
	try("r10", REG_R10, &none);
	try("r8", REG_R8, &none);
	try("r9", REG_R9, &none);
	try("rax", REG_RAX, &none);
	return 0;
}
