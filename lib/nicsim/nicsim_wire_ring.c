/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The wire "ring:NAME": two simulated NICs of one process, back to back. Owns the list of rings,
 * by name, and the frames on their way. Either end may come and go first; what is on its way to an
 * end goes with it. Any thread.
 *
 * Locks: the list's for coming and going, then the ring's, which also keeps an end there while it
 * is woken. An end that was closed is not woken any more.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_wire_priv.h"

#define RING_BYTES (1u << 19) /* on their way to one end; a power of 2 */
#define RING_NAME 64

/* Frames to one end, each with its length before it. Positions run on, and wrap by themselves. */
struct ring_queue {
	uint32_t head; /* written up to */
	uint32_t tail; /* read up to */
	uint8_t bytes[RING_BYTES];
};

struct ring {
	struct ring *next; /* the list's lock */
	char name[RING_NAME];
	pthread_mutex_t lock;
	struct nicsim_wire *wire[2]; /* ends that are there */
	struct ring_queue queue[2]; /* to each of them */
};

struct ring_end {
	struct ring *ring;
	unsigned int side;
};

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ring *ring_list;

static void
ring_copy_in(struct ring_queue *q, const void *from, uint32_t n)
{
	uint32_t at = q->head & (RING_BYTES - 1);
	uint32_t first = n < RING_BYTES - at ? n : RING_BYTES - at;

	memcpy(q->bytes + at, from, first);
	memcpy(q->bytes, (const uint8_t *)from + first, n - first);
	q->head += n;
}

static void
ring_copy_out(struct ring_queue *q, void *to, uint32_t n)
{
	uint32_t at = q->tail & (RING_BYTES - 1);
	uint32_t first = n < RING_BYTES - at ? n : RING_BYTES - at;

	memcpy(to, q->bytes + at, first);
	memcpy((uint8_t *)to + first, q->bytes, n - first);
	q->tail += n;
}

/* The list's lock is held. @return NULL out of memory */
static struct ring *
ring_find(const char *name)
{
	struct ring *r;

	for (r = ring_list; r != NULL; r = r->next) {
		if (strcmp(r->name, name) == 0)
			return r;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	snprintf(r->name, sizeof(r->name), "%s", name);
	pthread_mutex_init(&r->lock, NULL);
	r->next = ring_list;
	ring_list = r;
	return r;
}

/* The list's lock is held. */
static void
ring_put(struct ring *r)
{
	struct ring **at = &ring_list;

	if (r->wire[0] != NULL || r->wire[1] != NULL)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* The list's lock is held. */
static int
ring_join(struct ring *r, struct ring_end *end, struct nicsim_wire *wire)
{
	int ret = -EBUSY;

	pthread_mutex_lock(&r->lock);
	end->side = r->wire[0] == NULL ? 0 : 1;
	if (r->wire[end->side] == NULL) {
		end->ring = r;
		wire->end = end;
		r->queue[end->side].tail = r->queue[end->side].head;
		r->wire[end->side] = wire;
		ret = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return ret;
}

static int
ring_open(struct nicsim_wire *wire, const char *arg, char *why, size_t len)
{
	struct ring_end *end;
	struct ring *r;
	int ret;

	if (arg == NULL || arg[0] == '\0' || strlen(arg) >= RING_NAME) {
		snprintf(why, len, "wire \"%s\": write %s, a name of 1 to %d characters",
			wire->text, wire->ops->form, RING_NAME - 1);
		return -EINVAL;
	}
	end = calloc(1, sizeof(*end));
	if (end == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&ring_lock);
	r = ring_find(arg);
	ret = r == NULL ? -ENOMEM : ring_join(r, end, wire);
	pthread_mutex_unlock(&ring_lock);
	if (ret == 0)
		return 0;
	if (ret == -EBUSY)
		snprintf(why, len, "wire \"%s\": has two ends already; take another name",
			wire->text);
	free(end);
	return ret;
}

static void
ring_close(struct nicsim_wire *wire)
{
	struct ring_end *end = wire->end;
	struct ring *r = end->ring;

	pthread_mutex_lock(&ring_lock);
	pthread_mutex_lock(&r->lock);
	r->wire[end->side] = NULL;
	pthread_mutex_unlock(&r->lock);
	ring_put(r);
	pthread_mutex_unlock(&ring_lock);
	free(end);
	wire->end = NULL;
}

static int
ring_rx(struct nicsim_wire *wire, struct nicsim_frame *frame)
{
	struct ring_end *end = wire->end;
	struct ring_queue *q = &end->ring->queue[end->side];
	int ret = 0;

	pthread_mutex_lock(&end->ring->lock);
	if (q->head != q->tail) {
		ring_copy_out(q, &frame->len, sizeof(frame->len));
		ring_copy_out(q, frame->data, frame->len);
		ret = 1;
	}
	pthread_mutex_unlock(&end->ring->lock);
	return ret;
}

/* The ring's lock is held. */
static int
ring_send(struct ring *r, unsigned int side, const struct nicsim_frame *frame)
{
	struct ring_queue *q = &r->queue[side];
	const struct nicsim_wire *to = r->wire[side];
	uint32_t len = frame->len;
	bool idle = q->head == q->tail;

	if (to == NULL)
		return -ENOLINK;
	if (RING_BYTES - (q->head - q->tail) < sizeof(len) + len)
		return -ENOBUFS;
	ring_copy_in(q, &len, sizeof(len));
	ring_copy_in(q, frame->data, len);
	/* Else it was told before, and has not come to the end of what there is. */
	if (idle)
		to->wake(to->wake_ctx);
	return 0;
}

static int
ring_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame)
{
	struct ring_end *end = wire->end;
	int ret;

	pthread_mutex_lock(&end->ring->lock);
	ret = ring_send(end->ring, !end->side, frame);
	pthread_mutex_unlock(&end->ring->lock);
	return ret;
}

static bool
ring_link(const struct nicsim_wire *wire)
{
	struct ring_end *end = wire->end;
	bool up;

	pthread_mutex_lock(&end->ring->lock);
	up = end->ring->wire[!end->side] != NULL;
	pthread_mutex_unlock(&end->ring->lock);
	return up;
}

const struct nicsim_wire_ops nicsim_wire_ring_ops = {
	.kind = "ring",
	.form = "ring:NAME",
	.open = ring_open,
	.close = ring_close,
	.rx = ring_rx,
	.tx = ring_tx,
	.link = ring_link,
};
