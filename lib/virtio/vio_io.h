/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Register access: the one seam between the transport and what it runs on. Today: mapped BARs; a
 * simulated device implements the same two functions.
 */
#ifndef VIO_IO_H
#define VIO_IO_H

#include <stdint.h>

#define VIO_NUM_BARS 6

/**
 * Access to the registers of one device. Both functions may be called from any thread; a device
 * serializes nothing.
 *
 * Ordering is the implementation's part: what the calling thread stored to memory before a write is
 * visible to the device when the write arrives (a doorbell after its ring), and what it loads after
 * a read is not older than the value read. Accesses of one thread arrive in program order.
 */
struct vio_io_ops {
	/**
	 * @param bar  0..5
	 * @param off  byte offset into the BAR; the caller has checked it against the capability's
	 *             bounds
	 * @param len  1, 2 or 4 bytes, naturally aligned
	 * @return the value in host order, zero-extended; all ones (of len bytes) where the device
	 *         is gone
	 */
	uint32_t (*read)(void *ctx, uint8_t bar, uint64_t off, uint8_t len);

	/** @param val  in host order; other parameters as for read */
	void (*write)(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val);
};

struct vio_io {
	const struct vio_io_ops *ops;
	void *ctx;
};

/** One memory BAR, mapped whole; addr NULL and len 0 where it is not there. */
struct vio_bar {
	volatile uint8_t *addr; /* page aligned */
	uint64_t len; /* bytes */
};

/** Mapped BARs: the ctx of vio_mmio_ops. */
struct vio_mmio {
	struct vio_bar bar[VIO_NUM_BARS];
};

/** Out-of-range or misaligned accesses read all ones and write nothing. Any thread. */
extern const struct vio_io_ops vio_mmio_ops;

#endif /* VIO_IO_H */
