/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the match-action table compares: the fields of a frame or of a rule packed into words, and
 * the mask over them. For nicsim_flow.c.
 */
#ifndef NICSIM_FLOW_KEY_H
#define NICSIM_FLOW_KEY_H

#include "nicsim_flow.h"

#define NICSIM_FLOW_WORDS 3

struct nicsim_flow_key {
	uint64_t word[NICSIM_FLOW_WORDS];
};

/** What all rules of one table have in common. */
struct nicsim_flow_mask {
	struct nicsim_flow_key bits;
	uint8_t priority;
	bool behind_tag; /**< The ethertype is the one behind the outermost tag. */
};

/** Of one frame: [0] with its first type field, [1] with the one behind the outermost tag. */
void nicsim_flow_key_frame(const struct nicsim_frame *frame, struct nicsim_end from,
	struct nicsim_flow_key key[2]);

/** @return 0; -EINVAL a match that means nothing */
int nicsim_flow_key_rule(const struct nicsim_flow_match *match, struct nicsim_flow_mask *mask,
	struct nicsim_flow_key *key);

/** The order in which tables are looked at. @return below 0: a first; 0: they are the same */
int nicsim_flow_mask_order(const struct nicsim_flow_mask *a, const struct nicsim_flow_mask *b);

/** Key under a mask. */
static inline struct nicsim_flow_key
nicsim_flow_key_and(const struct nicsim_flow_key *key, const struct nicsim_flow_key *bits)
{
	struct nicsim_flow_key k = { { key->word[0] & bits->word[0], key->word[1] & bits->word[1],
		key->word[2] & bits->word[2] } };

	return k;
}

static inline bool
nicsim_flow_key_equal(const struct nicsim_flow_key *a, const struct nicsim_flow_key *b)
{
	return ((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) |
		(a->word[2] ^ b->word[2])) == 0;
}

uint32_t nicsim_flow_key_hash(const struct nicsim_flow_key *key);

#endif /* NICSIM_FLOW_KEY_H */
