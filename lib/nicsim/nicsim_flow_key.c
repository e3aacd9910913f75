/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Keys and masks of the match-action table. Owns where which field lies in them; any thread.
 */
#include <errno.h>

#include "nicsim_flow_key.h"
#include "nicsim_headers.h"

/*
 * word 0: where it comes from: port << 16 | representor << 1 | tagged
 * word 1: destination address << 16 | type
 * word 2: source address << 16 | TCI of the outermost tag
 */
#define BIT_REPRESENTOR UINT64_C(2)
#define BIT_TAGGED UINT64_C(1)

static uint64_t
key_word(const uint8_t *mac, uint16_t low)
{
	return (uint64_t)nicsim_get32(mac) << 32 | (uint32_t)nicsim_get16(mac + 4) << 16 | low;
}

static uint64_t
key_end(struct nicsim_end end)
{
	return (uint64_t)end.port << 16 | (end.representor ? BIT_REPRESENTOR : 0);
}

void
nicsim_flow_key_frame(const struct nicsim_frame *frame, struct nicsim_end from,
	struct nicsim_flow_key key[2])
{
	const uint8_t *data = frame->data;
	uint16_t type = nicsim_get16(data + 12), inner = type, tci = 0;
	bool tagged = nicsim_type_is_vlan(type) &&
		frame->len >= NICSIM_FRAME_MIN + NICSIM_TAG_LEN;

	if (tagged) {
		tci = nicsim_get16(data + 14);
		inner = nicsim_get16(data + 16);
	}
	key[0].word[0] = key_end(from) | (tagged ? BIT_TAGGED : 0);
	key[0].word[1] = key_word(data, type);
	key[0].word[2] = key_word(data + 6, tci);
	key[1] = key[0];
	key[1].word[1] = key_word(data, inner);
}

int
nicsim_flow_key_rule(const struct nicsim_flow_match *match, struct nicsim_flow_mask *mask,
	struct nicsim_flow_key *key)
{
	const struct nicsim_end all = { .port = UINT16_MAX, .representor = true };
	struct nicsim_flow_key val;

	if (match->vlan != NICSIM_VLAN_ANY && match->vlan != NICSIM_VLAN_NONE &&
		match->vlan != NICSIM_VLAN_TAGGED)
		return -EINVAL;
	if (match->vlan != NICSIM_VLAN_TAGGED && match->tci_mask != 0)
		return -EINVAL;
	/* Without a source: any port, but no representor. */
	mask->bits.word[0] = match->has_from ? key_end(all) : BIT_REPRESENTOR;
	val.word[0] = match->has_from ? key_end(match->from) : 0;
	if (match->vlan != NICSIM_VLAN_ANY)
		mask->bits.word[0] |= BIT_TAGGED;
	if (match->vlan == NICSIM_VLAN_TAGGED)
		val.word[0] |= BIT_TAGGED;
	mask->bits.word[1] = key_word(match->dst_mask, match->ethertype_mask);
	val.word[1] = key_word(match->dst, match->ethertype);
	mask->bits.word[2] = key_word(match->src_mask, match->tci_mask);
	val.word[2] = key_word(match->src, match->tci);
	mask->behind_tag = match->vlan == NICSIM_VLAN_TAGGED;
	*key = nicsim_flow_key_and(&val, &mask->bits);
	return 0;
}

static int
mask_bits(const struct nicsim_flow_mask *mask)
{
	int i, bits = 0;

	for (i = 0; i < NICSIM_FLOW_WORDS; i++)
		bits += __builtin_popcountll(mask->bits.word[i]);
	return bits;
}

int
nicsim_flow_mask_order(const struct nicsim_flow_mask *a, const struct nicsim_flow_mask *b)
{
	int i;

	if (a->priority != b->priority)
		return a->priority - b->priority;
	i = mask_bits(b) - mask_bits(a);
	if (i != 0)
		return i;
	for (i = 0; i < NICSIM_FLOW_WORDS; i++)
		if (a->bits.word[i] != b->bits.word[i])
			return a->bits.word[i] > b->bits.word[i] ? -1 : 1;
	return a->behind_tag - b->behind_tag;
}

uint32_t
nicsim_flow_key_hash(const struct nicsim_flow_key *key)
{
	uint64_t h = key->word[0];

	/* Multiplying carries upwards only, so what was carried comes down before the next word. */
	h = h * UINT64_C(0x9e3779b97f4a7c15) ^ key->word[1];
	h = (h ^ h >> 32) * UINT64_C(0xff51afd7ed558ccd) ^ key->word[2];
	h = (h ^ h >> 32) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(h >> 32);
}
