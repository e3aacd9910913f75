/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The IOMMU domain of one function: what the driver mapped is all that the function can reach. An
 * access outside of it is a fault, counted and kept, and nothing else happens.
 *
 * Not thread safe: guarded by the function's lock. Once nicsim_dma_unmap() has returned no address
 * that came out of that mapping is used any more, as nobody keeps one past the lock.
 */
#ifndef NICSIM_DMA_H
#define NICSIM_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NICSIM_DMA_PAGE 4096
#define NICSIM_DMA_MAPS 4096 /**< Mappings that one domain takes. */

struct nicsim_dma_map {
	uint64_t iova;
	uint64_t len;
	uint8_t *va;
};

struct nicsim_dma {
	struct nicsim_dma_map *map; /**< By iova, ascending. */
	unsigned int num_maps;
	unsigned int room;
	unsigned int hit; /**< Index of the mapping used last. */
	uint64_t bytes; /**< Mapped in all. */
	/* Faults since nicsim_dma_init(). */
	uint64_t faults;
	uint64_t fault_iova; /**< Of the last one. */
	uint32_t fault_len;
	bool fault_write;
};

void nicsim_dma_init(struct nicsim_dma *dma);
void nicsim_dma_fini(struct nicsim_dma *dma);

/**
 * @param va,iova,len  bytes, multiples of NICSIM_DMA_PAGE, len not 0, no overflow
 * @return 0; -EINVAL; -EEXIST overlaps a mapping; -ENOSPC NICSIM_DMA_MAPS are there; -ENOMEM
 */
int nicsim_dma_map(struct nicsim_dma *dma, uint64_t va, uint64_t iova, uint64_t len);

/** Undo one nicsim_dma_map() whole. @return 0; -ENOENT nothing was mapped just so */
int nicsim_dma_unmap(struct nicsim_dma *dma, uint64_t iova, uint64_t len);

/** Drop all mappings. */
void nicsim_dma_clear(struct nicsim_dma *dma);

/**
 * Where a small object is: one that cannot cross a page, since it is aligned to its size. The
 * address is as aligned as the IOVA is, up to a page.
 *
 * @param len    bytes, 1..16
 * @param write  whether the function writes it (for the record of faults)
 * @return its address; NULL, and a fault: not mapped, or not in one mapping after all
 */
void *nicsim_dma_at(struct nicsim_dma *dma, uint64_t iova, uint32_t len, bool write);

/**
 * Copy to or from guest memory; a range may cross mappings that adjoin.
 *
 * @return 0; -EFAULT part of it is not mapped (a fault; bytes before that may have been copied)
 */
int nicsim_dma_read(struct nicsim_dma *dma, uint64_t iova, void *buf, uint32_t len);
int nicsim_dma_write(struct nicsim_dma *dma, uint64_t iova, const void *buf, uint32_t len);

#endif /* NICSIM_DMA_H */
