/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Chains taken ahead, to be given out of order. Owns copies of them, as a packed ring's descriptors
 * are gone once a later chain is given back over them. Runs under the function's lock; allocates in
 * nicsim_hold_new() only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_ring_priv.h"

/* The first `out` of at[] were given out and may come back, the next `ahead` wait. */
struct nicsim_hold {
	uint16_t out;
	uint16_t ahead;
	uint16_t again; /* of those that wait: put back, the first ones, before any other */
	struct nicsim_chain *at[NICSIM_RING_HOLD];
	struct nicsim_chain chain[NICSIM_RING_HOLD];
};

int
nicsim_hold_new(struct nicsim_hold **hold)
{
	struct nicsim_hold *h = calloc(1, sizeof(*h)); /* pages are touched as chains need them */
	unsigned int i;

	if (h == NULL)
		return -ENOMEM;
	for (i = 0; i < NICSIM_RING_HOLD; i++)
		h->at[i] = &h->chain[i];
	*hold = h;
	return 0;
}

void
nicsim_hold_reset(struct nicsim_hold *hold)
{
	hold->out = 0;
	hold->ahead = 0;
	hold->again = 0;
}

bool
nicsim_hold_is_empty(const struct nicsim_hold *hold)
{
	return hold->ahead == 0;
}

static void
swap(struct nicsim_hold *hold, unsigned int a, unsigned int b)
{
	struct nicsim_chain *chain = hold->at[a];

	hold->at[a] = hold->at[b];
	hold->at[b] = chain;
}

/* xorshift: not to be unpredictable, but to be the same for the same seed */
static uint32_t
draw(struct nicsim_ring *r, uint32_t below)
{
	uint32_t x = r->seed != 0 ? r->seed : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	r->seed = x;
	return x % below;
}

static int
fill(struct nicsim_ring *r)
{
	struct nicsim_hold *hold = r->hold;
	int ret;

	while (hold->ahead < r->depth && hold->out + hold->ahead < NICSIM_RING_HOLD) {
		ret = nicsim_ring_take(r, hold->at[hold->out + hold->ahead]);
		if (ret != 1)
			return ret;
		hold->ahead++;
		/* what is held does not go back into the ring */
		r->mark = r->avail;
		r->mark_wrap = r->avail_wrap;
	}
	return 0;
}

int
nicsim_hold_pop(struct nicsim_ring *r, struct nicsim_chain *chain)
{
	struct nicsim_hold *hold = r->hold;
	const struct nicsim_chain *from;
	int ret = fill(r);

	if (ret < 0)
		return ret;
	if (hold->ahead == 0)
		return 0;
	if (hold->again != 0)
		hold->again--;
	else
		swap(hold, hold->out, hold->out + draw(r, hold->ahead));
	from = hold->at[hold->out++];
	hold->ahead--;
	memcpy(chain, from, offsetof(struct nicsim_chain, seg) + from->n * sizeof(from->seg[0]));
	return 1;
}

void
nicsim_hold_unpop(struct nicsim_hold *hold)
{
	hold->again += hold->out;
	hold->ahead += hold->out;
	hold->out = 0;
}

void
nicsim_hold_done(struct nicsim_hold *hold)
{
	unsigned int i;

	/* those that wait move down, in their order */
	for (i = 0; hold->out != 0 && i < hold->ahead; i++)
		swap(hold, i, hold->out + i);
	hold->out = 0;
}
