// SPDX-License-Identifier: MIT
/*
 * Makes random system calls and says what became of each: the result, and what it changed. What it says must be the same under the shim.
 *
 *	calls SEED FIRST COUNT SIZE		one line for each block of SIZE calls, with a hash of what they said
 *	calls SEED BLOCK 1 SIZE all [I,J,...]	what each call of a block said; or only these calls are made
 *
 * A block is a process of its own that begins without handlers, masks and stacks, and its calls depend on each other through these. A call depends
 * on (SEED, BLOCK, I) alone, so those before it can be left out. All memory that calls get lies at the same addresses in every run.
 *
 * What is not tried, and why (the names are those of docs/reliability.md):
 *  shared-stack: CLONE_VM without CLONE_VFORK gets a stack of its own, for two tasks on one destroy each other natively, too.
 *  thread-that-dies: CLONE_THREAD gets a good stack, for a fault of it ends the block. The bad ones are tried by processes.
 *  tiny-stack: no handler is entered on a small or absent alternate stack: docs/emulation.md, "the least that works has 16 bytes more".
 *  stops: no signal that stops is sent: docs/emulation.md, SIGSTOP.
 *  plain-handlers: uc_stack, and SIGSYS in the masks, of a handler without SA_ONSTACK: docs/emulation.md, "sees the slot in uc_stack".
 *  half-copied: what lies in memory after EFAULT: docs/emulation.md, "the bytes before".
 *  disarmed: while SS_AUTODISARM is in force no handler without SA_ONSTACK is entered, and none sets another stack: docs/emulation.md, "is not
 *  disarmed".
 *  namespaces: a new network namespace is made once in 2000 clones: it takes the kernel longer than all else.
 *  chosen-pids: set_tid names pids that cannot be had, for one that is free here may not be in the next run.
 */
#include "fuzz.h"

#define ARENA 0x100000000000ull
#define PAGE 4096ull
#define WRITABLE ARENA /* two pages, then a hole */
#define READABLE (ARENA + 3 * PAGE) /* the same two pages, then a hole */
#define RECORD (ARENA + 16 * PAGE) /* what tasks tell each other */
#define RECORD_SIZE (64 * PAGE)
#define STACKS (ARENA + 0x1000000)
#define STACK_SIZE 0x10000ull
#define ALT(n) (STACKS + (uint64_t)(n)*2 * STACK_SIZE)
#define LOCAL 0x10c000000ull /* stands for the memory beside the stack pointer */
#define LOCAL_SIZE 256
#define PATTERN 0xa5
#define GARBAGE_HANDLER 0x1234

enum context { DIRECT, FORKED, IN_HANDLER, IN_HANDLER_ON_STACK, IN_CHILD };
enum kind { SIGPROCMASK, SIGACTION, SIGALTSTACK, CLONE, CLONE3, VFORK, RAISE };

struct call {
	enum kind kind;
	enum context context;
	long nr;
	uint64_t a[6], handler_mask, handler_flags;
	_Bool makes_child, is_vfork_like;
	uint64_t flags, exit_signal, parent_tid, child_tid, pidfd; /* of those that make one */
	uint64_t content_at; /* where an argument lies, and what it is */
	size_t content_size;
	char content[2 * PAGE];
};

struct seen {
	_Bool ran, is_done;
	int32_t pid, tid, ppid;
	uint64_t mask, pending, base;
	struct altstack altstack;
	struct action actions[3];
};

static struct text *const text = (struct text *)RECORD;
static struct seen *const child_saw = (struct seen *)(RECORD + 2048);
static uint64_t random_state;
static struct call *current;
static long private_word;
static _Bool in_plain_handler;
static int probes[3];
static struct action usr2_before;
static const char no_local[LOCAL_SIZE];

static uint64_t any(void)
{
	return mix(&random_state);
}

static uint64_t below(uint64_t n)
{
	return any() % n;
}

static _Bool one_in(uint64_t n)
{
	return !below(n);
}

#define ONE_OF(list) (list)[below(sizeof(list) / sizeof((list)[0]))]

/* --- handlers */

static const char *place_of(const void *address)
{
	uint64_t at = (uint64_t)address;

	return at - ALT(0) < STACK_SIZE ? "one" : at - ALT(1) < STACK_SIZE ? "two" : "main";
}

static uint64_t shown(uint64_t mask)
{
	return in_plain_handler ? mask & ~BIT(SIGSYS) : mask;
}

static _Bool is_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP || sig == SIGSYS;
}

static void tell_handler(const char *name, int sig, siginfo_t *info, void *context)
{
	struct action now = action_now(sig);
	const ucontext_t *uc = context;
	_Bool was = in_plain_handler;
	uint64_t before;
	char here;

	if (is_fault(sig) && info->si_code > 0) {
		put(text, " fault %d on %s", sig, place_of(&here));
		RAW(__NR_exit_group, 99);
	}
	memcpy(&before, &uc->uc_sigmask, 8);
	/* after SA_RESETHAND the flags stay */
	in_plain_handler = !(now.flags & SA_ONSTACK);
	put(text, " <%s %d code %d on %s mask %x before %x", name, sig, now.flags & SA_SIGINFO ? info->si_code : 0, place_of(&here), shown(mask_now()),
	    shown(before));
	if (!in_plain_handler)
		put(text, " stack %s %x %x", place_of(uc->uc_stack.ss_sp), (uint64_t)(uint32_t)uc->uc_stack.ss_flags, (uint64_t)uc->uc_stack.ss_size);
	put(text, ">");
	in_plain_handler = was;
}

static void handler_a(int sig, siginfo_t *info, void *context)
{
	tell_handler("a", sig, info, context);
}

static void handler_b(int sig, siginfo_t *info, void *context)
{
	tell_handler("b", sig, info, context);
}

static _Bool is_ours(const struct action *action)
{
	return action->handler == (uint64_t)handler_a || action->handler == (uint64_t)handler_b;
}

/* tiny-stack */
static _Bool stack_is_good(void)
{
	struct altstack now = altstack_now();

	return !now.size || ((now.sp == ALT(0) || now.sp == ALT(1)) && now.size >= 16384 && now.size <= STACK_SIZE);
}

enum effect { HARMLESS, DEADLY, NOT_TRIED };

/* What becomes of who gets this signal now. */
static enum effect effect_of(int sig)
{
	struct action now = action_now(sig);

	if (sig < 1 || sig > 64)
		return HARMLESS;
	if (is_stop(sig))
		return now.handler == (uint64_t)SIG_IGN ? HARMLESS : NOT_TRIED;
	if (now.handler == (uint64_t)SIG_IGN || (now.handler == (uint64_t)SIG_DFL && is_mild(sig)))
		return HARMLESS;
	if (now.handler != (uint64_t)SIG_DFL && now.flags & SA_ONSTACK && !stack_is_good())
		return NOT_TRIED;
	if (now.handler != (uint64_t)SIG_DFL && !(now.flags & SA_ONSTACK) && altstack_now().flags & SS_AUTODISARM) /* disarmed */
		return NOT_TRIED;
	return is_ours(&now) && now.flags & RESTORER && now.restorer == (uint64_t)restorer ? HARMLESS : DEADLY;
}

/* --- memory */

/* Where the byte of an address can be read and written by us; NULL: nowhere. */
static char *byte_at(uint64_t address, char *local)
{
	if (address - WRITABLE < 2 * PAGE)
		return (char *)address;
	if (address - READABLE < 2 * PAGE)
		return (char *)(address - READABLE + WRITABLE);
	if (local && address - LOCAL < LOCAL_SIZE)
		return local + (address - LOCAL);
	return NULL;
}

static uint64_t word_at(uint64_t address, char *local)
{
	unsigned char bytes[4] = { 0 };

	for (unsigned int i = 0; i < 4; i++) {
		char *byte = byte_at(address + i, local);

		if (!byte)
			return 0xbad;
		bytes[i] = (unsigned char)*byte;
	}
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint64_t)bytes[3] << 24;
}

static void set_word(uint64_t address, char *local, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++) {
		char *byte = byte_at(address + i, local);

		if (byte)
			*byte = (char)(value >> 8 * i);
	}
}

/* --- children */

static uint64_t thread_base(void)
{
	uint64_t base = 0;

	RAW(__NR_arch_prctl, 0x1003 /* ARCH_GET_FS */, &base);
	return base;
}

static void execute(struct call *call);

/* A child on whatever stack; it does what the parent may see, and ends. */
__attribute__((noreturn, used)) static void child_begins(void)
{
	struct seen *seen = child_saw;
	struct call *call = current;
	struct action action = { (uint64_t)handler_b, RESTORER, (uint64_t)restorer, usr2_before.mask ^ BIT(SIGHUP) };

	if (call->context == IN_CHILD) {
		call->context = DIRECT;
		put(text, " child:");
		execute(call);
		RAW(__NR_exit_group, 3);
	}
	seen->ran = 1;
	seen->pid = (int32_t)RAW(__NR_getpid);
	seen->tid = (int32_t)RAW(__NR_gettid);
	seen->ppid = (int32_t)RAW(__NR_getppid);
	seen->mask = mask_now();
	seen->pending = pending_now();
	seen->altstack = altstack_now();
	seen->base = thread_base();
	for (int i = 0; i < 3; i++)
		seen->actions[i] = action_now(probes[i]);
	private_word = 1;
	RAW(__NR_dup2, 0, 50);
	RAW(__NR_umask, 0123);
	RAW(__NR_rt_sigaction, SIGUSR2, &action, 0, 8);
	seen->is_done = 1;
	if (call->flags & CLONE_THREAD)
		RAW(__NR_exit, 0);
	RAW(__NR_exit_group, 5);
	__builtin_unreachable();
}

/* The call itself. A child on the same stack stays below this frame, while the parent is suspended. */
static long issue(long nr, uint64_t *a, uint64_t makes_child)
{
	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	uint64_t rdi = a[0], rsi = a[1], rdx = a[2];
	long result = nr;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "test %%rbx, %%rbx\n\t"
			 "jz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "and $-16, %%rsp\n\t"
			 "call *%%rbx\n\t"
			 "hlt\n"
			 "1:"
			 : "+a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
			 : "b"(makes_child ? (uint64_t)child_begins : 0)
			 : "rcx", "r11", "memory", "cc");
	if (rdi != a[0] || rsi != a[1] || rdx != a[2] || r10 != a[3] || r8 != a[4] || r9 != a[5])
		put(text, " registers lost");
	return result;
}

static const char *who(long id, long child)
{
	return id == child ? "child" : id == RAW(__NR_getpid) ? "self" : id == RAW(__NR_getppid) ? "parent" : id == 1 ? "1" : id == 0 ? "0" : "another";
}

/* Until the child is gone, whatever it is. */
static void await(const struct call *call, int child)
{
	int status = 0;
	long result;

	if (call->flags & CLONE_THREAD) {
		while (RAW(__NR_tgkill, RAW(__NR_getpid), child, 0) != -ESRCH)
			RAW(__NR_sched_yield);
		return;
	}
	if (call->flags & CLONE_PARENT) {
		while (RAW(__NR_kill, child, 0) != -ESRCH)
			RAW(__NR_sched_yield);
		return;
	}
	while ((result = RAW(__NR_wait4, child, &status, __WALL, 0)) == -EINTR)
		;
	put(text, " wait %s %x", result < 0 ? "none" : "it", result < 0 ? (uint64_t)-result : (uint64_t)status);
}

static const char *tid_word(uint64_t address, char *local, long child, uint64_t *value)
{
	*value = word_at(address, local);
	if (*value == (uint64_t)child) {
		set_word(address, local, 0x70707070);
		return "tid";
	}
	return *value == 0xbad ? "unreachable" : *value == 0xa5a5a5a5 ? "untouched" : "other";
}

static void tell_child(const struct call *call, char *local, long child)
{
	const struct seen *seen = child_saw;
	uint64_t value;
	const char *word;
	uint64_t fd = call->flags & CLONE_PIDFD ? word_at(call->pidfd, local) : 0xbad;

	if (fd < 100) {
		struct pollfd one = { (int)fd, POLLIN, 0 };

		uint64_t flags = (uint64_t)RAW(__NR_fcntl, fd, F_GETFD);

		await(call, (int)child);
		put(text, " pidfd %x flags %x", fd, flags);
		if (!(call->flags & CLONE_THREAD)) /* its tid may be gone before its pidfd says so */
			put(text, " ends %x", RAW(__NR_poll, &one, 1, 10000) ? (uint64_t)one.revents : 0);
		RAW(__NR_close, fd);
	} else {
		await(call, (int)child);
	}
	word = tid_word(call->parent_tid, local, child, &value);
	put(text, " ptid %s %x", word, *word == 'o' ? value : 0);
	word = tid_word(call->child_tid, local, child, &value);
	put(text, " ctid %s %x", word, *word == 'o' ? value : 0);
	put(text, " shares%s%s%s%s", private_word ? " memory" : "", RAW(__NR_fcntl, 50, F_GETFD) >= 0 ? " files" : "",
	    RAW(__NR_umask, 022) == 0123 ? " fs" : "", action_now(SIGUSR2).mask != usr2_before.mask ? " handlers" : "");
	RAW(__NR_close, 50);
	private_word = 0;
	if (!seen->ran) {
		put(text, " never ran");
		return;
	}
	put(text, "%s pid %s tid %s ppid %s mask %x pending %x", seen->is_done ? "" : " died", who(seen->pid, child), who(seen->tid, child),
	    who(seen->ppid, child), shown(seen->mask), shown(seen->pending));
	put(text, " stack %x %x %x", seen->altstack.sp, (uint64_t)seen->altstack.flags, seen->altstack.size);
	if (seen->base == thread_base())
		put(text, " base same");
	else
		put(text, " base %x", seen->base);
	for (int i = 0; i < 3; i++)
		put(text, " action %d %x %x %x", probes[i], seen->actions[i].handler, seen->actions[i].flags, seen->actions[i].mask);
}

/* --- one call */

static uint64_t real_address(uint64_t address, char *local)
{
	return address - LOCAL < LOCAL_SIZE ? (uint64_t)local + (address - LOCAL) : address;
}

static _Bool is_pointer(const struct call *call, int i)
{
	switch (call->kind) {
	case SIGPROCMASK:
	case SIGACTION:
		return i == 1 || i == 2;
	case SIGALTSTACK:
		return i < 2;
	case CLONE:
		return i >= 1 && i <= 3;
	case CLONE3:
		return i == 0;
	default:
		return 0;
	}
}

static void tell_state(const struct call *call, const char *local)
{
	struct altstack stack = altstack_now();
	struct action action;
	uint64_t hash = hash_of(1, (void *)WRITABLE, 2 * PAGE);

	put(text, " | mask %x pending %x stack %x %x %x memory %x", shown(mask_now()), shown(pending_now()), stack.sp, (uint64_t)stack.flags, stack.size,
	    hash_of(hash, local, LOCAL_SIZE));
	if (call->kind != SIGACTION && call->kind != RAISE)
		return;
	action = action_now((int)call->a[call->kind == RAISE ? 2 : 0]);
	put(text, " action %x %x %x %x", action.handler, action.flags, action.restorer, action.mask);
}

/* What is pending is taken, for it would end the block when it is unblocked. */
static void drain(void)
{
	static const struct timespec at_once;
	uint64_t every = ~0ull;
	siginfo_t info;
	long sig;

	while ((sig = RAW(__NR_rt_sigtimedwait, &every, &info, &at_once, 8)) > 0)
		put(text, " taken %d %d", (int)sig, info.si_code);
}

__attribute__((noinline)) static void execute(struct call *call)
{
	char local[LOCAL_SIZE] __attribute__((aligned(64)));
	uint64_t a[6], at;
	long result;

	memset((void *)WRITABLE, PATTERN, 2 * PAGE);
	memset(local, PATTERN, sizeof(local));
	memset(child_saw, 0, sizeof(*child_saw));
	for (at = 0; at < call->content_size; at++) {
		char *byte = byte_at(call->content_at + at, local);

		if (byte)
			*byte = call->content[at];
	}
	if (call->kind == CLONE3) {
		/* pointers in the arguments: pidfd, child_tid, parent_tid */
		static const int words[] = { 1, 2, 3 };

		for (unsigned int i = 0; i < 3; i++) {
			uint64_t value, put_at = call->content_at + 8 * (uint64_t)words[i];

			memcpy(&value, call->content + 8 * words[i], 8);
			value = real_address(value, local);
			for (unsigned int j = 0; j < 8; j++) {
				char *byte = byte_at(put_at + j, local);

				if (byte && 8 * (unsigned int)words[i] + j < call->content_size)
					*byte = ((char *)&value)[j];
			}
		}
	}
	for (int i = 0; i < 6; i++)
		a[i] = is_pointer(call, i) ? real_address(call->a[i], local) : call->a[i];
	if (call->kind == RAISE) {
		a[0] = (uint64_t)RAW(__NR_getpid);
		a[1] = (uint64_t)RAW(__NR_gettid);
	}
	current = call;
	usr2_before = action_now(SIGUSR2);
	result = issue(call->nr, a, call->makes_child);
	if (result > 0 && call->makes_child) {
		/* the signal of its end may come before the call returns, or after */
		tell_child(call, local, result);
		put(text, " = child");
	} else {
		put(text, " = %d", (int)result);
	}
	if (call->kind == CLONE3) {
		/* addresses of this run */
		for (at = 8; at < 32 && call->content_at - LOCAL < LOCAL_SIZE + PAGE; at++)
			if (byte_at(call->content_at + at, local))
				*byte_at(call->content_at + at, local) = 0;
		for (at = 8; at < 32; at++)
			if (byte_at(call->content_at + at, local))
				*byte_at(call->content_at + at, local) = 0;
	}
	/* half-copied */
	if (result == -EFAULT && call->kind <= SIGALTSTACK) {
		memset((void *)WRITABLE, PATTERN, 2 * PAGE);
		memset(local, PATTERN, sizeof(local));
	}
	tell_state(call, local);
}

static void forked(struct call *call)
{
	uint32_t before = text->size;
	long pid = RAW(__NR_clone, 0), result; /* its end is told by no signal */
	int status;

	if (!pid) {
		put(text, " forked:");
		execute(call);
		drain();
		RAW(__NR_exit_group, 0);
	}
	/* CLONE_PARENT has made our children of its own */
	for (;;) {
		result = RAW(__NR_wait4, -1, &status, __WALL, 0);
		if (result == -EINTR)
			continue;
		if (result < 0)
			break;
		if (result == pid && WIFSIGNALED(status)) /* how far it came is chance */
			text->size = before;
		put(text, " ended %s %x", result == pid ? "it" : "another", (uint64_t)status);
	}
}

static void context_handler(int sig, siginfo_t *info, void *context)
{
	struct action now = action_now(sig);

	(void)info;
	(void)context;
	in_plain_handler = !(now.flags & SA_ONSTACK);
	put(text, " in handler on %s:", place_of(&now));
	execute(current);
	in_plain_handler = 0;
}

static void in_handler(struct call *call)
{
	int sig = call->context == IN_HANDLER ? 63 : 64;
	struct action before, action = { (uint64_t)context_handler, RESTORER | call->handler_flags, (uint64_t)restorer, call->handler_mask };

	/* plain-handlers */
	if (sig == 63)
		action.mask &= ~BIT(SIGSYS);
	else
		action.flags |= SA_ONSTACK;
	if (mask_now() & BIT(sig) || (sig == 64 && !stack_is_good()) || (altstack_now().flags & SS_AUTODISARM && (sig == 63 || call->kind == SIGALTSTACK))) { /* disarmed */
		execute(call);
		return;
	}
	RAW(__NR_rt_sigaction, sig, &action, &before, 8);
	current = call;
	RAW(__NR_tgkill, RAW(__NR_getpid), RAW(__NR_gettid), sig);
	RAW(__NR_rt_sigaction, sig, &before, 0, 8);
	put(text, " after:");
	tell_state(call, no_local);
}

static void in_child(struct call *call)
{
	uint64_t none[6] = { 0 };
	int status = 0;
	long child, result;

	current = call;
	child = issue(__NR_vfork, none, 1);
	while ((result = RAW(__NR_wait4, child, &status, __WALL, 0)) == -EINTR)
		;
	put(text, " ended %d %x after:", result == child, (uint64_t)status);
	tell_state(call, no_local);
}

/* --- what is asked for */

static uint64_t any_mask(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return BIT(SIGSYS) | (one_in(2) ? BIT(1 + below(64)) : 0);
	case 3:
		return ~BIT(SIGSYS);
	case 4:
		return BIT(1 + below(64));
	case 5:
		return any() & any() & any();
	case 6:
		return any() & any();
	default:
		return any();
	}
}

/* An address for an argument of this size, whose usual place is this. */
static uint64_t any_place(uint64_t usual, size_t size)
{
	static const uint64_t wild[] = { 1, 8, ARENA + 2 * PAGE, ARENA + 2 * PAGE + 8, 0x7ffffffff000, 0x7fffffffeff8, 0x8000000000000000, 0xffff888000000000,
					 0xfffffffffffffff8, ~0ull, 0x7fffffffffffffff, 0x800000000000 };

	switch (below(16)) {
	case 0:
		return 0;
	case 1:
		return WRITABLE + below(2 * PAGE);
	case 2: /* over the boundary of two pages */
		return WRITABLE + PAGE - 1 - below(size);
	case 3: /* over the end, or just not */
		return WRITABLE + 2 * PAGE - below(size + 8);
	case 4:
		return READABLE + below(PAGE);
	case 5:
		return READABLE + 2 * PAGE - below(size + 8);
	case 6:
		return ONE_OF(wild);
	case 7:
	case 8:
	case 9:
		return LOCAL + (usual >> 8 & 3) * 64 + below(7) * 8 + (one_in(8) ? below(8) : 0);
	default:
		return usual + (one_in(8) ? below(64) : 0);
	}
}

static uint64_t any_size_of_set(void)
{
	static const uint64_t sizes[] = { 0, 4, 7, 9, 16, 128, ~0ull, 1ull << 32 | 8, 0x80000000 };

	return one_in(12) ? ONE_OF(sizes) : 8;
}

static int any_signal(void)
{
	static const int odd[] = { 0, 65, -1, 128, 0x10001, 1 << 31 };
	static const int common[] = { SIGUSR1, SIGUSR2, SIGCHLD, SIGTERM, SIGSEGV, SIGSYS, SIGURG, SIGKILL, SIGSTOP, 32, 34 };

	return one_in(20) ? ONE_OF(odd) : one_in(2) ? ONE_OF(common) : (int)(1 + below(62));
}

/* Registers hold 64 bits, of which the kernel reads 32 of an int. */
static uint64_t with_garbage(int value)
{
	return (uint32_t)value | (one_in(10) ? any() << 32 : 0);
}

static void make_sigprocmask(struct call *call)
{
	static const int hows[] = { -1, 3, 4, 1 << 30, 0x10000 };
	uint64_t mask = any_mask();

	call->kind = SIGPROCMASK;
	call->nr = __NR_rt_sigprocmask;
	call->a[0] = with_garbage(one_in(12) ? ONE_OF(hows) : (int)below(3));
	call->a[1] = any_place(WRITABLE + 0x40, 8);
	call->a[2] = any_place(WRITABLE + 0x80, 8);
	call->a[3] = any_size_of_set();
	call->content_at = call->a[1];
	call->content_size = 8;
	memcpy(call->content, &mask, 8);
}

static void make_sigaction(struct call *call)
{
	static const uint64_t known[] = { SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO, SA_ONSTACK, SA_RESTART, SA_NODEFER, SA_RESETHAND, 0x800, 0x400 };
	static const uint64_t garbage[] = { GARBAGE_HANDLER, 2, ~0ull, 0xffff888000000000, ARENA };
	struct action action = { 0 };

	call->kind = SIGACTION;
	call->nr = __NR_rt_sigaction;
	call->a[0] = with_garbage(any_signal());
	call->a[1] = any_place(WRITABLE + 0x40, sizeof(action));
	call->a[2] = any_place(WRITABLE + 0x80, sizeof(action));
	call->a[3] = any_size_of_set();
	switch (below(10)) {
	case 0:
	case 1:
		action.handler = (uint64_t)SIG_IGN;
		break;
	case 2:
	case 3:
	case 4:
		action.handler = (uint64_t)SIG_DFL;
		break;
	case 5:
		action.handler = ONE_OF(garbage);
		break;
	default:
		action.handler = one_in(2) ? (uint64_t)handler_a : (uint64_t)handler_b;
	}
	action.restorer = one_in(10) ? any() : (uint64_t)restorer;
	for (uint64_t n = below(4); n; n--)
		action.flags |= ONE_OF(known);
	action.flags |= (one_in(12) ? any() : 0) | (one_in(12) ? 0 : RESTORER);
	action.mask = any_mask();
	if (is_ours(&action) && is_fault((int)call->a[0])) /* its handler must know a fault of its own, or it never ends */
		action.flags |= SA_SIGINFO;
	call->content_at = call->a[1];
	call->content_size = sizeof(action);
	memcpy(call->content, &action, sizeof(action));
}

static void make_sigaltstack(struct call *call)
{
	static const uint64_t places[] = { 0, 8, 0x1000, ARENA + 0x800000, ~0ull, 0xffff888000000000, ALT(0) + 1 };
	static const uint64_t sizes[] = { 0, 1, 2047, 2048, 2049, 4096, 8192, ~0ull, 1ull << 63, 53248, 65536 };
	static const uint32_t flags[] = { 0, 1, 2, 3, 4, SS_AUTODISARM, SS_AUTODISARM | 1, SS_AUTODISARM | 2, SS_AUTODISARM | 3, 1 << 30, 8 };
	struct altstack stack = { .pad = one_in(4) ? 0xffffffff : 0 };

	call->kind = SIGALTSTACK;
	call->nr = __NR_sigaltstack;
	call->a[0] = any_place(WRITABLE + 0x40, sizeof(stack));
	call->a[1] = any_place(WRITABLE + 0x80, sizeof(stack));
	stack.sp = one_in(5) ? ONE_OF(places) : ALT(below(2));
	stack.size = one_in(4) ? ONE_OF(sizes) : one_in(4) ? 51000 + 8 * below(300) : STACK_SIZE;
	stack.flags = one_in(2) ? 0 : one_in(8) ? (uint32_t)any() : ONE_OF(flags);
	call->content_at = call->a[0];
	call->content_size = sizeof(stack);
	memcpy(call->content, &stack, sizeof(stack));
}

static uint64_t any_flags(void)
{
	static const uint64_t bases[] = { CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_VFORK, CLONE_VFORK, CLONE_VM, 0,
					  CLONE_VM | CLONE_SIGHAND, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_VM | CLONE_VFORK | CLONE_SIGHAND,
					  CLONE_VM | CLONE_VFORK | CLONE_SIGHAND | CLONE_THREAD };
	static const uint64_t more[] = { CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_PIDFD, CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD, CLONE_SYSVSEM,
					 CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_DETACHED, CLONE_UNTRACED, CLONE_CHILD_SETTID, CLONE_IO,
					 CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID };
	static const uint64_t spaces[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID };
	uint64_t flags;

	if (one_in(12)) {
		flags = (uint32_t)(any() & any());
		flags &= ~(uint64_t)(one_in(4) ? 0 : CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID);
	} else {
		flags = ONE_OF(bases);
		for (uint64_t n = below(4); n; n--)
			flags |= ONE_OF(more);
		if (one_in(16))
			flags |= ONE_OF(spaces);
	}
	flags &= ~0xffull;
	/* namespaces */
	flags &= ~(uint64_t)CLONE_NEWNET;
	if (one_in(2000))
		flags |= CLONE_NEWNET;
	return flags;
}

static int any_exit_signal(void)
{
	return one_in(2) ? SIGCHLD : one_in(3) ? 0 : one_in(4) ? (int)(64 + below(192)) : (int)(1 + below(64));
}

static const uint64_t bad_stacks[] = { 8, 0x1000, ARENA + 0x800000, 0xffff888000000000, ~15ull, 0x7ffffffff000, 0x800000000000, READABLE + PAGE };

/* A signal at the child's end must not end or stop the block. */
static int settle(struct call *call, int exit_signal)
{
	enum effect effect = effect_of(exit_signal);

	if (call->flags & (CLONE_PARENT | CLONE_THREAD))
		return exit_signal;
	if (effect == NOT_TRIED)
		return effect_of(SIGCHLD) == HARMLESS ? SIGCHLD : 0;
	if (effect == DEADLY)
		call->context = FORKED;
	return exit_signal;
}

static _Bool is_thread(uint64_t flags)
{
	const uint64_t all = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;

	return (flags & all) == all;
}

static uint64_t canonical(uint64_t address)
{
	return address - READABLE < 2 * PAGE ? address - READABLE + WRITABLE : address;
}

static _Bool overlap(uint64_t word, uint64_t other)
{
	word = canonical(word);
	other = canonical(other);
	return word != other && word - other + 3 < 7;
}

/* The bytes of a pid are known only where they lie in order. */
static uint64_t apart(uint64_t word, uint64_t other, uint64_t usual)
{
	return !overlap(word, other) ? word : !overlap(usual, other) ? usual : usual + 0x40;
}

static void make_clone(struct call *call)
{
	int exit_signal;

	call->kind = CLONE;
	call->nr = __NR_clone;
	call->makes_child = 1;
	call->flags = any_flags();
	exit_signal = settle(call, any_exit_signal());
	call->exit_signal = (uint64_t)exit_signal;
	call->a[1] = one_in(2) ? 0 : one_in(5) ? ONE_OF(bad_stacks) : ALT(3) - (one_in(4) ? below(64) : 0);
	if (is_thread(call->flags) && call->a[1]) /* thread-that-dies */
		call->a[1] = ALT(3) - 64;
	if ((call->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM && !call->a[1]) /* shared-stack */
		call->a[1] = ALT(3);
	call->a[0] = call->flags | ((uint64_t)exit_signal & 0xff) | (one_in(6) ? any() << 32 : 0);
	call->a[2] = call->parent_tid = call->pidfd = any_place(WRITABLE + 0x100, 4);
	call->a[3] = call->child_tid = one_in(8) ? call->parent_tid : apart(any_place(WRITABLE + 0x200, 4), call->parent_tid, WRITABLE + 0x200);
	if (call->flags & CLONE_PIDFD && call->child_tid == call->pidfd) /* both are written at once */
		call->a[3] = call->child_tid = WRITABLE + 0x200;
	call->a[4] = one_in(6) ? 0x8000000000000000 : WRITABLE + 0x300;
}

static void make_clone3(struct call *call)
{
	static const uint64_t sizes[] = { 0, 8, 63, 64, 65, 72, 80, 87, 88, 89, 96, 128, 4095, 4096, 4097, ~0ull, 1ull << 32 | 88, 1ull << 63 };
	static const uint64_t odd[] = { 1ull << 33, CLONE_CLEAR_SIGHAND, CLONE_CLEAR_SIGHAND, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, CLONE_NEWTIME, 1ull << 35,
					1ull << 63, 1, SIGCHLD };
	uint64_t size = one_in(3) ? ONE_OF(sizes) : one_in(2) ? 88 : 64, stack, stack_size, exit_signal;
	uint64_t args[11] = { 0 };

	call->kind = CLONE3;
	call->nr = __NR_clone3;
	call->makes_child = 1;
	call->flags = any_flags();
	/* every call would be refused */
	if (!one_in(8))
		call->flags &= ~(uint64_t)CLONE_DETACHED;
	if (one_in(5))
		call->flags |= ONE_OF(odd);
	exit_signal = call->flags & (CLONE_THREAD | CLONE_PARENT) && !one_in(4) ? 0 : (uint64_t)any_exit_signal();
	exit_signal = (uint64_t)settle(call, (int)exit_signal) | (one_in(20) ? any() << 32 : 0);
	stack = one_in(2) ? 0 : one_in(5) ? ONE_OF(bad_stacks) : ALT(2);
	stack_size = (stack && !one_in(8)) || one_in(12) ? (one_in(8) ? any() >> below(64) : STACK_SIZE) : 0;
	if (is_thread(call->flags)) { /* thread-that-dies */
		stack = call->flags & CLONE_VFORK && one_in(2) ? 0 : ALT(2);
		stack_size = stack ? STACK_SIZE : 0;
	}
	if ((call->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM && !stack && !stack_size) { /* shared-stack */
		stack = ALT(2);
		stack_size = STACK_SIZE;
	}
	call->exit_signal = exit_signal;
	call->a[0] = any_place(WRITABLE + 0x400, size > 128 ? 88 : size + 1);
	if (call->a[0] - LOCAL < LOCAL_SIZE)
		call->a[0] = LOCAL + LOCAL_SIZE - 88;
	args[0] = call->flags;
	args[1] = call->pidfd = any_place(WRITABLE + 0x300, 4);
	args[2] = call->child_tid = apart(any_place(WRITABLE + 0x200, 4), call->pidfd, WRITABLE + 0x200);
	if (call->child_tid == call->pidfd) /* both are written at once */
		args[2] = call->child_tid = WRITABLE + 0x240;
	args[3] = one_in(12) ? call->pidfd : one_in(8) ? call->child_tid : any_place(WRITABLE + 0x100, 4);
	args[3] = call->parent_tid = apart(apart(args[3], call->pidfd, WRITABLE + 0x100), call->child_tid, WRITABLE + 0x100);
	args[4] = exit_signal;
	args[5] = stack;
	args[6] = stack_size;
	for (int i = 1; i < 4; i++)
		if (canonical(args[i]) - canonical(call->a[0]) + 3 < 91) { /* the words lie beside the arguments */
			args[1] = call->pidfd = WRITABLE + 0x300;
			args[2] = call->child_tid = WRITABLE + 0x200;
			args[3] = call->parent_tid = WRITABLE + 0x100;
			call->a[0] = WRITABLE + 0x400;
		}
	args[7] = one_in(6) ? 0x8000000000000000 : WRITABLE + 0x300;
	if (one_in(10)) { /* chosen-pids: the pattern of the memory there is a negative number */
		args[8] = one_in(4) ? any_place(0, 4) : WRITABLE + 0x380;
		args[9] = one_in(4) ? any() >> below(64) : 1;
	}
	args[10] = one_in(8) ? any() >> below(64) : call->flags & CLONE_INTO_CGROUP ? (one_in(2) ? 0 : 1000) : 0;
	call->a[1] = size;
	call->content_at = call->a[0];
	call->content_size = size > sizeof(call->content) ? 88 : size;
	memset(call->content, 0, call->content_size);
	memcpy(call->content, args, sizeof(args));
	if (call->content_size > 88 && one_in(2))
		call->content[88 + below(call->content_size - 88)] = 1;
}

static void make_vfork(struct call *call)
{
	enum effect effect = effect_of(SIGCHLD);

	if (effect == NOT_TRIED) {
		make_sigprocmask(call);
		return;
	}
	if (effect == DEADLY)
		call->context = FORKED;
	call->kind = VFORK;
	call->nr = __NR_vfork;
	call->makes_child = 1;
	call->flags = CLONE_VM | CLONE_VFORK;
}

static void make_raise(struct call *call)
{
	int sig = any_signal();

	if (effect_of(sig) == NOT_TRIED)
		sig = SIGURG;
	if (effect_of(sig) == NOT_TRIED)
		sig = 0;
	call->kind = RAISE;
	call->nr = __NR_tgkill;
	call->a[2] = with_garbage(sig);
	if (effect_of(sig) == DEADLY)
		call->context = FORKED;
}

static void make(struct call *call)
{
	uint64_t kind = below(100);

	memset(call, 0, offsetof(struct call, content));
	for (int i = 0; i < 3; i++)
		probes[i] = (int)(1 + below(64));
	call->handler_mask = any_mask();
	call->handler_flags = one_in(3) ? SA_NODEFER : 0;
	call->context = one_in(8) ? IN_HANDLER : one_in(8) ? IN_HANDLER_ON_STACK : DIRECT;
	if (kind < 22)
		make_sigprocmask(call);
	else if (kind < 46)
		make_sigaction(call);
	else if (kind < 60)
		make_sigaltstack(call);
	else if (kind < 76)
		make_clone(call);
	else if (kind < 90)
		make_clone3(call);
	else if (kind < 92)
		make_vfork(call);
	else
		make_raise(call);
	if (call->kind <= SIGALTSTACK && call->context == DIRECT && one_in(12) && effect_of(SIGCHLD) == HARMLESS)
		call->context = IN_CHILD;
}

/* --- as C */

static void tell_flags(uint64_t flags)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} names[] = {
#define NAME(flag) { CLONE_##flag, #flag "|" }
		NAME(VM), NAME(FS), NAME(FILES), NAME(SIGHAND), NAME(PIDFD), NAME(PTRACE), NAME(VFORK), NAME(PARENT), NAME(THREAD), NAME(NEWNS),
		NAME(SYSVSEM), NAME(SETTLS), NAME(PARENT_SETTID), NAME(CHILD_CLEARTID), NAME(DETACHED), NAME(UNTRACED), NAME(CHILD_SETTID),
		NAME(NEWCGROUP), NAME(NEWUTS), NAME(NEWIPC), NAME(NEWUSER), NAME(NEWPID), NAME(NEWNET), NAME(IO),
#undef NAME
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit) {
			put(text, "%s", names[i].name);
			flags &= ~names[i].bit;
		}
	put(text, "%x", flags);
}

static void tell_call(const struct call *call)
{
	static const char *const contexts[] = { "", "forked ", "in-handler ", "in-handler-on-stack ", "in-child " };
	const uint64_t *a = call->a;
	uint64_t c[11];

	memcpy(c, call->content, sizeof(c));
	put(text, "%s", contexts[call->context]);
	switch (call->kind) {
	case SIGPROCMASK:
		put(text, "rt_sigprocmask(%x, %x{%x}, %x, %x)", a[0], a[1], c[0], a[2], a[3]);
		break;
	case SIGACTION:
		put(text, "rt_sigaction(%x, %x{handler %x flags %x restorer %x mask %x}, %x, %x)", a[0], a[1], c[0], c[1], c[2], c[3], a[2], a[3]);
		break;
	case SIGALTSTACK:
		put(text, "sigaltstack(%x{%x %x %x}, %x)", a[0], c[0], c[1], c[2], a[1]);
		break;
	case CLONE:
		put(text, "clone(");
		tell_flags(a[0]);
		put(text, ", %x, %x, %x, %x)", a[1], a[2], a[3], a[4]);
		break;
	case CLONE3:
		put(text, "clone3(%x{", a[0]);
		tell_flags(c[0]);
		put(text, " pidfd %x ctid %x ptid %x exit %x stack %x %x tls %x set_tid %x %x cgroup %x}, %x)", c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8],
		    c[9], c[10], a[1]);
		break;
	case VFORK:
		put(text, "vfork()");
		break;
	case RAISE:
		put(text, "tgkill(self, self, %x)", a[2]);
		break;
	}
}

/* --- blocks */

static _Bool is_wanted(const char *only, unsigned int i)
{
	char word[16];
	const char *at;
	int size = snprintf(word, sizeof(word), ",%u,", i);

	if (!only)
		return 1;
	at = strstr(only, word);
	(void)size;
	return !!at;
}

static uint64_t run_block(uint64_t seed, unsigned int block, unsigned int size, _Bool tells, const char *only)
{
	static struct call call;
	uint64_t hash = 1;

	for (unsigned int i = 0; i < size; i++) {
		random_state = seed * 0x100000001b3ull + block * 1000003ull + i;
		any();
		random_state ^= any();
		if (!is_wanted(only, i))
			continue;
		text->size = 0;
		put(text, "%d ", (int)i);
		make(&call);
		tell_call(&call);
		if (tells) /* in time, should it be the last one */
			RAW(__NR_write, 1, text->at, text->size);
		if (call.context == FORKED)
			forked(&call);
		else if (call.context == IN_HANDLER || call.context == IN_HANDLER_ON_STACK)
			in_handler(&call);
		else if (call.context == IN_CHILD)
			in_child(&call);
		else
			execute(&call);
		drain();
		put(text, "\n");
		hash = hash_of(hash, text->at, text->size);
		if (tells) {
			const char *after = memchr(text->at, ')', text->size);
			size_t done = 0;

			/* what has been written already */
			for (size_t at = 0; at < text->size && after; at++)
				if (text->at[at] == '=' || text->at[at] == ':') {
					while (at && text->at[at] != ')')
						at--;
					done = at + 1;
					break;
				}
			RAW(__NR_write, 1, text->at + done, text->size - done);
		}
	}
	return hash;
}

static void map(uint64_t at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (mmap((void *)at, size, protection, flags | MAP_FIXED_NOREPLACE, fd, offset) != (void *)at) {
		perror("mmap");
		exit(1);
	}
}

static _Bool is_over(pid_t block, int *status)
{
	_Bool over = 0;
	int one;
	pid_t pid;

	while ((pid = waitpid(-1, &one, WNOHANG | __WALL)) > 0)
		if (pid == block) {
			over = 1;
			*status = one;
		}
	return over;
}

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	const struct timespec patience = { 5, 0 };
	uint64_t seed;
	unsigned int block, last, size;
	_Bool tells = argc > 5;
	sigset_t chld;
	int fd;

	if (argc < 5)
		return 2;
	seed = strtoull(argv[1], NULL, 0);
	block = (unsigned int)atoi(argv[2]);
	last = block + (unsigned int)atoi(argv[3]);
	size = (unsigned int)atoi(argv[4]);
	setrlimit(RLIMIT_CORE, &no_core);
	for (int sig = 1; sig <= 64; sig++) /* what a shell has ignored for us */
		RAW(__NR_rt_sigaction, sig, &(struct action){ 0 }, 0, 8);
	/* orphans of a block that was killed are ours */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, (off_t)(2 * PAGE)))
		return 1;
	map(WRITABLE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	map(READABLE, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	map(RECORD, RECORD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 4; i++)
		map(ALT(i) - (i == 3 ? STACK_SIZE : 0), STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	text->at = (char *)(RECORD + PAGE);
	text->room = RECORD_SIZE - PAGE;
	umask(022);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (; block < last; block++) {
		uint64_t *hash = (uint64_t *)(RECORD + 3072);
		int status = 0;
		pid_t pid;

		*hash = 0;
		sigprocmask(SIG_BLOCK, &chld, NULL);
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			sigprocmask(SIG_UNBLOCK, &chld, NULL);
			*hash = run_block(seed, block, size, tells, argc > 6 ? argv[6] : NULL);
			_exit(0);
		}
		while (!is_over(pid, &status))
			if (sigtimedwait(&chld, NULL, &patience) < 0 && errno == EAGAIN)
				kill(-pid, SIGKILL);
		/* children that it left behind */
		kill(-pid, SIGKILL);
		if (!tells)
			printf("%u %016llx %x\n", block, (unsigned long long)*hash, (unsigned int)status);
		else
			printf("ended %x\n", (unsigned int)status);
		fflush(stdout);
	}
	return 0;
}
