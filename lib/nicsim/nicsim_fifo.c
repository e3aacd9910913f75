/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The ring of bytes of a port's queue. Owns the positions in it. One thread fills, one empties;
 * neither waits. A record is a header and the frame, and may wrap around within the frame only.
 */
#include <string.h>

#include "nicsim_fifo.h"

struct record {
	uint32_t len;
	struct nicsim_meta meta;
	uint16_t pad;
};

_Static_assert(sizeof(struct record) == 16, "a header never wraps");
_Static_assert((NICSIM_PORT_RING & (NICSIM_PORT_RING - 1)) == 0, "positions wrap at 2^32");

static uint32_t
record_size(uint32_t len)
{
	return (uint32_t)sizeof(struct record) + ((len + 15) & ~15u);
}

static void
ring_write(struct nicsim_fifo *f, uint32_t pos, const void *from, uint32_t len)
{
	uint32_t at = pos & (NICSIM_PORT_RING - 1), first = NICSIM_PORT_RING - at;

	if (first > len)
		first = len;
	memcpy(f->buf + at, from, first);
	memcpy(f->buf, (const uint8_t *)from + first, len - first);
}

bool
nicsim_fifo_put(struct nicsim_fifo *f, const struct nicsim_piece *piece, uint32_t len,
	const struct nicsim_meta *meta)
{
	struct record rec = { .len = len, .meta = *meta };
	uint32_t head = f->head, need, pos;
	unsigned int i;

	if (len > NICSIM_PORT_RING / 2)
		return false;
	need = record_size(len);
	if (NICSIM_PORT_RING - (head - f->seen_tail) < need) {
		f->seen_tail = __atomic_load_n(&f->tail, __ATOMIC_ACQUIRE);
		if (NICSIM_PORT_RING - (head - f->seen_tail) < need)
			return false;
	}
	ring_write(f, head, &rec, sizeof(rec));
	pos = head + (uint32_t)sizeof(rec);
	for (i = 0; i < piece->n; i++) {
		ring_write(f, pos, piece->data[i], piece->len[i]);
		pos += piece->len[i];
	}
	/* In one order with the emptying end's look before it sleeps, see nicsim_port.c. */
	__atomic_store_n(&f->head, head + need, __ATOMIC_SEQ_CST);
	return true;
}

uint32_t
nicsim_fifo_peek(struct nicsim_fifo *f, struct nicsim_meta *meta)
{
	struct record rec;

	if (f->seen_head == f->tail) {
		f->seen_head = __atomic_load_n(&f->head, __ATOMIC_SEQ_CST);
		if (f->seen_head == f->tail)
			return 0;
	}
	memcpy(&rec, f->buf + (f->tail & (NICSIM_PORT_RING - 1)), sizeof(rec));
	if (meta != NULL)
		*meta = rec.meta;
	return rec.len;
}

void
nicsim_fifo_take(struct nicsim_fifo *f, void *buf, uint32_t len)
{
	uint32_t at = (f->tail + (uint32_t)sizeof(struct record)) & (NICSIM_PORT_RING - 1);
	uint32_t first = NICSIM_PORT_RING - at;

	if (buf != NULL) {
		if (first > len)
			first = len;
		memcpy(buf, f->buf + at, first);
		memcpy((uint8_t *)buf + first, f->buf, len - first);
	}
	__atomic_store_n(&f->tail, f->tail + record_size(len), __ATOMIC_SEQ_CST);
}

bool
nicsim_fifo_is_empty(const struct nicsim_fifo *f)
{
	return __atomic_load_n(&f->head, __ATOMIC_SEQ_CST) ==
		__atomic_load_n(&f->tail, __ATOMIC_SEQ_CST);
}

bool
nicsim_fifo_was_empty(const struct nicsim_fifo *f, uint32_t len)
{
	return f->head - __atomic_load_n(&f->tail, __ATOMIC_SEQ_CST) <= record_size(len);
}
