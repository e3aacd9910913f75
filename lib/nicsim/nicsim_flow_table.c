/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Hash tables of rules, and the order among them. Owns the buckets; runs under the lock of the
 * match-action table, held or stopped as the header says.
 */
#include <stdlib.h>
#include <string.h>

#include "nicsim_flow_table.h"

#define ROOM_MIN 16 /* buckets of a new table */

struct nicsim_flow_table *
nicsim_flow_table_new(const struct nicsim_flow_mask *mask)
{
	struct nicsim_flow_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->mask = *mask;
	t->room = ROOM_MIN;
	t->bucket = calloc(t->room, sizeof(t->bucket[0]));
	if (t->bucket == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
nicsim_flow_table_free(struct nicsim_flow_table *t)
{
	free(t->bucket);
	free(t);
}

struct nicsim_flow **
nicsim_flow_table_rehash(struct nicsim_flow_table *t, struct nicsim_flow **bucket,
	unsigned int room)
{
	struct nicsim_flow **old = t->bucket, **to, *flow, *next;
	unsigned int i, old_room = t->room;

	t->bucket = bucket;
	t->room = room;
	for (i = 0; i < old_room; i++) {
		for (flow = old[i]; flow != NULL; flow = next) {
			next = flow->next;
			to = nicsim_flow_table_bucket(t, &flow->key);
			flow->next = *to;
			*to = flow;
		}
	}
	return old;
}

bool
nicsim_flow_tables_find(const struct nicsim_flows *flows, const struct nicsim_flow_mask *mask,
	unsigned int *at)
{
	unsigned int i;
	int order = 1;

	for (i = 0; i < flows->num_tables; i++) {
		order = nicsim_flow_mask_order(mask, &flows->table[i]->mask);
		if (order <= 0)
			break;
	}
	*at = i;
	return order == 0;
}

void
nicsim_flow_tables_insert(struct nicsim_flows *flows, struct nicsim_flow_table *t, unsigned int at)
{
	memmove(&flows->table[at + 1], &flows->table[at],
		(flows->num_tables - at) * sizeof(flows->table[0]));
	flows->table[at] = t;
	flows->num_tables++;
}

void
nicsim_flow_tables_remove(struct nicsim_flows *flows, const struct nicsim_flow_table *t)
{
	unsigned int at;

	if (!nicsim_flow_tables_find(flows, &t->mask, &at))
		return;
	flows->num_tables--;
	memmove(&flows->table[at], &flows->table[at + 1],
		(flows->num_tables - at) * sizeof(flows->table[0]));
}
