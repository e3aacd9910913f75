/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The simulated NIC as a whole: the ways that frames take between guests on VFs, representors, the
 * uplink's software end and the wire. The far end of the wire is held by the test. Each way is gone
 * with one hardware thread and with four.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>

#include "nicbench.h"
#include "nicframe.h"
#include "ut.h"

#define VFS 3
#define LEN 300
#define WIRE "ring:nic-test"

static uint8_t out[20000], in[20000];

/* A NIC with everything around it. */
struct bench {
	struct nicsim *nic;
	struct nicbench_far far;
	struct nicguest guest[VFS];
	uint8_t mac[VFS][6];
};

static const uint8_t far_mac[6] = { 2, 0xfa, 0, 0, 0, 1 };
static const uint8_t host_mac[6] = { 2, 0x05, 0, 0, 0, 1 };

static int
bench_start(struct bench *b, unsigned int threads, enum nicsim_switch_mode mode,
	const struct nicguest_conf *guest)
{
	struct nicsim_conf conf = nicsim_default;
	unsigned int i;

	memset(b, 0, sizeof(*b));
	conf.name = "test";
	conf.vfs = VFS;
	conf.vf = nicsim_vf_default;
	conf.mode = mode;
	conf.wire = WIRE;
	conf.threads = threads;
	b->nic = nicbench_nic(&conf);
	UT_CHECK(b->nic != NULL);
	UT_EQ(nicbench_far_open(&b->far, WIRE), 0);
	for (i = 0; i <= VFS; i++)
		UT_EQ(nicsim_port_open(nicsim_port(b->nic, i), 1), 0);
	for (i = 0; i < VFS; i++) {
		UT_EQ(nicguest_start(&b->guest[i], nicsim_vf(b->nic, i), guest), 0);
		nicbench_mac(b->nic, i, b->mac[i]);
	}
	return 0;
}

/* Nothing is left on the way, and nobody did anything wrong. */
static int
bench_stop(struct bench *b)
{
	struct nicsim_vf_stats st;
	unsigned int i;

	UT_EQ(nicbench_far_wait(&b->far, in, sizeof(in), NICBENCH_QUIET_MS), 0);
	for (i = 0; i <= VFS; i++)
		UT_EQ(nicbench_port_wait(nicsim_port(b->nic, i), in, sizeof(in), 0), 0);
	for (i = 0; i < VFS; i++) {
		UT_EQ(nicguest_wait(&b->guest[i], in, 0), 0);
		UT_CHECK(nicguest_wrong(&b->guest[i]) == NULL);
		nicsim_vf_stats(nicsim_vf(b->nic, i), &st);
		UT_CHECK(st.violation == NULL);
		UT_EQ(st.dma_faults, 0);
		UT_EQ(st.rx_no_buffer + st.rx_filtered + st.rx_stopped + st.rx_too_long, 0);
		UT_EQ(st.tx_malformed, 0);
		nicguest_stop(&b->guest[i]);
	}
	nicbench_far_close(&b->far);
	nicsim_destroy(b->nic);
	return 0;
}

/* What came is what was sent, its addresses, too. */
static int
came(int len, uint32_t number)
{
	UT_EQ(len, LEN);
	UT_EQ(nicbench_number(in, (uint32_t)len), number);
	UT_EQ(memcmp(in, out, LEN), 0);
	return 0;
}

static int
guest_to_port(struct bench *b, unsigned int vf, unsigned int port, uint32_t number)
{
	nicbench_frame(out, LEN, far_mac, b->mac[vf], number);
	UT_EQ(nicguest_send(&b->guest[vf], NULL, out, LEN), 0);
	return came((int)nicbench_port_wait(nicsim_port(b->nic, port), in, sizeof(in), NICBENCH_MS),
		number);
}

static int
port_to_guest(struct bench *b, unsigned int port, unsigned int vf, uint32_t number)
{
	nicbench_frame(out, LEN, b->mac[vf], host_mac, number);
	UT_EQ(nicbench_port_send(nicsim_port(b->nic, port), out, LEN), 0);
	return came(nicguest_wait(&b->guest[vf], in, NICBENCH_MS), number);
}

static int
guest_to_guest(struct bench *b, unsigned int from, unsigned int to, uint32_t number)
{
	nicbench_frame(out, LEN, b->mac[to], b->mac[from], number);
	UT_EQ(nicguest_send(&b->guest[from], NULL, out, LEN), 0);
	return came(nicguest_wait(&b->guest[to], in, NICBENCH_MS), number);
}

static int
guest_to_wire(struct bench *b, unsigned int vf, uint32_t number)
{
	nicbench_frame(out, LEN, far_mac, b->mac[vf], number);
	UT_EQ(nicguest_send(&b->guest[vf], NULL, out, LEN), 0);
	return came((int)nicbench_far_wait(&b->far, in, sizeof(in), NICBENCH_MS), number);
}

static int
wire_to_guest(struct bench *b, unsigned int vf, uint32_t number)
{
	nicbench_frame(out, LEN, b->mac[vf], far_mac, number);
	nicbench_far_send(&b->far, out, LEN);
	return came(nicguest_wait(&b->guest[vf], in, NICBENCH_MS), number);
}

/* A rule by destination. */
static int
rule_add(struct bench *b, const struct nicsim_end *from, const uint8_t dst[6],
	const struct nicsim_flow_actions *actions, struct nicsim_flow **flow)
{
	struct nicsim_flow_match match = { .has_from = from != NULL };

	if (from != NULL)
		match.from = *from;
	memcpy(match.dst, dst, 6);
	memset(match.dst_mask, 0xff, 6);
	UT_EQ(nicsim_flow_add(
		      nicsim_switch_flows(nicsim_switch(b->nic)), 0, &match, actions, NULL, flow),
		0);
	return 0;
}

/* --- ways ------------------------------------------------------------------------------------- */

static int
slow_path(unsigned int threads, uint64_t features, bool pages)
{
	struct nicguest_conf conf = nicguest_default;
	struct nicsim_queue_stats qs;
	struct bench b;
	uint32_t i;

	conf.features = features;
	conf.pages = pages;
	UT_DO(bench_start(&b, threads, NICSIM_SWITCHDEV, &conf));
	/* more than once around the rings */
	for (i = 0; i < 700; i++) {
		UT_DO(guest_to_port(&b, i % VFS, 1 + i % VFS, i));
		UT_DO(port_to_guest(&b, 1 + i % VFS, i % VFS, i));
	}
	UT_EQ(nicsim_vf_queue_stats(nicsim_vf(b.nic, 0), 1, &qs), 0);
	UT_GE(qs.kicks, 1);
	UT_EQ(qs.kicks_page, pages ? qs.kicks : 0);
	return bench_stop(&b);
}

static int
between_vf_and_representor(void)
{
	const uint64_t packed = VIO_BIT(VIO_F_RING_PACKED), event = VIO_BIT(VIO_F_EVENT_IDX);

	UT_DO(slow_path(1, 0, false));
	UT_DO(slow_path(4, packed, true));
	UT_DO(slow_path(1, packed | event, true));
	UT_DO(slow_path(4, event | VIO_BIT(VIO_F_IN_ORDER), false));
	return 0;
}

static int
uplink(unsigned int threads)
{
	struct bench b;
	uint32_t i;

	UT_DO(bench_start(&b, threads, NICSIM_SWITCHDEV, NULL));
	UT_CHECK(nicsim_wire_link(nicsim_wire(b.nic)));
	for (i = 0; i < 200; i++) {
		nicbench_frame(out, LEN, host_mac, far_mac, i);
		nicbench_far_send(&b.far, out, LEN);
		UT_DO(came(
			(int)nicbench_port_wait(nicsim_port(b.nic, 0), in, sizeof(in), NICBENCH_MS),
			i));
		nicbench_frame(out, LEN, far_mac, host_mac, i);
		UT_EQ(nicbench_port_send(nicsim_port(b.nic, 0), out, LEN), 0);
		UT_DO(came((int)nicbench_far_wait(&b.far, in, sizeof(in), NICBENCH_MS), i));
	}
	return bench_stop(&b);
}

static int
between_wire_and_uplink(void)
{
	UT_DO(uplink(1));
	return uplink(4);
}

static int
by_rule(unsigned int threads)
{
	struct nicsim_flow_actions to = { .has_to = true };
	struct nicsim_end wire = { .port = 0 }, rep = { .port = 1, .representor = true };
	struct nicsim_flow_stats st;
	struct nicsim_flow *flow[5];
	struct nicsim_flows *flows;
	struct bench b;
	uint32_t i;

	UT_DO(bench_start(&b, threads, NICSIM_SWITCHDEV, NULL));
	flows = nicsim_switch_flows(nicsim_switch(b.nic));
	for (i = 0; i < VFS; i++) {
		to.to = (struct nicsim_end){ .port = (uint16_t)(i + 1) };
		UT_DO(rule_add(&b, NULL, b.mac[i], &to, &flow[i]));
	}
	to.to = wire;
	UT_DO(rule_add(&b, NULL, far_mac, &to, &flow[3]));
	for (i = 0; i < 100; i++) {
		UT_DO(guest_to_guest(&b, 0, 1, i));
		UT_DO(guest_to_guest(&b, 1, 2, i));
		UT_DO(guest_to_guest(&b, 2, 0, i));
		UT_DO(guest_to_wire(&b, i % VFS, i));
		UT_DO(wire_to_guest(&b, i % VFS, i));
	}
	nicsim_flow_query(flows, flow[3], false, &st);
	UT_EQ(st.packets, 100);
	UT_EQ(st.bytes, 100 * LEN);
	/* of software's own a rule is only if it says so */
	UT_DO(port_to_guest(&b, 1, 0, 1000));
	to.to = (struct nicsim_end){ .port = 3 };
	UT_DO(rule_add(&b, &rep, b.mac[2], &to, &flow[4]));
	UT_DO(port_to_guest(&b, 1, 2, 1001));
	nicsim_flow_flush(flows);
	UT_DO(guest_to_port(&b, 0, 1, 1002));
	return bench_stop(&b);
}

static int
by_rules(void)
{
	UT_DO(by_rule(1));
	return by_rule(4);
}

/* Tags on and off on the way, and frames that go nowhere. */
static int
rules_that_change_frames(void)
{
	const uint8_t two[8] = { 0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0x20, 0x05 };
	struct nicsim_flow_actions push = {
		.has_to = true, .push = 2, .tpid = { 0x8100, 0x88a8 }, .tci = { 0x2005, 0x0064 }
	};
	struct nicsim_flow_actions pop = { .has_to = true, .to = { .port = 2 }, .pop = 2 };
	struct nicsim_flow_actions drop = { .drop = true };
	struct nicsim_flow *flow;
	struct bench b;

	UT_DO(bench_start(&b, 2, NICSIM_SWITCHDEV, NULL));
	UT_DO(rule_add(&b, NULL, far_mac, &push, &flow));
	UT_DO(rule_add(&b, NULL, b.mac[1], &pop, &flow));
	UT_DO(rule_add(&b, NULL, b.mac[2], &drop, &flow));
	nicbench_frame(out, LEN, far_mac, b.mac[0], 1);
	UT_EQ(nicguest_send(&b.guest[0], NULL, out, LEN), 0);
	UT_EQ(nicbench_far_wait(&b.far, in, sizeof(in), NICBENCH_MS), LEN + 8);
	UT_EQ(memcmp(in, out, 12), 0);
	UT_EQ(memcmp(in + 12, two, 8), 0);
	UT_EQ(memcmp(in + 20, out + 12, LEN - 12), 0);
	/* and back the same way, to another guest */
	memcpy(in, b.mac[1], 6);
	nicbench_far_send(&b.far, in, LEN + 8);
	memcpy(out, b.mac[1], 6);
	UT_DO(came(nicguest_wait(&b.guest[1], in, NICBENCH_MS), 1));
	nicbench_frame(out, LEN, b.mac[1], far_mac, 2);
	nicbench_far_send(&b.far, out, LEN);
	nicbench_frame(out, LEN, b.mac[2], far_mac, 3);
	nicbench_far_send(&b.far, out, LEN);
	nicbench_frame(out, LEN, host_mac, far_mac, 4);
	nicbench_far_send(&b.far, out, LEN);
	UT_DO(came((int)nicbench_port_wait(nicsim_port(b.nic, 0), in, sizeof(in), NICBENCH_MS), 4));
	UT_EQ(nicsim_switch_drops(nicsim_switch(b.nic), NICSIM_DROP_VLAN), 1);
	UT_EQ(nicsim_switch_drops(nicsim_switch(b.nic), NICSIM_DROP_RULE), 1);
	return bench_stop(&b);
}

static const uint8_t pf_mac[6] = { 2, 0xff, 0, 0, 0, 1 };

static int
pf_got(struct bench *b, uint32_t number)
{
	return came((int)nicbench_port_wait(nicsim_port(b->nic, 0), in, sizeof(in), NICBENCH_MS),
		number);
}

static int
pf_send(struct bench *b, const uint8_t to[6], uint32_t number)
{
	const struct nicsim_meta meta = { 0 };
	const uint32_t len = LEN;
	const void *piece = out;
	int ret;

	nicbench_frame(out, LEN, to, pf_mac, number);
	ret = nicsim_port_tx(nicsim_port(b->nic, 0), 0, &piece, &len, 1, &meta);
	nicsim_port_tx_kick(nicsim_port(b->nic, 0));
	return ret;
}

/* The PF is one of the bridge's ports. */
static int
legacy_pf(struct bench *b)
{
	uint32_t i;

	UT_EQ(pf_send(b, nicbench_broadcast, 20), 0);
	UT_DO(came((int)nicbench_far_wait(&b->far, in, sizeof(in), NICBENCH_MS), 20));
	for (i = 0; i < VFS; i++)
		UT_DO(came(nicguest_wait(&b->guest[i], in, NICBENCH_MS), 20));
	for (i = 0; i < VFS; i++) {
		UT_EQ(pf_send(b, b->mac[i], i), 0);
		UT_DO(came(nicguest_wait(&b->guest[i], in, NICBENCH_MS), i));
		nicbench_frame(out, LEN, pf_mac, b->mac[i], i);
		UT_EQ(nicguest_send(&b->guest[i], NULL, out, LEN), 0);
		UT_DO(pf_got(b, i));
	}
	return 0;
}

static int
legacy(unsigned int threads)
{
	struct bench b;
	uint32_t i;

	UT_DO(bench_start(&b, threads, NICSIM_LEGACY, NULL));
	/* to all, and where each one is is known from then on */
	for (i = 0; i < VFS; i++) {
		nicbench_frame(out, LEN, nicbench_broadcast, b.mac[i], i);
		UT_EQ(nicguest_send(&b.guest[i], NULL, out, LEN), 0);
		UT_DO(came((int)nicbench_far_wait(&b.far, in, sizeof(in), NICBENCH_MS), i));
		UT_DO(pf_got(&b, i));
		UT_DO(came(nicguest_wait(&b.guest[(i + 1) % VFS], in, NICBENCH_MS), i));
		UT_DO(came(nicguest_wait(&b.guest[(i + 2) % VFS], in, NICBENCH_MS), i));
	}
	nicbench_frame(out, LEN, nicbench_broadcast, far_mac, 9);
	nicbench_far_send(&b.far, out, LEN);
	UT_DO(pf_got(&b, 9));
	for (i = 0; i < VFS; i++)
		UT_DO(came(nicguest_wait(&b.guest[i], in, NICBENCH_MS), 9));
	UT_DO(legacy_pf(&b));
	for (i = 0; i < 100; i++) {
		UT_DO(guest_to_guest(&b, i % VFS, (i + 1) % VFS, i));
		UT_DO(guest_to_wire(&b, i % VFS, i));
		UT_DO(wire_to_guest(&b, i % VFS, i));
	}
	return bench_stop(&b);
}

static int
legacy_mode(void)
{
	UT_DO(legacy(1));
	return legacy(4);
}

/* --- what is cut, and what is not ------------------------------------------------------------- */

/* A guest's TCP segment, too big for a wire, with a header that says so. */
static struct nicframe_at
big_segment(uint8_t *data, uint8_t hdr[NICGUEST_HDR], uint32_t payload)
{
	struct nicframe_spec spec = { .ip = 4,
		.proto = NICFRAME_TCP,
		.tcp_flags = 0x10,
		.payload = payload,
		.sport = 1000,
		.dport = 2000,
		.host = 1,
		.seq = 77 };
	struct nicframe_at at = nicframe_build(data, &spec);

	memset(hdr, 0, NICGUEST_HDR);
	hdr[0] = NICSIM_HDR_NEEDS_CSUM;
	hdr[1] = NICSIM_GSO_TCPV4;
	hdr[2] = (uint8_t)at.payload;
	hdr[4] = 1000 & 0xff;
	hdr[5] = 1000 >> 8;
	hdr[6] = (uint8_t)at.l4;
	hdr[8] = 16;
	return at;
}

/* One piece as it must be: its own part of the payload, checksum done. */
static int
is_piece(uint32_t len, const struct nicframe_at *whole, uint32_t i)
{
	struct nicframe_at at = *whole;

	UT_EQ(len, whole->payload + 1000);
	at.len = len;
	UT_CHECK(nicframe_l4_good(in, &at, NICFRAME_TCP));
	UT_EQ(nicframe_get(in + at.l4 + 4, 4), 77 + 1000 * i);
	UT_EQ(memcmp(in + at.payload, out + at.payload + 1000 * i, 1000), 0);
	return 0;
}

static int
big_segments(void)
{
	struct nicguest_conf conf = nicguest_default;
	struct nicsim_flow_actions to = { .has_to = true };
	uint8_t hdr[NICGUEST_HDR];
	struct nicframe_at at;
	struct nicsim_flow *flow;
	struct bench b;
	uint32_t i, len;

	conf.buf = 16384;
	conf.features = VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_HOST_TSO4) |
			VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4);
	UT_DO(bench_start(&b, 2, NICSIM_SWITCHDEV, &conf));
	at = big_segment(out, hdr, 8000);
	/* to software, and to a wire, in pieces */
	UT_EQ(nicguest_send(&b.guest[0], hdr, out, at.len), 0);
	for (i = 0; i < 8; i++) {
		len = nicbench_port_wait(nicsim_port(b.nic, 1), in, sizeof(in), NICBENCH_MS);
		UT_DO(is_piece(len, &at, i));
	}
	UT_DO(rule_add(&b, NULL, out, &to, &flow));
	UT_EQ(nicguest_send(&b.guest[0], hdr, out, at.len), 0);
	for (i = 0; i < 8; i++) {
		len = nicbench_far_wait(&b.far, in, sizeof(in), NICBENCH_MS);
		UT_DO(is_piece(len, &at, i));
	}
	/* to a guest that takes it, whole */
	nicsim_flow_flush(nicsim_switch_flows(nicsim_switch(b.nic)));
	to.to.port = 2;
	UT_DO(rule_add(&b, NULL, out, &to, &flow));
	UT_EQ(nicguest_send(&b.guest[0], hdr, out, at.len), 0);
	UT_EQ(nicguest_wait(&b.guest[1], in, NICBENCH_MS), at.len);
	UT_EQ(memcmp(in, out, at.len), 0);
	return bench_stop(&b);
}

/* A checksum that is left to the device is done where it leaves the functions, and only there. */
static int
open_checksums(void)
{
	struct nicguest_conf conf = nicguest_default;
	struct nicsim_flow_actions to = { .has_to = true };
	struct nicframe_spec spec = {
		.ip = 6, .proto = NICFRAME_UDP, .payload = 301, .host = 3, .sport = 7, .dport = 9
	};
	uint8_t hdr[NICGUEST_HDR] = { NICSIM_HDR_NEEDS_CSUM };
	struct nicframe_at at = nicframe_build(out, &spec);
	struct nicsim_flow *flow;
	struct nicsim_meta meta;
	uint8_t told[NICGUEST_HDR];
	unsigned int tries;
	const void *piece;
	struct bench b;
	uint32_t len;
	int ret;

	hdr[6] = (uint8_t)at.l4;
	hdr[8] = 6;
	conf.features = VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_GUEST_CSUM);
	UT_DO(bench_start(&b, 1, NICSIM_SWITCHDEV, &conf));
	UT_CHECK(!nicframe_l4_good(out, &at, NICFRAME_UDP));
	UT_EQ(nicguest_send(&b.guest[0], hdr, out, at.len), 0);
	for (tries = 0, len = 0; len == 0 && tries < NICBENCH_MS; tries++) {
		len = nicsim_port_rx(nicsim_port(b.nic, 1), 0, in, sizeof(in), &meta);
		if (len == 0)
			usleep(1000);
	}
	UT_EQ(len, at.len);
	UT_CHECK(nicframe_l4_good(in, &at, NICFRAME_UDP));
	UT_EQ(meta.flags, NICSIM_HDR_DATA_VALID); /* software need not look */
	piece = out; /* the other way it is not believed */
	UT_EQ(nicsim_port_tx(nicsim_port(b.nic, 1), 0, &piece, &at.len, 1, &meta), 0);
	nicsim_port_tx_kick(nicsim_port(b.nic, 1));
	for (tries = 0, ret = 0; ret == 0 && tries < NICBENCH_MS; tries++) {
		ret = nicguest_recv(&b.guest[0], in, told);
		if (ret == 0)
			usleep(1000);
	}
	UT_EQ(ret, at.len);
	UT_EQ(told[0], 0);
	UT_DO(rule_add(&b, NULL, out, &to, &flow));
	UT_EQ(nicguest_send(&b.guest[0], hdr, out, at.len), 0);
	UT_EQ(nicbench_far_wait(&b.far, in, sizeof(in), NICBENCH_MS), at.len);
	UT_CHECK(nicframe_l4_good(in, &at, NICFRAME_UDP));
	nicsim_flow_flush(nicsim_switch_flows(nicsim_switch(b.nic)));
	to.to.port = 2;
	UT_DO(rule_add(&b, NULL, out, &to, &flow));
	UT_EQ(nicguest_send(&b.guest[0], hdr, out, at.len), 0);
	UT_EQ(nicguest_wait(&b.guest[1], in, NICBENCH_MS), at.len);
	UT_EQ(memcmp(in, out, at.len), 0);
	return bench_stop(&b);
}

/* --- wires ------------------------------------------------------------------------------------ */

static int
two_nics_back_to_back(void)
{
	struct nicsim_flow_actions to = { .has_to = true };
	struct nicsim_flow_match any = { 0 };
	struct nicsim_conf conf = nicsim_default;
	struct nicsim *nic[2];
	struct nicguest guest[2];
	struct nicsim_flow *flow;
	uint32_t i, j;

	conf.vfs = 1;
	conf.vf = nicsim_vf_default;
	conf.wire = "ring:back-to-back";
	for (i = 0; i < 2; i++) {
		conf.name = i == 0 ? "left" : "right";
		nic[i] = nicbench_nic(&conf);
		UT_CHECK(nic[i] != NULL);
		any.has_from = true;
		any.from = (struct nicsim_end){ .port = 0 };
		to.to.port = 1;
		UT_EQ(nicsim_flow_add(nicsim_switch_flows(nicsim_switch(nic[i])), 0, &any, &to,
			      NULL, &flow),
			0);
		any.from.port = 1;
		to.to.port = 0;
		UT_EQ(nicsim_flow_add(nicsim_switch_flows(nicsim_switch(nic[i])), 0, &any, &to,
			      NULL, &flow),
			0);
		UT_EQ(nicguest_start(&guest[i], nicsim_vf(nic[i], 0), NULL), 0);
	}
	for (i = 0; i < 500; i++) {
		for (j = 0; j < 2; j++) {
			nicbench_frame(out, LEN, far_mac, host_mac, i);
			UT_EQ(nicguest_send(&guest[j], NULL, out, LEN), 0);
			UT_DO(came(nicguest_wait(&guest[!j], in, NICBENCH_MS), i));
		}
	}
	nicguest_stop(&guest[0]);
	nicsim_destroy(nic[0]);
	/* the other one goes on with nothing plugged in */
	UT_CHECK(!nicsim_wire_link(nicsim_wire(nic[1])));
	UT_EQ(nicguest_send(&guest[1], NULL, out, LEN), 0);
	UT_EQ(nicguest_wait(&guest[1], in, NICBENCH_QUIET_MS), 0);
	nicguest_stop(&guest[1]);
	nicsim_destroy(nic[1]);
	return 0;
}

/* What a guest sends to a wire that is a file is in the file, and soon. */
static int
guest_to_capture(void)
{
	char path[] = "/tmp/nicsim-nic-XXXXXX", text[64];
	struct nicsim_flow_actions to = { .has_to = true };
	struct nicsim_flow_match any = { 0 };
	struct nicsim_conf conf = nicsim_default;
	struct nicguest guest;
	struct nicsim_flow *flow;
	struct nicsim *nic;
	struct stat st;
	int fd = mkstemp(path), i;

	UT_CHECK(fd >= 0);
	snprintf(text, sizeof(text), "pcap:tx=%s", path);
	conf.vfs = 1;
	conf.vf = nicsim_vf_default;
	conf.wire = text;
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	UT_EQ(nicsim_flow_add(nicsim_switch_flows(nicsim_switch(nic)), 0, &any, &to, NULL, &flow),
		0);
	UT_EQ(nicguest_start(&guest, nicsim_vf(nic, 0), NULL), 0);
	for (i = 0; i < 50; i++) {
		nicbench_frame(out, LEN, far_mac, host_mac, (uint32_t)i);
		UT_EQ(nicguest_send(&guest, NULL, out, LEN), 0);
	}
	for (i = 0; i < 1000 && (fstat(fd, &st) != 0 || st.st_size < 24 + 50 * (16 + LEN)); i++)
		usleep(1000);
	UT_EQ(st.st_size, 24 + 50 * (16 + LEN));
	for (i = 0; i < 50; i++) {
		UT_EQ(pread(fd, in, LEN, 24 + 16 + i * (16 + LEN)), LEN);
		UT_EQ(nicbench_number(in, LEN), i);
	}
	nicguest_stop(&guest);
	nicsim_destroy(nic);
	close(fd);
	return unlink(path);
}

/* What a capture holds waits for the uplink's port, and comes to it whole and in order. */
static int
capture_to_uplink(void)
{
	char path[] = "/tmp/nicsim-nic-XXXXXX", text[64];
	const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	const uint32_t record[4] = { 0, 0, LEN, LEN };
	struct nicsim_conf conf = nicsim_default;
	struct nicsim_wire_stats stats;
	struct nicsim_meta meta;
	struct nicsim *nic;
	int fd = mkstemp(path), i, tries;
	uint32_t len;

	UT_EQ(write(fd, head, sizeof(head)), sizeof(head));
	for (i = 0; i < 50; i++) {
		nicbench_frame(out, LEN, far_mac, host_mac, (uint32_t)i);
		UT_EQ(write(fd, record, sizeof(record)), sizeof(record));
		UT_EQ(write(fd, out, LEN), LEN);
	}
	snprintf(text, sizeof(text), "pcap:rx=%s", path);
	conf.wire = text;
	nic = nicbench_nic(&conf);
	UT_CHECK(nic != NULL);
	usleep(20000);
	nicsim_wire_stats(nicsim_wire(nic), &stats);
	UT_EQ(stats.rx_packets, 0);
	UT_EQ(nicsim_port_open(nicsim_port(nic, 0), 1), 0);
	for (i = 0; i < 50; i++) {
		for (tries = 0, len = 0; len == 0 && tries < 2000; tries++) {
			len = nicsim_port_rx(nicsim_port(nic, 0), 0, in, sizeof(in), &meta);
			if (len == 0)
				usleep(1000);
		}
		UT_EQ(len, LEN);
		UT_EQ(nicbench_number(in, LEN), i);
	}
	UT_EQ(nicsim_port_open(nicsim_port(nic, 0), 0), 0);
	nicsim_destroy(nic);
	close(fd);
	return unlink(path);
}

static const struct ut_case cases[] = {
	UT_CASE(between_vf_and_representor),
	UT_CASE(between_wire_and_uplink),
	UT_CASE(by_rules),
	UT_CASE(rules_that_change_frames),
	UT_CASE(legacy_mode),
	UT_CASE(big_segments),
	UT_CASE(open_checksums),
	UT_CASE(two_nics_back_to_back),
	UT_CASE(guest_to_capture),
	UT_CASE(capture_to_uplink),
	UT_END,
};
UT_SUITE(nicsim_nic, "fast", cases)
