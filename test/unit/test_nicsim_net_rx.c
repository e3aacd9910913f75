/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames into a function's rings: whole, in one chain or in several, with the header that the
 * driver negotiated; what finds no room is dropped and uses nothing up; what the driver did not
 * negotiate is done for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "netguest.h"
#include "nicframe.h"
#include "ut.h"

#define HDR 12
#define MRG VIO_BIT(VIO_NET_F_MRG_RXBUF)

static uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
static uint8_t *const bytes = room + NICSIM_HEADROOM;
static uint8_t got[HDR + NICSIM_FRAME_MAX];

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*seed * below >> 32);
}

static void
frame_fill(uint32_t number, uint32_t len)
{
	uint32_t i;

	memset(bytes, 0, NICSIM_FRAME_MIN);
	bytes[12] = 0x88;
	bytes[13] = 0xb5;
	for (i = NICSIM_FRAME_MIN; i < len; i++)
		bytes[i] = (uint8_t)(number * 31 + i);
	nicframe_put(bytes + 6, number, 4);
}

static void
give(struct netguest *g, uint32_t len, uint32_t hash)
{
	struct nicsim_frame f = { .data = bytes, .len = len, .hash = hash };

	nicsim_vf_rx(g->vf, &f);
}

/*
 * Take a frame back, of as many chains as its header says, into got, header included.
 *
 * @return bytes of the frame; -ENOENT there is none
 */
static int
take(struct netguest *g, uint16_t qid)
{
	uint32_t len = 0, off = 0;
	unsigned int n = 1, i;
	int slot;

	for (i = 0; i < n; i++) {
		slot = netguest_used(g, qid, &len);
		if (slot < 0)
			return i == 0 ? slot : -EPROTO;
		if (off + len > sizeof(got))
			return -EPROTO;
		netguest_gather(g, qid, (uint16_t)slot, got + off, len);
		off += len;
		if (i == 0)
			n = got[10] | (unsigned int)got[11] << 8;
		if (n == 0)
			return -EPROTO;
	}
	return (int)(off - HDR);
}

static int
is_plain(int len)
{
	static const uint8_t zeros[10];

	UT_EQ(memcmp(got, zeros, 10), 0);
	UT_EQ(memcmp(got + HDR, bytes, (size_t)len), 0);
	return 0;
}

static const uint64_t sets[] = {
	0,
	VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_INDIRECT_DESC),
	VIO_BIT(VIO_F_IN_ORDER),
	VIO_BIT(VIO_F_RING_PACKED),
	VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_INDIRECT_DESC),
	VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_IN_ORDER),
};

#define SETS (sizeof(sets) / sizeof(sets[0]))

/* A chain of 1..4 buffers, of room bytes or a little more, the first one too short for the
 * header. */
static int
offer_pieces(struct netguest *g, uint32_t len, uint32_t *seed)
{
	struct netguest_slot shape = { .n_in = (uint16_t)(1 + draw(seed, 4)) };
	uint16_t i;

	for (i = 0; i + 1 < shape.n_in && len > 9; i++) {
		shape.len[i] = 1 + draw(seed, 9);
		len -= shape.len[i];
	}
	shape.len[i] = len + draw(seed, 3);
	shape.n_in = (uint16_t)(i + 1);
	return netguest_add(g, 0, &shape);
}

static int
one_chain_each(uint64_t features, uint32_t total)
{
	uint32_t i, len, seed = 9;
	struct netguest g;

	UT_DO(netguest_start(&g, features, 1));
	g.q[0].indirect = (features & VIO_BIT(VIO_F_INDIRECT_DESC)) != 0;
	for (i = 0; i < total; i++) {
		len = i % 100 == 0 ? NICSIM_FRAME_MAX : NICSIM_FRAME_MIN + draw(&seed, 1500);
		UT_GE(offer_pieces(&g, HDR + len, &seed), 0);
		/* kicks are asked for before the first frame, and never since */
		UT_EQ(netguest_kick(&g, 0, false), i == 0);
		frame_fill(i, len);
		guestring_arm(&g.q[0].ring, i % 2 == 0, 0);
		give(&g, len, i);
		UT_EQ(take(&g, 0), -ENOENT);
		UT_EQ(netguest_irqs(&g, 0), 0);
		nicsim_vf_rx_flush(g.vf);
		UT_EQ(netguest_irqs(&g, 0), i % 2 == 0);
		UT_EQ(take(&g, 0), len);
		UT_EQ(got[10], 1);
		UT_DO(is_plain((int)len));
		nicsim_vf_rx_flush(g.vf);
		UT_EQ(netguest_irqs(&g, 0), 0);
	}
	UT_EQ(netguest_stats(&g).rx_frames, total);
	UT_EQ(netguest_stats(&g).dma_faults, 0);
	UT_CHECK(g.q[0].ring.wrong == NULL && guestring_is_intact(&g.q[0].ring));
	UT_CHECK(netguest_stats(&g).violation == NULL);
	netguest_stop(&g);
	return 0;
}

static int
whole_in_one(void)
{
	unsigned int i;

	for (i = 0; i < SETS; i++) {
		if (one_chain_each(sets[i], 600) != 0 || one_chain_each(sets[i] | MRG, 600) != 0)
			UT_FAIL("features %u", i);
	}
	return 0;
}

/* Buffers of any length, frames of any length: a frame fits into what is there, or uses nothing. */
static int
merged(uint64_t features, uint32_t total)
{
	uint32_t i, n, len, seed = 3, none = 0, lens[2048], head = 0, tail = 0, sum, k;
	struct netguest g;

	UT_DO(netguest_start(&g, features | MRG, 1));
	g.q[0].indirect = (features & VIO_BIT(VIO_F_INDIRECT_DESC)) != 0;
	for (i = 0; i < total; i++) {
		for (n = draw(&seed, 10); n > 0 && g.q[0].num_idle > 0; n--) {
			len = HDR + draw(&seed, draw(&seed, 4) == 0 ? 9000 : 100);
			UT_GE(netguest_offer(&g, 0, len), 0);
			lens[tail++ % 2048] = len;
		}
		len = NICSIM_FRAME_MIN + draw(&seed, draw(&seed, 8) == 0 ? 30000 : 1000);
		frame_fill(i, len);
		give(&g, len, 0);
		nicsim_vf_rx_flush(g.vf);
		for (sum = 0, k = head; k < tail && sum < HDR + len; k++)
			sum += lens[k % 2048];
		if (sum < HDR + len) {
			UT_EQ(take(&g, 0), -ENOENT);
			none++;
			continue;
		}
		UT_EQ(take(&g, 0), len);
		UT_EQ(got[10], k - head);
		UT_DO(is_plain((int)len));
		head = k;
	}
	UT_EQ(netguest_stats(&g).rx_no_buffer, none);
	UT_EQ(netguest_stats(&g).rx_frames, total - none);
	UT_GE(none, 10);
	UT_GE(total - none, total / 4);
	UT_EQ(g.q[0].ring.busy, tail - head);
	UT_CHECK(g.q[0].ring.wrong == NULL);
	netguest_stop(&g);
	return 0;
}

static int
spread_over_several(void)
{
	unsigned int i;

	for (i = 0; i < SETS; i++) {
		if (merged(sets[i], 2000) != 0)
			UT_FAIL("features %u", i);
	}
	return 0;
}

static int
too_long(void)
{
	struct nicsim_queue_stats q;
	struct netguest g;

	UT_DO(netguest_start(&g, 0, 1));
	frame_fill(0, 1000);
	give(&g, 1000, 0);
	UT_EQ(netguest_stats(&g).rx_no_buffer, 1);
	UT_GE(netguest_offer(&g, 0, HDR + 999), 0);
	UT_GE(netguest_offer(&g, 0, HDR + 999), 0);
	give(&g, 1000, 0);
	UT_EQ(netguest_stats(&g).rx_too_long, 1);
	UT_EQ(nicsim_vf_queue_stats(g.vf, 0, &q), 0);
	UT_EQ(q.drops, 2);
	nicsim_vf_rx_flush(g.vf);
	UT_EQ(take(&g, 0), -ENOENT);
	give(&g, 999, 0);
	nicsim_vf_rx_flush(g.vf);
	UT_EQ(take(&g, 0), 999);
	netguest_stop(&g);
	return 0;
}

static int
not_let_in(void)
{
	const struct nicsim_fault down = { .kind = NICSIM_FAULT_LINK_DOWN, .count = 1 };
	const struct nicsim_fault up = { .kind = NICSIM_FAULT_LINK_UP, .count = 1 };
	struct netguest g;

	UT_DO(netguest_start(&g, VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX), 1));
	UT_GE(netguest_offer(&g, 0, 2000), 0);
	UT_GE(netguest_offer(&g, 0, 2000), 0);
	frame_fill(0, 60);
	give(&g, 60, 0);
	UT_EQ(netguest_stats(&g).rx_filtered, 1);
	memcpy(bytes, nicsim_vf_default.mac, 6);
	give(&g, 60, 0);
	memset(bytes, 0xff, 6);
	UT_EQ(nicsim_vf_fault(g.vf, &down), 0);
	give(&g, 60, 0);
	UT_EQ(netguest_stats(&g).rx_link_down, 1);
	UT_EQ(nicsim_vf_fault(g.vf, &up), 0);
	give(&g, 60, 0);
	UT_EQ(netguest_stats(&g).rx_filtered, 1);
	UT_EQ(netguest_stats(&g).rx_frames, 2);
	UT_EQ(vio_dev_reset(&g.dev, 1000), 0);
	give(&g, 60, 0);
	UT_EQ(netguest_stats(&g).rx_stopped, 1);
	/* what was not shown before the reset is not shown after it */
	nicsim_vf_rx_flush(g.vf);
	UT_EQ(take(&g, 0), -ENOENT);
	netguest_stop(&g);
	return 0;
}

static int
queues_by_hash(void)
{
	struct netguest g;
	uint32_t i, to[4] = { 0 };
	uint16_t pair;

	UT_DO(netguest_start(&g, VIO_BIT(VIO_F_EVENT_IDX), 4));
	for (i = 0; i < 4 * 20; i++)
		UT_GE(netguest_offer(&g, (uint16_t)(2 * (i % 4)), 200), 0);
	for (i = 0; i < 60; i++) {
		frame_fill(i, 60);
		give(&g, 60, i * i);
		to[i * i % 4]++;
	}
	nicsim_vf_rx_flush(g.vf);
	for (pair = 0; pair < 4; pair++) {
		UT_EQ(netguest_irqs(&g, (uint16_t)(2 * pair)), to[pair] != 0);
		for (i = 0; i < to[pair] && i < 20; i++)
			UT_EQ(take(&g, (uint16_t)(2 * pair)), 60);
		UT_EQ(take(&g, (uint16_t)(2 * pair)), -ENOENT);
	}
	UT_GE(to[0], 21);
	UT_EQ(netguest_stats(&g).rx_no_buffer, to[0] - 20 + (to[1] > 20 ? to[1] - 20 : 0));
	netguest_stop(&g);
	return 0;
}

#define STEER_FLOWS 8000 /* twice as many as there is room for */

/* One frame each way of every flow that has that bit set in its number, or of all. */
static int
steer_round(struct nicsim_steer *s, int *pair, uint32_t bit, uint32_t now)
{
	uint32_t i, hash;
	int got_pair;

	for (i = 0; i < STEER_FLOWS; i++) {
		if (bit != 0 && (i & bit) == 0)
			continue;
		hash = i * 2654435761u; /* odd, so no two have the same */
		nicsim_steer_learn(s, hash, (uint16_t)(i / 7 % 4), now);
		got_pair = nicsim_steer_find(s, hash, now);
		if (pair[i] == INT32_MAX)
			pair[i] = got_pair;
		UT_EQ(got_pair, pair[i]);
		UT_CHECK(got_pair == -1 || got_pair == (int)(i / 7 % 4));
	}
	return 0;
}

static uint32_t
steer_set(uint32_t flow)
{
	return flow * 2654435761u % NICSIM_STEER_SETS;
}

/* However many flows there are, none of them is sent to another pair while it lives. */
static int
flows_keep_their_pair(void)
{
	static struct nicsim_steer s;
	static int pair[STEER_FLOWS];
	const uint32_t with = 5, without = 1 << 12; /* an entry */
	uint32_t i, kept = 0, wanted = 0, now = UINT32_MAX - 20000; /* the clock wraps meanwhile */
	uint8_t room_of[NICSIM_STEER_SETS];

	for (i = 0; i < STEER_FLOWS; i++)
		pair[i] = INT32_MAX;
	for (i = 0; i < 30; i++, now += 1000)
		UT_DO(steer_round(&s, pair, 0, now));
	for (i = 0; i < STEER_FLOWS; i++)
		kept += pair[i] >= 0;
	UT_EQ(kept, NICSIM_STEER_SETS * NICSIM_STEER_WAYS);
	UT_CHECK(pair[with] >= 0 && pair[without] == -1);
	/* half of them end: those that found no room still get none, as they are not over */
	for (i = 0; i < 30; i++, now += 1000) {
		UT_DO(steer_round(&s, pair, 1 << 12, now));
		UT_EQ(nicsim_steer_find(&s, with * 2654435761u, now), pair[with]);
	}
	/* flows that are only received live on, too */
	for (i = 0; i < 30; i++, now += 1000) {
		UT_EQ(nicsim_steer_find(&s, with * 2654435761u, now), pair[with]);
		UT_EQ(nicsim_steer_find(&s, without * 2654435761u, now), -1);
	}
	/* all but those two are over: there is room for others, except where that would move one */
	memset(room_of, NICSIM_STEER_WAYS, sizeof(room_of));
	room_of[steer_set(with)]--;
	room_of[steer_set(without)] = 0;
	for (i = 0; i < STEER_FLOWS; i++) {
		pair[i] = INT32_MAX;
		if ((i & 1 << 12) != 0 && room_of[steer_set(i)] > 0) {
			room_of[steer_set(i)]--;
			wanted++;
		}
	}
	UT_DO(steer_round(&s, pair, 1 << 12, now));
	for (i = 0, kept = 0; i < STEER_FLOWS; i++)
		kept += pair[i] != INT32_MAX && pair[i] >= 0;
	UT_EQ(kept, wanted);
	UT_GE(wanted, 3000);
	return 0;
}

/* 5.1.6.5.6, with rings: what is sent on a pair comes back on it, other flows or not. */
static int
flows_come_back(void)
{
	struct nicframe_spec spec = { .ip = 4, .proto = NICFRAME_UDP, .payload = 20 };
	static uint8_t out[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
	struct nicsim_frame f = { .data = NULL };
	static const uint8_t no_hdr[HDR];
	uint32_t i, round, len, used;
	struct nicframe_at at;
	struct netguest g;
	uint16_t pair;

	UT_DO(netguest_start(&g, 0, 4));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 600; i++) {
			spec.sport = (uint16_t)(1000 + i);
			at = nicframe_build(bytes, &spec);
			len = at.len;
			pair = (uint16_t)(i / 3 % 4);
			if (round == 0 || i % 2 == 0) {
				UT_GE(netguest_send(&g, 2 * pair + 1, no_hdr, bytes, len, 1), 0);
				netguest_kick(&g, 2 * pair + 1, true);
				f.data = out + NICSIM_HEADROOM;
				UT_EQ(nicsim_vf_tx(g.vf, &f, 1), 1);
				UT_GE(netguest_used(&g, 2 * pair + 1, &used), 0);
			}
			UT_GE(netguest_offer(&g, 2 * pair, 200), 0);
			give(&g, len, nicsim_frame_hash(bytes, len));
			nicsim_vf_rx_flush(g.vf);
			if (take(&g, 2 * pair) != (int)len)
				UT_FAIL("flow %u, round %u", i, round);
		}
	}
	netguest_stop(&g);
	return 0;
}

/* One queue that is reset: what goes to the others still does. */
static int
one_queue_reset(void)
{
	struct netguest g;

	UT_DO(netguest_start(&g, VIO_BIT(VIO_F_RING_RESET), 4));
	UT_GE(netguest_offer(&g, 2, 200), 0);
	UT_EQ(vio_queue_reset(&g.dev, 0, 1000), 0);
	frame_fill(0, 60);
	give(&g, 60, 4);
	UT_EQ(netguest_stats(&g).rx_stopped, 1);
	give(&g, 60, 5);
	nicsim_vf_rx_flush(g.vf);
	UT_EQ(take(&g, 2), 60);
	UT_EQ(netguest_stats(&g).rx_stopped, 1);
	netguest_stop(&g);
	return 0;
}

/* --- offloads
 * ---------------------------------------------------------------------------------- */

static const struct nicframe_spec tcp = {
	.ip = 4, .proto = NICFRAME_TCP, .payload = 5000, .tcp_flags = 0x10
};

static struct nicframe_at
give_tcp(struct netguest *g, uint8_t gso, uint8_t flags)
{
	struct nicframe_at at = nicframe_build(bytes, &tcp);
	struct nicsim_frame f = { .data = bytes, .len = at.len };

	f.meta.flags = flags;
	if ((flags & NICSIM_HDR_NEEDS_CSUM) != 0) {
		f.meta.csum_start = (uint16_t)at.l4;
		f.meta.csum_offset = 16;
	}
	if (gso != 0) {
		f.meta.gso_type = gso;
		f.meta.gso_size = 1000;
		f.meta.hdr_len = (uint16_t)at.payload;
	}
	nicsim_vf_rx(g->vf, &f);
	nicsim_vf_rx_flush(g->vf);
	return at;
}

static int
offload_start(struct netguest *g, uint64_t features)
{
	unsigned int i;

	UT_DO(netguest_start(g, features, 1));
	for (i = 0; i < 10; i++)
		UT_GE(netguest_offer(g, 0, 8000), 0);
	return 0;
}

static int
as_it_is(void)
{
	struct nicframe_at at;
	struct netguest g;

	UT_DO(offload_start(&g, VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4)));
	at = give_tcp(&g, NICSIM_GSO_TCPV4, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(take(&g, 0), at.len);
	UT_EQ(got[0], NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(got[1], NICSIM_GSO_TCPV4);
	UT_EQ(got[2] | got[3] << 8, at.payload);
	UT_EQ(got[4] | got[5] << 8, 1000);
	UT_EQ(got[6] | got[7] << 8, at.l4);
	UT_EQ(got[8] | got[9] << 8, 16);
	UT_EQ(memcmp(got + HDR, bytes, at.len), 0);
	at = give_tcp(&g, 0, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(take(&g, 0), at.len);
	UT_EQ(got[0], NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(got[1], NICSIM_GSO_NONE);
	at = give_tcp(&g, 0, NICSIM_HDR_DATA_VALID);
	UT_EQ(take(&g, 0), at.len);
	UT_EQ(got[0], NICSIM_HDR_DATA_VALID);
	UT_EQ(got[6], 0);
	at = give_tcp(&g, 0, 0);
	UT_EQ(take(&g, 0), at.len);
	UT_EQ(got[0], 0);
	netguest_stop(&g);
	return 0;
}

static int
checksum_for_the_guest(void)
{
	struct nicframe_at at;
	struct netguest g;
	unsigned int i;

	UT_DO(offload_start(&g, 0));
	at = give_tcp(&g, 0, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(take(&g, 0), at.len);
	UT_CHECK(nicframe_l4_good(got + HDR, &at, NICFRAME_TCP));
	for (i = 0; i < 10; i++)
		UT_EQ(got[i], 0);
	at = give_tcp(&g, 0, NICSIM_HDR_DATA_VALID);
	UT_EQ(take(&g, 0), at.len);
	UT_EQ(got[0], 0);
	netguest_stop(&g);
	return 0;
}

static int
segments_for_the_guest(void)
{
	static const uint64_t features[] = { 0, VIO_BIT(VIO_NET_F_GUEST_CSUM),
		VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4),
		VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO6) };
	struct nicframe_at at;
	struct netguest g;
	unsigned int round, i;

	for (round = 0; round < 4; round++) {
		UT_DO(offload_start(&g, features[round]));
		give_tcp(&g, round == 2 ? NICSIM_GSO_TCPV4 | NICSIM_GSO_ECN : NICSIM_GSO_TCPV4,
			NICSIM_HDR_NEEDS_CSUM);
		for (i = 0; i < 5; i++) {
			nicframe_build(bytes, &tcp);
			at = (struct nicframe_at){ 14, 34, 54, 1054 };
			UT_EQ(take(&g, 0), at.len);
			UT_CHECK(nicframe_l4_good(got + HDR, &at, NICFRAME_TCP));
			UT_EQ(memcmp(got + HDR + 54, bytes + 54 + 1000 * i, 1000), 0);
			UT_EQ(nicframe_get(got + HDR + 38, 4), 1000 * i);
			UT_EQ(got[0], round == 0 ? 0 : NICSIM_HDR_DATA_VALID);
			UT_EQ(got[1], NICSIM_GSO_NONE);
			UT_EQ(got[4], 0);
		}
		UT_EQ(take(&g, 0), -ENOENT);
		UT_EQ(netguest_stats(&g).rx_frames, 5);
		netguest_stop(&g);
	}
	return 0;
}

/* --- rings and faults
 * -------------------------------------------------------------------------- */

static int
bad_chains_break_the_ring(void)
{
	static const struct netguest_slot shapes[] = {
		{ .len = { 11 }, .n_in = 1 },
		{ .len = { 100, 2000 }, .n_out = 1, .n_in = 1 },
		{ .len = { 2000 }, .n_out = 1 },
	};
	struct nicsim_queue_stats q;
	struct netguest g;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		UT_DO(netguest_start(&g, i % 2 == 0 ? MRG : VIO_BIT(VIO_F_RING_PACKED), 1));
		UT_GE(netguest_offer(&g, 0, 200), 0);
		UT_GE(netguest_add(&g, 0, &shapes[i / 2]), 0);
		frame_fill(0, 60);
		give(&g, 60, 0);
		UT_EQ(vio_dev_status(&g.dev) & VIO_STATUS_NEEDS_RESET, 0);
		give(&g, 60, 0);
		give(&g, 60, 0);
		UT_EQ(nicsim_vf_queue_stats(g.vf, 0, &q), 0);
		UT_EQ(q.errors[NICSIM_RING_BUFFER], 1);
		UT_CHECK((vio_dev_status(&g.dev) & VIO_STATUS_NEEDS_RESET) != 0);
		UT_EQ(netguest_stats(&g).rx_stopped, 2);
		nicsim_vf_rx_flush(g.vf);
		UT_EQ(take(&g, 0), 60);
		UT_EQ(take(&g, 0), -ENOENT);
		netguest_stop(&g);
	}
	return 0;
}

/* A ring that breaks where chains are given back: at the end of a burst, and in the middle. */
static int
breaks_when_written(void)
{
	unsigned int i, round;
	struct netguest g;
	eventfd_t told;

	for (round = 0; round < 3; round++) {
		UT_DO(netguest_start(&g, round == 2 ? VIO_BIT(VIO_F_RING_PACKED) : 0, 1));
		UT_GE(netguest_offer(&g, 0, 200), 0);
		nicsim_vf_lock(g.vf);
		g.vf->queue[0].ring.conf.device = 0x10; /* mapped to nothing */
		g.vf->queue[0].ring.notify_on = round == 2;
		for (i = 0; i < NICSIM_RING_BATCH && round == 1; i++)
			nicsim_ring_push(&g.vf->queue[0].ring, 0, 1, 0);
		nicsim_vf_unlock(g.vf);
		frame_fill(0, 60);
		give(&g, 60, 0);
		nicsim_vf_rx_flush(g.vf);
		nicsim_vf_rx_flush(g.vf);
		give(&g, 60, 0);
		UT_EQ(g.vf->queue[0].ring.broken, NICSIM_RING_FAULT);
		UT_EQ(vio_dev_status(&g.dev), 15 | VIO_STATUS_NEEDS_RESET);
		UT_EQ(eventfd_read(g.config_fd, &told), 0);
		UT_EQ(told, 1); /* once */
		netguest_stop(&g);
	}
	return 0;
}

/* A buffer in the middle of a frame's that is not there: nothing of the frame is given. */
static int
unmapped_buffer(void)
{
	struct guestring_buf nowhere = { 0x10, 500 };
	struct netguest g;

	UT_DO(netguest_start(&g, MRG, 1));
	UT_GE(netguest_offer(&g, 0, 100), 0);
	UT_GE(guestring_add(&g.q[0].ring, &nowhere, 0, 1, false, 0, 63), 0);
	UT_GE(netguest_offer(&g, 0, 2000), 0);
	frame_fill(0, 900);
	give(&g, 900, 0);
	nicsim_vf_rx_flush(g.vf);
	UT_EQ(take(&g, 0), -ENOENT);
	UT_EQ(netguest_stats(&g).dma_faults, 1);
	UT_EQ(netguest_stats(&g).dma_fault_iova, 0x10);
	UT_CHECK((vio_dev_status(&g.dev) & VIO_STATUS_NEEDS_RESET) != 0);
	netguest_stop(&g);
	return 0;
}

static int
faults_strike_at_a_frame(void)
{
	const struct nicsim_fault gone = {
		.kind = NICSIM_FAULT_GONE, .at = NICSIM_AT_RX, .count = 3
	};
	struct netguest g;
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		UT_DO(netguest_start(&g, round == 1 ? VIO_BIT(VIO_F_RING_PACKED) : 0, 1));
		UT_EQ(nicsim_vf_fault(g.vf, &gone), 0);
		frame_fill(0, 60);
		for (i = 0; i < 5; i++) /* not given: no point passed */
			give(&g, 60, 0);
		for (i = 0; i < 10; i++)
			UT_GE(netguest_offer(&g, 0, 2000), 0);
		for (i = 0; i < 10; i++)
			give(&g, 60, 0);
		nicsim_vf_rx_flush(g.vf);
		for (i = 0; take(&g, 0) == 60; i++)
			;
		UT_EQ(i, 3);
		UT_EQ(netguest_stats(&g).rx_stopped, 7);
		netguest_stop(&g);
	}
	return 0;
}

/* Frames cut for the guest, and the function gone among them. */
static int
gone_among_segments(void)
{
	const struct nicsim_fault gone = {
		.kind = NICSIM_FAULT_GONE, .at = NICSIM_AT_RX, .count = 3
	};
	struct netguest g;
	unsigned int i;

	UT_DO(offload_start(&g, 0));
	UT_EQ(nicsim_vf_fault(g.vf, &gone), 0);
	give_tcp(&g, NICSIM_GSO_TCPV4, NICSIM_HDR_NEEDS_CSUM);
	for (i = 0; take(&g, 0) > 0; i++)
		;
	UT_EQ(i, 3);
	netguest_stop(&g);
	return 0;
}

static int
stalled(void)
{
	const struct nicsim_fault stall = {
		.kind = NICSIM_FAULT_QUEUE_STALL, .has_arg = true, .arg = 0, .count = 1
	};
	struct netguest g;

	UT_DO(netguest_start(&g, 0, 1));
	UT_GE(netguest_offer(&g, 0, 2000), 0);
	UT_EQ(nicsim_vf_fault(g.vf, &stall), 0);
	frame_fill(0, 60);
	give(&g, 60, 0);
	UT_EQ(netguest_stats(&g).rx_no_buffer, 1);
	nicsim_vf_fault_clear(g.vf);
	give(&g, 60, 0);
	nicsim_vf_rx_flush(g.vf);
	UT_EQ(take(&g, 0), 60);
	netguest_stop(&g);
	return 0;
}

/* Buffers are used in any order, frames come in theirs. */
static int
out_of_order(void)
{
	const struct nicsim_fault disorder = {
		.kind = NICSIM_FAULT_DISORDER, .has_arg = true, .arg = 8, .count = 1
	};
	struct netguest g;
	uint32_t round, i, len, seed = 4;

	for (round = 0; round < 4; round++) {
		UT_DO(netguest_start(&g,
			((round & 1) != 0 ? VIO_BIT(VIO_F_RING_PACKED) : 0) |
				((round & 2) != 0 ? MRG : 0),
			1));
		UT_EQ(nicsim_vf_fault(g.vf, &disorder), 0);
		for (i = 0; i < 2000; i++) {
			while (netguest_offer(&g, 0, (round & 2) != 0 ? 200 : 4000) >= 0)
				;
			len = 60 + draw(&seed, 3000);
			frame_fill(i, len);
			give(&g, len, 0);
			nicsim_vf_rx_flush(g.vf);
			UT_EQ(take(&g, 0), len);
			UT_DO(is_plain((int)len));
		}
		/* more than there are buffers: nothing is used up, nothing is lost */
		frame_fill(0, 60000);
		give(&g, 60000, 0);
		nicsim_vf_rx_flush(g.vf);
		UT_EQ(take(&g, 0), -ENOENT);
		UT_EQ(netguest_stats(&g).rx_no_buffer + netguest_stats(&g).rx_too_long, 1);
		for (i = 0; g.q[0].ring.busy > 0 && i < 2 * NETGUEST_SIZE; i++) {
			frame_fill(i, 60);
			give(&g, 60, 0);
			nicsim_vf_rx_flush(g.vf);
			UT_EQ(take(&g, 0), 60);
			UT_DO(is_plain(60));
		}
		UT_EQ(g.q[0].ring.busy, 0);
		UT_CHECK(g.q[0].ring.wrong == NULL);
		netguest_stop(&g);
	}
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(whole_in_one),
	UT_CASE(spread_over_several),
	UT_CASE(too_long),
	UT_CASE(not_let_in),
	UT_CASE(queues_by_hash),
	UT_CASE(flows_keep_their_pair),
	UT_CASE(flows_come_back),
	UT_CASE(one_queue_reset),
	UT_CASE(as_it_is),
	UT_CASE(checksum_for_the_guest),
	UT_CASE(segments_for_the_guest),
	UT_CASE(bad_chains_break_the_ring),
	UT_CASE(breaks_when_written),
	UT_CASE(unmapped_buffer),
	UT_CASE(faults_strike_at_a_frame),
	UT_CASE(gone_among_segments),
	UT_CASE(stalled),
	UT_CASE(out_of_order),
	UT_END,
};

UT_SUITE(nicsim_net_rx, "fast", cases)
