// SPDX-License-Identifier: MIT
/*
 * Runs small programs that spawn, one a line of stdin, each in a process of its own, and says what each has told. grammar.py makes the lines:
 *
 *	OP WORD... { BLOCK } ...
 *
 * Each task tells its lane what it does. Order comes from causes: a child that is not waited for by the call is waited for at once (and reaped
 * later, if the program says so), so of parent and child only one runs at a time; each thread has a lane of its own. An image waits until its
 * parent has returned, so a parent that is released only at its end never ends. A child that has sent its parent what kills it tells nothing
 * more, for its grandparent goes on beside it.
 *
 * What is not tried, and why:
 *  stops: docs/emulation.md, SIGSTOP.
 *  process-signals: a signal is sent to a task, not to a process of several threads: docs/emulation.md, "goes to another thread".
 *  second-signal: what kills is not sent to a parent that has got a signal: docs/emulation.md, "comes second".
 *  ignored-is-kept: a CLONE_SIGHAND child sends its parent no signal that dumps core and is ignored: docs/emulation.md, "is kept".
 *  sigsys: SIGSYS is blocked, but not sent or handled: docs/emulation.md, "of SIGSYS itself".
 *  plain-handlers: no SIGSYS in the sa_mask of a handler without SA_ONSTACK: docs/emulation.md, there, too.
 *  disarmed: no SS_AUTODISARM: docs/emulation.md, "is not disarmed".
 *  shared-handlers: a CLONE_SIGHAND child sets no handlers with SA_ONSTACK: docs/emulation.md, "whose CLONE_SIGHAND child has set it".
 *  A thread of several sets no handlers, does not end and executes nothing, and no child sends it what kills: the others would be anywhere.
 */
#include "fuzz.h"

#define SHARED 0x110000000000ull
#define LANES 8
#define LANE_SIZE 32768
#define GATES 512
#define TRACE_FD 200
#define FUEL 150
#define NODES 2048
#define TASKS 4096
#define STACKS 64
#define STACK_SIZE 65536
#define DEADLINE_S 30

struct lane {
	uint32_t fuel;
	struct text text;
	char room[LANE_SIZE];
};

struct shared {
	int main_pid;
	uint32_t next_gate, gates[GATES];
	uint32_t late; /* parents that a signal should have ended while they waited */
	uint32_t ended; /* exit signals that were handled, in whatever order */
	struct lane lanes[LANES];
};

struct node {
	const char *op;
	int word_count, block_count;
	uint64_t words[6];
	int blocks[4]; /* the first node of each, -1: empty */
	const char *from[4], *to[4]; /* its text */
	int next;
};

struct task {
	int tid, lane;
	struct task *parent;
	int last, children, gate;
	uint64_t ignores, kills; /* what it ignores, and what would end it, while it waits for a child or after that */
	_Bool is_root, is_thread, below_thread, shares_memory, shares_handlers, silent, in_plain_handler, lets_go, is_suspended, got_signal, has_child;
};

static struct shared *const shared = (struct shared *)SHARED;
static struct node nodes[NODES];
static int node_count;
static struct task *tasks[TASKS];
static uint32_t task_count;
static char stacks[STACKS][STACK_SIZE] __attribute__((aligned(64)));
static uint32_t next_stack;
static int handlers[65]; /* the node that says what to do */
static uint64_t memory[64];
static _Bool has_threads;
static char program_text[16384];
extern char **environ;

static void run(struct task *task, int at);

#define TELL(task, ...) ((task)->silent ? (void)0 : put(&shared->lanes[(task)->lane].text, __VA_ARGS__))

/* --- reading */

static const char *skip(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

static const char *parse(const char *at, int *first)
{
	int last = -1;

	*first = -1;
	for (at = skip(at); *at && *at != '}'; at = skip(at)) {
		struct node *node = &nodes[node_count];
		int me = node_count++;

		if (node_count >= NODES - 1)
			_exit(70);
		memset(node, 0, sizeof(*node));
		node->op = at;
		node->next = -1;
		if (last < 0)
			*first = me;
		else
			nodes[last].next = me;
		last = me;
		while (*at && *at != ' ' && *at != '}')
			at++;
		for (at = skip(at); (*at >= '0' && *at <= '9') || *at == '{'; at = skip(at)) {
			if (*at == '{') {
				int block = nodes[me].block_count++;

				nodes[me].from[block] = at + 1;
				at = parse(at + 1, &nodes[me].blocks[block]);
				nodes[me].to[block] = at;
				at += *at == '}';
			} else {
				char *end;

				nodes[me].words[nodes[me].word_count++ % 6] = strtoull(at, &end, 0);
				at = end;
			}
		}
	}
	return at;
}

static _Bool is(const struct node *node, const char *name)
{
	size_t size = strlen(name);

	return !memcmp(node->op, name, size) && (node->op[size] == ' ' || !node->op[size] || node->op[size] == '}');
}

/* --- tasks */

static void begin(struct task *task, struct task *parent)
{
	task->tid = (int)RAW(__NR_gettid);
	task->parent = parent;
	tasks[__atomic_fetch_add(&task_count, 1, __ATOMIC_RELAXED) % TASKS] = task;
}

static struct task *this_task(void)
{
	int tid = (int)RAW(__NR_gettid);

	for (uint32_t i = task_count; i-- > 0;)
		if (tasks[i % TASKS] && tasks[i % TASKS]->tid == tid)
			return tasks[i % TASKS];
	RAW(__NR_exit_group, 71);
	__builtin_unreachable();
}

static _Bool dumps_or_ends(int sig)
{
	return !is_mild(sig) && !is_stop(sig);
}

/* They end a parent when it has returned, the others at once. */
static _Bool dumps_core(int sig)
{
	return sig == SIGQUIT || sig == SIGSEGV || sig == SIGABRT || sig == SIGILL || sig == SIGTRAP || sig == SIGBUS || sig == SIGFPE || sig == SIGXCPU ||
	       sig == SIGXFSZ || sig == SIGSYS;
}

/* The signals that would end who has these actions and this mask. */
static uint64_t deadly(void)
{
	uint64_t mask = mask_now(), set = 0;

	for (int sig = 1; sig <= 64; sig++)
		if (sig == SIGKILL || (dumps_or_ends(sig) && !(mask & BIT(sig)) && action_now(sig).handler == (uint64_t)SIG_DFL))
			set |= BIT(sig);
	return set;
}

/* A signal of a child's end is the process's: any thread may take it. */
static uint64_t own(const struct task *task, uint64_t set)
{
	return task->is_thread ? set & ~(BIT(SIGCHLD) | BIT(SIGURG)) : set;
}

static uint64_t visible(const struct task *task, uint64_t mask)
{
	return task->in_plain_handler ? mask & ~BIT(SIGSYS) : mask;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct task *task = this_task();
	struct node *node = &nodes[handlers[sig]];
	_Bool was = task->in_plain_handler;
	char here;

	(void)info;
	(void)context;
	if (is_mild(sig)) { /* at the end of a child, before or after the parent goes on */
		if (!task->silent)
			__atomic_fetch_add(&shared->ended, 1, __ATOMIC_RELAXED);
		return;
	}
	task->in_plain_handler = was || !(node->words[1] & SA_ONSTACK);
	TELL(task, "handler %d %s mask %x\n", sig, &here >= stacks[0] && &here < stacks[STACKS] ? "on a stack of its own" : "here",
	     visible(task, mask_now()));
	if (node->block_count)
		run(task, node->blocks[0]);
	TELL(task, "handler %d ends\n", sig);
	task->in_plain_handler = was;
}

static char *stack_top(void)
{
	return stacks[__atomic_fetch_add(&next_stack, 1, __ATOMIC_RELAXED) % STACKS] + STACK_SIZE;
}

/* --- spawning */

enum way { VFORK, CLONE, CLONE_STACK, CLONE3, CLONE3_STACK, COPY, FORK, MEMORY };

struct birth {
	struct task *parent;
	struct task task;
	int block;
};

__attribute__((noreturn, used)) static void child_begins(struct birth *birth)
{
	struct task *task = &birth->task;

	begin(task, birth->parent);
	TELL(task, "child %s %s\n", RAW(__NR_getppid) == birth->parent->tid || birth->parent->is_thread ? "of its parent" : "of another",
	     RAW(__NR_getpid) == task->tid ? "leads" : "follows");
	run(task, birth->block);
	TELL(task, "child ends\n");
	task->lets_go = 1;
	RAW(__NR_exit_group, 0);
	__builtin_unreachable();
}

/* The child stays below this frame or on a stack of its own; its first argument is in a register that every call keeps. */
static long issue(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, struct birth *birth)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = 0;
	long result = nr;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "and $-16, %%rsp\n\t"
			 "mov %%rbx, %%rdi\n\t"
			 "call child_begins\n\t"
			 "hlt\n"
			 "1:"
			 : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
			 : "b"(birth)
			 : "rcx", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	return result;
}

static void await(int pid)
{
	siginfo_t info;

	while (RAW(__NR_waitid, P_PID, pid, &info, WEXITED | WNOWAIT | __WALL, 0) == -EINTR)
		;
}

static void open_gate(int gate)
{
	if (gate < 0)
		return;
	__atomic_store_n(&shared->gates[gate % GATES], 1, __ATOMIC_SEQ_CST);
	RAW(__NR_futex, &shared->gates[gate % GATES], 1 /* FUTEX_WAKE */, 1);
}

static void spawn(struct task *task, const struct node *node)
{
	enum way way = (enum way)node->words[0];
	uint64_t flags = node->words[1], exit_signal = node->words[2];
	_Bool was_suspended = task->is_suspended, had_child = task->has_child; /* by a call that a handler interrupts, before it has returned */
	_Bool shares = way != COPY && way != FORK, vfork_like = way != FORK && way != MEMORY;
	struct clone_args args = { 0 };
	struct birth birth = { .parent = task, .task = *task, .block = node->block_count ? node->blocks[0] : -1 };
	volatile uint32_t *words = (volatile uint32_t *)&memory[32];
	long pid;

	if (task->is_thread || !shares)
		flags &= ~(uint64_t)CLONE_SIGHAND;
	flags |= shares ? CLONE_VM : 0;
	flags |= vfork_like ? CLONE_VFORK : 0;
	birth.task.is_root = birth.task.is_thread = 0;
	birth.task.below_thread = task->is_thread || task->below_thread;
	birth.task.shares_memory = shares;
	birth.task.shares_handlers = !!(flags & CLONE_SIGHAND);
	birth.task.in_plain_handler = task->in_plain_handler;
	birth.task.children = birth.task.last = 0;
	birth.task.lets_go = birth.task.is_suspended = birth.task.has_child = 0;
	birth.task.gate = (int)__atomic_fetch_add(&shared->next_gate, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->gates[birth.task.gate % GATES], 0, __ATOMIC_SEQ_CST);
	task->kills = deadly();
	for (int sig = 1; sig <= 64; sig++)
		task->ignores = (task->ignores & ~BIT(sig)) | (action_now(sig).handler == (uint64_t)SIG_IGN ? BIT(sig) : 0);
	task->is_suspended = vfork_like;
	task->got_signal = 0;
	task->has_child = 1;
	if (!task->is_thread && !task->below_thread)
		words[0] = words[1] = 0;
	else
		flags &= ~(uint64_t)(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
	if (way == VFORK) {
		pid = issue(__NR_vfork, 0, 0, 0, 0, &birth);
	} else if (way == CLONE3 || way == CLONE3_STACK) {
		args.flags = flags;
		args.exit_signal = exit_signal;
		args.parent_tid = (uint64_t)&words[0];
		args.child_tid = (uint64_t)&words[1];
		if (way == CLONE3_STACK) {
			args.stack = (uint64_t)stack_top() - STACK_SIZE;
			args.stack_size = STACK_SIZE;
		}
		pid = issue(__NR_clone3, (uint64_t)&args, 64, 0, 0, &birth);
	} else {
		_Bool has_stack = way == CLONE_STACK || way == MEMORY;

		flags &= 0xffffffff;
		pid = issue(__NR_clone, flags | exit_signal, has_stack ? (uint64_t)stack_top() : 0, (uint64_t)&words[0], (uint64_t)&words[1], &birth);
	}
	if (pid < 0) {
		task->is_suspended = was_suspended;
		task->has_child = had_child;
		TELL(task, "spawn %d fails %d\n", (int)way, (int)-pid);
		return;
	}
	_Bool had_let_go = birth.task.lets_go;

	open_gate(birth.task.gate);
	await((int)pid);
	task->is_suspended = was_suspended;
	task->has_child = had_child;
	TELL(task, "spawned %d%s", (int)way, vfork_like && shares && !had_let_go ? " and goes on too early" : "");
	if (!task->is_thread && !task->below_thread)
		TELL(task, " words %s %s", words[0] == (uint32_t)pid ? "tid" : words[0] ? "other" : "0", words[1] == (uint32_t)pid ? "tid" : words[1] ? "other" : "0");
	TELL(task, "\n");
	task->last = (int)pid;
	task->children++;
}

/* --- images */

static void number(char *to, unsigned int value)
{
	char digits[12];
	int n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
	} while (value /= 10);
	while (n)
		*to++ = digits[--n];
	*to = 0;
}

static void copy_text(char *to, size_t room, const char *from, const char *end)
{
	size_t size = (size_t)(end - from);

	if (size >= room)
		size = room - 1;
	memcpy(to, from, size);
	to[size] = 0;
}

static const char *const paths[] = { "/bin/true", "/no/such/program", "/etc", "/etc/passwd", "/proc/self/exe" };

static void execute(struct task *task, const struct node *node)
{
	char text[4096], gate[12], lane[12];
	char *argv[] = { "programs", text, gate, lane, task->silent ? "silent" : "tells", NULL };
	long result;

	if (task->is_thread || task->has_child || node->words[0] > 4)
		return;
	copy_text(text, sizeof(text), node->block_count ? node->from[0] : "", node->block_count ? node->to[0] : "");
	number(gate, (unsigned int)(task->gate < 0 ? GATES : task->gate % GATES));
	number(lane, (unsigned int)task->lane);
	task->lets_go = 1;
	result = RAW(__NR_execve, paths[node->words[0]], argv, environ);
	task->lets_go = 0;
	TELL(task, "exec %d fails %d\n", (int)node->words[0], (int)-result);
}

static void spawn_posix(struct task *task, const struct node *node)
{
	char text[4096], lane[12], gate[12];
	char *argv[] = { "programs", text, gate, lane, task->silent ? "silent" : "tells", NULL };
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	_Bool had_child = task->has_child;
	sigset_t none, two;
	pid_t pid = 0;
	int result, index;

	if (task->below_thread || node->words[1] > 4)
		return;
	sigemptyset(&none);
	sigemptyset(&two);
	sigaddset(&two, SIGUSR1);
	sigaddset(&two, SIGTERM);
	copy_text(text, sizeof(text), node->block_count ? node->from[0] : "", node->block_count ? node->to[0] : "");
	index = (int)__atomic_fetch_add(&shared->next_gate, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->gates[index % GATES], 0, __ATOMIC_SEQ_CST);
	number(gate, (unsigned int)index % GATES);
	number(lane, (unsigned int)task->lane);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &two);
	posix_spawnattr_setflags(&attributes, (short)((node->words[0] & 1 ? POSIX_SPAWN_SETSIGMASK : 0) | (node->words[0] & 2 ? POSIX_SPAWN_SETSIGDEF : 0)));
	posix_spawn_file_actions_init(&actions);
	if (node->words[0] & 4)
		posix_spawn_file_actions_adddup2(&actions, 2, 20 + task->lane * 8 + 7);
	if (node->words[0] & 8)
		posix_spawn_file_actions_addclose(&actions, 20 + task->lane * 8 + 1);
	task->has_child = 1;
	result = posix_spawn(&pid, paths[node->words[1]], &actions, &attributes, argv, environ);
	open_gate(index);
	if (!result)
		await(pid);
	task->has_child = had_child;
	TELL(task, "posix_spawn %d\n", result);
	if (!result) {
		task->last = pid;
		task->children++;
	}
	posix_spawn_file_actions_destroy(&actions);
}

/* --- the rest of the language */

static void wait_for(struct task *task, uint64_t how)
{
	static const int options[] = { 0, __WALL, __WALL, 0, WNOHANG | __WALL };
	int status = 0, last = task->last ? task->last : 1; /* nobody's child */
	siginfo_t info = { 0 };
	long result;

	if (how == 2 && task->has_child) /* that one may have ended by now, or not */
		how = 1;
	do {
		if (how == 3)
			result = RAW(__NR_waitid, P_PID, last, &info, WEXITED | WNOWAIT | __WALL, 0);
		else
			result = RAW(__NR_wait4, how == 2 ? -1 : last, &status, options[how % 5] | __WNOTHREAD, 0);
	} while (result == -EINTR);
	if (how == 3)
		TELL(task, "waitid %d code %d status %d\n", (int)result, info.si_code, info.si_status);
	else
		TELL(task, "wait %d %s %x\n", (int)how, result > 0 ? result == task->last ? "the last" : "another" : result ? "none" : "nothing yet", (uint64_t)status);
}

static void show(struct task *task)
{
	static const int signals[] = { SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGCHLD, 34 };
	struct altstack stack = altstack_now();

	TELL(task, "mask %x pending %x", visible(task, mask_now()), own(task, visible(task, pending_now())));
	TELL(task, " stack %s %x %x", stack.sp ? "set" : "none", (uint64_t)stack.flags, stack.size);
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct action action = action_now(signals[i]);

		TELL(task, " %d %s %x %x", signals[i], action.handler == (uint64_t)on_signal ? "handled" : action.handler == 1 ? "ignored" : action.handler ? "other" : "default",
		     action.flags, action.mask);
	}
	TELL(task, " ids %d %d files", (int)RAW(__NR_geteuid), (int)RAW(__NR_getegid));
	for (int i = 0; i < 8; i++)
		TELL(task, " %x", (uint64_t)RAW(__NR_fcntl, 20 + task->lane * 8 + i, F_GETFD) & 0xff);
	TELL(task, " memory %x %x ended %d\n", memory[task->lane * 2], memory[task->lane * 2 + 1], has_threads ? 0 : (int)shared->ended);
}

static void set_action(struct task *task, const struct node *node, uint64_t handler)
{
	int sig = (int)node->words[0];
	struct action action = { handler, node->words[1] | RESTORER, (uint64_t)restorer, node->words[2] };

	if (task->is_thread)
		return;
	if (task->shares_handlers) /* shared-handlers */
		action.flags &= ~(uint64_t)SA_ONSTACK;
	if (has_threads) /* what one raises resets the handler of all */
		action.flags &= ~(uint64_t)SA_RESETHAND;
	if (!(action.flags & SA_ONSTACK)) /* plain-handlers */
		action.mask &= ~BIT(SIGSYS);
	if (handler > 1)
		handlers[sig] = (int)(node - nodes);
	TELL(task, "action %d %d\n", sig, (int)RAW(__NR_rt_sigaction, sig, &action, 0, 8));
}

/*
 * A thread's death is that of the others, wherever they are. The root goes on, or most programs would be short. And who shares the memory of its
 * own parent is not killed by a child of its own, whose stack that parent would go on to use. Who has a child that goes on (this is a handler that
 * runs before the call returns) stays, too.
 */
static _Bool is_spared(const struct task *task, const struct task *to)
{
	return to->is_thread || (to == task ? task->is_root || task->has_child : to->shares_memory);
}

static void send(struct task *task, const struct node *node, struct task *to)
{
	int sig = (int)node->words[0];
	uint64_t kills = to == task ? deadly() : to ? to->kills : 0;

	if (!to || (kills & BIT(sig) && is_spared(task, to)))
		return;
	if (to != task) {
		/* the kernel's numbers of it, and it is there: it waits for us */
		if (!to->is_suspended || (RAW(__NR_getppid) != to->tid && !to->is_thread))
			return;
		if (kills & BIT(sig) && to->got_signal && sig != SIGKILL) /* second-signal */
			return;
		if (task->shares_handlers && to->ignores & BIT(sig) && dumps_core(sig)) /* ignored-is-kept */
			return;
		to->got_signal = 1;
		if (kills & BIT(sig))
			task->silent = 1;
		RAW(__NR_tkill, to->tid, sig);
		if (kills & BIT(sig) && !dumps_core(sig)) {
			const struct timespec pause = { 0, 1000000 };
			int looks;

			for (looks = 0; looks < 500 && RAW(__NR_getppid) == to->tid; looks++)
				RAW(__NR_nanosleep, &pause, 0);
			if (looks == 500)
				__atomic_fetch_add(&shared->late, 1, __ATOMIC_RELAXED);
		}
		TELL(task, "sent %d to the parent\n", sig);
		return;
	}
	TELL(task, "raises %d\n", sig);
	task->lets_go |= !!(kills & BIT(sig));
	RAW(__NR_tkill, task->tid, sig);
	TELL(task, "raised %d\n", sig);
}

struct start {
	struct task task;
	int block;
};

static void *thread_begins(void *given)
{
	struct start *start = given;

	begin(&start->task, NULL);
	TELL(&start->task, "thread\n");
	run(&start->task, start->block);
	TELL(&start->task, "thread ends\n");
	return NULL;
}

static void run_threads(struct task *task, const struct node *node)
{
	struct start starts[4];
	pthread_t threads[4];

	if (task->is_thread || task->below_thread || task->shares_memory || task->lane)
		return;
	for (int i = 0; i < node->block_count; i++) {
		starts[i].task = *task;
		starts[i].task.lane = i + 1;
		starts[i].task.is_root = 0;
		starts[i].task.is_thread = 1;
		starts[i].task.last = starts[i].task.children = 0;
		starts[i].block = node->blocks[i];
	}
	for (int i = 0; i < node->block_count; i++)
		if (pthread_create(&threads[i], NULL, thread_begins, &starts[i]))
			RAW(__NR_exit_group, 72);
	for (int i = 0; i < node->block_count; i++)
		pthread_join(threads[i], NULL);
	/* theirs are ours now, in whatever order */
	while (RAW(__NR_wait4, -1, 0, __WALL, 0) != -ECHILD)
		;
	TELL(task, "threads joined\n");
}

static void wait_masked(struct task *task, uint64_t mask)
{
	/* it would wait for ever, or die, which is as good as raise */
	uint64_t open = pending_now() & ~mask;

	if (task->is_thread)
		return;
	for (int sig = 1; sig <= 64; sig++)
		if (open & BIT(sig) && action_now(sig).handler == (uint64_t)on_signal) {
			TELL(task, "suspended %d\n", (int)RAW(__NR_rt_sigsuspend, &mask, 8));
			return;
		}
}

static void do_one(struct task *task, struct node *node)
{
	static const struct timespec at_once;
	const uint64_t *w = node->words;
	uint64_t old = 0;
	long result;

	if (is(node, "spawn")) {
		spawn(task, node);
	} else if (is(node, "posix")) {
		spawn_posix(task, node);
	} else if (is(node, "exec")) {
		execute(task, node);
	} else if (is(node, "exit")) {
		if (task->is_thread || task->has_child)
			return;
		TELL(task, "exits %d\n", (int)w[0]);
		task->lets_go = 1;
		RAW(__NR_exit_group, w[0]);
	} else if (is(node, "raise")) {
		send(task, node, task);
	} else if (is(node, "send")) {
		send(task, node, task->parent);
	} else if (is(node, "mask")) {
		result = RAW(__NR_rt_sigprocmask, w[0], &w[1], &old, 8);
		TELL(task, "mask %d was %x\n", (int)result, visible(task, old));
	} else if (is(node, "handle")) {
		set_action(task, node, (uint64_t)on_signal);
	} else if (is(node, "ignore")) {
		set_action(task, node, (uint64_t)SIG_IGN);
	} else if (is(node, "default")) {
		set_action(task, node, (uint64_t)SIG_DFL);
	} else if (is(node, "altstack")) {
		struct altstack stack = { .flags = w[0] ? 0 : SS_DISABLE, .size = w[0] ? STACK_SIZE : 0 };

		stack.sp = w[0] ? (uint64_t)stack_top() - STACK_SIZE : 0;
		TELL(task, "altstack %d\n", (int)RAW(__NR_sigaltstack, &stack, 0));
	} else if (is(node, "close")) {
		TELL(task, "close %d\n", (int)RAW(__NR_close, 20 + task->lane * 8 + (int)(w[0] % 8)));
	} else if (is(node, "dup")) {
		TELL(task, "dup %d\n", RAW(__NR_dup3, 2, 20 + task->lane * 8 + (int)(w[0] % 8), w[1] ? O_CLOEXEC : 0) >= 0);
	} else if (is(node, "wait")) {
		wait_for(task, w[0]);
	} else if (is(node, "show")) {
		show(task);
	} else if (is(node, "set")) {
		memory[task->lane * 2 + (w[0] & 1)] = w[1];
	} else if (is(node, "linger")) {
		for (int i = 0; i < 20; i++)
			RAW(__NR_sched_yield);
	} else if (is(node, "drop")) {
		if (!task->is_thread)
			TELL(task, "drop %d\n", (int)(w[0] ? RAW(__NR_setresuid, 1000, 1000, 1000) : RAW(__NR_setresgid, 1000, 1000, 1000)));
	} else if (is(node, "threads")) {
		run_threads(task, node);
	} else if (is(node, "suspend")) {
		wait_masked(task, w[0]);
	} else if (is(node, "sigwait")) {
		old = own(task, w[0]);
		TELL(task, "sigwait %d\n", (int)RAW(__NR_rt_sigtimedwait, &old, 0, &at_once, 8));
	} else {
		RAW(__NR_exit_group, 73);
	}
}

static void run(struct task *task, int at)
{
	for (; at >= 0; at = nodes[at].next) {
		if (__atomic_fetch_add(&shared->lanes[task->lane].fuel, 1, __ATOMIC_RELAXED) >= FUEL)
			return;
		do_one(task, &nodes[at]);
	}
}

static int image(char **argv)
{
	struct task task = { .lane = atoi(argv[3]), .gate = -1, .silent = !strcmp(argv[4], "silent") };
	int gate = atoi(argv[2]), first;

	if (mmap((void *)SHARED, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, TRACE_FD, 0) != (void *)SHARED)
		return 74;
	/* until the parent has returned, or is no more */
	while (gate < GATES && !__atomic_load_n(&shared->gates[gate], __ATOMIC_SEQ_CST) && getppid() != shared->main_pid) {
		const struct timespec pause = { 0, 100000000 };

		RAW(__NR_futex, &shared->gates[gate], 0 /* FUTEX_WAIT */, 0, &pause);
	}
	parse(argv[1], &first);
	begin(&task, NULL);
	TELL(&task, "image\n");
	run(&task, first);
	TELL(&task, "image ends\n");
	RAW(__NR_exit_group, 0);
	return 0;
}

static void reset(void)
{
	memset(shared, 0, offsetof(struct shared, lanes));
	shared->main_pid = getpid();
	for (int i = 0; i < LANES; i++) {
		shared->lanes[i].fuel = 0;
		shared->lanes[i].text.size = 0;
		shared->lanes[i].text.room = LANE_SIZE;
		shared->lanes[i].text.at = shared->lanes[i].room;
	}
}

static void root(void)
{
	struct task task = { .gate = -1, .is_root = 1 };
	int first;

	setpgid(0, 0);
	parse(program_text, &first);
	has_threads = !!strstr(program_text, "threads");
	begin(&task, NULL);
	run(&task, first);
	TELL(&task, "root ends\n");
	RAW(__NR_exit_group, 0);
}

/* All that the program has left is ours to reap: the end is when nobody is left. */
static const char *finish(pid_t pid, int *status)
{
	const struct timespec patience = { DEADLINE_S, 0 };
	const char *how = "ended";
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		int one;
		pid_t gone = waitpid(-1, &one, WNOHANG | __WALL);

		if (gone < 0)
			return how;
		if (gone == pid)
			*status = one;
		if (!gone && sigtimedwait(&chld, NULL, &patience) < 0 && errno == EAGAIN) {
			how = "did not end";
			kill(-pid, SIGKILL);
		}
	}
}

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t chld;
	int fd;

	if (argc == 5)
		return image(argv);
	setrlimit(RLIMIT_CORE, &no_core);
	for (int sig = 1; sig <= 64; sig++) /* what a shell has ignored for us */
		RAW(__NR_rt_sigaction, sig, &(struct action){ 0 }, 0, 8);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd = memfd_create("fuzz", 0);
	dup2(fd, TRACE_FD);
	close(fd);
	if (ftruncate(TRACE_FD, sizeof(*shared)) ||
	    mmap((void *)SHARED, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, TRACE_FD, 0) != (void *)SHARED)
		return 1;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (int count = 0; fgets(program_text, sizeof(program_text), stdin); count++) {
		int status = -1;
		const char *how;
		pid_t pid;

		program_text[strcspn(program_text, "\n")] = 0;
		reset();
		sigprocmask(SIG_BLOCK, &chld, NULL);
		fflush(stdout);
		pid = fork();
		if (!pid) {
			sigprocmask(SIG_UNBLOCK, &chld, NULL);
			root();
		}
		how = finish(pid, &status);
		printf("== %d %s %x\n", count, how, (unsigned int)status);
		for (int i = 0; i < LANES; i++) {
			uint32_t size = shared->lanes[i].text.size;

			if (size)
				printf("lane %d\n", i);
			fwrite(shared->lanes[i].room, 1, size < LANE_SIZE ? size : LANE_SIZE, stdout);
		}
		if (shared->late)
			printf("killed late %u\n", shared->late);
		fflush(stdout);
	}
	return 0;
}
