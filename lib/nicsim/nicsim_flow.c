/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The match-action table: rules added and taken away on any thread, looked up by hardware threads.
 * Owns the rules, their counters, and the lock that lookups share. A rule that is deleted is not in
 * use by any lookup any more when its memory goes. Lookups never allocate.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nicsim_flow_table.h"

static uint64_t
flow_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- rules ----------------------------------------------------------------------------------- */

static bool
actions_are_legal(const struct nicsim_flow_actions *a)
{
	unsigned int i;

	if ((a->drop && a->has_to) || a->pop > 2 || a->push > 2)
		return false;
	for (i = 0; i < a->push; i++)
		if (a->tpid[i] != 0x8100 && a->tpid[i] != 0x88a8)
			return false;
	return true;
}

/* Readers stopped. */
static void
flow_link(struct nicsim_flows *flows, struct nicsim_flow_table *t, struct nicsim_flow *flow)
{
	struct nicsim_flow **bucket = nicsim_flow_table_bucket(t, &flow->key);

	flow->table = t;
	flow->next = *bucket;
	*bucket = flow;
	t->count++;
	if (flow->actions.age_s != 0)
		LIST_INSERT_HEAD(&flows->ageing, flow, ageing);
	__atomic_store_n(&flows->count, flows->count + 1, __ATOMIC_RELEASE);
}

/* Held. What can fail comes first, while lookups go on. */
static int
flow_insert(struct nicsim_flows *flows, const struct nicsim_flow_mask *mask,
	struct nicsim_flow *flow)
{
	struct nicsim_flow **bucket = NULL;
	struct nicsim_flow_table *t;
	unsigned int at, room = 0;
	bool there = nicsim_flow_tables_find(flows, mask, &at);

	if (there && nicsim_flow_table_find(flows->table[at], &flow->key) != NULL)
		return -EEXIST;
	if (flows->count == NICSIM_FLOW_MAX || (!there && flows->num_tables == NICSIM_FLOW_MASKS))
		return -ENOSPC;
	t = there ? flows->table[at] : nicsim_flow_table_new(mask);
	if (t == NULL)
		return -ENOMEM;
	if (t->count == t->room) {
		room = t->room * 2;
		bucket = calloc(room, sizeof(bucket[0])); /* without it: slower, not wrong */
	}
	nicsim_rdlock_stop(&flows->lock);
	if (!there)
		nicsim_flow_tables_insert(flows, t, at);
	if (bucket != NULL)
		bucket = nicsim_flow_table_rehash(t, bucket, room);
	flow_link(flows, t, flow);
	nicsim_rdlock_go(&flows->lock);
	free(bucket);
	return 0;
}

int
nicsim_flow_add(struct nicsim_flows *flows, unsigned int priority,
	const struct nicsim_flow_match *match, const struct nicsim_flow_actions *actions, void *ctx,
	struct nicsim_flow **flow)
{
	struct nicsim_flow_mask mask;
	struct nicsim_flow *f;
	int ret;

	if (priority >= NICSIM_FLOW_PRIORITIES || !actions_are_legal(actions))
		return -EINVAL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	mask.priority = (uint8_t)priority;
	ret = nicsim_flow_key_rule(match, &mask, &f->key);
	if (ret != 0)
		goto free;
	f->actions = *actions;
	f->ctx = ctx;
	f->hit_ms = flow_now_ms();
	nicsim_rdlock_hold(&flows->lock);
	ret = flow_insert(flows, &mask, f);
	nicsim_rdlock_release(&flows->lock);
	if (ret != 0)
		goto free;
	*flow = f;
	return 0;

free:
	free(f);
	return ret;
}

void
nicsim_flow_del(struct nicsim_flows *flows, struct nicsim_flow *flow)
{
	struct nicsim_flow_table *t = flow->table;
	struct nicsim_flow **at;
	bool last;

	nicsim_rdlock_hold(&flows->lock);
	nicsim_rdlock_stop(&flows->lock);
	for (at = nicsim_flow_table_bucket(t, &flow->key); *at != flow;)
		at = &(*at)->next;
	*at = flow->next;
	last = --t->count == 0;
	if (last)
		nicsim_flow_tables_remove(flows, t);
	if (flow->actions.age_s != 0)
		LIST_REMOVE(flow, ageing);
	__atomic_store_n(&flows->count, flows->count - 1, __ATOMIC_RELEASE);
	nicsim_rdlock_go(&flows->lock);
	nicsim_rdlock_release(&flows->lock);
	if (last)
		nicsim_flow_table_free(t);
	free(flow);
}

static void
table_free_rules(struct nicsim_flow_table *t)
{
	struct nicsim_flow *flow, *next;
	unsigned int i;

	for (i = 0; i < t->room; i++) {
		for (flow = t->bucket[i]; flow != NULL; flow = next) {
			next = flow->next;
			free(flow);
		}
	}
	nicsim_flow_table_free(t);
}

void
nicsim_flow_flush(struct nicsim_flows *flows)
{
	struct nicsim_flow_table *table[NICSIM_FLOW_MASKS];
	unsigned int i, n;

	nicsim_rdlock_hold(&flows->lock);
	nicsim_rdlock_stop(&flows->lock);
	n = flows->num_tables;
	memcpy(table, flows->table, n * sizeof(table[0]));
	flows->num_tables = 0;
	LIST_INIT(&flows->ageing);
	__atomic_store_n(&flows->count, 0, __ATOMIC_RELEASE);
	nicsim_rdlock_go(&flows->lock);
	nicsim_rdlock_release(&flows->lock);
	for (i = 0; i < n; i++)
		table_free_rules(table[i]);
}

/* --- life ------------------------------------------------------------------------------------ */

struct nicsim_flows *
nicsim_flows_new(void)
{
	struct nicsim_flows *flows = aligned_alloc(_Alignof(struct nicsim_flows), sizeof(*flows));

	if (flows == NULL)
		return NULL;
	memset(flows, 0, sizeof(*flows));
	nicsim_rdlock_init(&flows->lock);
	LIST_INIT(&flows->ageing);
	return flows;
}

void
nicsim_flows_free(struct nicsim_flows *flows)
{
	if (flows == NULL)
		return;
	nicsim_flow_flush(flows);
	nicsim_rdlock_fini(&flows->lock);
	free(flows);
}

unsigned int
nicsim_flow_count(struct nicsim_flows *flows)
{
	return __atomic_load_n(&flows->count, __ATOMIC_ACQUIRE);
}

/* --- what happened to a rule ----------------------------------------------------------------- */

/* A thread's clock may be a little ahead of this one's. */
static uint64_t
flow_idle_ms(const struct nicsim_flow *flow, uint64_t now_ms)
{
	uint64_t hit = __atomic_load_n(&flow->hit_ms, __ATOMIC_RELAXED);

	return now_ms > hit ? now_ms - hit : 0;
}

static bool
flow_is_aged(const struct nicsim_flow *flow, uint64_t now_ms)
{
	return flow->actions.age_s != 0 &&
		flow_idle_ms(flow, now_ms) >= flow->actions.age_s * UINT64_C(1000);
}

void
nicsim_flow_query(struct nicsim_flows *flows, struct nicsim_flow *flow, bool reset,
	struct nicsim_flow_stats *stats)
{
	uint64_t now = flow_now_ms();

	(void)flows;
	if (reset) {
		stats->packets = __atomic_exchange_n(&flow->packets, 0, __ATOMIC_RELAXED);
		stats->bytes = __atomic_exchange_n(&flow->bytes, 0, __ATOMIC_RELAXED);
	} else {
		stats->packets = __atomic_load_n(&flow->packets, __ATOMIC_RELAXED);
		stats->bytes = __atomic_load_n(&flow->bytes, __ATOMIC_RELAXED);
	}
	stats->idle_s = (uint32_t)(flow_idle_ms(flow, now) / 1000);
	stats->aged = flow_is_aged(flow, now);
}

unsigned int
nicsim_flow_aged(struct nicsim_flows *flows, void **ctx, unsigned int max)
{
	uint64_t now = flow_now_ms();
	struct nicsim_flow *flow;
	unsigned int n = 0;

	nicsim_rdlock_hold(&flows->lock);
	LIST_FOREACH(flow, &flows->ageing, ageing) {
		if (!flow_is_aged(flow, now) ||
			__atomic_load_n(&flow->reported, __ATOMIC_RELAXED))
			continue;
		if (max != 0) {
			__atomic_store_n(&flow->reported, true, __ATOMIC_RELAXED);
			ctx[n] = flow->ctx;
		}
		if (++n == max)
			break;
	}
	nicsim_rdlock_release(&flows->lock);
	return n;
}

/* --- lookup ---------------------------------------------------------------------------------- */

static void
flow_hit(struct nicsim_flow *flow, uint32_t len, uint64_t now_ms)
{
	__atomic_fetch_add(&flow->packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&flow->bytes, len, __ATOMIC_RELAXED);
	/* Most frames find these as they are: not written, the line can stay shared. */
	if (__atomic_load_n(&flow->hit_ms, __ATOMIC_RELAXED) != now_ms)
		__atomic_store_n(&flow->hit_ms, now_ms, __ATOMIC_RELAXED);
	if (__atomic_load_n(&flow->reported, __ATOMIC_RELAXED))
		__atomic_store_n(&flow->reported, false, __ATOMIC_RELAXED);
}

static struct nicsim_flow *
flows_find(const struct nicsim_flows *flows, const struct nicsim_flow_key key[2])
{
	const struct nicsim_flow_table *t;
	struct nicsim_flow_key k;
	struct nicsim_flow *flow;
	unsigned int i;

	for (i = 0; i < flows->num_tables; i++) {
		t = flows->table[i];
		k = nicsim_flow_key_and(&key[t->mask.behind_tag], &t->mask.bits);
		flow = nicsim_flow_table_find(t, &k);
		if (flow != NULL)
			return flow;
	}
	return NULL;
}

bool
nicsim_flow_lookup(struct nicsim_flows *flows, struct nicsim_end from,
	const struct nicsim_frame *frame, uint64_t now_ms, struct nicsim_flow_actions *actions)
{
	struct nicsim_flow_key key[2];
	struct nicsim_flow *flow;
	unsigned int token;

	if (__atomic_load_n(&flows->count, __ATOMIC_ACQUIRE) == 0)
		return false;
	nicsim_flow_key_frame(frame, from, key);
	token = nicsim_rdlock_read(&flows->lock);
	flow = flows_find(flows, key);
	if (flow != NULL) {
		flow_hit(flow, frame->len, now_ms);
		*actions = flow->actions;
	}
	nicsim_rdlock_read_end(&flows->lock, token);
	return flow != NULL;
}
