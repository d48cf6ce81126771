// SPDX-License-Identifier: MIT
/*
 * The first and only process of a guest that has nothing else: runs each program of /list, which judges itself, writes KTAP to
 * the console, and turns the machine off. No shell, no libc in the guest.
 *
 * On the kernel's command line: vfork.deadline=SECONDS (60), vfork.only=WORD (items that have it in their names).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *from_command_line(const char *key, char *otherwise)
{
	static char line[4096];
	FILE *file = fopen("/proc/cmdline", "re");

	if (file == NULL || !fgets(line, sizeof(line), file))
		return otherwise;
	fclose(file);
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
		if (!strncmp(word, key, strlen(key)) && word[strlen(key)] == '=')
			return strdup(word + strlen(key) + 1);
	return otherwise;
}

/* Starts a program and passes on what it says, with its own number. Returns its exit status, or -1 if it gave none. */
static int run(const char *path, int number, int deadline_s)
{
	struct timespec tick = { .tv_nsec = 10000000 };
	time_t until = time(NULL) + deadline_s + 15;
	char line[2048];
	int ends[2], status = -1, has_verdict = 0;
	pid_t pid;
	FILE *said;

	if (pipe(ends))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	said = fdopen(ends[0], "r");
	for (int has_ended = 0;;) {
		clearerr(said);
		while (fgets(line, sizeof(line), said)) {
			char *plan = strstr(line, "ok 1 ");

			if (!strncmp(line, "KTAP version", 12) || !strncmp(line, "1..1", 4))
				continue;
			if (plan == line || (plan == line + 4 && !strncmp(line, "not ", 4))) {
				printf("%sok %d %s", plan == line ? "" : "not ", number, plan + 5);
				has_verdict = 1;
			} else {
				fputs(line, stdout);
			}
		}
		if (has_ended)
			break;	/* once more after its end, for the last of what it said */
		for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
			has_ended |= ended == pid;
		if (!has_ended && time(NULL) > until)
			kill(pid, SIGKILL);
		if (!has_ended)
			nanosleep(&tick, NULL);
	}
	fclose(said);
	return has_verdict && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	int counts[4] = { 0 }, number = 0, total = 0, deadline_s;
	char line[1024], *only;
	FILE *list;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mkdir("/tmp", 01777);
	mount("tmp", "/tmp", "tmpfs", 0, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	deadline_s = atoi(from_command_line("vfork.deadline", "60"));
	only = from_command_line("vfork.only", "");
	snprintf(line, sizeof(line), "%d", deadline_s);
	setenv("VFORK_DEADLINE", line, 1);
	setenv("VFORK_TELL", "all", 1);
	list = fopen("/list", "re");
	while (list && fgets(line, sizeof(line), list))
		total += strstr(line, only) != NULL;
	printf("KTAP version 1\n1..%d\n", total);
	if (list)
		rewind(list);
	while (list && fgets(line, sizeof(line), list)) {
		char *item = strtok(line, "\t\n"), *path = strtok(NULL, "\t\n"), full[1100];
		int status;

		if (item == NULL || path == NULL || !strstr(item, only))
			continue;
		snprintf(full, sizeof(full), "/bin/%s", path);
		status = run(full, ++number, deadline_s);
		if (status != 0 && status != 1 && status != 4 && status != 99)
			printf("not ok %d %s # ERROR it ended without a verdict\n", number, item);
		counts[status == 0 ? 0 : status == 1 ? 1 : status == 4 ? 2 : 3]++;
	}
	printf("# vfork: %d ok, %d not ok, %d skipped, %d broken of %d\n", counts[0], counts[1], counts[2], counts[3], number);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
