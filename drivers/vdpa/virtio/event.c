/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* The event queue of a device. Posts under any lock, delivers under none but its own. Never waits
 * for the guest. */
#include <errno.h>
#include <string.h>

#include "virtio_vdpa.h"

int
virtio_vdpa_events_init(struct virtio_vdpa_events *events)
{
	int ret;

	ret = pthread_mutex_init(&events->lock, NULL);
	if (ret != 0)
		return -ret;
	ret = pthread_mutex_init(&events->deliver, NULL);
	if (ret != 0)
		pthread_mutex_destroy(&events->lock);
	return -ret;
}

void
virtio_vdpa_events_fini(struct virtio_vdpa_events *events)
{
	pthread_mutex_destroy(&events->deliver);
	pthread_mutex_destroy(&events->lock);
}

void
virtio_vdpa_event_post(struct virtio_vdpa_dev *dev, const struct rte_pmd_vdpa_virtio_event *event)
{
	struct virtio_vdpa_events *q = &dev->event;
	struct virtio_vdpa_event_entry *e;

	pthread_mutex_lock(&q->lock);
	if (q->num == VIRTIO_VDPA_EVENTS) {
		q->head = (q->head + 1) % VIRTIO_VDPA_EVENTS;
		q->num--;
	}
	e = &q->entry[(q->head + q->num++) % VIRTIO_VDPA_EVENTS];
	e->event = *event;
	snprintf(e->text, sizeof(e->text), "%s", event->text == NULL ? "" : event->text);
	pthread_mutex_unlock(&q->lock);
}

static bool
event_pop(struct virtio_vdpa_events *q, struct virtio_vdpa_event_entry *e)
{
	bool any;

	pthread_mutex_lock(&q->lock);
	any = q->num > 0;
	if (any) {
		*e = q->entry[q->head];
		q->head = (q->head + 1) % VIRTIO_VDPA_EVENTS;
		q->num--;
	}
	pthread_mutex_unlock(&q->lock);
	e->event.text = e->text;
	return any;
}

static bool
inside_callback(const struct virtio_vdpa_events *q)
{
	pthread_t deliverer;

	if (!__atomic_load_n(&q->delivering, __ATOMIC_ACQUIRE))
		return false;
	deliverer = __atomic_load_n(&q->deliverer, __ATOMIC_RELAXED);
	return pthread_equal(deliverer, pthread_self());
}

void
virtio_vdpa_event_deliver(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_events *q = &dev->event;
	struct virtio_vdpa_event_entry e;

	if (inside_callback(q))
		return; /* the outer call goes on with what was posted meanwhile */
	pthread_mutex_lock(&q->deliver);
	__atomic_store_n(&q->deliverer, pthread_self(), __ATOMIC_RELAXED);
	__atomic_store_n(&q->delivering, true, __ATOMIC_RELEASE);
	while (event_pop(q, &e))
		if (q->cb != NULL)
			q->cb(dev->vdpa, &e.event, q->arg);
	__atomic_store_n(&q->delivering, false, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&q->deliver);
}

int
rte_pmd_vdpa_virtio_event_register(
	struct rte_vdpa_device *vdpa, rte_pmd_vdpa_virtio_event_cb cb, void *arg)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);

	if (dev == NULL)
		return -ENODEV;
	if (inside_callback(&dev->event))
		return -EDEADLK;
	pthread_mutex_lock(&dev->event.deliver);
	dev->event.cb = cb;
	dev->event.arg = arg;
	pthread_mutex_unlock(&dev->event.deliver);
	return 0;
}
