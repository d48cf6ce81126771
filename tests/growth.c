// SPDX-License-Identifier: MIT
/*
 * growth SPAWNS EXECS
 *
 * Says what it holds after 1,000 spawns (warm), after SPAWNS more (end), and after it has executed itself EXECS times (chained).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static long status(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			value = atol(line + strlen(key));
	if (file)
		fclose(file);
	return value;
}

static int lines(const char *path)
{
	FILE *file = fopen(path, "re");
	int count = 0;

	for (int c; file && (c = getc(file)) != EOF;)
		count += c == '\n';
	if (file)
		fclose(file);
	return count;
}

static int entries(const char *path)
{
	DIR *folder = opendir(path);
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

static void say(const char *when)
{
	printf("%s rss_kib=%ld fds=%d maps=%d filters=%ld\n", when, status("VmRSS:"), entries("/proc/self/fd"),
	       lines("/proc/self/maps"), status("Seccomp_filters:"));
	fflush(stdout);
}

static void spawn(long count)
{
	while (count-- > 0) {
		pid_t pid = vfork();
		int ended;

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, &ended, 0) != pid || ended != 0)
			abort();
	}
}

int main(int argc, char **argv)
{
	char left[32];

	if (argc == 2) {
		if (atoi(argv[1]) > 0) {
			snprintf(left, sizeof(left), "%d", atoi(argv[1]) - 1);
			execl("/proc/self/exe", "growth", left, NULL);
			abort();
		}
		say("chained");
		return 0;
	}
	say("start");		/* so that what a first look costs is not counted as growth */
	spawn(1000);
	say("warm");
	spawn(atol(argv[1]));
	say("end");
	snprintf(left, sizeof(left), "%d", atoi(argv[2]) - 1);
	execl("/proc/self/exe", "growth", left, NULL);
	abort();
}
