/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The software datapath, as its files share it: ports, what workers see of them, and counters.
 *
 * The control thread builds a snapshot and publishes it; workers read the one that is published, and
 * say once a loop that they hold none of the old ones (rte_rcu_qsbr). Nothing in a snapshot changes
 * after it was published; what workers write (counters) is each worker's own.
 */
#ifndef VSW_DP_H
#define VSW_DP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#define VSW_DP_PORTS 1280 /**< Guests and Ethernet ports together. */
#define VSW_DP_WORKERS 32
#define VSW_DP_BURST 32 /**< Frames handled at a time. */
#define VSW_DP_QUEUES 128 /**< Queue pairs of a port. */
#define VSW_DP_VLANS 4096
#define VSW_DP_NO_PORT UINT16_MAX
#define VSW_DP_MACS 8 /**< Addresses that a guest may send from, where it is held to some. */

enum vsw_dp_kind {
	VSW_DP_GUEST, /**< A vhost-user connection: rte_vhost_*_burst(). */
	VSW_DP_ETHDEV, /**< An uplink or a representor: rte_eth_*_burst(). */
};

/** Why a frame was dropped; counted for each worker and port. */
enum vsw_dp_drop {
	VSW_DROP_RUNT, /**< Shorter than an Ethernet header. */
	VSW_DROP_OFFLOAD, /**< What the guest says of checksum or segments does not fit the frame. */
	VSW_DROP_VLAN, /**< Of a VLAN that the port is not in, in or out. */
	VSW_DROP_SPOOF, /**< From an address that the guest may not use. */
	VSW_DROP_RESERVED, /**< To 01:80:c2:00:00:0x, which a bridge does not forward (802.1Q, 8.6.3). */
	VSW_DROP_SELF, /**< Back to where it came from: the same port, or one of its group. */
	VSW_DROP_NOWHERE, /**< No port that it could go to: alone in its VLAN. */
	VSW_DROP_FLOOD, /**< More unknown destinations or broadcasts than the port may send. */
	VSW_DROP_MTU, /**< Longer than the port that it goes to takes, and not to be cut. */
	VSW_DROP_MEMORY, /**< No buffer left. */
	VSW_DROP_TX, /**< The port's queue is full, or it is not up. */
	VSW_DROP_NUM
};

/** Of one port, written by one worker. Received is from the port, sent is to the port. */
struct vsw_dp_stats {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
	uint64_t drops[VSW_DROP_NUM]; /**< Of frames received from it; TX and MTU: of those to it. */
};

/** Add to a counter that one thread writes and others read at any time. */
static inline void
vsw_dp_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/** VLANs (802.1Q). A frame on the inside of the switch is untagged and has a VLAN beside it. */
enum vsw_dp_vlan_mode {
	VSW_VLAN_ACCESS, /**< Untagged frames of its one VLAN; tagged ones are dropped (but priority tags). */
	VSW_VLAN_TRUNK, /**< Tagged frames of its VLANs; untagged ones are of the native VLAN, if any. */
};

/** One port, as workers see it. */
struct vsw_dp_port {
	uint16_t id; /**< Index in the snapshot. */
	enum vsw_dp_kind kind;
	uint16_t group; /**< A guest, its VF and its representor have the same; 0: none. No frame goes
			     from one port of a group to another. */
	int vid; /**< GUEST */
	uint16_t ethdev; /**< ETHDEV: port id */
	uint16_t queues; /**< Pairs that are up. */
	uint16_t mtu; /**< Bytes behind the Ethernet header, VLAN tags not counted. */
	enum vsw_dp_vlan_mode vlan_mode;
	uint16_t pvid; /**< ACCESS: its VLAN; TRUNK: native VLAN, 0 none. */
	const uint64_t *vlans; /**< TRUNK: bit n: VLAN n is its. NULL: all. */
	uint8_t num_macs; /**< 0: it may send from any address. */
	struct rte_ether_addr mac[VSW_DP_MACS];
	uint64_t offloads; /**< What can be left to it: RTE_ETH_TX_OFFLOAD_{TCP,UDP}_CKSUM, {TCP,UDP}_TSO,
				VLAN_INSERT. A guest: what it negotiated (GUEST_CSUM, GUEST_TSO4 and 6,
				GUEST_UFO). TCP_TSO only with TCP_CKSUM. */
	bool learn; /**< Addresses it sends from are learned. */
	bool flood; /**< It gets frames to unknown destinations. */
	uint32_t flood_max; /**< Frames from it that a worker floods in a second; 0: all. */
	bool plain; /**< Nothing but learning and lookup is to be done for frames from it: ACCESS, no
			 address held to; set by whoever builds the snapshot. */
	int socket; /**< NUMA node, -1: unknown */
};

/** Members of one VLAN, all of them: whether unknown destinations go to one is its own flag. */
struct vsw_dp_members {
	uint16_t num;
	uint16_t port[];
};

/** A queue that a worker polls. */
struct vsw_dp_rxq {
	uint16_t port;
	uint16_t queue; /**< Pair. */
};

struct vsw_dp_poll {
	uint16_t num;
	struct vsw_dp_rxq *rxq;
};

/** What is published. */
struct vsw_dp_snapshot {
	uint64_t generation;
	const struct vsw_dp_port *port[VSW_DP_PORTS]; /**< NULL: none */
	const struct vsw_dp_members *vlan[VSW_DP_VLANS]; /**< NULL: nobody */
	struct vsw_dp_poll poll[VSW_DP_WORKERS];
};

#endif /* VSW_DP_H */
