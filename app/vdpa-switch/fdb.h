/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The forwarding database: which port a MAC address of a VLAN is behind. Looked up by workers, any
 * number at once, without locks; changed by the control thread alone, which workers tell of new
 * addresses through a ring (vsw_fdb_learn()).
 */
#ifndef VSW_FDB_H
#define VSW_FDB_H

#include "dp.h"

#define VSW_FDB_MAX (1u << 22)

struct vsw_fdb;

struct vsw_fdb_conf {
	uint32_t max; /**< Entries, 1024..VSW_FDB_MAX. */
	uint32_t max_port; /**< Entries learned from one port, >= 1; beyond that it learns no more. */
	uint32_t age_s; /**< Seconds without a frame from an address until it is forgotten; 0: never */
	int socket; /**< Memory of which NUMA node, -1: any */
};

struct vsw_fdb_stats {
	uint32_t entries, statics;
	uint64_t learned, moved, aged;
	uint64_t refused_port; /**< A port was at its bound. */
	uint64_t refused_full;
	uint64_t lost; /**< Not told to the control thread, as too much waits for it: told again by the
			    next frame. */
};

/** @return NULL out of memory, or conf beyond its bounds */
struct vsw_fdb *vsw_fdb_new(const struct vsw_fdb_conf *conf);
void vsw_fdb_free(struct vsw_fdb *fdb);

/* --- workers ---------------------------------------------------------------------------------- */

/** VLAN and address as one number. vlan 0..4095 */
static inline uint64_t
vsw_fdb_key(uint16_t vlan, const struct rte_ether_addr *mac)
{
	uint64_t key = 0;

	__builtin_memcpy(&key, mac, sizeof(*mac));
	return key | (uint64_t)vlan << 48;
}

/**
 * Look up n keys at once.
 *
 * @param n     1..VSW_DP_BURST
 * @param port  VSW_DP_NO_PORT where the key is unknown
 */
void vsw_fdb_lookup(const struct vsw_fdb *fdb, const uint64_t *key, unsigned int n, uint16_t *port);

/**
 * See that n source addresses are known to be behind a port: those that are have their age
 * refreshed, others are told to the control thread.
 *
 * @param now_s  of a clock that does not go back
 * @return those told to the control thread
 */
unsigned int vsw_fdb_learn(struct vsw_fdb *fdb, const uint64_t *key, unsigned int n, uint16_t port,
	uint32_t now_s);

/* --- control thread --------------------------------------------------------------------------- */

/**
 * Take what workers learned.
 *
 * @param max  at most so many
 * @return how many were taken
 */
unsigned int vsw_fdb_update(struct vsw_fdb *fdb, unsigned int max, uint32_t now_s);

/** An eventfd that is readable when there is something to take. */
int vsw_fdb_fd(const struct vsw_fdb *fdb);

/** Forget what is too old; looks at a part of the table for each call (all of it in 16). */
void vsw_fdb_age(struct vsw_fdb *fdb, uint32_t now_s);

/** A static entry: not aged, not moved by learning, not counted to the port's bound. @return 0; -ENOSPC */
int vsw_fdb_add(struct vsw_fdb *fdb, uint64_t key, uint16_t port);
/** @return 0; -ENOENT */
int vsw_fdb_del(struct vsw_fdb *fdb, uint64_t key);

/**
 * Forget all of a port, of a VLAN, or of both (VSW_DP_NO_PORT, VSW_DP_VLANS: any). statics: these
 * too. For a port that is removed: after workers have let go of it, and after vsw_fdb_update() has
 * taken what they told last (until it takes none).
 */
void vsw_fdb_flush(struct vsw_fdb *fdb, uint16_t port, uint16_t vlan, bool statics);

struct vsw_fdb_entry {
	uint64_t key;
	uint16_t port;
	bool is_static;
	uint32_t age_s;
};

/** Entries from a cursor on (0 first). @return their number, 0 at the end; *cursor moves on */
unsigned int vsw_fdb_list(struct vsw_fdb *fdb, uint32_t *cursor, struct vsw_fdb_entry *entry,
	unsigned int max, uint32_t now_s);

void vsw_fdb_stats(const struct vsw_fdb *fdb, struct vsw_fdb_stats *stats);

#endif /* VSW_FDB_H */
