/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The control virtqueue. Owns the memory of ring, command and answer while the device runs, and the
 * verdict that the queue is broken. Runs on the caller's thread; sleeps in short steps up to a
 * deadline; believes one byte of the answer and nothing else that the device wrote.
 */
#include <errno.h>
#include <string.h>

#include "vio_cvq.h"
#include "vio_wait.h"

/* Places in the memory of VIO_CVQ_MEM bytes: the ring at its start, then these. */
#define CVQ_BUF_OFF 4096
#define CVQ_ACK_OFF 2048 /* from the buffer's start; the command is before it */
#define CVQ_HDR_LEN 2
#define CVQ_DESCS 3 /* header, data, answer: as separate as every known driver has them */
#define CVQ_ACK_NONE 0xff

_Static_assert(CVQ_HDR_LEN + VIO_CVQ_DATA_MAX <= CVQ_ACK_OFF, "command and answer overlap");
_Static_assert(CVQ_BUF_OFF + CVQ_ACK_OFF < VIO_CVQ_MEM, "no room for the answer");

static uint16_t
cvq_size(int max)
{
	uint16_t size = VIO_CVQ_SIZE;

	while (size > max) /* a power of 2, as split rings want */
		size /= 2;
	return size;
}

int
vio_cvq_init(struct vio_cvq *cvq, struct vio_dev *dev, uint16_t qid, void *mem, uint64_t iova)
{
	bool packed = (dev->features & VIO_BIT(VIO_F_RING_PACKED)) != 0;
	struct vio_queue_conf conf;
	int ret;

	memset(cvq, 0, sizeof(*cvq));
	ret = vio_queue_max_size(dev, qid);
	if (ret < 0)
		return ret;
	if (ret <= CVQ_DESCS)
		return -EINVAL;
	memset(mem, 0, VIO_CVQ_MEM);
	ret = vring_drv_init(&cvq->ring, packed, cvq_size(ret), mem, CVQ_BUF_OFF, iova);
	if (ret != 0)
		return ret;
	conf = (struct vio_queue_conf){
		.desc = cvq->ring.desc,
		.driver = cvq->ring.driver,
		.device = cvq->ring.device,
		.size = cvq->ring.size,
		.vector = VIO_MSI_NO_VECTOR,
	};
	ret = vio_queue_setup(dev, qid, &conf);
	if (ret == 0)
		ret = vio_queue_doorbell(dev, qid, &cvq->db);
	if (ret == 0)
		ret = vio_queue_enable(dev, qid);
	if (ret != 0)
		return ret;
	cvq->dev = dev;
	cvq->buf = (uint8_t *)mem + CVQ_BUF_OFF;
	cvq->buf_iova = iova + CVQ_BUF_OFF;
	cvq->qid = qid;
	return 0;
}

static void
cvq_kick(const struct vio_cvq *cvq)
{
	uint16_t next = cvq->ring.next;

	if ((cvq->dev->features & VIO_BIT(VIO_F_NOTIFICATION_DATA)) == 0)
		vio_queue_notify(cvq->dev, &cvq->db);
	else if (cvq->ring.packed)
		vio_queue_notify_data(cvq->dev, &cvq->db, next, cvq->ring.wrap);
	else
		vio_queue_notify_data(cvq->dev, &cvq->db, next & 0x7fff, next >> 15);
}

static int
cvq_wait(struct vio_cvq *cvq, unsigned int timeout_ms)
{
	struct vio_wait wait;
	int ret;

	vio_wait_start(&wait, timeout_ms);
	do {
		ret = vring_drv_used(&cvq->ring, NULL);
		if (ret != 0)
			return ret < 0 ? ret : 0;
		if (vio_dev_is_gone(cvq->dev))
			return -ENODEV;
	} while (vio_wait(&wait));
	return -ETIMEDOUT;
}

static int
cvq_send(struct vio_cvq *cvq, size_t len, unsigned int timeout_ms)
{
	struct vring_buf bufs[CVQ_DESCS];
	uint16_t n = 0;
	int ret;

	bufs[n++] = (struct vring_buf){ cvq->buf_iova, CVQ_HDR_LEN };
	if (len != 0)
		bufs[n++] = (struct vring_buf){ cvq->buf_iova + CVQ_HDR_LEN, (uint32_t)len };
	bufs[n] = (struct vring_buf){ cvq->buf_iova + CVQ_ACK_OFF, 1 };
	ret = vring_drv_add(&cvq->ring, bufs, n, 1);
	if (ret != 0)
		return ret;
	cvq_kick(cvq);
	return cvq_wait(cvq, timeout_ms);
}

int
vio_cvq_command(struct vio_cvq *cvq, uint8_t class, uint8_t cmd, const void *data, size_t len,
	unsigned int timeout_ms)
{
	uint8_t *ack;
	int ret;

	if (cvq->dev == NULL || cvq->broken)
		return -EPIPE;
	ack = cvq->buf + CVQ_ACK_OFF;
	if (len > VIO_CVQ_DATA_MAX)
		return -EINVAL;
	cvq->buf[0] = class;
	cvq->buf[1] = cmd;
	if (len != 0)
		memcpy(cvq->buf + CVQ_HDR_LEN, data, len);
	*ack = CVQ_ACK_NONE;
	ret = cvq_send(cvq, len, timeout_ms);
	if (ret == 0) {
		switch (__atomic_load_n(ack, __ATOMIC_RELAXED)) {
		case VIO_NET_OK:
			return 0;
		case VIO_NET_ERR:
			return -EPERM;
		}
		ret = -EPROTO;
	}
	cvq->broken = true;
	return ret;
}

int
vio_cvq_set_pairs(struct vio_cvq *cvq, uint16_t pairs, unsigned int timeout_ms)
{
	uint8_t data[2] = { (uint8_t)pairs, (uint8_t)(pairs >> 8) };

	if (pairs == 0 || pairs > VIO_NET_MAX_PAIRS)
		return -EINVAL;
	return vio_cvq_command(
		cvq, VIO_NET_CTRL_MQ, VIO_NET_CTRL_MQ_VQ_PAIRS_SET, data, sizeof(data), timeout_ms);
}

int
vio_cvq_set_mac(struct vio_cvq *cvq, const uint8_t mac[6], unsigned int timeout_ms)
{
	return vio_cvq_command(
		cvq, VIO_NET_CTRL_MAC, VIO_NET_CTRL_MAC_ADDR_SET, mac, 6, timeout_ms);
}

int
vio_cvq_set_rx(struct vio_cvq *cvq, uint8_t mode, bool on, unsigned int timeout_ms)
{
	uint8_t data = on;

	return vio_cvq_command(cvq, VIO_NET_CTRL_RX, mode, &data, sizeof(data), timeout_ms);
}

int
vio_cvq_announce_ack(struct vio_cvq *cvq, unsigned int timeout_ms)
{
	return vio_cvq_command(
		cvq, VIO_NET_CTRL_ANNOUNCE, VIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0, timeout_ms);
}
