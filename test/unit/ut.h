/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What a test suite is written with: a table of cases, registered under a name, and checks that
 * leave the case with what was expected and what was found.
 *
 *	static int
 *	adds_up(void)
 *	{
 *		UT_EQ(1 + 1, 2);
 *		return 0;
 *	}
 *
 *	static const struct ut_case cases[] = { UT_CASE(adds_up), UT_END };
 *	UT_SUITE(sums, "fast", cases)
 *
 * The command is then sums_autotest. A failed check returns from the case at once; what the case
 * had taken by then is not given back.
 */
#ifndef UT_H
#define UT_H

#include <stdio.h>
#include <string.h>

#define UT_FAILED (-1)
#define UT_SKIPPED 1 /* the machine lacks what the case needs: printed, counted, no failure */

struct ut_case {
	const char *name;
	int (*run)(void); /* 0, UT_FAILED or UT_SKIPPED */
};

struct ut_suite {
	const char *name;
	const char *tag; /* "fast", "integration" or "lab" */
	const struct ut_case *cases; /* the last has no name */
	struct ut_suite *next;
};

/** Before main; suites run in the order of their names. */
void ut_register(struct ut_suite *suite);

/**
 * Start EAL, once for the process: for suites that need it. No huge pages, no PCI, no files that
 * outlive the process.
 *
 * @return 0; UT_FAILED, with the reason printed
 */
int ut_eal(void);

/** Undo ut_eal(); also where it was never called. */
void ut_eal_fini(void);

#define UT_CASE(fn) { #fn, fn }
#define UT_END { NULL, NULL }

#define UT_SUITE(name_, tag_, cases_) \
	static struct ut_suite ut_suite_##name_ = { #name_, tag_, cases_, NULL }; \
	__attribute__((constructor)) static void ut_register_##name_(void) \
	{ \
		ut_register(&ut_suite_##name_); \
	}

#define UT_FAIL(...) do { \
	printf("    %s:%d: ", __FILE__, __LINE__); \
	printf(__VA_ARGS__); \
	printf("\n"); \
	return UT_FAILED; \
} while (0)

#define UT_CHECK(cond) do { \
	if (!(cond)) \
		UT_FAIL("%s", #cond); \
} while (0)

#define UT_CMP(a, op, b) do { \
	long long ut_a_ = (long long)(a), ut_b_ = (long long)(b); \
	if (!(ut_a_ op ut_b_)) \
		UT_FAIL("%s %s %s: %lld (0x%llx), %lld (0x%llx)", #a, #op, #b, ut_a_, \
			(unsigned long long)ut_a_, ut_b_, (unsigned long long)ut_b_); \
} while (0)

#define UT_EQ(a, b) UT_CMP(a, ==, b)
#define UT_LE(a, b) UT_CMP(a, <=, b)
#define UT_GE(a, b) UT_CMP(a, >=, b)

#define UT_STR(a, b) do { \
	const char *ut_a_ = (a), *ut_b_ = (b); \
	if (ut_a_ == NULL || strcmp(ut_a_, ut_b_) != 0) \
		UT_FAIL("%s: \"%s\", not \"%s\"", #a, ut_a_ == NULL ? "(none)" : ut_a_, ut_b_); \
} while (0)

/** A step that is a function of its own: its failure is this case's. */
#define UT_DO(call) do { \
	if ((call) != 0) \
		UT_FAIL("in %s", #call); \
} while (0)

#endif /* UT_H */
