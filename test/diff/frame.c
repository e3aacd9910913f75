/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What frames look like. Pure; any thread.
 */
#include <arpa/inet.h>
#include <string.h>

#include "net.h"

#define ETH 14
#define IP 20
#define UDP 8
#define TCP 20
#define PROTO_UDP 17
#define PROTO_TCP 6

static void
put16(uint8_t *p, uint16_t val)
{
	p[0] = (uint8_t)(val >> 8);
	p[1] = (uint8_t)val;
}

static void
body(uint8_t *p, uint32_t len, unsigned int seq)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(seq * 37 + i + i / 256);
}

static void
eth(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6], uint16_t type, uint32_t len)
{
	memset(&f->hdr, 0, sizeof(f->hdr));
	memcpy(f->data, dst, 6);
	memcpy(f->data + 6, src, 6);
	put16(f->data + 12, type);
	f->len = len;
}

void
diff_frame_make(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6], uint32_t len,
	unsigned int seq)
{
	eth(f, dst, src, DIFF_ETHERTYPE, len);
	body(f->data + ETH, len - ETH, seq);
}

/* RFC 1071 */
static uint32_t
sum(const uint8_t *p, uint32_t len, uint32_t acc)
{
	for (; len > 1; len -= 2, p += 2)
		acc += (uint32_t)p[0] << 8 | p[1];
	if (len != 0)
		acc += (uint32_t)p[0] << 8;
	return acc;
}

static uint16_t
fold(uint32_t acc)
{
	while (acc >> 16 != 0)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)acc;
}

static uint32_t
pseudo(const struct diff_frame *f)
{
	return sum(f->data + ETH + 12, 8, 0) + f->data[ETH + 9] + (f->len - ETH - IP);
}

static uint32_t
csum_offset(const struct diff_frame *f)
{
	return f->data[ETH + 9] == PROTO_UDP ? 6 : 16;
}

/* The IP header around a payload that is there; ports in front of it. */
static void
ip(struct diff_frame *f, uint8_t proto, uint16_t port)
{
	uint8_t *h = f->data + ETH;

	memset(h, 0, IP);
	h[0] = 0x45;
	put16(h + 2, (uint16_t)(f->len - ETH));
	h[6] = 0x40; /* do not fragment */
	h[8] = 64;
	h[9] = proto;
	memcpy(h + 12, (const uint8_t[]){ 192, 0, 2, 1, 192, 0, 2, 2 }, 8);
	put16(h + 10, (uint16_t)~fold(sum(h, IP, 0)));
	put16(h + IP, port);
	put16(h + IP + 2, 9);
}

static void
close_csum(struct diff_frame *f)
{
	uint8_t *l4 = f->data + ETH + IP;

	put16(l4 + csum_offset(f), 0);
	put16(l4 + csum_offset(f), (uint16_t)~fold(sum(l4, f->len - ETH - IP, pseudo(f))));
}

void
diff_frame_udp(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6], uint16_t port,
	uint32_t payload, unsigned int seq)
{
	uint8_t *l4 = f->data + ETH + IP;

	eth(f, dst, src, 0x0800, ETH + IP + UDP + payload);
	body(l4 + UDP, payload, seq);
	ip(f, PROTO_UDP, port);
	put16(l4 + 4, (uint16_t)(UDP + payload));
	close_csum(f);
}

void
diff_frame_tcp(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6], uint32_t payload,
	unsigned int seq)
{
	uint8_t *l4 = f->data + ETH + IP;

	eth(f, dst, src, 0x0800, ETH + IP + TCP + payload);
	memset(l4, 0, TCP);
	body(l4 + TCP, payload, seq);
	ip(f, PROTO_TCP, 4000);
	put16(l4 + 6, 1000); /* sequence number */
	l4[12] = TCP / 4 << 4;
	l4[13] = 0x18; /* ACK, PSH */
	put16(l4 + 14, 8192);
	close_csum(f);
}

void
diff_frame_open_csum(struct diff_frame *f)
{
	put16(f->data + ETH + IP + csum_offset(f), fold(pseudo(f)));
	f->hdr.flags = 1; /* NEEDS_CSUM */
	f->hdr.csum_start = ETH + IP;
	f->hdr.csum_offset = (uint16_t)csum_offset(f);
}

bool
diff_frame_csum_ok(const struct diff_frame *f)
{
	return fold(sum(f->data + ETH + IP, f->len - ETH - IP, pseudo(f))) == 0xffff;
}
