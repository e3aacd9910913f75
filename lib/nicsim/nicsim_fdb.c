/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The forwarding database of legacy mode. Owns all entries, allocated once; hardware threads look
 * them up and learn. Never evicts an address that is not old: a port that is full learns no more,
 * and looks for old ones of its own once a second at most, however many addresses come in.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "nicsim_fdb.h"
#include "nicsim_headers.h"
#include "nicsim_rdlock.h"

#define FDB_BUCKETS 16384
#define FDB_NONE UINT32_MAX
#define FDB_REFRESH_MS 1000 /* an entry's age is written at most so often */
#define FDB_SWEEP_MS 1000

struct fdb_entry {
	uint64_t mac; /* 0: free */
	uint64_t seen_ms; /* atomic */
	uint32_t next; /* in its bucket, or of the free ones */
	uint16_t port;
};

struct fdb_port {
	uint32_t count, most; /* count: atomic */
	uint64_t sweep_ms; /* atomic: not before */
};

struct nicsim_fdb {
	struct nicsim_rdlock lock;
	uint32_t bucket[FDB_BUCKETS];
	uint32_t free;
	uint32_t size;
	struct fdb_entry *entry;
	struct fdb_port *port;
};

static uint64_t
fdb_mac(const uint8_t mac[6])
{
	return (uint64_t)nicsim_get32(mac) << 16 | nicsim_get16(mac + 4);
}

static uint32_t *
fdb_bucket(struct nicsim_fdb *fdb, uint64_t mac)
{
	return &fdb->bucket[(mac * UINT64_C(0x9e3779b97f4a7c15)) >> 50]; /* 14 bits */
}

static struct fdb_entry *
fdb_entry(struct nicsim_fdb *fdb, uint64_t mac)
{
	uint32_t i = *fdb_bucket(fdb, mac);

	while (i != FDB_NONE && fdb->entry[i].mac != mac)
		i = fdb->entry[i].next;
	return i == FDB_NONE ? NULL : &fdb->entry[i];
}

static bool
fdb_is_old(const struct fdb_entry *e, uint64_t now_ms)
{
	uint64_t seen = __atomic_load_n(&e->seen_ms, __ATOMIC_RELAXED);

	return now_ms > seen && now_ms - seen >= NICSIM_FDB_AGE_MS;
}

struct nicsim_fdb *
nicsim_fdb_new(unsigned int ports)
{
	struct nicsim_fdb *fdb = aligned_alloc(_Alignof(struct nicsim_fdb), sizeof(*fdb));
	uint32_t i;

	if (fdb == NULL)
		return NULL;
	fdb->size = NICSIM_FDB_UPLINK + (ports - 1) * NICSIM_FDB_VF;
	fdb->entry = calloc(fdb->size, sizeof(fdb->entry[0]));
	fdb->port = calloc(ports, sizeof(fdb->port[0]));
	if (fdb->entry == NULL || fdb->port == NULL) {
		free(fdb->entry);
		free(fdb->port);
		free(fdb);
		return NULL;
	}
	nicsim_rdlock_init(&fdb->lock);
	for (i = 0; i < FDB_BUCKETS; i++)
		fdb->bucket[i] = FDB_NONE;
	for (i = 0; i < fdb->size; i++)
		fdb->entry[i].next = i + 1 < fdb->size ? i + 1 : FDB_NONE;
	fdb->free = 0;
	for (i = 0; i < ports; i++)
		fdb->port[i].most = i == 0 ? NICSIM_FDB_UPLINK : NICSIM_FDB_VF;
	return fdb;
}

void
nicsim_fdb_free(struct nicsim_fdb *fdb)
{
	if (fdb == NULL)
		return;
	nicsim_rdlock_fini(&fdb->lock);
	free(fdb->entry);
	free(fdb->port);
	free(fdb);
}

static void
fdb_count(struct fdb_port *p, int by)
{
	__atomic_store_n(&p->count, p->count + (uint32_t)by, __ATOMIC_RELAXED);
}

/* Stopped. */
static void
fdb_remove(struct nicsim_fdb *fdb, uint32_t i)
{
	struct fdb_entry *e = &fdb->entry[i];
	uint32_t *at = fdb_bucket(fdb, e->mac);

	while (*at != i)
		at = &fdb->entry[*at].next;
	*at = e->next;
	e->mac = 0;
	e->next = fdb->free;
	fdb->free = i;
	fdb_count(&fdb->port[e->port], -1);
}

/* Stopped: forget the old addresses of one port. */
static void
fdb_sweep(struct nicsim_fdb *fdb, unsigned int port, uint64_t now_ms)
{
	struct fdb_entry *e;
	uint32_t i;

	for (i = 0; i < fdb->size; i++) {
		e = &fdb->entry[i];
		if (e->mac != 0 && e->port == port && fdb_is_old(e, now_ms))
			fdb_remove(fdb, i);
	}
	__atomic_store_n(&fdb->port[port].sweep_ms, now_ms + FDB_SWEEP_MS, __ATOMIC_RELAXED);
}

/* Stopped. The ports' numbers add up to the entries there are, so one is free. */
static void
fdb_insert(struct nicsim_fdb *fdb, uint64_t mac, unsigned int port, uint64_t now_ms)
{
	uint32_t i = fdb->free, *bucket = fdb_bucket(fdb, mac);
	struct fdb_entry *e = &fdb->entry[i];

	fdb->free = e->next;
	e->mac = mac;
	e->port = (uint16_t)port;
	__atomic_store_n(&e->seen_ms, now_ms, __ATOMIC_RELAXED);
	e->next = *bucket;
	*bucket = i;
	fdb_count(&fdb->port[port], 1);
}

static bool
fdb_is_full(const struct fdb_port *p)
{
	return __atomic_load_n(&p->count, __ATOMIC_RELAXED) >= p->most;
}

/* An address that is new, or was behind another port. */
static void
fdb_change(struct nicsim_fdb *fdb, uint64_t mac, unsigned int port, uint64_t now_ms)
{
	struct fdb_port *p = &fdb->port[port];
	struct fdb_entry *e;

	if (fdb_is_full(p) && now_ms < __atomic_load_n(&p->sweep_ms, __ATOMIC_RELAXED))
		return;
	nicsim_rdlock_hold(&fdb->lock);
	nicsim_rdlock_stop(&fdb->lock);
	if (fdb_is_full(p))
		fdb_sweep(fdb, port, now_ms);
	e = fdb_entry(fdb, mac);
	if ((e == NULL || e->port != port) && !fdb_is_full(p)) {
		if (e != NULL)
			fdb_remove(fdb, (uint32_t)(e - fdb->entry));
		fdb_insert(fdb, mac, port, now_ms);
	}
	nicsim_rdlock_go(&fdb->lock);
	nicsim_rdlock_release(&fdb->lock);
}

void
nicsim_fdb_learn(struct nicsim_fdb *fdb, const uint8_t mac[6], unsigned int port, uint64_t now_ms)
{
	uint64_t key = fdb_mac(mac);
	struct fdb_entry *e;
	unsigned int token;
	bool known;

	if (key == 0 || (mac[0] & 1) != 0)
		return;
	token = nicsim_rdlock_read(&fdb->lock);
	e = fdb_entry(fdb, key);
	known = e != NULL && e->port == port;
	if (known && now_ms > __atomic_load_n(&e->seen_ms, __ATOMIC_RELAXED) + FDB_REFRESH_MS)
		__atomic_store_n(&e->seen_ms, now_ms, __ATOMIC_RELAXED);
	nicsim_rdlock_read_end(&fdb->lock, token);
	if (!known)
		fdb_change(fdb, key, port, now_ms);
}

int
nicsim_fdb_find(struct nicsim_fdb *fdb, const uint8_t mac[6], uint64_t now_ms)
{
	unsigned int token = nicsim_rdlock_read(&fdb->lock);
	const struct fdb_entry *e = fdb_entry(fdb, fdb_mac(mac));
	int port = e == NULL || fdb_is_old(e, now_ms) ? -ENOENT : e->port;

	nicsim_rdlock_read_end(&fdb->lock, token);
	return port;
}
