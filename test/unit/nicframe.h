/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Frames for the tests of the simulated NIC, built byte by byte, and the internet checksum as
 * plainly as it can be written: nothing here is taken from what is tested.
 */
#ifndef NICFRAME_H
#define NICFRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NICFRAME_TCP 6
#define NICFRAME_UDP 17

struct nicframe_spec {
	unsigned int tags; /**< VLAN tags: the outermost of two is 0x88a8. */
	unsigned int ip; /**< 4, 6; 0: ethertype 0x88b5 and payload. */
	unsigned int ip_more; /**< Bytes of IPv4 options or IPv6 extension headers; of 4, of 8. */
	unsigned int proto; /**< NICFRAME_TCP, NICFRAME_UDP. */
	unsigned int tcp_more; /**< Bytes of TCP options, a multiple of 4. */
	uint8_t tcp_flags;
	uint16_t id; /**< Of IPv4. */
	uint32_t seq; /**< Of TCP. */
	uint32_t payload; /**< Bytes. */
	uint16_t sport, dport;
	uint8_t host; /**< Last byte of addresses: of the source; the destination has host + 1. */
};

/** Where things ended up. */
struct nicframe_at {
	uint32_t l3, l4, payload, len;
};

static inline void
nicframe_put(uint8_t *p, uint32_t val, unsigned int bytes)
{
	while (bytes-- > 0)
		*p++ = (uint8_t)(val >> 8 * bytes);
}

static inline uint32_t
nicframe_get(const uint8_t *p, unsigned int bytes)
{
	uint32_t val = 0;

	while (bytes-- > 0)
		val = val << 8 | *p++;
	return val;
}

/** Sum of bytes as 16-bit words, most significant first, carried around; not complemented. */
static inline uint16_t
nicframe_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/** Sum of the pseudo header for an L4 of that length. */
static inline uint16_t
nicframe_pseudo(const uint8_t *frame, const struct nicframe_at *at, unsigned int proto,
	uint32_t len)
{
	uint8_t pseudo[40] = { 0 };

	if (frame[at->l3] >> 4 == 4) {
		memcpy(pseudo, frame + at->l3 + 12, 8);
		nicframe_put(pseudo + 8, proto, 2);
		nicframe_put(pseudo + 10, len, 2);
		return nicframe_sum(0, pseudo, 12);
	}
	memcpy(pseudo, frame + at->l3 + 8, 32);
	nicframe_put(pseudo + 32, len, 4);
	nicframe_put(pseudo + 36, proto, 4);
	return nicframe_sum(0, pseudo, 40);
}

/** Whether L4's checksum is right: pseudo header and all of it sum up to all ones. */
static inline bool
nicframe_l4_good(const uint8_t *frame, const struct nicframe_at *at, unsigned int proto)
{
	uint32_t len = at->len - at->l4;

	return nicframe_sum(nicframe_pseudo(frame, at, proto, len), frame + at->l4, len) == 0xffff;
}

static inline uint32_t
nicframe_l3_build(uint8_t *p, const struct nicframe_spec *s, uint32_t l4_len)
{
	unsigned int i;

	if (s->ip == 4) {
		memset(p, 1, 20 + s->ip_more); /* options: no operation */
		p[0] = (uint8_t)(0x40 | (5 + s->ip_more / 4));
		p[1] = 0;
		nicframe_put(p + 2, 20 + s->ip_more + l4_len, 2);
		nicframe_put(p + 4, s->id, 2);
		nicframe_put(p + 6, 0x4000, 2);
		p[8] = 64;
		p[9] = (uint8_t)s->proto;
		nicframe_put(p + 10, 0, 2);
		nicframe_put(p + 12, 0x0a000000u + s->host, 4);
		nicframe_put(p + 16, 0x0a000001u + s->host, 4);
		nicframe_put(p + 10, (uint16_t)~nicframe_sum(0, p, 20 + s->ip_more), 2);
		return 20 + s->ip_more;
	}
	memset(p, 0, 40 + s->ip_more);
	p[0] = 0x60;
	nicframe_put(p + 4, s->ip_more + l4_len, 2);
	p[6] = (uint8_t)(s->ip_more != 0 ? 60 : s->proto);
	p[7] = 64;
	p[8] = 0xfd;
	p[23] = s->host;
	p[24] = 0xfd;
	p[39] = (uint8_t)(s->host + 1);
	for (i = 0; i < s->ip_more; i += 8) { /* destination options: PadN of 4 */
		p[40 + i] = (uint8_t)(i + 8 < s->ip_more ? 60 : s->proto);
		p[42 + i] = 1;
		p[43 + i] = 4;
	}
	return 40 + s->ip_more;
}

static inline uint32_t
nicframe_l4_build(uint8_t *p, const struct nicframe_spec *s, uint32_t l4_len)
{
	nicframe_put(p, s->sport, 2);
	nicframe_put(p + 2, s->dport, 2);
	if (s->proto == NICFRAME_UDP) {
		nicframe_put(p + 4, l4_len, 2);
		return 8;
	}
	memset(p + 20, 1, s->tcp_more);
	nicframe_put(p + 4, s->seq, 4);
	nicframe_put(p + 8, 0x01020304, 4);
	p[12] = (uint8_t)((5 + s->tcp_more / 4) << 4);
	p[13] = s->tcp_flags;
	nicframe_put(p + 14, 0x7210, 2);
	nicframe_put(p + 18, 0, 2);
	return 20 + s->tcp_more;
}

/**
 * Build a frame. The checksum field of L4 has the sum of the pseudo header, as NEEDS_CSUM wants it.
 *
 * @return where its parts are
 */
static inline struct nicframe_at
nicframe_build(uint8_t *p, const struct nicframe_spec *s)
{
	uint32_t l4_hdr = s->proto == NICFRAME_UDP ? 8 : 20 + s->tcp_more, i;
	struct nicframe_at at = { 0 };

	memcpy(p, "\x02\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00", 12);
	p[5] = (uint8_t)(s->host + 1);
	p[11] = s->host;
	at.l3 = 12;
	for (i = 0; i < s->tags; i++, at.l3 += 4)
		nicframe_put(p + at.l3, (i + 1 < s->tags ? 0x88a80000u : 0x81000000u) + 100 + i, 4);
	nicframe_put(p + at.l3, s->ip == 4 ? 0x0800 : s->ip == 6 ? 0x86dd : 0x88b5, 2);
	at.l3 += 2;
	at.l4 = at.payload = at.l3;
	if (s->ip != 0) {
		at.l4 += nicframe_l3_build(p + at.l3, s, l4_hdr + s->payload);
		at.payload = at.l4 + nicframe_l4_build(p + at.l4, s, l4_hdr + s->payload);
	}
	at.len = at.payload + s->payload;
	for (i = 0; i < s->payload; i++)
		p[at.payload + i] = (uint8_t)(i * 7 + (i >> 8) * 13 + 3);
	if (s->ip != 0)
		nicframe_put(p + at.l4 + (s->proto == NICFRAME_UDP ? 6 : 16),
			nicframe_pseudo(p, &at, s->proto, at.len - at.l4), 2);
	return at;
}

#endif /* NICFRAME_H */
