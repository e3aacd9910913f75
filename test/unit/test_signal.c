/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Signals to eventfds, friendly and not: none of them waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ut.h"
#include "vio_signal.h"

#define THREADS 4
#define EACH 20000

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
}

static int
counts(void)
{
	int fd = eventfd(0, EFD_NONBLOCK), i;
	eventfd_t n = 0;

	for (i = 0; i < 1000; i++) /* more than the kernel keeps completions for */
		UT_EQ(vio_signal(fd), 0);
	UT_EQ(eventfd_read(fd, &n), 0);
	UT_EQ(n, 1000);
	UT_CHECK(!is_readable(fd));
	close(fd);
	return 0;
}

/* The counter is full, and the one who gave the descriptor away has made it blocking. */
static int
full_and_blocking(void)
{
	int fd = eventfd(0, 0), i;

	UT_EQ(eventfd_write(fd, UINT64_MAX - 1), 0);
	alarm(10); /* a write() would wait for ever */
	for (i = 0; i < 3; i++)
		UT_EQ(vio_signal(fd), 0);
	alarm(0);
	UT_CHECK(is_readable(fd));
	UT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0); /* their flag is left alone */
	close(fd);
	return 0;
}

static int
not_an_eventfd(void)
{
	int fds[2], fd = eventfd(0, 0);

	UT_EQ(pipe(fds), 0);
	UT_EQ(vio_signal(fds[1]), -EINVAL);
	UT_CHECK(!is_readable(fds[0]));
	close(fd);
	UT_EQ(vio_signal(fd), -EBADF);
	UT_EQ(vio_signal(-1), -EBADF);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static void *
signal_many(void *arg)
{
	int i, *fd = arg;

	for (i = 0; i < EACH; i++)
		if (vio_signal(*fd) != 0)
			return fd;
	return NULL;
}

/* None is lost, however many threads there are to the one context. */
static int
threads(void)
{
	int i, fd = eventfd(0, EFD_NONBLOCK);
	pthread_t thread[THREADS];
	eventfd_t n = 0;
	void *failed;

	for (i = 0; i < THREADS; i++)
		UT_EQ(pthread_create(&thread[i], NULL, signal_many, &fd), 0);
	for (i = 0; i < THREADS; i++) {
		UT_EQ(pthread_join(thread[i], &failed), 0);
		UT_CHECK(failed == NULL);
	}
	UT_EQ(eventfd_read(fd, &n), 0);
	UT_EQ(n, THREADS * EACH);
	close(fd);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(counts),
	UT_CASE(full_and_blocking),
	UT_CASE(not_an_eventfd),
	UT_CASE(threads),
	UT_END,
};
UT_SUITE(signal, "fast", cases)
