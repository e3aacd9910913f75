/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Packed rings, device side (virtio 1.2, 2.8). Owns wrap counters and the two event suppression
 * structures. Runs under the function's lock.
 */

#include "nicsim_ring_priv.h"

/* 2.8.14: event suppression, offset in the low half, flags in the high half of its 32 bits */
#define EVENT_WRAP (1u << 15)
#define EVENT_FLAGS_SHIFT 16
#define EVENT_ENABLE 0
#define EVENT_DISABLE 1
#define EVENT_DESC 2

static uint64_t
desc_iova(const struct nicsim_ring *r, uint16_t slot)
{
	return r->conf.desc + 16 * (uint64_t)slot;
}

/* slots is the ring's size at most: once around at most. */
static void
position_move(const struct nicsim_ring *r, uint16_t *slot, bool *wrap, uint16_t slots)
{
	uint32_t to = (uint32_t)*slot + slots;

	if (to >= r->conf.size) {
		to -= r->conf.size;
		*wrap = !*wrap;
	}
	*slot = (uint16_t)to;
}

static bool
is_available(uint16_t flags, bool wrap)
{
	return ((flags & DESC_F_AVAIL) != 0) == wrap && ((flags & DESC_F_USED) != 0) != wrap;
}

/* 1; 0 it is not available; -EPROTO. The flags first: the rest is the device's once they say so. */
static int
desc_get(struct nicsim_ring *r, uint16_t slot, bool wrap, struct nicsim_desc *d)
{
	const struct nicsim_desc *at =
		nicsim_dma_at(r->dma, desc_iova(r, slot), sizeof(*at), false);

	if (at == NULL)
		return nicsim_ring_fail(r, NICSIM_RING_FAULT);
	d->packed.flags = le16toh(__atomic_load_n(&at->packed.flags, __ATOMIC_SEQ_CST));
	if (!is_available(d->packed.flags, wrap))
		return 0;
	d->addr = le64toh(__atomic_load_n(&at->addr, __ATOMIC_RELAXED));
	d->len = le32toh(__atomic_load_n(&at->len, __ATOMIC_RELAXED));
	d->packed.id = le16toh(__atomic_load_n(&at->packed.id, __ATOMIC_RELAXED));
	return 1;
}

static int
desc_add(struct nicsim_ring *r, struct nicsim_chain *chain, const struct nicsim_desc *d)
{
	if ((d->packed.flags & DESC_F_INDIRECT) == 0)
		return nicsim_chain_add(
			r, chain, d->addr, d->len, (d->packed.flags & DESC_F_WRITE) != 0);
	/* 2.8.19: alone, unlike in a split ring */
	if (chain->slots != 1 || (d->packed.flags & DESC_F_NEXT) != 0)
		return nicsim_ring_fail(r, NICSIM_RING_INDIRECT);
	return nicsim_chain_add_table(r, chain, d->addr, d->len);
}

int
nicsim_packed_take(struct nicsim_ring *r, struct nicsim_chain *chain)
{
	uint16_t slot = r->avail;
	bool wrap = r->avail_wrap;
	struct nicsim_desc d;
	int ret;

	nicsim_chain_begin(chain);
	for (chain->slots = 1; chain->slots <= r->conf.size; chain->slots++) {
		ret = desc_get(r, slot, wrap, &d);
		if (ret == 0 && chain->slots > 1)
			ret = nicsim_ring_fail(r, NICSIM_RING_CUT);
		if (ret != 1)
			return ret;
		ret = desc_add(r, chain, &d);
		if (ret != 0)
			return ret;
		position_move(r, &slot, &wrap, 1);
		if ((d.packed.flags & DESC_F_NEXT) == 0) {
			chain->id = d.packed.id; /* 2.8.6: of the last one */
			r->avail = slot;
			r->avail_wrap = wrap;
			return 1;
		}
	}
	return nicsim_ring_fail(r, NICSIM_RING_LOOP);
}

bool
nicsim_packed_ready(struct nicsim_ring *r)
{
	uint16_t flags;

	return nicsim_ring_get16(r,
		       desc_iova(r, r->avail) + offsetof(struct nicsim_desc, packed.flags),
		       &flags) &&
	       is_available(flags, r->avail_wrap);
}

/* 2.8.1: both bits are the wrap counter. 2.8.3: WRITE where the device wrote something. */
static uint16_t
used_flags(bool wrap, uint32_t len)
{
	return (uint16_t)((wrap ? DESC_F_AVAIL | DESC_F_USED : 0) | (len != 0 ? DESC_F_WRITE : 0));
}

static bool
used_put(struct nicsim_ring *r, uint16_t slot, const struct nicsim_ring_done *done)
{
	struct nicsim_desc *at = nicsim_dma_at(r->dma, desc_iova(r, slot), sizeof(*at), true);

	if (at == NULL) {
		nicsim_ring_break(r, NICSIM_RING_FAULT);
		return false;
	}
	__atomic_store_n(&at->len, htole32(done->len), __ATOMIC_RELAXED);
	__atomic_store_n(&at->packed.id, htole16(done->id), __ATOMIC_RELAXED);
	return true;
}

static bool
flags_put(struct nicsim_ring *r, uint16_t slot, bool wrap, uint32_t len)
{
	return nicsim_ring_put16(r, desc_iova(r, slot) + offsetof(struct nicsim_desc, packed.flags),
		used_flags(wrap, len));
}

/* The flags of the first one last: the driver looks at the others only after that one. */
void
nicsim_packed_publish(struct nicsim_ring *r)
{
	uint16_t slot = r->used, i;
	bool wrap = r->used_wrap;
	uint32_t slots = 0;

	for (i = 0; i < r->batched; i++) {
		if (!used_put(r, slot, &r->batch[i]))
			return;
		if (i != 0 && !flags_put(r, slot, wrap, r->batch[i].len))
			return;
		position_move(r, &slot, &wrap, r->batch[i].slots);
		slots += r->batch[i].slots;
	}
	if (!flags_put(r, r->used, r->used_wrap, r->batch[0].len))
		return;
	r->used = slot;
	r->used_wrap = wrap;
	r->fresh += slots;
}

/* Positions of two laps, one with either wrap counter, in a line. */
static uint32_t
linear(const struct nicsim_ring *r, uint16_t slot, bool wrap)
{
	return (uint32_t)slot + (wrap ? 0 : r->conf.size);
}

/* 2.8.14: offset and flags in one read. Flags that there are not mean enabled: an interrupt too
 * many harms less than one too few. */
bool
nicsim_packed_wanted(struct nicsim_ring *r)
{
	uint32_t event, at, behind, laps = 2 * (uint32_t)r->conf.size;
	uint16_t offset;

	if (!nicsim_ring_get32(r, r->conf.driver, &event))
		return false;
	if (event >> EVENT_FLAGS_SHIFT == EVENT_DISABLE)
		return false;
	if (event >> EVENT_FLAGS_SHIFT != EVENT_DESC || !r->conf.event_idx)
		return true;
	offset = event & (EVENT_WRAP - 1);
	if (offset >= r->conf.size)
		return true;
	at = linear(r, offset, (event & EVENT_WRAP) != 0);
	/* slots from the event to where used is now: it is passed if that many are new */
	behind = (linear(r, r->used, r->used_wrap) + laps - at) % laps;
	return r->fresh >= laps || (behind != 0 && behind <= r->fresh);
}

void
nicsim_packed_kicks(struct nicsim_ring *r, bool on)
{
	uint32_t event = EVENT_DISABLE;

	if (on)
		event = r->conf.event_idx ? EVENT_DESC : EVENT_ENABLE;
	event <<= EVENT_FLAGS_SHIFT;
	if (on)
		event |= r->avail | (r->avail_wrap ? EVENT_WRAP : 0);
	nicsim_ring_put32(r, r->conf.device, event, __ATOMIC_SEQ_CST);
}
