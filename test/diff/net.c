/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames on rings. Copies what it sends into the queue's own buffers, and gathers what it receives
 * from the chains' buffers, looking also at the bytes around. One thread.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net.h"
#include "say.h"

#define RX_POLL_US 200
#define DRAIN_MAX 10000 /* frames: beyond that it is not going to be quiet */

_Static_assert(sizeof(struct diff_hdr) == DIFF_HDR, "virtio_net_hdr has no padding");

const struct diff_shape diff_plain = { .n = 1, .len = { DIFF_HDR + 1518 } };

/* --- send ------------------------------------------------------------------------------------- */

void
diff_send_add(struct diff_vf *vf, unsigned int pair, const struct diff_frame *f,
	const struct diff_shape *shape, unsigned int token)
{
	static const struct diff_shape whole = { .n = 1 };
	struct diff_queue *q = &vf->q[2 * pair + 1];
	uint32_t left = DIFF_HDR + f->len, len, at = 0, i;
	/* Frames of one burst do not overlap; nor does the longest one leave its queue's memory. */
	uint64_t off = (uint64_t)token * 2048 % (DIFF_BUFS_BYTES - 2 * DIFF_FRAME_MAX);
	struct vring_buf bufs[DIFF_CHAIN_MAX];
	uint8_t image[DIFF_HDR + DIFF_FRAME_MAX];
	unsigned int n = 0;

	if (shape == NULL)
		shape = &whole;
	memcpy(image, &f->hdr, DIFF_HDR);
	memcpy(image + DIFF_HDR, f->data, f->len);
	for (i = 0; i < shape->n && left != 0; i++) {
		len = i + 1 == shape->n || shape->len[i] > left ? left : shape->len[i];
		memcpy(q->bufs + off, image + at, len);
		bufs[n++] = (struct vring_buf){ q->bufs_iova + off, len };
		off += len + DIFF_GAP;
		at += len;
		left -= len;
	}
	if (diff_ring_add(&q->ring, bufs, n, 0, shape->indirect, token) != 0)
		diff_say("send", "no room in the ring");
}

uint32_t
diff_send(struct diff_vf *vf, unsigned int pair, const struct diff_frame *f,
	const struct diff_shape *shape)
{
	unsigned int token = 0;
	uint32_t len = 0;

	diff_send_add(vf, pair, f, shape, 0);
	diff_vf_kick(vf, 2 * pair + 1);
	if (diff_vf_used(vf, 2 * pair + 1, &token, &len, DIFF_WAIT_MS) != 1)
		return UINT32_MAX;
	return len;
}

/* --- receive ---------------------------------------------------------------------------------- */

/* Bytes of a chain, in the order of its buffers, into buf; what is around them is looked at. */
static void
chain_gather(const struct diff_queue *q, unsigned int token, uint32_t used, uint8_t *buf,
	struct diff_rx *rx)
{
	const uint8_t *p = q->bufs + (uint64_t)token * q->stride;
	uint32_t i, j, part;

	for (i = 0; i < q->shape.n; i++) {
		part = used < q->shape.len[i] ? used : q->shape.len[i];
		memcpy(buf, p, part);
		buf += part;
		used -= part;
		for (j = part; j < q->shape.len[i]; j++)
			rx->beyond |= p[j] != DIFF_CANARY;
		for (; j < q->shape.len[i] + DIFF_GAP; j++)
			rx->overrun |= p[j] != DIFF_CANARY;
		p += j;
	}
}

static bool
recv_more(struct diff_vf *vf, unsigned int pair, struct diff_rx *rx, uint8_t *image, uint32_t *at,
	unsigned int ms)
{
	struct diff_queue *q = &vf->q[2 * pair];
	unsigned int token;
	uint32_t len;

	if (rx->chains == DIFF_RX_CHAINS || diff_vf_used(vf, 2 * pair, &token, &len, ms) != 1)
		return false;
	if (len > DIFF_HDR + DIFF_FRAME_MAX - *at)
		len = DIFF_HDR + DIFF_FRAME_MAX - *at;
	rx->used[rx->chains++] = len;
	chain_gather(q, token, len, image + *at, rx);
	*at += len;
	if (q->refill) {
		diff_vf_refill(q, token);
		diff_vf_kick(vf, 2 * pair);
	}
	return true;
}

static bool
recv_one(struct diff_vf *vf, unsigned int pair, struct diff_rx *rx)
{
	uint8_t image[DIFF_HDR + DIFF_FRAME_MAX];
	uint32_t at = 0;

	rx->queue = pair;
	rx->chains = 0;
	rx->overrun = rx->beyond = false;
	memset(image, 0, DIFF_HDR);
	if (!recv_more(vf, pair, rx, image, &at, 0))
		return false;
	memcpy(&rx->frame.hdr, image, DIFF_HDR);
	/* Without MRG_RXBUF it is one always (5.1.6.3.2). */
	while (diff_vf_has(vf, VIO_NET_F_MRG_RXBUF) && rx->chains < rx->frame.hdr.num_buffers)
		if (!recv_more(vf, pair, rx, image, &at, DIFF_WAIT_MS))
			break;
	rx->frame.len = at < DIFF_HDR ? 0 : at - DIFF_HDR;
	memcpy(rx->frame.data, image + DIFF_HDR, rx->frame.len);
	return true;
}

bool
diff_recv(struct diff_vf *vf, struct diff_rx *rx, unsigned int ms)
{
	uint64_t end = diff_now_ms() + ms;
	const struct timespec step = { 0, RX_POLL_US * 1000 };
	unsigned int pair;

	for (;;) {
		for (pair = 0; pair < vf->pairs; pair++)
			if (recv_one(vf, pair, rx))
				return true;
		if (diff_now_ms() >= end)
			return false;
		nanosleep(&step, NULL);
	}
}

unsigned int
diff_drain(struct diff_vf *vf)
{
	static struct diff_rx rx;
	unsigned int n = 0;

	while (n < DRAIN_MAX && diff_recv(vf, &rx, vf->quiet_ms))
		n++;
	return n;
}

/* --- say -------------------------------------------------------------------------------------- */

static const char *
verdict(const struct diff_rx *rx, const struct diff_frame *f)
{
	if (rx->overrun)
		return "overrun";
	if (rx->beyond)
		return "written beyond the used length";
	if (f == NULL)
		return "whole";
	if (rx->frame.len != f->len)
		return "another length";
	return memcmp(rx->frame.data, f->data, f->len) == 0 ? "intact" : "changed";
}

void
diff_rx_text(const struct diff_rx *rx, const struct diff_frame *f, char *text, size_t len)
{
	const struct diff_hdr *h = &rx->frame.hdr;
	char used[DIFF_RX_CHAINS * 6 + 1] = "";
	unsigned int i, at = 0;

	for (i = 0; i < rx->chains; i++)
		at += snprintf(used + at, sizeof(used) - at, " %u", rx->used[i]);
	snprintf(text, len, "%u bytes %s, used%s, flags %u gso %u/%u hdr_len %u csum %u/%u",
		rx->frame.len, verdict(rx, f), used, h->flags, h->gso_type, h->gso_size, h->hdr_len,
		h->csum_start, h->csum_offset);
}

void
diff_exchange(struct diff_vf *from, struct diff_vf *to, unsigned int pair, const char *key,
	const struct diff_frame *f, const struct diff_shape *shape)
{
	uint32_t used = diff_send(from, pair, f, shape);
	char text[DIFF_RX_TEXT] = "nothing", name[128], sent[32] = "not sent";
	static struct diff_rx rx;

	if (used != UINT32_MAX)
		snprintf(sent, sizeof(sent), "sent, used %u", used);
	if (diff_recv(to, &rx, DIFF_WAIT_MS))
		diff_rx_text(&rx, f, text, sizeof(text));
	snprintf(name, sizeof(name), "%s->%s %s", from->name, to->name, key);
	diff_say(name, "%s; received %s", sent, text);
}
