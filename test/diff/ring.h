/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The driver side of a split or packed ring with any number of chains outstanding, for tests. It is
 * strict: whatever a device gives back that the specification (virtio 1.2, 2.7 and 2.8) does not
 * let it is told, and ends the use of the ring. One thread; touches no register.
 */
#ifndef DIFF_RING_H
#define DIFF_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <vring_drv.h>

#define DIFF_RING_MAX 256 /**< Entries. */
#define DIFF_CHAIN_MAX 32 /**< Buffers of one chain. */
#define DIFF_RING_BYTES 0x8000 /**< Of memory for the ring itself, page aligned. */
/** Of memory for indirect tables. */
#define DIFF_TABLE_BYTES (DIFF_RING_MAX * DIFF_CHAIN_MAX * 16)

enum diff_irq {
	DIFF_IRQ_ON,
	DIFF_IRQ_OFF,
	DIFF_IRQ_AT, /**< EVENT_IDX: when so many more are used. */
};

struct diff_chain {
	bool out; /**< The device has it. */
	uint16_t slots;
	uint32_t writable;
	unsigned int token;
};

struct diff_ring {
	uint8_t *mem, *table;
	uint64_t iova, table_iova;
	uint32_t driver_off, device_off;
	uint16_t size;
	bool packed, event_idx, in_order;
	/* Split: free running indexes; packed: slots, with wrap counters. */
	uint16_t next, used;
	bool next_wrap, used_wrap;
	uint16_t desc; /**< Split: the descriptor that comes next. */
	uint16_t free; /**< Descriptors. */
	uint16_t fresh; /**< Entries or slots made available since the last look at kicks. */
	uint16_t fifo
		[DIFF_RING_MAX]; /**< Heads or ids of chains in the order that they were added. */
	uint16_t fifo_first, fifo_n;
	uint16_t batch; /**< Of these: given back by one entry, and not told yet. */
	struct diff_chain chain[DIFF_RING_MAX]; /**< By head or id. */
	bool used_write; /**< Packed: the WRITE flag of what was given back last. */
	const char *wrong; /**< What the device did and may not; NULL: nothing. */
};

/**
 * Lay a ring out at index 0.
 *
 * @param mem,iova    DIFF_RING_BYTES, then DIFF_TABLE_BYTES
 * @param size        entries, 1..DIFF_RING_MAX, a power of 2 for split
 * @param features    negotiated
 */
void diff_ring_init(
	struct diff_ring *r, void *mem, uint64_t iova, uint16_t size, uint64_t features);

/**
 * Make a chain available: n_out buffers that the device reads, then n_in that it writes.
 *
 * @param indirect  by a table; INDIRECT_DESC was negotiated
 * @param token     comes back with it
 * @return 0; -ENOSPC
 */
int diff_ring_add(struct diff_ring *r, const struct vring_buf *bufs, unsigned int n_out,
	unsigned int n_in, bool indirect, unsigned int token);

/** Whether the device wants to be told of what was added since the last call. */
bool diff_ring_kick(struct diff_ring *r);

/** @return 1 token and len of the next one used; 0 none yet; -EPROTO see r->wrong */
int diff_ring_get(struct diff_ring *r, unsigned int *token, uint32_t *len);

/** @param ahead  for DIFF_IRQ_AT: 1: as DIFF_IRQ_ON */
void diff_ring_irq(struct diff_ring *r, enum diff_irq irq, uint16_t ahead);

/** Split: the used index as it is in memory; packed: slot of the next used descriptor. */
uint16_t diff_ring_used_index(const struct diff_ring *r);

#endif /* DIFF_RING_H */
