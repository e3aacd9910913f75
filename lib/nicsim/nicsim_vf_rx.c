/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames into a function's rings. Runs on hardware threads, under the function's lock. As a NIC
 * does, it drops a frame that finds no buffer, and so never asks for kicks. Never allocates.
 */
#include <errno.h>

#include "nicsim_vf_net.h"

/* Chains that one frame is spread over at most. */
#define RX_CHAINS 1024

static bool
is_rx_buffer(struct nicsim_ring *ring, const struct nicsim_chain *chain)
{
	/* 5.1.6.3.1: each must hold a header at least, also those that merging adds */
	if (chain->readable == 0 && chain->writable >= NICSIM_NET_HDR)
		return true;
	nicsim_ring_break(ring, NICSIM_RING_BUFFER);
	return false;
}

/* @return 0; -ENOBUFS; -EPROTO the ring is broken */
static int
buffer_take(struct nicsim_ring *ring, struct nicsim_chain *chain)
{
	int ret = nicsim_ring_pop(ring, chain);

	if (ret == 0)
		return -ENOBUFS;
	return ret == 1 && is_rx_buffer(ring, chain) ? 0 : -EPROTO;
}

/* Header and as much of the frame as there is room for. @return 0; -EFAULT the ring is broken */
static int
first_write(struct nicsim_ring *ring, const struct nicsim_chain *chain,
	const struct nicsim_frame *frame, uint16_t num_buffers, uint32_t len)
{
	uint8_t hdr[NICSIM_NET_HDR];
	int ret;

	nicsim_net_hdr_write(hdr, &frame->meta, num_buffers);
	ret = nicsim_chain_write(ring, chain, 0, hdr, NICSIM_NET_HDR);
	if (ret == 0)
		ret = nicsim_chain_write(ring, chain, NICSIM_NET_HDR, frame->data, len);
	return ret;
}

/*
 * The rest of a frame, in more chains (5.1.6.4.1). None of them is given back until all are there,
 * and the header says how many.
 *
 * @param len  of the frame in the first chain
 * @return 0; -ENOBUFS, -EMSGSIZE all are still available; -EPROTO the ring is broken
 */
static int
frame_spread(struct nicsim_ring *ring, const struct nicsim_chain *first,
	const struct nicsim_frame *frame, uint32_t len)
{
	struct nicsim_ring_done done[RX_CHAINS];
	struct nicsim_chain more;
	uint32_t off = len, part;
	uint16_t n = 1, i;
	int ret;

	done[0] = (struct nicsim_ring_done){ first->id, first->slots, NICSIM_NET_HDR + len };
	for (; off < frame->len; off += part) {
		if (n == RX_CHAINS)
			return -EMSGSIZE;
		ret = buffer_take(ring, &more);
		if (ret != 0)
			return ret;
		part = frame->len - off;
		if (part > more.writable)
			part = (uint32_t)more.writable;
		if (nicsim_chain_write(ring, &more, 0, frame->data + off, part) != 0)
			return -EPROTO;
		done[n++] = (struct nicsim_ring_done){ more.id, more.slots, part };
	}
	if (first_write(ring, first, frame, n, len) != 0)
		return -EPROTO;
	for (i = 0; i < n; i++)
		nicsim_ring_push(ring, done[i].id, done[i].slots, done[i].len);
	return 0;
}

/* @return 0; -ENOBUFS; -EMSGSIZE; -EPROTO the ring is broken; but for the last, or 0, no buffer is
 *         used up */
static int
frame_put(struct nicsim_vf *vf, struct nicsim_ring *ring, const struct nicsim_frame *frame)
{
	const struct nicsim_chain *chain = vf->chain;
	int ret = buffer_take(ring, vf->chain);

	if (ret != 0)
		return ret;
	if (chain->writable >= NICSIM_NET_HDR + (uint64_t)frame->len) {
		if (first_write(ring, chain, frame, 1, frame->len) != 0)
			return -EPROTO;
		nicsim_ring_push(ring, chain->id, chain->slots, NICSIM_NET_HDR + frame->len);
		return 0;
	}
	ret = -EMSGSIZE;
	if (nicsim_vf_has(vf, VIO_NET_F_MRG_RXBUF))
		ret = frame_spread(ring, chain, frame, (uint32_t)chain->writable - NICSIM_NET_HDR);
	if (ret != 0)
		nicsim_ring_unpop(ring);
	return ret;
}

static void
frame_count(struct nicsim_vf *vf, uint16_t qid, const struct nicsim_frame *frame, int ret)
{
	struct nicsim_queue *q = &vf->queue[qid];

	if (ret == 0) {
		vf->stats.rx_frames++;
		vf->stats.rx_bytes += frame->len;
		q->stats.frames++;
		q->stats.bytes += frame->len;
		return;
	}
	if (ret == -ENOBUFS)
		vf->stats.rx_no_buffer++;
	else if (ret == -EMSGSIZE)
		vf->stats.rx_too_long++;
	else
		vf->stats.rx_stopped++;
	if (ret != -EPROTO)
		q->stats.drops++;
}

/* 5.1.6.5.6: where frames of that flow were sent from, if that is still active. */
static uint16_t
pair_of(struct nicsim_vf *vf, uint32_t hash)
{
	uint16_t active = nicsim_vf_active_pairs(vf);
	int learnt;

	if (active == 1)
		return 0;
	learnt = nicsim_steer_find(&vf->steer, hash, nicsim_net_now());
	return learnt >= 0 && learnt < active ? (uint16_t)learnt : (uint16_t)(hash % active);
}

/* A frame as the guest takes it. A point may stop the queue, or all of them. */
static void
frame_deliver(struct nicsim_vf *vf, const struct nicsim_frame *frame)
{
	uint16_t qid = 2 * pair_of(vf, frame->hash);
	struct nicsim_queue *q = &vf->queue[qid];
	int ret = -EPROTO;

	if (q->running && q->stalled) {
		ret = -ENOBUFS; /* none is fetched */
	} else if (q->running && q->ring.broken == NICSIM_RING_OK) {
		if (q->ring.notify_on)
			nicsim_ring_notify(&q->ring, false);
		ret = frame_put(vf, &q->ring, frame);
		if (q->ring.broken != NICSIM_RING_OK) /* also in giving back what is full */
			nicsim_vf_broken(vf, qid);
	}
	frame_count(vf, qid, frame, ret);
	if (ret == 0 && nicsim_net_is_fateful(vf)) {
		nicsim_net_flush(vf, qid);
		nicsim_vf_point(vf, NICSIM_AT_RX);
	}
}

/* What the guest need not look at: that the checksum is right. */
static uint8_t
valid_flag(const struct nicsim_vf *vf, const struct nicsim_frame *frame)
{
	bool known = (frame->meta.flags & (NICSIM_HDR_NEEDS_CSUM | NICSIM_HDR_DATA_VALID)) != 0;

	return known && nicsim_vf_has(vf, VIO_NET_F_GUEST_CSUM) ? NICSIM_HDR_DATA_VALID : 0;
}

struct segments {
	struct nicsim_vf *vf;
	uint32_t hash;
	uint8_t flags;
};

static void
segment_deliver(void *ctx, const struct nicsim_frame *segment)
{
	const struct segments *s = ctx;
	struct nicsim_frame frame = *segment;

	frame.hash = s->hash;
	frame.meta = (struct nicsim_meta){ .flags = s->flags };
	frame_deliver(s->vf, &frame);
}

/* What the guest did not negotiate is done here (5.1.6.4.1). */
static void
frame_adapt(struct nicsim_vf *vf, struct nicsim_frame *frame)
{
	struct segments s = { vf, frame->hash, valid_flag(vf, frame) };

	if (frame->meta.gso_type != NICSIM_GSO_NONE) {
		if (nicsim_net_takes_gso(vf, frame->meta.gso_type))
			frame_deliver(vf, frame);
		else if (nicsim_frame_segment(frame, segment_deliver, &s) != 0)
			vf->stats.rx_too_long++; /* was checked, so there is none */
		return;
	}
	if ((frame->meta.flags & NICSIM_HDR_NEEDS_CSUM) != 0) {
		if (nicsim_vf_has(vf, VIO_NET_F_GUEST_CSUM)) {
			frame_deliver(vf, frame);
			return;
		}
		nicsim_frame_checksum(frame);
	}
	segment_deliver(&s, frame);
}

/* Whether the function works; a queue of it may be stopped all the same. */
static bool
is_live(const struct nicsim_vf *vf)
{
	return (vf->regs.status & VIO_STATUS_DRIVER_OK) != 0 && !vf->regs.gone;
}

void
nicsim_vf_rx(struct nicsim_vf *vf, struct nicsim_frame *frame)
{
	nicsim_vf_lock(vf);
	if (!is_live(vf))
		vf->stats.rx_stopped++;
	else if (!nicsim_vf_link(vf))
		vf->stats.rx_link_down++;
	else if (!nicsim_ctrl_admits(vf, frame->data))
		vf->stats.rx_filtered++;
	else
		frame_adapt(vf, frame);
	nicsim_vf_unlock(vf);
}

void
nicsim_vf_rx_flush(struct nicsim_vf *vf)
{
	unsigned int i, pairs;
	struct nicsim_queue *q;

	nicsim_vf_lock(vf);
	pairs = nicsim_net_pairs(vf); /* also those that were active a moment ago */
	for (i = 0; i < pairs; i++) {
		q = &vf->queue[2 * i];
		if (!q->running)
			continue;
		if (nicsim_ring_is_dirty(&q->ring))
			nicsim_net_flush(vf, (uint16_t)(2 * i));
		if (q->signal) {
			q->signal = false;
			nicsim_vf_signal(vf, (uint16_t)(2 * i));
		}
	}
	nicsim_vf_unlock(vf);
}
