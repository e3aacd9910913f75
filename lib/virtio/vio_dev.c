/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * One device: status, features, configuration, reset. Owns the order of the steps of 3.1.1 that
 * touch the whole device. Runs on the caller's thread, one at a time for each device; waits only
 * with a deadline, and takes all ones for a device that is gone.
 */
#include <errno.h>
#include <string.h>

#include "vio_common.h"
#include "vio_wait.h"

/* How often a configuration that changes under the reader is read again. */
#define CONFIG_TRIES 16

uint8_t
vio_dev_status(const struct vio_dev *dev)
{
	return vio_common_read8(dev, VIO_COMMON_STATUS);
}

bool
vio_dev_is_gone(const struct vio_dev *dev)
{
	return vio_dev_status(dev) == 0xff;
}

static uint64_t
dev_read_offered(const struct vio_dev *dev)
{
	uint64_t lo, hi;

	vio_common_write32(dev, VIO_COMMON_DFSELECT, 0);
	lo = vio_common_read32(dev, VIO_COMMON_DF);
	vio_common_write32(dev, VIO_COMMON_DFSELECT, 1);
	hi = vio_common_read32(dev, VIO_COMMON_DF);
	return lo | hi << 32;
}

/* Features that need more room than the layout has. */
static uint64_t
dev_without_room(const struct vio_layout *l)
{
	uint64_t bits = 0;

	if (l->common.len < VIO_COMMON_Q_NDATA + 2)
		bits |= VIO_BIT(VIO_F_NOTIF_CONFIG_DATA);
	if (l->common.len < VIO_COMMON_Q_RESET + 2)
		bits |= VIO_BIT(VIO_F_RING_RESET);
	/* 4.1.4.4.1: doorbells are then written with 32 bits */
	if (l->notify.len < 4 || l->notify.off % 4 != 0 || l->notify_multiplier % 4 != 0)
		bits |= VIO_BIT(VIO_F_NOTIFICATION_DATA);
	return bits;
}

int
vio_dev_init(struct vio_dev *dev, const struct vio_io *io, const struct vio_layout *layout)
{
	memset(dev, 0, sizeof(*dev));
	dev->io = *io;
	dev->layout = *layout;
	if (layout->common.len < VIO_COMMON_MIN_LEN)
		return -EINVAL;
	dev->offered = dev_read_offered(dev) & ~dev_without_room(layout);
	dev->num_queues = vio_common_read16(dev, VIO_COMMON_NUM_QUEUES);
	/* Asked last: what was read before a device vanished is good, the rest is not. */
	if (vio_dev_is_gone(dev))
		return -ENODEV;
	if ((dev->offered & VIO_BIT(VIO_F_VERSION_1)) == 0 || dev->num_queues == 0)
		return -EINVAL;
	return 0;
}

int
vio_dev_reset(struct vio_dev *dev, unsigned int timeout_ms)
{
	struct vio_wait wait;
	uint8_t status;

	dev->features = 0;
	vio_wait_start(&wait, timeout_ms);
	vio_common_write8(dev, VIO_COMMON_STATUS, VIO_STATUS_RESET);
	do {
		status = vio_dev_status(dev);
		if (status == VIO_STATUS_RESET)
			return 0;
		if (status == 0xff)
			return -ENODEV;
	} while (vio_wait(&wait));
	return -ETIMEDOUT;
}

/* 2.1.1: bits are only ever added. */
static int
dev_status_add(struct vio_dev *dev, uint8_t bits)
{
	uint8_t status = vio_dev_status(dev);

	if (status == 0xff)
		return -ENODEV;
	vio_common_write8(dev, VIO_COMMON_STATUS, status | bits);
	return 0;
}

static void
dev_write_features(struct vio_dev *dev, uint64_t features)
{
	vio_common_write32(dev, VIO_COMMON_GFSELECT, 0);
	vio_common_write32(dev, VIO_COMMON_GF, (uint32_t)features);
	vio_common_write32(dev, VIO_COMMON_GFSELECT, 1);
	vio_common_write32(dev, VIO_COMMON_GF, (uint32_t)(features >> 32));
}

static int
dev_negotiate(struct vio_dev *dev, uint64_t features)
{
	uint16_t num_queues;
	uint8_t status;
	int ret;

	ret = dev_status_add(dev, VIO_STATUS_ACKNOWLEDGE);
	if (ret == 0)
		ret = dev_status_add(dev, VIO_STATUS_DRIVER);
	if (ret != 0)
		return ret;
	/* 6.1: a driver accepts VERSION_1 where it is offered, and it always is here */
	if ((features & ~dev->offered) != 0 || (features & VIO_BIT(VIO_F_VERSION_1)) == 0)
		return -EINVAL;
	dev_write_features(dev, features);
	ret = dev_status_add(dev, VIO_STATUS_FEATURES_OK);
	if (ret != 0)
		return ret;
	/* Devices that make queues for the features negotiated (QEMU: MQ) count them anew. */
	num_queues = vio_common_read16(dev, VIO_COMMON_NUM_QUEUES);
	status = vio_dev_status(dev);
	if (status == 0xff)
		return -ENODEV;
	if ((status & VIO_STATUS_FEATURES_OK) == 0 || num_queues == 0)
		return -ENOTSUP;
	dev->num_queues = num_queues;
	return 0;
}

int
vio_dev_negotiate(struct vio_dev *dev, uint64_t features)
{
	int ret = dev_negotiate(dev, features);

	if (ret == 0)
		dev->features = features;
	else
		dev_status_add(dev, VIO_STATUS_FAILED);
	return ret;
}

int
vio_dev_driver_ok(struct vio_dev *dev)
{
	uint8_t status;
	int ret;

	ret = dev_status_add(dev, VIO_STATUS_DRIVER_OK);
	if (ret != 0)
		return ret;
	status = vio_dev_status(dev);
	if (status == 0xff)
		return -ENODEV;
	if ((status & VIO_STATUS_NEEDS_RESET) != 0 || (status & VIO_STATUS_DRIVER_OK) == 0)
		return -EIO;
	return 0;
}

/* 4.1.3.1: a field alone is read at its own width; 64-bit ones in halves. */
static uint8_t
config_width(uint32_t off, uint32_t len)
{
	if (len == 2 && off % 2 == 0)
		return 2;
	if ((len == 4 || len == 8) && off % 4 == 0)
		return 4;
	return 1;
}

static bool
config_in_range(const struct vio_dev *dev, uint32_t off, uint32_t len)
{
	return off <= dev->layout.device.len && len <= dev->layout.device.len - off;
}

static void
config_read_once(const struct vio_dev *dev, uint32_t off, uint8_t *buf, uint32_t len)
{
	uint8_t width = config_width(off, len), j;
	uint32_t i, val;

	for (i = 0; i < len; i += width) {
		val = vio_region_read(dev, &dev->layout.device, off + i, width);
		for (j = 0; j < width; j++)
			buf[i + j] = (uint8_t)(val >> 8 * j);
	}
}

int
vio_dev_config_read(struct vio_dev *dev, uint32_t off, void *buf, uint32_t len)
{
	uint8_t before, after;
	unsigned int tries;

	if (!config_in_range(dev, off, len))
		return -ERANGE;
	for (tries = 0; tries < CONFIG_TRIES; tries++) {
		before = vio_common_read8(dev, VIO_COMMON_CFGGENERATION);
		config_read_once(dev, off, buf, len);
		after = vio_common_read8(dev, VIO_COMMON_CFGGENERATION);
		if (vio_dev_is_gone(dev))
			return -ENODEV;
		if (before == after)
			return 0;
	}
	return -EAGAIN;
}

int
vio_dev_config_write(struct vio_dev *dev, uint32_t off, const void *buf, uint32_t len)
{
	uint8_t width = config_width(off, len), j;
	const uint8_t *bytes = buf;
	uint32_t i, val;

	if (!config_in_range(dev, off, len))
		return -ERANGE;
	for (i = 0; i < len; i += width) {
		val = 0;
		for (j = 0; j < width; j++)
			val |= (uint32_t)bytes[i + j] << 8 * j;
		vio_region_write(dev, &dev->layout.device, off + i, width, val);
	}
	return vio_dev_is_gone(dev) ? -ENODEV : 0;
}

int
vio_common_vector(const struct vio_dev *dev, uint32_t off, uint16_t vector)
{
	uint16_t taken;

	vio_common_write16(dev, off, vector);
	taken = vio_common_read16(dev, off);
	/* NO_VECTOR is all ones, both as a refusal and as what was asked for */
	if (taken == VIO_MSI_NO_VECTOR && vio_dev_is_gone(dev))
		return -ENODEV;
	return taken == vector ? 0 : -EBUSY;
}

int
vio_dev_config_vector(struct vio_dev *dev, uint16_t vector)
{
	return vio_common_vector(dev, VIO_COMMON_CONFIG_MSIX, vector);
}
