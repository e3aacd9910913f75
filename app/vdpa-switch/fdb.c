/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A table of buckets, each a cache line of four entries; an address may be in either of two
 * buckets, and never moves once it is there, so a reader can miss nothing. Twice as many places as
 * entries, and a new one put in the emptier bucket, keep both of an address's buckets from being
 * full. One writer, the control thread; workers read, and write nothing but the time an address was
 * last seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "fdb.h"
#include "lesson.h"

#define SLOTS 4
#define VALID (UINT64_C(1) << 63) /* of a key in the table; 0: a free place */
#define STATIC 1 /* a flag */
#define AGE_PARTS 16

struct entry {
	uint64_t key;
	uint16_t port;
	uint16_t flags;
	uint32_t seen; /* seconds; also written by workers */
};

struct bucket {
	struct entry entry[SLOTS];
} __rte_cache_aligned;

struct vsw_fdb {
	struct bucket *bucket;
	uint64_t mask; /* number of buckets - 1 */
	uint64_t seed[2]; /* secret: nobody shall be able to fill one bucket on purpose */
	struct vsw_fdb_conf conf;
	struct vsw_lessons *lessons;
	bool full[VSW_DP_PORTS]; /* atomic: the port is at its bound, workers need not tell */
	uint32_t of_port[VSW_DP_PORTS]; /* learned entries */
	uint32_t age_part;
	struct vsw_fdb_stats stats;
};

static inline uint64_t
hash(const struct vsw_fdb *fdb, uint64_t key)
{
	unsigned __int128 product = (unsigned __int128)(key ^ fdb->seed[0]) * fdb->seed[1];
	uint64_t h = (uint64_t)product ^ (uint64_t)(product >> 64);

	/* Addresses are often counted up: without this, whole buckets stay empty. */
	h = (h ^ h >> 32) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 29;
}

/* Seconds since; a worker's clock may be ahead of the control thread's by one. */
static inline uint32_t
idle(const struct entry *e, uint32_t now_s)
{
	int32_t s = (int32_t)(now_s - __atomic_load_n(&e->seen, __ATOMIC_RELAXED));

	return s < 0 ? 0 : (uint32_t)s;
}

static inline struct bucket *
first(const struct vsw_fdb *fdb, uint64_t h)
{
	return &fdb->bucket[h & fdb->mask];
}

static inline struct bucket *
second(const struct vsw_fdb *fdb, uint64_t h)
{
	/* Never the first one again: its difference is odd. */
	return &fdb->bucket[(h ^ (h >> 32 | 1)) & fdb->mask];
}

static inline struct entry *
find_in(struct bucket *b, uint64_t key)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (__atomic_load_n(&b->entry[i].key, __ATOMIC_ACQUIRE) == key)
			return &b->entry[i];
	return NULL;
}

/* Of the control thread. key with VALID. */
static inline struct entry *
find(const struct vsw_fdb *fdb, uint64_t key)
{
	uint64_t h = hash(fdb, key & ~VALID);
	struct entry *e = find_in(first(fdb, h), key);

	return e != NULL ? e : find_in(second(fdb, h), key);
}

/* n at once: the cache misses of one round overlap. */
static inline void
find_all(const struct vsw_fdb *fdb, const uint64_t *key, unsigned int n, struct entry **found)
{
	unsigned int i, misses = 0;
	uint8_t miss[VSW_DP_BURST];
	uint64_t h[VSW_DP_BURST];

	for (i = 0; i < n; i++) {
		h[i] = hash(fdb, key[i]);
		rte_prefetch0(first(fdb, h[i]));
	}
	for (i = 0; i < n; i++) {
		found[i] = find_in(first(fdb, h[i]), key[i] | VALID);
		if (found[i] != NULL)
			continue;
		rte_prefetch0(second(fdb, h[i]));
		miss[misses++] = i;
	}
	for (i = 0; i < misses; i++)
		found[miss[i]] = find_in(second(fdb, h[miss[i]]), key[miss[i]] | VALID);
}

/* The place may have become another address's since it was found. */
static inline uint16_t
port_of(const struct entry *e, uint64_t key)
{
	uint16_t port = __atomic_load_n(&e->port, __ATOMIC_ACQUIRE);

	return likely(__atomic_load_n(&e->key, __ATOMIC_RELAXED) == key) ? port : VSW_DP_NO_PORT;
}

struct vsw_fdb *
vsw_fdb_new(const struct vsw_fdb_conf *conf)
{
	struct vsw_fdb *fdb;
	uint64_t buckets;

	if (conf->max < 1024 || conf->max > VSW_FDB_MAX || conf->max_port == 0)
		return NULL;
	fdb = calloc(1, sizeof(*fdb));
	if (fdb == NULL)
		return NULL;
	fdb->conf = *conf;
	if (getrandom(fdb->seed, sizeof(fdb->seed), 0) != sizeof(fdb->seed))
		goto err_fdb;
	fdb->seed[1] |= 1;
	buckets = rte_align64pow2(2 * (uint64_t)conf->max / SLOTS);
	fdb->mask = buckets - 1;
	fdb->bucket = rte_zmalloc_socket("vsw_fdb", buckets * sizeof(*fdb->bucket),
		RTE_CACHE_LINE_SIZE, conf->socket);
	fdb->lessons = vsw_lessons_new(conf->socket);
	if (fdb->bucket == NULL || fdb->lessons == NULL)
		goto err_fdb;
	return fdb;

err_fdb:
	vsw_fdb_free(fdb);
	return NULL;
}

void
vsw_fdb_free(struct vsw_fdb *fdb)
{
	if (fdb == NULL)
		return;
	vsw_lessons_free(fdb->lessons);
	rte_free(fdb->bucket);
	free(fdb);
}

int
vsw_fdb_fd(const struct vsw_fdb *fdb)
{
	return vsw_lessons_fd(fdb->lessons);
}

/* --- workers ---------------------------------------------------------------------------------- */

void
vsw_fdb_lookup(const struct vsw_fdb *fdb, const uint64_t *key, unsigned int n, uint16_t *port)
{
	struct entry *e[VSW_DP_BURST];
	unsigned int i;

	find_all(fdb, key, n, e);
	for (i = 0; i < n; i++)
		port[i] = e[i] == NULL ? VSW_DP_NO_PORT : port_of(e[i], key[i] | VALID);
}

unsigned int
vsw_fdb_learn(struct vsw_fdb *fdb, const uint64_t *key, unsigned int n, uint16_t port,
	uint32_t now_s)
{
	struct entry *found[VSW_DP_BURST], *e;
	unsigned int i, told = 0;

	find_all(fdb, key, n, found);
	for (i = 0; i < n; i++) {
		e = found[i];
		if (likely(e != NULL && port_of(e, key[i] | VALID) == port)) {
			if (__atomic_load_n(&e->seen, __ATOMIC_RELAXED) != now_s)
				__atomic_store_n(&e->seen, now_s, __ATOMIC_RELAXED);
		} else if (e != NULL && (__atomic_load_n(&e->flags, __ATOMIC_RELAXED) & STATIC)) {
			continue;
		} else if (!__atomic_load_n(&fdb->full[port], __ATOMIC_RELAXED)) {
			told += vsw_lessons_tell(fdb->lessons, key[i], port, now_s);
		}
	}
	return told;
}

/* --- control thread --------------------------------------------------------------------------- */

static void
count(struct vsw_fdb *fdb, uint16_t port, int n)
{
	fdb->of_port[port] += n;
	__atomic_store_n(&fdb->full[port], fdb->of_port[port] >= fdb->conf.max_port,
		__ATOMIC_RELAXED);
}

static unsigned int
room(const struct bucket *b, struct bucket **best, unsigned int most)
{
	unsigned int i, n = 0;

	for (i = 0; i < SLOTS; i++)
		n += b->entry[i].key == 0;
	if (n > most)
		*best = (struct bucket *)(uintptr_t)b;
	return n;
}

/* The first bucket unless it gets full by it: most lookups then end in one cache line. */
static struct entry *
place_for(const struct vsw_fdb *fdb, uint64_t h)
{
	struct bucket *best = NULL;
	unsigned int n = room(first(fdb, h), &best, 0);

	if (n < 3)
		room(second(fdb, h), &best, n);
	return best == NULL ? NULL : find_in(best, 0);
}

static int
insert(struct vsw_fdb *fdb, uint64_t key, uint16_t port, uint16_t flags, uint32_t now_s)
{
	struct entry *e = NULL;

	if (fdb->stats.entries < fdb->conf.max)
		e = place_for(fdb, hash(fdb, key));
	if (e == NULL) {
		fdb->stats.refused_full++;
		return -ENOSPC;
	}
	/* Release: whoever reads this port for the address that was here before sees that it has gone. */
	__atomic_store_n(&e->port, port, __ATOMIC_RELEASE);
	__atomic_store_n(&e->flags, flags, __ATOMIC_RELAXED);
	__atomic_store_n(&e->seen, now_s, __ATOMIC_RELAXED);
	__atomic_store_n(&e->key, key | VALID, __ATOMIC_RELEASE);
	fdb->stats.entries++;
	if (flags & STATIC)
		fdb->stats.statics++;
	else
		count(fdb, port, 1);
	return 0;
}

static void
forget(struct vsw_fdb *fdb, struct entry *e)
{
	__atomic_store_n(&e->key, 0, __ATOMIC_RELEASE);
	fdb->stats.entries--;
	if (e->flags & STATIC)
		fdb->stats.statics--;
	else
		count(fdb, e->port, -1);
}

static void
move(struct vsw_fdb *fdb, struct entry *e, uint16_t port, uint32_t now_s)
{
	count(fdb, e->port, -1);
	count(fdb, port, 1);
	__atomic_store_n(&e->port, port, __ATOMIC_RELEASE);
	__atomic_store_n(&e->seen, now_s, __ATOMIC_RELAXED);
	fdb->stats.moved++;
}

static void
take(struct vsw_fdb *fdb, uint64_t key, uint16_t port, uint32_t now_s)
{
	struct entry *e = find(fdb, key | VALID);

	if (e != NULL && ((e->flags & STATIC) || e->port == port))
		return;
	if (fdb->of_port[port] >= fdb->conf.max_port)
		fdb->stats.refused_port++;
	else if (e != NULL)
		move(fdb, e, port, now_s);
	else if (insert(fdb, key, port, 0, now_s) == 0)
		fdb->stats.learned++;
}

unsigned int
vsw_fdb_update(struct vsw_fdb *fdb, unsigned int max, uint32_t now_s)
{
	unsigned int n = 0;
	uint16_t port;
	uint64_t key;

	vsw_lessons_arm(fdb->lessons);
	while (n < max && vsw_lessons_take(fdb->lessons, &key, &port)) {
		take(fdb, key, port, now_s);
		n++;
	}
	if (n == max)
		vsw_lessons_remind(fdb->lessons);
	return n;
}

void
vsw_fdb_age(struct vsw_fdb *fdb, uint32_t now_s)
{
	uint64_t part = (fdb->mask + 1) / AGE_PARTS, b = fdb->age_part * part, end = b + part;
	struct entry *e;
	unsigned int i;

	fdb->age_part = (fdb->age_part + 1) % AGE_PARTS;
	if (fdb->conf.age_s == 0)
		return;
	for (; b < end; b++) {
		for (i = 0; i < SLOTS; i++) {
			e = &fdb->bucket[b].entry[i];
			if (e->key == 0 || (e->flags & STATIC) ||
				idle(e, now_s) < fdb->conf.age_s)
				continue;
			forget(fdb, e);
			fdb->stats.aged++;
		}
	}
}

int
vsw_fdb_add(struct vsw_fdb *fdb, uint64_t key, uint16_t port)
{
	struct entry *e = find(fdb, key | VALID);

	/* Workers see the address behind the one port or the other, at no time behind none. */
	if (e == NULL)
		return insert(fdb, key, port, STATIC, 0);
	if (!(e->flags & STATIC)) {
		count(fdb, e->port, -1);
		fdb->stats.statics++;
	}
	__atomic_store_n(&e->flags, STATIC, __ATOMIC_RELAXED);
	__atomic_store_n(&e->port, port, __ATOMIC_RELEASE);
	return 0;
}

int
vsw_fdb_del(struct vsw_fdb *fdb, uint64_t key)
{
	struct entry *e = find(fdb, key | VALID);

	if (e == NULL)
		return -ENOENT;
	forget(fdb, e);
	return 0;
}

void
vsw_fdb_flush(struct vsw_fdb *fdb, uint16_t port, uint16_t vlan, bool statics)
{
	struct entry *e;
	unsigned int i;
	uint64_t b;

	for (b = 0; b <= fdb->mask; b++) {
		for (i = 0; i < SLOTS; i++) {
			e = &fdb->bucket[b].entry[i];
			if (e->key == 0 || (port != VSW_DP_NO_PORT && e->port != port) ||
				(vlan < VSW_DP_VLANS && (e->key >> 48 & 0xfff) != vlan) ||
				(!statics && (e->flags & STATIC)))
				continue;
			forget(fdb, e);
		}
	}
}

unsigned int
vsw_fdb_list(struct vsw_fdb *fdb, uint32_t *cursor, struct vsw_fdb_entry *entry, unsigned int max,
	uint32_t now_s)
{
	const uint64_t places = (fdb->mask + 1) * SLOTS;
	const struct entry *e;
	unsigned int n = 0;

	for (; n < max && *cursor < places; ++*cursor) {
		e = &fdb->bucket[*cursor / SLOTS].entry[*cursor % SLOTS];
		if (e->key == 0)
			continue;
		entry[n++] = (struct vsw_fdb_entry){
			.key = e->key & ~VALID,
			.port = e->port,
			.is_static = (e->flags & STATIC) != 0,
			.age_s = idle(e, now_s),
		};
	}
	return n;
}

void
vsw_fdb_stats(const struct vsw_fdb *fdb, struct vsw_fdb_stats *stats)
{
	*stats = fdb->stats;
	stats->lost = vsw_lessons_lost(fdb->lessons);
}
