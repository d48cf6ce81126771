// SPDX-License-Identifier: MIT
/* Where nothing can be written: calls that wait need no stack, and the frame that a handler returns from is only read. */
#include "hostile.h"

#include <poll.h>
#include <sys/epoll.h>
#include <ucontext.h>

#define PAGE 4096
#define FX_SIZE 512
#define FX_SOFTWARE 464 /* what says that more than 512 bytes of state follow */

static char *room;

/* A system call with %rsp 64 bytes above a page that nobody may touch, or at one that cannot be written. */
static long call_at(char *sp, long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %[sp], %%rsp\n\tsyscall\n\tmov %%rbx, %%rsp"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), [sp] "r"(sp)
			 : "rcx", "r11", "rbx", "memory");
	return result;
}

static void wait_at(char *sp)
{
	static struct timespec none;
	static sigset_t set;
	static struct {
		sigset_t *set;
		size_t size;
	} pair = { &set, 8 };
	static struct epoll_event event;
	int events = epoll_create1(0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	say("sigtimedwait", call_at(sp, SYS_rt_sigtimedwait, (long)&set, 0, (long)&none, 8, 0, 0));
	sigaddset(&set, SIGSYS);
	say("ppoll", call_at(sp, SYS_ppoll, 0, 0, (long)&none, (long)&set, 8, 0));
	say("pselect", call_at(sp, SYS_pselect6, 0, 0, 0, 0, (long)&none, (long)&pair));
	say("epoll_pwait", call_at(sp, SYS_epoll_pwait, events, (long)&event, 1, 0, (long)&set, 8));
	close(events);
}

/* The frame is copied to where it then cannot be written. */
static void handle(int sig, siginfo_t *info, void *context)
{
	ucontext_t *from = context, *to = (ucontext_t *)(room + 16);

	(void)sig;
	(void)info;
	memcpy(to, from, sizeof(ucontext_t) > PAGE / 4 - 16 ? PAGE / 4 - 16 : sizeof(ucontext_t));
	memcpy(room + PAGE / 4, from->uc_mcontext.fpregs, FX_SIZE);
	memset(room + PAGE / 4 + FX_SOFTWARE, 0, FX_SIZE - FX_SOFTWARE);
	to->uc_mcontext.fpregs = (void *)(room + PAGE / 4);
	to->uc_flags &= ~1ul;
	mprotect(room, PAGE, PROT_READ);
	__asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall" : : "r"(to) : "memory");
}

static void return_from_readonly(int blocked)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
	sigset_t mask;

	room = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&mask);
	sigaddset(&mask, blocked);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	say("back, still blocked", sigismember(&mask, blocked));
	say("a child", spawn_true());
}

int main(void)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(pages, PAGE, PROT_NONE);
	mprotect(pages + 2 * PAGE, PAGE, PROT_READ);
	wait_at(pages + PAGE + 64);
	wait_at(pages + PAGE);
	wait_at(pages + 2 * PAGE + 64);
	return_from_readonly(SIGUSR2);
	return_from_readonly(SIGSYS);
	return 0;
}
