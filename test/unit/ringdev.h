/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The device side of one split or packed ring, the other end of what lib/vring writes: takes chains
 * and gives them back, and is strict about what it takes. Reads and writes memory through a window
 * of device addresses, as an IOMMU would let it. One thread at a time.
 */
#ifndef RINGDEV_H
#define RINGDEV_H

#include <stdbool.h>
#include <stdint.h>

#define RINGDEV_CHAIN_MAX 64

/** The memory that the device can reach: [iova, iova + len) is at va. */
struct ringdev_window {
	uint64_t iova;
	uint64_t len;
	uint8_t *va;
};

struct ringdev_buf {
	uint8_t *va;
	uint32_t len;
	bool write; /* the device writes it */
};

struct ringdev_chain {
	struct ringdev_buf buf[RINGDEV_CHAIN_MAX];
	uint16_t n; /* buffers, one for each descriptor */
	uint16_t id;
};

struct ringdev {
	struct ringdev_window win;
	uint8_t *desc;
	uint8_t *driver;
	uint8_t *device;
	uint16_t size;
	uint16_t avail; /* split: available index; packed: slot to look at next */
	uint16_t used; /* split: used index; packed: slot to write next */
	bool packed;
	bool avail_wrap;
	bool used_wrap;
};

/** @return where len bytes at iova are; NULL where not all of them are in the window */
void *ringdev_at(const struct ringdev_window *win, uint64_t iova, uint64_t len);

/**
 * Take a ring into use from its start.
 *
 * @param desc,driver,device  the three areas' device addresses
 * @return 0; -EFAULT one of them is not in the window
 */
int ringdev_init(struct ringdev *rd, const struct ringdev_window *win, bool packed, uint16_t size,
	uint64_t desc, uint64_t driver, uint64_t device);

/**
 * Take the next chain.
 *
 * @return 1; 0 none is available; -EPROTO the driver wrote what the specification forbids; -EFAULT
 *         a buffer is not in the window
 */
int ringdev_pop(struct ringdev *rd, struct ringdev_chain *chain);

/** Give n descriptors back under that id, with len bytes said to be written; legal or not. */
void ringdev_push(struct ringdev *rd, uint32_t id, uint16_t n, uint32_t len);

/** Whether giving the next chain back would call for an interrupt, with EVENT_IDX or without. */
bool ringdev_wants_interrupt(const struct ringdev *rd, bool event_idx);

#endif /* RINGDEV_H */
