/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the files of the ring engine share: the two formats behind nicsim_ring.c, the building of
 * chains, and the store of chains taken ahead.
 */
#ifndef NICSIM_RING_PRIV_H
#define NICSIM_RING_PRIV_H

#include <endian.h>
#include <errno.h>
#include <stddef.h>

#include "nicsim_ring.h"

/* virtio 1.2, 2.7.5 and 2.8.1 */
#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_INDIRECT 4
#define DESC_F_AVAIL (1 << 7)
#define DESC_F_USED (1 << 15)

/* 2.7.5 and 2.8.13: the two formats differ in the order of the last two. */
struct nicsim_desc {
	uint64_t addr;
	uint32_t len;
	union {
		struct {
			uint16_t flags;
			uint16_t next;
		} split;
		struct {
			uint16_t id;
			uint16_t flags;
		} packed;
	};
};

_Static_assert(sizeof(struct nicsim_desc) == 16, "2.7.5, 2.8.13");

/* Break the ring. @return -EPROTO */
static inline int
nicsim_ring_fail(struct nicsim_ring *r, enum nicsim_ring_error why)
{
	nicsim_ring_break(r, why);
	return -EPROTO;
}

/*
 * The formats. take: 1, the position moved on; 0; -EPROTO. ready: whether a chain is available,
 * read after what was written before. publish: all of the batch. wanted: whether what was published
 * since the last flush is what the driver waits for, read after it was published. kicks: ask for
 * them or not.
 */
int nicsim_split_take(struct nicsim_ring *r, struct nicsim_chain *chain);
bool nicsim_split_ready(struct nicsim_ring *r);
void nicsim_split_publish(struct nicsim_ring *r);
bool nicsim_split_wanted(struct nicsim_ring *r);
void nicsim_split_kicks(struct nicsim_ring *r, bool on);

int nicsim_packed_take(struct nicsim_ring *r, struct nicsim_chain *chain);
bool nicsim_packed_ready(struct nicsim_ring *r);
void nicsim_packed_publish(struct nicsim_ring *r);
bool nicsim_packed_wanted(struct nicsim_ring *r);
void nicsim_packed_kicks(struct nicsim_ring *r, bool on);

/* Chains out of the ring, whatever its format, in its own order. */
int nicsim_ring_take(struct nicsim_ring *r, struct nicsim_chain *chain);

/* nicsim_chain.c: building one. 0; -EPROTO */
void nicsim_chain_begin(struct nicsim_chain *chain);
int nicsim_chain_add(
	struct nicsim_ring *r, struct nicsim_chain *chain, uint64_t iova, uint32_t len, bool write);
int nicsim_chain_add_table(
	struct nicsim_ring *r, struct nicsim_chain *chain, uint64_t iova, uint32_t len);

/* nicsim_ring_hold.c: chains taken ahead; r->hold is there. */
int nicsim_hold_new(struct nicsim_hold **hold);
void nicsim_hold_reset(struct nicsim_hold *hold);
bool nicsim_hold_is_empty(const struct nicsim_hold *hold); /* none waits to be given out */
int nicsim_hold_pop(struct nicsim_ring *r, struct nicsim_chain *chain); /* as nicsim_ring_pop() */
void nicsim_hold_unpop(struct nicsim_hold *hold);
void nicsim_hold_done(struct nicsim_hold *hold); /* those given out stay out */

/*
 * The ring's own objects in guest memory; false: not mapped, the ring is broken. Sequentially
 * consistent, as these are what the other side's sleep depends on: what was published is stored
 * before it is looked whether the driver wants to hear of it, kicks are asked for before it is
 * looked for chains. (Not by fences, which the thread sanitizer does not know.)
 */
static inline bool
nicsim_ring_get16(struct nicsim_ring *r, uint64_t iova, uint16_t *val)
{
	const uint16_t *at = nicsim_dma_at(r->dma, iova, sizeof(*at), false);

	if (at == NULL) {
		nicsim_ring_break(r, NICSIM_RING_FAULT);
		return false;
	}
	*val = le16toh(__atomic_load_n(at, __ATOMIC_SEQ_CST));
	return true;
}

static inline bool
nicsim_ring_put16(struct nicsim_ring *r, uint64_t iova, uint16_t val)
{
	uint16_t *at = nicsim_dma_at(r->dma, iova, sizeof(*at), true);

	if (at == NULL) {
		nicsim_ring_break(r, NICSIM_RING_FAULT);
		return false;
	}
	__atomic_store_n(at, htole16(val), __ATOMIC_SEQ_CST);
	return true;
}

static inline bool
nicsim_ring_get32(struct nicsim_ring *r, uint64_t iova, uint32_t *val)
{
	const uint32_t *at = nicsim_dma_at(r->dma, iova, sizeof(*at), false);

	if (at == NULL) {
		nicsim_ring_break(r, NICSIM_RING_FAULT);
		return false;
	}
	*val = le32toh(__atomic_load_n(at, __ATOMIC_SEQ_CST));
	return true;
}

static inline bool
nicsim_ring_put32(struct nicsim_ring *r, uint64_t iova, uint32_t val, int order)
{
	uint32_t *at = nicsim_dma_at(r->dma, iova, sizeof(*at), true);

	if (at == NULL) {
		nicsim_ring_break(r, NICSIM_RING_FAULT);
		return false;
	}
	if (order == __ATOMIC_SEQ_CST)
		__atomic_store_n(at, htole32(val), __ATOMIC_SEQ_CST);
	else
		__atomic_store_n(at, htole32(val), __ATOMIC_RELAXED);
	return true;
}

#endif /* NICSIM_RING_PRIV_H */
