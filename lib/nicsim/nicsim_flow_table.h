/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The rules of the switch in memory: a hash table for each set of masks and priority, in the order
 * of nicsim_flow_mask_order(). The first table that has the frame's key ends the search. For
 * nicsim_flow.c, which has the lock.
 */
#ifndef NICSIM_FLOW_TABLE_H
#define NICSIM_FLOW_TABLE_H

#include <sys/queue.h>

#include "nicsim_flow_key.h"
#include "nicsim_rdlock.h"

struct nicsim_flow {
	struct nicsim_flow_key key;
	struct nicsim_flow *next; /**< In its bucket. */
	struct nicsim_flow_table *table;
	struct nicsim_flow_actions actions;
	void *ctx;
	LIST_ENTRY(nicsim_flow) ageing; /**< Where actions.age_s is not 0. */
	/* Written by lookups: atomic. */
	uint64_t packets, bytes;
	uint64_t hit_ms;
	bool reported; /**< As aged, and not hit since. */
};

struct nicsim_flow_table {
	struct nicsim_flow_mask mask;
	unsigned int count, room; /**< Rules; buckets, a power of 2. */
	struct nicsim_flow **bucket;
};

struct nicsim_flows {
	struct nicsim_rdlock lock;
	unsigned int count; /**< Of rules; atomic. */
	unsigned int num_tables;
	struct nicsim_flow_table *table[NICSIM_FLOW_MASKS];
	LIST_HEAD(, nicsim_flow) ageing;
};

/** @return NULL out of memory */
struct nicsim_flow_table *nicsim_flow_table_new(const struct nicsim_flow_mask *mask);

/** Its rules are the caller's. */
void nicsim_flow_table_free(struct nicsim_flow_table *t);

/**
 * Spread the rules over other buckets. Readers stopped.
 *
 * @param bucket  room of them, all empty
 * @return those that there were, for free()
 */
struct nicsim_flow **nicsim_flow_table_rehash(struct nicsim_flow_table *t,
	struct nicsim_flow **bucket, unsigned int room);

/** Where a mask is among the tables, or belongs. @return whether it is there */
bool nicsim_flow_tables_find(const struct nicsim_flows *flows,
	const struct nicsim_flow_mask *mask, unsigned int *at);

/** Readers stopped. */
void nicsim_flow_tables_insert(struct nicsim_flows *flows, struct nicsim_flow_table *t,
	unsigned int at);
void nicsim_flow_tables_remove(struct nicsim_flows *flows, const struct nicsim_flow_table *t);

static inline struct nicsim_flow **
nicsim_flow_table_bucket(const struct nicsim_flow_table *t, const struct nicsim_flow_key *key)
{
	return &t->bucket[nicsim_flow_key_hash(key) & (t->room - 1)];
}

/** @param key  under the table's mask. @return NULL there is none */
static inline struct nicsim_flow *
nicsim_flow_table_find(const struct nicsim_flow_table *t, const struct nicsim_flow_key *key)
{
	struct nicsim_flow *flow = *nicsim_flow_table_bucket(t, key);

	while (flow != NULL && !nicsim_flow_key_equal(&flow->key, key))
		flow = flow->next;
	return flow;
}

#endif /* NICSIM_FLOW_TABLE_H */
