/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The driver side of one split or packed ring with one chain outstanding: what a control queue
 * needs (virtio 1.2, 2.7 and 2.8). The device is hostile: what it writes is read once and checked,
 * and no length or index of its making is ever used to address memory. One thread at a time; no
 * function sleeps, allocates or touches a register: the caller rings the doorbell.
 */
#ifndef VRING_DRV_H
#define VRING_DRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One buffer of a chain, as the device sees it. */
struct vring_buf {
	uint64_t iova;
	uint32_t len; /* bytes */
};

struct vring_drv {
	uint8_t *mem;
	uint64_t desc; /* the three areas as the device sees them */
	uint64_t driver;
	uint64_t device;
	uint32_t driver_off; /* the same as offsets into mem */
	uint32_t device_off;
	uint16_t size;
	uint16_t next; /* split: available index; packed: next slot */
	uint16_t used; /* split: used index seen; packed: slot of the next used descriptor */
	uint16_t head; /* split: entry that the next chain starts at, or the one outstanding */
	uint16_t chain; /* descriptors of the chain outstanding, 0: none */
	bool packed;
	bool wrap; /* packed: wrap counter of next */
	bool used_wrap; /* packed: wrap counter of used */
};

/**
 * Bytes that a ring of that format and size takes, all three areas.
 *
 * @param packed  ring format: false split, true packed
 * @param size    entries, 2..32768, a power of 2 for split
 * @return 40..851982
 */
size_t vring_drv_bytes(bool packed, uint16_t size);

/**
 * Lay a ring out in mem, with interrupts suppressed. The areas come in the order descriptor,
 * driver, device, without a gap but for alignment.
 *
 * @param r       filled; on failure untouched
 * @param packed  ring format
 * @param size    entries, 2..32768, a power of 2 for split
 * @param mem     where, aligned to 16; zeroed here
 * @param len     bytes there, at least vring_drv_bytes()
 * @param iova    the same memory as the device sees it, aligned to 16
 * @return 0; -EINVAL bad size, not enough room, or misaligned
 */
int vring_drv_init(struct vring_drv *r, bool packed, uint16_t size, void *mem, size_t len,
	uint64_t iova);

/**
 * Make one chain available: n_out buffers that the device reads, then n_in that it writes. The
 * caller rings the doorbell afterwards.
 *
 * @param bufs   n_out + n_in buffers
 * @param n_out  those that the device reads
 * @param n_in   those that it writes
 * @return 0; -EBUSY one is outstanding; -ENOSPC too long for the ring; -EINVAL empty; -EPROTO the
 *         device moved its used index while it owned nothing
 */
int vring_drv_add(struct vring_drv *r, const struct vring_buf *bufs, uint16_t n_out, uint16_t n_in);

/**
 * Whether the chain came back. What the device wrote into the buffers may be read after a 1.
 *
 * @param len  set on 1: bytes that the device says it wrote, unverified; may be NULL
 * @return 1 it did; 0 not yet; -EPROTO the device wrote nonsense (the ring must not be used again
 *         before the device or the queue is reset); -ENOENT none outstanding
 */
int vring_drv_used(struct vring_drv *r, uint32_t *len);

#endif /* VRING_DRV_H */
