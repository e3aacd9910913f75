/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Chains of buffers: built out of descriptors and indirect tables, copied from and to. Runs under
 * the function's lock; never keeps an address of guest memory.
 */

#include "nicsim_ring_priv.h"

void
nicsim_chain_begin(struct nicsim_chain *chain)
{
	chain->n = 0;
	chain->readable = 0;
	chain->writable = 0;
}

int
nicsim_chain_add(
	struct nicsim_ring *r, struct nicsim_chain *chain, uint64_t iova, uint32_t len, bool write)
{
	if (chain->n == NICSIM_CHAIN_SEGS)
		return nicsim_ring_fail(r, NICSIM_RING_LOOP);
	if (!write && chain->n != 0 && chain->seg[chain->n - 1].write)
		return nicsim_ring_fail(r, NICSIM_RING_ORDER);
	if (len != 0 && iova + (len - 1) < iova)
		return nicsim_ring_fail(r, NICSIM_RING_FAULT); /* addresses do not start over */
	chain->seg[chain->n++] = (struct nicsim_seg){ iova, len, write };
	if (write)
		chain->writable += len;
	else
		chain->readable += len;
	return 0;
}

/* By copy: nothing says that tables are aligned, so an entry may lie across pages. */
static int
table_get(struct nicsim_ring *r, uint64_t iova, uint32_t i, struct nicsim_desc *d)
{
	if (nicsim_dma_read(r->dma, iova + sizeof(*d) * (uint64_t)i, d, sizeof(*d)) != 0)
		return nicsim_ring_fail(r, NICSIM_RING_FAULT);
	d->addr = le64toh(d->addr);
	d->len = le32toh(d->len);
	if (r->conf.packed) {
		d->packed.flags = le16toh(d->packed.flags);
	} else {
		d->split.flags = le16toh(d->split.flags);
		d->split.next = le16toh(d->split.next);
	}
	return 0;
}

/*
 * 2.7.5.3: linked, from the first one on. 2.8.7: all of them, in their order, WRITE the only flag.
 * As many steps as there are entries at most.
 */
int
nicsim_chain_add_table(
	struct nicsim_ring *r, struct nicsim_chain *chain, uint64_t iova, uint32_t len)
{
	uint32_t num = len / sizeof(struct nicsim_desc), i = 0, steps;
	struct nicsim_desc d;
	uint16_t flags;
	int ret;

	if (!r->conf.indirect || len == 0 || len % sizeof(struct nicsim_desc) != 0)
		return nicsim_ring_fail(r, NICSIM_RING_INDIRECT);
	for (steps = 0; steps < num; steps++) {
		if (i >= num)
			return nicsim_ring_fail(r, NICSIM_RING_HEAD);
		ret = table_get(r, iova, i, &d);
		if (ret != 0)
			return ret;
		flags = r->conf.packed ? d.packed.flags : d.split.flags;
		if ((flags & DESC_F_INDIRECT) != 0)
			return nicsim_ring_fail(r, NICSIM_RING_INDIRECT);
		ret = nicsim_chain_add(r, chain, d.addr, d.len, (flags & DESC_F_WRITE) != 0);
		if (ret != 0)
			return ret;
		if (r->conf.packed)
			i++;
		else if ((flags & DESC_F_NEXT) == 0)
			return 0;
		else
			i = d.split.next;
	}
	return r->conf.packed ? 0 : nicsim_ring_fail(r, NICSIM_RING_LOOP);
}

/* Bytes off..off + len of the buffers of one direction. */
static int
chain_copy(struct nicsim_ring *r, const struct nicsim_chain *chain, uint64_t off, uint8_t *buf,
	uint32_t len, bool write)
{
	const uint64_t room = write ? chain->writable : chain->readable;
	const struct nicsim_seg *seg = chain->seg, *end = chain->seg + chain->n;
	uint32_t n;
	int ret;

	if (off > room || len > room - off)
		return -ERANGE;
	for (; len != 0 && seg < end; seg++) {
		if (seg->write != write)
			continue;
		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		n = seg->len - (uint32_t)off < len ? seg->len - (uint32_t)off : len;
		if (write)
			ret = nicsim_dma_write(r->dma, seg->iova + off, buf, n);
		else
			ret = nicsim_dma_read(r->dma, seg->iova + off, buf, n);
		if (ret != 0) {
			nicsim_ring_break(r, NICSIM_RING_FAULT);
			return -EFAULT;
		}
		buf += n;
		len -= n;
		off = 0;
	}
	return 0;
}

int
nicsim_chain_read(struct nicsim_ring *r, const struct nicsim_chain *chain, uint64_t off, void *buf,
	uint32_t len)
{
	return chain_copy(r, chain, off, buf, len, false);
}

int
nicsim_chain_write(struct nicsim_ring *r, const struct nicsim_chain *chain, uint64_t off,
	const void *buf, uint32_t len)
{
	/* only read from, as it is a write */
	return chain_copy(r, chain, off, (uint8_t *)(uintptr_t)buf, len, true);
}
