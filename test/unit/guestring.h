/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The driver side of one ring with any number of chains outstanding, as a guest has it: direct and
 * indirect chains, completions in any order, suppression of kicks and interrupts. Strict about what
 * the device does; written from the specification's text, with positions that never wrap, and
 * sharing no line with the device side that it is there to test. One thread at a time.
 */
#ifndef GUESTRING_H
#define GUESTRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUESTRING_TABLE 24 /* buffers of an indirect table at most */

struct guestring_conf {
	uint16_t size;
	bool packed, event_idx, in_order;
};

struct guestring_buf {
	uint64_t iova;
	uint32_t len;
};

/* A chain outstanding, by its id. */
struct guestring_chain {
	bool busy;
	uint16_t slots;
	uint64_t order; /* counted up with each chain */
	uint64_t cookie;
	uint64_t writable;
};

struct guestring {
	struct guestring_conf conf;
	uint8_t *mem; /* ring and indirect tables; the caller's */
	uint64_t iova; /* of mem */
	size_t driver_off, device_off, table_off;
	struct guestring_chain *chain;
	uint16_t *next; /* split: descriptors' own links, that the device cannot change */
	uint16_t *free_id; /* split: descriptors */
	uint32_t num_free; /* ids */
	uint32_t room; /* descriptors */
	uint32_t busy; /* chains outstanding */
	uint64_t orders, orders_seen;
	/* Positions, from the start on. Split: entries; packed: slots. */
	uint64_t added;
	uint64_t kicked; /* added, when it was last looked whether to kick */
	uint64_t seen; /* used chains taken back */
	uint32_t rand;
	uint8_t *table_copy; /* split: what the device has no business to write */
	const char *wrong; /* what the device did and may not; NULL: nothing */
};

/** Bytes for ring and tables, a multiple of 4096. */
size_t guestring_bytes(const struct guestring_conf *conf);

/**
 * @param mem   guestring_bytes() of it, aligned to 4096; zeroed here
 * @param iova  of mem
 * @param seed  for the choice of descriptors and ids
 * @return 0; -ENOMEM
 */
int guestring_init(struct guestring *g, const struct guestring_conf *conf, void *mem, uint64_t iova,
	uint32_t seed);
void guestring_fini(struct guestring *g);

uint64_t guestring_desc(const struct guestring *g);
uint64_t guestring_driver(const struct guestring *g);
uint64_t guestring_device(const struct guestring *g);

/**
 * Make a chain available.
 *
 * @param indirect  through a table; split: `direct` of the buffers come as descriptors before it
 * @return its id; -ENOSPC
 */
int guestring_add(struct guestring *g, const struct guestring_buf *bufs, uint16_t n_out,
	uint16_t n_in, bool indirect, uint16_t direct, uint64_t cookie);

/** Whether the device is to be kicked for what was added since the last call. */
bool guestring_kick(struct guestring *g);

/** Take a chain back. @return 1; 0 none; -EPROTO the device did something wrong: g->wrong */
int guestring_used(struct guestring *g, uint64_t *cookie, uint32_t *len);

/**
 * Ask for an interrupt, or for none.
 *
 * @param ahead  EVENT_IDX: positions to be used before the one that is to interrupt
 * @return on: whether chains came back already
 */
bool guestring_arm(struct guestring *g, bool on, uint16_t ahead);

/** Whether the device left alone what is the driver's. */
bool guestring_is_intact(const struct guestring *g);

#endif /* GUESTRING_H */
