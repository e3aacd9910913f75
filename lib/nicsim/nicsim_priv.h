/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The simulated NIC, as nicsim.c (its life) and nicsim_hw.c (its hardware threads) share it.
 */
#ifndef NICSIM_PRIV_H
#define NICSIM_PRIV_H

#include <pthread.h>

#include "nicsim.h"

/** Frames taken from one source before the next one has its turn. */
#define NICSIM_BURST 32

/**
 * One hardware thread. VF n, and the software end of port n, belong to thread n modulo their number;
 * the wire to the first one. So what one queue sends stays in order.
 */
struct nicsim_hw {
	struct nicsim *nic;
	pthread_t thread;
	unsigned int index;
	bool started;
	int wake_fd; /**< eventfd */
	bool stop; /**< atomic */
	bool pending; /**< atomic: somebody has something for it since it last looked */
	bool sleeping; /**< atomic: it will not look before wake_fd says so */
	uint8_t *room; /**< of NICSIM_BURST frames */
	struct nicsim_frame frame[NICSIM_BURST];
	struct nicsim_end from; /**< of the frame being forwarded */
	bool touched[NICSIM_VFS_MAX]; /**< VFs that were given frames, and not yet told so */
	struct nicsim_hw_stats stats; /**< written by the thread, read by any: atomic */
};

struct nicsim {
	char name[NICSIM_NAME];
	unsigned int num_vfs, threads, idle_us;
	struct nicsim_switch *sw;
	struct nicsim_wire *wire;
	struct nicsim_vf **vf; /**< num_vfs */
	struct nicsim_port **port; /**< 1 + num_vfs */
	struct nicsim_hw *hw; /**< threads */
};

/** Let the thread look at all that is its own. ctx: struct nicsim_hw. Any thread. */
void nicsim_hw_wake(void *ctx);

/** @param core  processor to run on, -1: any. @return 0 or -errno */
int nicsim_hw_start(struct nicsim_hw *hw, int core);

/** End the thread; it may still be woken. Harmless where it was not started. */
void nicsim_hw_stop(struct nicsim_hw *hw);

/** Give back what it has, once it is stopped and nobody wakes it any more. */
void nicsim_hw_fini(struct nicsim_hw *hw);

#endif /* NICSIM_PRIV_H */
