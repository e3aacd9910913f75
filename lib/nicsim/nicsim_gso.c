/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Cuts a large TCP segment or a train of UDP packets into frames, as the hardware's segmentation
 * does. Owns the one buffer, on the stack of the caller's thread. Never changes the frame.
 */
#include <errno.h>
#include <string.h>

#include "nicsim_headers.h"

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

/* One piece: payload bytes off .. off + len, the n-th. */
struct piece {
	uint32_t off, len;
	uint16_t n;
	bool last;
};

static void
gso_ip(uint8_t *data, const struct nicsim_cut *cut, const struct piece *p)
{
	uint8_t *ip = data + cut->h.l3;
	uint16_t len = (uint16_t)(cut->hdr - cut->h.l3 + p->len);

	if (cut->h.ip == 6) {
		nicsim_put16(ip + 4, (uint16_t)(len - 40));
		return;
	}
	nicsim_put16(ip + 2, len);
	nicsim_put16(ip + 4, (uint16_t)(nicsim_get16(ip + 4) + p->n));
	memset(ip + 10, 0, 2);
	nicsim_csum_put(ip + 10, nicsim_csum_add(0, ip, cut->h.l4 - cut->h.l3), false);
}

static void
gso_l4(uint8_t *data, const struct nicsim_cut *cut, const struct piece *p)
{
	bool udp = cut->h.proto == NICSIM_PROTO_UDP;
	uint32_t len = cut->hdr - cut->h.l4 + p->len;
	uint8_t *l4 = data + cut->h.l4, *field = l4 + (udp ? 6 : 16);

	if (udp) {
		nicsim_put16(l4 + 4, (uint16_t)len);
	} else {
		nicsim_put32(l4 + 4, nicsim_get32(l4 + 4) + p->off);
		if (!p->last)
			l4[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
		if (p->n != 0) /* RFC 3168, 6.1.2: told once, with the first data after it */
			l4[13] &= (uint8_t)~TCP_CWR;
	}
	memset(field, 0, 2);
	nicsim_csum_put(field,
		nicsim_csum_pseudo(nicsim_csum_add(0, l4, len), data, &cut->h, len), udp);
}

int
nicsim_frame_segment(const struct nicsim_frame *frame,
	void (*out)(void *ctx, const struct nicsim_frame *segment), void *ctx)
{
	/* nicsim_cut_find() holds IP's length to 16 bits; the rest is Ethernet's and tags. */
	uint8_t buf[NICSIM_HEADROOM + NICSIM_ETH_LEN + NICSIM_TAGS * NICSIM_TAG_LEN + UINT16_MAX];
	struct nicsim_frame segment;
	struct nicsim_cut cut;
	struct piece p = { 0 };

	if (nicsim_cut_find(frame, &cut) != 0)
		return -EINVAL;
	do {
		p.len = cut.payload - p.off;
		p.last = p.len <= frame->meta.gso_size;
		if (!p.last)
			p.len = frame->meta.gso_size;
		segment = (struct nicsim_frame){ .data = buf + NICSIM_HEADROOM,
			.len = cut.hdr + p.len, .hash = frame->hash,
			.meta = { .flags = NICSIM_HDR_DATA_VALID } };
		memcpy(segment.data, frame->data, cut.hdr);
		memcpy(segment.data + cut.hdr, frame->data + cut.hdr + p.off, p.len);
		gso_ip(segment.data, &cut, &p);
		gso_l4(segment.data, &cut, &p);
		out(ctx, &segment);
		p.off += p.len;
		p.n++;
	} while (!p.last);
	return 0;
}
