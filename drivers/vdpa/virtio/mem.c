/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Guest memory in the device's IOMMU domain: plan, difference, roll-back. Called with the device's
 * lock held; no thread of its own; it never touches the memory itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <rte_common.h>

#include "mem.h"

/* Where the search for the driver's own IOVA starts when the kernel does not tell the usable
 * ranges: 39 bits, what the narrowest IOMMU of today translates. */
#define IOVA_TOP_UNKNOWN ((UINT64_C(1) << 39) - 1)

static int
map_cmp(const void *a, const void *b)
{
	const struct virtio_vdpa_map *l = a, *r = b;

	return l->iova < r->iova ? -1 : l->iova > r->iova;
}

static bool
map_same(const struct virtio_vdpa_map *a, const struct virtio_vdpa_map *b)
{
	return a->iova == b->iova && a->len == b->len && a->file_dev == b->file_dev &&
		a->file_ino == b->file_ino && a->file_off == b->file_off;
}

static bool
map_overlaps(const struct virtio_vdpa_map *a, const struct virtio_vdpa_map *b)
{
	/* by their last bytes: the end of one that reaches the top is 0 */
	return a->iova <= b->iova + (b->len - 1) && b->iova <= a->iova + (a->len - 1);
}

/* b continues a: in the guest, in this process and in the file. */
static bool
map_continues(const struct virtio_vdpa_map *a, const struct virtio_vdpa_map *b)
{
	return a->iova + a->len == b->iova && a->va + a->len == b->va &&
	       a->file_dev == b->file_dev && a->file_ino == b->file_ino &&
	       a->file_off + a->len == b->file_off;
}

static uint64_t
bus_page(const struct virtio_vdpa_bus *bus)
{
	return bus->page_sizes & -bus->page_sizes;
}

static bool
in_ranges(const struct virtio_vdpa_bus *bus, uint64_t first, uint64_t last)
{
	unsigned int i;

	for (i = 0; i < bus->num_ranges; i++)
		if (first >= bus->range[i].first && last <= bus->range[i].last)
			return true;
	return bus->num_ranges == 0;
}

static int
region_check(const struct virtio_vdpa_bus *bus, const struct rte_vhost_mem_region *r,
	struct virtio_vdpa_fault *fault)
{
	const enum rte_pmd_vdpa_virtio_reason reason = RTE_PMD_VDPA_VIRTIO_MEM_TABLE;
	uint64_t page = bus_page(bus);

	if (r->size == 0 || r->guest_phys_addr + (r->size - 1) < r->guest_phys_addr ||
			r->host_user_addr + (r->size - 1) < r->host_user_addr)
		return virtio_vdpa_fault_set(fault, reason, -EINVAL,
			"guest memory region at %#" PRIx64 " of %#" PRIx64
			" bytes is empty or wraps around",
			r->guest_phys_addr, r->size);
	if (((r->guest_phys_addr | r->host_user_addr | r->size) & (page - 1)) != 0)
		return virtio_vdpa_fault_set(fault, reason, -EINVAL,
			"guest memory region at %#" PRIx64 " of %#" PRIx64
			" bytes is not aligned to the IOMMU's page of %" PRIu64,
			r->guest_phys_addr, r->size, page);
	if (!in_ranges(bus, r->guest_phys_addr, r->guest_phys_addr + (r->size - 1)))
		return virtio_vdpa_fault_set(fault, reason, -ERANGE,
			"guest memory region at %#" PRIx64 " of %#" PRIx64
			" bytes is outside what the IOMMU can map; remedy: a guest memory"
			" layout without it (see /sys/kernel/iommu_groups/*/reserved_regions)",
			r->guest_phys_addr, r->size);
	return 0;
}

static void
merge_neighbours(struct virtio_vdpa_mem *mem)
{
	uint32_t i, last = 0;

	for (i = 1; i < mem->num; i++) {
		if (map_continues(&mem->map[last], &mem->map[i]))
			mem->map[last].len += mem->map[i].len;
		else
			mem->map[++last] = mem->map[i];
	}
	mem->num = RTE_MIN(mem->num, last + 1);
}

int
virtio_vdpa_mem_plan(const struct virtio_vdpa_bus *bus, const struct rte_vhost_memory *table,
	struct virtio_vdpa_mem *plan, struct virtio_vdpa_fault *fault)
{
	const struct rte_vhost_mem_region *r;
	struct stat st;
	uint32_t i;
	int ret;

	plan->num = 0;
	if (table->nregions == 0 || table->nregions > VIRTIO_VDPA_MEM_MAX)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_MEM_TABLE, -EINVAL,
			"%u guest memory regions; 1 to %u can be mapped", table->nregions,
			VIRTIO_VDPA_MEM_MAX);
	for (i = 0; i < table->nregions; i++) {
		r = &table->regions[i];
		ret = region_check(bus, r, fault);
		if (ret != 0)
			return ret;
		memset(&st, 0, sizeof(st));
		if (r->fd >= 0 && fstat(r->fd, &st) != 0)
			return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_MEM_TABLE, -errno,
				"memory file of the region at %#" PRIx64 " is unusable",
				r->guest_phys_addr);
		plan->map[plan->num++] = (struct virtio_vdpa_map){
			.iova = r->guest_phys_addr, .va = r->host_user_addr, .len = r->size,
			.file_dev = st.st_dev, .file_ino = st.st_ino,
			.file_off = r->host_user_addr - (uint64_t)(uintptr_t)r->mmap_addr };
	}
	qsort(plan->map, plan->num, sizeof(plan->map[0]), map_cmp);
	for (i = 1; i < plan->num; i++)
		if (map_overlaps(&plan->map[i - 1], &plan->map[i]))
			return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_MEM_TABLE, -EINVAL,
				"guest memory regions at %#" PRIx64 " and %#" PRIx64 " overlap",
				plan->map[i - 1].iova, plan->map[i].iova);
	merge_neighbours(plan);
	return 0;
}

void
virtio_vdpa_mem_remedy(const struct virtio_vdpa_bus *bus, uint32_t held, int error, char *text,
	size_t len)
{
	struct rlimit lim = { .rlim_cur = RLIM_INFINITY };

	text[0] = '\0';
	if (error == -ENOMEM) {
		getrlimit(RLIMIT_MEMLOCK, &lim);
		if (lim.rlim_cur == RLIM_INFINITY)
			snprintf(text, len, "; the host is out of memory to pin");
		else
			snprintf(text, len,
				"; RLIMIT_MEMLOCK is %" PRIu64 " KiB; remedy: raise it above the"
				" guests' memory (ulimit -l, LimitMEMLOCK=)",
				(uint64_t)lim.rlim_cur >> 10);
	} else if (error == -ENOSPC) {
		snprintf(text, len,
			"; %u mappings held, %u allowed; remedy: raise"
			" vfio_iommu_type1.dma_entry_limit, or give the guest fewer regions",
			held, bus->max_maps);
	} else if (error == -EFAULT) {
		snprintf(text, len, "; the file behind it is shorter, or cannot be written");
	}
}

static int
map_fault(const struct virtio_vdpa_bus *bus, const struct virtio_vdpa_map *m, uint32_t held,
	int error, struct virtio_vdpa_fault *fault)
{
	char remedy[160];

	virtio_vdpa_mem_remedy(bus, held, error, remedy, sizeof(remedy));
	return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DMA_MAP, error,
		"the IOMMU did not map %#" PRIx64 " bytes of guest memory at %#" PRIx64 ": %s%s",
		m->len, m->iova, strerror(-error), remedy);
}

static bool
holds(const struct virtio_vdpa_mem *mem, const struct virtio_vdpa_map *m)
{
	uint32_t i;

	for (i = 0; i < mem->num; i++)
		if (map_same(&mem->map[i], m))
			return true;
	return false;
}

static bool
in_the_way(const struct virtio_vdpa_mem *plan, const struct virtio_vdpa_map *m)
{
	uint32_t i;

	for (i = 0; i < plan->num; i++)
		if (map_overlaps(&plan->map[i], m))
			return true;
	return false;
}

/* Unmap what plan does not have; only_overlapping: just what would be in the way of it. */
static void
remove_old(struct virtio_vdpa_bus *bus, struct virtio_vdpa_mem *mem,
	const struct virtio_vdpa_mem *plan, bool only_overlapping)
{
	uint32_t i, kept = 0;

	for (i = 0; i < mem->num; i++) {
		if (holds(plan, &mem->map[i]) ||
			(only_overlapping && !in_the_way(plan, &mem->map[i])))
			mem->map[kept++] = mem->map[i];
		else
			bus->ops->dma_unmap(bus, mem->map[i].iova, mem->map[i].len);
	}
	mem->num = kept;
}

int
virtio_vdpa_mem_update(struct virtio_vdpa_bus *bus, struct virtio_vdpa_mem *mem,
	const struct virtio_vdpa_mem *plan, struct virtio_vdpa_fault *fault)
{
	const struct virtio_vdpa_map *m;
	uint32_t i, added = 0;
	int ret;

	remove_old(bus, mem, plan, true);
	for (i = 0; i < plan->num; i++) {
		m = &plan->map[i];
		if (holds(mem, m))
			continue;
		ret = bus->ops->dma_map(bus, m->va, m->iova, m->len);
		if (ret != 0) {
			map_fault(bus, m, mem->num + added, ret, fault);
			goto unmap_added;
		}
		added++;
	}
	remove_old(bus, mem, plan, false);
	*mem = *plan; /* the same mappings, at this process's present addresses */
	return 0;

unmap_added:
	while (i-- > 0)
		if (!holds(mem, &plan->map[i]))
			bus->ops->dma_unmap(bus, plan->map[i].iova, plan->map[i].len);
	return ret;
}

void
virtio_vdpa_mem_clear(struct virtio_vdpa_bus *bus, struct virtio_vdpa_mem *mem)
{
	while (mem->num > 0) {
		mem->num--;
		bus->ops->dma_unmap(bus, mem->map[mem->num].iova, mem->map[mem->num].len);
	}
}

uint64_t
virtio_vdpa_mem_iova(const struct virtio_vdpa_mem *mem, uint64_t va, uint64_t len)
{
	const struct virtio_vdpa_map *m;
	uint32_t i;

	for (i = 0; i < mem->num; i++) {
		m = &mem->map[i];
		if (va >= m->va && va - m->va < m->len && len <= m->len - (va - m->va))
			return m->iova + (va - m->va);
	}
	return UINT64_MAX;
}

/* The highest page-aligned place below limit (inclusive) and not below first that no mapping of
 * plan touches. */
static uint64_t
hole_below(const struct virtio_vdpa_mem *plan, uint64_t first, uint64_t limit, uint64_t len)
{
	struct virtio_vdpa_map want = { .len = len };
	uint32_t i = plan->num;

	for (;;) {
		if (limit < first || limit - first < len - 1)
			return UINT64_MAX;
		want.iova = RTE_ALIGN_FLOOR(limit - (len - 1), len);
		if (want.iova < first)
			return UINT64_MAX;
		while (i > 0 && plan->map[i - 1].iova > want.iova + (len - 1))
			i--;
		if (i == 0 || !map_overlaps(&plan->map[i - 1], &want))
			return want.iova;
		if (plan->map[i - 1].iova == 0)
			return UINT64_MAX;
		limit = plan->map[i - 1].iova - 1;
	}
}

uint64_t
virtio_vdpa_mem_hole(
	const struct virtio_vdpa_bus *bus, const struct virtio_vdpa_mem *plan, uint64_t len)
{
	unsigned int i = bus->num_ranges;
	uint64_t iova;

	if (i == 0)
		return hole_below(plan, len, IOVA_TOP_UNKNOWN, len);
	while (i-- > 0) {
		iova = hole_below(plan, bus->range[i].first, bus->range[i].last, len);
		if (iova != UINT64_MAX)
			return iova;
	}
	return UINT64_MAX;
}

uint64_t
virtio_vdpa_mem_bytes(const struct virtio_vdpa_mem *mem)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < mem->num; i++)
		bytes += mem->map[i].len;
	return bytes;
}
