/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The device side of a ring, what both formats have in common: its start, the batch of chains that
 * were given back and not yet shown, the state of being broken. Runs under the function's lock;
 * never touches memory but through the formats' files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_ring_priv.h"

static const char *const error_names[] = {
	[NICSIM_RING_OK] = "ok",
	[NICSIM_RING_FAULT] = "fault",
	[NICSIM_RING_INDEX] = "index",
	[NICSIM_RING_HEAD] = "head",
	[NICSIM_RING_LOOP] = "loop",
	[NICSIM_RING_ORDER] = "order",
	[NICSIM_RING_INDIRECT] = "indirect",
	[NICSIM_RING_CUT] = "cut",
	[NICSIM_RING_BUFFER] = "buffer",
};

_Static_assert(
	sizeof(error_names) / sizeof(error_names[0]) == NICSIM_RING_NUM_ERRORS, "a name each");

const char *
nicsim_ring_error_name(enum nicsim_ring_error error)
{
	return error < NICSIM_RING_NUM_ERRORS ? error_names[error] : "unknown";
}

/* 2.7: alignment of the three areas; 2.8.10.1: of the packed format's */
static bool
conf_is_legal(const struct nicsim_ring_conf *conf)
{
	if (conf->size == 0 || conf->size > NICSIM_RING_SIZE_MAX)
		return false;
	if (!conf->packed && (conf->size & (conf->size - 1)) != 0)
		return false;
	return conf->desc % 16 == 0 && conf->driver % (conf->packed ? 4 : 2) == 0 &&
	       conf->device % 4 == 0;
}

int
nicsim_ring_start(
	struct nicsim_ring *r, struct nicsim_dma *dma, const struct nicsim_ring_conf *conf)
{
	if (!conf_is_legal(conf))
		return -EINVAL;
	r->dma = dma;
	r->conf = *conf;
	r->avail = 0;
	r->used = 0;
	r->mark = 0;
	r->avail_wrap = true; /* 2.8.1: both counters start at 1 */
	r->used_wrap = true;
	r->mark_wrap = true;
	r->notify_on = true;
	r->kick_event = 0;
	r->batched = 0;
	r->fresh = 0;
	r->broken = NICSIM_RING_OK;
	if (r->hold != NULL)
		nicsim_hold_reset(r->hold);
	return 0;
}

void
nicsim_ring_fini(struct nicsim_ring *r)
{
	free(r->hold);
	r->hold = NULL;
	r->depth = 0;
}

void
nicsim_ring_break(struct nicsim_ring *r, enum nicsim_ring_error why)
{
	if (r->broken != NICSIM_RING_OK)
		return;
	r->broken = why;
	r->errors[why]++;
}

int
nicsim_ring_take(struct nicsim_ring *r, struct nicsim_chain *chain)
{
	return r->conf.packed ? nicsim_packed_take(r, chain) : nicsim_split_take(r, chain);
}

static bool
wants_disorder(const struct nicsim_ring *r)
{
	return r->depth != 0 && !r->conf.in_order;
}

int
nicsim_ring_pop(struct nicsim_ring *r, struct nicsim_chain *chain)
{
	if (r->broken != NICSIM_RING_OK)
		return -EPROTO;
	if (r->hold != NULL && (wants_disorder(r) || !nicsim_hold_is_empty(r->hold)))
		return nicsim_hold_pop(r, chain);
	return nicsim_ring_take(r, chain);
}

void
nicsim_ring_unpop(struct nicsim_ring *r)
{
	if (r->hold != NULL)
		nicsim_hold_unpop(r->hold);
	r->avail = r->mark;
	r->avail_wrap = r->mark_wrap;
}

/* Also of a ring that broke since: what was done before is not to be done again. */
static void
ring_publish(struct nicsim_ring *r)
{
	if (r->batched != 0) {
		if (r->conf.packed)
			nicsim_packed_publish(r);
		else
			nicsim_split_publish(r);
	}
	r->batched = 0;
}

void
nicsim_ring_push(struct nicsim_ring *r, uint16_t id, uint16_t slots, uint32_t len)
{
	if (r->broken != NICSIM_RING_OK)
		return;
	if (r->batched == NICSIM_RING_BATCH)
		ring_publish(r);
	r->batch[r->batched++] = (struct nicsim_ring_done){ id, slots, len };
	r->mark = r->avail;
	r->mark_wrap = r->avail_wrap;
	if (r->hold != NULL)
		nicsim_hold_done(r->hold);
}

bool
nicsim_ring_flush(struct nicsim_ring *r)
{
	bool wanted;

	ring_publish(r);
	if (r->fresh == 0)
		return false;
	wanted = r->conf.packed ? nicsim_packed_wanted(r) : nicsim_split_wanted(r);
	r->fresh = 0;
	return wanted;
}

bool
nicsim_ring_notify(struct nicsim_ring *r, bool on)
{
	if (r->broken != NICSIM_RING_OK)
		return false;
	r->notify_on = on;
	if (r->conf.packed)
		nicsim_packed_kicks(r, on);
	else
		nicsim_split_kicks(r, on);
	if (!on || r->broken != NICSIM_RING_OK)
		return false;
	if (r->hold != NULL && !nicsim_hold_is_empty(r->hold))
		return true;
	return r->conf.packed ? nicsim_packed_ready(r) : nicsim_split_ready(r);
}

int
nicsim_ring_disorder(struct nicsim_ring *r, uint16_t depth, uint32_t seed)
{
	int ret = 0;

	if (depth > NICSIM_RING_AHEAD)
		return -EINVAL;
	if (depth != 0 && r->hold == NULL)
		ret = nicsim_hold_new(&r->hold);
	if (ret != 0)
		return ret;
	r->depth = depth;
	r->seed = seed;
	return 0;
}
