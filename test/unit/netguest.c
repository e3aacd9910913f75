/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * A guest on one simulated VF, for tests. Owns the function, the guest's memory and its eventfds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netguest.h"

#define PAGE 4096
#define IOVA UINT64_C(0x100000000)
#define HDR 12
#define GAP 7 /* between the buffers of a chain */

static struct guestring_conf
ring_conf(const struct netguest *g)
{
	return (struct guestring_conf){
		.size = NETGUEST_SIZE,
		.packed = (g->dev.features & VIO_BIT(VIO_F_RING_PACKED)) != 0,
		.event_idx = (g->dev.features & VIO_BIT(VIO_F_EVENT_IDX)) != 0,
		.in_order = (g->dev.features & VIO_BIT(VIO_F_IN_ORDER)) != 0,
	};
}

static int
queue_start(struct netguest *g, uint16_t qid)
{
	struct guestring_conf rc = ring_conf(g);
	struct netguest_queue *q = &g->q[qid];
	struct vio_queue_conf conf = { .size = rc.size, .vector = (uint16_t)(1 + qid) };
	int ret;

	q->slots_off = guestring_bytes(&rc);
	q->bytes = q->slots_off + (size_t)NETGUEST_SIZE * NETGUEST_SLOT;
	q->iova = IOVA * (1 + qid);
	q->mem = aligned_alloc(PAGE, q->bytes);
	if (q->mem == NULL)
		return -ENOMEM;
	ret = guestring_init(&q->ring, &rc, q->mem, q->iova, qid + 1u);
	if (ret == 0)
		ret = nicsim_vf_dma_map(g->vf, (uintptr_t)q->mem, q->iova, q->bytes);
	if (ret != 0)
		return ret;
	for (q->num_idle = 0; q->num_idle < NETGUEST_SIZE; q->num_idle++)
		q->idle[q->num_idle] = q->num_idle;
	conf.desc = guestring_desc(&q->ring);
	conf.driver = guestring_driver(&q->ring);
	conf.device = guestring_device(&q->ring);
	ret = vio_queue_setup(&g->dev, qid, &conf);
	if (ret == 0)
		ret = vio_queue_doorbell(&g->dev, qid, &q->db);
	return ret != 0 ? ret : vio_queue_enable(&g->dev, qid);
}

static int
irqs_start(struct netguest *g)
{
	int fds[1 + 2 * NETGUEST_PAIRS];
	unsigned int i;

	g->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fds[0] = g->config_fd;
	for (i = 0; i < 2 * g->pairs; i++) {
		g->q[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		fds[1 + i] = g->q[i].fd;
	}
	return nicsim_vf_irq_set(g->vf, 0, (uint16_t)(1 + 2 * g->pairs), fds);
}

static int
device_start(struct netguest *g, uint64_t features)
{
	struct vio_io io = { &nicsim_vf_io_ops, g->vf };
	uint16_t i;
	int ret = vio_dev_init(&g->dev, &io, &g->info.layout);

	if (ret == 0)
		ret = vio_dev_reset(&g->dev, 1000);
	if (ret == 0)
		ret = vio_dev_negotiate(&g->dev,
			features | VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM));
	for (i = 0; i < 2 * g->pairs && ret == 0; i++)
		ret = queue_start(g, i);
	if (ret == 0)
		ret = irqs_start(g);
	if (ret == 0)
		ret = vio_dev_config_vector(&g->dev, 0);
	if (ret == 0)
		ret = vio_dev_driver_ok(&g->dev);
	return ret;
}

int
netguest_start(struct netguest *g, uint64_t features, unsigned int pairs)
{
	struct nicsim_vf_conf conf = nicsim_vf_default;
	int ret;

	memset(g, 0, sizeof(*g));
	conf.pairs = (uint16_t)pairs;
	conf.features |= features;
	g->pairs = pairs;
	if (pairs > 1)
		features |= VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_CTRL_VQ);
	g->vf = nicsim_vf_new(&conf, "net", NULL, NULL);
	if (g->vf == NULL)
		return -1;
	ret = nicsim_vf_open(g->vf, &g->info);
	if (ret == 0)
		ret = device_start(g, features);
	if (ret != 0) {
		printf("    the guest did not start: %s\n", strerror(-ret));
		return -1;
	}
	/* as VQ_PAIRS_SET would: that command has tests of its own */
	nicsim_vf_lock(g->vf);
	g->vf->ctrl.pairs = (uint16_t)pairs;
	nicsim_vf_unlock(g->vf);
	return 0;
}

void
netguest_stop(struct netguest *g)
{
	unsigned int i;

	nicsim_vf_free(g->vf);
	close(g->config_fd);
	for (i = 0; i < 2 * g->pairs; i++) {
		close(g->q[i].fd);
		guestring_fini(&g->q[i].ring);
		free(g->q[i].mem);
	}
}

static size_t
buf_off(const struct netguest_queue *q, uint16_t slot, uint16_t buf)
{
	size_t off = q->slots_off + (size_t)slot * NETGUEST_SLOT + slot % 64;
	uint16_t i;

	for (i = 0; i < buf; i++)
		off += q->slot[slot].len[i] + GAP;
	return off;
}

int
netguest_add(struct netguest *g, uint16_t qid, const struct netguest_slot *shape)
{
	struct netguest_queue *q = &g->q[qid];
	struct guestring_buf bufs[NETGUEST_BUFS];
	uint16_t slot, i;
	int ret;

	if (q->num_idle == 0)
		return -ENOSPC;
	slot = q->idle[q->num_idle - 1];
	q->slot[slot] = *shape;
	for (i = 0; i < shape->n_out + shape->n_in; i++) {
		bufs[i].iova = q->iova + buf_off(q, slot, i);
		bufs[i].len = shape->len[i];
	}
	ret = guestring_add(&q->ring, bufs, shape->n_out, shape->n_in, q->indirect, 0, slot);
	if (ret < 0)
		return ret;
	q->num_idle--;
	return slot;
}

int
netguest_send(struct netguest *g, uint16_t qid, const uint8_t *hdr, const uint8_t *frame,
	uint32_t len, uint16_t n)
{
	struct netguest_queue *q = &g->q[qid];
	struct netguest_slot shape = { .n_out = n };
	uint32_t left = HDR + len, off = 0, j;
	uint16_t i, slot;

	if (q->num_idle == 0)
		return -ENOSPC;
	for (i = 0; i < n; i++) { /* small pieces first: the header is cut, too */
		shape.len[i] = i + 1 == n ? left : left * (i + 1u) / (n * n);
		left -= shape.len[i];
	}
	/* the bytes are there before the chain is available */
	slot = q->idle[q->num_idle - 1];
	q->slot[slot] = shape;
	for (i = 0; i < n; i++) {
		for (j = 0; j < shape.len[i]; j++, off++)
			q->mem[buf_off(q, slot, i) + j] = off < HDR ? hdr[off] : frame[off - HDR];
	}
	return netguest_add(g, qid, &shape);
}

int
netguest_offer(struct netguest *g, uint16_t qid, uint32_t len)
{
	struct netguest_slot shape = { .len = { len }, .n_in = 1 };

	return netguest_add(g, qid, &shape);
}

bool
netguest_kick(struct netguest *g, uint16_t qid, bool always)
{
	if (!guestring_kick(&g->q[qid].ring) && !always)
		return false;
	vio_queue_notify(&g->dev, &g->q[qid].db);
	return true;
}

int
netguest_used(struct netguest *g, uint16_t qid, uint32_t *len)
{
	struct netguest_queue *q = &g->q[qid];
	uint64_t slot;
	int ret = guestring_used(&q->ring, &slot, len);

	if (ret == 0)
		return -ENOENT;
	if (ret < 0) {
		printf("    queue %u: %s\n", qid, q->ring.wrong);
		return ret;
	}
	q->idle[q->num_idle++] = (uint16_t)slot;
	return (int)slot;
}

void
netguest_gather(const struct netguest *g, uint16_t qid, uint16_t slot, uint8_t *buf, uint32_t len)
{
	const struct netguest_queue *q = &g->q[qid];
	const struct netguest_slot *s = &q->slot[slot];
	uint32_t part;
	uint16_t i;

	for (i = s->n_out; i < s->n_out + s->n_in && len > 0; i++) {
		part = s->len[i] < len ? s->len[i] : len;
		memcpy(buf, q->mem + buf_off(q, slot, i), part);
		buf += part;
		len -= part;
	}
}

uint64_t
netguest_irqs(struct netguest *g, uint16_t qid)
{
	eventfd_t count;

	return eventfd_read(g->q[qid].fd, &count) == 0 ? count : 0;
}

struct nicsim_vf_stats
netguest_stats(struct netguest *g)
{
	struct nicsim_vf_stats stats;

	nicsim_vf_stats(g->vf, &stats);
	return stats;
}
