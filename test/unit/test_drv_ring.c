/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * A guest's rings: which of them a device is given, where it left them, and which interrupt vector
 * each of them gets.
 */
#include <errno.h>
#include <stdlib.h>

#include "queue.h"
#include "ringdev.h"
#include "ut.h"
#include "virtio_vdpa.h"

#define GPA UINT64_C(0x40000000)
#define LEN UINT64_C(0x100000)
#define VA UINT64_C(0x7000000000)

static struct virtio_vdpa_mem mem;
static struct virtio_vdpa_fault fault;
static struct vio_queue_conf conf;

/* Two regions that follow each other in this process, but not in the guest. */
static void
mem_setup(void)
{
	mem.num = 2;
	mem.map[0] = (struct virtio_vdpa_map){ .iova = GPA, .va = VA, .len = LEN };
	mem.map[1] = (struct virtio_vdpa_map){ .iova = 4 * GPA, .va = VA + LEN, .len = LEN };
}

static struct virtio_vdpa_front
front_of(uint16_t size, bool packed)
{
	return (struct virtio_vdpa_front){ .desc = VA, .driver = VA + 0x80000,
		.device = VA + 0xa0000, .size = size, .base = packed ? 0x8000 : 0,
		.kick_fd = -1, .call_fd = -1 };
}

static int
conf_of(const struct virtio_vdpa_front *f, uint16_t max, bool packed)
{
	mem_setup();
	memset(&conf, 0, sizeof(conf));
	memset(&fault, 0, sizeof(fault));
	return virtio_vdpa_queue_conf(f, &mem, 3, max, packed, true, &conf, &fault);
}

static int
expect(const struct virtio_vdpa_front *f, bool packed, int error,
	enum rte_pmd_vdpa_virtio_reason reason, const char *says)
{
	UT_EQ(conf_of(f, 1024, packed), error);
	UT_EQ(fault.reason, reason);
	UT_EQ(fault.error, error);
	if (strncmp(fault.text, "queue 3: ", 9) != 0 || strstr(fault.text, says) == NULL)
		UT_FAIL("\"%s\" does not say \"%s\"", fault.text, says);
	return 0;
}

static int
translates(void)
{
	struct virtio_vdpa_front f = front_of(256, false);

	f.device = VA + LEN; /* each area may be in a region of its own */
	UT_EQ(conf_of(&f, 256, false), 0);
	UT_EQ(conf.size, 256);
	UT_EQ(conf.desc, GPA);
	UT_EQ(conf.driver, GPA + 0x80000);
	UT_EQ(conf.device, 4 * GPA);
	f = front_of(255, true);
	UT_EQ(conf_of(&f, 256, true), 0);
	UT_EQ(conf.size, 255);
	return 0;
}

static int
takes_sizes(void)
{
	struct virtio_vdpa_front f;
	uint32_t size;
	bool good;

	for (size = 0; size <= 2048; size++) {
		f = front_of((uint16_t)size, false);
		good = size != 0 && size <= 1024 && (size & (size - 1)) == 0;
		if (good)
			UT_EQ(conf_of(&f, 1024, false), 0);
		else
			UT_DO(expect(&f, false, -EINVAL, RTE_PMD_VDPA_VIRTIO_QUEUE_SIZE,
				"rx_queue_size="));
		f = front_of((uint16_t)size, true);
		good = size != 0 && size <= 1024;
		if (good)
			UT_EQ(conf_of(&f, 1024, true), 0);
		else
			UT_DO(expect(&f, true, -EINVAL, RTE_PMD_VDPA_VIRTIO_QUEUE_SIZE,
				"tx_queue_size="));
	}
	f = front_of(32768, false); /* the largest there is */
	f.driver = VA + 0x90000;
	f.device = VA + LEN;
	UT_EQ(conf_of(&f, 32768, false), 0);
	UT_EQ(conf.size, 32768);
	f = front_of(2, false);
	UT_EQ(conf_of(&f, 0, false), -EINVAL); /* no such queue in the device */
	return 0;
}

static int
misaligned(bool packed, unsigned int desc, unsigned int driver, unsigned int device)
{
	struct virtio_vdpa_front f = front_of(256, packed);

	f.desc += desc;
	f.driver += driver;
	f.device += device;
	return expect(&f, packed, -EFAULT, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS, "not aligned");
}

static int
refuses_misalignment(void)
{
	struct virtio_vdpa_front f = front_of(256, false);
	unsigned int i;

	for (i = 1; i < 16; i++) {
		UT_DO(misaligned(false, i, 0, 0));
		UT_DO(misaligned(true, i, 0, 0));
	}
	UT_DO(misaligned(false, 0, 1, 0));
	for (i = 1; i < 4; i++) {
		UT_DO(misaligned(true, 0, i, 0));
		UT_DO(misaligned(false, 0, 0, i));
		UT_DO(misaligned(true, 0, 0, i));
	}
	f.driver += 2; /* enough for an available ring */
	UT_EQ(conf_of(&f, 256, false), 0);
	return 0;
}

/* An area may end with its region, not one byte later; an event index is part of it. */
static int
area_end(bool packed, int which, uint64_t len)
{
	struct virtio_vdpa_front f = front_of(256, packed);
	uint64_t *area = which == 0 ? &f.desc : which == 1 ? &f.driver : &f.device;

	*area = VA + 2 * LEN - len;
	UT_EQ(conf_of(&f, 1024, packed), 0);
	*area += which == 0 ? 16 : 4;
	UT_DO(expect(&f, packed, -EFAULT, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS,
		"not inside one region"));
	/* nor across two, that go on here but not for the device */
	*area = VA + LEN - (which == 0 ? 16 : 4);
	if (len > (which == 0 ? 16u : 4u))
		UT_DO(expect(&f, packed, -EFAULT, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS,
			"not inside one region"));
	return 0;
}

static int
keeps_to_regions(void)
{
	struct virtio_vdpa_front f;

	UT_DO(area_end(false, 0, 16 * 256));
	UT_DO(area_end(false, 1, 4 + 2 * 256 + 4)); /* 2 of these are for the alignment */
	UT_DO(area_end(false, 2, 4 + 8 * 256 + 4));
	UT_DO(area_end(true, 0, 16 * 256));
	UT_DO(area_end(true, 1, 4));
	UT_DO(area_end(true, 2, 4));
	/* without event indices the two bytes are not asked for */
	mem_setup();
	f = front_of(256, false);
	f.device = VA + 2 * LEN - (4 + 8 * 256);
	UT_EQ(virtio_vdpa_queue_conf(&f, &mem, 0, 256, false, false, &conf, &fault), 0);
	UT_EQ(virtio_vdpa_queue_conf(&f, &mem, 0, 256, false, true, &conf, &fault), -EFAULT);
	f = front_of(256, false);
	f.desc = VA - 16;
	UT_DO(expect(&f, false, -EFAULT, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS, "descriptor area"));
	f = front_of(256, false);
	f.driver = UINT64_MAX - 1;
	UT_DO(expect(&f, false, -EFAULT, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS, "driver area"));
	return 0;
}

static int
refuses_index(void)
{
	static const uint16_t split[] = { 1, 255, 256, 0x7fff, 0x8000, 0xffff };
	static const struct {
		uint16_t base;
		const char *says;
	} packed[] = { { 0, "index 0 with wrap counter 0" }, { 1, "index 1 with wrap counter 0" },
		{ 0x7fff, "wrap counter 0" }, { 0x8001, "index 1;" }, { 0xffff, "index 32767;" } };
	struct virtio_vdpa_front f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(split); i++) {
		f = front_of(256, false);
		f.base = split[i];
		UT_DO(expect(&f, false, -ENOTSUP, RTE_PMD_VDPA_VIRTIO_QUEUE_INDEX, "remedy"));
	}
	for (i = 0; i < RTE_DIM(packed); i++) {
		f = front_of(256, true);
		f.base = packed[i].base;
		UT_DO(expect(&f, true, -ENOTSUP, RTE_PMD_VDPA_VIRTIO_QUEUE_INDEX,
			packed[i].says));
	}
	return 0;
}

/* The device side of a ring in memory of its own, and the driver's view of where it is. */
struct lap {
	uint8_t bytes[0x10000] __attribute__((aligned(4096)));
	struct ringdev rd;
	struct virtio_vdpa_queue q;
	uint16_t next; /* packed: slot that the guest fills next */
	bool wrap;
};

static struct lap lap;

static int
lap_start(bool packed, uint16_t size)
{
	const struct ringdev_window win = { .iova = 0, .len = sizeof(lap.bytes), .va = lap.bytes };
	uint64_t driver = 16 * (uint64_t)size, device = (driver + 8 + 2 * size + 3) & ~UINT64_C(3);

	memset(&lap, 0, sizeof(lap));
	UT_EQ(ringdev_init(&lap.rd, &win, packed, size, 0, driver, device), 0);
	virtio_vdpa_queue_init(&lap.q);
	lap.q.size = size;
	lap.q.ring_device = (uintptr_t)(packed ? lap.rd.desc : lap.rd.device);
	lap.wrap = true;
	return 0;
}

/* As a guest makes a chain of n descriptors available on a packed ring. */
static void
packed_offer(uint16_t n)
{
	uint16_t flags;

	while (n-- > 0) {
		flags = (uint16_t)(lap.wrap ? 0x80 : 0x8000) | (n > 0 ? 1 : 0);
		memcpy(lap.rd.desc + 16 * lap.next + 14, &flags, sizeof(flags));
		if (++lap.next == lap.rd.size) {
			lap.next = 0;
			lap.wrap = !lap.wrap;
		}
	}
}

static uint16_t
used_index(void)
{
	return lap.rd.packed ? (uint16_t)(lap.rd.used | (lap.rd.used_wrap ? 0x8000 : 0)) :
			       lap.rd.used;
}

static int
index_split(void)
{
	unsigned int i;

	UT_DO(lap_start(false, 256));
	for (i = 0; i < 3 * 65536; i++) {
		UT_EQ(virtio_vdpa_queue_index(&lap.q, false), used_index());
		ringdev_push(&lap.rd, i % 256, 1, 0);
	}
	lap.q.ring_device = 0;
	UT_EQ(virtio_vdpa_queue_index(&lap.q, false), 0);
	UT_EQ(virtio_vdpa_queue_index(&lap.q, true), 0x8000);
	return 0;
}

static int
index_is_found(const char *when, uint16_t size, uint16_t ahead, unsigned int i)
{
	uint16_t found = virtio_vdpa_queue_index(&lap.q, true);

	if (found != used_index())
		UT_FAIL("size %u, %u ahead, %s %u: %#x, not %#x", size, ahead, when, i, found,
			used_index());
	return 0;
}

/* Laps of single descriptors, with so many more on offer than the device has used. */
static int
index_packed_laps(uint16_t size, uint16_t ahead)
{
	unsigned int i;

	UT_DO(lap_start(true, size));
	UT_DO(index_is_found("before", size, ahead, 0));
	packed_offer(ahead);
	UT_DO(index_is_found("before", size, ahead, ahead));
	for (i = 0; i < 7u * size; i++) {
		packed_offer(1);
		UT_DO(index_is_found("offered", size, ahead, i));
		ringdev_push(&lap.rd, 0, 1, 0);
		UT_DO(index_is_found("used", size, ahead, i));
	}
	return 0;
}

static int
index_packed(void)
{
	static const uint16_t sizes[] = { 1, 2, 3, 7, 8, 64, 255 };
	unsigned int i;
	uint16_t ahead;

	for (i = 0; i < RTE_DIM(sizes); i++)
		for (ahead = 0; ahead < sizes[i]; ahead += sizes[i] > 8 ? 9 : 1)
			UT_DO(index_packed_laps(sizes[i], ahead));
	return 0;
}

/* Chains that the guest offered and the device has not used yet, oldest first. */
struct pending {
	uint16_t len[256];
	unsigned int head, num;
	uint16_t descs;
};

static void
pending_add(struct pending *p, uint16_t n)
{
	p->len[(p->head + p->num++) % RTE_DIM(p->len)] = n;
	p->descs += n;
	packed_offer(n);
}

static uint16_t
pending_use(struct pending *p)
{
	uint16_t n = p->len[p->head];

	p->head = (p->head + 1) % RTE_DIM(p->len);
	p->num--;
	p->descs -= n;
	ringdev_push(&lap.rd, 0, n, 0);
	return n;
}

/* After a chain the answer is at or before where the device is, by less than that chain. */
static int
index_packed_chains(void)
{
	struct pending p = { .num = 0 };
	uint16_t n, last = 1, i, found, at;
	int behind;

	UT_DO(lap_start(true, 64));
	srand(7);
	for (i = 0; i < 40000; i++) {
		n = 1 + (uint16_t)(rand() % 5);
		if (p.descs + n <= 64 && (p.num == 0 || rand() % 2 == 0))
			pending_add(&p, n);
		else
			last = pending_use(&p);
		found = virtio_vdpa_queue_index(&lap.q, true);
		at = used_index();
		/* positions on a line of two laps */
		behind = (at & 0x7fff) + ((at & 0x8000) != 0 ? 0 : 64) -
			((found & 0x7fff) + ((found & 0x8000) != 0 ? 0 : 64));
		behind = (behind + 128) % 128;
		if (behind >= last)
			UT_FAIL("step %u, last chain of %u: %#x, the device is at %#x", i, last,
				found, at);
	}
	return 0;
}

/* Every device and guest: a vector for each queue, one of its own as long as there are any. */
static int
vectors_of(uint16_t vectors, uint16_t queues)
{
	uint16_t qid, vector, direct = 0, shared_vector = 0;
	bool used[64] = { false }, shared;

	for (qid = 0; qid < queues; qid++) {
		vector = virtio_vdpa_irq_vector(vectors, queues, qid, &shared);
		UT_CHECK(vector < vectors);
		if (vectors > 1)
			UT_CHECK(vector != 0);
		if (shared) {
			if (shared_vector != 0)
				UT_EQ(vector, shared_vector);
			shared_vector = vector;
			continue;
		}
		UT_CHECK(!used[vector]);
		used[vector] = true;
		direct++;
	}
	UT_CHECK(shared_vector == 0 || !used[shared_vector]);
	/* none wasted: 0 is the configuration's, and if not all have one, one is for the rest */
	UT_EQ(direct, vectors > queues ? queues : vectors < 2 ? 0 : vectors - 2);
	return 0;
}

static int
vectors_for_all(void)
{
	uint16_t queues, vectors;

	for (queues = 2; queues <= 16; queues += 2)
		for (vectors = 1; vectors <= 2 * queues + 2; vectors++)
			if (vectors_of(vectors, queues) != 0)
				UT_FAIL("%u vectors, %u queues", vectors, queues);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(translates),
	UT_CASE(takes_sizes),
	UT_CASE(refuses_misalignment),
	UT_CASE(keeps_to_regions),
	UT_CASE(refuses_index),
	UT_CASE(index_split),
	UT_CASE(index_packed),
	UT_CASE(index_packed_chains),
	UT_CASE(vectors_for_all),
	UT_END,
};
UT_SUITE(drv_ring, "fast", cases)
