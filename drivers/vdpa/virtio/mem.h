/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Guest memory in the device's IOMMU domain. A table is planned from what the front-end sent
 * (checked, sorted, neighbours merged), then made true as a difference to what is mapped already: a
 * guest's restart maps nothing anew, and hot-added memory costs just itself.
 */
#ifndef VIRTIO_VDPA_MEM_H
#define VIRTIO_VDPA_MEM_H

#include <stddef.h>
#include <stdint.h>

#include <rte_vhost.h>

#include "bus.h"

#define VIRTIO_VDPA_MEM_MAX 64 /* regions; lib/vhost of DPDK takes 8 */

/* One mapping. The file behind it tells whether the same address later still means the same memory.
 * */
struct virtio_vdpa_map {
	uint64_t iova; /* guest physical address */
	uint64_t va; /* in this process */
	uint64_t len;
	uint64_t file_dev; /* st_dev, st_ino and offset of the memory behind it */
	uint64_t file_ino;
	uint64_t file_off;
};

struct virtio_vdpa_mem {
	uint32_t num;
	struct virtio_vdpa_map map[VIRTIO_VDPA_MEM_MAX]; /* ascending iova */
};

/*
 * Plan a table: every region page-aligned, none overlapping or wrapping, all inside the IOVA the
 * bus can use. Returns 0 or -errno with *fault filled; touches nothing.
 */
int
virtio_vdpa_mem_plan(const struct virtio_vdpa_bus *bus, const struct rte_vhost_memory *table,
	struct virtio_vdpa_mem *plan, struct virtio_vdpa_fault *fault);

/*
 * Make the domain hold exactly plan. mem: what it holds now, updated. Adds before it removes, but
 * for what is in the way. On failure what was added is taken back, *fault says which limit was met,
 * and mem still tells what is mapped.
 */
int
virtio_vdpa_mem_update(struct virtio_vdpa_bus *bus, struct virtio_vdpa_mem *mem,
	const struct virtio_vdpa_mem *plan, struct virtio_vdpa_fault *fault);

/* What helps against an error of dma_map with held mappings there: "; ..." or nothing. */
void
virtio_vdpa_mem_remedy(const struct virtio_vdpa_bus *bus, uint32_t held, int error, char *text,
	size_t len);

/* Unmap all. */
void
virtio_vdpa_mem_clear(struct virtio_vdpa_bus *bus, struct virtio_vdpa_mem *mem);

/* Guest physical address of len bytes at va; UINT64_MAX if they do not lie in one mapping. */
uint64_t
virtio_vdpa_mem_iova(const struct virtio_vdpa_mem *mem, uint64_t va, uint64_t len);

/* An IOVA for len bytes (page-aligned) of the driver's own, clear of the plan; UINT64_MAX: none. */
uint64_t virtio_vdpa_mem_hole(
	const struct virtio_vdpa_bus *bus, const struct virtio_vdpa_mem *plan, uint64_t len);

uint64_t
virtio_vdpa_mem_bytes(const struct virtio_vdpa_mem *mem);

#endif /* VIRTIO_VDPA_MEM_H */
