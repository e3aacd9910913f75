/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What must hold for the ring engine on any memory, any ring, any mappings, with a driver that
 * writes between any two steps. Guest memory is heap blocks of their exact length, so that the
 * sanitizer sees each byte too far. Needs nothing but the engine; one thread.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_ring.h"
#include "ring_input.h"

#define PAGE 4096
#define BASE UINT64_C(0x40000000)
#define HEAD 12
#define STEPS 512
#define OUT_MAX 128 /* chains that are out */
#define COPY_MAX 2048

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #cond);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Two that adjoin, one apart, one at the very top. */
static const struct {
	uint64_t iova;
	size_t len;
} places[] = {
	{ BASE, 2 * PAGE },
	{ BASE + 2 * PAGE, PAGE },
	{ BASE + 4 * PAGE, PAGE },
	{ UINT64_MAX - PAGE + 1, PAGE },
};

#define BLOCKS (sizeof(places) / sizeof(places[0]))

struct block {
	uint8_t *mem;
	uint8_t *copy; /* as it should be */
	bool mapped;
};

struct run {
	struct block block[BLOCKS];
	struct nicsim_dma dma;
	struct nicsim_ring ring;
	struct nicsim_ring_conf conf;
	struct nicsim_chain chain; /* taken last */
	bool has_chain;
	struct {
		uint16_t id, slots;
	} out[OUT_MAX];
	unsigned int num_out;
	unsigned int since; /* taken since the last push */
	struct ring_outcome outcome;
	/* The input. */
	const uint8_t *at, *end;
};

static uint16_t
next8(struct run *r)
{
	return r->at < r->end ? *r->at++ : 0;
}

static uint16_t
next16(struct run *r)
{
	uint16_t low = next8(r);

	return (uint16_t)(low | next8(r) << 8);
}

static void
map_toggle(struct run *r, unsigned int i)
{
	struct block *b = &r->block[i];
	int ret;

	if (b->mapped)
		ret = nicsim_dma_unmap(&r->dma, places[i].iova, places[i].len);
	else
		ret = nicsim_dma_map(&r->dma, (uintptr_t)b->mem, places[i].iova, places[i].len);
	MUST(ret == 0);
	b->mapped = !b->mapped;
}

/* --- what the driver writes
 * -------------------------------------------------------------------- */

static void
poke(struct run *r, uint32_t off, uint8_t val)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++) {
		if (off < places[i].len) {
			r->block[i].mem[off] = val;
			r->block[i].copy[off] = val;
			return;
		}
		off -= (uint32_t)places[i].len;
	}
}

static void
poke_many(struct run *r, uint32_t off, uint64_t val, unsigned int bytes)
{
	for (; bytes-- > 0; off++, val >>= 8)
		poke(r, off, (uint8_t)val);
}

static void
poke_bytes(struct run *r)
{
	uint32_t off = next16(r);
	uint16_t n = next8(r);

	while (n-- > 0)
		poke(r, off++, (uint8_t)next8(r));
}

/* A descriptor: memory of ours, the end of all addresses, or anywhere. */
static void
poke_desc(struct run *r)
{
	uint32_t off = 16 * (uint32_t)next16(r);
	uint16_t kind = next8(r);
	uint64_t addr = next16(r);

	if (kind % 3 == 0)
		addr += BASE;
	else if (kind % 3 == 1)
		addr = UINT64_MAX - addr;
	else
		addr <<= kind % 49;
	poke_many(r, off, addr, 8);
	poke_many(r, off + 8, kind >= 128 ? UINT32_MAX - next16(r) : next16(r), 4);
	poke_many(r, off + 12, next16(r), 2);
	poke_many(r, off + 14, next16(r), 2);
}

/* --- what the device may write
 * ----------------------------------------------------------------- */

static bool
is_in(uint64_t iova, uint64_t from, uint64_t len)
{
	return iova - from < len;
}

static bool
is_the_devices(const struct run *r, uint64_t iova)
{
	const struct nicsim_ring_conf *c = &r->conf;

	if (!c->packed)
		return is_in(iova, c->device, 6 + 8 * (uint64_t)c->size);
	return is_in(iova, c->device, 4) || is_in(iova, c->desc, 16 * (uint64_t)c->size);
}

static bool
is_writable(const struct run *r, uint64_t iova)
{
	const struct nicsim_seg *seg;
	uint16_t i;

	for (i = 0; i < r->chain.n; i++) {
		seg = &r->chain.seg[i];
		if (seg->write && is_in(iova, seg->iova, seg->len))
			return true;
	}
	return false;
}

/* Bytes that changed are mapped, and of those that allowed says; NULL: none. */
static void
check_memory(const struct run *r, bool (*allowed)(const struct run *r, uint64_t iova))
{
	const struct block *b;
	unsigned int i;
	size_t j;

	for (i = 0; i < BLOCKS; i++) {
		b = &r->block[i];
		if (memcmp(b->mem, b->copy, places[i].len) == 0)
			continue;
		MUST(b->mapped && allowed != NULL);
		for (j = 0; j < places[i].len; j++)
			MUST(b->mem[j] == b->copy[j] || allowed(r, places[i].iova + j));
		memcpy(b->copy, b->mem, places[i].len);
	}
}

/* --- what the device does
 * ---------------------------------------------------------------------- */

static uint64_t
errors(const struct run *r)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NICSIM_RING_NUM_ERRORS; i++)
		sum += r->ring.errors[i];
	return sum;
}

static void
check_chain(const struct run *r)
{
	const struct nicsim_chain *c = &r->chain;
	uint64_t readable = 0, writable = 0;
	bool writes = false;
	uint16_t i;

	MUST(c->n >= 1 && c->n <= NICSIM_CHAIN_SEGS);
	MUST(c->slots >= 1 && c->slots <= r->conf.size);
	MUST(r->conf.packed || c->id < r->conf.size);
	MUST(r->conf.indirect || c->n == c->slots);
	for (i = 0; i < c->n; i++) {
		MUST(c->seg[i].write || !writes);
		MUST(c->seg[i].len == 0 || c->seg[i].iova + (c->seg[i].len - 1) >= c->seg[i].iova);
		writes = c->seg[i].write;
		*(writes ? &writable : &readable) += c->seg[i].len;
	}
	MUST(c->readable == readable && c->writable == writable);
}

static void
check_ring(const struct run *r)
{
	MUST(!r->conf.packed || (r->ring.avail < r->conf.size && r->ring.used < r->conf.size));
	MUST(r->ring.batched <= NICSIM_RING_BATCH);
	MUST(r->ring.errors[NICSIM_RING_OK] == 0);
	MUST(r->ring.broken < NICSIM_RING_NUM_ERRORS);
	MUST(r->ring.broken == NICSIM_RING_OK || r->ring.errors[r->ring.broken] != 0);
}

static void
do_pop(struct run *r)
{
	enum nicsim_ring_error broken = r->ring.broken;
	uint64_t before = errors(r);
	uint16_t pos = r->ring.avail;
	bool wrap = r->ring.avail_wrap, disorder = r->ring.hold != NULL;
	int ret;

	if (r->num_out == OUT_MAX)
		return;
	ret = nicsim_ring_pop(&r->ring, &r->chain);
	check_memory(r, NULL);
	r->has_chain = ret == 1;
	if (ret == 1) {
		check_chain(r);
		MUST(broken == NICSIM_RING_OK && errors(r) == before);
		MUST(disorder || pos != r->ring.avail || wrap != r->ring.avail_wrap);
		r->out[r->num_out].id = r->chain.id;
		r->out[r->num_out].slots = r->chain.slots;
		r->num_out++;
		r->since++;
		r->outcome.popped++;
	} else if (ret == 0) {
		MUST(broken == NICSIM_RING_OK && r->ring.broken == NICSIM_RING_OK);
		MUST(disorder || (pos == r->ring.avail && wrap == r->ring.avail_wrap));
	} else {
		MUST(ret == -EPROTO && r->ring.broken != NICSIM_RING_OK);
		MUST(errors(r) == before + (broken == NICSIM_RING_OK));
	}
}

static void
do_push(struct run *r)
{
	unsigned int i = next8(r);
	uint32_t len = next16(r);

	if (r->num_out == 0)
		return;
	i %= r->num_out;
	nicsim_ring_push(&r->ring, r->out[i].id, r->out[i].slots, len);
	r->out[i] = r->out[--r->num_out];
	r->since = 0;
	r->outcome.pushed++;
	check_memory(r, is_the_devices);
}

static void
do_unpop(struct run *r)
{
	nicsim_ring_unpop(&r->ring);
	r->num_out -= r->since;
	r->outcome.popped -= r->since;
	r->since = 0;
	r->has_chain = false;
	check_memory(r, NULL);
}

static void
do_copy(struct run *r, bool write)
{
	uint8_t *buf;
	uint64_t off = next16(r), room;
	uint32_t len = next16(r) % COPY_MAX;
	int ret;

	if (!r->has_chain)
		return;
	room = write ? r->chain.writable : r->chain.readable;
	buf = malloc(len + 1u);
	MUST(buf != NULL);
	memset(buf, 0x5a, len + 1u);
	if (write)
		ret = nicsim_chain_write(&r->ring, &r->chain, off, buf, len);
	else
		ret = nicsim_chain_read(&r->ring, &r->chain, off, buf, len);
	MUST(buf[len] == 0x5a);
	free(buf);
	MUST(ret == 0 || ret == -EFAULT || ret == -ERANGE);
	MUST((ret == -ERANGE) == (off > room || len > room - off));
	MUST(ret != -EFAULT || r->ring.broken != NICSIM_RING_OK);
	check_memory(r, write ? is_writable : NULL);
}

static void
do_flush(struct run *r)
{
	nicsim_ring_flush(&r->ring);
	MUST(!nicsim_ring_is_dirty(&r->ring));
	MUST(!nicsim_ring_flush(&r->ring));
	check_memory(r, is_the_devices);
}

static void
do_notify(struct run *r)
{
	bool on = (next8(r) & 1) != 0, ready = nicsim_ring_notify(&r->ring, on);

	MUST(!ready || (on && r->ring.broken == NICSIM_RING_OK));
	check_memory(r, is_the_devices);
}

static void
do_start(struct run *r)
{
	MUST(nicsim_ring_start(&r->ring, &r->dma, &r->conf) == 0);
	MUST(r->ring.broken == NICSIM_RING_OK && !nicsim_ring_is_dirty(&r->ring));
	r->num_out = 0;
	r->since = 0;
	r->has_chain = false;
	check_memory(r, NULL);
}

static void
step(struct run *r)
{
	uint64_t faults = r->dma.faults;
	uint16_t op = next8(r) % 13, off;

	switch (op) {
	case 0:
		poke_bytes(r);
		break;
	case 1:
		poke_desc(r);
		break;
	case 2:
		do_pop(r);
		break;
	case 3:
		do_push(r);
		break;
	case 4:
		do_flush(r);
		break;
	case 5:
		do_notify(r);
		break;
	case 6:
		do_copy(r, false);
		break;
	case 7:
		do_copy(r, true);
		break;
	case 8:
		do_unpop(r);
		break;
	case 9:
		MUST(nicsim_ring_disorder(&r->ring, next8(r) % (NICSIM_RING_AHEAD + 1), 1) == 0);
		break;
	case 10:
		map_toggle(r, next8(r) % BLOCKS);
		break;
	case 11:
		do_start(r);
		break;
	default:
		off = next16(r);
		poke_many(r, off, next16(r), 2);
	}
	/* a fault is an error of the ring, always */
	MUST(r->dma.faults == faults || r->ring.broken != NICSIM_RING_OK);
	if (r->outcome.error == 0)
		r->outcome.error = r->ring.broken;
	check_ring(r);
}

/* --- the input
 * --------------------------------------------------------------------------------- */

static int
head_read(struct run *r)
{
	uint16_t flags = next8(r), map, depth;
	unsigned int i;

	r->conf.packed = (flags & 1) != 0;
	r->conf.event_idx = (flags & 2) != 0;
	r->conf.indirect = (flags & 4) != 0;
	r->conf.in_order = (flags & 8) != 0;
	r->conf.size = next16(r);
	r->conf.desc = BASE + 16 * (uint64_t)next16(r);
	r->conf.driver = BASE + 2 * (uint64_t)next16(r);
	r->conf.device = BASE + 4 * (uint64_t)next16(r);
	map = next8(r);
	for (i = 0; i < BLOCKS; i++) {
		if ((map & 1u << i) != 0)
			map_toggle(r, i);
	}
	if (nicsim_ring_start(&r->ring, &r->dma, &r->conf) != 0)
		return 1;
	/* not for half of all inputs: it takes its time to set up */
	depth = next8(r);
	if (depth < 128)
		return 0;
	return nicsim_ring_disorder(&r->ring, depth % 128 % (NICSIM_RING_AHEAD + 1), 1);
}

int
ring_input_run(const uint8_t *data, size_t size, struct ring_outcome *out)
{
	static struct run run; /* too long for a stack; all zero for each input but its chain */
	struct run *r = &run;
	unsigned int i;
	int ret;

	if (size < HEAD)
		return 1;
	memset(&r->ring, 0, sizeof(r->ring));
	memset(&r->outcome, 0, sizeof(r->outcome));
	r->num_out = 0;
	r->since = 0;
	r->has_chain = false;
	r->at = data;
	r->end = data + size;
	nicsim_dma_init(&r->dma);
	for (i = 0; i < BLOCKS; i++) {
		r->block[i].mem = aligned_alloc(PAGE, places[i].len);
		r->block[i].copy = malloc(places[i].len);
		MUST(r->block[i].mem != NULL && r->block[i].copy != NULL);
		memset(r->block[i].mem, 0, places[i].len);
		memset(r->block[i].copy, 0, places[i].len);
		r->block[i].mapped = false;
	}
	ret = head_read(r);
	for (i = 0; ret == 0 && i < STEPS && r->at < r->end; i++)
		step(r);
	if (out != NULL)
		*out = r->outcome;
	nicsim_ring_fini(&r->ring);
	nicsim_dma_fini(&r->dma);
	for (i = 0; i < BLOCKS; i++) {
		free(r->block[i].mem);
		free(r->block[i].copy);
	}
	return ret;
}
