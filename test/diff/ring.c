/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Driver-side rings for tests. Owns the layout of one ring's memory; one thread. Descriptors are
 * taken in ring order always, which is what IN_ORDER asks for (virtio 1.2, 2.7.9) and what does no
 * harm elsewhere.
 */
#include <errno.h>
#include <string.h>

#include "ring.h"

#include <vio_spec.h>

#define DESC_NEXT 1
#define DESC_WRITE 2
#define DESC_INDIRECT 4
#define DESC_AVAIL 0x80
#define DESC_USED 0x8000
#define NO_INTERRUPT 1 /* split, avail->flags; and NO_NOTIFY in used->flags */
#define EVENT_ENABLE 0 /* packed, event suppression */
#define EVENT_DISABLE 1
#define EVENT_DESC 2
#define AREA_ALIGN 64

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags_next; /* split: flags; packed: id */
	uint16_t next_flags; /* split: next; packed: flags */
};

struct event {
	uint16_t off_wrap;
	uint16_t flags;
};

static uint16_t
load16(const void *p)
{
	return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
}

static void
store16(void *p, uint16_t val)
{
	__atomic_store_n((uint16_t *)p, val, __ATOMIC_RELEASE);
}

static struct desc *
desc_at(const struct diff_ring *r, uint16_t i)
{
	return (struct desc *)(void *)r->mem + i;
}

static uint8_t *
driver_area(const struct diff_ring *r)
{
	return r->mem + r->driver_off;
}

static uint8_t *
device_area(const struct diff_ring *r)
{
	return r->mem + r->device_off;
}

void
diff_ring_init(struct diff_ring *r, void *mem, uint64_t iova, uint16_t size, uint64_t features)
{
	uint32_t driver_len;

	memset(r, 0, sizeof(*r));
	memset(mem, 0, DIFF_RING_BYTES + DIFF_TABLE_BYTES);
	r->mem = mem;
	r->iova = iova;
	r->table = r->mem + DIFF_RING_BYTES;
	r->table_iova = iova + DIFF_RING_BYTES;
	r->size = size;
	r->packed = (features & VIO_BIT(VIO_F_RING_PACKED)) != 0;
	r->event_idx = (features & VIO_BIT(VIO_F_EVENT_IDX)) != 0;
	r->in_order = (features & VIO_BIT(VIO_F_IN_ORDER)) != 0;
	r->next_wrap = r->used_wrap = true;
	r->free = size;
	r->driver_off = (16u * size + AREA_ALIGN - 1) & ~(AREA_ALIGN - 1u);
	driver_len = r->packed ? 4 : 6u + 2 * size;
	r->device_off = (r->driver_off + driver_len + AREA_ALIGN - 1) & ~(AREA_ALIGN - 1u);
}

/* --- add -------------------------------------------------------------------------------------- */

static void
chain_out(struct diff_ring *r, uint16_t id, uint16_t slots, const struct vring_buf *bufs,
	unsigned int n_out, unsigned int n_in, unsigned int token)
{
	struct diff_chain *c = &r->chain[id];
	unsigned int i;

	*c = (struct diff_chain){ .out = true, .slots = slots, .token = token };
	for (i = n_out; i < n_out + n_in; i++)
		c->writable += bufs[i].len;
	r->fifo[(r->fifo_first + r->fifo_n++) % r->size] = id;
	r->free -= slots;
}

/* Packed tables have no NEXT flag: their length says it all (2.8.7). */
static struct vring_buf
table_fill(struct diff_ring *r, uint16_t id, const struct vring_buf *bufs, unsigned int n_out,
	unsigned int n)
{
	size_t off = (size_t)id * DIFF_CHAIN_MAX * sizeof(struct desc);
	struct desc *d = (struct desc *)(void *)(r->table + off);
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint16_t flags = i < n_out ? 0 : DESC_WRITE;

		if (!r->packed && i + 1 < n)
			flags |= DESC_NEXT;
		d[i] = (struct desc){ .addr = bufs[i].iova, .len = bufs[i].len };
		d[i].flags_next = r->packed ? 0 : flags;
		d[i].next_flags = r->packed ? flags : (uint16_t)(i + 1);
	}
	return (struct vring_buf){ r->table_iova + off, n * (uint32_t)sizeof(*d) };
}

static void
split_add(struct diff_ring *r, const struct vring_buf *bufs, unsigned int n_out, unsigned int n,
	uint16_t extra)
{
	uint16_t head = r->desc, i;

	for (i = 0; i < n; i++) {
		struct desc *d = desc_at(r, r->desc);

		r->desc = (r->desc + 1) % r->size;
		*d = (struct desc){ .addr = bufs[i].iova, .len = bufs[i].len };
		d->flags_next = (i < n_out ? 0 : DESC_WRITE) | (i + 1u < n ? DESC_NEXT : 0) | extra;
		d->next_flags = r->desc;
	}
	store16(driver_area(r) + 4 + 2 * (r->next % r->size), head);
	r->next++;
	store16(driver_area(r) + 2, r->next);
	r->fresh++;
}

static void
packed_add(struct diff_ring *r, const struct vring_buf *bufs, unsigned int n_out, unsigned int n,
	uint16_t extra)
{
	uint16_t head = r->next, head_flags = 0, flags, i;

	for (i = 0; i < n; i++) {
		struct desc *d = desc_at(r, r->next);

		d->addr = bufs[i].iova;
		d->len = bufs[i].len;
		d->flags_next = head; /* the id, in all of them */
		flags = (i < n_out ? 0 : DESC_WRITE) | (i + 1u < n ? DESC_NEXT : 0) | extra |
			(r->next_wrap ? DESC_AVAIL : DESC_USED);
		if (i == 0)
			head_flags = flags;
		else
			store16(&d->next_flags, flags);
		if (++r->next == r->size) {
			r->next = 0;
			r->next_wrap = !r->next_wrap;
		}
	}
	store16(&desc_at(r, head)->next_flags, head_flags);
	r->fresh += n;
}

int
diff_ring_add(struct diff_ring *r, const struct vring_buf *bufs, unsigned int n_out,
	unsigned int n_in, bool indirect, unsigned int token)
{
	uint16_t id = r->packed ? r->next : r->desc, extra = 0;
	unsigned int n = n_out + n_in;
	struct vring_buf table;

	if (n == 0 || n > DIFF_CHAIN_MAX || (indirect ? 1 : n) > r->free)
		return -ENOSPC;
	chain_out(r, id, indirect ? 1 : n, bufs, n_out, n_in, token);
	if (indirect) {
		table = table_fill(r, id, bufs, n_out, n);
		bufs = &table;
		n_out = n = 1;
		extra = DESC_INDIRECT;
	}
	if (r->packed)
		packed_add(r, bufs, n_out, n, extra);
	else
		split_add(r, bufs, n_out, n, extra);
	return 0;
}

/* --- suppression ------------------------------------------------------------------------------ */

/* 2.8.10: whether one of the last "fresh" slots before next is the one that the device named. */
static bool
packed_event(const struct diff_ring *r, uint16_t off_wrap)
{
	uint16_t event = off_wrap & 0x7fff;

	if ((off_wrap >> 15 != 0) != r->next_wrap)
		event -= r->size;
	return (uint16_t)(r->next - event - 1) < r->fresh;
}

bool
diff_ring_kick(struct diff_ring *r)
{
	struct event event;
	uint16_t avail_event;
	bool want;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (r->packed) {
		event.off_wrap = load16(device_area(r));
		event.flags = load16(device_area(r) + 2);
		want = event.flags == EVENT_DESC && r->event_idx ? packed_event(r, event.off_wrap)
								 : event.flags != EVENT_DISABLE;
	} else if (r->event_idx) {
		avail_event = load16(device_area(r) + 4 + 8 * r->size);
		want = (uint16_t)(r->next - avail_event - 1) < r->fresh;
	} else {
		want = (load16(device_area(r)) & NO_INTERRUPT) == 0;
	}
	want = want && r->fresh != 0;
	r->fresh = 0;
	return want;
}

static void
split_irq(struct diff_ring *r, enum diff_irq irq, uint16_t ahead)
{
	/* Off: as far away as it can be. */
	uint16_t off = irq == DIFF_IRQ_ON ? 0 : irq == DIFF_IRQ_AT ? ahead - 1 : UINT16_MAX;

	if (r->event_idx)
		store16(driver_area(r) + 4 + 2 * r->size, r->used + off);
	else
		store16(driver_area(r), irq == DIFF_IRQ_OFF ? NO_INTERRUPT : 0);
}

static void
packed_irq(struct diff_ring *r, enum diff_irq irq, uint16_t ahead)
{
	uint16_t off = r->used + ahead - 1, wrap = r->used_wrap;

	if (off >= r->size) {
		off -= r->size;
		wrap = !wrap;
	}
	store16(driver_area(r), off | wrap << 15);
	store16(driver_area(r) + 2, irq == DIFF_IRQ_ON	 ? EVENT_ENABLE
				    : irq == DIFF_IRQ_AT ? EVENT_DESC
							 : EVENT_DISABLE);
}

void
diff_ring_irq(struct diff_ring *r, enum diff_irq irq, uint16_t ahead)
{
	if (r->packed)
		packed_irq(r, irq, ahead);
	else
		split_irq(r, irq, ahead);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* --- get -------------------------------------------------------------------------------------- */

static int
wrong(struct diff_ring *r, const char *what)
{
	if (r->wrong == NULL)
		r->wrong = what;
	return -EPROTO;
}

/* The id of the next entry given back. 1, 0, -EPROTO. */
static int
split_peek(struct diff_ring *r, uint32_t *id, uint32_t *len)
{
	uint16_t idx = load16(device_area(r) + 2);
	const uint8_t *entry = device_area(r) + 4 + 8 * (r->used % r->size);

	if (idx == r->used)
		return 0;
	if ((uint16_t)(idx - r->used) > r->fifo_n)
		return wrong(r, "the used index is ahead of what was available");
	*id = __atomic_load_n((const uint32_t *)(const void *)entry, __ATOMIC_RELAXED);
	*len = __atomic_load_n((const uint32_t *)(const void *)(entry + 4), __ATOMIC_RELAXED);
	return 1;
}

static int
packed_peek(struct diff_ring *r, uint32_t *id, uint32_t *len)
{
	const struct desc *d = desc_at(r, r->used);
	uint16_t flags = load16(&d->next_flags);
	bool avail = (flags & DESC_AVAIL) != 0, used = (flags & DESC_USED) != 0;

	if (avail != used || used != r->used_wrap)
		return 0;
	*id = __atomic_load_n(&d->flags_next, __ATOMIC_RELAXED);
	*len = __atomic_load_n(&d->len, __ATOMIC_RELAXED);
	r->used_write = (flags & DESC_WRITE) != 0;
	return 1;
}

/* Take the oldest chain, or, out of order, any. */
static void
chain_take(struct diff_ring *r, uint16_t id)
{
	struct diff_chain *c = &r->chain[id];
	uint16_t i = 0, at;

	while (r->fifo[(r->fifo_first + i) % r->size] != id)
		i++;
	for (; i > 0; i--) { /* close the gap from the front */
		at = (r->fifo_first + i) % r->size;
		r->fifo[at] = r->fifo[(r->fifo_first + i - 1) % r->size];
	}
	r->fifo_first = (r->fifo_first + 1) % r->size;
	r->fifo_n--;
	c->out = false;
	r->free += c->slots;
	r->used += r->packed ? c->slots : 1;
	if (r->packed && r->used >= r->size) {
		r->used -= r->size;
		r->used_wrap = !r->used_wrap;
	}
}

/* IN_ORDER: one entry may stand for all up to it (2.7.9, 2.8.9). How many; 0: none of ours. */
static uint16_t
batch_of(const struct diff_ring *r, uint32_t id)
{
	uint16_t i;

	for (i = 0; i < r->fifo_n; i++)
		if (r->fifo[(r->fifo_first + i) % r->size] == id)
			return i + 1;
	return 0;
}

int
diff_ring_get(struct diff_ring *r, unsigned int *token, uint32_t *len)
{
	uint32_t id = 0;
	int ret;

	if (r->wrong != NULL)
		return -EPROTO;
	if (r->batch == 0) {
		ret = r->packed ? packed_peek(r, &id, len) : split_peek(r, &id, len);
		if (ret <= 0)
			return ret;
		if (id >= r->size || !r->chain[id].out)
			return wrong(r, "gave back what it does not have");
		if (*len > r->chain[id].writable)
			return wrong(r, "says that it wrote more than there is room for");
		r->batch = r->in_order ? batch_of(r, id) : 1;
		if (r->batch > 1)
			*len = 0; /* what it wrote of those before is not told */
	}
	if (r->in_order)
		id = r->fifo[r->fifo_first];
	r->batch--;
	*token = r->chain[id].token;
	chain_take(r, id);
	return 1;
}

uint16_t
diff_ring_used_index(const struct diff_ring *r)
{
	return r->packed ? r->used : load16(device_area(r) + 2);
}
