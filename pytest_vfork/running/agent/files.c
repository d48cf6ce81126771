// SPDX-License-Identifier: MIT
/* Files that a client puts here, and folders that programs leave behind. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define CGROUP "vfork-"		/* and the pid of the process that made it */

static int make_parents(const char *path)
{
	char folder[PATH_MAX];

	if (strlen(path) >= sizeof(folder))
		return errno = ENAMETOOLONG, -1;
	strcpy(folder, path);
	for (char *slash = folder; (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		if (mkdir(folder, 0755) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

/* Puts a piece of a file; it gets its name with the last piece, so that nobody ever starts half a program. Returns 0, or -1 and errno. */
int put(const char *path, unsigned int mode, int is_first, int is_last, const void *data, size_t length)
{
	char unfinished[PATH_MAX + 8];
	int fd;

	if ((size_t)snprintf(unfinished, sizeof(unfinished), "%s.part", path) >= sizeof(unfinished))
		return errno = ENAMETOOLONG, -1;
	if (is_first && make_parents(path))
		return -1;
	fd = open(unfinished, O_WRONLY | O_CLOEXEC | O_APPEND | (is_first ? O_CREAT | O_TRUNC : 0), 0600);
	if (fd < 0)
		return -1;
	int failed = write_all(fd, data, length) || (is_last && fchmod(fd, mode & 07777)), why = errno;

	close(fd);
	if (!failed && is_last) {
		failed = rename(unfinished, path);
		why = errno;
	}
	if (failed)
		unlink(unfinished);
	errno = why;
	return failed ? -1 : 0;
}

static void remove_below(int parent, const char *name, int depth)
{
	int fd;
	DIR *folder;

	if (unlinkat(parent, name, 0) == 0 || (errno != EISDIR && errno != EPERM) || depth > 64)
		return;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_below(fd, entry->d_name, depth + 1);
	if (folder)
		closedir(folder);
	unlinkat(parent, name, AT_REMOVEDIR);	/* fails while something is mounted there: then it stays */
}

void remove_folder(const char *path)
{
	remove_below(AT_FDCWD, path, 0);
}

/* Removes the cgroups NAME-PID below one that is mounted whose makers are gone; those that hold a process stay. */
static void remove_cgroups_below(const char *mounted)
{
	DIR *folder = opendir(mounted);
	char path[PATH_MAX + 300];

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		int maker = strncmp(entry->d_name, CGROUP, strlen(CGROUP)) ? 0 : atoi(entry->d_name + strlen(CGROUP));

		if (maker > 0 && kill(maker, 0) && errno == ESRCH) {
			snprintf(path, sizeof(path), "%s/%s", mounted, entry->d_name);
			rmdir(path);
		}
	}
	if (folder)
		closedir(folder);
}

/* A case that is ended in the middle does not remove what it made outside of its folder (c_tests/_lib/cgroup.c.j2). */
void remove_cgroups(void)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char where[PATH_MAX], type[64];

	while (mounts && fscanf(mounts, "%*s %4095s %63s %*[^\n]", where, type) == 2)
		if (strncmp(type, "cgroup", 6) == 0)
			remove_cgroups_below(where);
	if (mounts)
		fclose(mounts);
}

/* Returns the path of an executable on PATH, or NULL. */
const char *find_executable(const char *name)
{
	static char found[PATH_MAX];
	const char *path = getenv("PATH");

	if (*name == 0)
		return NULL;
	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : name;
	for (path = path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"; *path;) {
		size_t length = strcspn(path, ":");
		struct stat about;

		snprintf(found, sizeof(found), "%.*s/%s", (int)length, path, name);
		if (stat(found, &about) == 0 && S_ISREG(about.st_mode) && access(found, X_OK) == 0)
			return found;
		path += length + (path[length] == ':');
	}
	return NULL;
}
