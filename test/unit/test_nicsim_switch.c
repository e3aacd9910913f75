/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The embedded switch: where frames go without rules, with them, and in legacy mode; what becomes
 * of their tags; and what is dropped, and counted as what.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "nicframe.h"
#include "nicsim_fdb.h"
#include "nicsim_switch.h"
#include "ut.h"

#define PORTS 4 /* wire and three VFs */
#define SEEN 16

/* What the switch did with a frame. */
struct seen {
	unsigned int n;
	struct nicsim_end to[SEEN];
	uint8_t data[SEEN][128];
	uint32_t len[SEEN];
	uint8_t flags[SEEN];
	bool complete; /* finish checksums, as ends do */
};

static uint8_t room[NICSIM_HEADROOM + 128];

static struct nicsim_end
end(unsigned int port, bool representor)
{
	return (struct nicsim_end){ (uint16_t)port, representor };
}

static void
see(void *ctx, struct nicsim_end to, struct nicsim_frame *f)
{
	struct seen *s = ctx;

	if (s->complete)
		nicsim_frame_checksum(f);
	if (s->n < SEEN) {
		s->to[s->n] = to;
		s->len[s->n] = f->len;
		s->flags[s->n] = f->meta.flags;
		memcpy(s->data[s->n], f->data, f->len);
	}
	s->n++;
}

/* A frame from host src to host dst, with tags. */
static struct nicsim_frame
frame(unsigned int src, unsigned int dst, unsigned int tags)
{
	const struct nicframe_spec spec = { .tags = tags, .ip = 4, .proto = NICFRAME_UDP,
		.payload = 20, .host = (uint8_t)src };
	struct nicframe_at at = nicframe_build(room + NICSIM_HEADROOM, &spec);
	struct nicsim_frame f = { .data = room + NICSIM_HEADROOM, .len = at.len };

	f.data[5] = (uint8_t)dst;
	if (dst == 0xff)
		memset(f.data, 0xff, 6);
	return f;
}

static struct seen
forward(struct nicsim_switch *sw, struct nicsim_end from, struct nicsim_frame f, uint64_t now)
{
	struct seen s = { 0 };

	nicsim_switch_forward(sw, from, &f, now, see, &s);
	return s;
}

/* @return whether the frame went to that end, alone */
static bool
only_to(const struct seen *s, unsigned int port, bool representor)
{
	return s->n == 1 && s->to[0].port == port && s->to[0].representor == representor;
}

static uint64_t
drops(const struct nicsim_switch *sw)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NICSIM_DROP_NUM; i++)
		sum += nicsim_switch_drops(sw, i);
	return sum;
}

/* Without a rule: to the other end of the port. */
static int
other_end(void)
{
	struct nicsim_switch *sw = nicsim_switch_new(PORTS, NICSIM_SWITCHDEV);
	unsigned int port, rep;
	struct seen s;

	UT_EQ(nicsim_switch_mode(sw), NICSIM_SWITCHDEV);
	for (port = 0; port < PORTS; port++) {
		for (rep = 0; rep < 2; rep++) {
			s = forward(sw, end(port, rep), frame(1, rep ? 0xff : 2, port), 0);
			UT_CHECK(only_to(&s, port, !rep));
			UT_EQ(s.len[0], frame(1, 2, port).len);
		}
	}
	UT_EQ(drops(sw), 0);
	s = forward(sw, end(PORTS, false), frame(1, 2, 0), 0);
	UT_EQ(s.n, 0);
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_NO_PORT), 1);
	nicsim_switch_free(sw);
	return 0;
}

static int
add(struct nicsim_switch *sw, unsigned int priority, int from, bool from_rep,
	const struct nicsim_flow_actions *a)
{
	struct nicsim_flow_match m = { .has_from = from >= 0,
		.from = end((uint16_t)from, from_rep) };
	struct nicsim_flow *f;

	return nicsim_flow_add(nicsim_switch_flows(sw), priority, &m, a, NULL, &f);
}

static int
by_rule(void)
{
	struct nicsim_switch *sw = nicsim_switch_new(PORTS, NICSIM_SWITCHDEV);
	struct nicsim_flow_actions a = { .has_to = true, .to = { 0, false } };
	struct seen s;

	UT_EQ(add(sw, 5, 1, false, &a), 0); /* VF 0 to the wire */
	a.to = end(2, false);
	UT_EQ(add(sw, 5, 0, false, &a), 0); /* the wire to VF 1 */
	a.to = end(0, true);
	UT_EQ(add(sw, 5, 2, false, &a), 0); /* VF 1 to the uplink's representor */
	a.to = end(PORTS, false);
	UT_EQ(add(sw, 5, 3, false, &a), 0); /* VF 2 to nowhere */
	a = (struct nicsim_flow_actions){ .drop = true };
	UT_EQ(add(sw, 5, 0, true, &a), 0); /* what software sends to the wire */
	s = forward(sw, end(1, false), frame(1, 2, 0), 0);
	UT_CHECK(only_to(&s, 0, false));
	s = forward(sw, end(0, false), frame(1, 2, 0), 0);
	UT_CHECK(only_to(&s, 2, false));
	s = forward(sw, end(2, false), frame(1, 2, 0), 0);
	UT_CHECK(only_to(&s, 0, true));
	s = forward(sw, end(3, false), frame(1, 2, 0), 0);
	UT_EQ(s.n, 0);
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_NO_PORT), 1);
	s = forward(sw, end(0, true), frame(1, 2, 0), 0);
	UT_EQ(s.n, 0);
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_RULE), 1);
	/* No rule names it: what a representor sends goes to what it represents. */
	s = forward(sw, end(1, true), frame(1, 2, 0), 0);
	UT_CHECK(only_to(&s, 1, false));
	/* A rule for everything, but not for representors; and not back to where it came from. */
	nicsim_flow_flush(nicsim_switch_flows(sw));
	a = (struct nicsim_flow_actions){ .has_to = true, .to = { 1, false } };
	UT_EQ(add(sw, 0, -1, false, &a), 0);
	s = forward(sw, end(0, false), frame(1, 2, 0), 0);
	UT_CHECK(only_to(&s, 1, false));
	s = forward(sw, end(2, true), frame(1, 2, 0), 0);
	UT_CHECK(only_to(&s, 2, false));
	s = forward(sw, end(1, false), frame(1, 2, 0), 0);
	UT_EQ(s.n, 0);
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_SELF), 1);
	UT_EQ(drops(sw), 3);
	nicsim_switch_free(sw);
	return 0;
}

/* Pop, then push, then to; or on without a rule's target. */
static int
tags(void)
{
	struct nicsim_flow_actions a = { .pop = 1, .push = 2, .tpid = { 0x8100, 0x88a8 },
		.tci = { 0x2007, 0x0008 }, .has_to = true, .to = { 2, false } };
	struct nicsim_switch *sw = nicsim_switch_new(PORTS, NICSIM_SWITCHDEV);
	struct nicsim_frame f;
	struct seen s;

	UT_EQ(add(sw, 0, 1, false, &a), 0);
	a = (struct nicsim_flow_actions){ .pop = 2 };
	UT_EQ(add(sw, 0, 2, false, &a), 0);
	a = (struct nicsim_flow_actions){ .push = 1, .tpid = { 0x8100 }, .tci = { 9 } };
	UT_EQ(add(sw, 0, 0, true, &a), 0);

	f = frame(1, 2, 1);
	f.meta = (struct nicsim_meta){ NICSIM_HDR_NEEDS_CSUM, 0, 0, 0, 38, 6 };
	s = forward(sw, end(1, false), f, 0);
	UT_CHECK(only_to(&s, 2, false));
	UT_EQ(s.len[0], f.len + 4);
	UT_EQ(nicframe_get(s.data[0] + 12, 4), 0x88a80008);
	UT_EQ(nicframe_get(s.data[0] + 16, 4), 0x81002007);
	frame(1, 2, 1);
	UT_EQ(memcmp(s.data[0], room + NICSIM_HEADROOM, 12), 0);
	UT_EQ(memcmp(s.data[0] + 20, room + NICSIM_HEADROOM + 16, f.len - 16), 0);
	/* A tag to pop that is not there: not half of it done, but dropped. */
	s = forward(sw, end(1, false), frame(1, 2, 0), 0);
	UT_EQ(s.n, 0);
	s = forward(sw, end(2, false), frame(1, 2, 1), 0);
	UT_EQ(s.n, 0);
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_VLAN), 2);
	/* Neither drop nor to: as if without a rule, with other tags. */
	s = forward(sw, end(2, false), frame(1, 2, 2), 0);
	UT_CHECK(only_to(&s, 2, true));
	f = frame(1, 2, 0);
	UT_EQ(s.len[0], f.len);
	UT_EQ(memcmp(s.data[0], f.data, f.len), 0);
	s = forward(sw, end(0, true), f, 0);
	UT_CHECK(only_to(&s, 0, false));
	UT_EQ(nicframe_get(s.data[0] + 12, 4), 0x81000009);
	UT_EQ(drops(sw), 2);
	nicsim_switch_free(sw);
	return 0;
}

static int
names(void)
{
	unsigned int i, j;

	for (i = 0; i < NICSIM_DROP_NUM; i++) {
		UT_CHECK(nicsim_switch_drop_name(i)[0] != '\0');
		for (j = 0; j < i; j++)
			UT_CHECK(strcmp(nicsim_switch_drop_name(i),
				nicsim_switch_drop_name(j)) != 0);
	}
	UT_STR(nicsim_switch_drop_name(NICSIM_DROP_RULE), "rule");
	return 0;
}

/* --- legacy ----------------------------------------------------------------------------------- */

#define PF PORTS /* as a port of the bridge: the uplink's software */

/* To each port of the bridge but one, and to no VF's representor. */
static bool
flooded(const struct seen *s, unsigned int but)
{
	unsigned int i, ports = 0;

	for (i = 0; i < s->n && i < SEEN; i++) {
		if (s->to[i].representor && s->to[i].port != 0)
			return false;
		ports |= 1u << (s->to[i].representor ? PF : s->to[i].port);
	}
	return s->n == PORTS && ports == ((1u << (PORTS + 1)) - 1 - (1u << but));
}

static int
legacy(void)
{
	struct nicsim_switch *sw = nicsim_switch_new(PORTS, NICSIM_LEGACY);
	struct nicsim_flow_actions a = { .drop = true };
	struct seen s;

	UT_EQ(add(sw, 0, -1, false, &a), 0); /* no part in this mode */
	s = forward(sw, end(1, false), frame(11, 12, 0), 1000);
	UT_CHECK(flooded(&s, 1));
	s = forward(sw, end(2, false), frame(12, 11, 0), 1000);
	UT_CHECK(only_to(&s, 1, false));
	s = forward(sw, end(1, false), frame(11, 12, 2), 1000);
	UT_CHECK(only_to(&s, 2, false));
	s = forward(sw, end(0, false), frame(99, 0xff, 0), 1000);
	UT_CHECK(flooded(&s, 0));
	s = forward(sw, end(3, false), frame(13, 99, 0), 1000);
	UT_CHECK(only_to(&s, 0, false));
	/* Two hosts behind one port. */
	s = forward(sw, end(0, false), frame(98, 99, 0), 1000);
	UT_EQ(s.n, 0);
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_SELF), 1);
	/* A host moves. */
	s = forward(sw, end(3, false), frame(11, 12, 0), 1000);
	UT_CHECK(only_to(&s, 2, false));
	s = forward(sw, end(2, false), frame(12, 11, 0), 1000);
	UT_CHECK(only_to(&s, 3, false));
	/* The PF is a port of the bridge, */
	s = forward(sw, end(0, true), frame(40, 0xff, 0), 1000);
	UT_CHECK(flooded(&s, PF));
	s = forward(sw, end(2, false), frame(12, 40, 0), 1000);
	UT_CHECK(only_to(&s, 0, true));
	s = forward(sw, end(0, true), frame(40, 12, 0), 1000);
	UT_CHECK(only_to(&s, 2, false));
	s = forward(sw, end(0, false), frame(99, 40, 0), 1000);
	UT_CHECK(only_to(&s, 0, true));
	/* representors of VFs have no part. */
	s = forward(sw, end(1, true), frame(50, 12, 0), 1000);
	UT_EQ(s.n, 0);
	s = forward(sw, end(2, false), frame(12, 50, 0), 1000);
	UT_CHECK(flooded(&s, 2));
	UT_EQ(nicsim_switch_drops(sw, NICSIM_DROP_NO_PORT), 1);
	UT_EQ(drops(sw), 2);
	nicsim_switch_free(sw);
	return 0;
}

/* All ends of a flood get the same frame; a checksum that one of them completes stays complete. */
static int
flood_same(void)
{
	struct nicsim_switch *sw = nicsim_switch_new(PORTS, NICSIM_LEGACY);
	struct nicsim_frame f = frame(1, 0xff, 0);
	struct seen s = { .complete = true };
	const struct nicframe_at at = { 14, 34, 42, f.len };
	unsigned int i;

	f.meta = (struct nicsim_meta){ NICSIM_HDR_NEEDS_CSUM, 0, 0, 0, 34, 6 };
	nicsim_switch_forward(sw, end(1, false), &f, 0, see, &s);
	UT_CHECK(flooded(&s, 1));
	for (i = 0; i < s.n; i++) {
		UT_EQ(s.flags[i], NICSIM_HDR_DATA_VALID);
		UT_EQ(s.len[i], f.len);
		UT_CHECK(nicframe_l4_good(s.data[i], &at, NICFRAME_UDP));
	}
	nicsim_switch_free(sw);
	return 0;
}

static const uint8_t *
mac(unsigned int n)
{
	static uint8_t m[6];

	m[0] = 2;
	nicframe_put(m + 2, n, 4);
	return m;
}

static int
fdb_ages(void)
{
	struct nicsim_fdb *fdb = nicsim_fdb_new(PORTS);
	uint64_t t = 5000;

	nicsim_fdb_learn(fdb, mac(1), 1, t);
	nicsim_fdb_learn(fdb, mac(2), 2, t);
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t), 1);
	UT_EQ(nicsim_fdb_find(fdb, mac(3), t), -ENOENT);
	t += NICSIM_FDB_AGE_MS - 1;
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t), 1);
	nicsim_fdb_learn(fdb, mac(2), 2, t);
	t++;
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t), -ENOENT);
	UT_EQ(nicsim_fdb_find(fdb, mac(2), t), 2);
	nicsim_fdb_learn(fdb, mac(1), 1, t);
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t), 1);
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t - 10), 1); /* another thread's clock */
	nicsim_fdb_free(fdb);
	return 0;
}

static int
fdb_never_learns(void)
{
	static const uint8_t group[6] = { 3, 0, 0, 0, 0, 1 }, zero[6];
	struct nicsim_fdb *fdb = nicsim_fdb_new(PORTS);

	nicsim_fdb_learn(fdb, group, 1, 0);
	nicsim_fdb_learn(fdb, zero, 1, 0);
	UT_EQ(nicsim_fdb_find(fdb, group, 0), -ENOENT);
	UT_EQ(nicsim_fdb_find(fdb, zero, 0), -ENOENT);
	nicsim_fdb_free(fdb);
	return 0;
}

/* A VF that makes addresses up without end takes no room of others, nor their addresses. */
static int
fdb_is_fair(void)
{
	struct nicsim_fdb *fdb = nicsim_fdb_new(PORTS);
	unsigned int i, known = 0;
	uint64_t t = 0;

	nicsim_fdb_learn(fdb, mac(1), 2, t);
	for (i = 0; i < 100000; i++)
		nicsim_fdb_learn(fdb, mac(1000 + i), 1, t + i / 100);
	for (i = 0; i < 100000; i++)
		known += nicsim_fdb_find(fdb, mac(1000 + i), t + 1000) == 1;
	UT_EQ(known, NICSIM_FDB_VF);
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t + 1000), 2);
	/* Nor does it take one over while it is full. */
	nicsim_fdb_learn(fdb, mac(1), 1, t + 1000);
	UT_EQ(nicsim_fdb_find(fdb, mac(1), t + 1000), 2);
	/* Others learn as ever: the uplink all that it has room for. */
	for (i = 0; i < NICSIM_FDB_UPLINK + 10; i++)
		nicsim_fdb_learn(fdb, mac(500000 + i), 0, t + 1000);
	for (i = 0, known = 0; i < NICSIM_FDB_UPLINK + 10; i++)
		known += nicsim_fdb_find(fdb, mac(500000 + i), t + 1000) == 0;
	UT_EQ(known, NICSIM_FDB_UPLINK);
	for (i = 0, known = 0; i < NICSIM_FDB_VF; i++) {
		nicsim_fdb_learn(fdb, mac(700000 + i), 3, t + 1000);
		known += nicsim_fdb_find(fdb, mac(700000 + i), t + 1000) == 3;
	}
	UT_EQ(known, NICSIM_FDB_VF);
	/* Old ones make room again. */
	t += NICSIM_FDB_AGE_MS + 3000;
	for (i = 0, known = 0; i < NICSIM_FDB_VF; i++) {
		nicsim_fdb_learn(fdb, mac(900000 + i), 1, t);
		known += nicsim_fdb_find(fdb, mac(900000 + i), t) == 1;
	}
	UT_EQ(known, NICSIM_FDB_VF);
	nicsim_fdb_free(fdb);
	return 0;
}

/* Addresses that go to and fro: each move gives back what it took. */
static int
fdb_moves(void)
{
	struct nicsim_fdb *fdb = nicsim_fdb_new(PORTS);
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		nicsim_fdb_learn(fdb, mac(i % 200), i / 200 % PORTS, i);
		UT_EQ(nicsim_fdb_find(fdb, mac(i % 200), i), i / 200 % PORTS);
	}
	nicsim_fdb_free(fdb);
	return 0;
}

struct walker {
	pthread_t thread;
	struct nicsim_switch *sw;
	unsigned int port;
	bool wrong;
};

static void
walker_sees(void *ctx, struct nicsim_end to, struct nicsim_frame *f)
{
	struct walker *w = ctx;

	bool pf = to.port == 0 && to.representor;

	if (to.port >= PORTS || (to.representor && !pf) || (to.port == w->port && !pf) ||
		f->len != 60)
		w->wrong = true;
}

static void *
walker_run(void *arg)
{
	struct walker *w = arg;
	uint8_t data[NICSIM_HEADROOM + 60] = { 0 };
	struct nicsim_frame f;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		f = (struct nicsim_frame){ .data = data + NICSIM_HEADROOM, .len = 60 };
		f.data[0] = f.data[6] = 2;
		nicframe_put(f.data + 2, i * 7 % 300, 4);
		nicframe_put(f.data + 8, i % 300, 4); /* all of them, everywhere */
		nicsim_switch_forward(w->sw, end(w->port, false), &f, i, walker_sees, w);
	}
	return NULL;
}

static int
legacy_threads(void)
{
	struct nicsim_switch *sw = nicsim_switch_new(PORTS, NICSIM_LEGACY);
	struct walker w[PORTS];
	unsigned int i;

	for (i = 0; i < PORTS; i++) {
		w[i] = (struct walker){ .sw = sw, .port = i };
		UT_EQ(pthread_create(&w[i].thread, NULL, walker_run, &w[i]), 0);
	}
	for (i = 0; i < PORTS; i++) {
		pthread_join(w[i].thread, NULL);
		UT_CHECK(!w[i].wrong);
	}
	nicsim_switch_free(sw);
	return 0;
}

static const struct ut_case cases[] = { UT_CASE(other_end), UT_CASE(by_rule), UT_CASE(tags),
	UT_CASE(names), UT_CASE(legacy), UT_CASE(flood_same), UT_CASE(fdb_ages),
	UT_CASE(fdb_never_learns), UT_CASE(fdb_is_fair), UT_CASE(fdb_moves),
	UT_CASE(legacy_threads), UT_END };
UT_SUITE(nicsim_switch, "fast", cases)
