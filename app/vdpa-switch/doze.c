/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Descriptors of queues are watched edge-triggered and never read. One that was closed here while
 * another process has it stays in the epoll set and cannot be taken out: so a changed set is a new
 * one.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "doze.h"

static int
add(struct vsw_doze *d, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

int
vsw_doze_init(struct vsw_doze *d)
{
	int ret;

	d->epoll_fd = -1;
	d->watched = NULL;
	d->num = 0;
	d->nap = false;
	d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->wake_fd < 0)
		return -errno;
	ret = vsw_doze_reset(d, 0);
	if (ret != 0)
		vsw_doze_fini(d);
	return ret;
}

void
vsw_doze_fini(struct vsw_doze *d)
{
	if (d->epoll_fd > 0)
		close(d->epoll_fd);
	if (d->wake_fd > 0)
		close(d->wake_fd);
	free(d->watched);
	d->epoll_fd = -1;
	d->wake_fd = -1;
	d->watched = NULL;
}

int
vsw_doze_reset(struct vsw_doze *d, uint16_t num)
{
	int *watched = malloc((num + 1) * sizeof(*watched)), fd = epoll_create1(EPOLL_CLOEXEC), ret;
	uint16_t i;

	if (watched == NULL || fd < 0) {
		ret = watched == NULL ? -ENOMEM : -errno;
		free(watched);
		if (fd >= 0)
			close(fd);
		return ret;
	}
	for (i = 0; i < num; i++)
		watched[i] = -1;
	if (d->epoll_fd >= 0)
		close(d->epoll_fd);
	free(d->watched);
	d->epoll_fd = fd;
	d->watched = watched;
	d->num = num;
	d->nap = false;
	return add(d, d->wake_fd, EPOLLIN);
}

int
vsw_doze_watch(struct vsw_doze *d, uint16_t index, int fd)
{
	int ret;

	if (fd < 0 || index >= d->num) {
		d->nap = true;
		return 0;
	}
	if (d->watched[index] == fd)
		return 0;
	if (d->watched[index] != -1)
		return -EEXIST; /* another one than before: the set is to be made anew */
	ret = add(d, fd, EPOLLIN | EPOLLET);
	if (ret == 0 || ret == -EEXIST) /* queues may share one */
		d->watched[index] = fd;
	return ret == -EEXIST ? 0 : ret;
}

void
vsw_doze(struct vsw_doze *d)
{
	struct epoll_event ev[8];
	eventfd_t ignored;
	int i, n;

	n = epoll_wait(d->epoll_fd, ev, 8, d->nap ? VSW_DOZE_NAP_MS : -1);
	for (i = 0; i < n; i++)
		if (ev[i].data.fd == d->wake_fd)
			eventfd_read(d->wake_fd, &ignored);
}

void
vsw_doze_wake(const struct vsw_doze *d)
{
	eventfd_write(d->wake_fd, 1);
}
