/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * One of the guest's queues: what the front-end said of it, copied when it said so, and what the
 * device made of it.
 */
#ifndef VIRTIO_VDPA_QUEUE_H
#define VIRTIO_VDPA_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <vio_queue.h>

#include "mem.h"
#include "rte_pmd_vdpa_virtio.h"

/* The front-end's view. Written by the vhost thread under the device's front_lock; read under it
 * too. */
struct virtio_vdpa_front {
	uint64_t desc; /* addresses in this process, 0: not given yet */
	uint64_t driver;
	uint64_t device;
	int kick_fd; /* own duplicates, -1: none */
	int call_fd;
	uint16_t size;
	uint16_t base; /* where the ring is to start; packed: wrap counter in bit 15 */
	bool enabled;
	bool fds_lost; /* this process has no descriptor left to duplicate them */
	bool changed; /* since the worker last looked */
};

/* The device's side. Written under the device's lock. */
struct virtio_vdpa_queue {
	struct virtio_vdpa_front front;
	struct vio_doorbell db;
	int kick_fd; /* the worker's own duplicates of what it relays from and wires to, -1: none */
	int call_fd;
	/* address of the used ring or the descriptor ring here, to find the index on stopping */
	uint64_t ring_device;
	uint16_t size;
	uint16_t vector;
	uint16_t base; /* index where it last stopped */
	bool running;
	bool own_page; /* its doorbell can be mapped into the guest */
	enum rte_pmd_vdpa_virtio_kick kick;
	enum rte_pmd_vdpa_virtio_irq irq;
	uint64_t kicks_relayed;
	uint64_t irqs_relayed;
};

/* Reset to "nothing known"; fds are not closed. */
void
virtio_vdpa_queue_init(struct virtio_vdpa_queue *q);

/* Copy what vhost knows of queue qid of vid into front, duplicating its fds. vhost thread,
 * front_lock held. 0 or -errno. */
int
virtio_vdpa_front_read(struct virtio_vdpa_front *front, int vid, uint16_t qid);

/* Close *fd and make it a duplicate of from, or -1. 0, or -errno if there is no descriptor left. */
int virtio_vdpa_fd_replace(int *fd, int from);

/* Close what front_read() duplicated and forget it. */
void
virtio_vdpa_front_clear(struct virtio_vdpa_front *front);

/* Whether all that a queue needs to run has been given. */
bool
virtio_vdpa_front_ready(const struct virtio_vdpa_front *front);

/*
 * Check a ring and translate it for the device.
 *
 * qid, max_size: for the checks and their texts. packed, event_idx: as negotiated. conf: filled but
 * for the vector. Returns 0 or -errno with *fault filled.
 */
int virtio_vdpa_queue_conf(const struct virtio_vdpa_front *front, const struct virtio_vdpa_mem *mem,
	uint16_t qid, uint16_t max_size, bool packed, bool event_idx, struct vio_queue_conf *conf,
	struct virtio_vdpa_fault *fault);

/* Ring index of a start: 0, or slot 0 with wrap counter 1. */
uint16_t
virtio_vdpa_queue_first(bool packed);

/*
 * Where the device stopped, from the ring in guest memory; after the device was reset and before it
 * is unmapped. Split: the used index. Packed: the slot after the last used descriptor, bit 15 its
 * wrap counter.
 */
uint16_t
virtio_vdpa_queue_index(const struct virtio_vdpa_queue *q, bool packed);

#endif /* VIRTIO_VDPA_QUEUE_H */
