// SPDX-License-Identifier: MIT
/* What an image can see of how it was started, but for what is random. All of it is the same when somebody else than the kernel loads it. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;
extern const Elf64_Ehdr __ehdr_start;
extern char _end[];
void _start(void);

static char zero[3 * 4096 + 17];
static char filled[100] = "filled";

static size_t get(const char *path, char *to, size_t size)
{
	int file = open(path, O_RDONLY);
	size_t all = 0;
	ssize_t more;

	while (file >= 0 && (more = read(file, to + all, size - 1 - all)) > 0)
		all += (size_t)more;
	close(file);
	to[all] = 0;
	return all;
}

static void show_file(const char *path)
{
	static char text[1 << 17];
	size_t size = get(path, text, sizeof(text)), i;

	for (i = 0; i < size; i++)
		if (!text[i])
			text[i] = '|';
	printf("%s: %s\n", path, text);
}

static const char *place_of(uint64_t address, const char *what)
{
	static char text[1 << 17];
	char *line;

	get("/proc/self/maps", text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && address >= from && address < to)
			return strstr(line, what) ? "there" : "elsewhere";
	}
	return "nowhere";
}

static void show_strings(char **argv)
{
	const char *next = argv[0], *name = (const char *)getauxval(AT_EXECFN);
	char **each;
	_Bool is_one = 1;

	for (each = argv; *each; each++, next += strlen(next) + 1)
		is_one &= *each == next;
	for (each = environ; *each; each++, next += strlen(next) + 1)
		is_one &= *each == next;
	is_one &= next == name;
	next += strlen(next) + 1;
	printf("strings: %s, then %lu bytes to the end of the page, %s\n", is_one ? "in one row" : "scattered", 4096 - (unsigned long)next % 4096,
	       *(const uint64_t *)next ? "used" : "zero");
}

static void show_auxiliary(void)
{
	static uint64_t saved[512];
	const Elf64_auxv_t *each;
	char **env = environ;
	size_t size;

	while (*env)
		env++;
	for (each = (const Elf64_auxv_t *)(env + 1); each->a_type; each++) {
		uint64_t value = each->a_un.a_val;

		printf("auxiliary %lu: ", (unsigned long)each->a_type);
		switch (each->a_type) {
		case AT_PHDR:
			puts(value == (uint64_t)&__ehdr_start + __ehdr_start.e_phoff ? "right" : "wrong");
			break;
		case AT_ENTRY:
			puts(value == (uint64_t)_start ? "right" : "wrong");
			break;
		case AT_EXECFN:
		case AT_PLATFORM:
			puts((const char *)value);
			break;
		case AT_SYSINFO_EHDR:
			puts(!memcmp((const void *)value, ELFMAG, SELFMAG) ? "right" : "wrong");
			break;
		case AT_RANDOM:
			puts(*(const uint64_t *)value && *(const uint64_t *)value != *((const uint64_t *)value + 1) ? "right" : "wrong");
			break;
		default:
			printf("%lx\n", value);
		}
	}
	size = get("/proc/self/auxv", (char *)saved, sizeof(saved));
	printf("saved auxiliary vector: %s\n", !memcmp(saved, env + 1, (size_t)((const char *)(each + 1) - (const char *)(env + 1))) ? "the same" : "another");
	(void)size;
}

static void show_numbers(char **argv)
{
	unsigned long code, code_end, stack, data, data_end, brk, arg, arg_end, env, env_end;
	char text[4096], *at;

	get("/proc/self/stat", text, sizeof(text));
	at = strrchr(text, ')');
	sscanf(at, ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu %lu %*s %*s %*s %*s %*s %*s %*s "
		   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu %lu %lu %lu %lu %lu",
	       &code, &code_end, &stack, &data, &data_end, &brk, &arg, &arg_end, &env, &env_end);
	printf("code %lx to %lx, data %lx to %lx\n", code - (unsigned long)&__ehdr_start, code_end - (unsigned long)&__ehdr_start,
	       data - (unsigned long)&__ehdr_start, data_end - (unsigned long)&__ehdr_start);
	printf("stack %s, arguments %s, environment %s\n", stack == (unsigned long)(argv - 1) ? "right" : "wrong",
	       arg == (unsigned long)argv[0] && arg_end == env ? "right" : "wrong",
	       env == (unsigned long)(*environ ? *environ : (char *)getauxval(AT_EXECFN)) && env_end == getauxval(AT_EXECFN) ? "right" : "wrong");
	printf("break: %s\n", brk % 4096 || (brk >= (unsigned long)_end && brk - (unsigned long)_end < 0x42000000) ||
				      (brk >= 0x555555554000 && brk < 0x555555554000 + 0x42000000) ?
				      "right" :
				      "wrong");
}

int main(int argc, char **argv)
{
	char link[512];
	sigset_t mask;
	ssize_t size;
	int i, sig;
	char *heap = sbrk(8192);

	for (i = 0; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	for (i = 0; environ[i]; i++)
		printf("environment %d: %s\n", i, environ[i]);
	printf("stack pointer: %lu\n", (unsigned long)(argv - 1) % 16);
	show_strings(argv);
	show_auxiliary();
	show_numbers(argv);
	for (i = 0; i < (int)sizeof(zero) && !zero[i]; i++)
		;
	printf("zero: %d, filled: %s%s\n", i, filled, filled[99] ? " and more" : "");
	heap[8191] = 1;
	printf("heap: %s, stack: %s, code: %s\n", place_of((uint64_t)heap, "[heap]"), place_of((uint64_t)argv, "rw-p 00000000 00:00 0                          [stack]"),
	       place_of((uint64_t)main, "r-xp"));
	size = readlink("/proc/self/exe", link, sizeof(link) - 1);
	link[size < 0 ? 0 : size] = 0;
	printf("exe: %s\n", link);
	for (i = 0; i < 1024; i++)
		if (fcntl(i, F_GETFD) >= 0)
			printf("descriptor %d: %d\n", i, fcntl(i, F_GETFD));
	show_file("/proc/self/comm");
	show_file("/proc/self/cmdline");
	show_file("/proc/self/environ");
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (sig = 1; sig < 65; sig++) {
		struct sigaction action = { 0 };

		syscall(SYS_rt_sigaction, sig, NULL, &action, 8);
		if (action.sa_handler != SIG_DFL || sigismember(&mask, sig) == 1)
			printf("signal %d: %s%s\n", sig, action.sa_handler == SIG_IGN ? "ignored" : action.sa_handler ? "handled" : "",
			       sigismember(&mask, sig) == 1 ? " blocked" : "");
	}
	fflush(stdout);
	return 7;
}
