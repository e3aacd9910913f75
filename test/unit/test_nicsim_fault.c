/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Faults: their text form there and back, what is refused and with which words, and when those that
 * wait strike.
 */
#include <errno.h>

#include "nicsim_fault.h"
#include "ut.h"

static int
parses(void)
{
	static const struct {
		const char *text;
		struct nicsim_fault fault;
		const char *again; /* NULL: the same */
	} all[] = {
		{ "needs-reset", { NICSIM_FAULT_NEEDS_RESET, false, 0, NICSIM_AT_ONCE, 1 }, NULL },
		{ "needs-reset@tx+1000", { NICSIM_FAULT_NEEDS_RESET, false, 0, NICSIM_AT_TX, 1000 },
			NULL },
		{ "dma-map=12@map+3", { NICSIM_FAULT_DMA_MAP, true, 12, NICSIM_AT_MAP, 3 }, NULL },
		{ "gone@access", { NICSIM_FAULT_GONE, false, 0, NICSIM_AT_ACCESS, 1 },
			"gone@access+1" },
		{ "gone=1", { NICSIM_FAULT_GONE, true, 1, NICSIM_AT_ONCE, 1 }, NULL },
		{ "queue-stall=0", { NICSIM_FAULT_QUEUE_STALL, true, 0, NICSIM_AT_ONCE, 1 }, NULL },
		{ "reset-stuck=4294967295@reset+18446744073709551615",
			{ NICSIM_FAULT_RESET_STUCK, true, UINT32_MAX, NICSIM_AT_RESET, UINT64_MAX },
			NULL },
		{ "vectors=2048", { NICSIM_FAULT_VECTORS, true, 2048, NICSIM_AT_ONCE, 1 }, NULL },
		{ "return", { NICSIM_FAULT_RETURN, false, 0, NICSIM_AT_ONCE, 1 }, NULL },
	};
	char why[128], text[NICSIM_FAULT_TEXT];
	struct nicsim_fault f;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		UT_EQ(nicsim_fault_parse(all[i].text, &f, why, sizeof(why)), 0);
		UT_EQ(f.kind, all[i].fault.kind);
		UT_EQ(f.has_arg, all[i].fault.has_arg);
		UT_EQ(f.arg, all[i].fault.arg);
		UT_EQ(f.at, all[i].fault.at);
		UT_CHECK(f.count == all[i].fault.count);
		nicsim_fault_format(&f, text, sizeof(text));
		UT_STR(text, all[i].again != NULL ? all[i].again : all[i].text);
	}
	return 0;
}

static int
refuses(void)
{
	static const struct {
		const char *text;
		const char *says;
	} all[] = {
		{ "", "no fault \"\"; there is: needs-reset, link-down" },
		{ "needs_reset", "no fault \"needs_reset\"; there is: needs-reset" },
		{ "needs-rese", "there is: needs-reset" },
		{ "needs-resets", "no fault \"needs-resets\"" },
		{ "@tx", "no fault \"\"" },
		{ "=3", "no fault \"\"" },
		{ " gone", "no fault" },
		{ "needs-reset@", "no point \"\"; there is: access, reset" },
		{ "needs-reset@once", "no point \"once\"" },
		{ "needs-reset@TX", "no point \"TX\"" },
		{ "needs-reset@tx+", "behind +" },
		{ "needs-reset@tx+1x", "behind +" },
		{ "needs-reset@tx+-1", "behind +" },
		{ "needs-reset@tx+0", "remedy: +1 or more" },
		{ "needs-reset@tx+18446744073709551616", "behind +" },
		{ "needs-reset=1", "needs-reset takes no argument" },
		{ "reset-stuck=", "behind =" },
		{ "reset-stuck=x", "behind =" },
		{ "reset-stuck=1 ", "behind =" },
		{ "reset-stuck=4294967296", "behind =" },
		{ "reset-stuck=-1", "behind =" },
		{ "queue-stall", "queue-stall needs =N" },
		{ "dma-map=0", "dma-map=0: 1 to 4095" },
		{ "dma-map=4096", "1 to 4095" },
		{ "ctrl-garbage=5", "0 to 4" },
		{ "disorder=0", "1 to 32" },
		{ "disorder=33", "1 to 32" },
		{ "vectors=0", "1 to 2048" },
		{ "vectors=2049", "1 to 2048" },
		{ "gone=2", "0 to 1" },
		{ "return@access", "remedy: leave @access out" },
		{ "vectors=3@reset", "remedy: leave @reset out" },
		{ "no-packed@tx", "remedy: leave @tx out" },
	};
	struct nicsim_fault f;
	char why[600], cut[12];
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		UT_EQ(nicsim_fault_parse(all[i].text, &f, why, sizeof(why)), -EINVAL);
		if (strstr(why, all[i].says) == NULL)
			UT_FAIL("\"%s\": \"%s\" does not say \"%s\"", all[i].text, why,
				all[i].says);
		/* and with little room, as much as there is */
		UT_EQ(nicsim_fault_parse(all[i].text, &f, cut, sizeof(cut)), -EINVAL);
		UT_EQ(memcmp(cut, why, sizeof(cut) - 1), 0);
		UT_EQ(cut[sizeof(cut) - 1], 0);
	}
	return 0;
}

/* Each has a name of its own that is read back, and one line of help. */
static int
names(void)
{
	char why[64], text[NICSIM_FAULT_TEXT];
	struct nicsim_fault f;
	int i, j;

	for (i = 0; i < NICSIM_FAULT_NUM; i++) {
		UT_CHECK(nicsim_fault_name(i) != NULL && nicsim_fault_help(i)[0] != '\0');
		UT_CHECK(strchr(nicsim_fault_help(i), '\n') == NULL);
		for (j = 0; j < i; j++)
			UT_CHECK(strcmp(nicsim_fault_name(i), nicsim_fault_name(j)) != 0);
		snprintf(text, sizeof(text), "%s%s", nicsim_fault_name(i),
			i == NICSIM_FAULT_QUEUE_STALL ? "=1" : "");
		UT_EQ(nicsim_fault_parse(text, &f, why, sizeof(why)), 0);
		UT_EQ(f.kind, i);
	}
	UT_CHECK(nicsim_fault_name(NICSIM_FAULT_NUM) == NULL);
	UT_CHECK(nicsim_fault_help(NICSIM_FAULT_NUM) == NULL);
	for (i = 1; i < NICSIM_AT_NUM; i++) {
		UT_CHECK(nicsim_point_help(i)[0] != '\0');
		snprintf(text, sizeof(text), "link-up@%s", nicsim_point_name(i));
		UT_EQ(nicsim_fault_parse(text, &f, why, sizeof(why)), 0);
		UT_EQ(f.at, i);
	}
	UT_CHECK(nicsim_point_name(NICSIM_AT_NUM) == NULL);
	UT_CHECK(nicsim_point_help(NICSIM_AT_NUM) == NULL);
	return 0;
}

/* What struck, in order. */
static struct {
	struct nicsim_fault fault[32];
	unsigned int num;
} struck;

static void
note(void *ctx, const struct nicsim_fault *fault)
{
	(void)ctx;
	struck.fault[struck.num++] = *fault;
}

static int
arm(struct nicsim_faults *f, const char *text)
{
	struct nicsim_fault fault;
	char why[128];

	UT_EQ(nicsim_fault_parse(text, &fault, why, sizeof(why)), 0);
	return nicsim_faults_arm(f, &fault);
}

static int
strikes(void)
{
	struct nicsim_faults f;
	unsigned int i;

	struck.num = 0;
	nicsim_faults_init(&f, note, NULL);
	UT_EQ(arm(&f, "link-down"), 0);
	UT_EQ(struck.num, 1);
	UT_EQ(struck.fault[0].kind, NICSIM_FAULT_LINK_DOWN);
	UT_CHECK(!nicsim_faults_on(&f, NICSIM_FAULT_LINK_DOWN)); /* it does not last */
	UT_EQ(arm(&f, "needs-reset@tx+3"), 0);
	UT_EQ(arm(&f, "gone@rx"), 0);
	UT_EQ(arm(&f, "dma-map@tx+2"), 0);
	UT_EQ(arm(&f, "dma-map=28@tx+3"), 0);
	for (i = 0; i < 5; i++)
		nicsim_faults_pass(&f, NICSIM_AT_KICK);
	UT_EQ(struck.num, 1);
	nicsim_faults_pass(&f, NICSIM_AT_TX);
	UT_EQ(struck.num, 1);
	UT_CHECK(!nicsim_faults_on(&f, NICSIM_FAULT_DMA_MAP));
	nicsim_faults_pass(&f, NICSIM_AT_TX);
	UT_EQ(struck.num, 2);
	UT_CHECK(nicsim_faults_on(&f, NICSIM_FAULT_DMA_MAP));
	UT_EQ(f.arg[NICSIM_FAULT_DMA_MAP], ENOMEM);
	nicsim_faults_pass(&f, NICSIM_AT_TX);
	UT_EQ(struck.num, 4); /* two at the same passing, in the order in which they were armed */
	UT_EQ(struck.fault[2].kind, NICSIM_FAULT_NEEDS_RESET);
	UT_EQ(struck.fault[3].kind, NICSIM_FAULT_DMA_MAP);
	UT_EQ(f.arg[NICSIM_FAULT_DMA_MAP], ENOSPC);
	UT_EQ(f.num_armed, 1);
	nicsim_faults_clear(&f);
	nicsim_faults_pass(&f, NICSIM_AT_RX);
	UT_EQ(struck.num, 4);
	UT_CHECK(!nicsim_faults_on(&f, NICSIM_FAULT_DMA_MAP));
	return 0;
}

static int
fills_up(void)
{
	struct nicsim_fault list[NICSIM_FAULT_ARMED + NICSIM_FAULT_NUM];
	struct nicsim_faults f;
	unsigned int i;

	struck.num = 0;
	nicsim_faults_init(&f, note, NULL);
	for (i = 0; i < NICSIM_FAULT_ARMED; i++)
		UT_EQ(arm(&f, i % 2 == 0 ? "link-up@tx+2" : "link-down@rx+2"), 0);
	UT_EQ(arm(&f, "gone@tx"), -ENOSPC);
	UT_EQ(arm(&f, "queue-stall=3"), 0); /* what strikes at once needs no place */
	nicsim_faults_pass(&f, NICSIM_AT_TX);
	UT_EQ(nicsim_faults_list(&f, list, sizeof(list) / sizeof(list[0])), NICSIM_FAULT_ARMED + 1);
	UT_EQ(list[0].count, 1);
	UT_EQ(list[1].count, 2);
	UT_EQ(list[NICSIM_FAULT_ARMED].kind, NICSIM_FAULT_QUEUE_STALL);
	UT_EQ(list[NICSIM_FAULT_ARMED].arg, 3);
	UT_EQ(nicsim_faults_list(&f, list, 3), 3);
	nicsim_faults_pass(&f, NICSIM_AT_TX);
	UT_EQ(struck.num, 1 + NICSIM_FAULT_ARMED / 2);
	UT_EQ(arm(&f, "gone@tx"), 0);
	return 0;
}

/* From a program, which can say what the text cannot. */
static int
checks(void)
{
	struct nicsim_fault f = { .kind = NICSIM_FAULT_NUM, .count = 1 };
	struct nicsim_faults faults;
	char why[64];

	nicsim_faults_init(&faults, note, NULL);
	UT_EQ(nicsim_fault_check(&f, why, sizeof(why)), -EINVAL);
	UT_EQ(nicsim_faults_arm(&faults, &f), -EINVAL);
	f = (struct nicsim_fault){ .kind = NICSIM_FAULT_GONE, .at = NICSIM_AT_NUM, .count = 1 };
	UT_EQ(nicsim_faults_arm(&faults, &f), -EINVAL);
	f = (struct nicsim_fault){ .kind = NICSIM_FAULT_GONE, .at = NICSIM_AT_TX };
	UT_EQ(nicsim_faults_arm(&faults, &f), -EINVAL);
	f.count = 1;
	UT_EQ(nicsim_faults_arm(&faults, &f), 0);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(parses),
	UT_CASE(refuses),
	UT_CASE(names),
	UT_CASE(strikes),
	UT_CASE(fills_up),
	UT_CASE(checks),
	UT_END,
};
UT_SUITE(nicsim_fault, "fast", cases)
