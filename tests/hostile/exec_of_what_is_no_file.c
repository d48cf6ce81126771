// SPDX-License-Identifier: MIT
/* execve of a FIFO is EACCES, and nobody who waits to open it is let in; the same of folders, devices and links. */
#include "hostile.h"

#include <sys/stat.h>

static int is_asleep_in_open(pid_t pid)
{
	char name[64], line[64] = "";
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/syscall", pid);
	file = fopen(name, "r");
	if (!file || !fgets(line, sizeof(line), file))
		line[0] = 0;
	if (file)
		fclose(file);
	return atoi(line) == SYS_openat || !strncmp(line, "2 ", 2);
}

int main(void)
{
	char folder[] = "/tmp/hostile.XXXXXX";
	int status, looks = 0;
	pid_t writer;

	if (access("/proc/self/syscall", R_OK))
		lacks("/proc/self/syscall");
	if (!mkdtemp(folder) || chdir(folder) || mkfifo("fifo", 0755) || symlink("fifo", "link"))
		return 1;
	alarm(60);
	writer = fork();
	if (writer == 0) {
		alarm(60);	/* which a fork does not inherit */
		_exit(open("fifo", O_WRONLY) < 0);
	}
	while (!is_asleep_in_open(writer))
		usleep(1000);
	say("fifo", execl("./fifo", "x", (char *)0) ? errno : 0);
	say("link to it", execl("./link", "x", (char *)0) ? errno : 0);
	say("link itself", syscall(SYS_execveat, AT_FDCWD, "link", environ, environ, AT_SYMLINK_NOFOLLOW) ? errno : 0);
	say("folder", execl("/", "x", (char *)0) ? errno : 0);
	say("device", execl("/dev/null", "x", (char *)0) ? errno : 0);
	/* Who was let in ends: a pause that is too short can only hide that. */
	while (looks++ < 500 && waitpid(writer, &status, WNOHANG) == 0)
		usleep(1000);
	say("writer waits", looks > 500);
	kill(writer, SIGKILL);
	unlink("fifo");
	unlink("link");
	return chdir("/") || rmdir(folder) || spawn_true();
}
