/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * One function under the script: bring-up in the specification's order (virtio 1.2, 3.1.1), rings
 * in memory of its own. Sleeps while it waits; no wait is without a bound.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "vf.h"

#define MEM_BYTES ((size_t)DIFF_QUEUES * DIFF_QUEUE_BYTES)
#define IOVA UINT64_C(0x40000000)
#define CTRL_SIZE 64
#define ACK_OFF 0x1000 /* in the control queue's buffers: the answer, behind the command */
#define ACK_NONE 0xee

uint64_t
diff_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
diff_sleep(unsigned int ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

uint32_t
diff_reg(struct diff_vf *vf, uint32_t off, uint8_t len)
{
	const struct vio_region *r = &vf->bus->layout.common;

	return vf->bus->io.ops->read(vf->bus->io.ctx, r->bar, r->off + off, len);
}

void
diff_reg_set(struct diff_vf *vf, uint32_t off, uint8_t len, uint32_t val)
{
	const struct vio_region *r = &vf->bus->layout.common;

	vf->bus->io.ops->write(vf->bus->io.ctx, r->bar, r->off + off, len, val);
}

bool
diff_vf_has(const struct diff_vf *vf, unsigned int bit)
{
	return (vf->features & VIO_BIT(bit)) != 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static int
vectors_open(struct diff_vf *vf)
{
	unsigned int i;

	for (i = 0; i < DIFF_VECTORS; i++) {
		vf->fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (vf->fd[i] < 0)
			return -errno;
	}
	return vf->bus->ops->irq_set(vf->bus, 0, DIFF_VECTORS, vf->fd);
}

int
diff_vf_init(struct diff_vf *vf)
{
	void *mem =
		mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;
	int ret;

	if (mem == MAP_FAILED)
		return -ENOMEM;
	vf->mem = mem;
	for (i = 0; i < DIFF_VECTORS; i++)
		vf->fd[i] = -1;
	vf->iova = IOVA;
	ret = vf->bus->ops->dma_map(vf->bus, (uintptr_t)vf->mem, vf->iova, MEM_BYTES);
	if (ret == 0)
		ret = vectors_open(vf);
	if (ret == 0)
		ret = vio_dev_init(&vf->dev, &vf->bus->io, &vf->bus->layout);
	if (ret == 0)
		ret = vio_dev_config_read(&vf->dev, VIO_NET_CFG_MAC, vf->mac, sizeof(vf->mac));
	return ret;
}

void
diff_vf_fini(struct diff_vf *vf)
{
	unsigned int i;

	if (vf->bus == NULL)
		return;
	if (vf->mem != NULL) {
		if (vf->dev.io.ops != NULL)
			diff_vf_reset(vf);
		vf->bus->ops->irq_disable(vf->bus);
		vf->bus->ops->dma_unmap(vf->bus, vf->iova, MEM_BYTES);
		munmap(vf->mem, MEM_BYTES);
		for (i = 0; i < DIFF_VECTORS; i++)
			if (vf->fd[i] >= 0)
				close(vf->fd[i]);
	}
	vf->bus->ops->close(vf->bus);
	vf->bus = NULL;
}

int
diff_vf_reset(struct diff_vf *vf)
{
	int ret = vio_dev_reset(&vf->dev, VIO_RESET_MS);

	vf->pairs = 0;
	vf->features = 0;
	if (ret != 0) {
		diff_say("reset", "failed: %s", strerror(-ret));
		vf->bus->ops->reset(vf->bus);
	}
	return ret;
}

/* --- bring-up --------------------------------------------------------------------------------- */

int
diff_vf_queue(struct diff_vf *vf, uint16_t qid, uint16_t size, uint16_t vector)
{
	struct diff_queue *q = &vf->q[qid];
	uint64_t off = (uint64_t)qid * DIFF_QUEUE_BYTES;
	struct vio_queue_conf conf = { .size = size, .vector = vector };
	int ret;

	diff_ring_init(&q->ring, vf->mem + off, vf->iova + off, size, vf->features);
	q->bufs = vf->mem + off + DIFF_BUFS_OFF;
	q->bufs_iova = vf->iova + off + DIFF_BUFS_OFF;
	q->refill = true;
	vf->size[qid] = size;
	conf.desc = q->ring.iova;
	conf.driver = q->ring.iova + q->ring.driver_off;
	conf.device = q->ring.iova + q->ring.device_off;
	ret = vio_queue_setup(&vf->dev, qid, &conf);
	if (ret == 0)
		ret = vio_queue_doorbell(&vf->dev, qid, &q->db);
	if (ret == 0)
		ret = vio_queue_enable(&vf->dev, qid);
	return ret;
}

static int
queues_start(struct diff_vf *vf, uint16_t pairs, uint16_t size)
{
	uint16_t qid;
	int ret;

	for (qid = 0; qid < 2 * pairs; qid++) {
		ret = diff_vf_queue(vf, qid, size, 1 + qid);
		if (ret != 0)
			return ret;
	}
	vf->ctrl = diff_vf_has(vf, VIO_NET_F_MQ) ? 2 * DIFF_PAIRS : 2;
	if (!diff_vf_has(vf, VIO_NET_F_CTRL_VQ))
		return 0;
	return diff_vf_queue(vf, vf->ctrl, CTRL_SIZE, DIFF_VECTORS - 1);
}

int
diff_vf_start(struct diff_vf *vf, uint64_t features, uint16_t pairs, uint16_t size)
{
	uint8_t two[2] = { (uint8_t)pairs, 0 };
	uint32_t used;
	int ret;

	features =
		(features | VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM)) & vf->mask;
	ret = diff_vf_reset(vf);
	if (ret == 0)
		ret = vio_dev_negotiate(&vf->dev, features);
	if (ret != 0)
		return ret;
	vf->features = features;
	ret = vio_dev_config_vector(&vf->dev, 0);
	if (ret == 0)
		ret = queues_start(vf, pairs, size);
	if (ret == 0)
		ret = vio_dev_driver_ok(&vf->dev);
	if (ret != 0)
		return ret;
	vf->pairs = pairs;
	if (pairs > 1 && diff_vf_command(vf, VIO_NET_CTRL_MQ, VIO_NET_CTRL_MQ_VQ_PAIRS_SET, two,
				 sizeof(two), &used) != VIO_NET_OK)
		ret = -EIO;
	return ret;
}

/* --- rings ------------------------------------------------------------------------------------ */

void
diff_vf_kick(struct diff_vf *vf, uint16_t qid)
{
	if (diff_ring_kick(&vf->q[qid].ring))
		vio_queue_notify(&vf->dev, &vf->q[qid].db);
}

void
diff_vf_refill(struct diff_queue *q, unsigned int token)
{
	uint64_t off = (uint64_t)token * q->stride;
	struct vring_buf bufs[DIFF_CHAIN_MAX];
	unsigned int i;

	memset(q->bufs + off, DIFF_CANARY, q->stride);
	for (i = 0; i < q->shape.n; i++) {
		bufs[i] = (struct vring_buf){ q->bufs_iova + off, q->shape.len[i] };
		off += q->shape.len[i] + DIFF_GAP;
	}
	if (diff_ring_add(&q->ring, bufs, 0, q->shape.n, q->shape.indirect, token) != 0)
		diff_say("fill", "no room in the ring");
}

void
diff_vf_fill(struct diff_vf *vf, uint16_t qid, const struct diff_shape *shape, unsigned int n)
{
	struct diff_queue *q = &vf->q[qid];
	unsigned int i;

	q->shape = *shape;
	q->stride = 0;
	for (i = 0; i < shape->n; i++)
		q->stride += shape->len[i] + DIFF_GAP;
	for (i = 0; i < n; i++)
		diff_vf_refill(q, i);
	diff_vf_kick(vf, qid);
}

int
diff_vf_used(struct diff_vf *vf, uint16_t qid, unsigned int *token, uint32_t *len, unsigned int ms)
{
	uint64_t end = diff_now_ms() + ms;
	struct diff_ring *r = &vf->q[qid].ring;
	const struct timespec step = { 0, 200000 };
	int ret;

	for (;;) {
		ret = diff_ring_get(r, token, len);
		if (ret < 0)
			diff_say("broken", "%s: queue %u: %s", vf->name, qid, r->wrong);
		if (ret != 0 || diff_now_ms() >= end)
			return ret;
		nanosleep(&step, NULL);
	}
}

unsigned int
diff_vf_command(struct diff_vf *vf, uint8_t class, uint8_t cmd, const void *data, size_t len,
	uint32_t *used)
{
	struct diff_queue *q = &vf->q[vf->ctrl];
	struct vring_buf bufs[3] = { { q->bufs_iova, 2 }, { q->bufs_iova + 2, (uint32_t)len },
		{ q->bufs_iova + ACK_OFF, 1 } };
	unsigned int token, n = len != 0 ? 3 : 2;
	uint8_t *ack = q->bufs + ACK_OFF;

	q->bufs[0] = class;
	q->bufs[1] = cmd;
	if (len != 0)
		memcpy(q->bufs + 2, data, len);
	else
		bufs[1] = bufs[2];
	*ack = ACK_NONE;
	*used = 0;
	if (diff_ring_add(&q->ring, bufs, n - 1, 1, false, 0) != 0)
		return 0x100;
	diff_vf_kick(vf, vf->ctrl);
	if (diff_vf_used(vf, vf->ctrl, &token, used, DIFF_WAIT_MS) != 1)
		return 0x100;
	return *ack;
}

/* --- interrupts ------------------------------------------------------------------------------- */

void
diff_vf_irq_clear(struct diff_vf *vf)
{
	unsigned int i;
	eventfd_t n;

	for (i = 0; i < DIFF_VECTORS; i++)
		eventfd_read(vf->fd[i], &n);
}

void
diff_vf_irq_say(struct diff_vf *vf, const char *key)
{
	char text[256] = "";
	unsigned int i, at = 0;
	eventfd_t n;

	for (i = 0; i < DIFF_VECTORS; i++)
		if (eventfd_read(vf->fd[i], &n) == 0)
			at += snprintf(
				text + at, sizeof(text) - at, " %u:%" PRIu64, i, (uint64_t)n);
	diff_say(key, "vectors%s", at != 0 ? text : " none");
}
