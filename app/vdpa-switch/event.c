/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A bounded ring of events under a lock of its own, held for one copy only, and an eventfd that
 * wakes the control thread. Never calls out while it holds the lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"

static struct {
	pthread_mutex_t lock;
	struct vsw_event *ring;
	unsigned int head, count;
	uint64_t lost;
	int fd;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

int
vsw_event_init(void)
{
	queue.ring = calloc(VSW_EVENT_QUEUE_SIZE, sizeof(*queue.ring));
	if (queue.ring == NULL)
		return -ENOMEM;
	queue.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue.fd < 0) {
		int ret = -errno;

		vsw_event_fini();
		return ret;
	}
	return 0;
}

void
vsw_event_fini(void)
{
	if (queue.fd >= 0)
		close(queue.fd);
	queue.fd = -1;
	free(queue.ring);
	queue.ring = NULL;
	queue.head = queue.count = 0;
}

int
vsw_event_fd(void)
{
	return queue.fd;
}

void
vsw_event_post(const struct vsw_event *event)
{
	pthread_mutex_lock(&queue.lock);
	if (queue.count < VSW_EVENT_QUEUE_SIZE)
		queue.ring[(queue.head + queue.count++) % VSW_EVENT_QUEUE_SIZE] = *event;
	else
		queue.lost++;
	eventfd_write(queue.fd, 1);
	pthread_mutex_unlock(&queue.lock);
}

bool
vsw_event_take(struct vsw_event *event)
{
	eventfd_t wakes;
	bool found;

	pthread_mutex_lock(&queue.lock);
	found = queue.count > 0;
	if (found) {
		*event = queue.ring[queue.head];
		queue.head = (queue.head + 1) % VSW_EVENT_QUEUE_SIZE;
		queue.count--;
	} else {
		/* Only now: a taker that stops early finds the descriptor readable again. */
		eventfd_read(queue.fd, &wakes);
	}
	pthread_mutex_unlock(&queue.lock);
	return found;
}

uint64_t
vsw_event_lost(void)
{
	uint64_t lost;

	pthread_mutex_lock(&queue.lock);
	lost = queue.lost;
	pthread_mutex_unlock(&queue.lock);
	return lost;
}
