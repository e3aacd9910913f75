/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Where a virtio device keeps its structures: the walk over the PCI capability list (virtio 1.2,
 * 4.1.4). A pure function over bytes that a hostile device wrote, so that it can be fuzzed alone.
 */
#ifndef VIO_CAPS_H
#define VIO_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vio_io.h"

/** A structure's place: [off, off + len) in BAR bar; len 0 where the device has none. */
struct vio_region {
	uint64_t off; /* bytes from the start of the BAR */
	uint64_t len; /* bytes */
	uint8_t bar; /* 0..5 */
};

/** No two of the regions overlap, and each lies inside its BAR. */
struct vio_layout {
	struct vio_region common; /* at least VIO_COMMON_MIN_LEN bytes, aligned to 4 */
	struct vio_region notify; /* at least 2 bytes, aligned to 2 */
	struct vio_region isr; /* at least 1 byte */
	struct vio_region device; /* aligned to 4; optional by specification, len 0 then */
	/* bytes between two doorbells, even; 0: all queues share one (4.1.4.4) */
	uint32_t notify_multiplier;
	/* config space offset of the PCI configuration access capability, 0: none */
	uint8_t pci_cfg_cap;
};

/**
 * Find the virtio structures in a PCI configuration space.
 *
 * The first usable instance of each type counts (4.1.4.1): instances with a reserved BAR number, or
 * in a BAR that is I/O or absent, are passed over; so are reserved types. An instance that counts
 * and is malformed fails the whole: nothing else of such a device can be trusted.
 *
 * @param cfg      the configuration space as read
 * @param cfg_len  its bytes, 64..4096; capabilities live in the first 256
 * @param bar_len  length of each memory BAR in bytes, 0 where there is none (or it is I/O, or the
 *                 upper half of a 64-bit BAR)
 * @param layout   filled on success only
 * @param why      set on failure to a static text that says what is wrong
 * @return 0; -EINVAL a malformed list (cut off, looping, past the BAR, overlapping, misaligned, or
 *         with a required structure missing or in no usable BAR); -ENODEV no modern virtio
 *         structures (not virtio, legacy only, or a device that is gone)
 *
 * Any thread.
 */
int vio_caps_parse(const uint8_t *cfg, size_t cfg_len, const uint64_t bar_len[VIO_NUM_BARS],
	struct vio_layout *layout, const char **why);

#endif /* VIO_CAPS_H */
