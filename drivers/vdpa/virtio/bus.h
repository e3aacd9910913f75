/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The one seam between the driver and what carries the device: registers, DMA, interrupts, file
 * descriptors. VFIO implements it for real functions; the simulated VF implements it in memory.
 *
 * A bus belongs to one device; its functions are called with that device's lock held, but for
 * registers (see vio_io.h).
 */
#ifndef VIRTIO_VDPA_BUS_H
#define VIRTIO_VDPA_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include <vio_caps.h>
#include <vio_io.h>

#include "fault.h"

#define VIRTIO_VDPA_NO_OFFSET UINT64_MAX
#define VIRTIO_VDPA_BUS_RANGES 16 /* IOVA ranges kept; more are ignored, the highest first */

struct virtio_vdpa_bus;

struct virtio_vdpa_iova_range {
	uint64_t first;
	uint64_t last;
};

struct virtio_vdpa_bus_ops {
	/* Map len bytes at va for the device at iova. 0; -ENOMEM memory may not be locked; -ENOSPC
	 * the limit of mappings is reached; -EEXIST overlaps a mapping; other -errno. */
	int (*dma_map)(struct virtio_vdpa_bus *bus, uint64_t va, uint64_t iova, uint64_t len);
	/* Undo one dma_map() whole. */
	int (*dma_unmap)(struct virtio_vdpa_bus *bus, uint64_t iova, uint64_t len);
	/* Wire vectors first..first + count - 1 to eventfds, -1: none. The first call since
	 * irq_disable() must name all vectors that will be used; later ones change some of them
	 * while they run. */
	int (*irq_set)(struct virtio_vdpa_bus *bus, uint16_t first, uint16_t count, const int *fds);
	void (*irq_disable)(struct virtio_vdpa_bus *bus);
	/* Reset the function from outside, for a device that does not reset itself. */
	int (*reset)(struct virtio_vdpa_bus *bus);
	void (*close)(struct virtio_vdpa_bus *bus);
};

struct virtio_vdpa_bus {
	const struct virtio_vdpa_bus_ops *ops;
	struct vio_io io;
	struct vio_layout layout;
	int device_fd; /* what a front-end maps doorbells from, -1: cannot be mapped */
	int group_fd; /* VFIO group, -1: none */
	/* readable once the kernel wants the device back or reports it dead, -1: none */
	int gone_fd;
	/* of each BAR in device_fd; VIRTIO_VDPA_NO_OFFSET where it cannot be mapped: 0 is a place */
	uint64_t bar_offset[VIO_NUM_BARS];
	uint16_t vectors; /* MSI-X */
	uint64_t page_sizes; /* bit n: the IOMMU maps pages of 2^n bytes; never 0 */
	uint32_t max_maps; /* mappings that the kernel allows, 0: unknown */
	uint16_t num_ranges;
	struct virtio_vdpa_iova_range
		range[VIRTIO_VDPA_BUS_RANGES]; /* usable IOVA, ascending; none: all */
};

/*
 * Open a PCI function through VFIO, in an IOMMU domain of its own.
 *
 * pci: "DDDD:BB:DD.F". Returns 0 and a bus to be given back by ops->close(); -errno with *fault
 * filled.
 */
int virtio_vdpa_vfio_open(
	const char *pci, struct virtio_vdpa_bus **bus, struct virtio_vdpa_fault *fault);

#endif /* VIRTIO_VDPA_BUS_H */
