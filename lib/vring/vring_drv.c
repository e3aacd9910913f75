/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The driver side of a ring with one chain outstanding. Owns the layout of the ring in memory that
 * the caller brought, and the order in which it becomes visible to the device. Runs on the caller's
 * thread; never sleeps, never follows a length or index that the device wrote.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "vring_drv.h"

/* virtio 1.2, 2.7.5 and 2.8.1 */
#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_AVAIL (1 << 7)
#define DESC_F_USED (1 << 15)
#define AVAIL_F_NO_INTERRUPT 1 /* 2.7.6 */
#define EVENT_FLAGS_DISABLE 1 /* 2.8.14 */

/* Both formats: 16 bytes for each descriptor. */
struct split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

struct split_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* used_event follows the last */
};

struct split_used_elem {
	uint32_t id;
	uint32_t len;
};

struct split_used {
	uint16_t flags;
	uint16_t idx;
	struct split_used_elem ring[];
};

struct packed_event {
	uint16_t desc;
	uint16_t flags;
};

_Static_assert(sizeof(struct split_desc) == 16, "2.7.5");
_Static_assert(sizeof(struct packed_desc) == 16, "2.8.13");

static size_t
driver_bytes(bool packed, uint16_t size)
{
	/* used_event is there whether negotiated or not: the device may look at it */
	return packed ? sizeof(struct packed_event)
		      : sizeof(struct split_avail) + 2 * (size_t)size + 2;
}

static size_t
device_offset(bool packed, uint16_t size)
{
	size_t end = 16 * (size_t)size + driver_bytes(packed, size);

	return (end + 3) & ~(size_t)3;
}

size_t
vring_drv_bytes(bool packed, uint16_t size)
{
	size_t device = packed ? sizeof(struct packed_event)
			       : sizeof(struct split_used) +
					 sizeof(struct split_used_elem) * (size_t)size + 2;

	return device_offset(packed, size) + device;
}

static bool
size_is_legal(bool packed, uint16_t size)
{
	if (size < 2 || size > 32768)
		return false;
	return packed || (size & (size - 1)) == 0;
}

int
vring_drv_init(
	struct vring_drv *r, bool packed, uint16_t size, void *mem, size_t len, uint64_t iova)
{
	if (!size_is_legal(packed, size) || len < vring_drv_bytes(packed, size))
		return -EINVAL;
	if (((uintptr_t)mem & 15) != 0 || (iova & 15) != 0)
		return -EINVAL;

	memset(mem, 0, vring_drv_bytes(packed, size));
	memset(r, 0, sizeof(*r));
	r->mem = mem;
	r->size = size;
	r->packed = packed;
	r->driver_off = 16 * (uint32_t)size;
	r->device_off = (uint32_t)device_offset(packed, size);
	r->desc = iova;
	r->driver = iova + r->driver_off;
	r->device = iova + r->device_off;
	r->wrap = true; /* 2.8.1: both counters start at 1 */
	r->used_wrap = true;
	if (packed)
		((struct packed_event *)(r->mem + r->driver_off))->flags =
			htole16(EVENT_FLAGS_DISABLE);
	else
		((struct split_avail *)(r->mem + r->driver_off))->flags =
			htole16(AVAIL_F_NO_INTERRUPT);
	return 0;
}

static uint16_t
split_used_idx(const struct vring_drv *r)
{
	const struct split_used *used = (const struct split_used *)(r->mem + r->device_off);

	return le16toh(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE));
}

/*
 * Entries in ring order, as IN_ORDER asks for (2.7), and with one chain at a time nothing stands in
 * the way. The last one's next, which nobody else reads, is that of the ring order too.
 */
static void
split_add(struct vring_drv *r, const struct vring_buf *bufs, uint16_t n, uint16_t n_out)
{
	struct split_desc *desc = (struct split_desc *)r->mem;
	struct split_avail *avail = (struct split_avail *)(r->mem + r->driver_off);
	const uint16_t mask = r->size - 1;
	uint16_t i, slot, flags;

	for (i = 0; i < n; i++) {
		slot = (r->head + i) & mask;
		flags = i < n_out ? 0 : DESC_F_WRITE;
		if (i + 1 < n)
			flags |= DESC_F_NEXT;
		desc[slot].addr = htole64(bufs[i].iova);
		desc[slot].len = htole32(bufs[i].len);
		desc[slot].flags = htole16(flags);
		desc[slot].next = htole16((slot + 1) & mask);
	}
	avail->ring[r->next & mask] = htole16(r->head);
	/*
	 * With EVENT_IDX the device looks at used_event instead of the flag: the index before the
	 * one that is next is never reached from here, so no interrupt (2.7.7).
	 */
	__atomic_store_n(
		&avail->ring[r->size], htole16((uint16_t)(r->used - 1)), __ATOMIC_RELAXED);
	r->next++;
	__atomic_store_n(&avail->idx, htole16(r->next), __ATOMIC_RELEASE);
}

static int
split_used(struct vring_drv *r, uint32_t *len)
{
	const struct split_used *used = (const struct split_used *)(r->mem + r->device_off);
	const struct split_used_elem *elem = &used->ring[r->used & (r->size - 1)];
	uint16_t idx = split_used_idx(r);

	if (idx == r->used)
		return 0;
	if (idx != (uint16_t)(r->used + 1))
		return -EPROTO;
	if (le32toh(__atomic_load_n(&elem->id, __ATOMIC_RELAXED)) != r->head)
		return -EPROTO;
	r->head = (r->head + r->chain) & (r->size - 1);
	*len = le32toh(__atomic_load_n(&elem->len, __ATOMIC_RELAXED));
	r->used = idx;
	return 1;
}

static uint16_t
packed_avail_flags(bool wrap)
{
	return wrap ? DESC_F_AVAIL : DESC_F_USED;
}

static void
packed_step(const struct vring_drv *r, uint16_t *slot, bool *wrap, uint16_t n)
{
	uint32_t to = (uint32_t)*slot + n;

	if (to >= r->size) {
		to -= r->size;
		*wrap = !*wrap;
	}
	*slot = (uint16_t)to;
}

/* The buffer id is the slot of the chain's head: unlike a constant, it tells a stale answer. */
static void
packed_add(struct vring_drv *r, const struct vring_buf *bufs, uint16_t n, uint16_t n_out)
{
	struct packed_desc *desc = (struct packed_desc *)r->mem;
	uint16_t head = r->next, head_flags = 0;
	uint16_t slot = head, i, flags;
	bool wrap = r->wrap;

	for (i = 0; i < n; i++) {
		flags = packed_avail_flags(wrap);
		if (i >= n_out)
			flags |= DESC_F_WRITE;
		if (i + 1 < n)
			flags |= DESC_F_NEXT;
		desc[slot].addr = htole64(bufs[i].iova);
		desc[slot].len = htole32(bufs[i].len);
		desc[slot].id = htole16(head);
		if (i == 0)
			head_flags = flags;
		else
			desc[slot].flags = htole16(flags);
		packed_step(r, &slot, &wrap, 1);
	}
	r->next = slot;
	r->wrap = wrap;
	/* 2.8.21.1: the head's flags last, they give the whole chain away */
	__atomic_store_n(&desc[head].flags, htole16(head_flags), __ATOMIC_RELEASE);
}

static int
packed_used(struct vring_drv *r, uint32_t *len)
{
	const struct packed_desc *desc = (const struct packed_desc *)r->mem + r->used;
	uint16_t flags = le16toh(__atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE));
	bool avail = (flags & DESC_F_AVAIL) != 0;
	bool used = (flags & DESC_F_USED) != 0;

	if (avail != r->used_wrap) /* the driver's own bit; a used descriptor repeats it (2.8.1) */
		return -EPROTO;
	if (used != r->used_wrap)
		return 0;
	if (le16toh(__atomic_load_n(&desc->id, __ATOMIC_RELAXED)) != r->used)
		return -EPROTO;
	*len = le32toh(__atomic_load_n(&desc->len, __ATOMIC_RELAXED));
	packed_step(r, &r->used, &r->used_wrap, r->chain);
	return 1;
}

int
vring_drv_add(struct vring_drv *r, const struct vring_buf *bufs, uint16_t n_out, uint16_t n_in)
{
	uint32_t n = (uint32_t)n_out + n_in;

	if (n == 0)
		return -EINVAL;
	if (r->chain != 0)
		return -EBUSY;
	if (n > r->size)
		return -ENOSPC;
	/* An answer before the question would be taken for this chain's. */
	if (!r->packed && split_used_idx(r) != r->used)
		return -EPROTO;
	r->chain = (uint16_t)n;
	if (r->packed)
		packed_add(r, bufs, (uint16_t)n, n_out);
	else
		split_add(r, bufs, (uint16_t)n, n_out);
	return 0;
}

int
vring_drv_used(struct vring_drv *r, uint32_t *len)
{
	uint32_t written = 0;
	int ret;

	if (r->chain == 0)
		return -ENOENT;
	ret = r->packed ? packed_used(r, &written) : split_used(r, &written);
	if (ret == 1) {
		r->chain = 0;
		if (len != NULL)
			*len = written;
	}
	return ret;
}
