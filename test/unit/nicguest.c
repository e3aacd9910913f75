/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * A guest's driver on one VF of a simulated NIC, for tests. Owns the guest's memory and its
 * eventfds. One thread at a time; waits with deadlines.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "nicguest.h"

#define PAGE 4096
#define IOVA UINT64_C(0x7700000000) /* nothing that a process would have there */
#define RX 0
#define TX 1

const struct nicguest_conf nicguest_default = { .size = 256, .buf = 2048 };

static struct guestring_conf
ring_conf(const struct nicguest *g)
{
	return (struct guestring_conf){
		.size = g->conf.size,
		.packed = (g->dev.features & VIO_BIT(VIO_F_RING_PACKED)) != 0,
		.event_idx = (g->dev.features & VIO_BIT(VIO_F_EVENT_IDX)) != 0,
		.in_order = (g->dev.features & VIO_BIT(VIO_F_IN_ORDER)) != 0,
	};
}

static uint8_t *
buf_at(const struct nicguest *g, const struct nicguest_queue *q, uint64_t i)
{
	return g->mem + q->buf_off + i * g->conf.buf;
}

static uint64_t
iova_of(const struct nicguest *g, const uint8_t *at)
{
	return IOVA + (uint64_t)(at - g->mem);
}

static int
memory_start(struct nicguest *g)
{
	struct guestring_conf conf = ring_conf(g);
	size_t ring = guestring_bytes(&conf), bufs = (size_t)g->conf.size * g->conf.buf;
	int i, ret;

	bufs = (bufs + PAGE - 1) / PAGE * PAGE;
	g->mem_len = 2 * (ring + bufs);
	g->mem = mmap(NULL, g->mem_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->mem == MAP_FAILED) {
		g->mem = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < 2; i++) {
		g->q[i].mem = g->mem + (size_t)i * (ring + bufs);
		g->q[i].buf_off = (size_t)i * (ring + bufs) + ring;
	}
	ret = nicsim_vf_dma_map(g->vf, (uintptr_t)g->mem, IOVA, g->mem_len);
	g->is_mapped = ret == 0;
	return ret;
}

static void
memory_stop(struct nicguest *g)
{
	if (g->is_mapped)
		nicsim_vf_dma_unmap(g->vf, IOVA, g->mem_len);
	if (g->mem != NULL)
		munmap(g->mem, g->mem_len);
}

static int
irqs_start(struct nicguest *g)
{
	int fds[3], i;

	g->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (i = 0; i < 2; i++)
		g->q[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fds[0] = g->config_fd;
	fds[1] = g->q[RX].fd;
	fds[2] = g->q[TX].fd;
	if (fds[0] < 0 || fds[1] < 0 || fds[2] < 0)
		return -EMFILE;
	return nicsim_vf_irq_set(g->vf, 0, 3, fds);
}

static void
irqs_stop(struct nicguest *g)
{
	int i;

	for (i = 0; i < 2; i++)
		if (g->q[i].fd >= 0)
			close(g->q[i].fd);
	if (g->config_fd >= 0)
		close(g->config_fd);
}

static int
page_start(struct nicguest *g, struct nicguest_queue *q)
{
	void *at;

	if (!vio_doorbell_own_page(&g->dev, &q->db, PAGE))
		return -ENOTSUP;
	at = mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, g->info.device_fd,
		(off_t)(g->info.bar_offset + q->db.off));
	if (at == MAP_FAILED)
		return -errno;
	q->page = at;
	return 0;
}

static void
queue_stop(struct nicguest_queue *q)
{
	if (q->page != NULL)
		munmap((void *)(uintptr_t)q->page, PAGE);
	q->page = NULL;
	guestring_fini(&q->ring);
	free(q->idle);
	q->idle = NULL;
}

static int
queue_start(struct nicguest *g, uint16_t qid)
{
	struct guestring_conf rc = ring_conf(g);
	struct nicguest_queue *q = &g->q[qid];
	struct vio_queue_conf conf = { .size = rc.size, .vector = (uint16_t)(1 + qid) };
	int ret;

	ret = guestring_init(&q->ring, &rc, q->mem, iova_of(g, q->mem), qid + 1u);
	if (ret != 0)
		return ret;
	q->idle = calloc(rc.size, sizeof(*q->idle));
	if (q->idle == NULL)
		return -ENOMEM;
	for (q->num_idle = 0; q->num_idle < rc.size; q->num_idle++)
		q->idle[q->num_idle] = q->num_idle;
	conf.desc = guestring_desc(&q->ring);
	conf.driver = guestring_driver(&q->ring);
	conf.device = guestring_device(&q->ring);
	ret = vio_queue_setup(&g->dev, qid, &conf);
	if (ret == 0)
		ret = vio_queue_doorbell(&g->dev, qid, &q->db);
	if (ret == 0 && g->conf.pages)
		ret = page_start(g, q);
	return ret == 0 ? vio_queue_enable(&g->dev, qid) : ret;
}

static void
buffer_offer(struct nicguest *g, uint64_t i)
{
	struct nicguest_queue *q = &g->q[RX];
	struct guestring_buf buf = { iova_of(g, buf_at(g, q, i)), g->conf.buf };

	if (guestring_add(&q->ring, &buf, 0, 1, false, 0, i) < 0)
		q->ring.wrong = "no room for a buffer";
}

static int
queues_start(struct nicguest *g)
{
	uint16_t i;
	int ret;

	ret = queue_start(g, RX);
	if (ret == 0)
		ret = queue_start(g, TX);
	for (i = 0; ret == 0 && i < g->conf.size; i++)
		buffer_offer(g, i);
	return ret;
}

static int
device_start(struct nicguest *g)
{
	struct vio_io io = { &nicsim_vf_io_ops, g->vf };
	int ret;

	ret = vio_dev_init(&g->dev, &io, &g->info.layout);
	if (ret == 0)
		ret = vio_dev_reset(&g->dev, VIO_RESET_MS);
	if (ret == 0)
		ret = vio_dev_negotiate(&g->dev, g->conf.features | VIO_BIT(VIO_F_VERSION_1) |
							 VIO_BIT(VIO_F_ACCESS_PLATFORM));
	if (ret == 0)
		ret = memory_start(g);
	if (ret == 0)
		ret = irqs_start(g);
	if (ret == 0)
		ret = queues_start(g);
	return ret == 0 ? vio_dev_driver_ok(&g->dev) : ret;
}

int
nicguest_start(struct nicguest *g, struct nicsim_vf *vf, const struct nicguest_conf *conf)
{
	int ret;

	memset(g, 0, sizeof(*g));
	g->vf = vf;
	g->conf = conf != NULL ? *conf : nicguest_default;
	g->config_fd = g->q[RX].fd = g->q[TX].fd = -1;
	ret = nicsim_vf_open(vf, &g->info);
	if (ret != 0)
		return ret;
	g->is_open = true;
	ret = device_start(g);
	if (ret != 0)
		nicguest_stop(g);
	return ret;
}

void
nicguest_stop(struct nicguest *g)
{
	if (!g->is_open)
		return;
	vio_dev_reset(&g->dev, VIO_RESET_MS);
	nicsim_vf_irq_disable(g->vf);
	queue_stop(&g->q[RX]);
	queue_stop(&g->q[TX]);
	memory_stop(g);
	nicsim_vf_close(g->vf);
	irqs_stop(g);
	memset(g, 0, sizeof(*g));
}

int
nicguest_requeue(struct nicguest *g)
{
	uint16_t i;
	int ret;

	for (i = 0; i < 2; i++) {
		ret = vio_queue_reset(&g->dev, i, VIO_RESET_MS);
		if (ret != 0)
			return ret;
		queue_stop(&g->q[i]);
	}
	return queues_start(g);
}

static void
ring_doorbell(struct nicguest *g, struct nicguest_queue *q)
{
	if (!guestring_kick(&q->ring))
		return;
	if (q->page != NULL)
		__atomic_store_n(q->page, htole16(q->db.data), __ATOMIC_RELEASE);
	else
		vio_queue_notify(&g->dev, &q->db);
}

void
nicguest_kick(struct nicguest *g)
{
	ring_doorbell(g, &g->q[TX]);
}

int
nicguest_queue(struct nicguest *g, const void *hdr, const void *data, uint32_t len)
{
	struct nicguest_queue *q = &g->q[TX];
	struct guestring_buf buf;
	uint64_t cookie;
	uint32_t used;
	int ret;

	while ((ret = guestring_used(&q->ring, &cookie, &used)) == 1)
		q->idle[q->num_idle++] = (uint16_t)cookie;
	if (ret < 0)
		return ret;
	if (q->num_idle == 0 || NICGUEST_HDR + len > g->conf.buf)
		return -ENOSPC;
	cookie = q->idle[--q->num_idle];
	if (hdr != NULL)
		memcpy(buf_at(g, q, cookie), hdr, NICGUEST_HDR);
	else
		memset(buf_at(g, q, cookie), 0, NICGUEST_HDR);
	memcpy(buf_at(g, q, cookie) + NICGUEST_HDR, data, len);
	buf = (struct guestring_buf){ iova_of(g, buf_at(g, q, cookie)), NICGUEST_HDR + len };
	ret = guestring_add(&q->ring, &buf, 1, 0, false, 0, cookie);
	return ret < 0 ? ret : 0;
}

int
nicguest_send(struct nicguest *g, const void *hdr, const void *data, uint32_t len)
{
	int ret = nicguest_queue(g, hdr, data, len);

	nicguest_kick(g);
	return ret;
}

int
nicguest_recv(struct nicguest *g, void *data, void *hdr)
{
	struct nicguest_queue *q = &g->q[RX];
	uint64_t cookie;
	uint32_t len;
	int ret = guestring_used(&q->ring, &cookie, &len);

	if (ret != 1)
		return ret;
	if (len <= NICGUEST_HDR) {
		q->ring.wrong = "a buffer given back with no frame in it";
		return -EPROTO;
	}
	if (hdr != NULL)
		memcpy(hdr, buf_at(g, q, cookie), NICGUEST_HDR);
	memcpy(data, buf_at(g, q, cookie) + NICGUEST_HDR, len - NICGUEST_HDR);
	buffer_offer(g, cookie);
	ring_doorbell(g, q);
	return (int)(len - NICGUEST_HDR);
}

int
nicguest_wait(struct nicguest *g, void *data, unsigned int ms)
{
	struct nicguest_queue *q = &g->q[RX];
	struct pollfd p = { .fd = q->fd, .events = POLLIN };
	eventfd_t n;
	int ret;

	for (;;) {
		ret = nicguest_recv(g, data, NULL);
		if (ret != 0)
			return ret;
		if (guestring_arm(&q->ring, true, 0))
			continue;
		if (poll(&p, 1, (int)ms) != 1)
			return 0;
		eventfd_read(q->fd, &n);
	}
}

const char *
nicguest_wrong(const struct nicguest *g)
{
	if (g->q[RX].ring.wrong != NULL)
		return g->q[RX].ring.wrong;
	if (g->q[TX].ring.wrong != NULL)
		return g->q[TX].ring.wrong;
	return guestring_is_intact(&g->q[RX].ring) && guestring_is_intact(&g->q[TX].ring)
		       ? NULL
		       : "a descriptor table was written to";
}
