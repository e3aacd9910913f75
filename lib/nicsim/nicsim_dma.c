/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The IOMMU domain of one function. Owns the sorted table of mappings and the record of faults.
 * Runs under the function's lock; never looks into the memory that it maps but to copy from or to
 * it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_dma.h"

#define ROOM_MIN 16

_Static_assert(NICSIM_DMA_MAPS % ROOM_MIN == 0, "the table doubles up to its limit");

void
nicsim_dma_init(struct nicsim_dma *dma)
{
	memset(dma, 0, sizeof(*dma));
}

void
nicsim_dma_fini(struct nicsim_dma *dma)
{
	free(dma->map);
	memset(dma, 0, sizeof(*dma));
}

/* @return index of the first mapping that ends behind iova; num_maps: there is none */
static unsigned int
dma_search(const struct nicsim_dma *dma, uint64_t iova)
{
	unsigned int low = 0, high = dma->num_maps, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		/* the last byte, not the end: that of a mapping at the very top is 0 */
		if (dma->map[mid].iova + (dma->map[mid].len - 1) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
dma_is_legal(uint64_t va, uint64_t iova, uint64_t len)
{
	if (len == 0 || ((va | iova | len) & (NICSIM_DMA_PAGE - 1)) != 0)
		return false;
	return len - 1 <= UINT64_MAX - iova && len - 1 <= UINTPTR_MAX - va;
}

static int
dma_grow(struct nicsim_dma *dma)
{
	unsigned int room = dma->room == 0 ? ROOM_MIN : 2 * dma->room;
	struct nicsim_dma_map *map;

	if (dma->num_maps < dma->room)
		return 0;
	if (dma->num_maps >= NICSIM_DMA_MAPS)
		return -ENOSPC;
	map = realloc(dma->map, room * sizeof(*map));
	if (map == NULL)
		return -ENOMEM;
	dma->map = map;
	dma->room = room;
	return 0;
}

int
nicsim_dma_map(struct nicsim_dma *dma, uint64_t va, uint64_t iova, uint64_t len)
{
	struct nicsim_dma_map *at;
	unsigned int i;
	int ret;

	if (!dma_is_legal(va, iova, len))
		return -EINVAL;
	i = dma_search(dma, iova);
	if (i < dma->num_maps && dma->map[i].iova <= iova + (len - 1))
		return -EEXIST;
	ret = dma_grow(dma);
	if (ret != 0)
		return ret;
	at = dma->map + i;
	memmove(at + 1, at, (dma->num_maps - i) * sizeof(*at));
	at->iova = iova;
	at->len = len;
	at->va = (uint8_t *)(uintptr_t)va;
	dma->num_maps++;
	dma->bytes += len;
	return 0;
}

int
nicsim_dma_unmap(struct nicsim_dma *dma, uint64_t iova, uint64_t len)
{
	unsigned int i = dma_search(dma, iova);
	struct nicsim_dma_map *at;

	if (i == dma->num_maps)
		return -ENOENT;
	at = dma->map + i;
	if (at->iova != iova || at->len != len)
		return -ENOENT;
	dma->num_maps--;
	dma->bytes -= len;
	memmove(at, at + 1, (dma->num_maps - i) * sizeof(*at));
	return 0;
}

void
nicsim_dma_clear(struct nicsim_dma *dma)
{
	dma->num_maps = 0;
	dma->bytes = 0;
}

static void
dma_fault(struct nicsim_dma *dma, uint64_t iova, uint32_t len, bool write)
{
	dma->faults++;
	dma->fault_iova = iova;
	dma->fault_len = len;
	dma->fault_write = write;
}

/* @return bytes mapped in one piece from iova on, at *va; 0: none */
static uint64_t
dma_find(struct nicsim_dma *dma, uint64_t iova, uint8_t **va)
{
	unsigned int i = dma->hit;
	const struct nicsim_dma_map *map;

	if (i >= dma->num_maps || iova - dma->map[i].iova >= dma->map[i].len) {
		i = dma_search(dma, iova);
		if (i == dma->num_maps || dma->map[i].iova > iova)
			return 0;
		dma->hit = i;
	}
	map = dma->map + i;
	*va = map->va + (iova - map->iova);
	return map->len - (iova - map->iova);
}

void *
nicsim_dma_at(struct nicsim_dma *dma, uint64_t iova, uint32_t len, bool write)
{
	uint8_t *va = NULL;

	if (dma_find(dma, iova, &va) >= len)
		return va;
	dma_fault(dma, iova, len, write);
	return NULL;
}

/* Each round ends a mapping or the range, so rounds are bounded by the length in pages. */
static int
dma_copy(struct nicsim_dma *dma, uint64_t iova, uint8_t *buf, uint32_t len, bool write)
{
	uint64_t there;
	uint8_t *va;

	while (len != 0) {
		there = dma_find(dma, iova, &va);
		if (there == 0) {
			dma_fault(dma, iova, len, write);
			return -EFAULT;
		}
		if (there > len)
			there = len;
		if (write)
			memcpy(va, buf, there);
		else
			memcpy(buf, va, there);
		buf += there;
		len -= (uint32_t)there;
		iova += there;
		if (iova == 0 && len != 0) { /* past the top: addresses do not start over */
			dma_fault(dma, UINT64_MAX, len, write);
			return -EFAULT;
		}
	}
	return 0;
}

int
nicsim_dma_read(struct nicsim_dma *dma, uint64_t iova, void *buf, uint32_t len)
{
	return dma_copy(dma, iova, buf, len, false);
}

int
nicsim_dma_write(struct nicsim_dma *dma, uint64_t iova, const void *buf, uint32_t len)
{
	/* only read from, as it is a write */
	return dma_copy(dma, iova, (uint8_t *)(uintptr_t)buf, len, true);
}
