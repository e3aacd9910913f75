/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The software end of a port. Owns its rings, eventfds and counters. Software's threads take no
 * lock; hardware threads take one of the queue, so that several can fill it and none works on a
 * ring that nicsim_port_open() is about to replace.
 *
 * The eventfd is written when a frame comes into a ring that was empty, since the one who empties
 * it sleeps only once it found nothing. It stores its position, then loads the filling end's; the
 * filling end stores its own, then loads that one: in one total order at least one of them sees
 * what the other did.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "nicsim_fifo.h"
#include "nicsim_port.h"

/* Each has one writer at a time; atomic for those who read. */
struct port_counters {
	uint64_t rx_packets, rx_bytes, rx_too_long; /* software's receiving thread */
	uint64_t rx_missed; /* under put */
	uint64_t tx_packets, tx_bytes, tx_full; /* software's sending thread */
	uint64_t tx_malformed; /* under get */
};

struct port_queue {
	struct nicsim_fifo rx, tx; /* as software sees it */
	pthread_mutex_t put; /* the filling end of rx */
	int fd; /* eventfd; -1: the queue was never in use */
	bool armed; /* atomic */
	struct port_counters count;
};

struct nicsim_port {
	void (*wake)(void *ctx);
	void *ctx;
	pthread_mutex_t get; /* the emptying ends of tx */
	unsigned int num; /* queues in use; atomic, written with all locks */
	unsigned int turn; /* under get */
	uint64_t missed; /* atomic: while no queue was in use */
	struct port_queue queue[NICSIM_PORT_QUEUES];
	pthread_mutex_t base_lock;
	struct nicsim_port_stats base; /* what counted up to the last reset */
};

static void
count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static unsigned int
port_num(const struct nicsim_port *port)
{
	return __atomic_load_n(&port->num, __ATOMIC_ACQUIRE);
}

/* --- life ------------------------------------------------------------------------------------ */

struct nicsim_port *
nicsim_port_new(void (*wake)(void *ctx), void *ctx)
{
	struct nicsim_port *port = aligned_alloc(_Alignof(struct nicsim_port), sizeof(*port));
	unsigned int i;

	if (port == NULL)
		return NULL;
	memset(port, 0, sizeof(*port));
	port->wake = wake;
	port->ctx = ctx;
	pthread_mutex_init(&port->get, NULL);
	pthread_mutex_init(&port->base_lock, NULL);
	for (i = 0; i < NICSIM_PORT_QUEUES; i++) {
		pthread_mutex_init(&port->queue[i].put, NULL);
		port->queue[i].fd = -1;
	}
	return port;
}

static void
fifo_set(struct nicsim_fifo *f, uint8_t *buf)
{
	free(f->buf);
	f->buf = buf;
	f->seen_tail = 0;
	f->seen_head = 0;
	__atomic_store_n(&f->head, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&f->tail, 0, __ATOMIC_SEQ_CST);
}

void
nicsim_port_free(struct nicsim_port *port)
{
	unsigned int i;

	if (port == NULL)
		return;
	for (i = 0; i < NICSIM_PORT_QUEUES; i++) {
		fifo_set(&port->queue[i].rx, NULL);
		fifo_set(&port->queue[i].tx, NULL);
		if (port->queue[i].fd >= 0)
			close(port->queue[i].fd);
		pthread_mutex_destroy(&port->queue[i].put);
	}
	pthread_mutex_destroy(&port->base_lock);
	pthread_mutex_destroy(&port->get);
	free(port);
}

/* New rings in place of old ones, with no hardware thread in them. */
static void
port_replace(struct nicsim_port *port, unsigned int queues,
	uint8_t *buf[2 * NICSIM_PORT_QUEUES])
{
	struct port_queue *q;
	unsigned int i;
	eventfd_t n;

	pthread_mutex_lock(&port->get);
	for (i = 0; i < NICSIM_PORT_QUEUES; i++)
		pthread_mutex_lock(&port->queue[i].put);
	__atomic_store_n(&port->num, queues, __ATOMIC_RELEASE);
	for (i = 0; i < NICSIM_PORT_QUEUES; i++) {
		q = &port->queue[i];
		fifo_set(&q->rx, buf[2 * i]);
		fifo_set(&q->tx, buf[2 * i + 1]);
		__atomic_store_n(&q->armed, false, __ATOMIC_SEQ_CST);
		if (q->fd >= 0)
			eventfd_read(q->fd, &n); /* of frames that are gone */
	}
	for (i = 0; i < NICSIM_PORT_QUEUES; i++)
		pthread_mutex_unlock(&port->queue[i].put);
	pthread_mutex_unlock(&port->get);
}

int
nicsim_port_open(struct nicsim_port *port, unsigned int queues)
{
	uint8_t *buf[2 * NICSIM_PORT_QUEUES] = { NULL };
	unsigned int i;
	int ret;

	if (queues > NICSIM_PORT_QUEUES)
		return -EINVAL;
	for (i = 0; i < queues; i++) {
		if (port->queue[i].fd < 0)
			port->queue[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ret = -errno;
		if (port->queue[i].fd < 0)
			goto free;
	}
	ret = -ENOMEM;
	for (i = 0; i < 2 * queues; i++) {
		buf[i] = malloc(NICSIM_PORT_RING);
		if (buf[i] == NULL)
			goto free;
	}
	port_replace(port, queues, buf);
	port->wake(port->ctx); /* a wire may have waited for it */
	return 0;

free:
	for (i = 0; i < 2 * queues; i++)
		free(buf[i]);
	return ret;
}

bool
nicsim_port_is_open(const struct nicsim_port *port)
{
	return __atomic_load_n(&port->num, __ATOMIC_RELAXED) != 0;
}

/* --- software -------------------------------------------------------------------------------- */

uint32_t
nicsim_port_rx(struct nicsim_port *port, unsigned int queue, void *buf, uint32_t size,
	struct nicsim_meta *meta)
{
	unsigned int most = NICSIM_FIFO_FRAMES;
	struct port_queue *q;
	uint32_t len;

	if (queue >= port_num(port))
		return 0;
	q = &port->queue[queue];
	while (most-- > 0 && (len = nicsim_fifo_peek(&q->rx, meta)) != 0) {
		if (len > size) {
			nicsim_fifo_take(&q->rx, NULL, len);
			count(&q->count.rx_too_long, 1);
			continue;
		}
		nicsim_fifo_take(&q->rx, buf, len);
		count(&q->count.rx_packets, 1);
		count(&q->count.rx_bytes, len);
		return len;
	}
	return 0;
}

uint32_t
nicsim_port_rx_peek(struct nicsim_port *port, unsigned int queue)
{
	return queue < port_num(port) ? nicsim_fifo_peek(&port->queue[queue].rx, NULL) : 0;
}

int
nicsim_port_tx(struct nicsim_port *port, unsigned int queue, const void *const *piece,
	const uint32_t *len, unsigned int n, const struct nicsim_meta *meta)
{
	const struct nicsim_piece pieces = { piece, len, n };
	struct port_queue *q;
	uint64_t total = 0;
	unsigned int i;

	if (queue >= port_num(port))
		return -EINVAL;
	for (i = 0; i < n; i++)
		total += len[i];
	if (total < NICSIM_FRAME_MIN || total > NICSIM_FRAME_MAX)
		return -EMSGSIZE;
	q = &port->queue[queue];
	if (!nicsim_fifo_put(&q->tx, &pieces, (uint32_t)total, meta)) {
		count(&q->count.tx_full, 1);
		return -ENOBUFS;
	}
	count(&q->count.tx_packets, 1);
	count(&q->count.tx_bytes, total);
	return 0;
}

void
nicsim_port_tx_kick(struct nicsim_port *port)
{
	port->wake(port->ctx);
}

int
nicsim_port_rx_fd(struct nicsim_port *port, unsigned int queue)
{
	return queue < port_num(port) ? port->queue[queue].fd : -1;
}

void
nicsim_port_rx_arm(struct nicsim_port *port, unsigned int queue, bool on)
{
	struct port_queue *q;

	if (queue >= port_num(port))
		return;
	q = &port->queue[queue];
	__atomic_store_n(&q->armed, on, __ATOMIC_SEQ_CST);
	if (on && !nicsim_fifo_is_empty(&q->rx))
		eventfd_write(q->fd, 1);
}

/* --- NIC ------------------------------------------------------------------------------------- */

/* Under put. */
static bool
queue_put(struct port_queue *q, const struct nicsim_frame *frame)
{
	const struct nicsim_meta meta = { .flags = frame->meta.flags & NICSIM_HDR_DATA_VALID };
	const void *data = frame->data;
	const struct nicsim_piece piece = { &data, &frame->len, 1 };

	if (!nicsim_fifo_put(&q->rx, &piece, frame->len, &meta)) {
		count(&q->count.rx_missed, 1);
		return false;
	}
	if (__atomic_load_n(&q->armed, __ATOMIC_SEQ_CST) &&
		nicsim_fifo_was_empty(&q->rx, frame->len))
		eventfd_write(q->fd, 1);
	return true;
}

bool
nicsim_port_put(struct nicsim_port *port, const struct nicsim_frame *frame)
{
	unsigned int num = port_num(port), i = (unsigned int)((uint64_t)frame->hash * num >> 32);
	struct port_queue *q = &port->queue[i];
	bool taken = false;

	pthread_mutex_lock(&q->put);
	if (i < port_num(port)) /* not closed meanwhile, nor before */
		taken = queue_put(q, frame);
	else
		__atomic_fetch_add(&port->missed, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&q->put);
	return taken;
}

/* Under get: the next frame of one queue that is in order. */
static bool
queue_get(struct port_queue *q, struct nicsim_frame *frame)
{
	unsigned int most = NICSIM_FIFO_FRAMES;
	uint32_t len;

	while (most-- > 0 && (len = nicsim_fifo_peek(&q->tx, &frame->meta)) != 0) {
		nicsim_fifo_take(&q->tx, frame->data, len);
		frame->len = len;
		frame->meta.flags &= (uint8_t)~NICSIM_HDR_DATA_VALID; /* software cannot know */
		if (nicsim_frame_check(frame) == 0) {
			frame->hash = nicsim_frame_hash(frame->data, frame->len);
			return true;
		}
		count(&q->count.tx_malformed, 1);
	}
	return false;
}

bool
nicsim_port_get(struct nicsim_port *port, struct nicsim_frame *frame)
{
	unsigned int num, i;
	bool found = false;

	if (!nicsim_port_busy(port))
		return false;
	pthread_mutex_lock(&port->get);
	num = port_num(port);
	for (i = 0; i < num && !found; i++) {
		port->turn = port->turn + 1 < num ? port->turn + 1 : 0;
		found = queue_get(&port->queue[port->turn], frame);
	}
	pthread_mutex_unlock(&port->get);
	return found;
}

bool
nicsim_port_busy(struct nicsim_port *port)
{
	unsigned int i, num = port_num(port);

	for (i = 0; i < num; i++)
		if (!nicsim_fifo_is_empty(&port->queue[i].tx))
			return true;
	return false;
}

/* --- counters -------------------------------------------------------------------------------- */

static void
port_sum(const struct nicsim_port *port, struct nicsim_port_stats *s)
{
	const struct port_counters *c;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->rx_missed = __atomic_load_n(&port->missed, __ATOMIC_RELAXED);
	for (i = 0; i < NICSIM_PORT_QUEUES; i++) {
		c = &port->queue[i].count;
		s->rx_packets += __atomic_load_n(&c->rx_packets, __ATOMIC_RELAXED);
		s->rx_bytes += __atomic_load_n(&c->rx_bytes, __ATOMIC_RELAXED);
		s->rx_missed += __atomic_load_n(&c->rx_missed, __ATOMIC_RELAXED);
		s->rx_too_long += __atomic_load_n(&c->rx_too_long, __ATOMIC_RELAXED);
		s->tx_packets += __atomic_load_n(&c->tx_packets, __ATOMIC_RELAXED);
		s->tx_bytes += __atomic_load_n(&c->tx_bytes, __ATOMIC_RELAXED);
		s->tx_full += __atomic_load_n(&c->tx_full, __ATOMIC_RELAXED);
		s->tx_malformed += __atomic_load_n(&c->tx_malformed, __ATOMIC_RELAXED);
	}
}

void
nicsim_port_stats(struct nicsim_port *port, struct nicsim_port_stats *stats)
{
	const struct nicsim_port_stats *b = &port->base;

	pthread_mutex_lock(&port->base_lock);
	port_sum(port, stats);
	stats->rx_packets -= b->rx_packets;
	stats->rx_bytes -= b->rx_bytes;
	stats->rx_missed -= b->rx_missed;
	stats->rx_too_long -= b->rx_too_long;
	stats->tx_packets -= b->tx_packets;
	stats->tx_bytes -= b->tx_bytes;
	stats->tx_full -= b->tx_full;
	stats->tx_malformed -= b->tx_malformed;
	pthread_mutex_unlock(&port->base_lock);
}

void
nicsim_port_stats_reset(struct nicsim_port *port)
{
	pthread_mutex_lock(&port->base_lock);
	port_sum(port, &port->base);
	pthread_mutex_unlock(&port->base_lock);
}
