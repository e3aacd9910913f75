/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The common configuration structure's registers, for this library only. Each access has the width
 * of its field (4.1.3.1); 64-bit fields are two of 32 bits.
 */
#ifndef VIO_COMMON_H
#define VIO_COMMON_H

#include "vio_dev.h"

static inline uint32_t
vio_region_read(const struct vio_dev *dev, const struct vio_region *r, uint32_t off, uint8_t len)
{
	return dev->io.ops->read(dev->io.ctx, r->bar, r->off + off, len);
}

static inline void
vio_region_write(const struct vio_dev *dev, const struct vio_region *r, uint32_t off, uint8_t len,
	uint32_t val)
{
	dev->io.ops->write(dev->io.ctx, r->bar, r->off + off, len, val);
}

static inline uint8_t
vio_common_read8(const struct vio_dev *dev, uint32_t off)
{
	return (uint8_t)vio_region_read(dev, &dev->layout.common, off, 1);
}

static inline uint16_t
vio_common_read16(const struct vio_dev *dev, uint32_t off)
{
	return (uint16_t)vio_region_read(dev, &dev->layout.common, off, 2);
}

static inline uint32_t
vio_common_read32(const struct vio_dev *dev, uint32_t off)
{
	return vio_region_read(dev, &dev->layout.common, off, 4);
}

static inline void
vio_common_write8(const struct vio_dev *dev, uint32_t off, uint8_t val)
{
	vio_region_write(dev, &dev->layout.common, off, 1, val);
}

static inline void
vio_common_write16(const struct vio_dev *dev, uint32_t off, uint16_t val)
{
	vio_region_write(dev, &dev->layout.common, off, 2, val);
}

static inline void
vio_common_write32(const struct vio_dev *dev, uint32_t off, uint32_t val)
{
	vio_region_write(dev, &dev->layout.common, off, 4, val);
}

/** A 64-bit field whose low half is at off. */
static inline void
vio_common_write64(const struct vio_dev *dev, uint32_t off, uint64_t val)
{
	vio_common_write32(dev, off, (uint32_t)val);
	vio_common_write32(dev, off + 4, (uint32_t)(val >> 32));
}

/** Set a vector register and see that it was taken. @return 0; -EBUSY; -ENODEV */
int vio_common_vector(const struct vio_dev *dev, uint32_t off, uint16_t vector);

#endif /* VIO_COMMON_H */
