/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The header of a frame in a ring: its bytes, and the features that its fields depend on; and what
 * queues of both directions do alike. Owns nothing; runs under the function's lock.
 */
#include "nicsim_vf_net.h"

/* 5.1.6: offsets of struct virtio_net_hdr, all little-endian with VERSION_1 */
#define HDR_FLAGS 0
#define HDR_GSO_TYPE 1
#define HDR_HDR_LEN 2
#define HDR_GSO_SIZE 4
#define HDR_CSUM_START 6
#define HDR_CSUM_OFFSET 8
#define HDR_NUM_BUFFERS 10

static void
put16(uint8_t *at, uint16_t val)
{
	at[0] = (uint8_t)val;
	at[1] = (uint8_t)(val >> 8);
}

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

void
nicsim_net_hdr_write(
	uint8_t hdr[NICSIM_NET_HDR], const struct nicsim_meta *meta, uint16_t num_buffers)
{
	hdr[HDR_FLAGS] = meta->flags;
	hdr[HDR_GSO_TYPE] = meta->gso_type;
	put16(hdr + HDR_HDR_LEN, meta->hdr_len);
	put16(hdr + HDR_GSO_SIZE, meta->gso_size);
	put16(hdr + HDR_CSUM_START, meta->csum_start);
	put16(hdr + HDR_CSUM_OFFSET, meta->csum_offset);
	put16(hdr + HDR_NUM_BUFFERS, num_buffers);
}

void
nicsim_net_hdr_read(const uint8_t hdr[NICSIM_NET_HDR], struct nicsim_meta *meta)
{
	meta->flags = hdr[HDR_FLAGS];
	meta->gso_type = hdr[HDR_GSO_TYPE];
	meta->hdr_len = get16(hdr + HDR_HDR_LEN);
	meta->gso_size = get16(hdr + HDR_GSO_SIZE);
	meta->csum_start = get16(hdr + HDR_CSUM_START);
	meta->csum_offset = get16(hdr + HDR_CSUM_OFFSET);
}

/* Where it is written to, it may turn out that a ring's memory is not there. */
void
nicsim_net_flush(struct nicsim_vf *vf, uint16_t qid)
{
	struct nicsim_queue *q = &vf->queue[qid];

	if (nicsim_ring_flush(&q->ring))
		q->signal = true;
	if (q->ring.broken != NICSIM_RING_OK)
		nicsim_vf_broken(vf, qid);
}

bool
nicsim_net_may_send(const struct nicsim_vf *vf, const struct nicsim_meta *meta)
{
	if ((meta->flags & NICSIM_HDR_NEEDS_CSUM) != 0 && !nicsim_vf_has(vf, VIO_NET_F_CSUM))
		return false;
	if ((meta->gso_type & NICSIM_GSO_ECN) != 0 && !nicsim_vf_has(vf, VIO_NET_F_HOST_ECN))
		return false;
	switch (meta->gso_type & ~NICSIM_GSO_ECN) {
	case NICSIM_GSO_NONE:
		return true;
	case NICSIM_GSO_TCPV4:
		return nicsim_vf_has(vf, VIO_NET_F_HOST_TSO4);
	case NICSIM_GSO_TCPV6:
		return nicsim_vf_has(vf, VIO_NET_F_HOST_TSO6);
	case NICSIM_GSO_UDP_L4:
		return nicsim_vf_has(vf, VIO_NET_F_HOST_USO);
	default:
		return false;
	}
}

bool
nicsim_net_takes_gso(const struct nicsim_vf *vf, uint8_t gso_type)
{
	if (!nicsim_vf_has(vf, VIO_NET_F_GUEST_CSUM))
		return false;
	if ((gso_type & NICSIM_GSO_ECN) != 0 && !nicsim_vf_has(vf, VIO_NET_F_GUEST_ECN))
		return false;
	switch (gso_type & ~NICSIM_GSO_ECN) {
	case NICSIM_GSO_TCPV4:
		return nicsim_vf_has(vf, VIO_NET_F_GUEST_TSO4);
	case NICSIM_GSO_TCPV6:
		return nicsim_vf_has(vf, VIO_NET_F_GUEST_TSO6);
	case NICSIM_GSO_UDP_L4: /* of which IP is not looked at: drivers have both, or neither */
		return nicsim_vf_has(vf, VIO_NET_F_GUEST_USO4) &&
		       nicsim_vf_has(vf, VIO_NET_F_GUEST_USO6);
	default:
		return false;
	}
}
