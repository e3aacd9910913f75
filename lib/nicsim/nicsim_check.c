/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Whether what a sender said of a frame (virtio_net_hdr) fits it. Owns nothing; any thread. What
 * passed is safe for everything that nicsim does with a frame later on; nothing else is.
 */
#include <errno.h>

#include "nicsim_headers.h"

#define TCP_LEN 20
#define TCP_CSUM_OFFSET 16
#define TCP_SYN_RST 0x06
#define UDP_LEN 8
#define UDP_CSUM_OFFSET 6
/* Longest headers of a frame to be cut: each piece gets a copy of them. */
#define CUT_HDR_MAX 512
/* virtio 1.2, 5.1.6: a field of 16 bits must hold it after two tags were pushed as well. */
#define CSUM_START_MAX (UINT16_MAX - NICSIM_HEADROOM)

/* Headers of L4 with the frame's GSO type. @return its bytes; 0 they are not as they must be */
static uint32_t
cut_l4_len(const struct nicsim_frame *frame, const struct nicsim_headers *h)
{
	uint32_t room = frame->len - h->l4, len;
	const uint8_t *l4 = frame->data + h->l4;

	if (frame->meta.gso_type == NICSIM_GSO_UDP_L4)
		return h->proto == NICSIM_PROTO_UDP && room >= UDP_LEN &&
				frame->meta.csum_offset == UDP_CSUM_OFFSET ?
			UDP_LEN : 0;
	if (h->proto != NICSIM_PROTO_TCP || room < TCP_LEN ||
		frame->meta.csum_offset != TCP_CSUM_OFFSET)
		return 0;
	/* Neither is sent with data of more than one piece; SYN would shift all numbers. */
	if ((l4[13] & TCP_SYN_RST) != 0)
		return 0;
	len = (l4[12] >> 4) * 4u;
	return len >= TCP_LEN && len <= room ? len : 0;
}

static bool
cut_type_fits(uint8_t type, uint8_t ip)
{
	switch (type) {
	case NICSIM_GSO_TCPV4:
	case NICSIM_GSO_TCPV4 | NICSIM_GSO_ECN:
		return ip == 4;
	case NICSIM_GSO_TCPV6:
	case NICSIM_GSO_TCPV6 | NICSIM_GSO_ECN:
		return ip == 6;
	case NICSIM_GSO_UDP_L4:
		return ip != 0;
	default: /* fragments of one UDP packet (NICSIM_GSO_UDP) are not offered to anyone */
		return false;
	}
}

int
nicsim_cut_find(const struct nicsim_frame *frame, struct nicsim_cut *cut)
{
	const struct nicsim_meta *meta = &frame->meta;
	struct nicsim_headers *h = &cut->h;
	uint32_t l4_len, piece;

	nicsim_headers_find(frame->data, frame->len, h);
	if (!cut_type_fits(meta->gso_type, h->ip) || h->l4 == 0 || h->routed)
		return -EINVAL;
	/* 5.1.6.2.1: a driver that sets a GSO type sets NEEDS_CSUM; so L4 is where it says. */
	if ((meta->flags & NICSIM_HDR_NEEDS_CSUM) == 0 || meta->csum_start != h->l4)
		return -EINVAL;
	l4_len = cut_l4_len(frame, h);
	cut->hdr = h->l4 + l4_len;
	if (l4_len == 0 || cut->hdr > CUT_HDR_MAX || meta->gso_size < NICSIM_GSO_SIZE_MIN)
		return -EINVAL;
	cut->payload = frame->len - cut->hdr;
	/* The length that IP says is not looked at: some stacks leave it to the device. */
	piece = cut->payload < meta->gso_size ? cut->payload : meta->gso_size;
	return cut->hdr - h->l3 + piece > UINT16_MAX ? -EINVAL : 0;
}

/*
 * 5.1.6.2.2: unknown flags are ignored. The field must lie behind the tags: it is written after the
 * switch has decided, and must not turn one VLAN or address into another.
 */
static int
check_csum(struct nicsim_frame *frame)
{
	struct nicsim_meta *meta = &frame->meta;
	struct nicsim_headers h;

	if ((meta->flags & NICSIM_HDR_NEEDS_CSUM) != 0)
		meta->flags = NICSIM_HDR_NEEDS_CSUM; /* what is not there yet cannot be right */
	else
		meta->flags &= NICSIM_HDR_DATA_VALID;
	if (meta->flags != NICSIM_HDR_NEEDS_CSUM) {
		meta->csum_start = 0;
		meta->csum_offset = 0;
		return 0;
	}
	if ((uint32_t)meta->csum_start + meta->csum_offset + 2 > frame->len ||
		meta->csum_start > CSUM_START_MAX)
		return -EINVAL;
	nicsim_headers_find(frame->data, frame->len, &h);
	return meta->csum_start < h.l3 ? -EINVAL : 0;
}

int
nicsim_frame_check(struct nicsim_frame *frame)
{
	struct nicsim_meta *meta = &frame->meta;
	struct nicsim_cut cut;
	int ret;

	if (frame->len < NICSIM_FRAME_MIN || frame->len > NICSIM_FRAME_MAX)
		return -EINVAL;
	ret = check_csum(frame);
	if (ret != 0)
		return ret;
	if (meta->gso_type == NICSIM_GSO_NONE) {
		meta->gso_size = 0;
		meta->hdr_len = 0;
		return 0;
	}
	ret = nicsim_cut_find(frame, &cut);
	if (ret != 0 || cut.h.tags > NICSIM_TAGS / 2)
		return -EINVAL;
	meta->hdr_len = (uint16_t)cut.hdr;
	return 0;
}
