// SPDX-License-Identifier: MIT
/* Frames on a stream. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent.h"

/* A device may be opened non-blocking, or be a terminal that is slow. */
static int is_passing(int fd, short events)
{
	if (errno == EAGAIN)
		return poll(&(struct pollfd){ .fd = fd, .events = events }, 1, -1) >= 0 || errno == EINTR;
	return errno == EINTR;
}

/* Returns 0 when all of it was written. */
int write_all(int fd, const void *data, size_t length)
{
	for (const char *from = data; length;) {
		ssize_t written = write(fd, from, length);

		if (written < 0 && !is_passing(fd, POLLOUT))
			return -1;
		if (written > 0) {
			from += written;
			length -= written;
		}
	}
	return 0;
}

/* Returns 0 when all of it was read: -1 is an error or the end. */
int read_all(int fd, void *data, size_t length)
{
	for (char *to = data; length;) {
		ssize_t got = read(fd, to, length);

		if (got == 0 || (got < 0 && !is_passing(fd, POLLIN)))
			return -1;
		if (got > 0) {
			to += got;
			length -= got;
		}
	}
	return 0;
}

int tell(int fd, enum kind kind, uint32_t id, const void *data, size_t length)
{
	struct frame frame = { MAGIC, kind, id, length };
	char small[512];

	/* One write for what is short: a reader then finds it whole. */
	if (length > sizeof(small) - sizeof(frame))
		return write_all(fd, &frame, sizeof(frame)) || write_all(fd, data, length) ? -1 : 0;
	memcpy(small, &frame, sizeof(frame));
	if (length)
		memcpy(small + sizeof(frame), data, length);
	return write_all(fd, small, sizeof(frame) + length);
}

int tell_text(int fd, enum kind kind, uint32_t id, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return tell(fd, kind, id, text, length < (int)sizeof(text) ? length : (int)sizeof(text) - 1);
}
