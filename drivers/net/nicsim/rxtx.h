/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* Queues of a port and the packet path over them. */
#ifndef NICSIM_ETH_RXTX_H
#define NICSIM_ETH_RXTX_H

#include <string.h>

#include "eth.h"

#define NICSIM_ETH_SEGS 64 /* segments of an mbuf chain, at most */

#define NICSIM_ETH_RX_OFFLOADS                                                                     \
	(RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_UDP_CKSUM |                               \
		RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_RSS_HASH)
#define NICSIM_ETH_TX_OFFLOADS                                                                     \
	(RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |                           \
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |                      \
		RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_UDP_TSO |                          \
		RTE_ETH_TX_OFFLOAD_VLAN_INSERT)

struct nicsim_eth_rxq {
	struct nicsim_eth_port *port;
	struct rte_mempool *pool;
	struct nicsim_eth_count *count;
	uint16_t qid;
	uint16_t port_id;
	uint16_t buf_size; /* bytes that an mbuf of the pool takes */
	uint32_t max_len; /* of a frame; atomic */
	bool scatter, hash, cksum;
	uint8_t *bounce; /* NICSIM_MTU_MAX bytes, for frames that get several mbufs */
};

struct nicsim_eth_txq {
	struct nicsim_eth_port *port;
	struct nicsim_eth_count *count;
	uint16_t lane; /* queue of the NIC */
};

/* One writer, any readers. */
static inline void
nicsim_eth_count_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(
		counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t
nicsim_eth_mac_number(const uint8_t *mac)
{
	uint64_t number = 0;

	memcpy(&number, mac, 6);
	return number;
}

uint16_t nicsim_eth_rx_burst(void *queue, struct rte_mbuf **mbufs, uint16_t num);
uint16_t nicsim_eth_tx_burst(void *queue, struct rte_mbuf **mbufs, uint16_t num);
uint16_t nicsim_eth_tx_prepare(void *queue, struct rte_mbuf **mbufs, uint16_t num);

#endif /* NICSIM_ETH_RXTX_H */
