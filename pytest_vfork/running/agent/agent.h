/* SPDX-License-Identifier: MIT */
#ifndef AGENT_H
#define AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { VERSION = 2 };		/* of the protocol; pytest_vfork/sites/protocol.py has the same number */

/* All that is said is said in frames: this header, in the byte order of the machine, then `length` bytes. */
struct frame {
	uint32_t magic;		/* MAGIC: whoever is out of step finds out at once */
	uint32_t kind;
	uint32_t id;		/* of the program or request that this is about, as the client numbers them */
	uint32_t length;
};

enum { MAGIC = 0x4b465650 };	/* "PVFK" */
enum { LONGEST = 1 << 20 };	/* of what a client sends */
enum { PIECE = 1 << 16 };	/* of what is sent to it: a file goes in several frames */

enum kind {
	/* what a client asks for */
	PUT = 1,		/* u32 mode, u32 is_first, u32 is_last, path NUL, data: answered by OK after the last */
	RUN,			/* struct run, then strings: argv, environment */
	CANCEL,			/* end this program now */
	PING,			/* answered by OK */
	FIND,			/* name NUL: answered by OK with the path of an executable on PATH, or nothing */
	END,			/* end everything and exit */
	/* what it is told */
	HELLO = 16,		/* lines of key=value, at the start; the last value, of folder, may hold any byte */
	OK,
	FAILED,			/* a sentence: nothing came of this request */
	OUTPUT,			/* one byte, enum output, then a piece of it */
	WHERE,			/* at the deadline, for each thread: pid tid state wchan syscall shares comm */
	LEFT,			/* pid comm */
	STATUS,			/* struct status */
	OVER,			/* the last that is told of a program */
};

enum output { EVENTS, SPAWNS, STDOUT, STDERR, OUTPUTS };

struct run {
	uint32_t deadline_ms, grace_ms, argc, envc, output_limit;
	uint32_t inherits;	/* whether the program gets the agent's environment, too */
};

struct status {
	int32_t has_ended, wait_status;	/* whether the program ended by itself before the deadline, and its raw wait status */
	uint64_t elapsed_us, cpu_us;	/* CPU time that it and all that it started were given */
	uint64_t runnable_us;		/* at the deadline: for how long those that lived wanted a CPU and got none, at most elapsed_us */
};

/* frame.c */
int write_all(int fd, const void *data, size_t length);
int read_all(int fd, void *data, size_t length);
int tell(int fd, enum kind kind, uint32_t id, const void *data, size_t length);
int tell_text(int fd, enum kind kind, uint32_t id, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* files.c */
int put(const char *path, unsigned int mode, int is_first, int is_last, const void *data, size_t length);
void remove_folder(const char *path);
void remove_cgroups(void);
const char *find_executable(const char *name);

/* processes.c: what stands in /proc of processes below this one */
struct process {
	pid_t pid, parent;
	char state;
	int threads;
	char comm[64];
};

void each_child(void (*act)(const struct process *process, void *context), void *context);
void each_below(void (*act)(const struct process *process, void *context), void *context);
void tell_where(int fd, uint32_t id, const struct process *process);
uint64_t look_who_waits(int64_t now_us);

/* keeper.c */
_Noreturn void keep(int report, uint32_t id, pid_t agent, const struct run *run, char **argv, char **env, const char *folder);

#endif
