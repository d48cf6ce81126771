// SPDX-License-Identifier: MIT
/*
 * deny ERRNO NUMBER[:ARGUMENT[=VALUE]]... -- COMMAND...
 *
 * Starts a command for which these system calls fail, as a container runtime's filter makes them: all of a number, or those
 * whose argument (0 to 5) has a value; with `:ARGUMENT&VALUE` those that have one of these bits.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MOST = 200 };

static struct sock_filter filter[MOST];
static unsigned short length;

static void add(unsigned short code, unsigned int k, unsigned char yes, unsigned char no)
{
	if (length < MOST)
		filter[length++] = (struct sock_filter){ code, yes, no, k };
}

static void load(size_t offset)
{
	add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Two or four instructions: what is not meant jumps over the rest, to the next. */
static void deny(const char *what, unsigned int error)
{
	char *rest;
	unsigned long number = strtoul(what, &rest, 0);

	load(offsetof(struct seccomp_data, nr));
	add(BPF_JMP | BPF_JEQ | BPF_K, number, 0, *rest == ':' ? 3 : 1);
	if (*rest == ':') {
		unsigned long argument = strtoul(rest + 1, &rest, 0);
		int is_bits = *rest == '&';

		load(offsetof(struct seccomp_data, args) + 8 * argument);
		add(BPF_JMP | (is_bits ? BPF_JSET : BPF_JEQ) | BPF_K, strtoul(rest + 1, NULL, 0), 0, 1);
	}
	add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0, 0);
}

int main(int argc, char **argv)
{
	int at = 2;

	for (; at < argc && strcmp(argv[at], "--"); at++)
		deny(argv[at], atoi(argv[1]));
	add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	/* With the rights to do without, no_new_privs is left as it is: that is another situation. */
	struct sock_fprog program = { length, filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))) {
		perror("deny");
		return 125;
	}
	execvp(argv[at + 1], argv + at + 1);
	perror("deny");
	return 125;
}
