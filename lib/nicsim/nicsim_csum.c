/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The internet checksum (RFC 1071). Owns nothing; any thread. Sums are of 16-bit words as they lie
 * in memory, so nothing is swapped but what does not come from a frame.
 */
#include <arpa/inet.h>
#include <string.h>

#include "nicsim_headers.h"

/* virtio 1.2, 5.1.6.2: the field's place tells UDP (RFC 768) from TCP. */
#define UDP_CSUM_OFFSET 6

uint64_t
nicsim_csum_add(uint64_t sum, const uint8_t *p, uint32_t len)
{
	uint32_t word[4];
	uint16_t last;

	/* Words of 32 bits: 2^32 of them fit into the sum, and a frame has less than 2^15. */
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(word, p, sizeof(word));
		sum += (uint64_t)word[0] + word[1] + word[2] + word[3];
	}
	for (; len >= 2; len -= 2, p += 2) {
		memcpy(&last, p, 2);
		sum += last;
	}
	if (len != 0) {
		last = 0; /* as if a zero byte followed */
		memcpy(&last, p, 1);
		sum += last;
	}
	return sum;
}

static uint16_t
csum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

void
nicsim_csum_put(uint8_t *p, uint64_t sum, bool udp)
{
	uint16_t val = (uint16_t)~csum_fold(sum);

	if (val == 0 && udp)
		val = 0xffff;
	memcpy(p, &val, 2);
}

uint64_t
nicsim_csum_pseudo(uint64_t sum, const uint8_t *data, const struct nicsim_headers *h, uint32_t len)
{
	if (h->ip == 4)
		sum = nicsim_csum_add(sum, data + h->l3 + 12, 8);
	else
		sum = nicsim_csum_add(sum, data + h->l3 + 8, 32);
	return sum + htonl(h->proto) + htonl(len);
}

void
nicsim_frame_checksum(struct nicsim_frame *frame)
{
	const struct nicsim_meta *meta = &frame->meta;
	uint8_t *start = frame->data + meta->csum_start;

	if ((meta->flags & NICSIM_HDR_NEEDS_CSUM) == 0)
		return;
	/* The field holds the sum of the pseudo header, and is summed with the rest. */
	nicsim_csum_put(start + meta->csum_offset,
		nicsim_csum_add(0, start, frame->len - meta->csum_start),
		meta->csum_offset == UDP_CSUM_OFFSET);
	frame->meta.flags = NICSIM_HDR_DATA_VALID;
	frame->meta.csum_start = 0;
	frame->meta.csum_offset = 0;
}
