/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The queues of one device. Owns what is done between selecting a queue and enabling it, and the
 * arithmetic of doorbells. Runs on the caller's thread, one at a time for each device, but for the
 * doorbells; waits only with a deadline.
 */
#include <errno.h>

#include "vio_common.h"
#include "vio_queue.h"
#include "vio_wait.h"

static bool
queue_select(const struct vio_dev *dev, uint16_t qid)
{
	if (qid >= dev->num_queues)
		return false;
	vio_common_write16(dev, VIO_COMMON_Q_SELECT, qid);
	return true;
}

/* A 16-bit register of the selected queue. @return its value; -ENODEV */
static int
queue_read(const struct vio_dev *dev, uint32_t off)
{
	uint16_t val = vio_common_read16(dev, off);

	if (val == UINT16_MAX && vio_dev_is_gone(dev))
		return -ENODEV;
	return val;
}

int
vio_queue_max_size(struct vio_dev *dev, uint16_t qid)
{
	int size;

	if (!queue_select(dev, qid))
		return vio_dev_is_gone(dev) ? -ENODEV : 0;
	size = queue_read(dev, VIO_COMMON_Q_SIZE);
	return size > VIO_QUEUE_SIZE_MAX ? -EINVAL : size;
}

static bool
queue_conf_is_legal(const struct vio_dev *dev, const struct vio_queue_conf *conf)
{
	bool packed = (dev->features & VIO_BIT(VIO_F_RING_PACKED)) != 0;

	if (conf->size == 0 || conf->size > VIO_QUEUE_SIZE_MAX)
		return false;
	if (!packed && (conf->size & (conf->size - 1)) != 0)
		return false;
	/* 2.7 and 2.8.10.1 */
	return conf->desc % 16 == 0 && conf->driver % (packed ? 4 : 2) == 0 &&
	       conf->device % 4 == 0;
}

int
vio_queue_setup(struct vio_dev *dev, uint16_t qid, const struct vio_queue_conf *conf)
{
	int ret;

	if (!queue_conf_is_legal(dev, conf) || !queue_select(dev, qid))
		return -EINVAL;
	ret = queue_read(dev, VIO_COMMON_Q_ENABLE);
	if (ret != 0)
		return ret < 0 ? ret : -EBUSY;
	ret = queue_read(dev, VIO_COMMON_Q_SIZE);
	if (ret < 0)
		return ret;
	if (ret > VIO_QUEUE_SIZE_MAX || conf->size > ret)
		return -EINVAL;
	vio_common_write16(dev, VIO_COMMON_Q_SIZE, conf->size);
	ret = vio_common_vector(dev, VIO_COMMON_Q_MSIX, conf->vector);
	if (ret != 0)
		return ret;
	vio_common_write64(dev, VIO_COMMON_Q_DESCLO, conf->desc);
	vio_common_write64(dev, VIO_COMMON_Q_AVAILLO, conf->driver);
	vio_common_write64(dev, VIO_COMMON_Q_USEDLO, conf->device);
	return vio_dev_is_gone(dev) ? -ENODEV : 0;
}

int
vio_queue_enable(struct vio_dev *dev, uint16_t qid)
{
	int ret;

	if (!queue_select(dev, qid))
		return -EINVAL;
	vio_common_write16(dev, VIO_COMMON_Q_ENABLE, 1);
	ret = queue_read(dev, VIO_COMMON_Q_ENABLE);
	if (ret < 0)
		return ret;
	return ret == 1 ? 0 : -EIO;
}

int
vio_queue_vector(struct vio_dev *dev, uint16_t qid, uint16_t vector)
{
	if (!queue_select(dev, qid))
		return -EINVAL;
	return vio_common_vector(dev, VIO_COMMON_Q_MSIX, vector);
}

int
vio_queue_reset(struct vio_dev *dev, uint16_t qid, unsigned int timeout_ms)
{
	struct vio_wait wait;
	int reset, enabled;

	if ((dev->features & VIO_BIT(VIO_F_RING_RESET)) == 0)
		return -ENOTSUP;
	if (!queue_select(dev, qid))
		return -EINVAL;
	vio_wait_start(&wait, timeout_ms);
	vio_common_write16(dev, VIO_COMMON_Q_RESET, 1);
	do {
		reset = queue_read(dev, VIO_COMMON_Q_RESET);
		enabled = reset == 0 ? queue_read(dev, VIO_COMMON_Q_ENABLE) : 1;
		if (reset < 0 || enabled < 0)
			return -ENODEV;
		if (reset == 0 && enabled == 0)
			return 0;
	} while (vio_wait(&wait));
	return -ETIMEDOUT;
}

/* Offset in the BAR of the selected queue's doorbell. @return 0; -ERANGE; -ENODEV */
static int
queue_doorbell_off(const struct vio_dev *dev, uint64_t *off)
{
	const struct vio_region *notify = &dev->layout.notify;
	unsigned int width = dev->features & VIO_BIT(VIO_F_NOTIFICATION_DATA) ? 4 : 2;
	uint64_t rel;
	int noff;

	noff = queue_read(dev, VIO_COMMON_Q_NOFF);
	if (noff < 0)
		return noff;
	rel = (uint64_t)noff * dev->layout.notify_multiplier; /* below 2^48 */
	if (rel + width > notify->len)
		return -ERANGE;
	*off = notify->off + rel;
	return 0;
}

int
vio_queue_doorbell(struct vio_dev *dev, uint16_t qid, struct vio_doorbell *db)
{
	uint64_t off = 0;
	int ret, data;

	if (!queue_select(dev, qid))
		return -EINVAL;
	ret = queue_doorbell_off(dev, &off);
	if (ret != 0)
		return ret;
	data = qid;
	if (dev->features & VIO_BIT(VIO_F_NOTIF_CONFIG_DATA)) {
		data = queue_read(dev, VIO_COMMON_Q_NDATA);
		if (data < 0)
			return data;
	}
	db->bar = dev->layout.notify.bar;
	db->off = off;
	db->qid = qid;
	db->data = (uint16_t)data;
	return 0;
}

/* Whether a queue exists and has its doorbell in [start, start + len). @return 1, 0; -ENODEV */
static int
queue_rings_within(const struct vio_dev *dev, uint16_t qid, uint64_t start, uint64_t len)
{
	uint64_t off;
	int ret;

	queue_select(dev, qid);
	ret = queue_doorbell_off(dev, &off);
	if (ret != 0)
		return ret == -ERANGE ? 0 : ret;
	if (off < start || off >= start + len)
		return 0;
	ret = queue_read(dev, VIO_COMMON_Q_SIZE); /* 0: unavailable */
	return ret < 0 ? ret : ret != 0;
}

bool
vio_doorbell_own_page(const struct vio_dev *dev, const struct vio_doorbell *db, uint64_t page)
{
	const struct vio_region *notify = &dev->layout.notify;
	uint16_t qid;

	if (db->data != db->qid || db->off % page != 0 || dev->num_queues > VIO_OWN_PAGE_QUEUES)
		return false;
	if (db->off < notify->off || db->off - notify->off + page > notify->len)
		return false;
	/* A large multiplier is no proof: two queues may say the same queue_notify_off. */
	for (qid = 0; qid < dev->num_queues; qid++) {
		if (qid != db->qid && queue_rings_within(dev, qid, db->off, page) != 0)
			return false;
	}
	return true;
}

void
vio_queue_notify(const struct vio_dev *dev, const struct vio_doorbell *db)
{
	dev->io.ops->write(dev->io.ctx, db->bar, db->off, 2, db->data);
}

void
vio_queue_notify_data(
	const struct vio_dev *dev, const struct vio_doorbell *db, uint16_t next_off, bool next_wrap)
{
	uint32_t val = db->data | (uint32_t)(next_off & 0x7fff) << 16 | (uint32_t)next_wrap << 31;

	dev->io.ops->write(dev->io.ctx, db->bar, db->off, 4, val);
}
