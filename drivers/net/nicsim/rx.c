/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Receiving: frames from a port of the NIC to mbufs. One thread for each queue; no lock, no system
 * call. Never gives out a frame that is longer than the MTU allows.
 */
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_net.h>

#include "rxtx.h"

/* By receive mode and addresses, as a NIC's filter does. */
static bool
lets_in(struct nicsim_eth_port *port, const uint8_t *frame)
{
	uint64_t dst = nicsim_eth_mac_number(frame);
	bool multicast = (frame[0] & 1) != 0;
	const uint64_t *list = multicast ? port->mc_mac : port->mac;
	unsigned int i, num = multicast ? NICSIM_ETH_MC_MACS : NICSIM_ETH_MACS;

	if (!port->filter || __atomic_load_n(&port->promisc, __ATOMIC_RELAXED))
		return true;
	if (multicast && (dst == UINT64_C(0xffffffffffff) ||
				 __atomic_load_n(&port->allmulti, __ATOMIC_RELAXED)))
		return true;
	for (i = 0; i < num; i++)
		if (__atomic_load_n(&list[i], __ATOMIC_RELAXED) == dst)
			return true;
	return false;
}

static bool
fill_chain(struct nicsim_eth_rxq *q, struct rte_mbuf *head, const uint8_t *from, uint32_t len)
{
	struct rte_mbuf *seg = head;
	uint32_t n;

	head->pkt_len = len;
	for (;;) {
		n = RTE_MIN(len, rte_pktmbuf_tailroom(seg));
		memcpy(rte_pktmbuf_mtod(seg, void *), from, n);
		seg->data_len = n;
		from += n;
		len -= n;
		if (len == 0)
			return true;
		seg->next = rte_pktmbuf_alloc(q->pool);
		if (seg->next == NULL)
			return false;
		seg = seg->next;
		head->nb_segs++;
	}
}

static void
describe(const struct nicsim_eth_rxq *q, struct rte_mbuf *m, const uint8_t *frame, uint32_t len,
	const struct nicsim_meta *meta)
{
	m->port = q->port_id;
	if (q->cksum && (meta->flags & NICSIM_HDR_DATA_VALID) != 0)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	if (q->hash) {
		m->hash.rss = nicsim_frame_hash(frame, len);
		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	}
	if (__atomic_load_n(&q->port->ptypes, __ATOMIC_RELAXED))
		m->packet_type = rte_net_get_ptype(m, NULL, RTE_PTYPE_ALL_MASK);
}

/* A frame of len bytes waits, which fits one mbuf or may have several. */
static uint32_t
take(struct nicsim_eth_rxq *q, struct rte_mbuf *m, uint32_t len, struct nicsim_meta *meta,
	const uint8_t **frame)
{
	uint32_t max = __atomic_load_n(&q->max_len, __ATOMIC_RELAXED);
	uint32_t room = rte_pktmbuf_tailroom(m);
	uint32_t got;

	if (len <= room || !q->scatter) {
		*frame = rte_pktmbuf_mtod(m, uint8_t *);
		got = nicsim_port_rx(q->port->sim, q->qid, rte_pktmbuf_mtod(m, void *),
			RTE_MIN(max, room), meta);
		m->pkt_len = m->data_len = got;
		return got;
	}
	*frame = q->bounce;
	got = nicsim_port_rx(q->port->sim, q->qid, q->bounce, max, meta);
	if (got != 0 && !fill_chain(q, m, q->bounce, got)) {
		nicsim_eth_count_add(&q->count->errors, 1);
		return 0;
	}
	return got;
}

uint16_t
nicsim_eth_rx_burst(void *queue, struct rte_mbuf **mbufs, uint16_t num)
{
	struct nicsim_eth_rxq *q = queue;
	struct nicsim_meta meta;
	const uint8_t *frame;
	uint64_t bytes = 0;
	struct rte_mbuf *m;
	uint16_t i, n = 0;
	uint32_t len;

	for (i = 0; i < num; i++) {
		len = nicsim_port_rx_peek(q->port->sim, q->qid);
		if (len == 0)
			break;
		m = rte_pktmbuf_alloc(q->pool);
		if (m == NULL) {
			nicsim_eth_count_add(&q->count->errors, 1);
			break;
		}
		len = take(q, m, len, &meta, &frame);
		if (len == 0) {
			rte_pktmbuf_free(m);
			continue;
		}
		if (!lets_in(q->port, frame)) {
			__atomic_fetch_add(&q->port->rx_filtered, 1, __ATOMIC_RELAXED);
			rte_pktmbuf_free(m);
			continue;
		}
		describe(q, m, frame, len, &meta);
		bytes += len;
		mbufs[n++] = m;
	}
	if (n != 0) {
		nicsim_eth_count_add(&q->count->packets, n);
		nicsim_eth_count_add(&q->count->bytes, bytes);
	}
	return n;
}
