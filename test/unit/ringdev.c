/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The device side of a ring. Owns its own indices only; written from the specification's text and
 * sharing no line with lib/vring, so that both being wrong in the same way is unlikely.
 */
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "ringdev.h"

#define F_NEXT 0x0001
#define F_WRITE 0x0002
#define F_AVAIL 0x0080
#define F_USED 0x8000

static uint16_t
get16(const uint8_t *at)
{
	return le16toh(__atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE));
}

static void
put16(uint8_t *at, uint16_t val)
{
	__atomic_store_n((uint16_t *)at, htole16(val), __ATOMIC_RELEASE);
}

static uint32_t
get32(const uint8_t *at)
{
	return le32toh(*(const uint32_t *)at);
}

static void
put32(uint8_t *at, uint32_t val)
{
	*(uint32_t *)at = htole32(val);
}

static uint64_t
get64(const uint8_t *at)
{
	return le64toh(*(const uint64_t *)at);
}

void *
ringdev_at(const struct ringdev_window *win, uint64_t iova, uint64_t len)
{
	if (iova < win->iova || iova - win->iova > win->len)
		return NULL;
	if (len > win->len - (iova - win->iova))
		return NULL;
	return win->va + (iova - win->iova);
}

int
ringdev_init(struct ringdev *rd, const struct ringdev_window *win, bool packed, uint16_t size,
	uint64_t desc, uint64_t driver, uint64_t device)
{
	memset(rd, 0, sizeof(*rd));
	rd->win = *win;
	rd->packed = packed;
	rd->size = size;
	rd->avail_wrap = true;
	rd->used_wrap = true;
	rd->desc = ringdev_at(win, desc, 16 * (uint64_t)size);
	rd->driver = ringdev_at(win, driver, packed ? 4 : 6 + 2 * (uint64_t)size);
	rd->device = ringdev_at(win, device, packed ? 4 : 6 + 8 * (uint64_t)size);
	if (rd->desc == NULL || rd->driver == NULL || rd->device == NULL)
		return -EFAULT;
	return 0;
}

static int
chain_add(
	const struct ringdev *rd, struct ringdev_chain *chain, const uint8_t *desc, uint16_t flags)
{
	struct ringdev_buf *buf = &chain->buf[chain->n];

	if (chain->n == RINGDEV_CHAIN_MAX || chain->n == rd->size)
		return -EPROTO;
	buf->len = get32(desc + 8);
	buf->write = (flags & F_WRITE) != 0;
	buf->va = ringdev_at(&rd->win, get64(desc), buf->len);
	if (buf->va == NULL)
		return -EFAULT;
	/* 2.7.4.2: what the device writes comes after what it reads */
	if (chain->n != 0 && !buf->write && chain->buf[chain->n - 1].write)
		return -EPROTO;
	chain->n++;
	return 0;
}

static int
split_pop(struct ringdev *rd, struct ringdev_chain *chain)
{
	uint16_t idx = get16(rd->driver + 2), i, flags;
	const uint8_t *desc;
	int ret;

	if (idx == rd->avail)
		return 0;
	if ((uint16_t)(idx - rd->avail) > rd->size)
		return -EPROTO;
	i = get16(rd->driver + 4 + 2 * (rd->avail % rd->size));
	chain->id = i;
	do {
		if (i >= rd->size)
			return -EPROTO;
		desc = rd->desc + 16 * i;
		flags = get16(desc + 12);
		if ((flags & ~(F_NEXT | F_WRITE)) != 0)
			return -EPROTO;
		ret = chain_add(rd, chain, desc, flags);
		if (ret != 0)
			return ret;
		i = get16(desc + 14);
	} while (flags & F_NEXT);
	rd->avail++;
	return 1;
}

static bool
packed_is_available(uint16_t flags, bool wrap)
{
	return ((flags & F_AVAIL) != 0) == wrap && ((flags & F_USED) != 0) != wrap;
}

static void
packed_step(const struct ringdev *rd, uint16_t *slot, bool *wrap)
{
	if (++*slot == rd->size) {
		*slot = 0;
		*wrap = !*wrap;
	}
}

static int
packed_pop(struct ringdev *rd, struct ringdev_chain *chain)
{
	uint16_t slot = rd->avail, flags;
	bool wrap = rd->avail_wrap;
	const uint8_t *desc;
	int ret;

	if (!packed_is_available(get16(rd->desc + 16 * slot + 14), wrap))
		return 0;
	do {
		desc = rd->desc + 16 * slot;
		flags = get16(desc + 14);
		/* 2.8.21.1: once the head is available the whole chain is */
		if (!packed_is_available(flags, wrap))
			return -EPROTO;
		if ((flags & ~(F_NEXT | F_WRITE | F_AVAIL | F_USED)) != 0)
			return -EPROTO;
		ret = chain_add(rd, chain, desc, flags);
		if (ret != 0)
			return ret;
		chain->id = get16(desc + 12);
		packed_step(rd, &slot, &wrap);
	} while (flags & F_NEXT);
	rd->avail = slot;
	rd->avail_wrap = wrap;
	return 1;
}

int
ringdev_pop(struct ringdev *rd, struct ringdev_chain *chain)
{
	chain->n = 0;
	chain->id = 0;
	return rd->packed ? packed_pop(rd, chain) : split_pop(rd, chain);
}

void
ringdev_push(struct ringdev *rd, uint32_t id, uint16_t n, uint32_t len)
{
	uint8_t *at;

	if (!rd->packed) {
		at = rd->device + 4 + 8 * (rd->used % rd->size);
		put32(at, id);
		put32(at + 4, len);
		put16(rd->device + 2, ++rd->used);
		return;
	}
	at = rd->desc + 16 * rd->used;
	put32(at + 8, len);
	put16(at + 12, (uint16_t)id);
	put16(at + 14, (uint16_t)((rd->used_wrap ? F_AVAIL | F_USED : 0) | F_WRITE));
	while (n-- > 0)
		packed_step(rd, &rd->used, &rd->used_wrap);
}

bool
ringdev_wants_interrupt(const struct ringdev *rd, bool event_idx)
{
	uint16_t event;

	if (rd->packed) /* 2.8.14: 1 is disabled, with either feature */
		return get16(rd->driver + 2) != 1;
	if (!event_idx)
		return (get16(rd->driver) & 1) == 0;
	/* 2.7.7.2: when the index moves from used to used + 1 */
	event = get16(rd->driver + 4 + 2 * rd->size);
	return event == rd->used;
}
