/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Which address is behind which port, as the switch learns it in legacy mode. Each port has room
 * for a number of addresses of its own, so none can push those of another out. Hardware threads,
 * any number at once.
 */
#ifndef NICSIM_FDB_H
#define NICSIM_FDB_H

#include <stdint.h>

#define NICSIM_FDB_AGE_MS 300000 /**< Without a frame from an address until it is forgotten. */
#define NICSIM_FDB_UPLINK 8192 /**< Addresses behind port 0. */
#define NICSIM_FDB_VF 256 /**< Behind each other port. */

struct nicsim_fdb;

/** @return NULL out of memory */
struct nicsim_fdb *nicsim_fdb_new(unsigned int ports);
void nicsim_fdb_free(struct nicsim_fdb *fdb);

/**
 * A frame came from an address. Group addresses and 0 are not learned, nor is a new address where
 * the port's room is taken by addresses that are not old yet.
 *
 * @param now_ms  monotonic clock
 */
void nicsim_fdb_learn(struct nicsim_fdb *fdb, const uint8_t mac[6], unsigned int port,
	uint64_t now_ms);

/** @return the port; -ENOENT */
int nicsim_fdb_find(struct nicsim_fdb *fdb, const uint8_t mac[6], uint64_t now_ms);

#endif /* NICSIM_FDB_H */
