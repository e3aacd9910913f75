/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Rings with one chain outstanding, against a device side of its own: many times around, and with a
 * device that writes nonsense. Rings are heap blocks of their exact length, so that the sanitizer
 * sees each byte too far.
 */
#include <errno.h>
#include <stdlib.h>

#include "ringdev.h"
#include "ut.h"
#include "vring_drv.h"

#define IOVA UINT64_C(0x7ffff0000000)
#define BUF_IOVA (IOVA + 0x1000000)
#define BUF_LEN 4096

/* A ring, its device, and a buffer that both see. The window has the ring at its start. */
struct pair {
	struct vring_drv drv;
	struct ringdev dev;
	uint8_t *mem;
	size_t bytes;
};

static uint8_t buffer[BUF_LEN];

static int
setup(struct pair *p, bool packed, uint16_t size)
{
	struct ringdev_window win = { .iova = IOVA };
	void *mem;
	int ret;

	p->bytes = vring_drv_bytes(packed, size);
	UT_EQ(posix_memalign(&mem, 4096, p->bytes), 0);
	memset(mem, 0xa5, p->bytes);
	p->mem = mem;
	UT_EQ(vring_drv_init(&p->drv, packed, size, mem, p->bytes, IOVA), 0);
	win.va = mem;
	win.len = p->bytes;
	ret = ringdev_init(&p->dev, &win, packed, size, p->drv.desc, p->drv.driver, p->drv.device);
	UT_EQ(ret, 0);
	/* from here on the device sees the buffer; the ring it has */
	p->dev.win = (struct ringdev_window){ .iova = BUF_IOVA, .len = BUF_LEN, .va = buffer };
	return 0;
}

static void
teardown(struct pair *p)
{
	free(p->mem);
}

/* One chain there and back, its buffers checked by place, length and direction. */
static int
round_trip(struct pair *p, uint16_t n_out, uint16_t n_in, uint32_t round)
{
	struct vring_buf bufs[RINGDEV_CHAIN_MAX];
	struct ringdev_chain chain;
	uint16_t i, n = (uint16_t)(n_out + n_in);
	uint32_t len = 0;

	for (i = 0; i < n; i++)
		bufs[i] = (struct vring_buf){ BUF_IOVA + (round + i) % 64, 1 + (round + i) % 1024 };
	UT_EQ(vring_drv_used(&p->drv, &len), -ENOENT);
	UT_EQ(vring_drv_add(&p->drv, bufs, n_out, n_in), 0);
	UT_EQ(vring_drv_used(&p->drv, &len), 0);
	UT_EQ(ringdev_pop(&p->dev, &chain), 1);
	UT_EQ(chain.n, n);
	for (i = 0; i < n; i++) {
		UT_CHECK(chain.buf[i].va == buffer + (round + i) % 64);
		UT_EQ(chain.buf[i].len, bufs[i].len);
		UT_EQ(chain.buf[i].write, i >= n_out);
	}
	UT_EQ(vring_drv_used(&p->drv, &len), 0);
	UT_EQ(ringdev_wants_interrupt(&p->dev, false), false);
	UT_EQ(ringdev_wants_interrupt(&p->dev, true), false);
	ringdev_push(&p->dev, chain.id, chain.n, round);
	UT_EQ(vring_drv_used(&p->drv, &len), 1);
	UT_EQ(len, round);
	return 0;
}

static int
geometry(void)
{
	struct vring_drv r;
	uint8_t *mem;

	UT_EQ(vring_drv_bytes(false, 2), 16 * 2 + 6 + 4 + 2 + 6 + 8 * 2);
	UT_EQ(vring_drv_bytes(false, 256), 16 * 256 + 6 + 2 * 256 + 2 + 6 + 8 * 256);
	UT_EQ(vring_drv_bytes(false, 32768), 851982);
	UT_EQ(vring_drv_bytes(true, 2), 40);
	UT_EQ(vring_drv_bytes(true, 32767), 16 * 32767 + 8);
	UT_EQ(posix_memalign((void **)&mem, 16, 4096), 0);
	UT_EQ(vring_drv_init(&r, false, 64, mem, 4096, IOVA), 0);
	UT_EQ(r.desc, IOVA);
	UT_EQ(r.driver, IOVA + 1024);
	UT_EQ(r.device, IOVA + 1024 + 136); /* 6 + 128, up to a multiple of 4 */
	UT_EQ(vring_drv_init(&r, true, 100, mem, 4096, IOVA + 16), 0);
	UT_EQ(r.desc, IOVA + 16);
	UT_EQ(r.driver, IOVA + 16 + 1600);
	UT_EQ(r.device, IOVA + 16 + 1604);
	free(mem);
	return 0;
}

static int
bad_geometry(void)
{
	struct vring_drv r;
	uint8_t *mem;

	UT_EQ(posix_memalign((void **)&mem, 16, 4096), 0);
	UT_EQ(vring_drv_init(&r, false, 0, mem, 4096, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, false, 1, mem, 4096, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, false, 48, mem, 4096, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, false, 32769, mem, SIZE_MAX, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, true, 32769, mem, SIZE_MAX, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, false, 64, mem, vring_drv_bytes(false, 64) - 1, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, true, 48, mem, vring_drv_bytes(true, 48) - 1, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, true, 48, mem + 8, 4088, IOVA), -EINVAL);
	UT_EQ(vring_drv_init(&r, true, 48, mem, 4096, IOVA + 8), -EINVAL);
	UT_EQ(vring_drv_init(&r, true, 48, mem, 4096, IOVA), 0);
	free(mem);
	return 0;
}

/* Each size many times around the ring, with chains that do not divide it. */
static int
around(bool packed, uint16_t size, uint32_t rounds)
{
	uint16_t most = size < RINGDEV_CHAIN_MAX ? size : RINGDEV_CHAIN_MAX, n_out, n_in;
	struct pair p;
	uint32_t i;

	UT_DO(setup(&p, packed, size));
	for (i = 0; i < rounds; i++) {
		n_out = (uint16_t)(i % (most < 4 ? most : 4));
		n_in = (uint16_t)(1 + i / 7 % 2);
		if (n_out + n_in > most)
			n_in = (uint16_t)(most - n_out);
		UT_DO(round_trip(&p, n_out, n_in, i));
	}
	teardown(&p);
	return 0;
}

static int
split_wraps(void)
{
	/* the index of 16 bits wraps three times, the ring 100,000 times */
	UT_DO(around(false, 2, 200000));
	UT_DO(around(false, 64, 200000));
	UT_DO(around(false, 32768, 140000));
	return 0;
}

static int
packed_wraps(void)
{
	UT_DO(around(true, 2, 100000));
	UT_DO(around(true, 3, 100000));
	UT_DO(around(true, 7, 100000));
	UT_DO(around(true, 64, 100000));
	UT_DO(around(true, 100, 100000));
	UT_DO(around(true, 32767, 100000));
	UT_DO(around(true, 32768, 100000));
	return 0;
}

/* Chains of every shape up to the whole ring. */
static int
shapes(void)
{
	struct vring_buf bufs[17];
	uint16_t n, n_out, n_in;
	unsigned int packed;
	struct pair p;

	memset(bufs, 0, sizeof(bufs));
	for (packed = 0; packed < 2; packed++) {
		UT_DO(setup(&p, packed != 0, 16));
		for (n = 1; n <= 16; n++) {
			for (n_out = 0; n_out <= n; n_out++) {
				n_in = (uint16_t)(n - n_out);
				UT_DO(round_trip(&p, n_out, n_in, n * 100u + n_out));
			}
		}
		UT_EQ(vring_drv_add(&p.drv, bufs, 16, 1), -ENOSPC);
		UT_EQ(vring_drv_add(&p.drv, bufs, 65535, 1), -ENOSPC);
		UT_EQ(vring_drv_add(&p.drv, bufs, 0, 0), -EINVAL);
		UT_EQ(vring_drv_add(&p.drv, bufs, 1, 1), 0);
		UT_EQ(vring_drv_add(&p.drv, bufs, 1, 1), -EBUSY);
		UT_EQ(vring_drv_used(&p.drv, NULL), 0);
		teardown(&p);
	}
	return 0;
}

static int
add_one(struct pair *p)
{
	struct vring_buf buf = { BUF_IOVA, 16 };

	return vring_drv_add(&p->drv, &buf, 0, 1);
}

/* The length is handed on as it is: whoever reads it has to bound it. */
static int
lengths(void)
{
	static const uint32_t all[] = { 0, 1, 16, 17, 0x7fffffff, UINT32_MAX };
	unsigned int packed;
	struct ringdev_chain chain;
	struct pair p;
	uint32_t len;
	size_t i;

	for (packed = 0; packed < 2; packed++) {
		UT_DO(setup(&p, packed != 0, 4));
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
			UT_EQ(add_one(&p), 0);
			UT_EQ(ringdev_pop(&p.dev, &chain), 1);
			ringdev_push(&p.dev, chain.id, chain.n, all[i]);
			UT_EQ(vring_drv_used(&p.drv, &len), 1);
			UT_EQ(len, all[i]);
		}
		teardown(&p);
	}
	return 0;
}

/* Every id but the right one, from a few places in the ring. */
static int
wrong_ids(void)
{
	unsigned int packed, start, i;
	struct ringdev_chain chain;
	struct pair p, fresh;
	uint32_t id;

	for (packed = 0; packed < 2; packed++) {
		for (start = 0; start < 9; start++) {
			UT_DO(setup(&fresh, packed != 0, 8));
			for (i = 0; i < start; i++)
				UT_DO(round_trip(&fresh, 0, 1, i));
			UT_EQ(add_one(&fresh), 0);
			UT_EQ(ringdev_pop(&fresh.dev, &chain), 1);
			for (id = 0; id < 65536; id++) {
				p = fresh;
				if (id == chain.id)
					continue;
				ringdev_push(&p.dev, id, chain.n, 1);
				UT_EQ(vring_drv_used(&p.drv, NULL), -EPROTO);
			}
			teardown(&fresh);
		}
	}
	/* the split ring's id has 32 bits */
	UT_DO(setup(&p, false, 8));
	UT_EQ(add_one(&p), 0);
	ringdev_push(&p.dev, 0x10000, 1, 1);
	UT_EQ(vring_drv_used(&p.drv, NULL), -EPROTO);
	teardown(&p);
	return 0;
}

/* The split ring's used index jumps: each distance but 0 and 1 is nonsense. */
static int
index_jumps(void)
{
	struct pair p, fresh;
	uint32_t jump;

	UT_DO(setup(&fresh, false, 8));
	UT_DO(round_trip(&fresh, 0, 1, 1));
	UT_EQ(add_one(&fresh), 0);
	for (jump = 2; jump < 65536; jump++) {
		p = fresh;
		p.dev.used = (uint16_t)(fresh.dev.used + jump - 1);
		ringdev_push(&p.dev, 0, 1, 1);
		UT_EQ(vring_drv_used(&p.drv, NULL), -EPROTO);
	}
	teardown(&fresh);
	return 0;
}

/* An answer before the question is not taken for the answer. */
static int
early_answer(void)
{
	struct pair p;

	UT_DO(setup(&p, false, 8));
	ringdev_push(&p.dev, 0, 1, 1);
	UT_EQ(vring_drv_used(&p.drv, NULL), -ENOENT);
	UT_EQ(add_one(&p), -EPROTO);
	teardown(&p);

	/* packed: making a chain available overwrites what the device wrote there */
	UT_DO(setup(&p, true, 8));
	ringdev_push(&p.dev, 0, 1, 1);
	UT_EQ(vring_drv_used(&p.drv, NULL), -ENOENT);
	UT_EQ(add_one(&p), 0);
	UT_EQ(vring_drv_used(&p.drv, NULL), 0);
	teardown(&p);
	return 0;
}

/* All flags that a device could write, in both laps of a packed ring. */
static int
packed_flags(void)
{
	unsigned int lap, i;
	uint32_t flags;
	uint16_t *at;
	struct pair p, fresh;
	bool avail, used;
	int expected;

	for (lap = 0; lap < 2; lap++) {
		UT_DO(setup(&fresh, true, 4));
		for (i = 0; i < 4 * lap; i++)
			UT_DO(round_trip(&fresh, 0, 1, i));
		UT_EQ(add_one(&fresh), 0);
		at = (uint16_t *)(fresh.mem + 14);
		for (flags = 0; flags < 65536; flags++) {
			p = fresh;
			avail = (flags & 0x80) != 0;
			used = (flags & 0x8000) != 0;
			*at = (uint16_t)flags;
			expected = avail != (lap == 0) ? -EPROTO : used == (lap == 0);
			UT_EQ(vring_drv_used(&p.drv, NULL), expected);
		}
		teardown(&fresh);
	}
	return 0;
}

/* A device that writes anything anywhere in the ring: an answer, none, or nonsense; no crash. */
static int
scribbles(void)
{
	uint32_t seed = 20260101, rounds, i, answers = 0, nonsense = 0;
	struct pair p;
	uint32_t len;
	int ret;

	for (rounds = 0; rounds < 20000; rounds++) {
		UT_DO(setup(&p, rounds % 2 != 0, 4));
		for (i = 0; i < 8; i++) {
			ret = add_one(&p);
			UT_CHECK(ret == 0 || ret == -EPROTO);
			if (ret != 0)
				break;
			for (len = 0; len < 1 + rounds % 5; len++) {
				seed = seed * 1664525 + 1013904223;
				p.mem[(seed >> 8) % p.bytes] = (uint8_t)(seed >> 24 & 0x83);
			}
			ret = vring_drv_used(&p.drv, &len);
			UT_CHECK(ret == 1 || ret == 0 || ret == -EPROTO);
			answers += ret == 1;
			nonsense += ret == -EPROTO;
			if (ret != 1)
				break;
		}
		teardown(&p);
	}
	UT_GE(answers, 100); /* both happened, or nothing was tried */
	UT_GE(nonsense, 100);
	return 0;
}

/* 2.7, in-order: entries one after another around the table, also where a chain goes past its end. */
static int
in_ring_order(void)
{
	const struct vring_buf bufs[3] = { { BUF_IOVA, 8 }, { BUF_IOVA + 8, 8 },
		{ BUF_IOVA + 16, 8 } };
	struct ringdev_chain chain;
	struct pair p;
	uint32_t len;
	unsigned int i;
	uint16_t last;

	UT_DO(setup(&p, false, 8));
	for (i = 0; i < 50; i++) {
		UT_EQ(vring_drv_add(&p.drv, bufs, 2, 1), 0);
		UT_EQ(ringdev_pop(&p.dev, &chain), 1);
		UT_EQ(chain.id, 3 * i % 8);
		memcpy(&last, p.mem + 16 * ((chain.id + 2) % 8) + 14, sizeof(last));
		UT_EQ(last, (chain.id + 3) % 8);
		ringdev_push(&p.dev, chain.id, 3, 8);
		UT_EQ(vring_drv_used(&p.drv, &len), 1);
	}
	teardown(&p);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(geometry),
	UT_CASE(bad_geometry),
	UT_CASE(split_wraps),
	UT_CASE(in_ring_order),
	UT_CASE(packed_wraps),
	UT_CASE(shapes),
	UT_CASE(lengths),
	UT_CASE(wrong_ids),
	UT_CASE(index_jumps),
	UT_CASE(early_answer),
	UT_CASE(packed_flags),
	UT_CASE(scribbles),
	UT_END,
};
UT_SUITE(vring, "fast", cases)
