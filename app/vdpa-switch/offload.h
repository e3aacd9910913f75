/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Checksums and segments that are still to be done: what a frame comes with is checked, what the
 * port that it goes to can do is left to it, the rest is done here. Plain functions on mbufs, any
 * thread.
 */
#ifndef VSW_OFFLOAD_H
#define VSW_OFFLOAD_H

#include "dp.h"

/**
 * Flags of a received frame that vsw_offload_check() must see; CKSUM_BAD is one bit of CKSUM_NONE.
 * Those of sending are no receiver's to set.
 */
#define VSW_OFFLOAD_RX (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_TX_OFFLOAD_MASK)

/** Of a checked frame: something is still to be done. */
#define VSW_OFFLOAD_TX (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)

/** Payload of a segment, at least: a guest that asks for less only wants work done. */
#define VSW_OFFLOAD_SEGMENT_MIN 48

/**
 * Check what a received, untagged frame says of its checksum (RX_L4_CKSUM_NONE: not filled in) and
 * of segments (RX_LRO: to be cut to tso_segsz) against its headers, and say the same as senders do:
 * TX_* flags, l2_len, l3_len, l4_len. A checksum behind IPv6 extension headers is filled in.
 *
 * @param m  not shared; at least 14 bytes in its first segment
 * @return false: it does not fit the frame
 */
bool vsw_offload_check(struct rte_mbuf *m);

/** Which of RTE_ETH_TX_OFFLOAD_* a checked frame needs of the port that it is put out on. */
uint64_t vsw_offload_needs(const struct rte_mbuf *m);

/** Bytes of a checked frame behind the Ethernet header, of its largest segment if it is to be cut. */
uint32_t vsw_offload_length(const struct rte_mbuf *m);

/** Fill in the checksum that a checked frame is to get. m not shared. */
void vsw_offload_checksum(struct rte_mbuf *m);

/**
 * Cut one segment off a checked frame with TX_TCP_SEG; the frame itself stays as it is. The segment
 * is a copy, whose checksum is still to be filled in (TX_TCP_CKSUM).
 *
 * @param pos  bytes of payload that were cut off before: 0 first; moves on
 * @return NULL: no buffer, or headers too long for a buffer's headroom
 */
struct rte_mbuf *vsw_offload_segment(const struct rte_mbuf *m, struct rte_mempool *pool, uint32_t *pos);

/** Bytes of payload of a frame with TX_TCP_SEG. */
static inline uint32_t
vsw_offload_payload(const struct rte_mbuf *m)
{
	return m->pkt_len - m->l2_len - m->l3_len - m->l4_len;
}

#endif /* VSW_OFFLOAD_H */
