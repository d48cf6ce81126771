// SPDX-License-Identifier: MIT
/* A set-user-id file on a mount that forbids that, and a file with capabilities there, change nobody's rights: they run. */
#include "hostile.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static void start(const char *what, uid_t user)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (user && (setresgid(user, user, user) || setresuid(user, user, user)))
			_exit(3);
		execl("./true", "true", (char *)0);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	say(what, status);
}

int main(void)
{
	/* version 2, effective; CAP_NET_RAW */
	static const uint32_t capability[] = { 0x02000001, 1 << 13, 0, 0, 0 };
	char folder[] = "/tmp/hostile.XXXXXX";

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		lacks("the right to mount");
	if (!mkdtemp(folder) || mount("none", folder, "tmpfs", MS_NOSUID, "mode=755") || chdir(folder) || system("cp /bin/true true"))
		lacks("a mount of its own");
	if (chown("true", 65534, 65534) || chmod("true", 06755))
		return 1;
	start("set-user-id", 0);
	chmod("true", 0755);
	if (!setxattr("true", "security.capability", capability, sizeof(capability), 0))
		start("capabilities", 65534);
	return chdir("/") || umount2(folder, MNT_DETACH) || rmdir(folder);
}
