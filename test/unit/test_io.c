/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Register access to mapped BARs: widths, byte order, and what lies outside. The BARs are heap
 * blocks of their exact length, so that the sanitizer sees each byte too far.
 */
#include <stdlib.h>

#include "ut.h"
#include "vio_io.h"

#define LEN 64

static uint32_t
rd(struct vio_mmio *m, uint8_t bar, uint64_t off, uint8_t len)
{
	return vio_mmio_ops.read(m, bar, off, len);
}

static void
wr(struct vio_mmio *m, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	vio_mmio_ops.write(m, bar, off, len, val);
}

/* BAR 2 of LEN bytes 0, 1, 2, ... and BAR 5 of 6 bytes. */
static int
setup(struct vio_mmio *m)
{
	uint8_t i;

	memset(m, 0, sizeof(*m));
	m->bar[2].addr = malloc(LEN);
	m->bar[2].len = LEN;
	m->bar[5].addr = malloc(6);
	m->bar[5].len = 6;
	UT_CHECK(m->bar[2].addr != NULL && m->bar[5].addr != NULL);
	for (i = 0; i < LEN; i++)
		m->bar[2].addr[i] = i;
	return 0;
}

static void
teardown(struct vio_mmio *m)
{
	free((void *)(uintptr_t)m->bar[2].addr);
	free((void *)(uintptr_t)m->bar[5].addr);
}

static int
reads(void)
{
	struct vio_mmio m;

	UT_DO(setup(&m));
	UT_EQ(rd(&m, 2, 5, 1), 0x05);
	UT_EQ(rd(&m, 2, 6, 2), 0x0706);
	UT_EQ(rd(&m, 2, 8, 4), 0x0b0a0908);
	UT_EQ(rd(&m, 2, LEN - 1, 1), LEN - 1);
	UT_EQ(rd(&m, 2, LEN - 4, 4), 0x3f3e3d3c);
	teardown(&m);
	return 0;
}

static int
writes(void)
{
	static const uint8_t expected[12] = { 0, 0xaa, 0xcc, 0xbb, 0x44, 0x33, 0x22, 0x11, 8, 9, 10,
		11 };
	struct vio_mmio m;
	size_t i;

	UT_DO(setup(&m));
	wr(&m, 2, 1, 1, 0xffffffaa);
	wr(&m, 2, 2, 2, 0xffffbbcc);
	wr(&m, 2, 4, 4, 0x11223344);
	for (i = 0; i < sizeof(expected); i++)
		UT_EQ(m.bar[2].addr[i], expected[i]);
	teardown(&m);
	return 0;
}

static int
outside(void)
{
	static const struct {
		uint8_t bar;
		uint64_t off;
		uint8_t len;
	} bad[] = {
		{ 2, LEN, 1 },
		{ 2, LEN, 4 },
		{ 2, LEN - 2, 4 }, /* misaligned too, but never a fault */
		{ 5, 4, 4 },
		{ 5, 6, 1 },
		{ 2, UINT64_MAX, 1 },
		{ 2, UINT64_MAX - 3, 4 },
		{ 2, UINT64_C(1) << 32, 2 },
		{ 0, 0, 4 },
		{ 6, 0, 4 },
		{ 255, 0, 1 },
	};
	struct vio_mmio m;
	size_t i;

	UT_DO(setup(&m));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		UT_EQ(rd(&m, bad[i].bar, bad[i].off, bad[i].len),
			UINT32_MAX >> (32 - 8 * bad[i].len));
		wr(&m, bad[i].bar, bad[i].off, bad[i].len, 0x12345678);
	}
	for (i = 0; i < LEN; i++)
		UT_EQ(m.bar[2].addr[i], i);
	teardown(&m);
	return 0;
}

static int
misaligned(void)
{
	struct vio_mmio m;
	uint8_t i;

	UT_DO(setup(&m));
	UT_EQ(rd(&m, 2, 1, 2), 0xffff);
	UT_EQ(rd(&m, 2, 2, 4), 0xffffffff);
	wr(&m, 2, 3, 2, 0);
	wr(&m, 2, 6, 4, 0);
	for (i = 0; i < LEN; i++)
		UT_EQ(m.bar[2].addr[i], i);
	teardown(&m);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(reads),
	UT_CASE(writes),
	UT_CASE(outside),
	UT_CASE(misaligned),
	UT_END,
};
UT_SUITE(io, "fast", cases)
