/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A guest's queues, as workers use them: frames in and out, and how to sleep on them. Worker
 * threads.
 */
#ifndef VSW_DP_VHOST_H
#define VSW_DP_VHOST_H

#include "dp.h"

/** Frames that the guest sent on a queue pair. @return their number, 0..num */
uint16_t vsw_dp_vhost_rx(const struct vsw_dp_port *port, uint16_t queue, struct rte_mempool *pool,
	struct rte_mbuf **frame, uint16_t num);

/** Give frames to the guest. @return how many it took; these are freed */
uint16_t vsw_dp_vhost_tx(const struct vsw_dp_port *port, uint16_t queue, struct rte_mbuf **frame,
	uint16_t num);

/**
 * Ask the guest to say when it sends on a queue pair. What it sent before it saw this is not told:
 * look once more before sleeping, behind a fence.
 *
 * @return a descriptor that becomes readable, to be watched edge-triggered and not to be read;
 *         -1: there is none
 */
int vsw_dp_vhost_arm(const struct vsw_dp_port *port, uint16_t queue);
void vsw_dp_vhost_disarm(const struct vsw_dp_port *port, uint16_t queue);

#endif /* VSW_DP_VHOST_H */
