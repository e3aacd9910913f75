/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames cut as hardware does it: each piece is taken apart by plain code here and by DPDK's
 * checksums, put together again, and compared with what was cut.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "nicframe.h"
#include "nicsim_frame.h"
#include "ut.h"

#define FIN 0x01
#define PSH 0x08
#define ACK 0x10
#define ECE 0x40
#define CWR 0x80

static uint8_t whole[NICSIM_HEADROOM + NICSIM_FRAME_MAX + 64];
static uint8_t before[sizeof(whole)], joined[sizeof(whole)];

/* What the pieces are measured by. */
struct cutting {
	struct nicframe_spec spec;
	struct nicframe_at at; /* of the frame that is cut */
	const uint8_t *frame;
	uint32_t hash;
	uint32_t size; /* payload of each piece but the last */
	uint32_t n; /* pieces seen */
	uint32_t payload; /* bytes of them */
	const char *wrong;
};

static const char *
l3_is_wrong(const struct cutting *c, const uint8_t *p, uint32_t l3_len)
{
	const uint8_t *ip = p + c->at.l3, *orig = c->frame + c->at.l3;
	uint32_t hdr = c->at.l4 - c->at.l3;

	if (c->spec.ip == 6) {
		if (nicframe_get(ip + 4, 2) != l3_len - 40)
			return "IPv6 payload length";
		if (memcmp(ip, orig, 4) != 0 || memcmp(ip + 6, orig + 6, hdr - 6) != 0)
			return "IPv6 header";
		return NULL;
	}
	if (nicframe_get(ip + 2, 2) != l3_len)
		return "IPv4 total length";
	if (nicframe_get(ip + 4, 2) != ((c->spec.id + c->n) & 0xffff))
		return "IPv4 identification";
	if (memcmp(ip, orig, 2) != 0 || memcmp(ip + 6, orig + 6, 4) != 0 ||
		memcmp(ip + 12, orig + 12, hdr - 12) != 0)
		return "IPv4 header";
	if (nicframe_sum(0, ip, hdr) != 0xffff)
		return "IPv4 checksum";
	if (hdr == 20 && rte_ipv4_cksum((const struct rte_ipv4_hdr *)ip) != 0)
		return "IPv4 checksum, as DPDK has it";
	return NULL;
}

static const char *
tcp_is_wrong(const struct cutting *c, const uint8_t *tcp, bool last)
{
	const uint8_t *orig = c->frame + c->at.l4;
	uint8_t flags = c->spec.tcp_flags;

	if (nicframe_get(tcp + 4, 4) != c->spec.seq + c->payload)
		return "TCP sequence number";
	if (!last)
		flags &= (uint8_t)~(FIN | PSH);
	if (c->n != 0)
		flags &= (uint8_t)~CWR;
	if (tcp[13] != flags)
		return "TCP flags";
	if (memcmp(tcp, orig, 4) != 0 || memcmp(tcp + 8, orig + 8, 5) != 0 ||
		memcmp(tcp + 14, orig + 14, 2) != 0 ||
		memcmp(tcp + 18, orig + 18, 2 + c->spec.tcp_more) != 0)
		return "TCP header";
	return NULL;
}

static const char *
l4_is_wrong(const struct cutting *c, uint8_t *p, uint32_t len, bool last)
{
	struct nicframe_at at = c->at;
	uint8_t *l4 = p + at.l4, *ip = p + at.l3;

	at.len = len;
	if (!nicframe_l4_good(p, &at, c->spec.proto))
		return "L4 checksum";
	if (c->spec.ip == 4 && rte_ipv4_udptcp_cksum_verify((void *)ip, l4) != 0)
		return "L4 checksum, as DPDK has it";
	if (c->spec.ip == 6 && c->spec.ip_more == 0 &&
		rte_ipv6_udptcp_cksum_verify((void *)ip, l4) != 0)
		return "L4 checksum, as DPDK has it";
	if (c->spec.proto == NICFRAME_TCP)
		return tcp_is_wrong(c, l4, last);
	if (nicframe_get(l4 + 4, 2) != len - at.l4)
		return "UDP length";
	if (nicframe_get(l4 + 6, 2) == 0)
		return "UDP checksum 0";
	return memcmp(l4, c->frame + at.l4, 4) != 0 ? "UDP ports" : NULL;
}

static void
piece(void *ctx, const struct nicsim_frame *f)
{
	struct cutting *c = ctx;
	uint32_t all = c->spec.payload, left = all - c->payload;
	uint32_t expected = left < c->size ? left : c->size;
	bool last = left <= c->size;
	uint8_t head[NICSIM_HEADROOM];
	const char *wrong = NULL;

	if (f->meta.flags != NICSIM_HDR_DATA_VALID || f->meta.gso_type != 0 || f->hash != c->hash)
		wrong = "meta";
	else if (f->len != c->at.payload + expected)
		wrong = "length";
	else if (memcmp(f->data, c->frame, c->at.l3) != 0)
		wrong = "Ethernet header or tags";
	if (wrong == NULL)
		wrong = l3_is_wrong(c, f->data, f->len - c->at.l3);
	if (wrong == NULL)
		wrong = l4_is_wrong(c, f->data, f->len, last);
	if (wrong == NULL)
		memcpy(joined + c->payload, f->data + c->at.payload, expected);
	if (c->wrong == NULL)
		c->wrong = wrong;
	/* Whoever takes it may push tags. */
	memset(head, 0xcc, sizeof(head));
	memcpy(f->data - NICSIM_HEADROOM, head, sizeof(head));
	c->payload += expected;
	c->n++;
}

static uint8_t
gso_type(const struct nicframe_spec *s)
{
	if (s->proto == NICFRAME_UDP)
		return NICSIM_GSO_UDP_L4;
	return (s->ip == 4 ? NICSIM_GSO_TCPV4 : NICSIM_GSO_TCPV6) |
		(s->tcp_flags & CWR ? NICSIM_GSO_ECN : 0);
}

static struct nicsim_frame
frame_of(const struct nicframe_spec *s, struct nicframe_at *at, uint16_t size)
{
	*at = nicframe_build(whole + NICSIM_HEADROOM, s);
	return (struct nicsim_frame){ .data = whole + NICSIM_HEADROOM, .len = at->len,
		.hash = 0x12345678,
		.meta = { NICSIM_HDR_NEEDS_CSUM, gso_type(s), 0, size, (uint16_t)at->l4,
			s->proto == NICFRAME_UDP ? 6 : 16 } };
}

/* Cut a frame as it is now; c->at and c->frame say where its parts are. */
static int
cut(struct cutting *c, const struct nicsim_frame *f)
{
	uint32_t all = c->spec.payload;

	c->hash = f->hash;
	c->size = f->meta.gso_size;
	c->frame = f->data;
	c->n = c->payload = 0;
	c->wrong = NULL;
	memcpy(before, f->data, f->len);
	memset(joined, 0, all);
	UT_EQ(nicsim_frame_segment(f, piece, c), 0);
	if (c->wrong != NULL)
		UT_FAIL("%s: ip %u proto %u tags %u more %u/%u payload %u size %u", c->wrong,
			c->spec.ip, c->spec.proto, c->spec.tags, c->spec.ip_more, c->spec.tcp_more,
			all, c->size);
	UT_EQ(c->n, all == 0 ? 1 : (all + c->size - 1) / c->size);
	UT_EQ(c->payload, all);
	UT_EQ(memcmp(joined, f->data + c->at.payload, all), 0);
	UT_EQ(memcmp(before, f->data, f->len), 0);
	return 0;
}

static int
cut_spec(const struct nicframe_spec *s, uint16_t size)
{
	struct cutting c = { .spec = *s };
	struct nicsim_frame f = frame_of(s, &c.at, size);

	UT_EQ(nicsim_frame_check(&f), 0);
	UT_EQ(f.meta.hdr_len, c.at.payload);
	return cut(&c, &f);
}

static int
cut_sizes(struct nicframe_spec *s)
{
	static const uint16_t sizes[] = { 8, 9, 100, 535, 1448, 8999 };
	static const uint32_t payloads[] = { 0, 1, 7, 8, 9, 99, 100, 101, 1447, 1448, 1449, 9000 };
	unsigned int i, j;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (j = 0; j < sizeof(payloads) / sizeof(payloads[0]); j++) {
			s->payload = payloads[j];
			UT_DO(cut_spec(s, sizes[i]));
		}
	}
	return 0;
}

static int
tcp(void)
{
	static const uint8_t flags[] = { ACK, ACK | PSH, ACK | FIN, ACK | PSH | FIN | CWR | ECE };
	struct nicframe_spec s = { .proto = NICFRAME_TCP, .id = 65533, .seq = 0xffffff00,
		.sport = 40000, .dport = 5201, .host = 3 };

	for (s.ip = 4; s.ip <= 6; s.ip += 2)
		for (s.tags = 0; s.tags <= 2; s.tags++)
			for (s.ip_more = 0; s.ip_more <= 40; s.ip_more += 8)
				for (s.tcp_more = 0; s.tcp_more <= 40; s.tcp_more += 20) {
					s.tcp_flags = flags[(s.tags + s.ip_more / 8) % 4];
					UT_DO(cut_sizes(&s));
				}
	return 0;
}

static int
udp(void)
{
	struct nicframe_spec s = { .proto = NICFRAME_UDP, .id = 65533, .sport = 1, .dport = 53 };

	for (s.ip = 4; s.ip <= 6; s.ip += 2)
		for (s.tags = 0; s.tags <= 2; s.tags++)
			for (s.ip_more = 0; s.ip_more <= 40; s.ip_more += 8)
				UT_DO(cut_sizes(&s));
	return 0;
}

/* As long as a frame gets, in as many and as few pieces as there can be. */
static int
longest(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .tcp_flags = ACK | PSH };

	s.payload = 65535 - 40;
	UT_DO(cut_spec(&s, 8));
	UT_DO(cut_spec(&s, 1460));
	UT_DO(cut_spec(&s, 65535));
	s.tags = 2;
	UT_DO(cut_spec(&s, 65535));
	s.ip = 6;
	s.payload = 65535 - 60;
	UT_DO(cut_spec(&s, 65535));
	UT_DO(cut_spec(&s, 32768));
	return 0;
}

/* One byte more than IP's length can tell, as one piece: refused; in several: done. */
static int
too_long(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 65535 - 39 };
	struct cutting c = { .spec = s };
	struct nicsim_frame f = frame_of(&s, &c.at, 65535);

	UT_EQ(nicsim_frame_check(&f), -EINVAL);
	UT_EQ(nicsim_frame_segment(&f, piece, &c), -EINVAL);
	UT_EQ(c.n, 0);
	f.meta.gso_size = 1460;
	UT_EQ(nicsim_frame_check(&f), 0);
	return cut(&c, &f);
}

/* A frame that the switch gave two tags, on top of two of the sender's. */
static int
retagged(void)
{
	struct nicframe_spec s = { .ip = 6, .proto = NICFRAME_TCP, .payload = 5000,
		.tcp_flags = ACK | PSH };
	struct cutting c = { .spec = s };
	struct nicsim_frame f;
	unsigned int i;

	for (c.spec.tags = 0; c.spec.tags <= 2; c.spec.tags++) {
		f = frame_of(&c.spec, &c.at, 1000);
		UT_EQ(nicsim_frame_check(&f), 0);
		for (i = 0; i < 2; i++) {
			nicsim_frame_vlan_push(&f, 0x88a8, (uint16_t)(700 + i));
			c.at.l3 += 4;
			c.at.l4 += 4;
			c.at.payload += 4;
			c.at.len += 4;
			UT_DO(cut(&c, &f));
		}
	}
	return 0;
}

/* The sum in the field is the sender's business: some leave the length out of it. */
static int
seed_ignored(void)
{
	struct nicframe_spec s = { .ip = 4, .proto = NICFRAME_TCP, .payload = 3000 };
	struct cutting c = { .spec = s };
	struct nicsim_frame f = frame_of(&s, &c.at, 1000);

	nicframe_put(f.data + c.at.l4 + 16, 0xdead, 2);
	nicframe_put(f.data + c.at.l3 + 2, 0, 2); /* nor is IP's length always there */
	nicframe_put(f.data + c.at.l3 + 10, 0xbeef, 2);
	UT_EQ(nicsim_frame_check(&f), 0);
	return cut(&c, &f);
}

/* Refused when cut as when checked: nothing comes out. */
static int
refused(void)
{
	struct nicframe_spec s = { .ip = 6, .proto = NICFRAME_UDP, .payload = 3000, .ip_more = 8 };
	struct cutting c = { .spec = s };
	struct nicsim_frame f = frame_of(&s, &c.at, 1000), bad;
	uint8_t *ext = f.data + 54;

	bad = f;
	bad.meta.gso_type = NICSIM_GSO_NONE;
	UT_EQ(nicsim_frame_segment(&bad, piece, &c), -EINVAL);
	bad = f;
	bad.meta.gso_type |= NICSIM_GSO_ECN;
	UT_EQ(nicsim_frame_check(&bad), -EINVAL);
	UT_EQ(nicsim_frame_segment(&bad, piece, &c), -EINVAL);
	bad = f;
	f.data[20] = 44; /* the extension header is a fragment's */
	UT_EQ(nicsim_frame_check(&bad), -EINVAL);
	UT_EQ(nicsim_frame_segment(&bad, piece, &c), -EINVAL);
	f.data[20] = 43; /* a routing header with a segment left: not the final destination */
	ext[3] = 1;
	UT_EQ(nicsim_frame_segment(&bad, piece, &c), -EINVAL);
	f.data[20] = 60;
	ext[1] = 255; /* an extension header past the end */
	UT_EQ(nicsim_frame_segment(&bad, piece, &c), -EINVAL);
	ext[0] = 50; /* not UDP */
	ext[1] = 0;
	UT_EQ(nicsim_frame_segment(&bad, piece, &c), -EINVAL);
	UT_EQ(c.n, 0);
	return 0;
}

/* Extension headers without end, and so many that each piece would carry half a kilobyte. */
static int
extension_headers(void)
{
	struct nicframe_spec s = { .ip = 6, .proto = NICFRAME_UDP, .payload = 1000 };
	struct nicframe_at at;
	struct nicsim_frame f;
	struct cutting c;

	for (s.ip_more = 0; s.ip_more <= 80; s.ip_more += 8) {
		f = frame_of(&s, &at, 100);
		UT_EQ(nicsim_frame_check(&f), s.ip_more <= 64 ? 0 : -EINVAL);
	}
	/* One long one: 54 bytes, 8 of UDP, and it; up to 512. */
	s.ip_more = 448;
	f = frame_of(&s, &at, 100);
	f.data[54] = NICFRAME_UDP;
	f.data[55] = 448 / 8 - 1;
	UT_EQ(nicsim_frame_check(&f), 0);
	c = (struct cutting){ .spec = s, .at = at };
	UT_DO(cut(&c, &f));
	s.ip_more = 456;
	f = frame_of(&s, &at, 100);
	f.data[54] = NICFRAME_UDP;
	f.data[55] = 456 / 8 - 1;
	UT_EQ(nicsim_frame_check(&f), -EINVAL);
	return 0;
}

static const struct ut_case cases[] = { UT_CASE(tcp), UT_CASE(udp), UT_CASE(longest),
	UT_CASE(too_long), UT_CASE(retagged), UT_CASE(seed_ignored), UT_CASE(refused),
	UT_CASE(extension_headers), UT_END };
UT_SUITE(nicsim_gso, "fast", cases)
