/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * One lock for each send queue, taken only where a device has fewer of them than there are workers.
 */
#include <rte_ethdev.h>
#include <rte_prefetch.h>
#include <rte_spinlock.h>

#include "dp_eth.h"

/* A driver may have something to do for these before it sends. */
#define PREPARED (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | \
		  RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO)

static struct {
	rte_spinlock_t lock;
} __rte_cache_aligned tx_queue[RTE_MAX_ETHPORTS][VSW_DP_WORKERS];

uint16_t
vsw_dp_eth_rx(const struct vsw_dp_port *port, uint16_t queue, struct rte_mbuf **frame,
	uint16_t num)
{
	uint16_t got = rte_eth_rx_burst(port->ethdev, queue, frame, num), i;

	for (i = 0; i < got; i++)
		rte_prefetch0(rte_pktmbuf_mtod(frame[i], void *));
	return got;
}

uint16_t
vsw_dp_eth_tx(const struct vsw_dp_port *port, unsigned int worker, unsigned int workers,
	struct rte_mbuf **frame, uint16_t num)
{
	const bool shared = port->queues < workers;
	uint16_t queue, sent;

	if (unlikely(port->queues == 0))
		return 0;
	queue = worker % port->queues;
	if (port->offloads & PREPARED)
		num = rte_eth_tx_prepare(port->ethdev, queue, frame, num);
	if (shared)
		rte_spinlock_lock(&tx_queue[port->ethdev][queue].lock);
	sent = rte_eth_tx_burst(port->ethdev, queue, frame, num);
	if (shared)
		rte_spinlock_unlock(&tx_queue[port->ethdev][queue].lock);
	return sent;
}

int
vsw_dp_eth_arm(const struct vsw_dp_port *port, uint16_t queue)
{
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(port->ethdev, queue);

	return fd >= 0 && rte_eth_dev_rx_intr_enable(port->ethdev, queue) == 0 ? fd : -1;
}

void
vsw_dp_eth_disarm(const struct vsw_dp_port *port, uint16_t queue)
{
	rte_eth_dev_rx_intr_disable(port->ethdev, queue);
}
