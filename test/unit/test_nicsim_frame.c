/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What is done to single frames: the check of what a sender said of one, checksums against a plain
 * sum and against DPDK's, VLAN tags, and the hash that finds a queue. Frames lie in memory of just
 * their size, so that a sanitizer sees a byte too far.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "nicframe.h"
#include "nicsim_frame.h"
#include "nicsim_headers.h"
#include "ut.h"

static uint8_t scratch[NICSIM_FRAME_MAX + 64];

static uint32_t
random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A copy of scratch with its headroom, in memory of its own. @return it, for free() */
static uint8_t *
frame_of(struct nicsim_frame *f, uint32_t len)
{
	uint8_t *room = malloc(NICSIM_HEADROOM + len);

	*f = (struct nicsim_frame){ .data = room + NICSIM_HEADROOM, .len = len };
	memset(room, 0xee, NICSIM_HEADROOM);
	memcpy(f->data, scratch, len);
	return room;
}

/* RFC 1071, 3: the example; and sums of every length and alignment. */
static int
sums(void)
{
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t out[2], *p;
	uint32_t len, i, off;

	nicsim_csum_put(out, nicsim_csum_add(0, example, 8), false);
	UT_EQ(nicframe_get(out, 2), 0x220d);
	for (len = 0; len < 200; len++) {
		for (off = 0; off < 8; off++) {
			p = malloc(off + len + 1);
			for (i = 0; i < len; i++)
				p[off + i] = (uint8_t)(i * 31 + len * 17 + 0x80);
			nicsim_csum_put(out, nicsim_csum_add(0, p + off, len), false);
			i = nicframe_get(out, 2);
			UT_EQ(i, (uint16_t)~nicframe_sum(0, p + off, len));
			free(p);
		}
	}
	/* All ones, as much as a frame can have: nothing is lost in carries. */
	memset(scratch, 0xff, sizeof(scratch));
	nicsim_csum_put(out, nicsim_csum_add(0, scratch, NICSIM_FRAME_MAX), false);
	UT_EQ(nicframe_get(out, 2), (uint16_t)~nicframe_sum(0, scratch, NICSIM_FRAME_MAX));
	return 0;
}

static int
checksum_of(const struct nicframe_spec *s)
{
	struct nicframe_at at = nicframe_build(scratch, s);
	struct nicsim_frame f;
	uint8_t *room = frame_of(&f, at.len);

	f.meta.flags = NICSIM_HDR_NEEDS_CSUM;
	f.meta.csum_start = (uint16_t)at.l4;
	f.meta.csum_offset = s->proto == NICFRAME_UDP ? 6 : 16;
	UT_EQ(nicsim_frame_check(&f), 0);
	nicsim_frame_checksum(&f);
	UT_EQ(f.meta.flags, NICSIM_HDR_DATA_VALID);
	UT_EQ(f.len, at.len);
	UT_CHECK(nicframe_l4_good(f.data, &at, s->proto));
	if (s->ip == 4)
		UT_EQ(rte_ipv4_udptcp_cksum_verify(
			(struct rte_ipv4_hdr *)(f.data + at.l3), f.data + at.l4), 0);
	else if (s->ip_more == 0)
		UT_EQ(rte_ipv6_udptcp_cksum_verify(
			(struct rte_ipv6_hdr *)(f.data + at.l3), f.data + at.l4), 0);
	/* Nothing but the field has changed. */
	memcpy(f.data + at.l4 + (s->proto == NICFRAME_UDP ? 6 : 16),
		scratch + at.l4 + (s->proto == NICFRAME_UDP ? 6 : 16), 2);
	UT_EQ(memcmp(f.data, scratch, at.len), 0);
	free(room);
	return 0;
}

static int
checksums(void)
{
	struct nicframe_spec s = { .sport = 1234, .dport = 80, .seq = 0xfffffff0, .host = 7 };

	for (s.tags = 0; s.tags <= 4; s.tags++)
		for (s.ip = 4; s.ip <= 6; s.ip += 2)
			for (s.ip_more = 0; s.ip_more <= 16; s.ip_more += 8)
				for (s.proto = 6; s.proto <= 17; s.proto += 11)
					for (s.payload = 0; s.payload < 70; s.payload++)
						UT_DO(checksum_of(&s));
	s.ip_more = 0;
	for (s.ip = 4; s.ip <= 6; s.ip += 2)
		for (s.payload = 60000; s.payload < 60004; s.payload++)
			UT_DO(checksum_of(&s));
	return 0;
}

/* RFC 768: a UDP checksum that comes out as 0 is sent as all ones; TCP's is not. */
static int
checksum_zero(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_UDP, .payload = 2, .host = 1 };
	struct nicframe_at at;
	struct nicsim_frame f;
	unsigned int val, zeros = 0;

	for (s.proto = NICFRAME_UDP; s.proto != 0;
		s.proto = s.proto == NICFRAME_UDP ? NICFRAME_TCP : 0) {
		at = nicframe_build(scratch, &s);
		zeros = 0;
		for (val = 0; val < 65536; val++) {
			f = (struct nicsim_frame){ .data = scratch, .len = at.len };
			nicframe_build(scratch, &s);
			nicframe_put(scratch + at.payload, val, 2);
			f.meta.flags = NICSIM_HDR_NEEDS_CSUM;
			f.meta.csum_start = (uint16_t)at.l4;
			f.meta.csum_offset = s.proto == NICFRAME_UDP ? 6 : 16;
			nicsim_frame_checksum(&f);
			UT_CHECK(nicframe_l4_good(scratch, &at, s.proto));
			if (nicframe_get(scratch + at.l4 + (s.proto == 6 ? 16 : 6), 2) == 0)
				zeros++;
		}
		UT_EQ(zeros, s.proto == NICFRAME_UDP ? 0 : 1);
	}
	return 0;
}

struct check_case {
	const char *what;
	uint32_t at; /* byte of the frame that is changed, 0: none */
	uint8_t to;
	uint32_t len; /* 0: as built */
	struct nicsim_meta meta;
	int ret;
};

#define CSUM NICSIM_HDR_NEEDS_CSUM
#define TSO4 NICSIM_GSO_TCPV4

/* A TCP frame over IPv4: L3 at 14, L4 at 34, payload at 54, 1000 bytes of it. */
static const struct check_case check_cases[] = {
	{ "nothing said", 0, 0, 0, { 0 }, 0 },
	{ "shortest", 0, 0, 14, { 0 }, 0 },
	{ "too short", 0, 0, 13, { 0 }, -EINVAL },
	{ "too long", 0, 0, NICSIM_FRAME_MAX + 1, { 0 }, -EINVAL },
	{ "longest", 0, 0, NICSIM_FRAME_MAX, { 0 }, 0 },
	{ "checksum", 0, 0, 0, { CSUM, 0, 0, 0, 34, 16 }, 0 },
	{ "checksum in the last bytes", 0, 0, 0, { CSUM, 0, 0, 0, 34, 1018 }, 0 },
	{ "checksum one past", 0, 0, 0, { CSUM, 0, 0, 0, 34, 1019 }, -EINVAL },
	{ "checksum sum beyond 16 bits", 0, 0, 0, { CSUM, 0, 0, 0, 34, 65535 }, -EINVAL },
	{ "checksum start past the end", 0, 0, 0, { CSUM, 0, 0, 0, 1054, 0 }, -EINVAL },
	{ "checksum start in the last bytes", 0, 0, 0, { CSUM, 0, 0, 0, 1052, 0 }, 0 },
	{ "checksum start in L3", 0, 0, 0, { CSUM, 0, 0, 0, 14, 10 }, 0 },
	{ "checksum start in the type", 0, 0, 0, { CSUM, 0, 0, 0, 13, 16 }, -EINVAL },
	{ "checksum start 0", 0, 0, 0, { CSUM, 0, 0, 0, 0, 16 }, -EINVAL },
	{ "checksum start no room for tags", 0, 0, NICSIM_FRAME_MAX, { CSUM, 0, 0, 0, 65528, 0 },
		-EINVAL },
	{ "checksum start room for tags", 0, 0, NICSIM_FRAME_MAX, { CSUM, 0, 0, 0, 65527, 0 }, 0 },
	{ "offsets without the flag", 0, 0, 0, { 0, 0, 0, 0, 65535, 65535 }, 0 },
	{ "segments", 0, 0, 0, { CSUM, TSO4, 54, 100, 34, 16 }, 0 },
	{ "segments, ECN", 0, 0, 0, { CSUM, TSO4 | NICSIM_GSO_ECN, 54, 100, 34, 16 }, 0 },
	{ "segments, wrong hint", 0, 0, 0, { CSUM, TSO4, 65535, 100, 34, 16 }, 0 },
	{ "segments, one", 0, 0, 0, { CSUM, TSO4, 0, 65535, 34, 16 }, 0 },
	{ "segments, no payload", 0, 0, 54, { CSUM, TSO4, 54, 100, 34, 16 }, 0 },
	{ "segments, header cut short", 0, 0, 53, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, no L4", 0, 0, 34, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, IP cut short", 0, 0, 33, { CSUM, TSO4, 54, 100, 14, 16 }, -EINVAL },
	{ "segments, size 0", 0, 0, 0, { CSUM, TSO4, 54, 0, 34, 16 }, -EINVAL },
	{ "segments, size too small", 0, 0, 0, { CSUM, TSO4, 54, 7, 34, 16 }, -EINVAL },
	{ "segments, least size", 0, 0, 0, { CSUM, TSO4, 54, 8, 34, 16 }, 0 },
	{ "segments, no checksum", 0, 0, 0, { 0, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, L4 elsewhere", 0, 0, 0, { CSUM, TSO4, 54, 100, 38, 16 }, -EINVAL },
	{ "segments, field elsewhere", 0, 0, 0, { CSUM, TSO4, 54, 100, 34, 6 }, -EINVAL },
	{ "segments, IPv6", 0, 0, 0, { CSUM, NICSIM_GSO_TCPV6, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, UDP", 0, 0, 0, { CSUM, NICSIM_GSO_UDP_L4, 54, 100, 34, 6 }, -EINVAL },
	{ "segments, fragments", 0, 0, 0, { CSUM, NICSIM_GSO_UDP, 54, 100, 34, 6 }, -EINVAL },
	{ "segments, unknown", 0, 0, 0, { CSUM, 7, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, ECN alone", 0, 0, 0, { CSUM, NICSIM_GSO_ECN, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, not IP", 12, 0x88, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, version 5", 14, 0x55, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, IP header of 16", 14, 0x44, 0, { CSUM, TSO4, 54, 100, 30, 16 }, -EINVAL },
	{ "segments, of a fragment", 20, 0x20, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, of a later fragment", 21, 1, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, of UDP", 23, 17, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, TCP header of 16", 46, 0x40, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, TCP header past the end", 46, 0xf0, 60, { CSUM, TSO4, 54, 100, 34, 16 },
		-EINVAL },
	{ "segments, SYN", 47, 0x02, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
	{ "segments, RST", 47, 0x14, 0, { CSUM, TSO4, 54, 100, 34, 16 }, -EINVAL },
};

static int
checks(void)
{
	const struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 1000 };
	const struct check_case *c;
	struct nicframe_at at;
	struct nicsim_frame f;
	unsigned int i;
	uint8_t *room;
	int ret;

	for (i = 0; i < sizeof(check_cases) / sizeof(check_cases[0]); i++) {
		c = &check_cases[i];
		memset(scratch, 0, sizeof(scratch));
		at = nicframe_build(scratch, &s);
		if (c->at != 0)
			scratch[c->at] = c->to;
		room = frame_of(&f, c->len != 0 ? c->len : at.len);
		f.meta = c->meta;
		ret = nicsim_frame_check(&f);
		if (ret != c->ret)
			UT_FAIL("%s: %d, not %d", c->what, ret, c->ret);
		UT_EQ(memcmp(f.data, scratch, f.len), 0);
		if (ret == 0 && f.meta.gso_type != 0)
			UT_EQ(f.meta.hdr_len, 54);
		free(room);
	}
	return 0;
}

/* Headers that are not whole are not there; nor is anything behind them. */
static int
headers_short(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 100 };
	struct nicframe_at at = nicframe_build(scratch, &s);
	struct nicsim_headers h;
	unsigned int ihl;

	for (ihl = 0; ihl < 16; ihl++) {
		scratch[14] = (uint8_t)(0x40 | ihl);
		nicsim_headers_find(scratch, 14 + 56, &h);
		UT_EQ(h.ip, ihl >= 5 && ihl <= 14 ? 4 : 0);
		UT_EQ(h.l4, ihl >= 5 && ihl <= 14 ? 14 + 4 * ihl : 0);
		UT_EQ(h.l3, 14);
	}
	s.ip = 6;
	s.ip_more = 16;
	at = nicframe_build(scratch, &s);
	nicsim_headers_find(scratch, at.len, &h);
	UT_EQ(h.l4, at.l4);
	UT_EQ(h.proto, NICFRAME_TCP);
	nicsim_headers_find(scratch, at.l4 - 1, &h);
	UT_EQ(h.l4, 0);
	nicsim_headers_find(scratch, 53, &h);
	UT_EQ(h.ip, 0);
	scratch[54] = NICFRAME_TCP; /* behind one header that ends where the frame does */
	scratch[55] = 16;
	nicsim_headers_find(scratch, 54 + 17 * 8, &h);
	UT_EQ(h.l4, 54 + 17 * 8);
	nicsim_headers_find(scratch, 54 + 17 * 8 - 1, &h);
	UT_EQ(h.ip, 6);
	UT_EQ(h.l4, 0);
	return 0;
}

/* What a sender cannot know, or that means nothing, goes no further. */
static int
check_clears(void)
{
	const struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 1 };
	struct nicframe_at at = nicframe_build(scratch, &s);
	struct nicsim_frame f = { .data = scratch, .len = at.len };

	f.meta = (struct nicsim_meta){ 0xfe, 0, 77, 88, 99, 11 };
	UT_EQ(nicsim_frame_check(&f), 0);
	UT_EQ(f.meta.flags, NICSIM_HDR_DATA_VALID);
	UT_EQ(f.meta.hdr_len, 0);
	UT_EQ(f.meta.gso_size, 0);
	UT_EQ(f.meta.csum_start, 0);
	UT_EQ(f.meta.csum_offset, 0);
	f.meta = (struct nicsim_meta){ 0xff, 0, 77, 88, 34, 16 };
	UT_EQ(nicsim_frame_check(&f), 0);
	UT_EQ(f.meta.flags, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(f.meta.csum_start, 34);
	UT_EQ(f.meta.csum_offset, 16);
	return 0;
}

/* A checksum written into a tag would carry a frame into a VLAN that the switch did not see. */
static int
check_tags(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_UDP, .payload = 100 };
	struct nicsim_frame f = { .data = scratch };
	struct nicframe_at at;

	for (s.tags = 0; s.tags <= NICSIM_TAGS; s.tags++) {
		at = nicframe_build(scratch, &s);
		f.len = at.len;
		f.meta = (struct nicsim_meta){ CSUM, 0, 0, 0, (uint16_t)(at.l3 - 1), 0 };
		UT_EQ(nicsim_frame_check(&f), -EINVAL);
		f.meta.csum_start++;
		UT_EQ(nicsim_frame_check(&f), 0);
		/* Cut through two tags; the switch may push two more. */
		f.meta = (struct nicsim_meta){ CSUM, NICSIM_GSO_UDP_L4, 0, 50, (uint16_t)at.l4, 6 };
		UT_EQ(nicsim_frame_check(&f), s.tags <= 2 ? 0 : -EINVAL);
	}
	return 0;
}

static void
nowhere(void *ctx, const struct nicsim_frame *f)
{
	uint32_t *n = ctx, i, sum = 0;

	for (i = 0; i < f->len; i++)
		sum += f->data[i];
	*n += 1 + sum % 2;
}

/* Headers of which a few bytes are wrong, cut short now and then, with a meta that fits or not. */
static uint8_t *
chaos_frame(uint32_t *seed, struct nicsim_frame *f)
{
	static const uint16_t types[] = { 0x0800, 0x86dd, 0x8100, 0x88a8, 0x0806 };
	struct nicframe_spec s = { 0 };
	struct nicframe_at at;
	uint32_t n, off;
	uint8_t *room;

	s.tags = random_next(seed) % 4;
	s.ip = 4 + random_next(seed) % 2 * 2;
	s.ip_more = random_next(seed) % 5 * 8;
	s.proto = random_next(seed) % 2 ? 6 : 17;
	s.tcp_more = random_next(seed) % 11 * 4;
	s.payload = random_next(seed) % 300;
	at = nicframe_build(scratch, &s);
	for (n = random_next(seed) % 4; n > 0; n--) {
		off = random_next(seed) % at.payload;
		scratch[off] = (uint8_t)random_next(seed);
	}
	if (random_next(seed) % 4 == 0) {
		off = 12 + random_next(seed) % 3 * 4;
		nicframe_put(scratch + off, types[random_next(seed) % 5], 2);
	}
	n = random_next(seed) % 3 == 0 ? 14 + random_next(seed) % (at.len - 13) : at.len;
	room = frame_of(f, n);
	f->meta.flags = (uint8_t)(random_next(seed) % 8 ? 1 : random_next(seed));
	f->meta.gso_type = (uint8_t)(random_next(seed) % 3 ? random_next(seed) % 6 : 0);
	f->meta.gso_size = (uint16_t)(random_next(seed) % 200);
	f->meta.csum_start = (uint16_t)(random_next(seed) % 8 ? at.l4 : random_next(seed));
	f->meta.csum_offset = (uint16_t)(s.proto == 6 ? 16 : 6);
	if (random_next(seed) % 4 == 0) {
		n = random_next(seed) % 16;
		f->meta.csum_offset = (uint16_t)(random_next(seed) & 0xffff) >> n;
	}
	return room;
}

/* What passed the check can be retagged, completed and cut: it never reaches beyond the frame. */
static int
chaos(void)
{
	uint32_t seed = 0x2545f491, passed = 0, cut = 0, done = 0, i, n;
	struct nicsim_frame f;
	uint8_t *room;

	for (i = 0; i < 100000; i++) {
		room = chaos_frame(&seed, &f);
		done += nicsim_frame_hash(f.data, f.len) & 1;
		if (nicsim_frame_check(&f) == 0) {
			passed++;
			for (n = random_next(&seed) % 3; n > 0; n--)
				nicsim_frame_vlan_pop(&f);
			for (n = random_next(&seed) % 3; n > 0; n--)
				nicsim_frame_vlan_push(&f, 0x8100, 7);
			UT_LE((uint32_t)f.meta.csum_start + f.meta.csum_offset +
				2 * (f.meta.flags & 1), f.len);
			if (f.meta.gso_type == 0)
				nicsim_frame_checksum(&f);
			else if (nicsim_frame_segment(&f, nowhere, &done) == 0)
				cut++;
		}
		free(room);
	}
	/* All of this was really reached. */
	UT_GE(passed, 20000);
	UT_GE(cut, 2000);
	UT_GE(i - passed, 20000);
	UT_GE(done, 5000);
	return 0;
}

/* What comes off is what went on, and meta follows. */
static int
vlan(void)
{
	const struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 100 };
	struct nicframe_at at = nicframe_build(scratch, &s);
	const struct nicsim_meta meta = { CSUM, TSO4, 54, 50, 34, 16 };
	struct nicsim_frame f;
	uint8_t *room = frame_of(&f, at.len), *start = f.data;

	f.meta = meta;
	nicsim_frame_vlan_push(&f, 0x8100, 0x2005);
	nicsim_frame_vlan_push(&f, 0x88a8, 0x0fff);
	UT_EQ(start - f.data, 8);
	UT_EQ(f.len, at.len + 8);
	UT_EQ(memcmp(f.data, scratch, 12), 0);
	UT_EQ(nicframe_get(f.data + 12, 4), 0x88a80fff);
	UT_EQ(nicframe_get(f.data + 16, 4), 0x81002005);
	UT_EQ(memcmp(f.data + 20, scratch + 12, at.len - 12), 0);
	UT_EQ(f.meta.csum_start, 42);
	UT_EQ(f.meta.csum_offset, 16);
	UT_EQ(f.meta.hdr_len, 62);
	UT_EQ(nicsim_frame_vlan_pop(&f), 0);
	UT_EQ(nicframe_get(f.data + 12, 4), 0x81002005);
	UT_EQ(f.meta.csum_start, 38);
	UT_EQ(nicsim_frame_vlan_pop(&f), 0);
	UT_CHECK(f.data == start);
	UT_EQ(f.len, at.len);
	UT_EQ(memcmp(f.data, scratch, at.len), 0);
	UT_EQ(memcmp(&f.meta, &meta, sizeof(meta)), 0);
	UT_EQ(nicsim_frame_vlan_pop(&f), -ENOENT);
	UT_EQ(f.len, at.len);
	free(room);
	return 0;
}

static int
vlan_short(void)
{
	struct nicsim_frame f = { .data = scratch, .len = 17, .meta = { .csum_start = 3 } };

	memset(scratch, 0, 64);
	nicframe_put(scratch + 12, 0x8100, 2);
	UT_EQ(nicsim_frame_vlan_pop(&f), -ENOENT); /* a tag cut short is none */
	f.len = 18;
	UT_EQ(nicsim_frame_vlan_pop(&f), 0);
	UT_EQ(f.len, 14);
	UT_EQ(f.meta.csum_start, 3); /* no checksum asked for: means nothing */
	nicframe_put(f.data + 12, 0x9100, 2);
	f.len = 64;
	UT_EQ(nicsim_frame_vlan_pop(&f), -ENOENT);
	return 0;
}

static uint32_t
hash_of(const struct nicframe_spec *s)
{
	struct nicframe_at at = nicframe_build(scratch, s);

	return nicsim_frame_hash(scratch, at.len);
}

/* Swap both ends: addresses of Ethernet and IP, and ports. */
static void
turn_round(const struct nicframe_at *at, unsigned int ip, bool ports)
{
	const uint32_t len[3] = { 6, ip == 4 ? 4 : 16, 2 };
	const uint32_t off[3] = { 0, at->l3 + (ip == 4 ? 12 : 8), at->l4 };
	unsigned int i;
	uint8_t tmp[16];

	for (i = 0; i < (ip == 0 ? 1 : ports ? 3 : 2); i++) {
		memcpy(tmp, scratch + off[i], len[i]);
		memmove(scratch + off[i], scratch + off[i] + len[i], len[i]);
		memcpy(scratch + off[i] + len[i], tmp, len[i]);
	}
}

static int
hash_symmetric(void)
{
	struct nicframe_spec s = { .payload = 40, .sport = 5000, .dport = 80, .host = 9 };
	struct nicframe_at at;
	uint32_t hash;

	for (s.ip = 0; s.ip <= 6; s.ip += s.ip == 0 ? 4 : 2) {
		for (s.proto = 6; s.proto <= 17; s.proto += 11) {
			for (s.tags = 0; s.tags <= 2; s.tags++) {
				at = nicframe_build(scratch, &s);
				hash = nicsim_frame_hash(scratch, at.len);
				turn_round(&at, s.ip, true);
				UT_EQ(nicsim_frame_hash(scratch, at.len), hash);
				/* Tags are looked past; but ends that differ are not. */
				s.tags = 2 - s.tags;
				UT_EQ(hash_of(&s), hash);
				s.tags = 2 - s.tags;
				s.host++;
				UT_CHECK(hash_of(&s) != hash);
				s.host--;
				if (s.ip == 0)
					continue;
				s.dport++;
				UT_CHECK(hash_of(&s) != hash);
				s.dport--;
				/* Ports that change places without the addresses: another flow. */
				at = nicframe_build(scratch, &s);
				nicframe_put(scratch + at.l4, s.dport, 2);
				nicframe_put(scratch + at.l4 + 2, s.sport, 2);
				UT_CHECK(nicsim_frame_hash(scratch, at.len) != hash);
			}
		}
	}
	return 0;
}

/* All fragments of a packet go one way: the first, which has ports, like the others. */
static int
hash_fragments(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_UDP, .payload = 40, .host = 9 };
	struct nicframe_at at = nicframe_build(scratch, &s);
	uint32_t hash;

	scratch[at.l3 + 6] = 0x20; /* more fragments */
	hash = nicsim_frame_hash(scratch, at.len);
	nicframe_put(scratch + at.l3 + 6, 0x2005, 2);
	memset(scratch + at.l4, 0x55, 8);
	UT_EQ(nicsim_frame_hash(scratch, at.len), hash);
	nicframe_put(scratch + at.l3 + 6, 5, 2);
	UT_EQ(nicsim_frame_hash(scratch, at.len), hash);
	turn_round(&at, 4, false);
	UT_EQ(nicsim_frame_hash(scratch, at.len), hash);
	s.ip = 6;
	s.ip_more = 8;
	at = nicframe_build(scratch, &s);
	scratch[at.l3 + 6] = 44; /* the extension header becomes a fragment's */
	nicframe_put(scratch + at.l3 + 42, 0x0001, 2);
	hash = nicsim_frame_hash(scratch, at.len);
	nicframe_put(scratch + at.l3 + 42, 0x0100, 2);
	memset(scratch + at.l4, 0x55, 8);
	UT_EQ(nicsim_frame_hash(scratch, at.len), hash);
	return 0;
}

/* Flows that differ in one port alone spread over queues; in the upper bits, which choose one. */
static int
hash_spreads(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 4, .dport = 80 };
	unsigned int n[16] = { 0 }, low[16] = { 0 }, i;
	uint32_t hash;

	for (i = 0; i < 16000; i++) {
		s.sport = (uint16_t)(1024 + i);
		hash = hash_of(&s);
		n[hash >> 28]++;
		low[hash & 15]++;
	}
	for (i = 0; i < 16; i++) {
		UT_GE(n[i], 850); /* 1000; about 5 deviations */
		UT_LE(n[i], 1150);
		UT_GE(low[i], 850);
		UT_LE(low[i], 1150);
	}
	return 0;
}

static int
hash_short(void)
{
	const struct nicframe_spec s = { .ip = 6, .ip_more = 16, .proto = NICFRAME_TCP, .tags = 2 };
	struct nicframe_at at = nicframe_build(scratch, &s);
	struct nicsim_frame f;
	uint32_t len, all = 0;
	uint8_t *room;

	for (len = 0; len <= at.len; len++) {
		room = frame_of(&f, len);
		all |= nicsim_frame_hash(f.data, f.len);
		free(room);
	}
	UT_CHECK(all != 0);
	return 0;
}

static const struct ut_case cases[] = { UT_CASE(sums), UT_CASE(checksums), UT_CASE(checksum_zero),
	UT_CASE(checks), UT_CASE(headers_short), UT_CASE(check_clears), UT_CASE(check_tags),
	UT_CASE(chaos), UT_CASE(vlan), UT_CASE(vlan_short), UT_CASE(hash_symmetric),
	UT_CASE(hash_fragments), UT_CASE(hash_spreads), UT_CASE(hash_short), UT_END };
UT_SUITE(nicsim_frame, "fast", cases)
