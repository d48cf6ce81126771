// SPDX-License-Identifier: MIT
/* An image of a few hundred bytes, without libc: says how many arguments it got, makes a trapped call; "forks" makes children. */
#include <sys/syscall.h>

static long call(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

static void say(const char *what, long number)
{
	char line[64], digits[20];
	int size = 0, count = 0;

	while (*what)
		line[size++] = *what++;
	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		line[size++] = digits[--count];
	line[size++] = '\n';
	call(SYS_write, 1, (long)line, size, 0);
}

/* The first stays until the end. */
static void make_children(void)
{
	long children[2];
	int ends[2], i;
	char byte;

	call(SYS_pipe, (long)ends, 0, 0, 0);
	for (i = 0; i < 2; i++) {
		children[i] = call(SYS_fork, 0, 0, 0, 0);
		if (children[i] == 0) {
			say("child ", call(SYS_getpid, 0, 0, 0, 0));
			call(SYS_write, ends[1], (long)"x", 1, 0);
			for (;;)
				call(SYS_pause, 0, 0, 0, 0);
		}
		if (children[i] < 0)
			say("no child, errno ", -children[i]);
		else
			call(SYS_read, ends[0], (long)&byte, 1, 0);
	}
	for (i = 2; i-- > 0;)
		if (children[i] > 0)
			say("end ", call(SYS_kill, children[i], 9, 0, 0) + call(SYS_wait4, children[i], 0, 0, 0) - children[i]);
}

__attribute__((used, visibility("hidden"))) void begin(long *sp)
{
	unsigned long mask = 1 << 9;

	say("rt_sigprocmask ", call(SYS_rt_sigprocmask, 0, (long)&mask, 0, 8));
	say("arguments ", sp[0]);
	if (sp[0] > 1 && *(char *)sp[2] == 'f')
		make_children();
	call(SYS_exit_group, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n\thlt");
