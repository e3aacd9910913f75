/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Finds the headers of a frame. Owns nothing; any thread. Never looks past the frame's end, nor
 * follows more extension headers than IPV6_EXT_MAX.
 */
#include "nicsim_headers.h"

#define IPV4_LEN 20
#define IPV6_LEN 40
#define IPV6_EXT_MAX 8

/* RFC 8200, 4 */
#define EXT_HOP_BY_HOP 0
#define EXT_ROUTING 43
#define EXT_FRAGMENT 44
#define EXT_DESTINATION 60

static void
headers_ipv4(const uint8_t *data, uint32_t len, struct nicsim_headers *h)
{
	const uint8_t *ip = data + h->l3;
	uint32_t ihl;

	if (len - h->l3 < IPV4_LEN || ip[0] >> 4 != 4)
		return;
	ihl = (ip[0] & 0xf) * 4u;
	if (ihl < IPV4_LEN || ihl > len - h->l3)
		return;
	h->ip = 4;
	h->proto = ip[9];
	if ((nicsim_get16(ip + 6) & 0x3fff) == 0) /* nothing to come, and no offset */
		h->l4 = h->l3 + ihl;
}

/* @return 1 there may be a next one; 0 no, h->l4 is set where one was found */
static int
headers_ipv6_ext(const uint8_t *data, uint32_t len, uint32_t *off, struct nicsim_headers *h)
{
	const uint8_t *ext = data + *off;
	uint8_t type = h->proto;

	if (type != EXT_HOP_BY_HOP && type != EXT_ROUTING && type != EXT_FRAGMENT &&
		type != EXT_DESTINATION) {
		h->l4 = *off;
		return 0;
	}
	if (len - *off < 8)
		return 0;
	h->proto = ext[0];
	if (type == EXT_FRAGMENT)
		return 0;
	if (type == EXT_ROUTING && ext[3] != 0)
		h->routed = true;
	if ((ext[1] + 1u) * 8 > len - *off)
		return 0;
	*off += (ext[1] + 1u) * 8;
	return 1;
}

static void
headers_ipv6(const uint8_t *data, uint32_t len, struct nicsim_headers *h)
{
	uint32_t off = h->l3 + IPV6_LEN;
	unsigned int n;

	if (len - h->l3 < IPV6_LEN || data[h->l3] >> 4 != 6)
		return;
	h->ip = 6;
	h->proto = data[h->l3 + 6];
	for (n = 0; n <= IPV6_EXT_MAX; n++) {
		if (headers_ipv6_ext(data, len, &off, h) == 0)
			return;
	}
}

void
nicsim_headers_find(const uint8_t *data, uint32_t len, struct nicsim_headers *h)
{
	*h = (struct nicsim_headers){ .l3 = NICSIM_ETH_LEN };
	h->type = nicsim_get16(data + 12);
	while (nicsim_type_is_vlan(h->type) && h->tags < NICSIM_TAGS &&
		len - h->l3 >= NICSIM_TAG_LEN) {
		h->type = nicsim_get16(data + h->l3 + 2);
		h->l3 += NICSIM_TAG_LEN;
		h->tags++;
	}
	if (h->type == NICSIM_TYPE_IPV4)
		headers_ipv4(data, len, h);
	else if (h->type == NICSIM_TYPE_IPV6)
		headers_ipv6(data, len, h);
}
