/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A lock for tables that each frame is looked up in and that seldom change. A reader writes to a
 * cache line of its own, so readers do not slow each other down; whoever changes the table waits
 * for them, and goes first. Changing has two steps: to hold the table keeps others from changing
 * it, while lookups go on; to stop it keeps lookups out as well.
 */
#ifndef NICSIM_RDLOCK_H
#define NICSIM_RDLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define NICSIM_RDLOCK_SLOTS 16 /**< Threads beyond that share. */

struct nicsim_rdlock {
	struct {
		uint32_t readers;
	} __attribute__((aligned(64))) slot[NICSIM_RDLOCK_SLOTS];
	uint32_t stopped;
	pthread_mutex_t mutex;
};

void nicsim_rdlock_init(struct nicsim_rdlock *l);
void nicsim_rdlock_fini(struct nicsim_rdlock *l);

/** Begin to read. @return for nicsim_rdlock_read_end() */
unsigned int nicsim_rdlock_read(struct nicsim_rdlock *l);
void nicsim_rdlock_read_end(struct nicsim_rdlock *l, unsigned int token);

/** Keep others from changing the table. */
void nicsim_rdlock_hold(struct nicsim_rdlock *l);
void nicsim_rdlock_release(struct nicsim_rdlock *l);

/** Keep readers out; held only. */
void nicsim_rdlock_stop(struct nicsim_rdlock *l);
void nicsim_rdlock_go(struct nicsim_rdlock *l);

#endif /* NICSIM_RDLOCK_H */
