// SPDX-License-Identifier: MIT
/* ld.so lists what a program needs, or looks whether it can load it, and says the same; it profiles a library, before any constructor. */
#include "hostile.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static int run(char **argv, char **env, int out)
{
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(out, 1);
		execve(argv[0], argv, env);
		_exit(126);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void ask(char *first, char *second, char *third)
{
	char *argv[] = { LOADER, first, second, third ? third : "/bin/true", third ? "/bin/true" : NULL, NULL }, text[4096];
	int ends[2], lines = 0;

	if (pipe(ends))
		exit(1);
	say(first, run(argv, environ, ends[1]));
	close(ends[1]);
	for (ssize_t size; (size = read(ends[0], text, sizeof(text))) > 0;)
		for (ssize_t i = 0; i < size; i++)
			lines += text[i] == '\n';
	say("lines", lines);
}

int main(void)
{
	char folder[] = "/tmp/profile-XXXXXX", output[64], file[64];

	if (access(LOADER, X_OK))
		lacks("glibc's ld.so");
	ask("--inhibit-cache", "--list", NULL);
	ask("--inhibit-cache", "--verify", NULL);
	ask("--argv0", "--verify", "--list");
	ask("--library-path", "--list", NULL);
	say("alone", run((char *[]){ LOADER, "--verify", "/bin/true", NULL }, environ, 1));
	if (!mkdtemp(folder))
		return 1;
	snprintf(output, sizeof(output), "LD_PROFILE_OUTPUT=%s", folder);
	snprintf(file, sizeof(file), "%s/libc.so.6.profile", folder);
	say("profiled", run((char *[]){ "/bin/true", NULL }, (char *[]){ "LD_PROFILE=libc.so.6", output, NULL }, 1));
	unlink(file);
	return rmdir(folder);
}
