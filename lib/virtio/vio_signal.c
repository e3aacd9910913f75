/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Signals eventfds through asynchronous I/O: an operation that is complete as soon as it is
 * submitted, whose completion the kernel announces on the eventfd. One context for the process, made
 * at first use and kept; it takes no descriptor. Any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vio_signal.h"

#define EVENTS 256 /* completions that the context holds until they are taken out */
#define REAP 64
#define TRIES 64 /* for room in the context, against other threads */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static aio_context_t context;
static bool available;

static void
set_up(void)
{
	available = syscall(SYS_io_setup, EVENTS, &context) == 0;
}

/* What completed; of no interest but for the room it takes. */
static void
reap(void)
{
	struct timespec now = { 0, 0 };
	struct io_event events[REAP];

	syscall(SYS_io_getevents, context, 0L, (long)REAP, events, &now);
}

static int
submit(int fd)
{
	/* An eventfd is always ready for one of the two, so this is complete at once. */
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = POLLIN | POLLOUT,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)fd,
	};
	struct iocb *list[] = { &cb };
	int i;

	for (i = 0; i < TRIES; i++) {
		if (syscall(SYS_io_submit, context, 1L, list) == 1)
			return 0;
		if (errno != EAGAIN)
			return -errno;
		reap();
	}
	return -EAGAIN;
}

static int
write_to(int fd)
{
	const uint64_t one = 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return -errno;
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

int
vio_signal(int fd)
{
	pthread_once(&once, set_up);
	return available ? submit(fd) : write_to(fd);
}
