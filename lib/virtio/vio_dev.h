/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * One virtio 1.x device behind its common configuration structure: status, features, device
 * configuration, reset (virtio 1.2, 3.1 and 4.1.4.3). Not thread safe (registers are selected, then
 * read): one thread at a time for each device, but for vio_dev_status() and vio_dev_is_gone(),
 * which select nothing.
 */
#ifndef VIO_DEV_H
#define VIO_DEV_H

#include <stdbool.h>
#include <stdint.h>

#include "vio_caps.h"
#include "vio_io.h"
#include "vio_spec.h"

#define VIO_RESET_MS 1000 /* default deadline of a reset */
#define VIO_WAIT_MAX_MS 60000 /* no wait on a device is longer, whatever is asked for */

struct vio_dev {
	struct vio_io io;
	struct vio_layout layout;
	uint64_t offered; /* feature bits the device has, read at init */
	uint64_t features; /* negotiated; 0 before */
	uint16_t num_queues; /* by the device's word, at init and again at negotiation */
};

/**
 * Take a device into use: reads features and the number of queues, writes only the selectors.
 *
 * A feature whose registers the layout has no room for (RING_RESET, NOTIF_CONFIG_DATA,
 * NOTIFICATION_DATA) is left out of dev->offered: the device cannot keep that promise.
 *
 * @param dev     filled
 * @param io      copied
 * @param layout  of vio_caps_parse(), copied
 * @return 0; -ENODEV the device is gone (all ones); -EINVAL it has no VERSION_1 or no queue
 */
int vio_dev_init(struct vio_dev *dev, const struct vio_io *io, const struct vio_layout *layout);

/** Device status (2.1); 0xff where the device is gone. Any thread. */
uint8_t vio_dev_status(const struct vio_dev *dev);

/**
 * All-ones reads mean that the device is gone (surprise removal): 0xff is no status that a device
 * may have. Any thread.
 */
bool vio_dev_is_gone(const struct vio_dev *dev);

/**
 * Reset (4.1.4.3.2): write 0, poll until it reads 0; sleeps in short steps.
 *
 * @param timeout_ms  deadline, 1..VIO_WAIT_MAX_MS, cut to that
 * @return 0; -ETIMEDOUT; -ENODEV gone
 */
int vio_dev_reset(struct vio_dev *dev, unsigned int timeout_ms);

/**
 * ACKNOWLEDGE, DRIVER, write the features, FEATURES_OK, read back (3.1.1 steps 2..6). The device
 * was reset before.
 *
 * @param features  a subset of dev->offered, with VERSION_1
 * @return 0; -EINVAL not a subset, or without VERSION_1; -ENOTSUP the device refused the set, or
 *         has no queue with it; -ENODEV gone. On failure FAILED is set.
 */
int vio_dev_negotiate(struct vio_dev *dev, uint64_t features);

/**
 * DRIVER_OK (3.1.1 step 8).
 *
 * @return 0; -EIO the device asks for a reset, or did not take it; -ENODEV gone
 */
int vio_dev_driver_ok(struct vio_dev *dev);

/**
 * Read device configuration, consistent by the generation counter (2.5.1).
 *
 * A field of 2, 4 or 8 bytes at its natural place is read as such when asked for alone (4.1.3.1);
 * anything else is read byte by byte.
 *
 * @param off,len  bytes within the structure
 * @param buf      the bytes as the device has them: fields are little-endian
 * @return 0; -ERANGE beyond the structure; -EAGAIN it kept changing; -ENODEV gone
 */
int vio_dev_config_read(struct vio_dev *dev, uint32_t off, void *buf, uint32_t len);

/**
 * Write device configuration, with the same access widths as vio_dev_config_read().
 *
 * @param off,len  bytes within the structure
 * @param buf      little-endian fields
 * @return 0; -ERANGE; -ENODEV
 */
int vio_dev_config_write(struct vio_dev *dev, uint32_t off, const void *buf, uint32_t len);

/**
 * Route configuration changes to an MSI-X vector, or VIO_MSI_NO_VECTOR (4.1.5.1.2).
 *
 * @return 0; -EBUSY the device has no resources for it; -ENODEV
 */
int vio_dev_config_vector(struct vio_dev *dev, uint16_t vector);

#endif /* VIO_DEV_H */
