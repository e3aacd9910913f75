/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames out of a function's rings. Runs on the hardware thread, under the function's lock. A frame
 * is copied, and its chain given back right away, so nothing of the guest is held on to. Each call
 * is bounded by chains taken, whatever they are, and never allocates.
 */
#include <errno.h>

#include "nicsim_vf_net.h"

#define TX_TURN 16 /* chains of one queue until it is the next one's turn */

/* @return 0; -EINVAL nonsense, to be dropped; -EPROTO the ring is broken */
static int
frame_read(struct nicsim_vf *vf, struct nicsim_ring *ring, const struct nicsim_chain *chain,
	struct nicsim_frame *frame)
{
	uint8_t hdr[NICSIM_NET_HDR];

	if (chain->writable != 0 || chain->readable < NICSIM_NET_HDR) {
		nicsim_ring_break(ring, NICSIM_RING_BUFFER);
		return -EPROTO;
	}
	if (chain->readable - NICSIM_NET_HDR < NICSIM_FRAME_MIN ||
		chain->readable - NICSIM_NET_HDR > NICSIM_FRAME_MAX)
		return -EINVAL;
	frame->len = (uint32_t)(chain->readable - NICSIM_NET_HDR);
	if (nicsim_chain_read(ring, chain, 0, hdr, NICSIM_NET_HDR) != 0 ||
		nicsim_chain_read(ring, chain, NICSIM_NET_HDR, frame->data, frame->len) != 0)
		return -EPROTO;
	nicsim_net_hdr_read(hdr, &frame->meta);
	/* 5.1.6.2.1: it is not the driver's to say, and would be believed. */
	frame->meta.flags &= (uint8_t)~NICSIM_HDR_DATA_VALID;
	if (!nicsim_net_may_send(vf, &frame->meta))
		return -EINVAL;
	return nicsim_frame_check(frame);
}

/* @return 1 a frame; 0 there is none; -EINVAL one was dropped; -EPROTO the ring is broken */
static int
frame_take(struct nicsim_vf *vf, struct nicsim_queue *q, struct nicsim_frame *frame)
{
	int ret = nicsim_ring_pop(&q->ring, vf->chain);

	if (ret != 1)
		return ret;
	ret = frame_read(vf, &q->ring, vf->chain, frame);
	if (ret == -EPROTO)
		return ret;
	nicsim_ring_push(&q->ring, vf->chain->id, vf->chain->slots, 0);
	if (ret != 0) {
		vf->stats.tx_malformed++;
		return -EINVAL;
	}
	if (!nicsim_vf_link(vf)) {
		vf->stats.tx_link_down++;
		return -EINVAL;
	}
	frame->hash = nicsim_frame_hash(frame->data, frame->len);
	/* 5.1.6.5.6: what comes back of that flow goes to the same pair. */
	if (nicsim_net_pairs(vf) > 1)
		nicsim_steer_learn(&vf->steer, frame->hash, (uint16_t)((q - vf->queue) / 2),
			nicsim_net_now());
	vf->stats.tx_frames++;
	vf->stats.tx_bytes += frame->len;
	q->stats.frames++;
	q->stats.bytes += frame->len;
	return 1;
}

/* @return whether there is nothing left, and a kick will tell of more */
static bool
is_drained(struct nicsim_queue *q)
{
	if (nicsim_ring_notify(&q->ring, true)) {
		nicsim_ring_notify(&q->ring, false);
		return false;
	}
	q->kicked = false;
	return true;
}

/* One queue's turn. A point may stop the queue, or all of them. */
static unsigned int
queue_serve(struct nicsim_vf *vf, uint16_t qid, struct nicsim_frame *frames, unsigned int max)
{
	struct nicsim_queue *q = &vf->queue[qid];
	unsigned int n = 0, spent;
	int ret;

	if (q->ring.notify_on)
		nicsim_ring_notify(&q->ring, false);
	for (spent = 0; spent < TX_TURN && n < max && q->running && !q->stalled; spent++) {
		ret = frame_take(vf, q, &frames[n]);
		if (ret == -EPROTO) {
			q->kicked = false;
			nicsim_vf_broken(vf, qid);
			break;
		}
		if (ret == 0 && is_drained(q))
			break;
		if (ret != 1)
			continue;
		n++;
		if (nicsim_net_is_fateful(vf)) {
			nicsim_net_flush(vf, qid);
			nicsim_vf_point(vf, NICSIM_AT_TX);
		}
	}
	if (!q->running)
		return n;
	nicsim_net_flush(vf, qid);
	if (q->signal) {
		q->signal = false;
		nicsim_vf_signal(vf, qid);
	}
	return n;
}

static bool
is_due(struct nicsim_queue *q)
{
	if (q->ring.broken != NICSIM_RING_OK)
		q->kicked = false; /* whatever the doorbell says */
	return q->running && q->kicked && !q->stalled;
}

unsigned int
nicsim_vf_tx(struct nicsim_vf *vf, struct nicsim_frame *frames, unsigned int max)
{
	unsigned int n = 0, idle = 0, turns = 0, pairs;
	uint16_t qid;

	nicsim_vf_lock(vf);
	pairs = nicsim_net_pairs(vf);
	/* Turns that brought nothing but nonsense count, too: a guest must not keep us here. */
	while (n < max && idle < pairs && turns <= pairs + max) {
		vf->tx_turn = (uint16_t)((vf->tx_turn + 1) % pairs);
		qid = (uint16_t)(2 * vf->tx_turn + 1);
		if (!is_due(&vf->queue[qid])) {
			idle++;
			continue;
		}
		idle = 0;
		turns++;
		n += queue_serve(vf, qid, frames + n, max - n);
	}
	if (n < max && idle < pairs && vf->wake != NULL)
		vf->wake(vf->wake_ctx);
	nicsim_vf_unlock(vf);
	return n;
}
