/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Suites that pass, fail and are skipped: for the runner's own test, not for its users.
 */
#include "ut.h"

static int
passes(void)
{
	UT_EQ(1 + 1, 2);
	return 0;
}

static int
fails(void)
{
	UT_EQ(1 + 1, 3);
	return 0;
}

static int
fails_in_a_step(void)
{
	UT_DO(fails());
	return 0;
}

static int
lacks_something(void)
{
	return UT_SKIPPED;
}

static const struct ut_case good[] = { UT_CASE(passes), UT_CASE(passes), UT_END };
UT_SUITE(good, "fast", good)

static const struct ut_case bad[] = { UT_CASE(passes), UT_CASE(fails), UT_CASE(fails_in_a_step),
	UT_END };
UT_SUITE(bad, "integration", bad)

static const struct ut_case absent[] = { UT_CASE(lacks_something), UT_END };
UT_SUITE(absent, "lab", absent)
