/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The hash by which frames of one flow find one queue. Owns nothing; any thread. Both directions of
 * a flow, and all fragments of a packet, have the same.
 */
#include <string.h>

#include "nicsim_headers.h"

/* The finalizer of MurmurHash3: each bit of the input moves each of the output. */
static uint64_t
hash_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* One end of a flow. @param len  of the address, up to 16 bytes */
static uint64_t
hash_end(const uint8_t *addr, uint32_t len, uint16_t port)
{
	uint64_t word[2] = { 0, 0 };

	memcpy(word, addr, len);
	return hash_mix(hash_mix(word[0] + port) ^ word[1]);
}

uint32_t
nicsim_frame_hash(const uint8_t *data, uint32_t len)
{
	uint32_t src = 6, dst = 0, addr_len = 6;
	uint16_t sport = 0, dport = 0, kind;
	struct nicsim_headers h;

	if (len < NICSIM_FRAME_MIN)
		return 0;
	nicsim_headers_find(data, len, &h);
	kind = h.type;
	if (h.ip != 0) {
		addr_len = h.ip == 4 ? 4 : 16;
		src = h.l3 + (h.ip == 4 ? 12 : 8);
		dst = src + addr_len;
		kind = h.proto;
	}
	if (h.l4 != 0 && len - h.l4 >= 4 && (h.proto == NICSIM_PROTO_TCP ||
		h.proto == NICSIM_PROTO_UDP || h.proto == NICSIM_PROTO_SCTP)) {
		sport = nicsim_get16(data + h.l4);
		dport = nicsim_get16(data + h.l4 + 2);
	}
	/* A sum: the same either way round. */
	return (uint32_t)(hash_mix(hash_end(data + src, addr_len, sport) +
		hash_end(data + dst, addr_len, dport) + kind) >> 32);
}
