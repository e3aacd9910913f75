/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The queues of one virtio device: size, addresses, vector, enable, reset, doorbell (virtio 1.2,
 * 4.1.4.3, 4.1.4.4, 4.1.5.1.3). Same thread rule as vio_dev.h, but for vio_queue_notify() and
 * vio_queue_notify_data(), which select nothing: any thread.
 */
#ifndef VIO_QUEUE_H
#define VIO_QUEUE_H

#include "vio_dev.h"

#define VIO_QUEUE_SIZE_MAX 32768 /* 2.7 and 2.8 */

/** What a queue is started with; addresses as the device sees them (IOVA). */
struct vio_queue_conf {
	uint64_t desc; /* descriptor area; 16-byte aligned */
	uint64_t driver; /* driver area: available ring (2-byte) or event suppression (4-byte) */
	uint64_t device; /* device area: used ring (4-byte) or event suppression (4-byte) */
	uint16_t size; /* entries: a power of 2 for split rings, 1..32768 */
	uint16_t vector; /* MSI-X vector or VIO_MSI_NO_VECTOR */
};

/** A queue's doorbell. */
struct vio_doorbell {
	uint64_t off; /* byte offset in the BAR */
	uint16_t qid; /* what is written to it without NOTIF_CONFIG_DATA */
	uint16_t data; /* what is written: qid, or queue_notif_config_data if that was negotiated */
	uint8_t bar;
};

/**
 * Largest size of a queue. To be asked before vio_queue_setup(): the register then reads what was
 * set, until the device or the queue is reset.
 *
 * @param qid  any; queues from dev->num_queues on do not exist
 * @return 1..32768; 0 the queue does not exist; -ENODEV gone; -EINVAL a size that no specification
 *         allows
 */
int vio_queue_max_size(struct vio_dev *dev, uint16_t qid);

/**
 * Size, vector and addresses; not yet enabled. After a failure it may be tried again.
 *
 * @return 0; -EINVAL no such queue, bad size or alignment, or larger than the device's; -EBUSY no
 *         resources for the vector, or the queue is enabled already; -ENODEV gone
 */
int vio_queue_setup(struct vio_dev *dev, uint16_t qid, const struct vio_queue_conf *conf);

/** @return 0; -EINVAL no such queue; -EIO the device did not take it; -ENODEV gone */
int vio_queue_enable(struct vio_dev *dev, uint16_t qid);

/**
 * Change the vector of a queue (also while it runs).
 *
 * @return 0; -EINVAL no such queue; -EBUSY no resources for it; -ENODEV gone
 */
int vio_queue_vector(struct vio_dev *dev, uint16_t qid, uint16_t vector);

/**
 * Reset one queue (4.1.4.3.2, RING_RESET): it is over when both queue_reset and queue_enable read
 * 0.
 *
 * @param timeout_ms  deadline, 1..VIO_WAIT_MAX_MS, cut to that
 * @return 0; -ENOTSUP the feature was not negotiated; -EINVAL no such queue; -ETIMEDOUT (the
 *         queue's memory is then still the device's); -ENODEV
 */
int vio_queue_reset(struct vio_dev *dev, uint16_t qid, unsigned int timeout_ms);

/**
 * Where a queue's doorbell is; after vio_dev_negotiate().
 *
 * @return 0; -EINVAL no such queue; -ERANGE outside the notification structure; -ENODEV gone
 */
int vio_queue_doorbell(struct vio_dev *dev, uint16_t qid, struct vio_doorbell *db);

/**
 * Whether a doorbell can be given to a guest: it starts a page that no other queue's doorbell and
 * no other structure of the device shares, and takes the queue's index, which is what a guest
 * writes.
 *
 * The page must lie inside the notification structure as a whole: what else a device keeps in that
 * BAR (its MSI-X table, say) is not known here. Reads one register of each other queue; for a
 * device of more than VIO_OWN_PAGE_QUEUES the answer is no.
 *
 * @param page  bytes of a host page, a power of 2
 */
bool vio_doorbell_own_page(const struct vio_dev *dev, const struct vio_doorbell *db, uint64_t page);

#define VIO_OWN_PAGE_QUEUES 1024

/** Ring a doorbell without NOTIFICATION_DATA. Any thread. */
void vio_queue_notify(const struct vio_dev *dev, const struct vio_doorbell *db);

/**
 * Ring it with NOTIFICATION_DATA (4.1.5.2). Any thread.
 *
 * @param next_off   0..32767; packed: next slot; split: the low 15 bits of the available index
 *                   (2.9)
 * @param next_wrap  packed: wrap counter of that slot; split: bit 15 of the available index
 */
void vio_queue_notify_data(const struct vio_dev *dev, const struct vio_doorbell *db,
	uint16_t next_off, bool next_wrap);

#endif /* VIO_QUEUE_H */
