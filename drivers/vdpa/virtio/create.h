/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A claimed device's life, for whoever finds devices: probe.c on PCI, the simulated NIC's driver
 * for its VFs. Internal between this project's drivers. Main thread or hot-plug thread, unless said
 * otherwise.
 */
#ifndef VIRTIO_VDPA_CREATE_H
#define VIRTIO_VDPA_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_compat.h>
#include <rte_dev.h>

#include "bus.h"
#include "fault.h"

/* What an operator may say of a device. */
struct virtio_vdpa_args {
	uint8_t mac[6];
	bool mac_set;
	uint16_t queues; /* pairs offered to guests at most, 0: all */
};

/*
 * Claim the virtio network device on bus under rte_dev's name: register it with the vhost library.
 * On success the bus belongs to the device; on failure (-errno, *fault filled) it stays the
 * caller's.
 */
__rte_internal int
virtio_vdpa_create(struct rte_device *rte_dev, struct virtio_vdpa_bus *bus,
	const struct virtio_vdpa_args *args, struct virtio_vdpa_fault *fault);

/* Give it up. A guest that is on it loses it, in good order. Returns 0; -ENODEV. */
__rte_internal int
virtio_vdpa_destroy(struct rte_device *rte_dev);

/* Whether a connection of a guest has the device. Any thread. */
__rte_internal bool
virtio_vdpa_in_use(struct rte_device *rte_dev);

/*
 * Give a device whose bus went away (surprise removal) the same function again, which is back: the
 * device keeps its identity, and the guests of its socket can start on it. Event RETURNED. Any
 * thread that holds no lock.
 *
 * Returns 0, and the bus belongs to the device; on failure (*fault filled) it stays the caller's:
 * -ENODEV no such device; -EBUSY it has a bus; -ENOTSUP the function is not what it was; what
 * virtio_vdpa_create() returns.
 */
__rte_internal int
virtio_vdpa_revive(struct rte_device *rte_dev, struct virtio_vdpa_bus *bus,
	struct virtio_vdpa_fault *fault);

#endif /* VIRTIO_VDPA_CREATE_H */
