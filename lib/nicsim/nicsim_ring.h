/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The device side of one split or packed ring (virtio 1.2, 2.7 and 2.8): takes chains, direct or
 * indirect, and gives them back, in order or out of it. It reaches memory through the function's
 * mappings only. The driver is hostile: each value is read once, each walk is bounded, and a ring
 * with nonsense in it ends in a counted error, after which the ring is left alone until it is set
 * up again.
 *
 * Not thread safe: guarded by the function's lock.
 */
#ifndef NICSIM_RING_H
#define NICSIM_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "nicsim_dma.h"

#define NICSIM_RING_SIZE_MAX 32768
/** Buffers of one chain; a longer one is an error. As QEMU has it. */
#define NICSIM_CHAIN_SEGS 1024
/** Chains that may be taken ahead to be given out of order. */
#define NICSIM_RING_AHEAD 32
/** Out of order: chains that are taken ahead or out and not yet pushed, together. */
#define NICSIM_RING_HOLD 96
/** Chains pushed until they are published at the latest. */
#define NICSIM_RING_BATCH 64

/** What was wrong with a ring; counted in nicsim_ring.errors. */
enum nicsim_ring_error {
	NICSIM_RING_OK,
	NICSIM_RING_FAULT, /**< Ring or buffers are not mapped. */
	NICSIM_RING_INDEX, /**< Available index more than the ring's size ahead. */
	NICSIM_RING_HEAD, /**< A descriptor index beyond the table. */
	NICSIM_RING_LOOP, /**< A chain longer than the ring, or than NICSIM_CHAIN_SEGS. */
	NICSIM_RING_ORDER, /**< A buffer to be read after one to be written (2.7.4.2). */
	/** An indirect table that was not negotiated, is empty, no multiple of 16 long, nested, or
	 *  has NEXT beside it (2.7.5.3); packed: one in a chain at all (2.8.19). */
	NICSIM_RING_INDIRECT,
	NICSIM_RING_CUT, /**< Packed: a chain whose later descriptors are not available (2.8.21). */
	NICSIM_RING_BUFFER, /**< A chain that does not do for what the queue is for. */
	NICSIM_RING_NUM_ERRORS
};

struct nicsim_seg {
	uint64_t iova;
	uint32_t len;
	bool write; /**< The device writes it. */
};

struct nicsim_chain {
	uint16_t id; /**< Split: head descriptor; packed: buffer id. */
	uint16_t slots; /**< Descriptors of the ring that it takes; 1 for an indirect one. */
	uint16_t n; /**< Buffers, 1..; those that the device reads first. */
	uint64_t readable; /**< Bytes in all. */
	uint64_t writable;
	struct nicsim_seg seg[NICSIM_CHAIN_SEGS];
};

struct nicsim_ring_conf {
	uint64_t desc, driver, device; /**< The three areas, by IOVA. */
	uint16_t size; /**< 1..32768; a power of 2 for split. */
	bool packed, event_idx, indirect, in_order; /**< As negotiated. */
};

/** A chain that was pushed. */
struct nicsim_ring_done {
	uint16_t id;
	uint16_t slots;
	uint32_t len;
};

struct nicsim_hold;

/** All zero before nicsim_ring_start() is called for the first time. */
struct nicsim_ring {
	struct nicsim_dma *dma;
	struct nicsim_ring_conf conf;
	uint16_t avail; /**< Split: next available index; packed: next slot. */
	uint16_t used; /**< Split: used index as published; packed: next slot to write. */
	bool avail_wrap, used_wrap; /**< Packed. */
	uint16_t mark; /**< avail at the last push: nicsim_ring_unpop() goes back there. */
	bool mark_wrap;
	bool notify_on; /**< Kicks are asked for. */
	uint16_t kick_event; /**< Split, EVENT_IDX: what was written last to put off kicks. */
	uint16_t batched; /**< Of batch[]: pushed, not published. */
	uint32_t fresh; /**< Published since the last flush; split: entries, packed: slots. */
	uint16_t depth; /**< Chains taken ahead to be given out of order; 0: in order. */
	uint32_t seed;
	struct nicsim_hold *hold; /**< Those; NULL: never out of order. */
	enum nicsim_ring_error broken; /**< Not OK: left alone until set up again. */
	uint64_t errors[NICSIM_RING_NUM_ERRORS];
	struct nicsim_ring_done batch[NICSIM_RING_BATCH];
};

/**
 * Set a ring up at its start, index 0, with kicks asked for as zeroed memory says. Chains that it
 * had taken are forgotten, what was pushed and not published too. Counters and disorder are kept.
 *
 * @return 0; -EINVAL a size or an alignment that the specification forbids (2.7, 2.8.10.1)
 */
int nicsim_ring_start(struct nicsim_ring *r, struct nicsim_dma *dma,
	const struct nicsim_ring_conf *conf);

/** Free what a ring holds; also one that is all zero, and twice. */
void nicsim_ring_fini(struct nicsim_ring *r);

/**
 * Take the next chain.
 *
 * @param chain  filled on 1, undefined otherwise
 * @return 1; 0 none is available, or out of order and NICSIM_RING_HOLD are out; -EPROTO the ring is
 *         broken, see r->broken
 */
int nicsim_ring_pop(struct nicsim_ring *r, struct nicsim_chain *chain);

/** Put all chains back that were taken since the last push, or start: they come out again first, in
 *  the same order. */
void nicsim_ring_unpop(struct nicsim_ring *r);

/**
 * Give a chain back; the driver sees it after nicsim_ring_flush(), or once NICSIM_RING_BATCH more
 * are pushed. Nothing of it is in memory before.
 *
 * @param slots  of the chain
 * @param len    bytes written to it
 */
void nicsim_ring_push(struct nicsim_ring *r, uint16_t id, uint16_t slots, uint32_t len);

/** Publish what was pushed. @return whether an interrupt is called for, because of anything
 *  published since the last call (2.7.7, 2.8.10) */
bool nicsim_ring_flush(struct nicsim_ring *r);

/** Whether nicsim_ring_flush() has anything to do. */
static inline bool
nicsim_ring_is_dirty(const struct nicsim_ring *r)
{
	return r->batched != 0 || r->fresh != 0;
}

/**
 * Ask for kicks, or tell the driver not to bother (2.7.10, 2.8.10).
 *
 * @return on: whether chains are available now: to be served although no kick may come for them
 */
bool nicsim_ring_notify(struct nicsim_ring *r, bool on);

/**
 * Take chains ahead from now on, and give them out in random order; or no more, once those taken
 * are given out. Kept over nicsim_ring_start(). Without effect on a ring with IN_ORDER.
 *
 * @param depth  0..NICSIM_RING_AHEAD; 0: in order
 * @param seed   the same seed, the same order
 * @return 0; -EINVAL; -ENOMEM (1.6 MB of address space the first time)
 */
int nicsim_ring_disorder(struct nicsim_ring *r, uint16_t depth, uint32_t seed);

/** Break the ring for a reason that its user found: counted. */
void nicsim_ring_break(struct nicsim_ring *r, enum nicsim_ring_error why);

/** Name of an error, lower case, no blanks. */
const char *nicsim_ring_error_name(enum nicsim_ring_error error);

/**
 * Copy from the readable part of a chain: len bytes from byte off on.
 *
 * @return 0; -ERANGE the chain is shorter; -EFAULT not mapped, the ring is broken
 */
int nicsim_chain_read(struct nicsim_ring *r, const struct nicsim_chain *chain, uint64_t off,
	void *buf, uint32_t len);

/** Copy to the writable part of a chain. @return as nicsim_chain_read() */
int nicsim_chain_write(struct nicsim_ring *r, const struct nicsim_chain *chain, uint64_t off,
	const void *buf, uint32_t len);

#endif /* NICSIM_RING_H */
