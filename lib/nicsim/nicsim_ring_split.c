/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Split rings, device side (virtio 1.2, 2.7). Owns the layout of the two areas beside the
 * descriptor table. Runs under the function's lock.
 */

#include "nicsim_ring_priv.h"

/* 2.7.6 and 2.7.8: offsets in the driver's and in the device's area */
#define AVAIL_FLAGS 0
#define AVAIL_IDX 2
#define AVAIL_RING 4
#define USED_FLAGS 0
#define USED_IDX 2
#define USED_RING 4
#define AVAIL_F_NO_INTERRUPT 1
#define USED_F_NO_NOTIFY 1

/* With EVENT_IDX there is no word for "no kicks": an index that is far behind says it. That far,
 * for drivers that look at it late, and renewed before it comes around: a full ring may be
 * available. */
#define KICK_EVENT_BEHIND 0x2000
#define KICK_EVENT_AGE 0x4000

static uint64_t
used_event(const struct nicsim_ring *r)
{
	return r->conf.driver + AVAIL_RING + 2 * (uint64_t)r->conf.size;
}

static uint64_t
avail_event(const struct nicsim_ring *r)
{
	return r->conf.device + USED_RING + 8 * (uint64_t)r->conf.size;
}

static uint16_t
slot_of(const struct nicsim_ring *r, uint16_t idx)
{
	return idx & (r->conf.size - 1);
}

/* Each field once, whatever the driver does to it meanwhile. */
static int
desc_get(struct nicsim_ring *r, uint16_t i, struct nicsim_desc *d)
{
	const struct nicsim_desc *at =
		nicsim_dma_at(r->dma, r->conf.desc + 16 * (uint64_t)i, sizeof(*at), false);

	if (at == NULL)
		return nicsim_ring_fail(r, NICSIM_RING_FAULT);
	d->addr = le64toh(__atomic_load_n(&at->addr, __ATOMIC_RELAXED));
	d->len = le32toh(__atomic_load_n(&at->len, __ATOMIC_RELAXED));
	d->split.flags = le16toh(__atomic_load_n(&at->split.flags, __ATOMIC_RELAXED));
	d->split.next = le16toh(__atomic_load_n(&at->split.next, __ATOMIC_RELAXED));
	return 0;
}

/* 2.7.5.3.2: direct descriptors may come before an indirect one, which is then the last. */
static int
chain_walk(struct nicsim_ring *r, struct nicsim_chain *chain, uint16_t head)
{
	struct nicsim_desc d;
	uint16_t i = head;
	int ret;

	chain->id = head;
	for (chain->slots = 1; chain->slots <= r->conf.size; chain->slots++) {
		if (i >= r->conf.size)
			return nicsim_ring_fail(r, NICSIM_RING_HEAD);
		ret = desc_get(r, i, &d);
		if (ret != 0)
			return ret;
		if ((d.split.flags & DESC_F_INDIRECT) != 0) {
			if ((d.split.flags & DESC_F_NEXT) != 0)
				return nicsim_ring_fail(r, NICSIM_RING_INDIRECT);
			return nicsim_chain_add_table(r, chain, d.addr, d.len);
		}
		ret = nicsim_chain_add(
			r, chain, d.addr, d.len, (d.split.flags & DESC_F_WRITE) != 0);
		if (ret != 0 || (d.split.flags & DESC_F_NEXT) == 0)
			return ret;
		i = d.split.next;
	}
	return nicsim_ring_fail(r, NICSIM_RING_LOOP);
}

int
nicsim_split_take(struct nicsim_ring *r, struct nicsim_chain *chain)
{
	uint16_t idx, head;
	int ret;

	if (!nicsim_ring_get16(r, r->conf.driver + AVAIL_IDX, &idx))
		return -EPROTO;
	if (idx == r->avail)
		return 0;
	if ((uint16_t)(idx - r->avail) > r->conf.size)
		return nicsim_ring_fail(r, NICSIM_RING_INDEX);
	if (!nicsim_ring_get16(
		    r, r->conf.driver + AVAIL_RING + 2 * (uint64_t)slot_of(r, r->avail), &head))
		return -EPROTO;
	nicsim_chain_begin(chain);
	ret = chain_walk(r, chain, head);
	if (ret != 0)
		return ret;
	r->avail++;
	return 1;
}

bool
nicsim_split_ready(struct nicsim_ring *r)
{
	uint16_t idx;

	return nicsim_ring_get16(r, r->conf.driver + AVAIL_IDX, &idx) && idx != r->avail;
}

/* An entry has 8 bytes, aligned to 4 only: it may lie across a page. */
static bool
used_put(struct nicsim_ring *r, uint16_t idx, const struct nicsim_ring_done *done)
{
	uint64_t at = r->conf.device + USED_RING + 8 * (uint64_t)slot_of(r, idx);

	return nicsim_ring_put32(r, at, done->id, __ATOMIC_RELAXED) &&
	       nicsim_ring_put32(r, at + 4, done->len, __ATOMIC_RELAXED);
}

void
nicsim_split_publish(struct nicsim_ring *r)
{
	uint16_t i;

	for (i = 0; i < r->batched; i++) {
		if (!used_put(r, (uint16_t)(r->used + i), &r->batch[i]))
			return;
	}
	if (!nicsim_ring_put16(r, r->conf.device + USED_IDX, (uint16_t)(r->used + r->batched)))
		return;
	r->used = (uint16_t)(r->used + r->batched);
	r->fresh += r->batched;
}

static void
kick_event_put(struct nicsim_ring *r, uint16_t idx)
{
	if (nicsim_ring_put16(r, avail_event(r), idx))
		r->kick_event = idx;
}

bool
nicsim_split_wanted(struct nicsim_ring *r)
{
	uint16_t flags, event;

	/* here, as it is where a ring that is in use always passes */
	if (r->conf.event_idx && !r->notify_on &&
		(uint16_t)(r->avail - r->kick_event) > KICK_EVENT_BEHIND + KICK_EVENT_AGE)
		kick_event_put(r, (uint16_t)(r->avail - KICK_EVENT_BEHIND));
	if (!r->conf.event_idx)
		return nicsim_ring_get16(r, r->conf.driver + AVAIL_FLAGS, &flags) &&
		       (flags & AVAIL_F_NO_INTERRUPT) == 0;
	/* 2.7.7.2: the entry at used_event is one of those published */
	return nicsim_ring_get16(r, used_event(r), &event) &&
	       (uint16_t)(r->used - event - 1) < r->fresh;
}

/* 2.7.10 */
void
nicsim_split_kicks(struct nicsim_ring *r, bool on)
{
	if (r->conf.event_idx)
		kick_event_put(r, on ? r->avail : (uint16_t)(r->avail - KICK_EVENT_BEHIND));
	else
		nicsim_ring_put16(r, r->conf.device + USED_FLAGS, on ? 0 : USED_F_NO_NOTIFY);
}
