/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The match-action table: what matches, which of several rules counts, limits, counters and ageing,
 * against a plain list of rules searched from end to end; and changes while lookups go on.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "nicframe.h"
#include "nicsim_flow.h"
#include "ut.h"

static const struct nicsim_end wire = { 0, false }, vf0 = { 1, false }, vf1 = { 2, false };
static const struct nicsim_end rep0 = { 1, true };

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Rules are told apart by the age they have, which is that large that none ages. */
#define RULE(n) (&(const struct nicsim_flow_actions){ .drop = true, .age_s = 1000000 + (n) })

/* @return n of the rule that a frame finds, 0: none */
static unsigned int
found(struct nicsim_flows *flows, struct nicsim_end from, uint8_t *data, uint32_t len)
{
	struct nicsim_frame f = { .data = data, .len = len };
	struct nicsim_flow_actions a;

	return nicsim_flow_lookup(flows, from, &f, now_ms(), &a) ? a.age_s - 1000000 : 0;
}

static uint8_t *
frame(unsigned int tags)
{
	static uint8_t data[128];
	const struct nicframe_spec s = { .tags = tags, .ip = 4, .proto = NICFRAME_UDP, .host = 4 };

	nicframe_build(data, &s);
	return data;
}

static int
matches(void)
{
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow_match m = { 0 };
	struct nicsim_flow *f;
	uint8_t *data;

	UT_EQ(found(t, vf0, frame(0), 60), 0);
	/* Everything, but not what software sends. */
	UT_EQ(nicsim_flow_add(t, 3, &m, RULE(1), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 1);
	UT_EQ(found(t, wire, frame(1), 60), 1);
	UT_EQ(found(t, rep0, frame(0), 60), 0);
	/* From one representor. */
	m.has_from = true;
	m.from = rep0;
	UT_EQ(nicsim_flow_add(t, 3, &m, RULE(2), NULL, &f), 0);
	UT_EQ(found(t, rep0, frame(0), 60), 2);
	UT_EQ(found(t, (struct nicsim_end){ 2, true }, frame(0), 60), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 1);
	/* From one VF. */
	m.from = vf0;
	UT_EQ(nicsim_flow_add(t, 3, &m, RULE(3), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 3);
	UT_EQ(found(t, vf1, frame(0), 60), 1);
	/* Destination under a mask; what is outside of the mask does not count. */
	memcpy(m.dst, "\x02\x00\x00\xff\xff\x05", 6);
	memcpy(m.dst_mask, "\xff\xff\xff\x00\x00\xff", 6);
	UT_EQ(nicsim_flow_add(t, 3, &m, RULE(4), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 4);
	data = frame(0);
	data[4] ^= 0xff;
	UT_EQ(found(t, vf0, data, 60), 4);
	data[5] ^= 1;
	UT_EQ(found(t, vf0, data, 60), 3);
	UT_EQ(nicsim_flow_add(t, 3, &m, RULE(5), NULL, &f), -EEXIST);
	m.dst[4] = 0x11;
	UT_EQ(nicsim_flow_add(t, 3, &m, RULE(5), NULL, &f), -EEXIST);
	UT_EQ(nicsim_flow_add(t, 2, &m, RULE(6), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 6);
	nicsim_flow_del(t, f);
	UT_EQ(found(t, vf0, frame(0), 60), 4);
	UT_EQ(nicsim_flow_count(t), 4);
	nicsim_flow_flush(t);
	UT_EQ(nicsim_flow_count(t), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 0);
	nicsim_flows_free(t);
	return 0;
}

/* Each field alone: a rule that has it matches its frame, and none that differs in one bit. */
static int
each_bit(void)
{
	struct nicsim_flows *t;
	struct nicsim_flow *f;
	struct nicsim_flow_match m;
	uint8_t data[128];
	unsigned int field, bit;
	uint8_t *at;

	for (field = 0; field < 4; field++) {
		t = nicsim_flows_new();
		m = (struct nicsim_flow_match){ 0 };
		memcpy(data, frame(1), sizeof(data));
		if (field == 0) {
			memcpy(m.dst, data, 6);
			memset(m.dst_mask, 0xff, 6);
		} else if (field == 1) {
			memcpy(m.src, data + 6, 6);
			memset(m.src_mask, 0xff, 6);
		} else if (field == 2) { /* without a tag matched on: the first type */
			m.ethertype = 0x8100;
			m.ethertype_mask = 0xffff;
		} else {
			m.vlan = NICSIM_VLAN_TAGGED;
			m.tci = 100;
			m.tci_mask = 0xffff;
		}
		UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), 0);
		UT_EQ(found(t, vf0, data, 60), 1);
		for (bit = 0; bit < (field < 2 ? 48 : 16); bit++) {
			at = data + (field == 3 ? 14 : field * 6) + bit / 8;
			*at ^= (uint8_t)(1 << bit % 8);
			UT_EQ(found(t, vf0, data, 60), 0);
			*at ^= (uint8_t)(1 << bit % 8);
		}
		UT_EQ(found(t, vf0, data, 60), 1);
		nicsim_flows_free(t);
	}
	return 0;
}

static int
vlan(void)
{
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow_match m = { .vlan = NICSIM_VLAN_NONE };
	struct nicsim_flow *f;
	uint8_t *data;

	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), 0);
	m.vlan = NICSIM_VLAN_TAGGED;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(2), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(0), 60), 1);
	UT_EQ(found(t, vf0, frame(1), 60), 2);
	UT_EQ(found(t, vf0, frame(2), 60), 2);
	/* Behind the tag where one is matched on: the payload's, or the inner tag's. */
	m.ethertype = 0x0800;
	m.ethertype_mask = 0xffff;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(3), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(1), 60), 3);
	UT_EQ(found(t, vf0, frame(0), 60), 1);
	UT_EQ(found(t, vf0, frame(2), 60), 2);
	m.ethertype = 0x8100;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(4), NULL, &f), 0);
	UT_EQ(found(t, vf0, frame(2), 60), 4);
	/* VLAN id alone: priority bits do not count; of the outermost tag. */
	m = (struct nicsim_flow_match){ .vlan = NICSIM_VLAN_TAGGED, .tci = 0xf064,
		.tci_mask = 0x0fff };
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(5), NULL, &f), 0);
	data = frame(1);
	UT_EQ(found(t, vf0, data, 60), 3); /* 17 bits of type and tag against 13 */
	nicframe_put(data + 14, 0xe064, 2);
	nicframe_put(data + 16, 0x0806, 2);
	UT_EQ(found(t, vf0, data, 60), 5);
	nicframe_put(data + 14, 0xe065, 2);
	UT_EQ(found(t, vf0, data, 60), 2);
	/* A tag that is cut short is none: its bytes may not even be there. */
	UT_EQ(found(t, vf0, data, 17), 1);
	UT_EQ(found(t, vf0, data, 18), 2);
	nicsim_flows_free(t);
	return 0;
}

static int
bad_rules(void)
{
	static const struct nicsim_flow_actions bad[] = {
		{ .drop = true, .has_to = true },
		{ .pop = 3 },
		{ .push = 3, .tpid = { 0x8100, 0x8100 } },
		{ .push = 1, .tpid = { 0x9100 } },
		{ .push = 2, .tpid = { 0x8100, 0 } },
	};
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow_match m = { 0 };
	struct nicsim_flow *f = NULL;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		UT_EQ(nicsim_flow_add(t, 0, &m, &bad[i], NULL, &f), -EINVAL);
	UT_EQ(nicsim_flow_add(t, NICSIM_FLOW_PRIORITIES, &m, RULE(1), NULL, &f), -EINVAL);
	m.tci_mask = 1;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), -EINVAL);
	m.vlan = NICSIM_VLAN_NONE;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), -EINVAL);
	m.vlan = 77;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), -EINVAL);
	UT_CHECK(f == NULL);
	UT_EQ(nicsim_flow_count(t), 0);
	nicsim_flows_free(t);
	return 0;
}

/* --- against a list -------------------------------------------------------------------------- */

#define MODEL_RULES 120

struct model_rule {
	bool there;
	unsigned int priority;
	struct nicsim_flow_match m;
	struct nicsim_flow *flow;
	uint64_t packets;
};

static unsigned int
bits(uint32_t mask)
{
	unsigned int n;

	for (n = 0; mask != 0; mask &= mask - 1)
		n++;
	return n;
}

static unsigned int
bits_mac(const uint8_t mask[6])
{
	unsigned int i, n = 0;

	for (i = 0; i < 6; i++)
		n += bits(mask[i]);
	return n;
}

/* As the header has it: how many bits, and then which. */
static unsigned int
specificity(const struct nicsim_flow_match *m)
{
	return (m->has_from ? 17 : 1) + (m->vlan != NICSIM_VLAN_ANY) + bits_mac(m->dst_mask) +
		bits_mac(m->src_mask) + bits(m->ethertype_mask) + bits(m->tci_mask);
}

static int
tie(const struct nicsim_flow_match *a, const struct nicsim_flow_match *b)
{
	int ret;

	if (a->has_from != b->has_from)
		return a->has_from ? 1 : -1;
	if ((a->vlan != NICSIM_VLAN_ANY) != (b->vlan != NICSIM_VLAN_ANY))
		return a->vlan != NICSIM_VLAN_ANY ? 1 : -1;
	ret = memcmp(a->dst_mask, b->dst_mask, 6);
	if (ret == 0)
		ret = a->ethertype_mask - b->ethertype_mask;
	if (ret == 0)
		ret = memcmp(a->src_mask, b->src_mask, 6);
	return ret != 0 ? ret : a->tci_mask - b->tci_mask;
}

static bool
mac_fits(const uint8_t *mac, const uint8_t *val, const uint8_t *mask)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (((mac[i] ^ val[i]) & mask[i]) != 0)
			return false;
	return true;
}

static bool
rule_fits(const struct nicsim_flow_match *m, struct nicsim_end from, const uint8_t *data)
{
	uint32_t type = nicframe_get(data + 12, 2);
	bool tagged = type == 0x8100 || type == 0x88a8;

	if (m->has_from ? m->from.port != from.port || m->from.representor != from.representor
			: from.representor)
		return false;
	if ((m->vlan == NICSIM_VLAN_NONE && tagged) || (m->vlan == NICSIM_VLAN_TAGGED && !tagged))
		return false;
	if (((nicframe_get(data + 14, 2) ^ m->tci) & m->tci_mask) != 0)
		return false;
	if (m->vlan == NICSIM_VLAN_TAGGED)
		type = nicframe_get(data + 16, 2);
	return ((type ^ m->ethertype) & m->ethertype_mask) == 0 &&
		mac_fits(data, m->dst, m->dst_mask) && mac_fits(data + 6, m->src, m->src_mask);
}

static int
model_find(const struct model_rule *rules, struct nicsim_end from, const uint8_t *data)
{
	int i, best = -1, cmp;

	for (i = 0; i < MODEL_RULES; i++) {
		if (!rules[i].there || !rule_fits(&rules[i].m, from, data))
			continue;
		if (best < 0) {
			best = i;
			continue;
		}
		cmp = (int)rules[best].priority - (int)rules[i].priority;
		if (cmp == 0)
			cmp = (int)specificity(&rules[i].m) - (int)specificity(&rules[best].m);
		if (cmp == 0)
			cmp = tie(&rules[i].m, &rules[best].m);
		if (cmp > 0)
			best = i;
	}
	return best;
}

static uint32_t
random_next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
random_match(uint32_t *seed, struct nicsim_flow_match *m)
{
	static const uint8_t masks[3][6] = { { 0 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0xff, 0xff, 0xff, 0, 0, 3 } };

	memset(m, 0, sizeof(*m));
	m->has_from = random_next(seed) % 2;
	m->from.port = random_next(seed) % 3;
	m->from.representor = random_next(seed) % 3 == 0;
	memcpy(m->dst, "\x02\x00\x00\x00\x00\x00", 6);
	m->dst[5] = random_next(seed) % 4;
	memcpy(m->dst_mask, masks[random_next(seed) % 3], 6);
	memcpy(m->src, m->dst, 5);
	m->src[5] = random_next(seed) % 4;
	memcpy(m->src_mask, masks[random_next(seed) % 3], 6);
	if (random_next(seed) % 3 == 0) {
		m->ethertype = random_next(seed) % 2 ? 0x0800 : 0x88b5;
		m->ethertype_mask = 0xffff;
	}
	m->vlan = random_next(seed) % 3;
	if (m->vlan == NICSIM_VLAN_TAGGED && random_next(seed) % 2) {
		m->tci = 100 + random_next(seed) % 2;
		m->tci_mask = 0x0fff;
	}
}

static void
random_frame(uint32_t *seed, uint8_t *data, struct nicsim_end *from)
{
	struct nicframe_spec s = { .tags = random_next(seed) % 3, .proto = NICFRAME_UDP };

	s.ip = random_next(seed) % 2 * 4;
	nicframe_build(data, &s);
	data[5] = random_next(seed) % 4;
	data[11] = random_next(seed) % 4;
	from->port = random_next(seed) % 3;
	from->representor = random_next(seed) % 3 == 0;
}

/* One change of the table, the same to the list. */
static int
model_change(struct nicsim_flows *t, struct model_rule *r, unsigned int i, uint32_t *seed,
	unsigned int *full)
{
	int ret;

	if (r[i].there) {
		nicsim_flow_del(t, r[i].flow);
		r[i].there = false;
		return 0;
	}
	random_match(seed, &r[i].m);
	r[i].priority = random_next(seed) % 3;
	ret = nicsim_flow_add(t, r[i].priority, &r[i].m, RULE(i), &r[i], &r[i].flow);
	if (ret == -ENOSPC)
		++*full;
	else if (ret != -EEXIST)
		UT_EQ(ret, 0);
	r[i].there = ret == 0;
	r[i].packets = 0;
	return 0;
}

static int
model(void)
{
	struct nicsim_flows *t = nicsim_flows_new();
	struct model_rule rules[MODEL_RULES] = { { 0 } };
	struct nicsim_flow_stats stats;
	struct nicsim_flow_actions a;
	uint32_t seed = 42, hits = 0, full = 0, i, j;
	struct nicsim_frame f = { .len = 64 };
	uint8_t data[128] = { 0 };
	struct nicsim_end from = { 0 };
	int best;

	f.data = data;
	for (i = 0; i < 20000; i++) {
		UT_DO(model_change(t, rules, random_next(&seed) % MODEL_RULES, &seed, &full));
		for (j = 0; j < 8; j++) {
			random_frame(&seed, data, &from);
			best = model_find(rules, from, data);
			if (nicsim_flow_lookup(t, from, &f, 0, &a)) {
				UT_EQ((int)a.age_s - 1000000, best);
				rules[best].packets++;
				hits++;
			} else {
				UT_EQ(best, -1);
			}
		}
	}
	UT_GE(hits, 50000);
	UT_LE(hits, 155000);
	UT_GE(full, 1); /* the number of masks was met, too */
	for (i = 0; i < MODEL_RULES; i++) {
		if (!rules[i].there)
			continue;
		nicsim_flow_query(t, rules[i].flow, false, &stats);
		UT_EQ(stats.packets, rules[i].packets);
		UT_EQ(stats.bytes, rules[i].packets * 64);
	}
	nicsim_flows_free(t);
	return 0;
}

/* --- limits ---------------------------------------------------------------------------------- */

static void
numbered(struct nicsim_flow_match *m, unsigned int n)
{
	memset(m, 0, sizeof(*m));
	memset(m->dst_mask, 0xff, 6);
	m->dst[0] = 2;
	nicframe_put(m->dst + 2, n, 4);
}

static int
most_masks(void)
{
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow *flow[NICSIM_FLOW_MASKS], *f;
	struct nicsim_flow_match m = { .ethertype_mask = 0 };
	unsigned int i;

	for (i = 0; i < NICSIM_FLOW_MASKS; i++) {
		m.ethertype_mask = (uint16_t)(i / 16);
		UT_EQ(nicsim_flow_add(t, i % 16, &m, RULE(1), NULL, &flow[i]), 0);
	}
	m.ethertype_mask = 0x1000;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), -ENOSPC);
	m.ethertype_mask = 1; /* one that is there */
	m.ethertype = 1;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), 0);
	nicsim_flow_del(t, flow[20]); /* the last with its mask */
	m.ethertype_mask = 0x1000;
	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), 0);
	UT_EQ(nicsim_flow_count(t), NICSIM_FLOW_MASKS + 1);
	nicsim_flows_free(t);
	return 0;
}

static int
most_rules(void)
{
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow **flow = calloc(NICSIM_FLOW_MAX, sizeof(*flow)), *f;
	struct nicsim_flow_match m;
	uint8_t data[64] = { 0 };
	unsigned int i;

	for (i = 0; i < NICSIM_FLOW_MAX; i++) {
		numbered(&m, i);
		UT_EQ(nicsim_flow_add(t, 1, &m, RULE(i + 1), NULL, &flow[i]), 0);
	}
	UT_EQ(nicsim_flow_count(t), NICSIM_FLOW_MAX);
	UT_EQ(nicsim_flow_add(t, 1, &m, RULE(1), NULL, &f), -EEXIST);
	numbered(&m, NICSIM_FLOW_MAX);
	UT_EQ(nicsim_flow_add(t, 1, &m, RULE(1), NULL, &f), -ENOSPC);
	data[0] = 2;
	for (i = 0; i <= NICSIM_FLOW_MAX; i++) {
		nicframe_put(data + 2, i, 4);
		UT_EQ(found(t, vf0, data, 60), i == NICSIM_FLOW_MAX ? 0 : i + 1);
	}
	for (i = 0; i < NICSIM_FLOW_MAX; i += 2)
		nicsim_flow_del(t, flow[i]);
	UT_EQ(nicsim_flow_add(t, 1, &m, RULE(NICSIM_FLOW_MAX + 1), NULL, &f), 0);
	for (i = 0; i <= NICSIM_FLOW_MAX; i++) {
		nicframe_put(data + 2, i, 4);
		UT_EQ(found(t, vf0, data, 60), i % 2 == 0 && i != NICSIM_FLOW_MAX ? 0 : i + 1);
	}
	free(flow);
	nicsim_flows_free(t);
	return 0;
}

/* --- counters and ageing --------------------------------------------------------------------- */

static int
counters(void)
{
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow_match m = { 0 };
	struct nicsim_flow_stats s;
	struct nicsim_flow *f;
	unsigned int i;

	UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &f), 0);
	nicsim_flow_query(t, f, false, &s);
	UT_EQ(s.packets, 0);
	UT_EQ(s.idle_s, 0);
	for (i = 0; i < 10; i++)
		UT_EQ(found(t, vf0, frame(0), 60 + i), 1);
	nicsim_flow_query(t, f, false, &s);
	UT_EQ(s.packets, 10);
	UT_EQ(s.bytes, 645);
	nicsim_flow_query(t, f, true, &s);
	UT_EQ(s.packets, 10);
	UT_EQ(s.bytes, 645);
	UT_EQ(found(t, vf0, frame(0), 100), 1);
	nicsim_flow_query(t, f, false, &s);
	UT_EQ(s.packets, 1);
	UT_EQ(s.bytes, 100);
	UT_CHECK(!s.aged);
	nicsim_flows_free(t);
	return 0;
}

/* A frame of some time ago: the table takes its clock from whoever looks up. */
static bool
hit_ago(struct nicsim_flows *t, uint8_t *data, uint64_t ms)
{
	struct nicsim_frame f = { .data = data, .len = 60 };
	struct nicsim_flow_actions a;

	return nicsim_flow_lookup(t, vf0, &f, now_ms() - ms, &a);
}

static int
ageing(void)
{
	struct nicsim_flow_actions a = { .age_s = 10 };
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow_match m;
	struct nicsim_flow_stats s;
	struct nicsim_flow *f[4];
	uint8_t data[64] = { 2 };
	void *ctx[4] = { NULL };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		numbered(&m, i);
		a.age_s = i == 3 ? 0 : 10; /* the last never ages */
		UT_EQ(nicsim_flow_add(t, 0, &m, &a, &f[i], &f[i]), 0);
		nicframe_put(data + 2, i, 4);
		UT_CHECK(hit_ago(t, data, i == 0 ? 5000 : 11000));
	}
	UT_EQ(nicsim_flow_aged(t, NULL, 0), 2);
	UT_EQ(nicsim_flow_aged(t, NULL, 0), 2); /* counted only, not reported */
	nicsim_flow_query(t, f[1], false, &s);
	UT_CHECK(s.aged);
	UT_EQ(s.idle_s, 11);
	nicsim_flow_query(t, f[0], false, &s);
	UT_CHECK(!s.aged);
	UT_EQ(s.idle_s, 5);
	nicsim_flow_query(t, f[3], false, &s);
	UT_CHECK(!s.aged);
	/* Each once, one at a time if need be. */
	UT_EQ(nicsim_flow_aged(t, ctx, 1), 1);
	UT_EQ(nicsim_flow_aged(t, ctx + 1, 4), 1);
	UT_CHECK(ctx[0] != ctx[1]);
	for (i = 0; i < 2; i++)
		UT_CHECK(ctx[i] == &f[1] || ctx[i] == &f[2]);
	UT_EQ(nicsim_flow_aged(t, ctx, 4), 0);
	UT_EQ(nicsim_flow_aged(t, NULL, 0), 0);
	/* Hit, and aged again. */
	nicframe_put(data + 2, 2, 4);
	UT_CHECK(hit_ago(t, data, 0));
	UT_EQ(nicsim_flow_aged(t, ctx, 4), 0);
	UT_CHECK(hit_ago(t, data, 10001));
	UT_EQ(nicsim_flow_aged(t, ctx, 4), 1);
	UT_CHECK(ctx[0] == &f[2]);
	/* A clock ahead of ours is not an age. */
	UT_CHECK(hit_ago(t, data, (uint64_t)-60000));
	nicsim_flow_query(t, f[2], false, &s);
	UT_EQ(s.idle_s, 0);
	/* Gone: not reported. */
	nicframe_put(data + 2, 0, 4);
	UT_CHECK(hit_ago(t, data, 20000));
	nicsim_flow_del(t, f[0]);
	UT_EQ(nicsim_flow_aged(t, ctx, 4), 0);
	nicsim_flow_flush(t);
	UT_EQ(nicsim_flow_aged(t, ctx, 4), 0);
	nicsim_flows_free(t);
	return 0;
}

/* --- changes under traffic ------------------------------------------------------------------- */

struct traffic {
	pthread_t thread;
	struct nicsim_flows *flows;
	bool stop, wrong;
	uint64_t kept, other;
};

/* One rule is always there, and must be found whatever happens to the others. */
static void *
traffic_run(void *arg)
{
	struct traffic *tr = arg;
	uint8_t data[64] = { 2 };
	unsigned int n, i = 0;

	while (!__atomic_load_n(&tr->stop, __ATOMIC_RELAXED)) {
		nicframe_put(data + 2, 7, 4);
		if (found(tr->flows, vf0, data, 60) != 8)
			tr->wrong = true;
		__atomic_store_n(&tr->kept, tr->kept + 1, __ATOMIC_RELAXED);
		i = (i + 1) % 500;
		nicframe_put(data + 2, 1000 + i, 4);
		n = found(tr->flows, vf0, data, 60);
		if (n != 0 && n != 1001 + i)
			tr->wrong = true;
		tr->other += n != 0;
	}
	return NULL;
}

/* Changes go on until all have looked up so often. */
static bool
traffic_is_enough(const struct traffic tr[3])
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (__atomic_load_n(&tr[i].kept, __ATOMIC_RELAXED) < 5000)
			return false;
	return true;
}

static int
under_traffic(void)
{
	struct traffic tr[3] = { { 0 } };
	struct nicsim_flows *t = nicsim_flows_new();
	struct nicsim_flow *flow[500], *kept, *masked;
	struct nicsim_flow_match m;
	struct nicsim_flow_stats s;
	uint64_t sum = 0, bytes = 0, all = 0;
	unsigned int round, i;

	numbered(&m, 7);
	UT_EQ(nicsim_flow_add(t, 5, &m, RULE(8), NULL, &kept), 0);
	for (i = 0; i < 3; i++) {
		tr[i].flows = t;
		UT_EQ(pthread_create(&tr[i].thread, NULL, traffic_run, &tr[i]), 0);
	}
	for (round = 0; round < 20 || (round < 5000 && !traffic_is_enough(tr)); round++) {
		for (i = 0; i < 500; i++) {
			numbered(&m, 1000 + i);
			UT_EQ(nicsim_flow_add(t, round % 8, &m, RULE(1001 + i), NULL, &flow[i]), 0);
			if (i % 100 == 0) {
				m.ethertype = 0x1234;
				m.ethertype_mask = 0xffff; /* a table of its own comes and goes */
				UT_EQ(nicsim_flow_add(t, 0, &m, RULE(1), NULL, &masked), 0);
				nicsim_flow_del(t, masked);
			}
			nicsim_flow_query(t, kept, true, &s);
			sum += s.packets;
			bytes += s.bytes;
		}
		nicsim_flow_aged(t, NULL, 0);
		for (i = 0; i < 500; i++)
			nicsim_flow_del(t, flow[i]);
	}
	for (i = 0; i < 3; i++)
		__atomic_store_n(&tr[i].stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++) {
		pthread_join(tr[i].thread, NULL);
		UT_CHECK(!tr[i].wrong);
		all += tr[i].kept;
	}
	nicsim_flow_query(t, kept, true, &s);
	UT_EQ(sum + s.packets, all); /* none lost, none counted twice */
	UT_EQ(bytes + s.bytes, all * 60);
	UT_EQ(nicsim_flow_count(t), 1);
	UT_GE(all, 15000);
	nicsim_flows_free(t);
	return 0;
}

static const struct ut_case cases[] = { UT_CASE(matches), UT_CASE(each_bit), UT_CASE(vlan),
	UT_CASE(bad_rules), UT_CASE(model), UT_CASE(most_masks), UT_CASE(most_rules),
	UT_CASE(counters), UT_CASE(ageing), UT_CASE(under_traffic), UT_END };
UT_SUITE(nicsim_flow, "fast", cases)
