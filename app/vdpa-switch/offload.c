/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * lib/vhost hands over, without a look at where it points to, what the guest says in its virtio-net
 * header. Nothing of it is used before the headers of the frame, all in its first segment, were
 * parsed here: those of a guest that lies are no worse than none.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "offload.h"

#define INNER_TAGS 2
#define EXTENSIONS 8
#define IPV4_FRAGMENT 0x3fff /* more fragments, or an offset */

struct headers {
	uint16_t l2, l3, l4; /* lengths */
	uint8_t proto;
	bool ipv4;
	bool extended; /* IPv6, with extension headers */
};

static void *
at(const struct rte_mbuf *m, uint32_t offset)
{
	return rte_pktmbuf_mtod_offset(m, void *, offset);
}

/* The type of what is behind the Ethernet header and tags inside of it. */
static bool
parse_l2(const struct rte_mbuf *m, struct headers *h, rte_be16_t *type)
{
	const struct rte_ether_hdr *eth = at(m, 0);
	const struct rte_vlan_hdr *tag;
	unsigned int i;

	h->l2 = sizeof(*eth);
	*type = eth->ether_type;
	for (i = 0; i < INNER_TAGS && (*type == RTE_BE16(RTE_ETHER_TYPE_VLAN) ||
					      *type == RTE_BE16(RTE_ETHER_TYPE_QINQ));
		i++) {
		if (m->data_len < h->l2 + sizeof(*tag))
			return false;
		tag = at(m, h->l2);
		*type = tag->eth_proto;
		h->l2 += sizeof(*tag);
	}
	return true;
}

/* *l4_room: what the IP header leaves for TCP or UDP. */
static bool
parse_ipv4(const struct rte_mbuf *m, struct headers *h, uint32_t *l4_room)
{
	const struct rte_ipv4_hdr *ip = at(m, h->l2);
	uint16_t total;

	if (m->data_len < h->l2 + sizeof(*ip) || ip->version_ihl >> 4 != 4)
		return false;
	h->ipv4 = true;
	h->l3 = rte_ipv4_hdr_len(ip);
	total = rte_be_to_cpu_16(ip->total_length);
	if (h->l3 < sizeof(*ip) || total < h->l3 || m->pkt_len < (uint32_t)h->l2 + total ||
		(ip->fragment_offset & RTE_BE16(IPV4_FRAGMENT)) != 0)
		return false;
	h->proto = ip->next_proto_id;
	*l4_room = total - h->l3;
	return m->data_len >= h->l2 + h->l3;
}

static bool
parse_ipv6(const struct rte_mbuf *m, struct headers *h, uint32_t *l4_room)
{
	const struct rte_ipv6_hdr *ip = at(m, h->l2);
	uint32_t end = h->l2 + sizeof(*ip);
	const uint8_t *ext;
	unsigned int i;

	if (m->data_len < end || (ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000))
		return false;
	h->l3 = sizeof(*ip);
	h->proto = ip->proto;
	*l4_room = rte_be_to_cpu_16(ip->payload_len);
	if (m->pkt_len < end + *l4_room)
		return false;
	for (i = 0; i < EXTENSIONS && (h->proto == IPPROTO_HOPOPTS || h->proto == IPPROTO_ROUTING ||
					      h->proto == IPPROTO_DSTOPTS);
		i++) {
		uint32_t len;

		ext = at(m, h->l2 + h->l3);
		if (m->data_len < h->l2 + h->l3 + 8)
			return false;
		len = 8 * (1 + ext[1]);
		if (len > *l4_room || m->data_len < h->l2 + h->l3 + len)
			return false;
		h->extended = true;
		h->proto = ext[0];
		h->l3 += len;
		*l4_room -= len;
	}
	return true;
}

static bool
parse_l4(const struct rte_mbuf *m, struct headers *h, uint32_t room)
{
	const uint32_t start = h->l2 + h->l3;
	const struct rte_tcp_hdr *tcp = at(m, start);

	if (h->proto == IPPROTO_UDP) {
		h->l4 = sizeof(struct rte_udp_hdr);
	} else if (h->proto == IPPROTO_TCP && m->data_len >= start + sizeof(*tcp)) {
		h->l4 = (tcp->data_off >> 4) * 4;
		if (h->l4 < sizeof(*tcp))
			return false;
	} else {
		return false;
	}
	return room >= h->l4 && m->data_len >= start + h->l4;
}

static bool
parse(const struct rte_mbuf *m, struct headers *h)
{
	rte_be16_t type;
	uint32_t room;
	bool ok;

	memset(h, 0, sizeof(*h));
	if (!parse_l2(m, h, &type))
		return false;
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		ok = parse_ipv4(m, h, &room);
	else if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		ok = parse_ipv6(m, h, &room);
	else
		return false;
	return ok && parse_l4(m, h, room);
}

/*
 * The sum of the pseudo header is in the field already (virtio 1.2, 5.1.6.2). DPDK's own functions
 * take the protocol from the IPv6 header, where an extension's is.
 */
static bool
finish_checksum(struct rte_mbuf *m, const struct headers *h)
{
	const uint32_t start = h->l2 + h->l3;
	uint16_t sum, *field;

	field = at(m, start + (h->proto == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum) :
							 offsetof(struct rte_udp_hdr, dgram_cksum)));
	if (rte_raw_cksum_mbuf(m, start, m->pkt_len - start, &sum) != 0)
		return false;
	sum = ~sum;
	*field = sum == 0 && h->proto == IPPROTO_UDP ? UINT16_MAX : sum;
	return true;
}

bool
vsw_offload_check(struct rte_mbuf *m)
{
	const bool cut = (m->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
	const bool sum = cut ||
		(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
	struct headers h;

	m->ol_flags &= ~(VSW_OFFLOAD_RX | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	if (!sum)
		return true;
	if (!parse(m, &h) || (cut && (h.extended || m->tso_segsz < VSW_OFFLOAD_SEGMENT_MIN)))
		return false;
	if (h.extended)
		return finish_checksum(m, &h);
	m->l2_len = h.l2;
	m->l3_len = h.l3;
	m->l4_len = h.l4;
	m->ol_flags |= h.ipv4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	m->ol_flags |= h.proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (!cut || vsw_offload_payload(m) <= m->tso_segsz)
		return true; /* to be cut, but short enough already */
	m->ol_flags |= h.proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
	if (h.ipv4)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	return true;
}

uint64_t
vsw_offload_needs(const struct rte_mbuf *m)
{
	uint64_t needs = 0;

	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM)
		needs |= RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_UDP_CKSUM)
		needs |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		needs |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG)
		needs |= RTE_ETH_TX_OFFLOAD_UDP_TSO;
	return needs;
}

uint32_t
vsw_offload_length(const struct rte_mbuf *m)
{
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		return m->l2_len + m->l3_len + m->l4_len + m->tso_segsz - RTE_ETHER_HDR_LEN;
	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG) /* cut below UDP, into fragments */
		return m->l2_len + m->l3_len + m->tso_segsz - RTE_ETHER_HDR_LEN;
	return m->pkt_len - RTE_ETHER_HDR_LEN;
}

void
vsw_offload_checksum(struct rte_mbuf *m)
{
	const uint16_t start = m->l2_len + m->l3_len;
	void *ip = at(m, m->l2_len);
	uint16_t *field;

	field = at(m, start + ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM ?
					offsetof(struct rte_tcp_hdr, cksum) :
					offsetof(struct rte_udp_hdr, dgram_cksum)));
	*field = 0;
	*field = m->ol_flags & RTE_MBUF_F_TX_IPV4 ? rte_ipv4_udptcp_cksum_mbuf(m, ip, start) :
						    rte_ipv6_udptcp_cksum_mbuf(m, ip, start);
	m->ol_flags &= ~(RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4 |
			 RTE_MBUF_F_TX_IPV6);
}

/* The headers of segment number num, which has len bytes of payload from pos on. */
static void
edit_headers(struct rte_mbuf *s, uint32_t num, uint32_t pos, uint32_t len, bool last)
{
	struct rte_tcp_hdr *tcp = at(s, s->l2_len + s->l3_len);
	struct rte_ipv4_hdr *ip4 = at(s, s->l2_len);
	struct rte_ipv6_hdr *ip6 = at(s, s->l2_len);

	if (s->ol_flags & RTE_MBUF_F_TX_IPV4) {
		ip4->total_length = rte_cpu_to_be_16(s->l3_len + s->l4_len + len);
		ip4->packet_id = rte_cpu_to_be_16(rte_be_to_cpu_16(ip4->packet_id) + num);
		ip4->hdr_checksum = 0;
		ip4->hdr_checksum = rte_ipv4_cksum(ip4);
	} else {
		ip6->payload_len = rte_cpu_to_be_16(s->l4_len + len);
	}
	tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + pos);
	if (!last)
		tcp->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (num != 0)
		tcp->tcp_flags &= ~RTE_TCP_CWR_FLAG;
}

struct rte_mbuf *
vsw_offload_segment(const struct rte_mbuf *m, struct rte_mempool *pool, uint32_t *pos)
{
	const uint32_t header = m->l2_len + m->l3_len + m->l4_len;
	const uint32_t left = vsw_offload_payload(m) - *pos;
	const uint32_t len = RTE_MIN(left, (uint32_t)m->tso_segsz);
	struct rte_mbuf *s;
	char *front;

	s = rte_pktmbuf_copy(m, pool, header + *pos, len);
	if (s == NULL)
		return NULL;
	front = rte_pktmbuf_prepend(s, header);
	if (front == NULL) {
		rte_pktmbuf_free(s);
		return NULL;
	}
	memcpy(front, at(m, 0), header);
	s->ol_flags &= ~(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IP_CKSUM);
	edit_headers(s, *pos / m->tso_segsz, *pos, len, len == left);
	*pos += len;
	return s;
}
