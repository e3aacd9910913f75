/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Forwarding, on mbufs without any device: a snapshot of ports, and a tx that writes down what is
 * put out. Each case ends with every mbuf back in its pool.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "forward.h"
#include "offload.h"
#include "ut.h"

#define PORTS 6
#define MBUFS 2047
#define SENT 4096
#define SEEN 200 /* bytes of a frame that are kept */
#define IPV4_CSUM_OFFLOADS (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define SUM RTE_MBUF_F_RX_L4_CKSUM_NONE
#define CUT RTE_MBUF_F_RX_LRO

struct sent {
	uint16_t port, vlan_tci, segs;
	uint32_t len, l2, l3, l4, segsz;
	uint64_t flags;
	bool sum_ok; /* of IPv4 and L4, as a receiver would check */
	uint8_t data[SEEN];
};

static struct {
	struct rte_mempool *pool;
	struct vsw_forward *fw;
	struct vsw_dp_snapshot *snap;
	struct vsw_dp_port port[PORTS];
	struct vsw_dp_stats *stats;
	struct sent sent[SENT];
	unsigned int num;
	unsigned int room[PORTS]; /* that tx takes */
	uint64_t in;
} t;

static bool
sums_right(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const void *);
	const struct rte_ipv4_hdr *ip4 = (const void *)(eth + 1);
	const struct rte_ipv6_hdr *ip6 = (const void *)(eth + 1);

	if (m->data_len >= 34 && eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
		rte_ipv4_hdr_len(ip4) >= 20 && m->pkt_len >= 34u + 20)
		return rte_raw_cksum(ip4, rte_ipv4_hdr_len(ip4)) == UINT16_MAX &&
		       rte_ipv4_udptcp_cksum_mbuf_verify(m, ip4, 14 + rte_ipv4_hdr_len(ip4)) == 0;
	if (m->data_len >= 74 && eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) &&
		(ip6->proto == IPPROTO_TCP || ip6->proto == IPPROTO_UDP))
		return rte_ipv6_udptcp_cksum_mbuf_verify(m, ip6, 54) == 0;
	return false;
}

static uint16_t
tx(void *ctx, const struct vsw_dp_port *port, struct rte_mbuf **frame, uint16_t num)
{
	uint16_t i;

	(void)ctx;
	for (i = 0; i < num && t.room[port->id] != 0; i++) {
		struct sent *s = &t.sent[t.num % SENT];

		t.num++;
		t.room[port->id]--;
		memset(s, 0, sizeof(*s));
		s->port = port->id;
		s->vlan_tci = frame[i]->vlan_tci;
		s->segs = frame[i]->nb_segs;
		s->len = frame[i]->pkt_len;
		s->flags = frame[i]->ol_flags;
		s->l2 = frame[i]->l2_len;
		s->l3 = frame[i]->l3_len;
		s->l4 = frame[i]->l4_len;
		s->segsz = frame[i]->tso_segsz;
		s->sum_ok = sums_right(frame[i]);
		memcpy(s->data, rte_pktmbuf_mtod(frame[i], void *),
			RTE_MIN((uint16_t)SEEN, frame[i]->data_len));
	}
	rte_pktmbuf_free_bulk(frame, i);
	return i;
}

/* All in VLAN 1, from anybody to anybody, nothing left to any; port 5 is an Ethernet device. */
static int
start(void)
{
	const struct vsw_fdb_conf conf = { .max = 1024, .max_port = 1024, .socket = -1 };
	struct vsw_dp_members *all;
	unsigned int i;

	UT_DO(ut_eal());
	memset(&t, 0, sizeof(t));
	t.pool = rte_pktmbuf_pool_create("test_forward", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	t.fw = calloc(1, sizeof(*t.fw));
	t.snap = calloc(1, sizeof(*t.snap));
	t.stats = calloc(VSW_DP_PORTS, sizeof(*t.stats));
	all = calloc(1, sizeof(*all) + PORTS * sizeof(all->port[0]));
	UT_CHECK(t.pool != NULL && t.fw != NULL && t.snap != NULL && t.stats != NULL && all != NULL);
	for (i = 0; i < PORTS; i++) {
		t.port[i] = (struct vsw_dp_port){ .id = i, .mtu = 1500, .pvid = 1, .learn = true,
			.flood = true, .plain = true,
			.kind = i == PORTS - 1 ? VSW_DP_ETHDEV : VSW_DP_GUEST };
		t.snap->port[i] = &t.port[i];
		t.room[i] = UINT32_MAX;
		all->port[all->num++] = i;
	}
	for (i = 0; i < VSW_DP_VLANS; i++)
		t.snap->vlan[i] = all; /* the ports' own VLANs decide further */
	t.fw->fdb = vsw_fdb_new(&conf);
	UT_CHECK(t.fw->fdb != NULL);
	t.fw->snapshot = t.snap;
	t.fw->stats = t.stats;
	t.fw->pool = t.pool;
	t.fw->now_s = 1;
	t.fw->tx = tx;
	return 0;
}

static int
stop(void)
{
	unsigned int left = rte_mempool_avail_count(t.pool);

	vsw_fdb_free(t.fw->fdb);
	rte_mempool_free(t.pool);
	free((void *)(uintptr_t)t.snap->vlan[0]);
	free(t.snap);
	free(t.stats);
	free(t.fw);
	UT_EQ(left, MBUFS);
	return 0;
}

/* Station n; 0xff: broadcast */
static void
station(void *at, unsigned int n)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 0, n };

	if (n == 0xff)
		memset(mac, 0xff, sizeof(mac));
	memcpy(at, mac, sizeof(mac));
}

/* len bytes in as many segments as it takes; filled with a pattern */
static struct rte_mbuf *
raw_frame(uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t.pool), *last = m, *next;
	uint32_t left = len, n = 0, part;
	char *data;

	while (m != NULL) {
		part = RTE_MIN(left, (uint32_t)rte_pktmbuf_tailroom(last));
		data = rte_pktmbuf_append(last, part);
		left -= part;
		for (; part != 0; part--)
			*data++ = (char)(n++ % 251);
		if (left == 0)
			break;
		next = rte_pktmbuf_alloc(t.pool);
		if (next == NULL) {
			rte_pktmbuf_free(m);
			return NULL;
		}
		if (last != m) {
			m->pkt_len += last->data_len;
			m->nb_segs++;
		}
		last->next = next;
		last = next;
	}
	if (m != NULL && last != m) {
		m->pkt_len += last->data_len;
		m->nb_segs++;
	}
	return m;
}

static struct rte_mbuf *
frame(unsigned int to, unsigned int from, uint32_t len)
{
	struct rte_mbuf *m = raw_frame(len);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	station(data, to);
	station(data + 6, from);
	data[12] = 0x08;
	data[13] = 0x06;
	return m;
}

static struct rte_mbuf *
tagged(unsigned int to, unsigned int from, uint32_t len, uint16_t type, uint16_t tci)
{
	struct rte_mbuf *m = frame(to, from, len);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	data[12] = type >> 8;
	data[13] = type & 0xff;
	data[14] = tci >> 8;
	data[15] = tci & 0xff;
	data[16] = 0x08;
	data[17] = 0x06;
	return m;
}

static void
burst(unsigned int from, struct rte_mbuf **m, uint16_t num)
{
	t.num = 0;
	t.in += num;
	vsw_forward_burst(t.fw, &t.port[from], m, num);
	vsw_fdb_update(t.fw->fdb, UINT32_MAX, t.fw->now_s);
}

static void
one(unsigned int from, struct rte_mbuf *m)
{
	burst(from, &m, 1);
}

/* Station n is behind port n. */
static void
all_known(void)
{
	unsigned int i;

	for (i = 0; i < PORTS; i++)
		vsw_fdb_add(t.fw->fdb,
			vsw_fdb_key(1, &(struct rte_ether_addr){ { 2, 0, 0, 0, 0, i } }), i);
}

static uint64_t
drops(unsigned int port, enum vsw_dp_drop reason)
{
	uint64_t n = t.stats[port].drops[reason];

	t.stats[port].drops[reason] = 0;
	return n;
}

static uint64_t
all_drops(void)
{
	uint64_t sum = 0;
	unsigned int i, j;

	for (i = 0; i < PORTS; i++)
		for (j = 0; j < VSW_DROP_NUM; j++)
			sum += t.stats[i].drops[j];
	return sum;
}

static unsigned int
count_to(unsigned int port)
{
	unsigned int i, n = 0;

	for (i = 0; i < t.num; i++)
		n += t.sent[i].port == port;
	return n;
}

/* --- learning and floods ---------------------------------------------------------------------- */

static int
learns_and_forwards(void)
{
	UT_DO(start());
	one(0, frame(1, 0, 60));
	UT_EQ(t.num, PORTS - 1);
	UT_EQ(count_to(0), 0);
	one(1, frame(0, 1, 60));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 0);
	UT_EQ(t.sent[0].len, 60);
	UT_EQ(t.sent[0].data[5], 0);
	UT_EQ(t.sent[0].data[11], 1);
	UT_EQ(t.sent[0].data[59], 59);
	one(0, frame(1, 0, 1514));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 1);
	UT_EQ(t.stats[0].rx_packets, 2);
	UT_EQ(t.stats[0].rx_bytes, 60 + 1514);
	UT_EQ(t.stats[1].tx_packets, 2);
	UT_EQ(t.stats[1].tx_bytes, 60 + 1514);
	/* A station moves, and frames follow it at once. */
	one(2, frame(0, 1, 60));
	one(0, frame(1, 0, 60));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 2);
	/* Each source of a burst. */
	burst(4, (struct rte_mbuf *[]){ frame(0, 41, 60), frame(0, 42, 60), frame(0, 41, 60) }, 3);
	one(0, frame(42, 0, 60));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 4);
	/* A port that is not to learn. */
	t.port[3].learn = false;
	one(3, frame(0, 7, 60));
	one(0, frame(7, 0, 60));
	UT_EQ(t.num, PORTS - 1);
	UT_EQ(all_drops(), 0);
	return stop();
}

/* A burst of one pair, of two, and of many: same result, in order. */
static int
bursts(void)
{
	struct rte_mbuf *m[VSW_DP_BURST];
	unsigned int kinds, i;
	bool plain;

	UT_DO(start());
	all_known();
	for (kinds = 1; kinds <= 5; kinds++) {
		for (plain = false;; plain = true) {
			unsigned int next[PORTS] = { 0 };

			t.port[0].plain = plain;
			for (i = 0; i < VSW_DP_BURST; i++) {
				m[i] = frame(1 + i % kinds, 0, 60 + i);
				rte_pktmbuf_mtod(m[i], uint8_t *)[20] = i;
			}
			burst(0, m, VSW_DP_BURST);
			UT_EQ(t.num, VSW_DP_BURST);
			for (i = 0; i < t.num; i++) {
				struct sent *s = &t.sent[i];

				UT_EQ(s->port, s->data[5]);
				UT_EQ(s->data[20], next[s->port]++ * kinds + s->port - 1);
				UT_EQ(s->len, 60 + s->data[20]);
			}
			if (plain)
				break;
		}
	}
	UT_EQ(t.stats[0].rx_packets, 10 * VSW_DP_BURST);
	UT_EQ(all_drops(), 0);
	return stop();
}

/* What differs in one frame only must not be overlooked, wherever in the burst it is. */
static int
odd_one_out(void)
{
	struct rte_mbuf *m[VSW_DP_BURST];
	unsigned int at, kind, i;

	UT_DO(start());
	all_known();
	for (at = 0; at < VSW_DP_BURST; at += 31) {
		for (kind = 0; kind < 9; kind++) {
			for (i = 0; i < VSW_DP_BURST; i++)
				m[i] = frame(1, 0, 60);
			rte_pktmbuf_free(m[at]);
			m[at] = kind == 0 ? frame(1, 0, 13) :
				kind == 1 ? frame(1, 0, 1515) :
				kind == 2 ? tagged(1, 0, 60, 0x8100, 5) :
				kind == 3 ? frame(1, 0, 60) :
				kind == 4 ? frame(0, 0, 60) :
				kind == 5 ? frame(1, 0xff, 60) :
				kind == 6 ? frame(0xff, 0, 60) :
				kind == 7 ? frame(9, 0, 60) : frame(2, 8, 60);
			if (kind == 3)
				m[at]->ol_flags = CUT | SUM;
			burst(0, m, VSW_DP_BURST);
			UT_EQ(count_to(1), VSW_DP_BURST - 1 + (kind == 6 || kind == 7));
			UT_EQ(count_to(2), kind >= 6);
			UT_EQ(drops(0, VSW_DROP_RUNT), kind == 0);
			UT_EQ(drops(1, VSW_DROP_MTU), kind == 1);
			UT_EQ(drops(0, VSW_DROP_VLAN), kind == 2);
			UT_EQ(drops(0, VSW_DROP_OFFLOAD), kind == 3);
			UT_EQ(drops(0, VSW_DROP_SELF), kind == 4);
			UT_EQ(drops(0, VSW_DROP_SPOOF), kind == 5);
			UT_EQ(all_drops(), 0);
		}
	}
	return stop();
}

static int
floods(void)
{
	UT_DO(start());
	/* Unknown destinations only where they are wanted, broadcasts everywhere. */
	t.port[1].flood = false;
	one(0, frame(9, 0, 60));
	UT_EQ(t.num, PORTS - 2);
	UT_EQ(count_to(1), 0);
	one(0, frame(0xff, 0, 60));
	UT_EQ(t.num, PORTS - 1);
	/* Not within a group. */
	t.port[0].group = t.port[2].group = 7;
	t.port[3].group = 8;
	one(0, frame(0xff, 0, 60));
	UT_EQ(t.num, PORTS - 2);
	UT_EQ(count_to(2), 0);
	one(2, frame(0, 2, 60));
	UT_EQ(t.num, 0);
	UT_EQ(drops(2, VSW_DROP_SELF), 1);
	one(3, frame(0, 3, 60));
	UT_EQ(t.num, 1);
	/* To where it came from. */
	one(0, frame(0, 0, 60));
	UT_EQ(drops(0, VSW_DROP_SELF), 1);
	/* Alone. */
	t.port[4].pvid = 4;
	t.port[4].plain = false;
	t.snap->port[0] = t.snap->port[1] = t.snap->port[2] = t.snap->port[3] = t.snap->port[5] = NULL;
	one(4, frame(0xff, 4, 60));
	UT_EQ(drops(4, VSW_DROP_NOWHERE), 1);
	/* What is behind a port that has gone is unknown, and so flooded. */
	one(4, frame(0, 4, 60));
	UT_EQ(drops(4, VSW_DROP_NOWHERE), 1);
	UT_EQ(all_drops(), 0);
	return stop();
}

static int
flood_control(void)
{
	unsigned int i;

	UT_DO(start());
	all_known();
	t.port[0].flood_max = 10;
	for (i = 0; i < 15; i++)
		one(0, frame(i % 2 ? 0xff : 0x77, 0, 60));
	UT_EQ(drops(0, VSW_DROP_FLOOD), 5);
	one(0, frame(1, 0, 60));
	UT_EQ(t.num, 1);
	one(1, frame(0xff, 1, 60));
	UT_EQ(t.num, PORTS - 1);
	t.fw->now_s++;
	for (i = 0; i < 11; i++)
		one(0, frame(0xff, 0, 60));
	UT_EQ(drops(0, VSW_DROP_FLOOD), 1);
	UT_EQ(all_drops(), 0);
	return stop();
}

/* Copies to a device are its own; guests share one. Both read the same. */
static int
clones(void)
{
	unsigned int i;

	UT_DO(start());
	for (i = 0; i < PORTS; i++)
		t.port[i].mtu = 9000;
	one(0, frame(0xff, 0, 9014));
	UT_EQ(t.num, PORTS - 1);
	for (i = 0; i < t.num; i++) {
		UT_EQ(t.sent[i].len, 9014);
		UT_CHECK(t.sent[i].segs > 1);
		UT_EQ(memcmp(t.sent[i].data, t.sent[0].data, SEEN), 0);
	}
	UT_EQ(all_drops(), 0);
	return stop();
}

/* --- what is not forwarded -------------------------------------------------------------------- */

static int
spoofing(void)
{
	struct rte_mbuf *m;

	UT_DO(start());
	all_known();
	t.port[0].plain = false;
	t.port[0].num_macs = 2;
	station(&t.port[0].mac[0], 0);
	station(&t.port[0].mac[1], 20);
	one(0, frame(1, 0, 60));
	UT_EQ(t.num, 1);
	one(0, frame(1, 20, 60));
	UT_EQ(t.num, 1);
	one(0, frame(1, 21, 60));
	UT_EQ(t.num, 0);
	UT_EQ(drops(0, VSW_DROP_SPOOF), 1);
	/* Not learned either. */
	one(1, frame(21, 1, 60));
	UT_EQ(t.num, PORTS - 1);
	/* No station has a group address. */
	one(2, frame(1, 0xff, 60));
	UT_EQ(drops(2, VSW_DROP_SPOOF), 1);
	m = frame(1, 2, 60);
	rte_pktmbuf_mtod(m, uint8_t *)[6] |= 1;
	one(2, m);
	UT_EQ(drops(2, VSW_DROP_SPOOF), 1);
	UT_EQ(all_drops(), 0);
	return stop();
}

static int
reserved_addresses(void)
{
	static const uint8_t bridge[6] = { 1, 0x80, 0xc2, 0, 0, 0 };
	struct rte_mbuf *m;
	unsigned int i, last;

	UT_DO(start());
	for (i = 0; i < 12; i++) {
		last = i == 10 ? 0x0f : i == 11 ? 0x10 : i;
		m = frame(0, 0, 60);
		memcpy(rte_pktmbuf_mtod(m, void *), bridge, 6);
		rte_pktmbuf_mtod(m, uint8_t *)[5] = last;
		one(0, m);
		UT_EQ(drops(0, VSW_DROP_RESERVED), last <= 0x0f);
		UT_EQ(t.num, last <= 0x0f ? 0 : PORTS - 1);
	}
	m = frame(0, 0, 60); /* one byte off */
	memcpy(rte_pktmbuf_mtod(m, void *), bridge, 6);
	rte_pktmbuf_mtod(m, uint8_t *)[4] = 1;
	one(0, m);
	UT_EQ(t.num, PORTS - 1);
	UT_EQ(all_drops(), 0);
	return stop();
}

static int
lengths(void)
{
	unsigned int len;

	UT_DO(start());
	all_known();
	for (len = 14; len <= 1514; len += 50) {
		one(0, frame(1, 0, len));
		UT_EQ(t.num, 1);
		UT_EQ(t.sent[0].len, len);
	}
	for (len = 0; len < 14; len++) {
		struct rte_mbuf *m = raw_frame(len);

		one(0, m);
		UT_EQ(drops(0, VSW_DROP_RUNT), 1);
	}
	one(0, frame(1, 0, 1515));
	UT_EQ(t.num, 0);
	UT_EQ(drops(1, VSW_DROP_MTU), 1);
	/* A flood goes where it fits. */
	t.port[2].mtu = 9000;
	one(0, frame(0xff, 0, 9014));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 2);
	UT_EQ(drops(1, VSW_DROP_MTU) + drops(3, VSW_DROP_MTU) + drops(4, VSW_DROP_MTU) +
		      drops(5, VSW_DROP_MTU), 4);
	one(0, frame(2, 0, 9015));
	UT_EQ(drops(2, VSW_DROP_MTU), 1);
	/* The tag is not counted. */
	t.port[3].vlan_mode = VSW_VLAN_TRUNK;
	t.port[3].pvid = 0;
	t.port[3].plain = false;
	one(0, frame(3, 0, 1514));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].len, 1518);
	one(3, tagged(0, 3, 1518, 0x8100, 1));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].len, 1514);
	UT_EQ(all_drops(), 0);
	return stop();
}

static int
full_queue(void)
{
	struct rte_mbuf *m[VSW_DP_BURST];
	unsigned int i, mixed;

	UT_DO(start());
	all_known();
	for (mixed = 0; mixed < 2; mixed++) {
		memset(t.stats, 0, PORTS * sizeof(*t.stats));
		t.room[1] = 10;
		for (i = 0; i < VSW_DP_BURST; i++)
			m[i] = frame(mixed ? 1 + i % 2 : 1, 0, 60 + i);
		burst(0, m, VSW_DP_BURST);
		UT_EQ(count_to(1), 10);
		UT_EQ(count_to(2), mixed ? 16 : 0);
		UT_EQ(t.stats[1].tx_packets, 10);
		UT_EQ(t.stats[1].tx_bytes, 10 * 60 + (mixed ? 90 : 45));
		UT_EQ(drops(1, VSW_DROP_TX), mixed ? 6 : 22);
		t.room[1] = 0;
		one(0, frame(0xff, 0, 60));
		UT_EQ(t.num, PORTS - 2);
		UT_EQ(drops(1, VSW_DROP_TX), 1);
		UT_EQ(all_drops(), 0);
	}
	return stop();
}

static int
no_buffers(void)
{
	struct rte_mbuf *m, *taken[MBUFS];
	unsigned int n;

	UT_DO(start());
	m = frame(0xff, 0, 60);
	for (n = 0; (taken[n] = rte_pktmbuf_alloc(t.pool)) != NULL; n++)
		;
	one(0, m);
	UT_EQ(t.num, PORTS - 2); /* guests read the one that there is */
	UT_EQ(count_to(5), 0);
	UT_EQ(drops(0, VSW_DROP_MEMORY), 1);
	UT_EQ(all_drops(), 0);
	rte_pktmbuf_free_bulk(taken, n);
	return stop();
}

/* --- VLANs ------------------------------------------------------------------------------------ */

enum { NO_TAG = -1, DROPPED = -2, ELSEWHERE = -3 };

static const uint64_t vlans_5_7[VSW_DP_VLANS / 64] = { 1u << 5 | 1u << 7 };

static const struct {
	enum vsw_dp_vlan_mode from_mode, to_mode;
	uint16_t from_pvid, to_pvid;
	bool from_all, to_all; /* trunk of all VLANs, not of 5 and 7 */
	int tag; /* tci of what comes */
	int out; /* tci of what goes; */
} vlan_cases[] = {
	{ VSW_VLAN_ACCESS, VSW_VLAN_ACCESS, 5, 5, 0, 0, NO_TAG, NO_TAG },
	{ VSW_VLAN_ACCESS, VSW_VLAN_ACCESS, 5, 6, 0, 0, NO_TAG, ELSEWHERE },
	{ VSW_VLAN_ACCESS, VSW_VLAN_ACCESS, 5, 5, 0, 0, 5, DROPPED },
	{ VSW_VLAN_ACCESS, VSW_VLAN_ACCESS, 5, 6, 0, 0, 6, DROPPED },
	{ VSW_VLAN_ACCESS, VSW_VLAN_ACCESS, 5, 5, 0, 0, 0x6000, NO_TAG }, /* priority tag */
	{ VSW_VLAN_ACCESS, VSW_VLAN_TRUNK, 5, 0, 0, 0, NO_TAG, 5 },
	{ VSW_VLAN_ACCESS, VSW_VLAN_TRUNK, 5, 0, 0, 0, 0x6000, 0x6005 },
	{ VSW_VLAN_ACCESS, VSW_VLAN_TRUNK, 5, 5, 0, 0, NO_TAG, NO_TAG },
	{ VSW_VLAN_ACCESS, VSW_VLAN_TRUNK, 6, 0, 0, 0, NO_TAG, ELSEWHERE },
	{ VSW_VLAN_ACCESS, VSW_VLAN_TRUNK, 6, 6, 0, 0, NO_TAG, NO_TAG },
	{ VSW_VLAN_ACCESS, VSW_VLAN_TRUNK, 6, 0, 0, 1, NO_TAG, 6 },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 5, 0, 0, 5, NO_TAG },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 5, 0, 0, 0xe005, NO_TAG },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 7, 0, 0, 5, ELSEWHERE },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 5, 0, 0, NO_TAG, DROPPED },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 5, 0, 0, 0x6000, DROPPED },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 5, 5, 0, 0, NO_TAG, NO_TAG },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 5, 5, 0, 0, 0x6000, NO_TAG },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 6, 6, 0, 0, 6, NO_TAG }, /* the native one, with a tag */
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 6, 0, 0, 6, DROPPED },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 6, 1, 0, 6, NO_TAG },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 6, 1, 0, 4095, DROPPED },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 0, 0, 0, 0, 7, 7 },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 0, 0, 0, 0, 0x3007, 0x3007 },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 5, 7, 0, 0, NO_TAG, 5 },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 5, 7, 0, 0, 7, NO_TAG },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 0, 0, 1, 1, 4094, 4094 },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 0, 0, 1, 0, 4094, ELSEWHERE },
	{ VSW_VLAN_TRUNK, VSW_VLAN_TRUNK, 0, 0, 1, 1, 4095, DROPPED },
	{ VSW_VLAN_TRUNK, VSW_VLAN_ACCESS, 0, 0, 1, 0, NO_TAG, DROPPED }, /* 0 is no native VLAN */
};

static void
vlan_port(unsigned int port, enum vsw_dp_vlan_mode mode, uint16_t pvid, bool all)
{
	t.port[port].vlan_mode = mode;
	t.port[port].pvid = pvid;
	t.port[port].vlans = all ? NULL : vlans_5_7;
	t.port[port].plain = mode == VSW_VLAN_ACCESS;
}

/* Of the frame that went to port 1. */
static int
out_tag(bool insert)
{
	unsigned int i;

	for (i = 0; i < t.num; i++) {
		const struct sent *s = &t.sent[i];

		if (s->port != 1)
			continue;
		if (insert)
			return s->flags & RTE_MBUF_F_TX_VLAN ? s->vlan_tci : NO_TAG;
		return s->data[12] == 0x81 ? s->data[14] << 8 | s->data[15] : NO_TAG;
	}
	return DROPPED;
}

/* For each: as a tag or stripped by the device, tagged here or by the port, known or flooded. */
static int
vlans(void)
{
	unsigned int i, way;

	UT_DO(start());
	for (i = 2; i < PORTS; i++)
		t.snap->port[i] = NULL;
	for (i = 0; i < RTE_DIM(vlan_cases); i++) {
		for (way = 0; way < 8; way++) {
			const bool stripped = way & 1, insert = way & 2, known = way & 4;
			const int tag = vlan_cases[i].tag, out = vlan_cases[i].out;
			struct rte_mbuf *m;
			uint16_t vlan;

			vlan_port(0, vlan_cases[i].from_mode, vlan_cases[i].from_pvid,
				vlan_cases[i].from_all);
			vlan_port(1, vlan_cases[i].to_mode, vlan_cases[i].to_pvid,
				vlan_cases[i].to_all);
			t.port[1].offloads = insert ? RTE_ETH_TX_OFFLOAD_VLAN_INSERT : 0;
			vsw_fdb_flush(t.fw->fdb, VSW_DP_NO_PORT, VSW_DP_VLANS, true);
			for (vlan = 0; known && vlan < 10; vlan++)
				vsw_fdb_add(t.fw->fdb, vsw_fdb_key(vlan,
					&(struct rte_ether_addr){ { 2, 0, 0, 0, 0, 1 } }), 1);
			m = tag == NO_TAG || stripped ? frame(1, 0, 60) :
							tagged(1, 0, 64, 0x8100, tag);
			if (tag != NO_TAG && stripped) {
				m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
				m->vlan_tci = tag;
			}
			one(0, m);
			if (out_tag(insert) != (out == ELSEWHERE ? DROPPED : out))
				UT_FAIL("case %u way %u: %d", i, way, out_tag(insert));
			if (t.num != 0 && t.sent[0].len != (out == NO_TAG || insert ? 60 : 64))
				UT_FAIL("case %u way %u: %u bytes", i, way, t.sent[0].len);
			UT_EQ(drops(0, VSW_DROP_VLAN), out == DROPPED || out == ELSEWHERE);
			(void)drops(0, VSW_DROP_NOWHERE);
			UT_EQ(all_drops(), 0);
		}
	}
	return stop();
}

/* Tags behind the first are payload, but may not become the first on a trunk. */
static int
double_tags(void)
{
	struct rte_mbuf *m;

	UT_DO(start());
	vlan_port(0, VSW_VLAN_TRUNK, 0, true);
	vlan_port(1, VSW_VLAN_TRUNK, 5, true);
	vlan_port(2, VSW_VLAN_ACCESS, 5, false);
	vlan_port(3, VSW_VLAN_TRUNK, 0, true);
	t.snap->port[4] = t.snap->port[5] = NULL;
	m = tagged(0xff, 0, 68, 0x8100, 5);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, 16), "\x81\x00\x00\x07\x08\x06", 6);
	one(0, m);
	UT_EQ(t.num, 2);
	UT_EQ(count_to(1), 0);
	UT_EQ(drops(0, VSW_DROP_VLAN), 1);
	/* A service tag is nothing to this switch. */
	one(2, tagged(0xff, 2, 64, 0x88a8, 9));
	UT_EQ(count_to(1), 1);
	UT_EQ(count_to(3), 1);
	/* Cut in the tag. */
	one(0, tagged(0xff, 0, 17 + 1, 0x8100, 5));
	UT_EQ(t.num, 3);
	m = tagged(0xff, 0, 18, 0x8100, 5);
	rte_pktmbuf_trim(m, 1);
	one(0, m);
	UT_EQ(t.num, 0);
	UT_EQ(drops(0, VSW_DROP_VLAN), 1);
	UT_EQ(all_drops(), 0);
	return stop();
}

/* Addresses of one VLAN are nothing in another. */
static int
vlans_apart(void)
{
	UT_DO(start());
	vlan_port(0, VSW_VLAN_ACCESS, 5, false);
	vlan_port(1, VSW_VLAN_ACCESS, 5, false);
	one(1, frame(9, 1, 60));
	one(2, frame(9, 1, 60)); /* same address, VLAN 1 */
	one(0, frame(1, 0, 60));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 1);
	one(3, frame(1, 3, 60));
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].port, 2);
	return stop();
}

/* --- offloads --------------------------------------------------------------------------------- */

/* TCP or UDP over IPv4 or IPv6 from 0 to 1; no checksum but IPv4's. */
static struct rte_mbuf *
packet(bool v6, uint8_t proto, uint32_t payload)
{
	const uint32_t l3 = v6 ? 40 : 20, l4 = proto == IPPROTO_TCP ? 32 : 8;
	struct rte_mbuf *m = frame(1, 0, 14 + l3 + l4 + payload);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip4 = (void *)(data + 14);
	struct rte_ipv6_hdr *ip6 = (void *)(data + 14);
	struct rte_tcp_hdr *tcp = (void *)(data + 14 + l3);
	struct rte_udp_hdr *udp = (void *)(data + 14 + l3);

	memset(data + 14, 0, l3 + l4);
	memcpy(data + 12, v6 ? "\x86\xdd" : "\x08\x00", 2);
	if (v6) {
		*ip6 = (struct rte_ipv6_hdr){ .vtc_flow = RTE_BE32(0x60000000), .proto = proto,
			.payload_len = rte_cpu_to_be_16(l4 + payload), .hop_limits = 64,
			.src_addr = { 0xfd, 1 }, .dst_addr = { 0xfd, 2 } };
	} else {
		*ip4 = (struct rte_ipv4_hdr){ .version_ihl = 0x45, .next_proto_id = proto,
			.time_to_live = 64, .packet_id = RTE_BE16(0xfffe),
			.total_length = rte_cpu_to_be_16(l3 + l4 + payload),
			.src_addr = RTE_BE32(0x0a000001), .dst_addr = RTE_BE32(0x0a000002) };
		ip4->hdr_checksum = rte_ipv4_cksum(ip4);
	}
	if (proto == IPPROTO_TCP) {
		*tcp = (struct rte_tcp_hdr){ .sent_seq = RTE_BE32(0xfffffff0), .data_off = 0x80,
			.tcp_flags = RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_ACK_FLAG |
				     RTE_TCP_CWR_FLAG };
	} else {
		udp->dgram_len = rte_cpu_to_be_16(l4 + payload);
		udp->dgram_cksum = 0xabcd;
	}
	return m;
}

static int
checksums(void)
{
	unsigned int i, offloaded;
	uint32_t payload;

	UT_DO(start());
	all_known();
	for (i = 0; i < 4; i++) {
		const bool v6 = i & 1;
		const uint8_t proto = i & 2 ? IPPROTO_TCP : IPPROTO_UDP;

		for (offloaded = 0; offloaded < 2; offloaded++) {
			t.port[1].offloads = offloaded ? IPV4_CSUM_OFFLOADS : 0;
			for (payload = 20; payload <= 1400; payload += 345) {
				struct rte_mbuf *m = packet(v6, proto, payload);

				m->ol_flags = SUM;
				one(0, m);
				UT_EQ(t.num, 1);
				if (!offloaded) {
					UT_CHECK(t.sent[0].sum_ok);
					UT_EQ(t.sent[0].flags, 0);
					continue;
				}
				UT_EQ(t.sent[0].flags,
					(v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4) |
					(proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM :
								RTE_MBUF_F_TX_UDP_CKSUM));
				UT_EQ(t.sent[0].l2, 14);
				UT_EQ(t.sent[0].l3, v6 ? 40 : 20);
			}
		}
	}
	/* Flooded: each port as it wants it. */
	t.port[2].offloads = IPV4_CSUM_OFFLOADS;
	vsw_fdb_flush(t.fw->fdb, VSW_DP_NO_PORT, VSW_DP_VLANS, true);
	t.port[1].offloads = 0;
	{
		struct rte_mbuf *m = packet(false, IPPROTO_TCP, 1000);

		m->ol_flags = SUM;
		one(0, m);
	}
	UT_EQ(t.num, PORTS - 1);
	for (i = 0; i < t.num; i++)
		UT_EQ(t.sent[i].sum_ok, t.sent[i].port != 2);
	UT_EQ(all_drops(), 0);
	return stop();
}

/* Behind a hop-by-hop header; the field holds the pseudo header's sum. */
static int
extension_header(void)
{
	struct rte_mbuf *m;
	struct rte_ipv6_hdr *ip;
	struct rte_tcp_hdr *tcp;
	uint8_t *data;
	uint32_t sum;

	UT_DO(start());
	all_known();
	m = packet(true, IPPROTO_TCP, 100 - 8);
	data = rte_pktmbuf_mtod(m, uint8_t *);
	ip = (void *)(data + 14);
	memmove(data + 62, data + 54, 32);
	memcpy(data + 54, "\x06\x00\x01\x04\x00\x00\x00\x00", 8);
	ip->payload_len = RTE_BE16(8 + 32 + 84);
	tcp = (void *)(data + 62);
	ip->proto = IPPROTO_TCP; /* for the pseudo header, with the length of TCP alone */
	ip->payload_len = RTE_BE16(32 + 84);
	tcp->cksum = rte_ipv6_phdr_cksum(ip, 0);
	ip->payload_len = RTE_BE16(8 + 32 + 84);
	ip->proto = IPPROTO_HOPOPTS;
	m->ol_flags = SUM;
	one(0, m);
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].flags, 0);
	/* As a receiver adds up. */
	data = t.sent[0].data;
	ip = (void *)(data + 14);
	ip->proto = IPPROTO_TCP;
	ip->payload_len = RTE_BE16(32 + 84);
	sum = rte_ipv6_phdr_cksum(ip, 0) + rte_raw_cksum(data + 62, 32 + 84);
	sum = (sum & 0xffff) + (sum >> 16);
	UT_EQ(sum, 0xffff);
	UT_EQ(all_drops(), 0);
	return stop();
}

static int
segments(void)
{
	unsigned int v6, way, i;

	UT_DO(start());
	all_known();
	for (v6 = 0; v6 < 2; v6++) {
		for (way = 0; way < 3; way++) { /* nothing, checksums, segments left to the port */
			const uint32_t hdr = 14 + (v6 ? 40 : 20) + 32, payload = 30000, size = 1400;
			struct rte_mbuf *m = packet(v6, IPPROTO_TCP, payload);
			uint32_t pos = 0, len;

			t.port[1].offloads = way == 0 ? 0 : way == 1 ? IPV4_CSUM_OFFLOADS :
				IPV4_CSUM_OFFLOADS | RTE_ETH_TX_OFFLOAD_TCP_TSO;
			m->ol_flags = CUT | SUM;
			m->tso_segsz = size;
			one(0, m);
			if (way == 2) {
				UT_EQ(t.num, 1);
				UT_EQ(t.sent[0].len, hdr + payload);
				UT_EQ(t.sent[0].segsz, size);
				UT_EQ(t.sent[0].l4, 32);
				UT_CHECK(t.sent[0].flags & RTE_MBUF_F_TX_TCP_SEG);
				UT_CHECK(t.sent[0].flags & RTE_MBUF_F_TX_TCP_CKSUM);
				continue;
			}
			UT_EQ(t.num, (payload + size - 1) / size);
			for (i = 0; i < t.num; i++, pos += len) {
				const uint8_t *data = t.sent[i].data;
				const struct rte_tcp_hdr *tcp = (const void *)(data + hdr - 32);
				const struct rte_ipv4_hdr *ip4 = (const void *)(data + 14);
				const bool last = i == t.num - 1;

				len = t.sent[i].len - hdr;
				UT_EQ(len, last ? payload - pos : size);
				if (way == 0)
					UT_CHECK(t.sent[i].sum_ok);
				UT_EQ(t.sent[i].flags & RTE_MBUF_F_TX_TCP_SEG, 0);
				UT_EQ(t.sent[i].flags & RTE_MBUF_F_TX_L4_MASK,
					way == 0 ? 0 : RTE_MBUF_F_TX_TCP_CKSUM);
				UT_EQ(rte_be_to_cpu_32(tcp->sent_seq), (uint32_t)(0xfffffff0 + pos));
				UT_EQ(tcp->tcp_flags & (RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG),
					last ? RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG : 0);
				UT_EQ((tcp->tcp_flags & RTE_TCP_CWR_FLAG) != 0, i == 0);
				UT_EQ(data[hdr], (hdr + pos) % 251);
				UT_EQ(data[hdr + 100], (hdr + pos + 100) % 251);
				if (!v6)
					UT_EQ(rte_be_to_cpu_16(ip4->packet_id), (uint16_t)(0xfffe + i));
			}
			UT_EQ(pos, payload);
		}
	}
	UT_EQ(all_drops(), 0);
	return stop();
}

/* Tagged, flooded, too long, short enough already, no buffers. */
static int
segments_too(void)
{
	struct rte_mbuf *m, *taken[MBUFS];
	unsigned int i, n;

	UT_DO(start());
	all_known();
	vlan_port(1, VSW_VLAN_TRUNK, 0, true);
	m = packet(false, IPPROTO_TCP, 3000);
	m->ol_flags = CUT | SUM;
	m->tso_segsz = 1448;
	one(0, m);
	UT_EQ(t.num, 3);
	for (i = 0; i < 3; i++) {
		UT_EQ(t.sent[i].len, 18 + 20 + 32 + (i < 2 ? 1448 : 104));
		UT_EQ(t.sent[i].data[12], 0x81);
		UT_EQ(t.sent[i].data[15], 1);
	}
	t.port[1].offloads = IPV4_CSUM_OFFLOADS | RTE_ETH_TX_OFFLOAD_TCP_TSO;
	m = packet(false, IPPROTO_TCP, 3000);
	m->ol_flags = CUT | SUM;
	m->tso_segsz = 1448;
	one(0, m);
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].l2, 18);
	vlan_port(1, VSW_VLAN_ACCESS, 1, true);
	t.port[1].offloads = 0;

	m = packet(false, IPPROTO_TCP, 3000);
	m->ol_flags = CUT | SUM;
	m->tso_segsz = 1449;
	one(0, m);
	UT_EQ(drops(1, VSW_DROP_MTU), 1);
	m = packet(false, IPPROTO_TCP, 1400);
	m->ol_flags = CUT | SUM;
	m->tso_segsz = 1448;
	one(0, m);
	UT_EQ(t.num, 1);
	UT_CHECK(t.sent[0].sum_ok);

	m = packet(true, IPPROTO_TCP, 2000);
	rte_ether_addr_copy(&(struct rte_ether_addr){ { 2, 0, 0, 0, 0, 99 } },
		rte_pktmbuf_mtod(m, struct rte_ether_addr *));
	m->ol_flags = CUT | SUM;
	m->tso_segsz = 1000;
	one(0, m);
	UT_EQ(t.num, 2 * (PORTS - 1));
	for (i = 0; i < t.num; i++)
		UT_CHECK(t.sent[i].sum_ok);
	UT_EQ(all_drops(), 0);

	m = packet(false, IPPROTO_TCP, 30000);
	m->ol_flags = CUT | SUM;
	m->tso_segsz = 1000;
	for (n = 0; (taken[n] = rte_pktmbuf_alloc(t.pool)) != NULL; n++)
		;
	rte_pktmbuf_free_bulk(taken, 5);
	one(0, m);
	UT_EQ(t.num, 5);
	UT_EQ(drops(0, VSW_DROP_MEMORY), 1);
	rte_pktmbuf_free_bulk(taken + 5, n - 5);
	UT_EQ(all_drops(), 0);
	return stop();
}

/* One byte of a good packet that makes it a lie, with what is said of it. */
static const struct {
	bool v6;
	uint8_t proto;
	uint64_t flags;
	uint16_t segsz;
	uint16_t at; /* 0: none */
	uint8_t value;
	uint16_t cut_to; /* bytes, 0: all */
} lies[] = {
	{ 0, IPPROTO_TCP, SUM, 0, 12, 0x77, 0 }, /* not IP */
	{ 0, IPPROTO_TCP, SUM, 0, 14, 0x65, 0 }, /* version */
	{ 0, IPPROTO_TCP, SUM, 0, 14, 0x44, 0 }, /* header length */
	{ 0, IPPROTO_UDP, SUM, 0, 14, 0x44, 0 },
	{ 0, IPPROTO_TCP, SUM, 0, 14, 0x4f, 60 },
	{ 0, IPPROTO_TCP, SUM, 0, 16, 0xff, 0 }, /* total length: past the frame */
	{ 0, IPPROTO_TCP, SUM, 0, 16, 0x00, 0 }, /* of less than TCP's header */
	{ 0, IPPROTO_TCP, SUM, 0, 20, 0x20, 0 }, /* fragments */
	{ 0, IPPROTO_TCP, SUM, 0, 21, 0x01, 0 },
	{ 0, IPPROTO_TCP, SUM, 0, 23, 132, 0 }, /* protocol */
	{ 0, IPPROTO_TCP, SUM, 0, 46, 0x40, 0 }, /* TCP's header length */
	{ 0, IPPROTO_TCP, SUM, 0, 46, 0xf0, 80 },
	{ 0, IPPROTO_TCP, SUM, 0, 0, 0, 14 }, /* ends before */
	{ 0, IPPROTO_TCP, SUM, 0, 0, 0, 33 },
	{ 0, IPPROTO_TCP, SUM, 0, 0, 0, 34 },
	{ 0, IPPROTO_TCP, SUM, 0, 0, 0, 65 },
	{ 0, IPPROTO_UDP, SUM, 0, 0, 0, 41 },
	{ 1, IPPROTO_TCP, SUM, 0, 14, 0x40, 0 },
	{ 1, IPPROTO_TCP, SUM, 0, 18, 0xff, 0 },
	{ 1, IPPROTO_TCP, SUM, 0, 20, 59, 0 },
	{ 1, IPPROTO_TCP, SUM, 0, 20, 0, 0 }, /* an extension, of what is there: nonsense */
	{ 1, IPPROTO_UDP, SUM, 0, 20, 44, 0 },
	{ 1, IPPROTO_TCP, SUM, 0, 0, 0, 53 },
	{ 0, IPPROTO_TCP, CUT | SUM, 0, 0, 0, 0 }, /* segments of nothing, and of next to nothing */
	{ 0, IPPROTO_TCP, CUT | SUM, 1, 0, 0, 0 },
	{ 0, IPPROTO_TCP, CUT, 47, 0, 0, 0 },
	{ 0, IPPROTO_TCP, CUT, 1000, 12, 0x77, 0 },
	{ 0, IPPROTO_UDP, CUT | SUM, 500, 0, 0, 0 }, /* nobody takes these */
};

static int
lies_are_dropped(void)
{
	struct rte_mbuf *m;
	unsigned int i;

	UT_DO(start());
	all_known();
	for (i = 0; i < RTE_DIM(lies); i++) {
		m = packet(lies[i].v6, lies[i].proto, 1000);
		if (lies[i].at != 0)
			rte_pktmbuf_mtod(m, uint8_t *)[lies[i].at] = lies[i].value;
		if (lies[i].at == 16)
			rte_pktmbuf_mtod(m, uint8_t *)[17] = 30;
		if (lies[i].cut_to != 0)
			rte_pktmbuf_trim(m, m->pkt_len - lies[i].cut_to);
		m->ol_flags = lies[i].flags;
		m->tso_segsz = lies[i].segsz;
		one(0, m);
		if (t.num != 0 || drops(0, VSW_DROP_OFFLOAD) != 1)
			UT_FAIL("case %u: not dropped", i);
		UT_EQ(all_drops(), 0);
	}
	/* Headers that are not all in the first segment. */
	m = packet(false, IPPROTO_TCP, 20);
	m->data_len = 60;
	m->next = raw_frame(m->pkt_len - 60);
	m->nb_segs = 2;
	m->ol_flags = SUM;
	one(0, m);
	UT_EQ(drops(0, VSW_DROP_OFFLOAD), 1);
	/* Extension headers: longer than what the IP header says there is, and than the frame. */
	for (i = 0; i < 3; i++) {
		m = packet(true, IPPROTO_UDP, 1000);
		memcpy(rte_pktmbuf_mtod_offset(m, void *, 54), "\x11\x01", 2); /* 16 bytes */
		rte_pktmbuf_mtod(m, uint8_t *)[20] = 0;
		if (i == 1)
			memcpy(rte_pktmbuf_mtod_offset(m, void *, 18), "\x00\x0f", 2);
		if (i == 2)
			rte_pktmbuf_mtod(m, uint8_t *)[55] = 0xff;
		m->ol_flags = SUM;
		one(0, m);
		UT_EQ(drops(0, VSW_DROP_OFFLOAD), i != 0);
	}
	/* What a sender says is no receiver's to believe; a bad checksum is the receiver's to find. */
	m = packet(false, IPPROTO_TCP, 100);
	m->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	one(0, m);
	UT_EQ(t.num, 1);
	UT_EQ(t.sent[0].flags, 0);
	return stop();
}

/* --- all of it at random ---------------------------------------------------------------------- */

static uint32_t
rnd(uint32_t n)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x >> 16) % n;
}

static struct rte_mbuf *
random_frame(void)
{
	struct rte_mbuf *m;
	unsigned int i;

	switch (rnd(5)) {
	case 0:
		m = tagged(rnd(9), rnd(9), 18 + rnd(1600), 0x8100, rnd(65536));
		break;
	case 1:
	case 2:
		m = packet(rnd(2), rnd(2) ? IPPROTO_TCP : IPPROTO_UDP, rnd(6000));
		break;
	case 3:
		m = raw_frame(rnd(100));
		break;
	default:
		m = frame(rnd(20) ? rnd(9) : 0xff, rnd(9), 14 + rnd(1501));
	}
	for (i = rnd(4); i != 0 && m->data_len > 12; i--)
		rte_pktmbuf_mtod(m, uint8_t *)[12 + rnd(RTE_MIN(m->data_len, 100) - 12)] = rnd(256);
	if (rnd(2)) {
		m->ol_flags = (uint64_t)rnd(4) << 3 | (rnd(2) ? SUM : 0) | (rnd(2) ? CUT : 0) |
			      (rnd(8) ? 0 : RTE_MBUF_F_RX_VLAN_STRIPPED);
		m->tso_segsz = rnd(2000);
		m->vlan_tci = rnd(65536);
	}
	return m;
}

static int
random_bursts(void)
{
	struct rte_mbuf *m[VSW_DP_BURST];
	uint64_t put_out = 0, dropped = 0, in = 0;
	unsigned int i, n, round;

	UT_DO(start());
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < PORTS && round % 16 == 0; i++) {
			vlan_port(i, rnd(3) ? VSW_VLAN_ACCESS : VSW_VLAN_TRUNK, rnd(3), rnd(2));
			t.port[i].num_macs = rnd(8) ? 0 : 1;
			t.port[i].plain = t.port[i].plain && t.port[i].num_macs == 0;
			t.port[i].group = rnd(3);
			t.port[i].flood = rnd(2);
			t.port[i].flood_max = rnd(50);
			t.port[i].mtu = rnd(9000);
			t.port[i].offloads = (rnd(2) ? IPV4_CSUM_OFFLOADS : 0) |
				(rnd(2) ? RTE_ETH_TX_OFFLOAD_VLAN_INSERT : 0);
			if (t.port[i].offloads & RTE_ETH_TX_OFFLOAD_TCP_CKSUM && rnd(2))
				t.port[i].offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
			t.room[i] = rnd(2) ? UINT32_MAX : rnd(100);
		}
		t.fw->now_s += rnd(100) == 0;
		n = 1 + rnd(VSW_DP_BURST);
		for (i = 0; i < n; i++)
			m[i] = random_frame();
		in += n;
		burst(rnd(PORTS), m, n);
		put_out += t.num;
		if (rte_mempool_avail_count(t.pool) != MBUFS)
			UT_FAIL("round %u: an mbuf is missing", round);
	}
	dropped = all_drops();
	for (i = 0; i < PORTS; i++) {
		in -= t.stats[i].rx_packets;
		put_out -= t.stats[i].tx_packets;
	}
	UT_EQ(in, 0);
	UT_EQ(put_out, 0);
	UT_CHECK(dropped > 1000);
	return stop();
}

static const struct ut_case cases[] = {
	UT_CASE(learns_and_forwards),
	UT_CASE(bursts),
	UT_CASE(odd_one_out),
	UT_CASE(floods),
	UT_CASE(flood_control),
	UT_CASE(clones),
	UT_CASE(spoofing),
	UT_CASE(reserved_addresses),
	UT_CASE(lengths),
	UT_CASE(full_queue),
	UT_CASE(no_buffers),
	UT_CASE(vlans),
	UT_CASE(double_tags),
	UT_CASE(vlans_apart),
	UT_CASE(checksums),
	UT_CASE(extension_header),
	UT_CASE(segments),
	UT_CASE(segments_too),
	UT_CASE(lies_are_dropped),
	UT_CASE(random_bursts),
	UT_END,
};
UT_SUITE(forward, "fast", cases)
