/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Where the headers of a frame are, as far as they are really there; and the bytes of it in the
 * order of the wire. For the files of this folder.
 */
#ifndef NICSIM_HEADERS_H
#define NICSIM_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "nicsim_frame.h"

#define NICSIM_ETH_LEN 14
#define NICSIM_TAG_LEN 4
/** Tags that are looked past: two of the sender's, two that the switch pushed. */
#define NICSIM_TAGS 4

#define NICSIM_TYPE_VLAN 0x8100 /**< 802.1Q */
#define NICSIM_TYPE_QINQ 0x88a8 /**< 802.1ad */
#define NICSIM_TYPE_IPV4 0x0800
#define NICSIM_TYPE_IPV6 0x86dd

#define NICSIM_PROTO_TCP 6
#define NICSIM_PROTO_UDP 17
#define NICSIM_PROTO_SCTP 132

struct nicsim_headers {
	uint32_t l3; /**< Bytes up to what follows the MAC addresses, tags and type. */
	uint32_t l4; /**< Bytes up to the header of proto; 0: there is none, or of a fragment. */
	uint16_t type; /**< Behind the tags, host order. */
	uint8_t tags; /**< Up to NICSIM_TAGS. */
	uint8_t ip; /**< 4 or 6, with a whole header; 0: neither. */
	uint8_t proto; /**< Of IP; of a fragment, the whole packet's. */
	bool routed; /**< IPv6, and its destination is not yet the final one (RFC 8200, 4.4). */
};

static inline uint16_t
nicsim_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
nicsim_get32(const uint8_t *p)
{
	return (uint32_t)nicsim_get16(p) << 16 | nicsim_get16(p + 2);
}

static inline void
nicsim_put16(uint8_t *p, uint16_t val)
{
	p[0] = (uint8_t)(val >> 8);
	p[1] = (uint8_t)val;
}

static inline void
nicsim_put32(uint8_t *p, uint32_t val)
{
	nicsim_put16(p, (uint16_t)(val >> 16));
	nicsim_put16(p + 2, (uint16_t)val);
}

static inline bool
nicsim_type_is_vlan(uint16_t type)
{
	return type == NICSIM_TYPE_VLAN || type == NICSIM_TYPE_QINQ;
}

/** nicsim_headers.c. @param len  NICSIM_FRAME_MIN.. */
void nicsim_headers_find(const uint8_t *data, uint32_t len, struct nicsim_headers *h);

/** What is needed to cut a frame. */
struct nicsim_cut {
	struct nicsim_headers h;
	uint32_t hdr; /**< Bytes of all headers. */
	uint32_t payload; /**< Bytes behind them. */
};

/**
 * nicsim_check.c: whether a frame with a GSO type can be cut as its meta says.
 *
 * @return 0; -EINVAL
 */
int nicsim_cut_find(const struct nicsim_frame *frame, struct nicsim_cut *cut);

/** nicsim_csum.c: add bytes to a sum (RFC 1071). Of several pieces all but the last are even. */
uint64_t nicsim_csum_add(uint64_t sum, const uint8_t *p, uint32_t len);

/** nicsim_csum.c: add the pseudo header of an L4 of that length. */
uint64_t nicsim_csum_pseudo(uint64_t sum, const uint8_t *data, const struct nicsim_headers *h,
	uint32_t len);

/** nicsim_csum.c: write the complement of a sum. @param udp  0 means no checksum there */
void nicsim_csum_put(uint8_t *p, uint64_t sum, bool udp);

#endif /* NICSIM_HEADERS_H */
