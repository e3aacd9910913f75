/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Sending: mbufs to a port of the NIC. Offloads become what virtio says of a frame (5.1.6.2): where
 * a checksum starts, with the pseudo header's sum in its field, and how to cut. An mbuf is never
 * written to, as others may hold it: headers that change are copied. One thread for each queue; a
 * lock only where Tx queues outnumber the NIC's.
 */
#include <errno.h>

#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "rxtx.h"

#define SEG_FLAGS (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)
#define OFFLOAD_FLAGS                                                                              \
	(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | SEG_FLAGS | RTE_MBUF_F_TX_VLAN)
#define KNOWN_FLAGS (OFFLOAD_FLAGS | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)
/* What the mbuf's bit fields for lengths can say, and a tag. */
#define HEADER_MAX (127 + 511 + 255 + (int)sizeof(struct rte_vlan_hdr))

struct frame {
	uint8_t header[HEADER_MAX];
	const void *piece[NICSIM_ETH_SEGS + 1];
	uint32_t len[NICSIM_ETH_SEGS + 1];
	unsigned int pieces;
	struct nicsim_meta meta;
};

static uint64_t
l4_kind(const struct rte_mbuf *m)
{
	if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0)
		return RTE_MBUF_F_TX_TCP_CKSUM;
	if ((m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) != 0)
		return RTE_MBUF_F_TX_UDP_CKSUM;
	return m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
}

static uint32_t
l4_header_len(const struct rte_mbuf *m)
{
	switch (l4_kind(m)) {
	case RTE_MBUF_F_TX_TCP_CKSUM:
		return RTE_MAX((uint32_t)m->l4_len, sizeof(struct rte_tcp_hdr));
	case RTE_MBUF_F_TX_UDP_CKSUM:
		return sizeof(struct rte_udp_hdr);
	default:
		return 0;
	}
}

/* Whether flags and lengths say what this port can do. 0 or -errno. */
static int
offloads_check(const struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;
	uint32_t l3 = (flags & RTE_MBUF_F_TX_IPV6) != 0 ? sizeof(struct rte_ipv6_hdr)
							  : sizeof(struct rte_ipv4_hdr);

	if (m->nb_segs > NICSIM_ETH_SEGS || m->pkt_len < NICSIM_FRAME_MIN ||
		m->pkt_len > NICSIM_FRAME_MAX)
		return -EINVAL;
	if ((flags & ~KNOWN_FLAGS) != 0 || l4_kind(m) == RTE_MBUF_F_TX_SCTP_CKSUM)
		return -ENOTSUP;
	if ((flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | SEG_FLAGS)) == 0)
		return 0;
	/* Without it there is no telling what is behind the Ethernet header. */
	if ((flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)) == 0 ||
		m->l2_len < sizeof(struct rte_ether_hdr) || m->l3_len < l3 ||
		(uint32_t)m->l2_len + m->l3_len + l4_header_len(m) > m->pkt_len)
		return -EINVAL;
	if ((flags & SEG_FLAGS) != 0 && (m->tso_segsz == 0 || m->l4_len == 0))
		return -EINVAL;
	return 0;
}

static void
checksum_set(struct frame *f, const struct rte_mbuf *m, uint64_t kind)
{
	uint8_t *ip = &f->header[m->l2_len], *l4 = ip + m->l3_len;
	uint16_t pseudo, offset;

	/* Flags 0: with the length, also for frames to be cut (5.1.6.2). */
	pseudo = (m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0
			 ? rte_ipv4_phdr_cksum((const void *)ip, 0)
			 : rte_ipv6_phdr_cksum((const void *)ip, 0);
	offset = kind == RTE_MBUF_F_TX_TCP_CKSUM ? offsetof(struct rte_tcp_hdr, cksum)
						 : offsetof(struct rte_udp_hdr, dgram_cksum);
	memcpy(l4 + offset, &pseudo, sizeof(pseudo));
	f->meta.flags = NICSIM_HDR_NEEDS_CSUM;
	f->meta.csum_start = m->l2_len + m->l3_len;
	f->meta.csum_offset = offset;
}

static void
segmentation_set(struct frame *f, const struct rte_mbuf *m)
{
	if ((m->ol_flags & SEG_FLAGS) == 0)
		return;
	if ((m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) != 0)
		f->meta.gso_type = NICSIM_GSO_UDP_L4;
	else
		f->meta.gso_type = (m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0 ? NICSIM_GSO_TCPV4
									   : NICSIM_GSO_TCPV6;
	f->meta.gso_size = m->tso_segsz;
	f->meta.hdr_len = m->l2_len + m->l3_len + m->l4_len;
}

static void
ipv4_checksum(uint8_t *header, uint16_t l2_len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(header + l2_len);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* 802.1Q, between addresses and type; len bytes are there. */
static uint32_t
vlan_insert(struct frame *f, uint32_t len, uint16_t tci)
{
	struct rte_vlan_hdr *vlan = (struct rte_vlan_hdr *)&f->header[2 * RTE_ETHER_ADDR_LEN];
	const rte_be16_t tag[2] = { RTE_BE16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(tci) };

	memmove(vlan + 1, vlan, len - 2 * RTE_ETHER_ADDR_LEN);
	memcpy(vlan, tag, sizeof(tag));
	if ((f->meta.flags & NICSIM_HDR_NEEDS_CSUM) != 0)
		f->meta.csum_start += sizeof(*vlan);
	if (f->meta.hdr_len != 0)
		f->meta.hdr_len += sizeof(*vlan);
	return len + sizeof(*vlan);
}

/* A copy of the headers with what offloads ask for; returns the bytes of the mbuf it stands for. */
static int
header_make(struct frame *f, const struct rte_mbuf *m)
{
	uint64_t kind = l4_kind(m);
	uint32_t copied = 2 * RTE_ETHER_ADDR_LEN, len;
	const void *at;

	if ((m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | SEG_FLAGS)) != 0 || kind != 0)
		copied = RTE_MAX(copied, (uint32_t)m->l2_len + m->l3_len + l4_header_len(m));
	at = rte_pktmbuf_read(m, 0, copied, f->header);
	if (at == NULL)
		return -EINVAL;
	if (at != f->header)
		memcpy(f->header, at, copied);
	if (kind != 0)
		checksum_set(f, m, kind);
	segmentation_set(f, m);
	if ((m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0 &&
		(m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | SEG_FLAGS)) != 0) {
		if ((f->header[m->l2_len] & 0xf) * 4 != m->l3_len)
			return -EINVAL;
		ipv4_checksum(f->header, m->l2_len);
	}
	len = copied;
	if ((m->ol_flags & RTE_MBUF_F_TX_VLAN) != 0)
		len = vlan_insert(f, len, m->vlan_tci);
	f->piece[0] = f->header;
	f->len[0] = len;
	f->pieces = 1;
	return (int)copied;
}

/* Pieces of the chain from byte skip on. */
static void
pieces_add(struct frame *f, const struct rte_mbuf *m, uint32_t skip)
{
	for (; m != NULL; m = m->next) {
		if (skip >= m->data_len) {
			skip -= m->data_len;
			continue;
		}
		f->piece[f->pieces] = rte_pktmbuf_mtod_offset(m, const void *, skip);
		f->len[f->pieces++] = m->data_len - skip;
		skip = 0;
	}
}

/* 0; -ENOBUFS no room now; else it can never be sent. */
static int
send_one(const struct nicsim_eth_txq *q, const struct rte_mbuf *m)
{
	struct frame f;
	int skip = 0;

	skip = offloads_check(m);
	if (skip != 0)
		return skip;
	f.pieces = 0;
	memset(&f.meta, 0, sizeof(f.meta));
	if ((m->ol_flags & OFFLOAD_FLAGS) != 0)
		skip = header_make(&f, m);
	if (skip < 0)
		return skip;
	pieces_add(&f, m, skip);
	return nicsim_port_tx(q->port->sim, q->lane, f.piece, f.len, f.pieces, &f.meta);
}

static uint16_t
send_all(struct nicsim_eth_txq *q, struct rte_mbuf **mbufs, uint16_t num)
{
	uint64_t packets = 0, bytes = 0;
	uint16_t i;
	int ret;

	for (i = 0; i < num; i++) {
		ret = send_one(q, mbufs[i]);
		if (ret == -ENOBUFS)
			break;
		if (ret != 0) {
			nicsim_eth_count_add(&q->count->errors, 1);
		} else {
			packets++;
			bytes += mbufs[i]->pkt_len;
		}
		rte_pktmbuf_free(mbufs[i]);
	}
	if (packets != 0) {
		nicsim_eth_count_add(&q->count->packets, packets);
		nicsim_eth_count_add(&q->count->bytes, bytes);
		nicsim_port_tx_kick(q->port->sim);
	}
	return i;
}

uint16_t
nicsim_eth_tx_burst(void *queue, struct rte_mbuf **mbufs, uint16_t num)
{
	struct nicsim_eth_txq *q = queue;
	uint16_t sent;

	if (!q->port->tx_shared)
		return send_all(q, mbufs, num);
	pthread_spin_lock(&q->port->tx_lock[q->lane]);
	sent = send_all(q, mbufs, num);
	pthread_spin_unlock(&q->port->tx_lock[q->lane]);
	return sent;
}

uint16_t
nicsim_eth_tx_prepare(void *queue, struct rte_mbuf **mbufs, uint16_t num)
{
	uint16_t i;
	int ret;

	(void)queue;
	for (i = 0; i < num; i++) {
		ret = offloads_check(mbufs[i]);
		if (ret != 0) {
			rte_errno = -ret;
			break;
		}
	}
	return i;
}
