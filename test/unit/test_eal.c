/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The runner's own EAL: it starts once, however often it is asked for.
 */
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "ut.h"

static int
starts_once(void)
{
	void *mem;

	UT_EQ(ut_eal(), 0);
	UT_EQ(ut_eal(), 0);
	UT_EQ(rte_eal_process_type(), RTE_PROC_PRIMARY);
	UT_EQ(rte_eal_has_hugepages(), 0);
	mem = rte_zmalloc(NULL, 4096, 64);
	UT_CHECK(mem != NULL);
	rte_free(mem);
	return 0;
}

static const struct ut_case cases[] = { UT_CASE(starts_once), UT_END };
UT_SUITE(eal, "fast", cases)
