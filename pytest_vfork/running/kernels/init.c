// SPDX-License-Identifier: MIT
/*
 * The first process of a guest: mounts what programs expect, loads the modules in /modules, and keeps an agent at each virtio port
 * that is named agent.N, or at the second serial line if the kernel has no driver for those. It powers off when nobody has been
 * at the other end of any of them for IDLE_S.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PORTS = 32, IDLE_S = 20, FOUND_WITHIN_MS = 10000 };

struct port {
	char device[300];
	pid_t agent;
	time_t since;
};

static struct port ports[MOST_PORTS];
static int count;
static int agent;	/* opened before /tmp is mounted, where a root that is somebody's may have it */

/* One line for whoever reads the console. */
static void say(const char *what, const char *detail)
{
	char line[600];
	int length = snprintf(line, sizeof(line), "pytest-vfork: %s %s\n", what, detail);

	if (write(2, line, length) < 0)
		return;
}

static void mount_at(const char *type, const char *where, const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, options) && errno != EBUSY)
		say("cannot mount", where);
}

static int compare(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static void load_modules(void)
{
	struct dirent **entries;
	int found = scandir("/modules", &entries, NULL, compare);

	for (int i = 0; i < found; i++) {
		char path[300];

		snprintf(path, sizeof(path), "/modules/%s", entries[i]->d_name);
		int fd = entries[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			say("cannot load", path);
		if (fd >= 0)
			close(fd);
	}
}

/* The loopback interface is up on every machine that runs programs. */
static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		say("no loopback", "");
	if (fd >= 0)
		close(fd);
}

static void find_ports(void)
{
	DIR *folder = opendir("/sys/class/virtio-ports");

	for (struct dirent *entry; folder && count < MOST_PORTS && (entry = readdir(folder));) {
		char path[400], name[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (file && fgets(name, sizeof(name), file) && strncmp(name, "agent.", 6) == 0)
			snprintf(ports[count++].device, sizeof(ports[0].device), "/dev/%s", entry->d_name);
		if (file)
			fclose(file);
	}
	if (folder)
		closedir(folder);
}

static void start_agent(struct port *port)
{
	port->since = time(NULL);
	port->agent = fork();
	if (port->agent == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		syscall(SYS_execveat, agent, "", (char *[]){ "agent", "/tmp", port->device, NULL }, environ, AT_EMPTY_PATH);
		_exit(127);
	}
}

static void keep_agents(void)
{
	time_t last = time(NULL);

	while (time(NULL) - last < IDLE_S) {
		struct timespec tick = { .tv_nsec = 100000000 };
		pid_t ended;

		while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
			for (int i = 0; i < count; i++)
				if (ports[i].agent == ended) {
					ports[i].agent = 0;
					if (getenv("once"))
						return;
				}
		for (int i = 0; i < count; i++) {
			if (ports[i].agent == 0)
				start_agent(&ports[i]);
			else if (time(NULL) - ports[i].since > 1)
				last = time(NULL);	/* with nobody there, an agent ends as soon as it has begun */
		}
		nanosleep(&tick, NULL);
	}
}

int main(void)
{
	struct rlimit files = { 1024, 1048576 };
	const char *named = getenv("agent");
	int console;

	mount_at("devtmpfs", "/dev", "");
	console = open("/dev/console", O_RDWR);
	for (int fd = 0; fd < 3 && console >= 0; fd++)
		dup2(console, fd);
	mount_at("proc", "/proc", "");
	mount_at("sysfs", "/sys", "");
	agent = open(named ? named : "/agent", O_PATH | O_CLOEXEC);
	mount_at("tmpfs", "/tmp", "mode=1777");
	mount_at("tmpfs", "/run", "mode=755");
	mount_at("tmpfs", "/dev/shm", "mode=1777");
	mount_at("devpts", "/dev/pts", "ptmxmode=666");
	mount_at("cgroup2", "/sys/fs/cgroup", "");
	if (symlink("/proc/self/fd", "/dev/fd") && errno != EEXIST)
		say("no", "/dev/fd");
	setrlimit(RLIMIT_NOFILE, &files);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	raise_loopback();
	load_modules();
	if (getenv("port"))	/* the kernel makes variables of words that it does not know */
		snprintf(ports[count++].device, sizeof(ports[0].device), "%s", getenv("port"));
	for (int waited = 0; waited < FOUND_WITHIN_MS && count == 0; waited += 20) {
		find_ports();
		usleep(count ? 0 : 20000);
	}
	if (count == 0)
		strcpy(ports[count++].device, "/dev/ttyS1");
	for (int i = 0; i < count; i++)
		say("agent at", ports[i].device);
	keep_agents();
	say("nobody is there:", "the end");
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
