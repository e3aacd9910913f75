/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The ring engine against a driver side that is strict: random chains in both formats with all
 * features, a long way around; who is told of what, and who is not, against positions that never
 * wrap; out of order; both sides asleep and awake in two threads.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guestring.h"
#include "nicsim_ring.h"
#include "ut.h"

#define IOVA UINT64_C(0x7fffffff0000)
#define STEPS 60000
#define CHAIN_MAX 12

struct pair {
	struct nicsim_dma dma;
	struct nicsim_ring ring;
	struct guestring guest;
	uint8_t *mem;
	uint32_t seed;
	/* Chains by their cookies, counted up: what was added, taken and given back. */
	uint64_t added, popped;
	uint64_t since; /* taken since the last push */
	struct pending {
		uint64_t cookie;
		uint16_t id, slots;
		uint32_t len;
	} * pending; /* at the device */
	uint32_t num_pending;
	uint32_t *len; /* as given back, by cookie */
	/* Positions: what was given back and shown; what was taken. */
	uint64_t pushed_pos, flushed_pos, popped_pos;
	/* Interrupts and kicks that are wanted, by position. */
	bool irq_on, kick_on;
	uint64_t irq_at, kick_at;
	uint64_t irqs, kicks;
};

static struct nicsim_chain chain;

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*seed * below >> 32);
}

static int
setup(struct pair *p, const struct guestring_conf *conf, bool indirect)
{
	struct nicsim_ring_conf rc = { .size = conf->size,
		.packed = conf->packed,
		.event_idx = conf->event_idx,
		.in_order = conf->in_order,
		.indirect = indirect };
	size_t bytes = guestring_bytes(conf);

	memset(p, 0, sizeof(*p));
	p->mem = aligned_alloc(4096, bytes);
	p->pending = calloc(conf->size, sizeof(*p->pending));
	p->len = calloc(65536, sizeof(*p->len));
	UT_CHECK(p->mem != NULL && p->pending != NULL && p->len != NULL);
	UT_EQ(guestring_init(&p->guest, conf, p->mem, IOVA, 7), 0);
	nicsim_dma_init(&p->dma);
	UT_EQ(nicsim_dma_map(&p->dma, (uintptr_t)p->mem, IOVA, bytes), 0);
	rc.desc = guestring_desc(&p->guest);
	rc.driver = guestring_driver(&p->guest);
	rc.device = guestring_device(&p->guest);
	UT_EQ(nicsim_ring_start(&p->ring, &p->dma, &rc), 0);
	p->seed = conf->size;
	return 0;
}

static void
teardown(struct pair *p)
{
	guestring_fini(&p->guest);
	nicsim_ring_fini(&p->ring);
	nicsim_ring_fini(&p->ring);
	nicsim_dma_fini(&p->dma);
	free(p->mem);
	free(p->pending);
	free(p->len);
}

/* What the chain with that cookie is made of. */
struct shape {
	uint16_t n_out, n_in, direct;
	bool indirect;
	struct guestring_buf buf[CHAIN_MAX];
};

static void
shape_of(const struct pair *p, uint64_t cookie, struct shape *s)
{
	const struct nicsim_ring_conf *c = &p->ring.conf;
	uint32_t seed = (uint32_t)cookie * 2654435761u, n, i;

	draw(&seed, 1);
	s->indirect = c->indirect && draw(&seed, 3) != 0;
	n = 1 + draw(&seed, s->indirect || c->size > CHAIN_MAX ? CHAIN_MAX : c->size);
	if (draw(&seed, 3) == 0)
		n = 1;
	s->n_out = (uint16_t)draw(&seed, n + 1);
	s->n_in = (uint16_t)(n - s->n_out);
	s->direct = 0;
	if (s->indirect && !c->packed && n > 1 && c->size > 4)
		s->direct = (uint16_t)draw(&seed, n < 4 ? n : 4);
	for (i = 0; i < n; i++)
		s->buf[i] = (struct guestring_buf){ (cookie << 16) + i * 256, draw(&seed, 5000) };
}

static uint16_t
slots_of(const struct shape *s)
{
	return (uint16_t)(s->indirect ? s->direct + 1 : s->n_out + s->n_in);
}

static int
chain_is(const struct pair *p, uint64_t cookie)
{
	struct shape s;
	uint64_t readable = 0, writable = 0;
	uint16_t i;

	shape_of(p, cookie, &s);
	UT_EQ(chain.n, s.n_out + s.n_in);
	UT_EQ(chain.slots, slots_of(&s));
	for (i = 0; i < chain.n; i++) {
		UT_EQ(chain.seg[i].iova, s.buf[i].iova);
		UT_EQ(chain.seg[i].len, s.buf[i].len);
		UT_EQ(chain.seg[i].write, i >= s.n_out);
		*(i < s.n_out ? &readable : &writable) += s.buf[i].len;
	}
	UT_EQ(chain.readable, readable);
	UT_EQ(chain.writable, writable);
	return 0;
}

/* Positions that a chain moves: an entry, or its descriptors. */
static uint64_t
width(const struct pair *p, uint16_t slots)
{
	return p->ring.conf.packed ? slots : 1;
}

static int
step_add(struct pair *p)
{
	uint32_t n = draw(&p->seed, 6);
	struct shape s;
	int ret;

	while (n-- > 0) {
		shape_of(p, p->added, &s);
		ret = guestring_add(
			&p->guest, s.buf, s.n_out, s.n_in, s.indirect, s.direct, p->added);
		if (ret == -ENOSPC)
			break;
		UT_GE(ret, 0);
		p->added++;
	}
	return 0;
}

/* Whether an event is one of the positions from..to - 1. It comes around again, if nobody moves it:
 * with the index of a split ring, and with every second lap of a packed one. */
static bool
passes(const struct pair *p, uint64_t event, uint64_t from, uint64_t to)
{
	uint64_t round = p->ring.conf.packed ? 2 * p->ring.conf.size : 65536;

	return from + (event + 65536 * round - from % round) % round < to;
}

/* The driver kicks if, and only if, that is what was asked for. */
static int
step_kick(struct pair *p)
{
	uint64_t from = p->guest.kicked, to = p->guest.added;
	bool want = p->kick_on && from != to;

	if (p->ring.conf.event_idx)
		want = p->kick_on && passes(p, p->kick_at, from, to);
	UT_EQ(guestring_kick(&p->guest), want);
	UT_CHECK(p->guest.wrong == NULL);
	p->kicks += want;
	return 0;
}

static int
step_notify(struct pair *p, bool on)
{
	UT_EQ(nicsim_ring_notify(&p->ring, on), on && p->popped != p->added);
	p->kick_on = on;
	p->kick_at = p->popped_pos;
	return 0;
}

static int
step_pop(struct pair *p)
{
	uint32_t n = draw(&p->seed, 8);
	uint64_t cookie;

	while (n-- > 0) {
		UT_EQ(nicsim_ring_pop(&p->ring, &chain), p->popped != p->added);
		if (p->popped == p->added)
			break;
		cookie = p->popped++;
		UT_DO(chain_is(p, cookie));
		p->pending[p->num_pending++] = (struct pending){ cookie, chain.id, chain.slots,
			draw(&p->seed, (uint32_t)chain.writable + 1) };
		p->since++;
		p->popped_pos += width(p, chain.slots);
	}
	return 0;
}

static int
step_unpop(struct pair *p)
{
	nicsim_ring_unpop(&p->ring);
	p->popped -= p->since;
	for (; p->since > 0; p->since--)
		p->popped_pos -= width(p, p->pending[--p->num_pending].slots);
	return 0;
}

/* Some of what is there is given back, any of it unless that has an order. */
static int
step_push(struct pair *p)
{
	uint32_t n = draw(&p->seed, 2) == 0 ? p->num_pending : draw(&p->seed, p->num_pending + 1),
		 i;
	struct pending done;

	while (n-- > 0) {
		i = p->ring.conf.in_order ? 0 : draw(&p->seed, p->num_pending);
		done = p->pending[i];
		p->num_pending--;
		memmove(p->pending + i, p->pending + i + 1,
			(p->num_pending - i) * sizeof(*p->pending));
		p->len[done.cookie % 65536] = done.len;
		nicsim_ring_push(&p->ring, done.id, done.slots, done.len);
		p->pushed_pos += width(p, done.slots);
		p->since = 0;
	}
	return 0;
}

/* An interrupt if, and only if, that is what was asked for. */
static int
step_flush(struct pair *p)
{
	uint64_t from = p->flushed_pos, to = p->pushed_pos;
	bool want = p->irq_on && from != to;

	if (p->ring.conf.event_idx)
		want = p->irq_on && passes(p, p->irq_at, from, to);
	UT_EQ(nicsim_ring_is_dirty(&p->ring), from != to);
	UT_EQ(nicsim_ring_flush(&p->ring), want);
	UT_EQ(nicsim_ring_is_dirty(&p->ring), false);
	UT_EQ(nicsim_ring_flush(&p->ring), false);
	p->flushed_pos = to;
	p->irqs += want;
	return 0;
}

static int
step_used(struct pair *p)
{
	uint64_t cookie;
	uint32_t len;
	int ret;

	while ((ret = guestring_used(&p->guest, &cookie, &len)) == 1)
		UT_EQ(len, p->len[cookie % 65536]);
	if (ret != 0)
		UT_FAIL("%s", p->guest.wrong);
	return 0;
}

static int
step_arm(struct pair *p, bool on)
{
	uint16_t size = p->ring.conf.size;
	uint16_t ahead = (uint16_t)draw(&p->seed, draw(&p->seed, 2) == 0 && size > 8 ? 8 : size);

	p->irq_on = on;
	p->irq_at = p->guest.seen + ahead;
	guestring_arm(&p->guest, on, ahead);
	return 0;
}

static int
step(struct pair *p, uint32_t i)
{
	switch (draw(&p->seed, 12)) {
	case 0:
	case 1:
	case 2:
		if (i % 256 < 128 || draw(&p->seed, 16) == 0) /* now and then there is nothing */
			UT_DO(step_add(p));
		return draw(&p->seed, 2) == 0 ? step_kick(p) : 0;
	case 3:
	case 4:
	case 5:
		return step_pop(p);
	case 6:
		return step_unpop(p);
	case 7:
	case 8:
		UT_DO(step_push(p));
		return draw(&p->seed, 4) == 0 ? 0 : step_flush(p);
	case 9:
		UT_DO(step_used(p));
		return draw(&p->seed, 2) == 0 ? step_arm(p, draw(&p->seed, 3) != 0) : 0;
	case 10:
		return step_notify(p, draw(&p->seed, 3) != 0);
	default: /* a step now and then where nothing is asked for */
		return i % 1024 < 512 ? step_notify(p, false) : 0;
	}
}

static int
drain(struct pair *p)
{
	uint32_t i;

	for (i = 0; i < 100000 && p->guest.busy != 0; i++) {
		UT_DO(step_pop(p));
		UT_DO(step_push(p));
		UT_DO(step_flush(p));
		UT_DO(step_used(p));
	}
	UT_EQ(p->guest.busy, 0);
	UT_EQ(p->guest.room, p->ring.conf.size);
	UT_EQ(p->guest.orders_seen, p->added);
	UT_EQ(p->ring.broken, NICSIM_RING_OK);
	UT_EQ(p->dma.faults, 0);
	UT_CHECK(guestring_is_intact(&p->guest));
	return 0;
}

static int
random_steps(const struct guestring_conf *conf, bool indirect, uint32_t steps)
{
	struct pair p;
	uint32_t i;

	UT_DO(setup(&p, conf, indirect));
	/* zeroed memory asks for everything, in the packed format */
	UT_DO(step_add(&p));
	UT_EQ(guestring_kick(&p.guest), p.added != 0);
	UT_DO(step_notify(&p, true));
	UT_DO(step_arm(&p, true));
	for (i = 0; i < steps; i++)
		UT_DO(step(&p, i));
	UT_DO(drain(&p));
	UT_GE(p.added, steps / 64);
	UT_GE(p.irqs, 2);
	UT_GE(p.kicks, 2);
	teardown(&p);
	return 0;
}

static int
all_features(bool packed, uint16_t size, uint32_t steps)
{
	struct guestring_conf conf = { .size = size, .packed = packed };
	unsigned int i;

	for (i = 0; i < 8; i++) {
		conf.event_idx = (i & 1) != 0;
		conf.in_order = (i & 2) != 0;
		if (random_steps(&conf, (i & 4) != 0, steps) != 0)
			UT_FAIL("size %u, features %u", size, i);
	}
	return 0;
}

static int
split_rings(void)
{
	static const uint16_t sizes[] = { 1, 2, 4, 16, 64, 256, 1024 };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		UT_DO(all_features(false, sizes[i], STEPS));
	return all_features(false, 32768, STEPS / 4);
}

static int
packed_rings(void)
{
	static const uint16_t sizes[] = { 1, 2, 3, 7, 16, 100, 256, 1023 };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		UT_DO(all_features(true, sizes[i], STEPS));
	UT_DO(all_features(true, 32767, STEPS / 4));
	return all_features(true, 32768, STEPS / 4);
}

/* More than 65536 entries with kicks put off, and never one of them asked for by age. */
static int
kicks_stay_off(void)
{
	struct guestring_conf conf = { .size = 256, .event_idx = true };
	struct pair p;
	uint32_t i, round;

	for (round = 0; round < 2; round++) {
		conf.packed = round == 1;
		UT_DO(setup(&p, &conf, false));
		UT_DO(step_notify(&p, false));
		UT_DO(step_arm(&p, false));
		for (i = 0; i < 120000; i++) {
			UT_DO(step_add(&p));
			UT_DO(step_kick(&p));
			UT_DO(step_pop(&p));
			UT_DO(step_push(&p));
			UT_DO(step_arm(&p, false));
			UT_DO(step_flush(&p));
			UT_DO(step_used(&p));
		}
		UT_DO(drain(&p));
		UT_EQ(p.kicks, 0);
		UT_EQ(p.irqs, 0);
		UT_GE(p.added, 4 * 65536);
		teardown(&p);
	}
	return 0;
}

/* The same with as much available as there may be, which is half of the index's range. */
static int
kicks_stay_off_far_ahead(void)
{
	struct guestring_conf conf = { .size = 32768, .event_idx = true, .in_order = true };
	struct guestring_buf buf = { 0x1000, 100 };
	struct pair p;
	uint32_t lap, i;

	UT_DO(setup(&p, &conf, false));
	UT_EQ(nicsim_ring_notify(&p.ring, false), false);
	for (lap = 0; lap < 6; lap++) {
		for (i = 0; i < 32768; i++) {
			UT_GE(guestring_add(&p.guest, &buf, 1, 0, false, 0, i), 0);
			UT_EQ(guestring_kick(&p.guest), false);
		}
		for (i = 0; i < 32768; i++) {
			UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
			nicsim_ring_push(&p.ring, chain.id, chain.slots, 0);
			if (i % 64 == 63)
				nicsim_ring_flush(&p.ring);
		}
		UT_DO(step_used(&p));
		UT_EQ(p.guest.busy, 0);
	}
	teardown(&p);
	return 0;
}

/* Nothing of what is pushed is to be seen before it is flushed, or there is too much of it. */
static int
unseen_until_published(void)
{
	struct guestring_conf conf = { .size = 256 };
	struct guestring_buf buf = { 0x1000, 100 };
	uint8_t *copy;
	struct pair p;
	size_t bytes;
	uint64_t cookie;
	uint32_t i, round, len;

	for (round = 0; round < 2; round++) {
		conf.packed = round == 1;
		bytes = guestring_bytes(&conf);
		UT_DO(setup(&p, &conf, false));
		for (i = 0; i < 2 * NICSIM_RING_BATCH; i++)
			UT_GE(guestring_add(&p.guest, &buf, 0, 1, false, 0, i), 0);
		copy = malloc(bytes);
		UT_CHECK(copy != NULL);
		memcpy(copy, p.mem, bytes);
		for (i = 0; i < NICSIM_RING_BATCH; i++) {
			UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
			nicsim_ring_push(&p.ring, chain.id, chain.slots, 1 + i);
		}
		UT_EQ(memcmp(copy, p.mem, bytes), 0);
		free(copy);
		UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
		nicsim_ring_push(&p.ring, chain.id, chain.slots, 1 + i);
		for (i = 0; i < NICSIM_RING_BATCH; i++) {
			UT_EQ(guestring_used(&p.guest, &cookie, &len), 1);
			UT_EQ(cookie, i);
			UT_EQ(len, 1 + i);
		}
		UT_EQ(guestring_used(&p.guest, &cookie, &len), 0);
		UT_EQ(nicsim_ring_flush(&p.ring), true);
		UT_EQ(guestring_used(&p.guest, &cookie, &len), 1);
		/* what was taken, and what was pushed but not shown, is forgotten by a new start */
		UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
		nicsim_ring_push(&p.ring, chain.id, chain.slots, 1);
		UT_EQ(nicsim_ring_start(&p.ring, &p.dma, &p.ring.conf), 0);
		UT_EQ(nicsim_ring_flush(&p.ring), false);
		UT_EQ(guestring_used(&p.guest, &cookie, &len), 0);
		teardown(&p);
	}
	return 0;
}

/* --- out of order
 * ------------------------------------------------------------------------------ */

/* Rounds of that many chains there and back, with the order they came out in. */
static int
disorder_run(struct pair *p, uint32_t rounds, uint32_t *places, uint64_t *order, uint32_t max)
{
	uint32_t i, n = 0, round, len, together;
	uint64_t cookie;
	struct shape s;

	for (round = 0; round < rounds; round++) {
		UT_DO(step_add(p));
		together = 1 + draw(&p->seed, 4);
		for (i = 0; i < together && nicsim_ring_pop(&p->ring, &chain) == 1; i++) {
			cookie = chain.seg[0].iova >> 16;
			UT_DO(chain_is(p, cookie));
			p->pending[i] = (struct pending){ cookie, chain.id, chain.slots, 0 };
		}
		if (draw(&p->seed, 4) == 0) { /* they come out again as they did */
			nicsim_ring_unpop(&p->ring);
			for (together = i, i = 0; i < together; i++) {
				UT_EQ(nicsim_ring_pop(&p->ring, &chain), 1);
				UT_EQ(chain.seg[0].iova >> 16, p->pending[i].cookie);
				UT_DO(chain_is(p, p->pending[i].cookie));
			}
		}
		for (together = i, i = 0; i < together; i++) {
			cookie = p->pending[i].cookie;
			*places += cookie != n;
			if (n < max)
				order[n] = cookie;
			n++;
			shape_of(p, cookie, &s);
			p->len[cookie % 65536] = s.n_in != 0 ? s.buf[s.n_out].len : 0;
			nicsim_ring_push(&p->ring, p->pending[i].id, p->pending[i].slots,
				p->len[cookie % 65536]);
		}
		if (draw(&p->seed, 2) == 0)
			nicsim_ring_flush(&p->ring);
		while (guestring_used(&p->guest, &cookie, &len) == 1)
			UT_EQ(len, p->len[cookie % 65536]);
		UT_CHECK(p->guest.wrong == NULL);
	}
	/* the rest, all of it */
	while (nicsim_ring_notify(&p->ring, true)) {
		UT_EQ(nicsim_ring_pop(&p->ring, &chain), 1);
		UT_DO(chain_is(p, chain.seg[0].iova >> 16));
		p->len[(chain.seg[0].iova >> 16) % 65536] = 0;
		nicsim_ring_push(&p->ring, chain.id, chain.slots, 0);
		n++;
	}
	nicsim_ring_flush(&p->ring);
	while (guestring_used(&p->guest, &cookie, &len) == 1)
		UT_EQ(len, p->len[cookie % 65536]);
	UT_CHECK(p->guest.wrong == NULL);
	UT_EQ(p->guest.busy, 0);
	UT_EQ(n, p->added);
	UT_EQ(p->guest.orders_seen, p->added);
	return 0;
}

static int
out_of_order(void)
{
	struct guestring_conf conf = { .size = 64, .event_idx = true };
	uint64_t order[2][256];
	uint32_t places, i;
	struct pair p;

	for (i = 0; i < 8; i++) {
		conf.packed = (i & 4) != 0;
		UT_DO(setup(&p, &conf, (i & 2) != 0));
		UT_EQ(nicsim_ring_disorder(&p.ring, NICSIM_RING_AHEAD + 1, 0), -EINVAL);
		UT_EQ(nicsim_ring_disorder(&p.ring, 8, 1234), 0);
		places = 0;
		UT_DO(disorder_run(&p, 20000, &places, order[i & 1], 256));
		/* nearly all are out of place, and with the same seed at the same places */
		UT_GE(places, p.added / 2);
		if ((i & 1) != 0)
			UT_EQ(memcmp(order[0], order[1], sizeof(order[0])), 0);
		teardown(&p);
	}
	return 0;
}

static int
in_order_stays(void)
{
	struct guestring_conf conf = { .size = 64, .in_order = true };
	uint32_t places = 0;
	uint64_t order;
	struct pair p;

	UT_DO(setup(&p, &conf, true));
	UT_EQ(nicsim_ring_disorder(&p.ring, 8, 1), 0);
	UT_DO(disorder_run(&p, 5000, &places, &order, 1));
	UT_EQ(places, 0);
	teardown(&p);
	return 0;
}

/* Turned on and off again under way; a new start forgets what was held. */
static int
disorder_ends(void)
{
	struct guestring_conf conf = { .size = 64, .packed = true };
	struct guestring_buf buf = { 0, 100 };
	bool seen[16] = { false };
	struct pair p;
	uint32_t i;

	UT_DO(setup(&p, &conf, false));
	for (i = 0; i < 16; i++) {
		buf.iova = (uint64_t)i << 16;
		UT_GE(guestring_add(&p.guest, &buf, 1, 0, false, 0, i), 0);
	}
	UT_EQ(nicsim_ring_disorder(&p.ring, 8, 99), 0);
	UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
	seen[chain.seg[0].iova >> 16] = true;
	nicsim_ring_push(&p.ring, chain.id, chain.slots, 0);
	UT_EQ(nicsim_ring_disorder(&p.ring, 0, 0), 0);
	for (i = 1; i < 16; i++) {
		UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
		UT_CHECK(!seen[chain.seg[0].iova >> 16]);
		seen[chain.seg[0].iova >> 16] = true;
		/* the last of those that are held, and those in the ring, all back */
		if (i == 9) {
			nicsim_ring_unpop(&p.ring);
			UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
		}
		if (i < 8)
			nicsim_ring_push(&p.ring, chain.id, chain.slots, 0);
		if (i >= 8 && i != 9) /* the first 8 were shuffled, the rest was not */
			UT_EQ(chain.seg[0].iova >> 16, i);
		if (i == 9)
			UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
	}
	UT_EQ(nicsim_ring_pop(&p.ring, &chain), 0);
	/* all were taken and half of them given back; four more, of which three are held */
	UT_EQ(nicsim_ring_disorder(&p.ring, 8, 99), 0);
	for (i = 0; i < 4; i++)
		UT_GE(guestring_add(&p.guest, &buf, 1, 0, false, 0, i), 0);
	UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
	UT_EQ(nicsim_ring_notify(&p.ring, true), true);
	guestring_fini(&p.guest);
	UT_EQ(guestring_init(&p.guest, &conf, p.mem, IOVA, 7), 0);
	UT_EQ(nicsim_ring_start(&p.ring, &p.dma, &p.ring.conf), 0);
	UT_EQ(p.ring.depth, 8);
	UT_EQ(nicsim_ring_notify(&p.ring, true), false);
	UT_EQ(nicsim_ring_pop(&p.ring, &chain), 0);
	teardown(&p);
	return 0;
}

/* Out of order, no more than the store holds are out at once; none is lost by that. */
static int
hold_is_bounded(void)
{
	struct guestring_conf conf = { .size = 256 };
	struct guestring_buf buf = { 0x1000, 100 };
	struct pair p;
	uint32_t i, n = 0;

	UT_DO(setup(&p, &conf, false));
	for (i = 0; i < 256; i++)
		UT_GE(guestring_add(&p.guest, &buf, 1, 0, false, 0, i), 0);
	UT_EQ(nicsim_ring_disorder(&p.ring, NICSIM_RING_AHEAD, 5), 0);
	while (nicsim_ring_pop(&p.ring, &chain) == 1)
		n++;
	UT_EQ(n, NICSIM_RING_HOLD);
	nicsim_ring_unpop(&p.ring);
	for (i = 0; i < 256; i++) {
		UT_EQ(nicsim_ring_pop(&p.ring, &chain), 1);
		nicsim_ring_push(&p.ring, chain.id, chain.slots, 0);
	}
	UT_EQ(nicsim_ring_pop(&p.ring, &chain), 0);
	UT_DO(step_used(&p));
	nicsim_ring_flush(&p.ring);
	UT_DO(step_used(&p));
	UT_EQ(p.guest.busy, 0);
	teardown(&p);
	return 0;
}

/* --- two threads
 * ------------------------------------------------------------------------------- */

#define DEADLINE_MS 20000 /* a lost wake-up, on however slow a machine */

struct sides {
	struct pair p;
	int kick_fd, irq_fd;
	uint64_t total;
	uint64_t kicks, irqs;
	const char *failed; /* of the device's thread */
};

static bool
fd_wait(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	eventfd_t count;

	return poll(&pfd, 1, DEADLINE_MS) == 1 && eventfd_read(fd, &count) == 0;
}

static void
device_turn(struct sides *s, uint64_t *done)
{
	struct nicsim_ring *r = &s->p.ring;
	int i;

	for (i = 0; i < 48 && nicsim_ring_pop(r, &chain) == 1; i++) {
		nicsim_ring_push(r, chain.id, chain.slots, (uint32_t)chain.writable);
		++*done;
	}
	if (nicsim_ring_flush(r)) {
		eventfd_write(s->irq_fd, 1);
		s->irqs++;
	}
}

static void *
device_side(void *arg)
{
	struct sides *s = arg;
	struct nicsim_ring *r = &s->p.ring;
	uint64_t done = 0, before;

	while (done < s->total && s->failed == NULL) {
		before = done;
		device_turn(s, &done);
		if (done != before || nicsim_ring_notify(r, true))
			continue;
		if (r->broken != NICSIM_RING_OK)
			s->failed = nicsim_ring_error_name(r->broken);
		else if (done < s->total && !fd_wait(s->kick_fd))
			s->failed = "no kick";
		nicsim_ring_notify(r, false);
	}
	return NULL;
}

static int
driver_side(struct sides *s)
{
	struct guestring_buf buf = { 0x1000, 64 };
	struct guestring *g = &s->p.guest;
	uint64_t cookie, seen = 0, added = 0;
	uint32_t seed = 3, n, len;

	guestring_arm(g, false, 0);
	while (seen < s->total) {
		for (n = draw(&seed, 40); n > 0 && added < s->total; n--) {
			if (guestring_add(g, &buf, 0, 1, false, 0, added) == -ENOSPC)
				break;
			added++;
		}
		if (guestring_kick(g)) {
			eventfd_write(s->kick_fd, 1);
			s->kicks++;
		}
		while (guestring_used(g, &cookie, &len) == 1) {
			UT_EQ(len, 64);
			seen++;
		}
		UT_CHECK(g->wrong == NULL);
		/* nothing to do but to wait: sometimes for more than one */
		if (g->busy == 0 || (added < s->total && g->room != 0))
			continue;
		n = draw(&seed, 2) == 0 ? 0 : draw(&seed, g->busy);
		if (!guestring_arm(g, true, (uint16_t)n) && !fd_wait(s->irq_fd))
			UT_FAIL("no interrupt: %llu of %llu", (unsigned long long)seen,
				(unsigned long long)s->total);
		guestring_arm(g, false, 0);
	}
	return 0;
}

static int
sleep_and_wake(bool packed, bool event_idx, uint16_t size, uint64_t total)
{
	struct guestring_conf conf = { .size = size, .packed = packed, .event_idx = event_idx };
	static struct sides s;
	pthread_t thread;
	int ret;

	memset(&s, 0, sizeof(s));
	UT_DO(setup(&s.p, &conf, false));
	s.total = total;
	s.kick_fd = eventfd(0, EFD_CLOEXEC);
	s.irq_fd = eventfd(0, EFD_CLOEXEC);
	UT_CHECK(s.kick_fd >= 0 && s.irq_fd >= 0);
	UT_EQ(pthread_create(&thread, NULL, device_side, &s), 0);
	ret = driver_side(&s);
	pthread_join(thread, NULL);
	close(s.kick_fd);
	close(s.irq_fd);
	UT_DO(ret);
	if (s.failed != NULL)
		UT_FAIL("device: %s", s.failed);
	UT_LE(s.kicks + s.irqs, s.total);
	teardown(&s.p);
	return 0;
}

static int
no_wake_up_is_lost(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		UT_DO(sleep_and_wake((i & 1) != 0, (i & 2) != 0, 4, 20000));
		UT_DO(sleep_and_wake((i & 1) != 0, (i & 2) != 0, 256, 200000));
	}
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(split_rings),
	UT_CASE(packed_rings),
	UT_CASE(kicks_stay_off),
	UT_CASE(kicks_stay_off_far_ahead),
	UT_CASE(unseen_until_published),
	UT_CASE(out_of_order),
	UT_CASE(in_order_stays),
	UT_CASE(disorder_ends),
	UT_CASE(hold_is_bounded),
	UT_CASE(no_wake_up_is_lost),
	UT_END,
};

UT_SUITE(nicsim_ring, "fast", cases)
