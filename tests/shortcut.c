// SPDX-License-Identifier: MIT
/*
 * shortcut WHEN [SITE]: sets signals to default, ignores and handles them, and prints what comes of it, which must be what Linux does. WHEN says
 * who makes the first calls: `spawn` (posix_spawn) or `calls` (sigaction) while no thread runs, so that the shim may rewrite libc's call site, or
 * `late` (threads run already); `large` is `spawn` in a process where the kernel finds no
 * place near libc by itself any more. SITE is a shared object of shortcut_site.c; with it, that site is tried instead. On stderr: how many bytes of the
 * object's code differ from its file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
#define LIBC "libc.so"
#else
#define LIBC "ld-musl"
#endif
#define THREADS 4
#define ROUNDS 4000

static volatile sig_atomic_t handled;
static atomic_int wrong, stop;

static void handler(int number)
{
	handled = number;
}

static int set(int number, void (*what)(int), int flags)
{
	struct sigaction action = { .sa_handler = what, .sa_flags = flags };

	return sigaction(number, &action, NULL) ? errno : 0;
}

static const char *seen(int number)
{
	static char text[80];
	struct sigaction now;

	if (sigaction(number, NULL, &now))
		return "no such signal";
	snprintf(text, sizeof(text), "%s flags %x usr2 %d sys %d",
		 now.sa_handler == SIG_DFL ? "default" : now.sa_handler == SIG_IGN ? "ignored" : "handled", now.sa_flags,
		 sigismember(&now.sa_mask, SIGUSR2), sigismember(&now.sa_mask, SIGSYS));
	return text;
}

/* What raising it does to a child of a plain fork: 0, or the signal that ended it. */
static int raised(int number)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		raise(number);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void *hammer(void *argument)
{
	int number = SIGRTMIN + (int)(intptr_t)argument;

	for (int i = 0; i < ROUNDS && !stop; i++) {
		struct sigaction now;

		if (set(number, i & 1 ? SIG_IGN : SIG_DFL, 0) || sigaction(number, NULL, &now) ||
		    now.sa_handler != (i & 1 ? SIG_IGN : SIG_DFL))
			wrong++;
	}
	return NULL;
}

static int spawned(void)
{
	char *argv[] = { "true", NULL };
	int status = -1;
	pid_t pid;

	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ))
		return -1;
	waitpid(pid, &status, 0);
	return status;
}

static void one_signal_after_another(void)
{
	struct sigaction with_mask = { .sa_handler = SIG_DFL, .sa_flags = SA_NODEFER }, old;
	char alternate[16384];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	sigset_t two, pending;

	for (int number = 1; number <= 64; number++)
		if (number < SIGRTMIN || number >= SIGRTMIN + THREADS) /* those are the threads' */
			printf("%d:%d ", number, set(number, SIG_DFL, 0));
	printf("\n65:%d 0:%d -1:%d\n", set(65, SIG_DFL, 0), set(0, SIG_DFL, 0), set(-1, SIG_DFL, 0));

	for (int round = 0; round < 3; round++) {
		int number = (int[]){ SIGTERM, SIGUSR1, SIGRTMAX }[round];

		printf("%s, raised %d\n", seen(number), raised(number));
		set(number, SIG_IGN, 0);
		printf("%s, raised %d\n", seen(number), raised(number));
		set(number, handler, SA_RESTART);
		raise(number);
		printf("%s, handled %d\n", seen(number), handled == number);
		set(number, SIG_DFL, 0);
		printf("%s, raised %d\n", seen(number), raised(number));
		set(number, SIG_IGN, SA_NOCLDWAIT);
		printf("%s, raised %d\n", seen(number), raised(number));
		set(number, SIG_DFL, 0);
	}

	/* set to be ignored, a pending signal is gone; by default it stays, but for those that are ignored by default */
	sigemptyset(&two);
	sigaddset(&two, SIGALRM);
	sigaddset(&two, SIGURG);
	sigprocmask(SIG_BLOCK, &two, NULL);
	set(SIGURG, handler, 0);
	raise(SIGURG);
	raise(SIGALRM);
	set(SIGURG, SIG_DFL, 0);
	set(SIGALRM, SIG_DFL, 0);
	sigpending(&pending);
	printf("pending alrm %d urg %d\n", sigismember(&pending, SIGALRM), sigismember(&pending, SIGURG));
	set(SIGALRM, SIG_IGN, 0);
	sigpending(&pending);
	printf("pending alrm %d\n", sigismember(&pending, SIGALRM));
	sigprocmask(SIG_UNBLOCK, &two, NULL);

	sigaddset(&with_mask.sa_mask, SIGUSR2);
	sigaddset(&with_mask.sa_mask, SIGSYS);
	sigaction(SIGPROF, &with_mask, NULL);
	printf("%s\n", seen(SIGPROF));
	set(SIGPROF, SIG_DFL, 0);
	printf("%s\n", seen(SIGPROF));
	sigaction(SIGVTALRM, &(struct sigaction){ .sa_handler = SIG_IGN }, &old);
	printf("old %d, %s\n", old.sa_handler == SIG_DFL, seen(SIGVTALRM));

	sigaltstack(&stack, NULL);
	set(SIGXCPU, handler, SA_ONSTACK);
	raise(SIGXCPU);
	printf("%s, handled %d\n", seen(SIGXCPU), handled == SIGXCPU);
	set(SIGXCPU, SIG_DFL, 0);
	printf("%s, raised %d\n", seen(SIGXCPU), raised(SIGXCPU));
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);

	set(SIGSYS, SIG_IGN, 0);
	printf("%s, raised %d\n", seen(SIGSYS), raised(SIGSYS));
	set(SIGSYS, handler, 0);
	raise(SIGSYS);
	printf("%s, handled %d\n", seen(SIGSYS), handled == SIGSYS);
	set(SIGSYS, SIG_DFL, 0);
	printf("%s, raised %d\n", seen(SIGSYS), raised(SIGSYS));
}

static int count_changed(struct dl_phdr_info *info, size_t size, void *of)
{
	(void)size;
	if (!strstr(info->dlpi_name, of))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		const unsigned char *code = (const unsigned char *)(info->dlpi_addr + part->p_vaddr), *file;
		int descriptor = open(info->dlpi_name, O_RDONLY), changed = 0;
		struct stat about;

		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) {
			close(descriptor);
			continue;
		}
		fstat(descriptor, &about);
		file = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
		for (size_t at = 0; at < part->p_filesz; at++)
			changed += code[at] != file[part->p_offset + at];
		fprintf(stderr, "changed %d\n", changed);
		close(descriptor);
	}
	return 1;
}

struct state {
	uint64_t rdi, rsi, rdx, r10, flags, rax, changed;
};

static void try_flags_and_registers(const char *path)
{
	void *object = dlopen(path, RTLD_NOW);
	void (*try_site)(struct state *) = (void (*)(struct state *))dlsym(object, "try_site");
	struct { uint64_t handler, flags, restorer, mask; } by_default = { 0 }, ignored = { 1, 0, 0, 0 }, old, *far = malloc(8192);
	const uint64_t flags[] = { 0, 0x801, 0x8d5, 0x44, 0x90 };

	memset(far, 0, 8192);
	for (int round = 0; round < 4; round++)
		for (int i = 0; i < 5; i++) {
			struct state states[] = {
				{ SIGUSR1, (uintptr_t)&by_default, 0, 8, flags[i], 0, 0 },
				{ SIGUSR1, (uintptr_t)&ignored, (uintptr_t)&old, 8, flags[i], 0, 0 },
				{ SIGUSR1, 0, (uintptr_t)&old, 8, flags[i], 0, 0 },
				{ SIGUSR1, (uintptr_t)far, 0, 8, flags[i], 0, 0 },
				{ SIGUSR1, (uintptr_t)&by_default, 0, 7, flags[i], 0, 0 },
				{ SIGUSR1, (uintptr_t)&by_default, 8, 8, flags[i], 0, 0 },
				{ SIGUSR1, 8, 0, 8, flags[i], 0, 0 },
				{ SIGUSR1 | 0xabcd00000000, (uintptr_t)&by_default, 0, 8, flags[i], 0, 0 },
				{ SIGKILL, (uintptr_t)&by_default, 0, 8, flags[i], 0, 0 },
				{ SIGSYS, (uintptr_t)&by_default, 0, 8, flags[i], 0, 0 },
				{ 0, (uintptr_t)&by_default, 0, 8, flags[i], 0, 0 },
				{ 65, (uintptr_t)&by_default, 0, 8, flags[i], 0, 0 },
			};

			for (size_t n = 0; n < sizeof(states) / sizeof(*states); n++) {
				try_site(&states[n]);
				printf("%ld/%lx ", (long)states[n].rax, states[n].changed);
			}
			puts("");
		}
	dl_iterate_phdr(count_changed, (void *)path);
}

/* 4 GiB below the libraries, and every gap between them. */
static void take_what_is_near(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *below = mmap(NULL, 4ul << 30, PROT_READ, flags, -1, 0), *page;

	do
		page = mmap(NULL, 4096, PROT_READ, flags, -1, 0);
	while (page != MAP_FAILED && page > below);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	_Bool is_late = argc > 1 && !strcmp(argv[1], "late");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2) {
		try_flags_and_registers(argv[2]);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "large"))
		take_what_is_near();
	if (argc > 1 && !strcmp(argv[1], "calls"))
		for (int i = 0; i < 4; i++)
			set(SIGUSR1, SIG_DFL, 0);
	printf("spawned %d\n", is_late ? 0 : spawned());
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, (void *)(intptr_t)i);
	for (int i = 0; i < 50; i++)
		wrong += spawned() != 0;
	one_signal_after_another();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("spawned %d, wrong %d\n", spawned(), wrong);
	dl_iterate_phdr(count_changed, LIBC);
	return 0;
}
