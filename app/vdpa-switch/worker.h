/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The polling loop: one thread for each worker, on an EAL worker lcore or a thread of its own where
 * EAL has only the main one. It polls the queues that the snapshot gives it, forwards what comes,
 * and sleeps when nothing does.
 */
#ifndef VSW_WORKER_H
#define VSW_WORKER_H

#include "forward.h"

struct vsw_worker_conf {
	unsigned int num; /**< 1..VSW_DP_WORKERS */
	bool busy_poll; /**< Never sleep. */
	unsigned int idle_us; /**< Without a frame for so long, it sleeps. */
	unsigned int mbufs; /**< Of each worker, 0: VSW_WORKER_MBUFS. More for devices with long queues. */
	struct vsw_fdb *fdb;
};

#define VSW_WORKER_MBUFS 16383 /**< 2^n - 1 wastes no memory */

struct vsw_worker_stats {
	uint64_t cycles; /**< TSC cycles since it began. */
	uint64_t busy_cycles; /**< Of these: of loops that found a frame. */
	uint64_t packets;
	uint64_t loops, sleeps;
};

/**
 * Start all workers, with no snapshot: on the EAL's worker lcores, the first num; or one on a
 * thread of its own, where EAL has the main lcore alone.
 *
 * @return 0; -EINVAL: conf is beyond its bounds, or there are not enough lcores; -ENOMEM; -errno
 */
int vsw_workers_start(const struct vsw_worker_conf *conf);

/** Stop and join them. What is published stays the caller's. Harmless twice. */
void vsw_workers_stop(void);

/**
 * Publish a snapshot and wait until no worker reads the one before (at most a burst's time: a
 * sleeping worker reads none). Any thread but a worker; one at a time. Publish anew, with the next
 * generation, also when a guest's kick descriptor has changed.
 *
 * @param snapshot  NULL: none
 * @return the snapshot that was published before: the caller's now; NULL: none
 */
struct vsw_dp_snapshot *vsw_workers_publish(struct vsw_dp_snapshot *snapshot);

/** Wait until every worker has gone through its loop once. */
void vsw_workers_sync(void);

/** The clock of workers, for the forwarding database: seconds. */
uint32_t vsw_workers_now(void);

/** A worker's counters. @return 0; -ENOENT: no such worker */
int vsw_worker_stats(unsigned int worker, struct vsw_worker_stats *stats);

/** Sum of the workers' counters of a port since it was last cleared. Control thread. */
void vsw_workers_port_stats(uint16_t port, struct vsw_dp_stats *stats);
void vsw_workers_port_clear(uint16_t port);

#endif /* VSW_WORKER_H */
