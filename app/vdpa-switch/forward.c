/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Three steps for a burst: admit each frame (tags off, offloads, addresses), learn and look up for
 * all of them at once, put each out. Frames of a plain port that are all of one pair of addresses,
 * as most bursts are, need one look at each and one lookup: that path comes first below.
 */
#include <string.h>

#include <rte_ethdev.h>

#include "forward.h"
#include "offload.h"
#include "vlan.h"

/* What keeps a frame from the short ways. */
#define SPECIAL (VSW_OFFLOAD_RX | RTE_MBUF_F_RX_VLAN_STRIPPED)

#define GROUP_BIT UINT64_C(1) /* of an address's first byte, as the lowest of a number */

/* The first 14 bytes of a frame, as two numbers that overlap by two of them. */
struct head {
	uint64_t to; /* destination, and 2 bytes of source */
	uint64_t from; /* source, type */
};

static inline struct head
head_of(const struct rte_mbuf *m)
{
	const char *data = rte_pktmbuf_mtod(m, const char *);
	struct head h;

	memcpy(&h.to, data, sizeof(h.to));
	memcpy(&h.from, data + RTE_ETHER_ADDR_LEN, sizeof(h.from));
	return h;
}

static inline uint64_t
key_of(uint64_t address, uint16_t vlan)
{
	return (address & UINT64_C(0xffffffffffff)) | (uint64_t)vlan << 48;
}

static inline uint16_t
type_of(const struct head *h)
{
	return h->from >> 48; /* as it is in memory */
}

static void
drop(struct vsw_forward *fw, uint16_t port, enum vsw_dp_drop reason, struct rte_mbuf *m)
{
	vsw_dp_count(&fw->stats[port].drops[reason], 1);
	rte_pktmbuf_free(m);
}

/* --- out -------------------------------------------------------------------------------------- */

static inline void
send_burst(struct vsw_forward *fw, const struct vsw_dp_port *to, struct rte_mbuf **frame,
	uint16_t num, uint64_t bytes)
{
	struct vsw_dp_stats *st = &fw->stats[to->id];
	uint16_t sent, i;

	sent = fw->tx(fw->ctx, to, frame, num);
	if (unlikely(sent < num)) {
		for (i = sent; i < num; i++)
			bytes -= frame[i]->pkt_len;
		vsw_dp_count(&st->drops[VSW_DROP_TX], num - sent);
		rte_pktmbuf_free_bulk(&frame[sent], num - sent);
	}
	vsw_dp_count(&st->tx_packets, sent);
	vsw_dp_count(&st->tx_bytes, bytes);
}

static void
flush_port(struct vsw_forward *fw, const struct vsw_dp_port *to)
{
	struct vsw_forward_out *out = &fw->out[to->id];
	uint64_t bytes = 0;
	uint16_t i;

	for (i = 0; i < out->num; i++)
		bytes += out->frame[i]->pkt_len;
	send_burst(fw, to, out->frame, out->num, bytes);
	out->num = 0;
}

static void
flush(struct vsw_forward *fw)
{
	uint16_t i;

	for (i = 0; i < fw->num_touched; i++) {
		struct vsw_forward_out *out = &fw->out[fw->touched[i]];

		out->touched = false;
		if (out->num != 0)
			flush_port(fw, fw->snapshot->port[fw->touched[i]]);
	}
	fw->num_touched = 0;
}

static inline void
put(struct vsw_forward *fw, const struct vsw_dp_port *to, struct rte_mbuf *m)
{
	struct vsw_forward_out *out = &fw->out[to->id];

	if (!out->touched) {
		out->touched = true;
		fw->touched[fw->num_touched++] = to->id;
	}
	out->frame[out->num++] = m;
	if (unlikely(out->num == VSW_DP_BURST))
		flush_port(fw, to);
}

/* Segments that the port cannot cut itself. */
static void
put_segments(struct vsw_forward *fw, const struct vsw_dp_port *from, const struct vsw_dp_port *to,
	struct rte_mbuf *m)
{
	const uint32_t payload = vsw_offload_payload(m);
	const bool sum = !(to->offloads & RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
	struct rte_mbuf *s = NULL;
	uint32_t pos = 0;

	while (pos < payload) {
		s = vsw_offload_segment(m, fw->pool, &pos);
		if (s == NULL)
			break;
		if (sum)
			vsw_offload_checksum(s);
		if (!vsw_vlan_out(to, s)) {
			rte_pktmbuf_free(s);
			s = NULL;
			break;
		}
		put(fw, to, s);
	}
	if (s == NULL)
		vsw_dp_count(&fw->stats[from->id].drops[VSW_DROP_MEMORY], 1);
	rte_pktmbuf_free(m);
}

/* A frame that nobody else has, as the port wants it. */
static void
put_ready(struct vsw_forward *fw, const struct vsw_dp_port *from, const struct vsw_dp_port *to,
	struct rte_mbuf *m)
{
	const uint64_t missing = vsw_offload_needs(m) & ~to->offloads;

	if (missing & RTE_ETH_TX_OFFLOAD_UDP_TSO) {
		drop(fw, from->id, VSW_DROP_OFFLOAD, m);
		return;
	}
	if (missing & RTE_ETH_TX_OFFLOAD_TCP_TSO) {
		put_segments(fw, from, to, m);
		return;
	}
	if (missing != 0)
		vsw_offload_checksum(m);
	if (vsw_vlan_out(to, m))
		put(fw, to, m);
	else
		drop(fw, from->id, VSW_DROP_MEMORY, m);
}

/* --- where to --------------------------------------------------------------------------------- */

static inline bool
same_side(const struct vsw_dp_port *from, const struct vsw_dp_port *to)
{
	return from->id == to->id || (from->group != 0 && from->group == to->group);
}

/* A tag inside of a frame that leaves untagged would put it into another VLAN behind a trunk. */
static bool
hops(const struct vsw_dp_port *to, uint16_t vlan, const struct rte_mbuf *m)
{
	struct head h;

	if (to->vlan_mode != VSW_VLAN_TRUNK || vsw_vlan_tagged(to, vlan))
		return false;
	h = head_of(m);
	return type_of(&h) == RTE_BE16(RTE_ETHER_TYPE_VLAN);
}

/* Whether the frame may go out on the port; if not it is counted, once. */
static bool
may_go(struct vsw_forward *fw, const struct vsw_dp_port *from, const struct vsw_dp_port *to,
	const struct rte_mbuf *m)
{
	const uint16_t vlan = m->vlan_tci & VSW_VLAN_VID;

	if (unlikely(!vsw_vlan_member(to, vlan) || hops(to, vlan, m))) {
		vsw_dp_count(&fw->stats[from->id].drops[VSW_DROP_VLAN], 1);
		return false;
	}
	if (unlikely(vsw_offload_length(m) > to->mtu)) {
		vsw_dp_count(&fw->stats[to->id].drops[VSW_DROP_MTU], 1);
		return false;
	}
	return true;
}

static void
unicast(struct vsw_forward *fw, const struct vsw_dp_port *from, const struct vsw_dp_port *to,
	struct rte_mbuf *m)
{
	if (unlikely(same_side(from, to)))
		drop(fw, from->id, VSW_DROP_SELF, m);
	else if (likely(may_go(fw, from, to, m)))
		put_ready(fw, from, to, m);
	else
		rte_pktmbuf_free(m);
}

/* Whether the port's share of floods for this second has some left. */
static bool
may_flood(struct vsw_forward *fw, const struct vsw_dp_port *from)
{
	if (from->flood_max == 0)
		return true;
	if (fw->flood[from->id].second != fw->now_s || fw->flood[from->id].left > from->flood_max) {
		fw->flood[from->id].second = fw->now_s;
		fw->flood[from->id].left = from->flood_max;
	}
	if (fw->flood[from->id].left == 0)
		return false;
	fw->flood[from->id].left--;
	return true;
}

/*
 * One more of a frame. A guest's port only reads it, and the frame can serve several; whatever is
 * to be changed for the port, and what a driver may change, is a copy.
 */
static void
put_another(struct vsw_forward *fw, const struct vsw_dp_port *from, const struct vsw_dp_port *to,
	struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (to->kind == VSW_DP_GUEST && !(vsw_offload_needs(m) & ~to->offloads) &&
		!vsw_vlan_tagged(to, m->vlan_tci & VSW_VLAN_VID)) {
		rte_pktmbuf_refcnt_update(m, 1);
		put(fw, to, m);
		return;
	}
	copy = rte_pktmbuf_copy(m, fw->pool, 0, UINT32_MAX);
	if (copy == NULL)
		vsw_dp_count(&fw->stats[from->id].drops[VSW_DROP_MEMORY], 1);
	else
		put_ready(fw, from, to, copy);
}

/* known: it is for all there are (broadcast, multicast); otherwise nobody knows for whom. */
static void
flood(struct vsw_forward *fw, const struct vsw_dp_port *from, struct rte_mbuf *m, bool known)
{
	const struct vsw_dp_members *members = fw->snapshot->vlan[m->vlan_tci & VSW_VLAN_VID];
	const struct vsw_dp_port *to;
	bool anybody = false;
	uint16_t i;

	if (!may_flood(fw, from)) {
		drop(fw, from->id, VSW_DROP_FLOOD, m);
		return;
	}
	for (i = 0; members != NULL && i < members->num; i++) {
		to = fw->snapshot->port[members->port[i]];
		if (to == NULL || same_side(from, to) || (!known && !to->flood))
			continue;
		anybody = true;
		if (may_go(fw, from, to, m))
			put_another(fw, from, to, m);
	}
	if (!anybody)
		vsw_dp_count(&fw->stats[from->id].drops[VSW_DROP_NOWHERE], 1);
	rte_pktmbuf_free(m);
}

/* --- in --------------------------------------------------------------------------------------- */

/* To 01:80:c2:00:00:00 to 0f */
static inline bool
reserved(uint64_t to)
{
	return (to & UINT64_C(0xf0ffffffffff)) == UINT64_C(0x000000c28001);
}

static bool
may_use(const struct vsw_dp_port *from, uint64_t address)
{
	uint64_t mac;
	uint8_t i;

	if (address & GROUP_BIT)
		return false;
	for (i = 0; i < from->num_macs; i++) {
		mac = 0;
		memcpy(&mac, &from->mac[i], sizeof(from->mac[i]));
		if (mac == (address & UINT64_C(0xffffffffffff)))
			return true;
	}
	return from->num_macs == 0;
}

/* Whatever a frame may have about it. @return VSW_DROP_NUM: admitted, untagged, its VLAN in vlan_tci */
static enum vsw_dp_drop
admit(const struct vsw_dp_port *from, struct rte_mbuf *m, struct head *h)
{
	if (m->data_len < RTE_ETHER_HDR_LEN)
		return VSW_DROP_RUNT;
	if (!vsw_vlan_in(from, m))
		return VSW_DROP_VLAN;
	if ((m->ol_flags & VSW_OFFLOAD_RX) && !vsw_offload_check(m))
		return VSW_DROP_OFFLOAD;
	*h = head_of(m);
	if (!may_use(from, h->from))
		return VSW_DROP_SPOOF;
	if (reserved(h->to))
		return VSW_DROP_RESERVED;
	return VSW_DROP_NUM;
}

/* admit() for a plain port, for whom most frames need nothing. */
static inline enum vsw_dp_drop
admit_plain(const struct vsw_dp_port *from, struct rte_mbuf *m, struct head *h)
{
	if (unlikely((m->ol_flags & SPECIAL) || m->data_len < RTE_ETHER_HDR_LEN))
		return admit(from, m, h);
	*h = head_of(m);
	if (unlikely(type_of(h) == RTE_BE16(RTE_ETHER_TYPE_VLAN) || (h->to & GROUP_BIT) ||
		     (h->from & GROUP_BIT)))
		return admit(from, m, h);
	m->vlan_tci = from->pvid;
	return VSW_DROP_NUM;
}

/* The frames of a burst that were admitted. */
struct burst {
	uint16_t num;
	uint16_t sources; /* to learn: less than num, where one is that of the frame before */
	struct rte_mbuf *frame[VSW_DP_BURST];
	uint64_t source[VSW_DP_BURST], dest[VSW_DP_BURST];
	uint16_t port[VSW_DP_BURST];
};

static __rte_always_inline void
admit_all(struct vsw_forward *fw, const struct vsw_dp_port *from, struct rte_mbuf **frame,
	uint16_t num, struct burst *b, const bool plain)
{
	struct vsw_dp_stats *st = &fw->stats[from->id];
	enum vsw_dp_drop verdict;
	uint64_t source, bytes = 0;
	struct head h;
	uint16_t i, vlan;

	b->num = 0;
	b->sources = 0;
	for (i = 0; i < num; i++) {
		bytes += frame[i]->pkt_len;
		verdict = plain ? admit_plain(from, frame[i], &h) : admit(from, frame[i], &h);
		if (unlikely(verdict != VSW_DROP_NUM)) {
			drop(fw, from->id, verdict, frame[i]);
			continue;
		}
		vlan = frame[i]->vlan_tci & VSW_VLAN_VID;
		source = key_of(h.from, vlan);
		if (b->sources == 0 || b->source[b->sources - 1] != source)
			b->source[b->sources++] = source;
		b->dest[b->num] = key_of(h.to, vlan);
		b->frame[b->num++] = frame[i];
	}
	vsw_dp_count(&st->rx_packets, num);
	vsw_dp_count(&st->rx_bytes, bytes);
}

static __rte_always_inline void
any_burst(struct vsw_forward *fw, const struct vsw_dp_port *from, struct rte_mbuf **frame,
	uint16_t num, const bool plain)
{
	const struct vsw_dp_port *to;
	struct burst b;
	uint16_t i;

	admit_all(fw, from, frame, num, &b, plain);
	if (b.num == 0)
		return;
	if (from->learn)
		vsw_fdb_learn(fw->fdb, b.source, b.sources, from->id, fw->now_s);
	vsw_fdb_lookup(fw->fdb, b.dest, b.num, b.port);
	for (i = 0; i < b.num; i++) {
		to = b.port[i] < VSW_DP_PORTS ? fw->snapshot->port[b.port[i]] : NULL;
		if (unlikely(b.dest[i] & GROUP_BIT))
			flood(fw, from, b.frame[i], true);
		else if (unlikely(to == NULL))
			flood(fw, from, b.frame[i], false);
		else
			unicast(fw, from, to, b.frame[i]);
	}
	flush(fw);
}

/* --- the short way ---------------------------------------------------------------------------- */

/* Of a burst whose frames all start with the same 14 bytes. */
struct same {
	struct head head;
	uint64_t bytes;
	uint32_t longest;
};

/* Whether they do, and nothing is special about any. */
static inline bool
all_same(struct rte_mbuf **frame, uint16_t num, struct same *s)
{
	uint64_t differs = 0, bytes = 0;
	uint32_t longest = 0, shortest = UINT32_MAX;
	struct head h;
	uint16_t i;

	s->head = head_of(frame[0]);
	for (i = 0; i < num; i++) {
		h = head_of(frame[i]);
		differs |= (h.to ^ s->head.to) | (h.from ^ s->head.from) |
			   (frame[i]->ol_flags & SPECIAL);
		bytes += frame[i]->pkt_len;
		longest = RTE_MAX(longest, frame[i]->pkt_len);
		shortest = RTE_MIN(shortest, (uint32_t)frame[i]->data_len);
	}
	s->bytes = bytes;
	s->longest = longest;
	return differs == 0 && shortest >= RTE_ETHER_HDR_LEN &&
	       type_of(&s->head) != RTE_BE16(RTE_ETHER_TYPE_VLAN) &&
	       !((s->head.to | s->head.from) & GROUP_BIT);
}

/* @return false: nothing was done, as the burst or its destination is not of the simple kind */
static inline bool
same_burst(struct vsw_forward *fw, const struct vsw_dp_port *from, struct rte_mbuf **frame,
	uint16_t num)
{
	const struct vsw_dp_port *to;
	struct same s;
	uint64_t key;
	uint16_t port;

	if (!all_same(frame, num, &s))
		return false;
	key = key_of(s.head.to, from->pvid);
	vsw_fdb_lookup(fw->fdb, &key, 1, &port);
	to = port < VSW_DP_PORTS ? fw->snapshot->port[port] : NULL;
	if (to == NULL || same_side(from, to) || to->vlan_mode != VSW_VLAN_ACCESS ||
		to->pvid != from->pvid || s.longest > (uint32_t)to->mtu + RTE_ETHER_HDR_LEN)
		return false;
	if (from->learn) {
		key = key_of(s.head.from, from->pvid);
		vsw_fdb_learn(fw->fdb, &key, 1, from->id, fw->now_s);
	}
	vsw_dp_count(&fw->stats[from->id].rx_packets, num);
	vsw_dp_count(&fw->stats[from->id].rx_bytes, s.bytes);
	send_burst(fw, to, frame, num, s.bytes);
	return true;
}

void
vsw_forward_burst(struct vsw_forward *fw, const struct vsw_dp_port *from, struct rte_mbuf **frame,
	uint16_t num)
{
	if (!from->plain)
		any_burst(fw, from, frame, num, false);
	else if (!same_burst(fw, from, frame, num))
		any_burst(fw, from, frame, num, true);
}
