/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Events to the application: queued under the device's lock, delivered with no lock of the driver
 * held, in order.
 */
#ifndef VIRTIO_VDPA_EVENT_H
#define VIRTIO_VDPA_EVENT_H

#include <pthread.h>
#include <stdbool.h>

#include "rte_pmd_vdpa_virtio.h"

#define VIRTIO_VDPA_EVENTS 32

struct virtio_vdpa_dev;

struct virtio_vdpa_event_entry {
	struct rte_pmd_vdpa_virtio_event event;
	char text[RTE_PMD_VDPA_VIRTIO_TEXT];
};

struct virtio_vdpa_events {
	pthread_mutex_t lock; /* the queue */
	pthread_mutex_t deliver; /* held during callbacks: one at a time, in order */
	pthread_t deliverer; /* atomic, as the next */
	bool delivering;
	rte_pmd_vdpa_virtio_event_cb cb; /* under deliver */
	void *arg;
	unsigned int head;
	unsigned int num;
	struct virtio_vdpa_event_entry entry[VIRTIO_VDPA_EVENTS];
};

int virtio_vdpa_events_init(struct virtio_vdpa_events *events);
void virtio_vdpa_events_fini(struct virtio_vdpa_events *events);

/* Queue one; the oldest goes if there is no room, as the newest state is what matters. Any lock may
 * be held. */
void
virtio_vdpa_event_post(struct virtio_vdpa_dev *dev, const struct rte_pmd_vdpa_virtio_event *event);

/* Call back for all that is queued. No lock may be held. */
void
virtio_vdpa_event_deliver(struct virtio_vdpa_dev *dev);

#endif /* VIRTIO_VDPA_EVENT_H */
