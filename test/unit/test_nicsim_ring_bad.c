/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Rings with nonsense in them, one kind each, and at the limits of what is none: the error that is
 * counted, that the ring is left alone from then on, and works again after a new start. Copies from
 * and to chains.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "nicsim_ring.h"
#include "ut.h"

#define IOVA UINT64_C(0x100000)
#define PAGE 4096
#define SIZE 8
#define DRIVER (IOVA + PAGE)
#define DEVICE (IOVA + 2 * PAGE)
#define TABLE (IOVA + 3 * PAGE)
#define TABLE_MAX 256 /* entries in a page */
#define PAGES 4

#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define AVAIL 0x80
#define USED 0x8000

struct bad {
	struct nicsim_dma dma;
	struct nicsim_ring ring;
	struct nicsim_ring_conf conf;
	uint8_t *mem;
};

static struct nicsim_chain chain;

static int
setup(struct bad *b, bool packed)
{
	memset(b, 0, sizeof(*b));
	b->mem = aligned_alloc(PAGE, PAGES * PAGE);
	UT_CHECK(b->mem != NULL);
	memset(b->mem, 0, PAGES * PAGE);
	nicsim_dma_init(&b->dma);
	UT_EQ(nicsim_dma_map(&b->dma, (uintptr_t)b->mem, IOVA, PAGES * PAGE), 0);
	b->conf = (struct nicsim_ring_conf){ .desc = IOVA,
		.driver = DRIVER,
		.device = DEVICE,
		.size = SIZE,
		.packed = packed,
		.indirect = true };
	UT_EQ(nicsim_ring_start(&b->ring, &b->dma, &b->conf), 0);
	return 0;
}

static void
teardown(struct bad *b)
{
	nicsim_ring_fini(&b->ring);
	nicsim_dma_fini(&b->dma);
	free(b->mem);
}

static void
put16(struct bad *b, uint64_t iova, uint16_t val)
{
	val = htole16(val);
	memcpy(b->mem + (iova - IOVA), &val, 2);
}

/* Both formats: the last two halves are flags and link, or id and flags. */
static void
desc(struct bad *b, uint64_t at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t other)
{
	addr = htole64(addr);
	len = htole32(len);
	memcpy(b->mem + (at - IOVA), &addr, 8);
	memcpy(b->mem + (at - IOVA) + 8, &len, 4);
	put16(b, at + 12, b->conf.packed ? other : flags);
	put16(b, at + 14, b->conf.packed ? flags : other);
}

static void
slot(struct bad *b, uint16_t i, uint16_t flags, uint16_t other)
{
	desc(b, IOVA + 16 * (uint64_t)i, 0x5000, 64, flags, other);
}

static void
entry(struct bad *b, uint16_t i, uint16_t flags, uint16_t other)
{
	desc(b, TABLE + 16 * (uint64_t)i, 0x5000, 64, flags, other);
}

/* Split: n heads are available, of which the first is head. */
static void
available(struct bad *b, uint16_t n, uint16_t head)
{
	put16(b, DRIVER + 4, head);
	put16(b, DRIVER + 2, n);
}

static void
table(struct bad *b, uint32_t len, uint16_t flags)
{
	desc(b, IOVA, TABLE, len, INDIRECT | flags, b->conf.packed ? 5 : 1);
	if (!b->conf.packed)
		available(b, 1, 0);
}

/* --- split
 * ------------------------------------------------------------------------------------- */

static void
split_index(struct bad *b)
{
	available(b, SIZE + 1, 0);
}

static void
split_index_back(struct bad *b)
{
	available(b, UINT16_MAX, 0);
}

static void
split_head(struct bad *b)
{
	available(b, 1, SIZE);
}

static void
split_link(struct bad *b)
{
	slot(b, 0, NEXT, SIZE);
	available(b, 1, 0);
}

static void
split_loop(struct bad *b)
{
	slot(b, 0, NEXT, 1);
	slot(b, 1, NEXT, 0);
	available(b, 1, 0);
}

static void
split_self(struct bad *b)
{
	slot(b, 3, NEXT, 3);
	available(b, 1, 3);
}

static void
split_order(struct bad *b)
{
	slot(b, 0, NEXT | WRITE, 1);
	slot(b, 1, 0, 0);
	available(b, 1, 0);
}

static void
split_table_next(struct bad *b)
{
	entry(b, 0, 0, 0);
	table(b, 16, NEXT);
}

static void
split_table_link(struct bad *b)
{
	entry(b, 0, NEXT, 2);
	entry(b, 1, 0, 0);
	entry(b, 2, 0, 0);
	table(b, 32, 0);
}

static void
split_table_loop(struct bad *b)
{
	entry(b, 0, NEXT, 1);
	entry(b, 1, NEXT, 0);
	table(b, 64, 0);
}

static void
split_order_into_table(struct bad *b)
{
	slot(b, 2, WRITE | NEXT, 0);
	entry(b, 0, 0, 0);
	table(b, 16, 0);
	available(b, 1, 2);
}

/* --- packed
 * ------------------------------------------------------------------------------------ */

static void
packed_cut(struct bad *b)
{
	slot(b, 0, AVAIL | NEXT, 0);
	slot(b, 1, 0, 0);
}

static void
packed_cut_used(struct bad *b)
{
	slot(b, 0, AVAIL | NEXT, 0);
	slot(b, 1, AVAIL | USED, 0);
}

static void
packed_loop(struct bad *b)
{
	uint16_t i;

	for (i = 0; i < SIZE; i++)
		slot(b, i, AVAIL | NEXT, 0);
}

/* Once around, and available there with the next lap's counter. */
static void
packed_loop_around(struct bad *b)
{
	uint16_t i;

	for (i = 0; i < SIZE; i++)
		slot(b, i, i < 2 ? AVAIL : AVAIL | NEXT, 0);
	nicsim_ring_pop(&b->ring, &chain);
	nicsim_ring_pop(&b->ring, &chain);
	slot(b, 0, USED | NEXT, 0);
	slot(b, 1, USED | NEXT, 0);
}

static void
packed_order(struct bad *b)
{
	slot(b, 0, AVAIL | NEXT | WRITE, 0);
	slot(b, 1, AVAIL, 0);
}

static void
packed_table_next(struct bad *b)
{
	table(b, 16, AVAIL | NEXT);
	slot(b, 1, AVAIL, 0);
}

static void
packed_table_behind(struct bad *b)
{
	slot(b, 0, AVAIL | NEXT, 0);
	desc(b, IOVA + 16, TABLE, 16, AVAIL | INDIRECT, 0);
}

/* --- both
 * -------------------------------------------------------------------------------------- */

static void
table_any(struct bad *b, uint32_t len)
{
	uint16_t i;

	for (i = 0; i < TABLE_MAX; i++)
		entry(b, i, b->conf.packed ? 0 : NEXT, (uint16_t)(i + 1));
	table(b, len, b->conf.packed ? AVAIL : 0);
}

static void
table_empty(struct bad *b)
{
	table_any(b, 0);
}

static void
table_odd(struct bad *b)
{
	table_any(b, 24);
}

static void
table_nested(struct bad *b)
{
	table_any(b, 32);
	entry(b, 0, INDIRECT, 1);
}

static void
table_refused(struct bad *b)
{
	table_any(b, 16);
	b->ring.conf.indirect = false;
}

static void
table_past_memory(struct bad *b)
{
	table_any(b, 16 * (TABLE_MAX + 1));
}

static void
no_ring(struct bad *b)
{
	nicsim_dma_clear(&b->dma);
}

static void
buffer_past_the_top(struct bad *b)
{
	if (b->conf.packed) {
		desc(b, IOVA, UINT64_MAX - 62, 64, AVAIL, 0);
	} else {
		desc(b, IOVA, UINT64_MAX - 62, 64, 0, 0);
		available(b, 1, 0);
	}
}

static const struct {
	const char *name;
	int formats; /* 1 split, 2 packed */
	void (*make)(struct bad *b);
	enum nicsim_ring_error error;
} kinds[] = {
	{ "index", 1, split_index, NICSIM_RING_INDEX },
	{ "index, back", 1, split_index_back, NICSIM_RING_INDEX },
	{ "head", 1, split_head, NICSIM_RING_HEAD },
	{ "link", 1, split_link, NICSIM_RING_HEAD },
	{ "loop", 1, split_loop, NICSIM_RING_LOOP },
	{ "self", 1, split_self, NICSIM_RING_LOOP },
	{ "order", 1, split_order, NICSIM_RING_ORDER },
	{ "table, next", 1, split_table_next, NICSIM_RING_INDIRECT },
	{ "table, link", 1, split_table_link, NICSIM_RING_HEAD },
	{ "table, loop", 1, split_table_loop, NICSIM_RING_LOOP },
	{ "order, into a table", 1, split_order_into_table, NICSIM_RING_ORDER },
	{ "cut", 2, packed_cut, NICSIM_RING_CUT },
	{ "cut, used", 2, packed_cut_used, NICSIM_RING_CUT },
	{ "loop", 2, packed_loop, NICSIM_RING_LOOP },
	{ "loop, around", 2, packed_loop_around, NICSIM_RING_LOOP },
	{ "order", 2, packed_order, NICSIM_RING_ORDER },
	{ "table, next", 2, packed_table_next, NICSIM_RING_INDIRECT },
	{ "table, behind", 2, packed_table_behind, NICSIM_RING_INDIRECT },
	{ "table, empty", 3, table_empty, NICSIM_RING_INDIRECT },
	{ "table, odd", 3, table_odd, NICSIM_RING_INDIRECT },
	{ "table, nested", 3, table_nested, NICSIM_RING_INDIRECT },
	{ "table, refused", 3, table_refused, NICSIM_RING_INDIRECT },
	{ "table, past memory", 3, table_past_memory, NICSIM_RING_FAULT },
	{ "no ring", 3, no_ring, NICSIM_RING_FAULT },
	{ "buffer past the top", 3, buffer_past_the_top, NICSIM_RING_FAULT },
};

/* Left alone: no step of it does anything, nor counts again. */
static int
is_left_alone(struct bad *b, enum nicsim_ring_error error)
{
	struct nicsim_ring before = b->ring;
	uint64_t faults = b->dma.faults;
	uint8_t copy[PAGES * PAGE];

	memcpy(copy, b->mem, sizeof(copy));
	UT_EQ(nicsim_ring_pop(&b->ring, &chain), -EPROTO);
	UT_EQ(nicsim_ring_notify(&b->ring, true), false);
	nicsim_ring_push(&b->ring, 0, 1, 0);
	UT_EQ(nicsim_ring_flush(&b->ring), false);
	nicsim_ring_break(&b->ring, NICSIM_RING_BUFFER);
	UT_EQ(b->ring.broken, error);
	UT_EQ(memcmp(&before, &b->ring, sizeof(before)), 0);
	UT_EQ(memcmp(copy, b->mem, sizeof(copy)), 0);
	UT_EQ(b->dma.faults, faults);
	return 0;
}

static int
works_again(struct bad *b)
{
	memset(b->mem, 0, PAGES * PAGE);
	nicsim_dma_clear(&b->dma);
	UT_EQ(nicsim_dma_map(&b->dma, (uintptr_t)b->mem, IOVA, PAGES * PAGE), 0);
	UT_EQ(nicsim_ring_start(&b->ring, &b->dma, &b->conf), 0);
	UT_EQ(nicsim_ring_pop(&b->ring, &chain), 0);
	slot(b, 0, b->conf.packed ? AVAIL : 0, 0);
	if (!b->conf.packed)
		available(b, 1, 0);
	UT_EQ(nicsim_ring_pop(&b->ring, &chain), 1);
	nicsim_ring_push(&b->ring, chain.id, chain.slots, 0);
	UT_EQ(nicsim_ring_flush(&b->ring), true);
	return 0;
}

static int
breaks(unsigned int kind, bool packed)
{
	enum nicsim_ring_error error = kinds[kind].error;
	struct bad b;
	unsigned int i;

	UT_DO(setup(&b, packed));
	kinds[kind].make(&b);
	UT_EQ(nicsim_ring_pop(&b.ring, &chain), -EPROTO);
	UT_EQ(b.ring.broken, error);
	for (i = 0; i < NICSIM_RING_NUM_ERRORS; i++)
		UT_EQ(b.ring.errors[i], i == error);
	UT_DO(is_left_alone(&b, error));
	UT_DO(works_again(&b));
	UT_EQ(b.ring.errors[error], 1);
	teardown(&b);
	return 0;
}

static int
nonsense(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((kinds[i].formats & 1) != 0 && breaks(i, false) != 0)
			UT_FAIL("split, %s", kinds[i].name);
		if ((kinds[i].formats & 2) != 0 && breaks(i, true) != 0)
			UT_FAIL("packed, %s", kinds[i].name);
	}
	return 0;
}

/* What was done before the ring broke is shown all the same. */
static int
done_before_it_broke(void)
{
	struct bad b;
	unsigned int round;

	for (round = 0; round < 2; round++) {
		UT_DO(setup(&b, round == 1));
		if (round == 1) {
			slot(&b, 0, AVAIL, 4);
			slot(&b, 1, AVAIL | NEXT, 4);
		} else {
			slot(&b, 1, 0, 0);
			available(&b, 2, 1);
			put16(&b, DRIVER + 6, SIZE);
		}
		UT_EQ(nicsim_ring_pop(&b.ring, &chain), 1);
		nicsim_ring_push(&b.ring, chain.id, chain.slots, 0);
		UT_EQ(nicsim_ring_pop(&b.ring, &chain), -EPROTO);
		UT_EQ(nicsim_ring_flush(&b.ring), true);
		UT_EQ(b.ring.used, 1);
		UT_EQ(b.mem[round == 1 ? 15 : 2 * PAGE + 2], round == 1 ? 0x80 : 1);
		teardown(&b);
	}
	return 0;
}

/* The ring goes away under a chain that was taken: noticed when it is given back. */
static int
gone_before_it_is_given_back(void)
{
	struct bad b;
	unsigned int round;

	for (round = 0; round < 2; round++) {
		UT_DO(setup(&b, round == 1));
		slot(&b, 0, round == 1 ? AVAIL : 0, 0);
		if (round == 0)
			available(&b, 1, 0);
		UT_EQ(nicsim_ring_pop(&b.ring, &chain), 1);
		nicsim_dma_clear(&b.dma);
		nicsim_ring_push(&b.ring, chain.id, chain.slots, 0);
		UT_EQ(nicsim_ring_flush(&b.ring), false);
		UT_EQ(b.ring.broken, NICSIM_RING_FAULT);
		UT_EQ(b.ring.errors[NICSIM_RING_FAULT], 1);
		UT_EQ(b.dma.faults, 1);
		UT_EQ(nicsim_ring_flush(&b.ring), false);
		UT_EQ(b.dma.faults, 1);
		teardown(&b);
	}
	return 0;
}

/* --- what is no nonsense
 * ----------------------------------------------------------------------- */

static int
as_long_as_they_may_be(void)
{
	struct bad b;
	unsigned int round;
	uint16_t i;

	for (round = 0; round < 2; round++) {
		UT_DO(setup(&b, round == 1));
		for (i = 0; i < SIZE; i++)
			slot(&b, i,
				(uint16_t)((round == 1 ? AVAIL : 0) | (i < SIZE - 1 ? NEXT : 0)),
				(uint16_t)(round == 1 ? 100 + i : i + 1));
		if (round == 0)
			available(&b, SIZE, 0);
		UT_EQ(nicsim_ring_pop(&b.ring, &chain), 1);
		UT_EQ(chain.n, SIZE);
		UT_EQ(chain.slots, SIZE);
		UT_EQ(chain.id, round == 1 ? 100 + SIZE - 1 : 0);
		UT_EQ(chain.readable, 64 * SIZE);
		nicsim_ring_push(&b.ring, chain.id, chain.slots, 0);
		UT_EQ(nicsim_ring_flush(&b.ring), true);
		if (round == 1) {
			UT_EQ(b.ring.used, 0);
			UT_EQ(b.ring.used_wrap, false);
		}
		teardown(&b);
	}
	return 0;
}

/* A table may have more buffers than the ring has entries, up to a limit that is ours. */
static int
long_tables(void)
{
	struct bad b;
	unsigned int round;
	uint16_t i;

	for (round = 0; round < 4; round++) {
		UT_DO(setup(&b, (round & 1) != 0));
		free(b.mem);
		b.mem = aligned_alloc(PAGE, (PAGES + 5) * PAGE);
		UT_CHECK(b.mem != NULL);
		memset(b.mem, 0, (PAGES + 5) * PAGE);
		nicsim_dma_clear(&b.dma);
		UT_EQ(nicsim_dma_map(&b.dma, (uintptr_t)b.mem, IOVA, (PAGES + 5) * PAGE), 0);
		for (i = 0; i <= NICSIM_CHAIN_SEGS; i++)
			entry(&b, i,
				b.conf.packed || i + 1 > NICSIM_CHAIN_SEGS - (round < 2) ? 0 : NEXT,
				(uint16_t)(i + 1));
		table(&b, 16 * (NICSIM_CHAIN_SEGS + (round < 2 ? 0 : 1)),
			b.conf.packed ? AVAIL : 0);
		UT_EQ(nicsim_ring_pop(&b.ring, &chain), round < 2 ? 1 : -EPROTO);
		if (round < 2) {
			UT_EQ(chain.n, NICSIM_CHAIN_SEGS);
			UT_EQ(chain.slots, 1);
		} else {
			UT_EQ(b.ring.broken, NICSIM_RING_LOOP);
		}
		teardown(&b);
	}
	return 0;
}

static int
geometry(void)
{
	struct bad b;
	struct nicsim_ring_conf c;

	UT_DO(setup(&b, false));
#define TRY(field, val, ret)                                                                       \
	do {                                                                                       \
		c = b.conf;                                                                        \
		c.field = (val);                                                                   \
		UT_EQ(nicsim_ring_start(&b.ring, &b.dma, &c), ret);                                \
	} while (0)
	TRY(size, 0, -EINVAL);
	TRY(size, 3, -EINVAL);
	TRY(size, 32769, -EINVAL);
	TRY(size, 65535, -EINVAL);
	TRY(size, 1, 0);
	TRY(size, 32768, 0);
	TRY(desc, IOVA + 8, -EINVAL);
	TRY(driver, DRIVER + 1, -EINVAL);
	TRY(driver, DRIVER + 2, 0);
	TRY(device, DEVICE + 2, -EINVAL);
	TRY(device, DEVICE + 4, 0);
	b.conf.packed = true;
	TRY(size, 0, -EINVAL);
	TRY(size, 3, 0);
	TRY(size, 32767, 0);
	TRY(size, 32768, 0);
	TRY(size, 32769, -EINVAL);
	TRY(desc, IOVA + 8, -EINVAL);
	TRY(driver, DRIVER + 2, -EINVAL);
	TRY(device, DEVICE + 2, -EINVAL);
#undef TRY
	UT_STR(nicsim_ring_error_name(NICSIM_RING_OK), "ok");
	UT_STR(nicsim_ring_error_name(NICSIM_RING_BUFFER), "buffer");
	UT_STR(nicsim_ring_error_name(NICSIM_RING_NUM_ERRORS), "unknown");
	teardown(&b);
	return 0;
}

static int
copies(void)
{
	struct bad b;
	uint8_t buf[64], back[64];
	uint32_t off, len, i;

	UT_DO(setup(&b, false));
	/* readable 5 + 0 + 7, writable 3 + 9, not in the order of their addresses */
	desc(&b, IOVA, TABLE + 100, 5, NEXT, 1);
	desc(&b, IOVA + 16, TABLE + 7, 0, NEXT, 2);
	desc(&b, IOVA + 32, TABLE + 50, 7, NEXT, 3);
	desc(&b, IOVA + 48, TABLE + 210, 3, NEXT | WRITE, 4);
	desc(&b, IOVA + 64, TABLE + 200, 9, WRITE, 0);
	available(&b, 1, 0);
	UT_EQ(nicsim_ring_pop(&b.ring, &chain), 1);
	UT_EQ(chain.readable, 12);
	UT_EQ(chain.writable, 12);
	for (i = 0; i < 12; i++)
		b.mem[3 * PAGE + (i < 5 ? 100 + i : 45 + i)] = (uint8_t)(i + 1);
	for (off = 0; off <= 13; off++) {
		for (len = 0; len <= 13; len++) {
			memset(buf, 0, sizeof(buf));
			UT_EQ(nicsim_chain_read(&b.ring, &chain, off, buf, len),
				off + len <= 12 ? 0 : -ERANGE);
			for (i = 0; i < sizeof(buf); i++)
				UT_EQ(buf[i], off + len <= 12 && i < len ? off + i + 1 : 0);
		}
	}
	UT_EQ(nicsim_chain_read(&b.ring, &chain, UINT64_MAX, buf, 2), -ERANGE);
	for (i = 0; i < 12; i++)
		buf[i] = (uint8_t)(0x40 + i);
	UT_EQ(nicsim_chain_write(&b.ring, &chain, 0, buf, 13), -ERANGE);
	UT_EQ(nicsim_chain_write(&b.ring, &chain, 2, buf + 2, 10), 0);
	UT_EQ(nicsim_chain_write(&b.ring, &chain, 0, buf, 2), 0);
	memcpy(back, b.mem + 3 * PAGE + 210, 3);
	memcpy(back + 3, b.mem + 3 * PAGE + 200, 9);
	UT_EQ(memcmp(back, buf, 12), 0);
	UT_EQ(b.ring.broken, NICSIM_RING_OK);
	/* a buffer that is not there */
	chain.seg[4].iova = IOVA + PAGES * PAGE - 4;
	UT_EQ(nicsim_chain_write(&b.ring, &chain, 0, buf, 7), 0);
	UT_EQ(nicsim_chain_write(&b.ring, &chain, 0, buf, 8), -EFAULT);
	UT_EQ(b.ring.broken, NICSIM_RING_FAULT);
	UT_EQ(b.dma.fault_iova, IOVA + PAGES * PAGE);
	UT_EQ(b.dma.fault_write, true);
	teardown(&b);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(nonsense),
	UT_CASE(done_before_it_broke),
	UT_CASE(gone_before_it_is_given_back),
	UT_CASE(as_long_as_they_may_be),
	UT_CASE(long_tables),
	UT_CASE(geometry),
	UT_CASE(copies),
	UT_END,
};

UT_SUITE(nicsim_ring_bad, "fast", cases)
