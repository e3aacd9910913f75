/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The IOMMU domain of a simulated function, against a table of pages that is looked up one by one.
 */
#include <errno.h>
#include <stdlib.h>

#include "nicsim_dma.h"
#include "ut.h"

#define PAGE NICSIM_DMA_PAGE
#define TOP (UINT64_MAX - PAGE + 1) /* the last page */

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*seed * below >> 32);
}

static int
map(struct nicsim_dma *dma, const void *va, uint64_t iova, uint64_t len)
{
	return nicsim_dma_map(dma, (uintptr_t)va, iova, len);
}

static int
bad_mappings(void)
{
	struct nicsim_dma dma;
	uint8_t *mem = aligned_alloc(PAGE, PAGE);

	UT_CHECK(mem != NULL);
	nicsim_dma_init(&dma);
	UT_EQ(map(&dma, mem, PAGE, 0), -EINVAL);
	UT_EQ(map(&dma, mem, PAGE, 1), -EINVAL);
	UT_EQ(map(&dma, mem, PAGE + 8, PAGE), -EINVAL);
	UT_EQ(map(&dma, mem + 8, PAGE, PAGE), -EINVAL);
	UT_EQ(map(&dma, mem, TOP, 2 * PAGE), -EINVAL);
	UT_EQ(nicsim_dma_map(&dma, TOP, 0, 2 * PAGE), -EINVAL);
	UT_EQ(dma.num_maps, 0);
	UT_EQ(dma.bytes, 0);
	UT_EQ(nicsim_dma_unmap(&dma, 0, PAGE), -ENOENT);
	nicsim_dma_fini(&dma);
	nicsim_dma_fini(&dma);
	free(mem);
	return 0;
}

static int
overlaps(void)
{
	struct nicsim_dma dma;
	uint8_t *mem = aligned_alloc(PAGE, 8 * PAGE);

	UT_CHECK(mem != NULL);
	nicsim_dma_init(&dma);
	UT_EQ(map(&dma, mem, 4 * PAGE, 2 * PAGE), 0);
	UT_EQ(map(&dma, mem, 4 * PAGE, 2 * PAGE), -EEXIST);
	UT_EQ(map(&dma, mem, 3 * PAGE, 2 * PAGE), -EEXIST);
	UT_EQ(map(&dma, mem, 5 * PAGE, 2 * PAGE), -EEXIST);
	UT_EQ(map(&dma, mem, 3 * PAGE, 4 * PAGE), -EEXIST);
	UT_EQ(map(&dma, mem, 5 * PAGE, PAGE), -EEXIST);
	UT_EQ(map(&dma, mem, 2 * PAGE, 2 * PAGE), 0);
	UT_EQ(map(&dma, mem, 6 * PAGE, PAGE), 0);
	UT_EQ(map(&dma, mem, 0, 2 * PAGE), 0);
	UT_EQ(map(&dma, mem, TOP, PAGE), 0);
	UT_EQ(map(&dma, mem, TOP, PAGE), -EEXIST);
	UT_EQ(map(&dma, mem, TOP - PAGE, 2 * PAGE), -EEXIST);
	UT_EQ(dma.num_maps, 5);
	UT_EQ(dma.bytes, 8 * PAGE);
	/* only what was mapped, and as it was mapped */
	UT_EQ(nicsim_dma_unmap(&dma, 4 * PAGE, PAGE), -ENOENT);
	UT_EQ(nicsim_dma_unmap(&dma, 5 * PAGE, PAGE), -ENOENT);
	UT_EQ(nicsim_dma_unmap(&dma, 2 * PAGE, 4 * PAGE), -ENOENT);
	UT_EQ(nicsim_dma_unmap(&dma, 7 * PAGE, PAGE), -ENOENT);
	UT_EQ(nicsim_dma_unmap(&dma, TOP, PAGE), 0);
	UT_EQ(nicsim_dma_unmap(&dma, 4 * PAGE, 2 * PAGE), 0);
	UT_EQ(nicsim_dma_unmap(&dma, 4 * PAGE, 2 * PAGE), -ENOENT);
	UT_EQ(dma.bytes, 5 * PAGE);
	nicsim_dma_clear(&dma);
	UT_EQ(dma.num_maps, 0);
	UT_EQ(dma.bytes, 0);
	UT_CHECK(nicsim_dma_at(&dma, 0, 1, false) == NULL);
	nicsim_dma_fini(&dma);
	free(mem);
	return 0;
}

static int
as_many_as_there_may_be(void)
{
	struct nicsim_dma dma;
	uint8_t *mem = aligned_alloc(PAGE, PAGE);
	unsigned int i;

	UT_CHECK(mem != NULL);
	nicsim_dma_init(&dma);
	/* from the top down: each moves all the others */
	for (i = NICSIM_DMA_MAPS; i > 0; i--)
		UT_EQ(map(&dma, mem, (uint64_t)i * 2 * PAGE, PAGE), 0);
	UT_EQ(map(&dma, mem, 1 * PAGE, PAGE), -ENOSPC);
	UT_EQ(map(&dma, mem, 2 * PAGE, PAGE), -EEXIST);
	for (i = 1; i <= NICSIM_DMA_MAPS; i++) {
		UT_CHECK(nicsim_dma_at(&dma, (uint64_t)i * 2 * PAGE + 16, 16, true) == mem + 16);
		UT_CHECK(nicsim_dma_at(&dma, (uint64_t)i * 2 * PAGE + PAGE, 1, true) == NULL);
	}
	UT_EQ(dma.faults, NICSIM_DMA_MAPS);
	UT_EQ(nicsim_dma_unmap(&dma, 2 * PAGE, PAGE), 0);
	UT_EQ(map(&dma, mem, PAGE, PAGE), 0);
	nicsim_dma_fini(&dma);
	free(mem);
	return 0;
}

static int
fault_is_kept(
	const struct nicsim_dma *dma, uint64_t faults, uint64_t iova, uint32_t len, bool write)
{
	UT_EQ(dma->faults, faults);
	UT_EQ(dma->fault_iova, iova);
	UT_EQ(dma->fault_len, len);
	UT_EQ(dma->fault_write, write);
	return 0;
}

static int
faults(void)
{
	struct nicsim_dma dma;
	uint8_t *mem = aligned_alloc(PAGE, 2 * PAGE), buf[2 * PAGE];

	UT_CHECK(mem != NULL);
	nicsim_dma_init(&dma);
	UT_CHECK(nicsim_dma_at(&dma, 0, 1, true) == NULL);
	UT_DO(fault_is_kept(&dma, 1, 0, 1, true));
	UT_EQ(map(&dma, mem, 2 * PAGE, PAGE), 0);
	UT_EQ(map(&dma, mem + PAGE, TOP, PAGE), 0);
	UT_CHECK(nicsim_dma_at(&dma, 2 * PAGE - 1, 1, false) == NULL);
	UT_DO(fault_is_kept(&dma, 2, 2 * PAGE - 1, 1, false));
	UT_CHECK(nicsim_dma_at(&dma, 3 * PAGE - 1, 2, true) == NULL);
	UT_DO(fault_is_kept(&dma, 3, 3 * PAGE - 1, 2, true));
	UT_CHECK(nicsim_dma_at(&dma, UINT64_MAX, 1, true) == mem + 2 * PAGE - 1);
	UT_CHECK(nicsim_dma_at(&dma, UINT64_MAX, 2, true) == NULL);
	UT_EQ(dma.faults, 4);
	/* what is behind the part that is mapped is where it fails */
	UT_EQ(nicsim_dma_read(&dma, 2 * PAGE + 16, buf, PAGE), -EFAULT);
	UT_DO(fault_is_kept(&dma, 5, 3 * PAGE, 16, false));
	/* addresses do not start over at the top, even where 0 is mapped */
	UT_EQ(map(&dma, mem, 0, PAGE), 0);
	UT_EQ(nicsim_dma_write(&dma, UINT64_MAX - 3, buf, 5), -EFAULT);
	UT_EQ(dma.faults, 6);
	UT_EQ(nicsim_dma_write(&dma, UINT64_MAX - 3, buf, 4), 0);
	UT_EQ(nicsim_dma_read(&dma, 12345, buf, 0), 0);
	UT_EQ(dma.faults, 6);
	nicsim_dma_fini(&dma);
	free(mem);
	return 0;
}

static int
across_mappings(void)
{
	struct nicsim_dma dma;
	uint8_t *a = aligned_alloc(PAGE, PAGE), *b = aligned_alloc(PAGE, 2 * PAGE), buf[3 * PAGE];
	unsigned int i;

	UT_CHECK(a != NULL && b != NULL);
	nicsim_dma_init(&dma);
	UT_EQ(map(&dma, b, PAGE, 2 * PAGE), 0);
	UT_EQ(map(&dma, a, 0, PAGE), 0);
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 7 + i / 256);
	UT_EQ(nicsim_dma_write(&dma, 0, buf, sizeof(buf)), 0);
	UT_EQ(memcmp(a, buf, PAGE), 0);
	UT_EQ(memcmp(b, buf + PAGE, 2 * PAGE), 0);
	memset(buf, 0, sizeof(buf));
	UT_EQ(nicsim_dma_read(&dma, PAGE - 1, buf, 2), 0);
	UT_EQ(buf[0], a[PAGE - 1]);
	UT_EQ(buf[1], b[0]);
	/* a small object is in one piece, or not there */
	UT_CHECK(nicsim_dma_at(&dma, PAGE - 1, 2, false) == NULL);
	UT_CHECK(nicsim_dma_at(&dma, PAGE - 2, 2, false) == a + PAGE - 2);
	UT_EQ(dma.faults, 1);
	nicsim_dma_fini(&dma);
	free(a);
	free(b);
	return 0;
}

#define PAGES 64

/* A page table: which of the memory's pages each address has, and which mapping it is of. */
struct model {
	int page[PAGES];
	uint32_t start[PAGES];
	uint32_t len[PAGES];
};

static int
model_map(struct model *m, struct nicsim_dma *dma, uint8_t *mem, uint32_t *seed)
{
	uint32_t at = draw(seed, PAGES), len = 1 + draw(seed, 6), from = draw(seed, PAGES - 6), i;
	int want = 0;

	if (at + len > PAGES)
		len = PAGES - at;
	for (i = at; i < at + len; i++) {
		if (m->page[i] >= 0)
			want = -EEXIST;
	}
	UT_EQ(map(dma, mem + from * PAGE, (uint64_t)at * PAGE, (uint64_t)len * PAGE), want);
	for (i = at; i < at + len && want == 0; i++) {
		m->page[i] = (int)(from + i - at);
		m->start[i] = at;
		m->len[i] = len;
	}
	return 0;
}

static int
model_unmap(struct model *m, struct nicsim_dma *dma, uint32_t *seed)
{
	uint32_t at = draw(seed, PAGES), len = 1 + draw(seed, 6), i;
	bool there;

	if (m->page[at] >= 0 && draw(seed, 3) != 0)
		len = m->len[at];
	there = m->page[at] >= 0 && m->start[at] == at && m->len[at] == len;
	UT_EQ(nicsim_dma_unmap(dma, (uint64_t)at * PAGE, (uint64_t)len * PAGE),
		there ? 0 : -ENOENT);
	for (i = at; i < at + len && there; i++)
		m->page[i] = -1;
	return 0;
}

static int
model_look(const struct model *m, struct nicsim_dma *dma, uint8_t *mem, uint32_t *seed)
{
	uint32_t at = draw(seed, PAGES * PAGE), len = 1 + draw(seed, 3 * PAGE), i;
	uint8_t buf[3 * PAGE + 1];
	uint64_t faults = dma->faults;
	int page = m->page[at / PAGE], want = 0;

	UT_CHECK(nicsim_dma_at(dma, at & ~7u, 8, false) ==
		 (page < 0 ? NULL : mem + page * PAGE + (at & ~7u) % PAGE));
	UT_EQ(dma->faults, faults + (page < 0));
	for (i = at; i < at + len; i++) {
		if (i / PAGE >= PAGES || m->page[i / PAGE] < 0)
			want = -EFAULT;
	}
	UT_EQ(nicsim_dma_read(dma, at, buf, len), want);
	for (i = at; i < at + len && want == 0; i++)
		UT_EQ(buf[i - at], mem[m->page[i / PAGE] * PAGE + i % PAGE]);
	return 0;
}

static int
as_a_page_table(void)
{
	uint8_t *mem = aligned_alloc(PAGE, PAGES * PAGE);
	struct nicsim_dma dma;
	struct model m;
	uint32_t seed = 1, i;

	UT_CHECK(mem != NULL);
	for (i = 0; i < PAGES * PAGE; i++)
		mem[i] = (uint8_t)(i ^ i >> 8 ^ i >> 12);
	for (i = 0; i < PAGES; i++)
		m.page[i] = -1;
	nicsim_dma_init(&dma);
	for (i = 0; i < 20000; i++) {
		switch (draw(&seed, 4)) {
		case 0:
			UT_DO(model_map(&m, &dma, mem, &seed));
			break;
		case 1:
			UT_DO(model_unmap(&m, &dma, &seed));
			break;
		default:
			UT_DO(model_look(&m, &dma, mem, &seed));
		}
	}
	nicsim_dma_fini(&dma);
	free(mem);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(bad_mappings),
	UT_CASE(overlaps),
	UT_CASE(as_many_as_there_may_be),
	UT_CASE(faults),
	UT_CASE(across_mappings),
	UT_CASE(as_a_page_table),
	UT_END,
};

UT_SUITE(nicsim_dma, "fast", cases)
