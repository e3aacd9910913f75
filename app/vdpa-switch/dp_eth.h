/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The queues of an Ethernet device, as workers use them: frames in and out, and how to sleep on
 * them. Worker threads.
 */
#ifndef VSW_DP_ETH_H
#define VSW_DP_ETH_H

#include "dp.h"

/** Frames that came on a queue. @return their number, 0..num */
uint16_t vsw_dp_eth_rx(const struct vsw_dp_port *port, uint16_t queue, struct rte_mbuf **frame,
	uint16_t num);

/**
 * Send frames; each worker has its own queue, where there are enough.
 *
 * @param worker   the caller
 * @param workers  how many there are
 * @return how many it took
 */
uint16_t vsw_dp_eth_tx(const struct vsw_dp_port *port, unsigned int worker, unsigned int workers,
	struct rte_mbuf **frame, uint16_t num);

/** As vsw_dp_vhost_arm(): -1 for a device without receive interrupts. */
int vsw_dp_eth_arm(const struct vsw_dp_port *port, uint16_t queue);
void vsw_dp_eth_disarm(const struct vsw_dp_port *port, uint16_t queue);

#endif /* VSW_DP_ETH_H */
