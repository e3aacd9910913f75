/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames over ports of simulated NICs: two NICs on one wire, representors by rules, offloads, what
 * is let in, interrupts, links, counters. No guest: for these see nicsim_life.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <rte_ether.h>
#include <rte_interrupts.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "nicsim_rig.h"

#define A "net_nicsim_a"
#define B "net_nicsim_b"
#define L2 RTE_ETHER_HDR_LEN
#define L3 ((uint32_t)sizeof(struct rte_ipv4_hdr))

static int a, b; /* PF ports of two NICs on one wire */
static struct nr_frame f, g;

static int
pair_up(const char *args_a, const char *args_b)
{
	UT_DO(ut_eal());
	UT_EQ(nr_add(A, args_a), 0);
	UT_EQ(nr_add(B, args_b), 0);
	a = nr_port(A);
	b = nr_port(B);
	return 0;
}

static int
pair_down(void)
{
	UT_EQ(nr_remove(A), 0);
	UT_EQ(nr_remove(B), 0);
	UT_EQ(nr_mbufs(), 0);
	return 0;
}

static int
usual_pair(const struct nr_port_conf *conf)
{
	UT_DO(pair_up("wire=ring:t", "wire=ring:t"));
	UT_DO(nr_start(a, conf));
	return nr_start(b, conf);
}

/* All lengths, both ways, byte by byte; and what is counted. */
static int
wire(void)
{
	struct rte_eth_stats stats;
	uint64_t bytes = 0;
	uint32_t len, n = 0;

	UT_DO(usual_pair(NULL));
	for (len = 60; len <= 1514; len += 7, n++) {
		nr_udp(&f, len, len);
		UT_DO(nr_send(a, &f));
		UT_DO(nr_expect(b, &f));
		bytes += len;
	}
	nr_udp(&f, 64, 1);
	UT_DO(nr_send(b, &f));
	UT_DO(nr_expect(a, &f));
	UT_EQ(rte_eth_stats_get(a, &stats), 0);
	UT_EQ(stats.opackets, n);
	UT_EQ(stats.obytes, bytes);
	UT_EQ(stats.q_opackets[0], n);
	UT_EQ(stats.ipackets, 1);
	UT_EQ(stats.ibytes, 64);
	UT_EQ(stats.oerrors + stats.imissed + stats.ierrors + stats.rx_nombuf, 0);
	UT_EQ(rte_eth_stats_get(b, &stats), 0);
	UT_EQ(stats.ipackets, n);
	UT_EQ(stats.q_ibytes[0], bytes);
	UT_EQ(nr_xstat(a, "wire_tx_packets"), n);
	UT_EQ(nr_xstat(b, "wire_rx_packets"), n);
	UT_GE(nr_xstat(a, "hw_frames"), n);
	UT_EQ(nr_xstat(a, "vf_tx_packets"), UINT64_MAX);
	UT_EQ(rte_eth_xstats_reset(a), 0);
	UT_EQ(nr_xstat(a, "wire_tx_packets"), 0);
	UT_EQ(rte_eth_stats_get(a, &stats), 0);
	UT_EQ(stats.opackets + stats.ipackets, 0);
	UT_EQ(nr_xstat(b, "wire_rx_packets"), n); /* another's */
	UT_DO(nr_send(a, &f));
	UT_DO(nr_expect(b, &f));
	UT_EQ(nr_xstat(a, "wire_tx_packets"), 1);
	return pair_down();
}

static int
rule(int port, const struct rte_flow_item *item, const struct rte_flow_action *action,
	struct rte_flow **flow)
{
	const struct rte_flow_attr attr = { .transfer = 1 };
	struct rte_flow_error error;

	*flow = rte_flow_create(port, &attr, item, action, &error);
	if (*flow == NULL)
		UT_FAIL("%s", error.message);
	return 0;
}

/* From one end of a port to another, tags on the way. */
static int
lead(int on, bool from_rep, uint16_t from, bool to_rep, uint16_t to, int pops, int vid,
	struct rte_flow **flow)
{
	const struct rte_flow_item_ethdev src = { from };
	const struct rte_flow_action_ethdev dst = { to };
	const struct rte_flow_action_of_push_vlan push = { RTE_BE16(0x8100) };
	const struct rte_flow_action_of_set_vlan_vid set = { rte_cpu_to_be_16(vid) };
	const struct rte_flow_item item[] = {
		{ .type = from_rep ? RTE_FLOW_ITEM_TYPE_PORT_REPRESENTOR
				   : RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT, .spec = &src },
		{ .type = RTE_FLOW_ITEM_TYPE_END } };
	struct rte_flow_action action[8], *at = action;

	while (pops-- > 0)
		*at++ = (struct rte_flow_action){ .type = RTE_FLOW_ACTION_TYPE_OF_POP_VLAN };
	if (vid != 0) {
		*at++ = (struct rte_flow_action){ RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN, &push };
		*at++ = (struct rte_flow_action){ RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID, &set };
	}
	*at++ = (struct rte_flow_action){ .type = RTE_FLOW_ACTION_TYPE_COUNT };
	*at++ = (struct rte_flow_action){ to_rep ? RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR
						 : RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT, &dst };
	*at++ = (struct rte_flow_action){ .type = RTE_FLOW_ACTION_TYPE_END };
	return rule(on, item, action, flow);
}

static int
counted(int port, struct rte_flow *flow, uint64_t packets, uint64_t bytes, bool reset)
{
	struct rte_flow_query_count count = { .reset = reset };
	const struct rte_flow_action ask = { .type = RTE_FLOW_ACTION_TYPE_COUNT };
	struct rte_flow_error error;

	UT_EQ(rte_flow_query(port, flow, &ask, &count, &error), 0);
	UT_EQ(count.hits_set && count.bytes_set, 1);
	UT_EQ(count.hits, packets);
	UT_EQ(count.bytes, bytes);
	return 0;
}

/* f as it is with a tag. */
static void
tag(struct nr_frame *to, const struct nr_frame *from, uint16_t vid)
{
	const uint8_t vlan[4] = { 0x81, 0, vid >> 8, vid & 0xff };

	memcpy(to->data, from->data, 12);
	memcpy(to->data + 12, vlan, sizeof(vlan));
	memcpy(to->data + 16, from->data + 12, from->len - 12);
	to->len = from->len + sizeof(vlan);
}

static int
representors(void)
{
	struct rte_flow *in, *out, *drop;
	struct rte_flow_error error;
	int rep;

	UT_DO(pair_up("wire=ring:t", "wire=ring:t,vfs=2,representor=vf1"));
	UT_DO(nr_start(a, NULL));
	UT_DO(nr_start(b, NULL));
	UT_DO(nr_start_named(B "_representor_vf1", &rep));
	nr_udp(&f, 100, 1);

	/* No rule: the wire's is the PF's, and a representor's is its VF's, on which nobody is. */
	UT_DO(nr_send(a, &f));
	UT_DO(nr_expect(b, &f));
	UT_DO(nr_send(rep, &f));
	UT_DO(nr_xstat_wait(rep, "vf_rx_stopped", 1));

	UT_DO(lead(b, false, b, true, rep, 1, 0, &in));
	UT_DO(lead(rep, true, rep, false, b, 0, 77, &out));
	tag(&g, &f, 5);
	UT_DO(nr_send(a, &g));
	UT_DO(nr_expect(rep, &f));
	UT_DO(nr_expect_none(b));
	tag(&g, &f, 77);
	UT_DO(nr_send(rep, &f));
	UT_DO(nr_expect(a, &g));
	UT_DO(counted(rep, out, 1, 100, true));
	UT_DO(counted(rep, out, 0, 0, false));
	UT_DO(nr_send(a, &f)); /* no tag to pop */
	UT_DO(nr_xstat_wait(b, "switch_drop_vlan", 1));
	UT_DO(nr_expect_none(rep));

	UT_EQ(rte_flow_destroy(b, in, &error), 0);
	UT_DO(rule(b, (const struct rte_flow_item[]){ { .type = RTE_FLOW_ITEM_TYPE_END } },
		(const struct rte_flow_action[]){ { .type = RTE_FLOW_ACTION_TYPE_DROP },
			{ .type = RTE_FLOW_ACTION_TYPE_END } }, &drop));
	UT_DO(nr_send(a, &f));
	UT_DO(nr_xstat_wait(b, "switch_drop_rule", 1));
	UT_DO(nr_expect_none(b));
	return pair_down();
}

/* What offloads come to where the frame arrives; what was given is not written to. */
static int
arrives(struct rte_mbuf *m, const struct nr_frame *expected)
{
	struct rte_mbuf *hold = rte_pktmbuf_clone(m, nr_pool(false));
	uint8_t before[NR_FRAME_MAX], after[NR_FRAME_MAX];
	uint32_t len = nr_flat(m, before);

	UT_CHECK(hold != NULL);
	UT_EQ(rte_eth_tx_prepare(a, 0, &m, 1), 1);
	UT_DO(nr_send_mbuf(a, 0, m));
	UT_DO(nr_expect(b, expected));
	UT_EQ(nr_flat(hold, after), len);
	UT_EQ(memcmp(before, after, len), 0);
	rte_pktmbuf_free(hold);
	return 0;
}

static void
offload(struct rte_mbuf *m, uint64_t flags)
{
	m->ol_flags |= flags | RTE_MBUF_F_TX_IPV4;
	m->l2_len = L2;
	m->l3_len = L3;
	m->l4_len = sizeof(struct rte_tcp_hdr);
}

static const struct nr_port_conf all_offloads = {
	.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
		       RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |
		       RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO |
		       RTE_ETH_TX_OFFLOAD_VLAN_INSERT,
};

static int
checksums(void)
{
	static const uint32_t segs[] = { 0, 1, 16, 33, 60 };
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(g.data + L2);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
	struct rte_mbuf *m;
	size_t i;

	UT_DO(usual_pair(&all_offloads));
	for (i = 0; i < RTE_DIM(segs); i++) {
		uint32_t len = segs[i] == 1 ? 60 : 601;

		nr_udp(&f, len, i);
		UT_DO(arrives(nr_mbuf(&f, segs[i]), &f)); /* as it is */
		g = f;
		ip->hdr_checksum = 0xdead;
		udp->dgram_cksum = 0xbeef;
		m = nr_mbuf(&g, segs[i]);
		offload(m, RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM);
		UT_DO(arrives(m, &f));
		/* The pseudo header's sum is there: as rte_net_intel_cksum_prepare() does. */
		g = f;
		udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
		m = nr_mbuf(&g, segs[i]);
		offload(m, RTE_MBUF_F_TX_UDP_CKSUM);
		UT_DO(arrives(m, &f));
		nr_tcp(&f, len, i);
		g = f;
		tcp->cksum = 0;
		m = nr_mbuf(&g, segs[i]);
		offload(m, RTE_MBUF_F_TX_TCP_CKSUM);
		UT_DO(arrives(m, &f));
		/* A tag of the mbuf's, and a checksum behind it. */
		m = nr_mbuf(&g, segs[i]);
		offload(m, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_VLAN);
		m->vlan_tci = 0x123;
		{
			static struct nr_frame tagged;

			tag(&tagged, &f, 0x123);
			UT_DO(arrives(m, &tagged));
		}
	}
	return pair_down();
}

/* The bytes of a large segment arrive in order in small ones that are each right. */
static int
segments(struct rte_mbuf *m, uint32_t header, uint32_t size, uint8_t proto)
{
	uint32_t total = f.len - header, done = 0, n;
	uint8_t data[NR_FRAME_MAX];
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(data + L2);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	UT_DO(nr_send_mbuf(a, 0, m));
	while (done < total) {
		m = nr_recv(b, 0, NR_WAIT_MS);
		UT_CHECK(m != NULL);
		n = nr_flat(m, data) - header;
		rte_pktmbuf_free(m);
		UT_EQ(n, RTE_MIN(size, total - done));
		UT_EQ(memcmp(data + header, f.data + header + done, n), 0);
		UT_EQ(rte_be_to_cpu_16(ip->total_length), header - L2 + n);
		UT_EQ(rte_ipv4_cksum(ip), 0);
		UT_EQ(ip->next_proto_id, proto);
		UT_EQ(rte_ipv4_udptcp_cksum_verify(ip, ip + 1), 0);
		if (proto == IPPROTO_TCP)
			UT_EQ(rte_be_to_cpu_32(tcp->sent_seq), 1000 + done);
		done += n;
	}
	return nr_expect_none(b);
}

static int
segmentation(void)
{
	struct rte_mbuf *m;

	UT_DO(usual_pair(&all_offloads));
	nr_tcp(&f, 9000, 3);
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IP_CKSUM);
	m->tso_segsz = 1000;
	UT_DO(segments(m, L2 + L3 + sizeof(struct rte_tcp_hdr), 1000, IPPROTO_TCP));
	nr_udp(&f, 5000, 4);
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_UDP_SEG);
	m->l4_len = sizeof(struct rte_udp_hdr);
	m->tso_segsz = 777;
	UT_DO(segments(m, L2 + L3 + sizeof(struct rte_udp_hdr), 777, IPPROTO_UDP));
	return pair_down();
}

/* Each is refused by rte_eth_tx_prepare(), and sent all the same counted and freed. */
static int
refused_one(struct rte_mbuf *m, int error, uint64_t count)
{
	struct rte_eth_stats stats;

	rte_errno = 0;
	UT_EQ(rte_eth_tx_prepare(a, 0, &m, 1), 0);
	UT_EQ(rte_errno, error);
	UT_EQ(rte_eth_tx_burst(a, 0, &m, 1), 1);
	UT_EQ(rte_eth_stats_get(a, &stats), 0);
	UT_EQ(stats.oerrors, count);
	UT_EQ(stats.opackets, 0);
	return 0;
}

static int
refused(void)
{
	struct rte_mbuf *m;

	UT_DO(usual_pair(&all_offloads));
	nr_udp(&f, 100, 1);
	f.len = 13;
	UT_DO(refused_one(nr_mbuf(&f, 0), EINVAL, 1));
	f.len = 100;
	UT_DO(refused_one(nr_mbuf(&f, 1), EINVAL, 2)); /* 100 segments */
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_SCTP_CKSUM);
	UT_DO(refused_one(m, ENOTSUP, 3));
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_QINQ);
	UT_DO(refused_one(m, ENOTSUP, 4));
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_UDP_CKSUM);
	m->l3_len = 100; /* past the end */
	UT_DO(refused_one(m, EINVAL, 5));
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_TCP_SEG);
	m->tso_segsz = 0;
	UT_DO(refused_one(m, EINVAL, 6));
	m = nr_mbuf(&f, 0);
	m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM; /* lengths are not given */
	UT_DO(refused_one(m, EINVAL, 7));
	UT_DO(nr_expect_none(b));
	return pair_down();
}

/* What only the NIC finds wrong is taken, and then counted as an error, not as sent. */
static int
refused_later(void)
{
	struct rte_eth_stats stats;
	struct rte_mbuf *m;

	UT_DO(usual_pair(&all_offloads));
	nr_udp(&f, 1000, 1);
	m = nr_mbuf(&f, 0);
	offload(m, RTE_MBUF_F_TX_TCP_SEG); /* of a UDP packet */
	m->tso_segsz = 500;
	UT_EQ(rte_eth_tx_burst(a, 0, &m, 1), 1);
	UT_DO(nr_xstat_wait(a, "tx_malformed", 1));
	UT_EQ(rte_eth_stats_get(a, &stats), 0);
	UT_EQ(stats.oerrors, 1);
	UT_EQ(stats.opackets, 0);
	UT_DO(arrives(nr_mbuf(&f, 0), &f));
	UT_EQ(rte_eth_stats_get(a, &stats), 0);
	UT_EQ(stats.oerrors, 1);
	UT_EQ(stats.opackets, 1);
	UT_EQ(rte_eth_xstats_reset(a), 0);
	UT_EQ(nr_xstat(a, "tx_malformed"), 0);
	UT_EQ(rte_eth_stats_get(a, &stats), 0);
	UT_EQ(stats.oerrors, 0);
	UT_EQ(stats.opackets, 0);
	return pair_down();
}

/* Frames longer than an mbuf: in several where asked for, else none; and never beyond the MTU. */
static int
long_frames(void)
{
	const struct nr_port_conf scattered = { .rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.mtu = 9000, .small = true };
	const struct nr_port_conf large = { .mtu = 9000 };
	struct rte_eth_conf conf = { .rxmode.mtu = 9000 };
	uint32_t len;
	char *said;
	int ret;

	UT_DO(pair_up("wire=ring:t", "wire=ring:t"));
	UT_DO(nr_start(a, &(struct nr_port_conf){ .tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS }));
	UT_DO(nr_start(b, &scattered));
	for (len = 500; len <= 9014; len += 473) {
		nr_udp(&f, len, len);
		UT_DO(nr_send(a, &f));
		UT_DO(nr_expect(b, &f));
	}
	nr_udp(&f, 9000 + 23, 1);
	UT_DO(nr_send(a, &f));
	UT_DO(nr_expect_none(b));
	UT_EQ(nr_xstat(b, "rx_too_long"), 1);
	UT_EQ(rte_eth_dev_set_mtu(b, 9578), 0);
	UT_DO(nr_send(a, &f));
	UT_DO(nr_expect(b, &f));
	UT_CHECK(rte_eth_dev_set_mtu(b, 9579) < 0);

	UT_EQ(rte_eth_dev_stop(b), 0);
	UT_EQ(rte_eth_dev_configure(b, 1, 1, &conf), 0);
	UT_EQ(rte_eth_rx_queue_setup(b, 0, 256, SOCKET_ID_ANY, NULL, nr_pool(false)), 0);
	nr_log_start();
	ret = rte_eth_dev_start(b);
	said = nr_log_end();
	UT_CHECK(ret < 0);
	UT_CHECK(strstr(said, "MTU 9000 needs mbufs of 9022 bytes, and queue 0 has 2048") != NULL);
	free(said);
	(void)large;
	UT_DO(nr_start(b, NULL)); /* 1500 */
	UT_CHECK(rte_eth_dev_set_mtu(b, 2100) < 0);
	nr_udp(&f, 1523, 1);
	UT_DO(nr_send(a, &f));
	UT_DO(nr_expect_none(b));
	return pair_down();
}

static int
from_to(const uint8_t *dst, bool comes)
{
	memcpy(f.data, dst, RTE_ETHER_ADDR_LEN);
	UT_DO(nr_send(a, &f));
	return comes ? nr_expect(b, &f) : nr_expect_none(b);
}

static int
filter(void)
{
	static const uint8_t all[] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t other[] = { 2, 0, 0, 0, 0, 99 };
	struct rte_ether_addr more = { { 2, 0, 0, 0, 0, 77 } };
	struct rte_ether_addr group = { { 1, 0, 0x5e, 0, 0, 1 } };
	struct rte_ether_addr mac;

	UT_DO(usual_pair(NULL));
	nr_udp(&f, 80, 1);
	UT_EQ(rte_eth_macaddr_get(b, &mac), 0);
	UT_DO(from_to(other, true));
	UT_EQ(rte_eth_promiscuous_disable(b), 0);
	UT_DO(from_to(mac.addr_bytes, true));
	UT_DO(from_to(all, true));
	UT_DO(from_to(other, false));
	UT_EQ(nr_xstat(b, "rx_filtered"), 1);
	UT_DO(from_to(more.addr_bytes, false));
	UT_EQ(rte_eth_dev_mac_addr_add(b, &more, 0), 0);
	UT_DO(from_to(more.addr_bytes, true));
	UT_EQ(rte_eth_dev_mac_addr_remove(b, &more), 0);
	UT_DO(from_to(more.addr_bytes, false));
	UT_EQ(rte_eth_dev_default_mac_addr_set(b, &more), 0);
	UT_DO(from_to(more.addr_bytes, true));
	UT_DO(from_to(mac.addr_bytes, false));
	UT_DO(from_to(group.addr_bytes, false));
	UT_EQ(rte_eth_dev_set_mc_addr_list(b, &group, 1), 0);
	UT_DO(from_to(group.addr_bytes, true));
	UT_EQ(rte_eth_dev_set_mc_addr_list(b, NULL, 0), 0);
	UT_DO(from_to(group.addr_bytes, false));
	UT_EQ(rte_eth_allmulticast_enable(b), 0);
	UT_DO(from_to(group.addr_bytes, true));
	UT_EQ(rte_eth_allmulticast_disable(b), 0);
	UT_DO(from_to(group.addr_bytes, false));
	return pair_down();
}

/* Asleep until a frame comes; one that is there already wakes at once. */
static int
interrupts(void)
{
	const struct nr_port_conf conf = { .rx_intr = true };
	struct rte_epoll_event event;
	int i;

	UT_DO(usual_pair(&conf));
	nr_udp(&f, 80, 1);
	UT_EQ(rte_eth_dev_rx_intr_ctl_q(
		      b, 0, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, (void *)(uintptr_t)42), 0);
	for (i = 0; i < 20; i++) {
		UT_EQ(rte_eth_dev_rx_intr_enable(b, 0), 0);
		UT_EQ(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, 10), 0);
		UT_DO(nr_send(a, &f));
		UT_EQ(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, NR_WAIT_MS), 1);
		UT_EQ((uintptr_t)event.epdata.data, 42);
		UT_EQ(rte_eth_dev_rx_intr_disable(b, 0), 0);
		UT_DO(nr_expect(b, &f));
	}
	UT_DO(nr_send(a, &f));
	UT_DO(nr_xstat_wait(b, "wire_rx_packets", i + 1));
	nr_nap(20);
	UT_EQ(rte_eth_dev_rx_intr_enable(b, 0), 0);
	UT_EQ(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, NR_WAIT_MS), 1);
	UT_DO(nr_expect(b, &f));
	UT_EQ(rte_eth_dev_rx_intr_ctl_q(b, 0, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_DEL, NULL), 0);
	return pair_down();
}

/* Flows are spread over queues, each whole to one; more queues send than receive. */
static int
queues(void)
{
	const struct nr_port_conf conf = { .rxq = 4, .txq = 6, .rss = true,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH };
	int queue_of[64], got[4] = { 0 }, i, q, left, port;
	uint32_t hash[64] = { 0 };
	struct rte_mbuf *m;
	uint64_t end;

	UT_DO(usual_pair(&conf));
	for (i = 0; i < 64; i++)
		queue_of[i] = -1;
	for (i = 0; i < 256; i++) {
		nr_udp(&f, 100, i % 64);
		UT_DO(nr_send_mbuf(a, i % 6, nr_mbuf(&f, 0)));
	}
	end = nr_now() + NR_WAIT_MS;
	for (left = 256, q = 0; left > 0 && nr_now() < end; q = (q + 1) % 4) {
		if (rte_eth_rx_burst(b, q, &m, 1) == 0)
			continue;
		UT_CHECK((m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0);
		port = rte_be_to_cpu_16(*rte_pktmbuf_mtod_offset(m, rte_be16_t *, L2 + L3)) - 1024;
		UT_CHECK(port >= 0 && port < 64);
		UT_CHECK(queue_of[port] == -1 ||
			 (queue_of[port] == q && hash[port] == m->hash.rss));
		queue_of[port] = q;
		hash[port] = m->hash.rss;
		got[q]++;
		left--;
		rte_pktmbuf_free(m);
	}
	UT_EQ(left, 0);
	for (q = 0; q < 4; q++)
		UT_GE(got[q], 16);
	return pair_down();
}

struct sender {
	pthread_t thread;
	uint16_t queue;
	struct rte_mempool *pool; /* of its own: mbufs are given back where they are sent */
};

#define EACH 600

static void *
send_many(void *arg)
{
	struct sender *s = arg;
	static __thread struct nr_frame frame;
	struct rte_mbuf *m;
	int i;

	for (i = 0; i < EACH; i++) {
		nr_udp(&frame, 64 + i % 100, s->queue);
		m = rte_pktmbuf_alloc(s->pool);
		if (m == NULL)
			break;
		memcpy(rte_pktmbuf_append(m, frame.len), frame.data, frame.len);
		while (rte_eth_tx_burst(a, s->queue, &m, 1) == 0)
			nr_nap(0);
	}
	return NULL;
}

/* Three threads on three Tx queues that share one of the NIC's: nothing is lost or torn. */
static int
shared_queue(void)
{
	const struct nr_port_conf conf = { .txq = 3 };
	struct sender s[3] = { 0 };
	uint8_t data[NR_FRAME_MAX];
	int i, got = 0, seen[3] = { 0 };
	uint64_t missed, end;
	struct rte_mbuf *m;
	char name[16];

	UT_DO(usual_pair(&conf));
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "sender%d", i);
		s[i].queue = i;
		s[i].pool = rte_pktmbuf_pool_create(name, 63, 0, 0, RTE_PKTMBUF_HEADROOM + 256,
			SOCKET_ID_ANY);
		UT_CHECK(s[i].pool != NULL);
		UT_EQ(pthread_create(&s[i].thread, NULL, send_many, &s[i]), 0);
	}
	end = nr_now() + 3 * NR_WAIT_MS;
	while (got < 3 * EACH && nr_now() < end) {
		m = nr_recv(b, 0, 100);
		if (m == NULL) /* a machine may be busy, or the last ones were missed */
			continue;
		i = rte_be_to_cpu_16(*rte_pktmbuf_mtod_offset(m, rte_be16_t *, L2 + L3)) - 1024;
		UT_CHECK(i >= 0 && i < 3);
		nr_udp(&f, m->pkt_len, i);
		nr_flat(m, data);
		UT_EQ(memcmp(data, f.data, f.len), 0);
		seen[i]++;
		got++;
		rte_pktmbuf_free(m);
	}
	for (i = 0; i < 3; i++) {
		pthread_join(s[i].thread, NULL);
		rte_mempool_free(s[i].pool);
	}
	missed = nr_xstat(b, "rx_missed_errors") + nr_xstat(a, "wire_tx_errors");
	UT_EQ(nr_xstat(a, "tx_good_packets"), 3 * EACH);
	UT_EQ(missed, 0); /* the NIC's queues have room for all */
	for (i = 0; i < 3; i++)
		UT_EQ(seen[i], EACH);
	return pair_down();
}

static int
on_link(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	(void)port;
	(void)event;
	(void)ret;
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
	return 0;
}

static int
link_comes(int port, int status, int *events, int n)
{
	uint64_t end = nr_now() + NR_WAIT_MS;
	struct rte_eth_link link;

	while (__atomic_load_n(events, __ATOMIC_RELAXED) < n && nr_now() < end)
		nr_nap(5);
	UT_EQ(__atomic_load_n(events, __ATOMIC_RELAXED), n);
	UT_EQ(rte_eth_link_get_nowait(port, &link), 0);
	UT_EQ(link.link_status, status);
	return 0;
}

/* The PF's link is the wire's. A representor's is its VF's: nicsim_life.c. */
static int
link(void)
{
	const struct nr_port_conf conf = { .lsc = true };
	struct rte_eth_link state;
	int events = 0;

	UT_DO(ut_eal());
	UT_EQ(nr_add(A, "wire=ring:t"), 0);
	a = nr_port(A);
	UT_DO(nr_start(a, &conf));
	UT_EQ(rte_eth_link_get(a, &state), 0);
	UT_EQ(state.link_status, RTE_ETH_LINK_DOWN);
	UT_EQ(rte_eth_dev_callback_register(a, RTE_ETH_EVENT_INTR_LSC, on_link, &events), 0);
	UT_EQ(nr_add(B, "wire=ring:t"), 0);
	UT_DO(link_comes(a, RTE_ETH_LINK_UP, &events, 1));
	UT_EQ(nr_remove(B), 0);
	UT_DO(link_comes(a, RTE_ETH_LINK_DOWN, &events, 2));
	UT_EQ(rte_eth_dev_stop(a), 0);
	UT_EQ(nr_add(B, "wire=ring:t"), 0);
	nr_nap(300);
	UT_EQ(__atomic_load_n(&events, __ATOMIC_RELAXED), 2); /* stopped */
	rte_eth_dev_callback_unregister(a, RTE_ETH_EVENT_INTR_LSC, on_link, &events);
	return pair_down();
}

/* Nobody takes frames away: they are counted, and the way is free again afterwards. */
static int
overrun(void)
{
	struct rte_eth_stats stats;
	struct rte_mbuf *m;
	int i, got = 0;

	UT_DO(usual_pair(NULL));
	for (i = 0; i < 1000; i++) {
		nr_udp(&f, 1514, i);
		UT_DO(nr_send(a, &f));
	}
	UT_DO(nr_xstat_wait(a, "tx_good_packets", 1000));
	nr_nap(100);
	while ((m = nr_recv(b, 0, 100)) != NULL) {
		got++;
		rte_pktmbuf_free(m);
	}
	UT_EQ(rte_eth_stats_get(b, &stats), 0);
	UT_GE(stats.imissed + nr_xstat(a, "wire_tx_errors"), 1);
	UT_EQ(got + stats.imissed + nr_xstat(a, "wire_tx_errors"), 1000);
	UT_EQ(rte_eth_dev_stop(b), 0);
	UT_DO(nr_start(b, NULL));
	UT_DO(nr_send(a, &f));
	UT_DO(nr_expect(b, &f));
	return pair_down();
}

static const struct ut_case cases[] = {
	UT_CASE(wire),
	UT_CASE(representors),
	UT_CASE(checksums),
	UT_CASE(segmentation),
	UT_CASE(refused),
	UT_CASE(refused_later),
	UT_CASE(long_frames),
	UT_CASE(filter),
	UT_CASE(interrupts),
	UT_CASE(queues),
	UT_CASE(shared_queue),
	UT_CASE(link),
	UT_CASE(overrun),
	UT_END,
};
UT_SUITE(nicsim_traffic, "integration", cases)
