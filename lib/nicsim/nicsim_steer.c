/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Which pair a flow goes by. Owns the table's rules: whose an entry is, and until when. Runs on
 * hardware threads, under the function's lock; never allocates, never looks at more than one set.
 */
#include "nicsim_steer.h"

static struct nicsim_steer_set *
set_of(struct nicsim_steer *s, uint32_t hash)
{
	return &s->set[hash & (NICSIM_STEER_SETS - 1)];
}

static bool
is_over(uint32_t seen, uint32_t now)
{
	return now - seen > NICSIM_STEER_AGE_MS;
}

/* @return its way; -1: it has none */
static int
way_of(const struct nicsim_steer_set *set, uint32_t hash)
{
	int i;

	for (i = 0; i < NICSIM_STEER_WAYS; i++)
		if (set->hash[i] == hash && set->pair[i] != 0)
			return i;
	return -1;
}

/* @return a way that no living flow has; -1: there is none */
static int
way_free(const struct nicsim_steer_set *set, uint32_t now)
{
	int i;

	for (i = 0; i < NICSIM_STEER_WAYS; i++)
		if (set->pair[i] == 0 || is_over(set->seen[i], now))
			return i;
	return -1;
}

/*
 * Whether flows without an entry have to do without, as one that was turned away may still live.
 * Which one that is nobody keeps, so any of them is taken for it, and holds it up.
 */
static bool
stays_full(struct nicsim_steer_set *set, uint32_t now)
{
	if (!set->full || is_over(set->full_at, now)) {
		set->full = false;
		return false;
	}
	set->full_at = now;
	return true;
}

void
nicsim_steer_learn(struct nicsim_steer *s, uint32_t hash, uint16_t pair, uint32_t now)
{
	struct nicsim_steer_set *set = set_of(s, hash);
	int i = way_of(set, hash);

	if (i < 0 && stays_full(set, now))
		return;
	if (i < 0)
		i = way_free(set, now);
	if (i < 0) {
		set->full = true;
		set->full_at = now;
		return;
	}
	set->hash[i] = hash;
	set->seen[i] = now;
	set->pair[i] = (uint8_t)(1 + pair);
}

int
nicsim_steer_find(struct nicsim_steer *s, uint32_t hash, uint32_t now)
{
	struct nicsim_steer_set *set = set_of(s, hash);
	int i = way_of(set, hash);

	if (i < 0) {
		stays_full(set, now);
		return -1;
	}
	set->seen[i] = now;
	return set->pair[i] - 1;
}
