/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Guest memory in the domain: what is planned from a table, what is mapped and unmapped to get
 * there, and what is left when that fails on the way.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "rig.h"

#define PAGE UINT64_C(0x1000)
#define TOP UINT64_MAX
#define REGIONS 65 /* one more than can be planned */

/* A table of regions; each its own mapping at fake addresses, as nothing touches the memory. */
union table {
	struct rte_vhost_memory mem; /* its regions go on behind it */
	uint8_t room[sizeof(struct rte_vhost_memory) +
		REGIONS * sizeof(struct rte_vhost_mem_region)];
};

static struct rig rig; /* its VF and its bus alone */
static struct virtio_vdpa_mem held, plan;
static struct virtio_vdpa_fault fault;

static int
with_ranges(const struct virtio_vdpa_iova_range *range, uint16_t num, int (*run)(void))
{
	int ret;

	held.num = 0;
	rig.vf = nicsim_vf_new(&nicsim_vf_default, "mem", NULL, NULL);
	UT_CHECK(rig.vf != NULL);
	UT_EQ(nicsim_eth_bus_open(rig.vf, &rig.bus), 0);
	rig.bus->num_ranges = num;
	if (num != 0)
		memcpy(rig.bus->range, range, num * sizeof(*range));
	ret = run();
	rig.bus->ops->close(rig.bus);
	nicsim_vf_free(rig.vf);
	return ret;
}

static int
with_bus(int (*run)(void))
{
	return with_ranges(NULL, 0, run);
}

/* A region of guest memory at gpa, which is at va here and at off in file fd (-1: none). */
static void
add(union table *t, uint64_t gpa, uint64_t len, uint64_t va, uint64_t off, int fd)
{
	struct rte_vhost_mem_region *r = &t->mem.regions[t->mem.nregions++];

	*r = (struct rte_vhost_mem_region){
		.guest_phys_addr = gpa,
		.size = len,
		.host_user_addr = va,
		.mmap_addr = (void *)(uintptr_t)(va - off),
		.fd = fd,
	};
}

static int
plan_it(const union table *t)
{
	return virtio_vdpa_mem_plan(rig.bus, &t->mem, &plan, &fault);
}

static int
expect_refusal(const union table *t, int error, const char *says)
{
	unsigned int maps = rig.vf->asked.maps;

	memset(&fault, 0, sizeof(fault));
	UT_EQ(plan_it(t), error);
	UT_EQ(fault.reason, RTE_PMD_VDPA_VIRTIO_MEM_TABLE);
	UT_EQ(fault.error, error);
	if (strstr(fault.text, says) == NULL)
		UT_FAIL("\"%s\" does not say \"%s\"", fault.text, says);
	UT_EQ(rig.vf->asked.maps, maps);
	return 0;
}

static int
expect_map(uint32_t i, uint64_t iova, uint64_t len, uint64_t va)
{
	UT_CHECK(i < plan.num);
	UT_EQ(plan.map[i].iova, iova);
	UT_EQ(plan.map[i].len, len);
	UT_EQ(plan.map[i].va, va);
	return 0;
}

static int
sorts_run(void)
{
	union table t = { 0 };

	add(&t, 0x900000, 0x100000, 0x7000900000, 0, -1);
	add(&t, 0x100000, 0x100000, 0x7000100000, 0, -1);
	add(&t, 0x500000, 0x100000, 0x7000500000, 0, -1);
	UT_EQ(plan_it(&t), 0);
	UT_EQ(plan.num, 3);
	UT_DO(expect_map(0, 0x100000, 0x100000, 0x7000100000));
	UT_DO(expect_map(1, 0x500000, 0x100000, 0x7000500000));
	UT_DO(expect_map(2, 0x900000, 0x100000, 0x7000900000));
	UT_EQ(virtio_vdpa_mem_bytes(&plan), 0x300000);
	return 0;
}

static int
sorts(void)
{
	return with_bus(sorts_run);
}

/* In every order of three neighbours: one mapping. */
static int
merges_neighbours_run(void)
{
	static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };
	union table t;
	int i, j;

	for (i = 0; i < 6; i++) {
		memset(&t, 0, sizeof(t));
		for (j = 0; j < 3; j++) {
			uint64_t off = (uint64_t)order[i][j] * 0x200000;

			add(&t, 0x1000000 + off, 0x200000, 0x7000000000 + off, off, -1);
		}
		UT_EQ(plan_it(&t), 0);
		UT_EQ(plan.num, 1);
		UT_DO(expect_map(0, 0x1000000, 0x600000, 0x7000000000));
	}
	return 0;
}

static int
merges_neighbours(void)
{
	return with_bus(merges_neighbours_run);
}

/* What continues in one respect only is not one piece. */
static int
keeps_apart_run(void)
{
	int a = memfd_create("a", MFD_CLOEXEC), b = memfd_create("b", MFD_CLOEXEC);
	union table t = { 0 };

	add(&t, 0x0, 0x10000, 0x7000000000, 0, a);
	add(&t, 0x10000, 0x10000, 0x7000020000, 0x20000, a); /* not in this process */
	add(&t, 0x20000, 0x10000, 0x7000030000, 0x50000, a); /* not in the file */
	add(&t, 0x30000, 0x10000, 0x7000040000, 0x60000, b); /* another file */
	add(&t, 0x50000, 0x10000, 0x7000050000, 0x70000, b); /* not in the guest */
	UT_EQ(plan_it(&t), 0);
	UT_EQ(plan.num, 5);
	close(a);
	close(b);
	return 0;
}

static int
keeps_apart(void)
{
	return with_bus(keeps_apart_run);
}

static int
refuses_tables_run(void)
{
	union table t = { 0 };
	unsigned int i;

	UT_DO(expect_refusal(&t, -EINVAL, "0 guest memory regions"));
	for (i = 0; i < REGIONS; i++)
		add(&t, i * 2 * PAGE, PAGE, 0x7000000000 + i * 2 * PAGE, 0, -1);
	UT_DO(expect_refusal(&t, -EINVAL, "65 guest memory regions"));
	t.mem.nregions = REGIONS - 1;
	UT_EQ(plan_it(&t), 0);
	UT_EQ(plan.num, REGIONS - 1);
	t.mem.nregions = UINT32_MAX;
	UT_DO(expect_refusal(&t, -EINVAL, "can be mapped"));
	return 0;
}

static int
refuses_tables(void)
{
	return with_bus(refuses_tables_run);
}

static int
one_region(uint64_t gpa, uint64_t len, uint64_t va, int error, const char *says)
{
	union table t = { 0 };

	add(&t, gpa, len, va, 0, -1);
	return expect_refusal(&t, error, says);
}

static int
refuses_regions_run(void)
{
	const uint64_t va = 0x7000000000;
	union table t = { 0 };

	UT_DO(one_region(0, 0, va, -EINVAL, "empty"));
	UT_DO(one_region(TOP - 0xfff, 2 * PAGE, va, -EINVAL, "wraps"));
	UT_DO(one_region(PAGE, TOP - 0xfff, va, -EINVAL, "wraps"));
	UT_DO(one_region(0, 2 * PAGE, TOP - 0xfff, -EINVAL, "wraps"));
	UT_DO(one_region(0x800, PAGE, va, -EINVAL, "not aligned"));
	UT_DO(one_region(0, PAGE + 1, va, -EINVAL, "not aligned"));
	UT_DO(one_region(0, PAGE, va + 8, -EINVAL, "not aligned"));
	add(&t, 0, PAGE, va, 0, 1000000); /* no such file */
	UT_DO(expect_refusal(&t, -EBADF, "unusable"));
	return 0;
}

static int
refuses_regions(void)
{
	return with_bus(refuses_regions_run);
}

/* At the very top of the address space too, where an end is 0. */
static int
refuses_overlap_run(void)
{
	static const uint64_t at[][2] = { { 0x10000, 0x10000 }, { 0x10000, 0x1f000 },
		{ 0x1f000, 0x10000 }, { TOP - 0x1ffff, TOP - 0xffff },
		{ TOP - 0xffff, TOP - 0xffff } };
	union table t;
	unsigned int i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		memset(&t, 0, sizeof(t));
		add(&t, at[i][0], i < 3 ? 0x10000 : TOP - at[i][0] + 1, 0x7000000000, 0, -1);
		add(&t, at[i][1], 0x10000, 0x7100000000, 0, -1);
		UT_DO(expect_refusal(&t, -EINVAL, "overlap"));
	}
	/* one inside the other, with one between them in order */
	memset(&t, 0, sizeof(t));
	add(&t, 0x10000, 0x100000, 0x7000000000, 0, -1);
	add(&t, 0x20000, PAGE, 0x7100000000, 0, -1);
	UT_DO(expect_refusal(&t, -EINVAL, "overlap"));
	return 0;
}

static int
refuses_overlap(void)
{
	return with_bus(refuses_overlap_run);
}

static const struct virtio_vdpa_iova_range ranges[2] = {
	{ 0, 0xfedfffff }, { 0xfef00000, 0xffffffffff },
};

static int
refuses_out_of_range_run(void)
{
	const char *says = "reserved_regions";

	UT_DO(one_region(0xfedff000, 2 * PAGE, 0x7000000000, -ERANGE, says));
	UT_DO(one_region(0xfee00000, PAGE, 0x7000000000, -ERANGE, says));
	UT_DO(one_region(0xffffff0000, 0x11000, 0x7000000000, -ERANGE, says));
	UT_DO(one_region(0xfe000000, 0x2000000, 0x7000000000, -ERANGE, says));
	return 0;
}

static int
refuses_out_of_range(void)
{
	return with_ranges(ranges, 2, refuses_out_of_range_run);
}

static int
update_to(const union table *t, int expected)
{
	UT_EQ(plan_it(t), 0);
	memset(&fault, 0, sizeof(fault));
	UT_EQ(virtio_vdpa_mem_update(rig.bus, &held, &plan, &fault), expected);
	UT_CHECK(rig.vf->regs.violation == NULL);
	UT_EQ(rig.vf->dma.num_maps, held.num);
	UT_EQ(rig.vf->dma.bytes, virtio_vdpa_mem_bytes(&held));
	return 0;
}

/* A second table that shares some regions: they stay, though their addresses here are others. */
static int
maps_the_difference_run(void)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	union table t = { 0 };

	add(&t, 0x000000, 0x10000, 0x7000000000, 0x000000, fd);
	add(&t, 0x100000, 0x10000, 0x7000100000, 0x100000, fd);
	add(&t, 0x200000, 0x10000, 0x7000200000, 0x200000, fd);
	UT_DO(update_to(&t, 0));
	UT_EQ(rig.vf->asked.maps, 3);
	UT_DO(update_to(&t, 0));
	UT_EQ(rig.vf->asked.maps, 3);
	UT_EQ(rig.vf->asked.unmaps, 0);

	memset(&t, 0, sizeof(t));
	add(&t, 0x300000, 0x10000, 0x7800300000, 0x300000, fd);
	add(&t, 0x100000, 0x10000, 0x7800100000, 0x100000, fd);
	add(&t, 0x200000, 0x10000, 0x7800200000, 0x200000, fd);
	UT_DO(update_to(&t, 0));
	UT_EQ(rig.vf->asked.maps, 4);
	UT_EQ(rig.vf->asked.unmaps, 1);
	/* and addresses are looked up at their present place */
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7800100010, 16), 0x100010);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000100010, 16), TOP);

	virtio_vdpa_mem_clear(rig.bus, &held);
	UT_EQ(rig.vf->dma.num_maps, 0);
	UT_EQ(held.num, 0);
	virtio_vdpa_mem_clear(rig.bus, &held);
	UT_EQ(rig.vf->asked.unmaps, 4);
	close(fd);
	return 0;
}

static int
maps_the_difference(void)
{
	return with_bus(maps_the_difference_run);
}

/* Same place, but another file, or elsewhere in it: other memory. */
static int
tells_files_apart_run(void)
{
	int a = memfd_create("a", MFD_CLOEXEC), b = memfd_create("b", MFD_CLOEXEC);
	union table t = { 0 };

	add(&t, 0, 0x10000, 0x7000000000, 0, a);
	UT_DO(update_to(&t, 0));
	t.mem.regions[0].fd = b;
	UT_DO(update_to(&t, 0));
	UT_EQ(rig.vf->asked.maps, 2);
	UT_EQ(rig.vf->asked.unmaps, 1);
	t.mem.regions[0].mmap_addr = (void *)(uintptr_t)(0x7000000000 - 0x10000);
	UT_DO(update_to(&t, 0));
	UT_EQ(rig.vf->asked.maps, 3);
	UT_EQ(rig.vf->asked.unmaps, 2);
	t.mem.regions[0].size = 0x8000;
	UT_DO(update_to(&t, 0));
	UT_EQ(rig.vf->asked.maps, 4);
	UT_EQ(rig.vf->dma.num_maps, 1);
	close(a);
	close(b);
	return 0;
}

static int
tells_files_apart(void)
{
	return with_bus(tells_files_apart_run);
}

/* Memory is added before any goes, but for what is in the way: peak counts both. */
static int
adds_before_it_removes_run(void)
{
	union table t = { 0 };

	add(&t, 0x000000, 0x10000, 0x7000000000, 0, -1);
	add(&t, 0x100000, 0x10000, 0x7000100000, 0, -1);
	UT_DO(update_to(&t, 0));
	/* the first is in the way of what comes, the second is not */
	memset(&t, 0, sizeof(t));
	add(&t, 0x008000, 0x10000, 0x7000008000, 0, -1);
	add(&t, 0x200000, 0x10000, 0x7000200000, 0, -1);
	UT_DO(rig_fault(&rig, "dma-map=5@map+2"));
	UT_DO(update_to(&t, -EIO));
	UT_EQ(held.num, 1);
	UT_EQ(held.map[0].iova, 0x100000);
	rig_cure(&rig);
	UT_DO(update_to(&t, 0));
	UT_EQ(held.num, 2);
	UT_CHECK(rig_at(&rig, 0x100000, 1) == NULL);
	UT_CHECK(rig_at(&rig, 0x17fff, 1) != NULL);
	return 0;
}

static int
adds_before_it_removes(void)
{
	return with_bus(adds_before_it_removes_run);
}

/* Whatever mapping it fails at: what was there is there, and nothing else. */
static int
rolls_back_run(void)
{
	union table before = { 0 }, after = { 0 };
	char text[NICSIM_FAULT_TEXT];
	unsigned int i, n;

	for (i = 0; i < 3; i++)
		add(&before, i * 0x100000, 0x10000, 0x7000000000 + i * 0x100000, 0, -1);
	UT_DO(update_to(&before, 0));
	for (i = 0; i < 9; i++)
		add(&after, i * 0x100000, 0x10000, 0x7000000000 + i * 0x100000, 0, -1);
	for (n = 1; n <= 6; n++) {
		rig_cure(&rig);
		snprintf(text, sizeof(text), "dma-map=14@map+%u", n);
		UT_DO(rig_fault(&rig, text));
		UT_DO(update_to(&after, -EFAULT));
		UT_EQ(fault.reason, RTE_PMD_VDPA_VIRTIO_DMA_MAP);
		UT_EQ(fault.error, -EFAULT);
		UT_EQ(held.num, 3);
		for (i = 0; i < 3; i++)
			UT_CHECK(rig_at(&rig, i * 0x100000, 0x10000) != NULL);
	}
	rig_cure(&rig);
	UT_DO(rig_fault(&rig, "dma-map=14@map+7"));
	UT_DO(update_to(&after, 0));
	UT_EQ(held.num, 9);
	return 0;
}

static int
rolls_back(void)
{
	return with_bus(rolls_back_run);
}

/* In a child: limits cannot be raised again by who is not privileged. */
static int
limited(int (*limit)(void), const char *says)
{
	union table t = { 0 };
	int status;
	pid_t pid;

	add(&t, 0, 0x10000, 0x7000000000, 0, -1);
	UT_DO(rig_fault(&rig, "dma-map=12"));
	UT_EQ(plan_it(&t), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (limit() != 0)
			_exit(2);
		virtio_vdpa_mem_update(rig.bus, &held, &plan, &fault);
		_exit(strstr(fault.text, says) != NULL ? 0 : 1);
	}
	UT_EQ(waitpid(pid, &status, 0), pid);
	UT_CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	return WEXITSTATUS(status) == 2 ? UT_SKIPPED : 0;
}

static int
limit_64k(void)
{
	const struct rlimit lim = { .rlim_cur = 65536, .rlim_max = 65536 };

	return setrlimit(RLIMIT_MEMLOCK, &lim);
}

static int
limit_none(void)
{
	const struct rlimit lim = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	return setrlimit(RLIMIT_MEMLOCK, &lim);
}

static int
names_the_limits_run(void)
{
	union table t = { 0 };
	int fd = memfd_create("guest", MFD_CLOEXEC);

	UT_DO(limited(limit_64k, "RLIMIT_MEMLOCK is 64 KiB; remedy: "));
	UT_CHECK(limited(limit_none, "out of memory") != UT_FAILED); /* where it may be raised */

	rig_cure(&rig);
	add(&t, 0x000000, 0x10000, 0x7000000000, 0, fd);
	add(&t, 0x100000, 0x10000, 0x7000100000, 0, fd);
	UT_DO(update_to(&t, 0));
	add(&t, 0x200000, 0x10000, 0x7000200000, 0, fd);
	add(&t, 0x300000, 0x10000, 0x7000300000, 0, fd);
	UT_DO(rig_fault(&rig, "dma-map=28@map+2"));
	UT_DO(update_to(&t, -ENOSPC));
	close(fd);
	if (strstr(fault.text, "3 mappings held, 4096 allowed; remedy: ") == NULL ||
		strstr(fault.text, "dma_entry_limit") == NULL)
		UT_FAIL("\"%s\"", fault.text);
	return 0;
}

static int
names_the_limits(void)
{
	return with_bus(names_the_limits_run);
}

static int
translates_run(void)
{
	union table t = { 0 };

	add(&t, 0x100000, 0x10000, 0x7000000000, 0, -1);
	add(&t, 0x110000, 0x10000, 0x7000020000, 0, -1);
	UT_DO(update_to(&t, 0));
	UT_EQ(held.num, 2);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000000000, 1), 0x100000);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x700000ffff, 1), 0x10ffff);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000000000, 0x10000), 0x100000);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000000000, 0x10001), TOP);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x700000ffff, 2), TOP);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000010000, 1), TOP);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000020010, 0x10), 0x110010);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x6fffffffff, 1), TOP);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000000010, TOP), TOP);
	UT_EQ(virtio_vdpa_mem_iova(&held, TOP, 1), TOP);
	virtio_vdpa_mem_clear(rig.bus, &held);
	UT_EQ(virtio_vdpa_mem_iova(&held, 0x7000000000, 1), TOP);
	return 0;
}

static int
translates(void)
{
	return with_bus(translates_run);
}

/* Where the driver's own memory goes, beside a guest of these regions. */
static uint64_t
hole(unsigned int n, ...)
{
	struct virtio_vdpa_mem mem = { .num = n };
	__builtin_va_list ap;
	unsigned int i;

	__builtin_va_start(ap, n);
	for (i = 0; i < n; i++) {
		mem.map[i].iova = __builtin_va_arg(ap, uint64_t);
		mem.map[i].len = __builtin_va_arg(ap, uint64_t) - mem.map[i].iova + 1;
	}
	__builtin_va_end(ap);
	return virtio_vdpa_mem_hole(rig.bus, &mem, 0x2000);
}

#define R(first, last) UINT64_C(first), UINT64_C(last)

/* The highest place, of the highest range that has one. */
static int
finds_holes_run(void)
{
	UT_EQ(hole(0), 0xffffffe000);
	UT_EQ(hole(1, R(0, 0x3fffffff)), 0xffffffe000);
	UT_EQ(hole(1, R(0xfffffff000, 0xffffffffff)), 0xffffffc000);
	UT_EQ(hole(1, R(0xffffffe000, 0xffffffffff)), 0xffffffc000);
	UT_EQ(hole(1, R(0x100000000, 0xffffffffff)), 0xffffe000);
	UT_EQ(hole(2, R(0x100000000, 0x1ffffffff), R(0x200002000, 0xffffffffff)), 0x200000000);
	UT_EQ(hole(2, R(0x100000000, 0x1ffffffff), R(0x200001000, 0xffffffffff)), 0xffffe000);
	UT_EQ(hole(1, R(0xfef00000, 0xffffffffff)), 0xfedfe000);
	UT_EQ(hole(1, R(0x2000, 0xffffffffff)), 0);
	UT_EQ(hole(1, R(0x1000, 0xffffffffff)), TOP);
	UT_EQ(hole(1, R(0, 0xffffffffff)), TOP);
	UT_EQ(hole(2, R(0, 0xfedfffff), R(0xfef00000, 0xffffffffff)), TOP);
	return 0;
}

static int
finds_holes(void)
{
	return with_ranges(ranges, 2, finds_holes_run);
}

/* Without word from the kernel: below 39 bits, and never at 0. */
static int
finds_holes_unknown_run(void)
{
	UT_EQ(hole(0), 0x7fffffe000);
	UT_EQ(hole(1, R(0x2000, 0x7fffffffff)), TOP);
	UT_EQ(hole(1, R(0x4000, 0x7fffffffff)), 0x2000);
	UT_EQ(hole(1, R(0x8000000000, 0xffffffffff)), 0x7fffffe000);
	return 0;
}

static int
finds_holes_unknown(void)
{
	return with_bus(finds_holes_unknown_run);
}

/* Against counting page by page, in a small range with every arrangement of two regions. */
static bool
page_is_free(const struct virtio_vdpa_mem *mem, uint64_t page)
{
	uint32_t i;

	for (i = 0; i < mem->num; i++)
		if (page >= mem->map[i].iova && page < mem->map[i].iova + mem->map[i].len)
			return false;
	return true;
}

static uint64_t
hole_by_counting(const struct virtio_vdpa_mem *mem, uint64_t first, uint64_t last)
{
	uint64_t at;

	for (at = last + 1 - 2 * PAGE; at >= first && at <= last; at -= PAGE)
		if (at % (2 * PAGE) == 0 && page_is_free(mem, at) && page_is_free(mem, at + PAGE))
			return at;
	return TOP;
}

static int
finds_holes_everywhere_run(void)
{
	struct virtio_vdpa_mem mem = { .num = 2 };
	uint64_t a, b, c, d, from = rig.bus->range[0].first, to = rig.bus->range[0].last;

	for (a = 0; a < 11; a++)
		for (b = a + 1; b < 12; b++)
			for (c = b; c < 12; c++)
				for (d = c + 1; d < 13; d++) {
					mem.map[0].iova = a * PAGE;
					mem.map[0].len = (b - a) * PAGE;
					mem.map[1].iova = c * PAGE;
					mem.map[1].len = (d - c) * PAGE;
					UT_EQ(virtio_vdpa_mem_hole(rig.bus, &mem, 2 * PAGE),
						hole_by_counting(&mem, from, to));
				}
	return 0;
}

static int
finds_holes_everywhere(void)
{
	static const struct virtio_vdpa_iova_range even = { 0x2000, 0xbfff };
	static const struct virtio_vdpa_iova_range odd = { 0x1000, 0xafff };

	UT_DO(with_ranges(&even, 1, finds_holes_everywhere_run));
	return with_ranges(&odd, 1, finds_holes_everywhere_run);
}

static const struct ut_case cases[] = {
	UT_CASE(sorts),
	UT_CASE(merges_neighbours),
	UT_CASE(keeps_apart),
	UT_CASE(refuses_tables),
	UT_CASE(refuses_regions),
	UT_CASE(refuses_overlap),
	UT_CASE(refuses_out_of_range),
	UT_CASE(maps_the_difference),
	UT_CASE(tells_files_apart),
	UT_CASE(adds_before_it_removes),
	UT_CASE(rolls_back),
	UT_CASE(names_the_limits),
	UT_CASE(translates),
	UT_CASE(finds_holes),
	UT_CASE(finds_holes_unknown),
	UT_CASE(finds_holes_everywhere),
	UT_END,
};
UT_SUITE(drv_mem, "fast", cases)
