/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The driver side of a ring, for tests. Owns the ring's layout: each area in pages of its own, the
 * device's and the tables placed so that entries lie across pages where they may.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guestring.h"

#define PAGE 4096

#define F_NEXT 1
#define F_WRITE 2
#define F_INDIRECT 4
#define F_AVAIL 0x80
#define F_USED 0x8000

/* A page more than it takes, to move it about in. */
static size_t
area(size_t bytes)
{
	return (bytes + 2 * PAGE - 1) / PAGE * PAGE;
}

static size_t
driver_bytes(const struct guestring_conf *c)
{
	return c->packed ? 4 : 6 + 2 * (size_t)c->size;
}

static size_t
device_bytes(const struct guestring_conf *c)
{
	return c->packed ? 4 : 6 + 8 * (size_t)c->size;
}

size_t
guestring_bytes(const struct guestring_conf *c)
{
	return area(16 * (size_t)c->size) + area(driver_bytes(c)) + area(device_bytes(c)) +
	       area((size_t)c->size * GUESTRING_TABLE * 16 + 8);
}

int
guestring_init(struct guestring *g, const struct guestring_conf *conf, void *mem, uint64_t iova,
	uint32_t seed)
{
	uint16_t i;

	memset(g, 0, sizeof(*g));
	memset(mem, 0, guestring_bytes(conf));
	g->conf = *conf;
	g->mem = mem;
	g->iova = iova;
	g->driver_off = area(16 * (size_t)conf->size);
	g->device_off = g->driver_off + area(driver_bytes(conf));
	g->table_off = g->device_off + area(device_bytes(conf)) + 8; /* not aligned to 16 */
	g->device_off += PAGE - 16; /* the second entry of a used ring lies across a page */
	g->chain = calloc(conf->size, sizeof(*g->chain));
	g->next = calloc(conf->size, sizeof(*g->next));
	g->free_id = calloc(conf->size, sizeof(*g->free_id));
	g->table_copy = calloc(conf->size, 16);
	if (g->chain == NULL || g->next == NULL || g->free_id == NULL || g->table_copy == NULL) {
		guestring_fini(g);
		return -ENOMEM;
	}
	for (i = 0; i < conf->size; i++)
		g->free_id[i] = i;
	g->num_free = conf->size;
	g->room = conf->size;
	g->rand = seed | 1;
	return 0;
}

void
guestring_fini(struct guestring *g)
{
	free(g->chain);
	free(g->next);
	free(g->free_id);
	free(g->table_copy);
	g->chain = NULL;
	g->next = NULL;
	g->free_id = NULL;
	g->table_copy = NULL;
}

uint64_t
guestring_desc(const struct guestring *g)
{
	return g->iova;
}

uint64_t
guestring_driver(const struct guestring *g)
{
	return g->iova + g->driver_off;
}

uint64_t
guestring_device(const struct guestring *g)
{
	return g->iova + g->device_off;
}

static uint16_t
get16(const uint8_t *at)
{
	return le16toh(__atomic_load_n((const uint16_t *)at, __ATOMIC_SEQ_CST));
}

static void
put16(uint8_t *at, uint16_t val)
{
	__atomic_store_n((uint16_t *)at, htole16(val), __ATOMIC_SEQ_CST);
}

static uint32_t
get32(const uint8_t *at)
{
	return le32toh(__atomic_load_n((const uint32_t *)at, __ATOMIC_SEQ_CST));
}

static uint32_t
draw(struct guestring *g, uint32_t below)
{
	g->rand = g->rand * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)g->rand * below >> 32);
}

/* In order, ids go around like the ring does; else any free one. */
static uint16_t
id_take(struct guestring *g)
{
	uint32_t i = g->conf.in_order ? 0 : draw(g, g->num_free);
	uint16_t id = g->free_id[i];

	g->num_free--;
	if (g->conf.in_order)
		memmove(g->free_id, g->free_id + 1, g->num_free * sizeof(*g->free_id));
	else
		g->free_id[i] = g->free_id[g->num_free];
	return id;
}

static void
id_give(struct guestring *g, uint16_t id)
{
	g->free_id[g->num_free++] = id;
}

static uint8_t *
driver_area(const struct guestring *g)
{
	return g->mem + g->driver_off;
}

static uint8_t *
device_area(const struct guestring *g)
{
	return g->mem + g->device_off;
}

static void
desc_fill(uint8_t *at, uint64_t addr, uint32_t len)
{
	addr = htole64(addr);
	len = htole32(len);
	memcpy(at, &addr, 8);
	memcpy(at + 8, &len, 4);
}

static void
desc_half(uint8_t *at, uint16_t val)
{
	val = htole16(val);
	memcpy(at, &val, 2);
}

static size_t
table_of(const struct guestring *g, uint16_t id)
{
	return g->table_off + (size_t)id * GUESTRING_TABLE * 16;
}

/* Split: entries linked backwards through the table, to see that links are followed. */
static void
table_fill(struct guestring *g, uint16_t id, const struct guestring_buf *bufs, uint16_t n,
	uint16_t n_out)
{
	uint8_t *table = g->mem + table_of(g, id), *at;
	uint16_t i, place, next, flags;

	for (i = 0; i < n; i++) {
		place = i == 0 || g->conf.packed ? i : (uint16_t)(n - i);
		next = (uint16_t)(n - i - 1);
		flags = i < n_out ? 0 : F_WRITE;
		at = table + 16 * (size_t)place;
		desc_fill(at, bufs[i].iova, bufs[i].len);
		if (g->conf.packed) {
			desc_half(at + 12, 0xdead); /* 2.8.7: reserved there */
			desc_half(at + 14, flags);
			continue;
		}
		desc_half(at + 12, (uint16_t)(flags | (i + 1 < n ? F_NEXT : 0)));
		desc_half(at + 14, next);
	}
}

/* What goes into the ring itself: n_direct buffers, and a table if there are more. */
struct plan {
	const struct guestring_buf *bufs;
	uint16_t n, n_out, n_direct, slots;
};

static void
plan_slot(struct guestring *g, const struct plan *p, uint16_t i, uint16_t id,
	struct guestring_buf *buf, uint16_t *flags)
{
	uint16_t rest = (uint16_t)(p->n - p->n_direct);

	if (i < p->n_direct) {
		*buf = p->bufs[i];
		*flags = i < p->n_out ? 0 : F_WRITE;
	} else {
		table_fill(g, id, p->bufs + p->n_direct, rest,
			p->n_out > p->n_direct ? (uint16_t)(p->n_out - p->n_direct) : 0);
		*buf = (struct guestring_buf){ g->iova + table_of(g, id), 16 * (uint32_t)rest };
		*flags = F_INDIRECT;
	}
	if (i + 1 < p->slots)
		*flags |= F_NEXT;
}

static uint16_t
split_add(struct guestring *g, const struct plan *p)
{
	uint16_t head = id_take(g), slot = head, i, flags, mask = g->conf.size - 1;
	struct guestring_buf buf;
	uint8_t *at;

	for (i = 0; i < p->slots; i++) {
		plan_slot(g, p, i, head, &buf, &flags);
		g->next[slot] = i + 1 < p->slots ? id_take(g) : head;
		at = g->mem + 16 * (size_t)slot;
		desc_fill(at, buf.iova, buf.len);
		desc_half(at + 12, flags);
		desc_half(at + 14, (flags & F_NEXT) != 0 ? g->next[slot] : 0xbeef);
		memcpy(g->table_copy + 16 * (size_t)slot, at, 16);
		slot = g->next[slot];
	}
	put16(driver_area(g) + 4 + 2 * ((uint16_t)g->added & mask), head);
	g->added++;
	put16(driver_area(g) + 2, (uint16_t)g->added);
	return head;
}

static bool
wrap_of(const struct guestring *g, uint64_t pos)
{
	return pos / g->conf.size % 2 == 0;
}

static uint16_t
packed_add(struct guestring *g, const struct plan *p)
{
	uint16_t id = id_take(g), flags, head_flags = 0, i;
	uint64_t pos = g->added;
	struct guestring_buf buf;
	uint8_t *at;

	for (i = 0; i < p->slots; i++, pos++) {
		plan_slot(g, p, i, id, &buf, &flags);
		flags |= wrap_of(g, pos) ? F_AVAIL : F_USED;
		at = g->mem + 16 * (pos % g->conf.size);
		desc_fill(at, buf.iova, buf.len);
		desc_half(
			at + 12, i + 1 < p->slots ? 0xdead : id); /* 2.8.6: the last one's counts */
		if (i == 0)
			head_flags = flags;
		else
			put16(at + 14, flags);
	}
	put16(g->mem + 16 * (g->added % g->conf.size) + 14, head_flags);
	g->added = pos;
	return id;
}

int
guestring_add(struct guestring *g, const struct guestring_buf *bufs, uint16_t n_out, uint16_t n_in,
	bool indirect, uint16_t direct, uint64_t cookie)
{
	struct plan p = { bufs, (uint16_t)(n_out + n_in), n_out, 0, 0 };
	struct guestring_chain *c;
	uint16_t id, i;

	p.n_direct = indirect ? direct : p.n;
	p.slots = (uint16_t)(p.n_direct + (indirect ? 1 : 0));
	if (p.slots > g->room)
		return -ENOSPC;
	id = g->conf.packed ? packed_add(g, &p) : split_add(g, &p);
	c = &g->chain[id];
	*c = (struct guestring_chain){ true, p.slots, g->orders++, cookie, 0 };
	for (i = n_out; i < p.n; i++)
		c->writable += bufs[i].len;
	g->room -= p.slots;
	g->busy++;
	return id;
}

/* Whether the device's event, an offset and a wrap counter, is one of from..to - 1. */
static bool
packed_event_is_in(struct guestring *g, uint32_t event, uint64_t from, uint64_t to)
{
	uint64_t pos, lap = from / g->conf.size * g->conf.size;
	uint16_t off = event & 0x7fff;
	int i;

	if (off >= g->conf.size)
		g->wrong = "event offset beyond the ring";
	for (i = 0; i < 3; i++, lap += g->conf.size) {
		pos = lap + off;
		if (pos >= from && pos < to && wrap_of(g, pos) == ((event & 0x8000) != 0))
			return true;
	}
	return false;
}

bool
guestring_kick(struct guestring *g)
{
	uint64_t from = g->kicked, to = g->added;
	uint32_t event;

	g->kicked = to;
	if (from == to)
		return false;
	if (!g->conf.packed && !g->conf.event_idx)
		return (get16(device_area(g)) & 1) == 0;
	if (!g->conf.packed) {
		if (get16(device_area(g)) != 0)
			g->wrong = "used flags set with EVENT_IDX"; /* 2.7.10.2 */
		event = get16(device_area(g) + 4 + 8 * (size_t)g->conf.size);
		for (; from < to; from++) {
			if ((uint16_t)from == event)
				return true;
		}
		return false;
	}
	event = get32(device_area(g));
	switch (event >> 16) {
	case 0:
		return true;
	case 1:
		return false;
	case 2:
		if (!g->conf.event_idx)
			g->wrong = "event flags for one descriptor without EVENT_IDX";
		return packed_event_is_in(g, event, from, to);
	default:
		g->wrong = "reserved event flags";
		return true;
	}
}

static int
wrong(struct guestring *g, const char *what)
{
	g->wrong = what;
	return -EPROTO;
}

static int
split_used(struct guestring *g, uint32_t *id, uint32_t *len)
{
	const uint8_t *elem = device_area(g) + 4 + 8 * (g->seen & (g->conf.size - 1u));
	uint16_t new = (uint16_t)(get16(device_area(g) + 2) - (uint16_t)g->seen);

	if (new == 0)
		return 0;
	if (new > g->busy)
		return wrong(g, "more chains used than there are");
	*id = get32(elem);
	*len = get32(elem + 4);
	return 1;
}

static int
packed_used(struct guestring *g, uint32_t *id, uint32_t *len)
{
	const uint8_t *desc = g->mem + 16 * (g->seen % g->conf.size);
	uint16_t flags = get16(desc + 14);
	bool wrap = wrap_of(g, g->seen);

	if (((flags & F_AVAIL) != 0) != wrap || ((flags & F_USED) != 0) != wrap)
		return 0;
	if ((flags & ~(F_AVAIL | F_USED | F_WRITE)) != 0)
		return wrong(g, "flags in a used descriptor");
	*id = get16(desc + 12);
	*len = get32(desc + 8);
	if (((flags & F_WRITE) != 0) != (*len != 0))
		return wrong(g, "WRITE does not go with the length");
	return 1;
}

static void
chain_free(struct guestring *g, uint16_t id)
{
	struct guestring_chain *c = &g->chain[id];
	uint16_t i, slot = id;

	c->busy = false;
	g->busy--;
	g->room += c->slots;
	if (g->conf.packed) {
		id_give(g, id);
		g->seen += c->slots;
		return;
	}
	for (i = 0; i < c->slots; i++) {
		id_give(g, slot);
		slot = g->next[slot];
	}
	g->seen++;
}

int
guestring_used(struct guestring *g, uint64_t *cookie, uint32_t *len)
{
	uint32_t id = 0;
	int ret = g->conf.packed ? packed_used(g, &id, len) : split_used(g, &id, len);

	if (ret != 1)
		return ret;
	if (id >= g->conf.size || !g->chain[id].busy)
		return wrong(g, "an id that is not outstanding");
	if (g->conf.in_order && g->chain[id].order != g->orders_seen)
		return wrong(g, "out of order");
	if (*len > g->chain[id].writable)
		return wrong(g, "more written than there is room");
	g->orders_seen++;
	*cookie = g->chain[id].cookie;
	chain_free(g, (uint16_t)id);
	return 1;
}

bool
guestring_arm(struct guestring *g, bool on, uint16_t ahead)
{
	uint64_t pos = g->seen + ahead;
	uint32_t event;

	if (!g->conf.packed) {
		if (g->conf.event_idx)
			put16(driver_area(g) + 4 + 2 * (size_t)g->conf.size,
				(uint16_t)(on ? pos : g->seen - 1));
		else
			put16(driver_area(g), on ? 0 : 1);
		return on && get16(device_area(g) + 2) != (uint16_t)g->seen;
	}
	event = on ? (g->conf.event_idx ? 2u << 16 : 0) : 1u << 16;
	event |= (uint32_t)(pos % g->conf.size) | (wrap_of(g, pos) ? 0x8000 : 0);
	__atomic_store_n((uint32_t *)driver_area(g), htole32(event), __ATOMIC_SEQ_CST);
	event = get16(g->mem + 16 * (g->seen % g->conf.size) + 14);
	return on && ((event & F_AVAIL) != 0) == wrap_of(g, g->seen) &&
	       ((event & F_USED) != 0) == wrap_of(g, g->seen);
}

bool
guestring_is_intact(const struct guestring *g)
{
	return g->conf.packed || memcmp(g->mem, g->table_copy, 16 * (size_t)g->conf.size) == 0;
}
