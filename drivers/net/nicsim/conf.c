/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What a port is and can be set to: capabilities, packet types, MTU, what it lets in. Control
 * threads of the application; the receiving thread reads the results, which are atomic.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf_ptype.h>

#include "eth.h"
#include "rxtx.h"

#define RSS_TYPES (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

int
nicsim_eth_info(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);

	info->max_rx_queues = info->max_tx_queues = NICSIM_PORT_QUEUES;
	info->min_rx_bufsize = 64;
	info->max_rx_pktlen = NICSIM_MTU_MAX;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = NICSIM_ETH_MTU_MAX;
	info->max_mac_addrs = port->filter ? NICSIM_ETH_MACS : 1;
	info->speed_capa = RTE_ETH_LINK_SPEED_10G | RTE_ETH_LINK_SPEED_FIXED;
	info->rx_offload_capa = NICSIM_ETH_RX_OFFLOADS;
	info->tx_offload_capa = NICSIM_ETH_TX_OFFLOADS;
	info->flow_type_rss_offloads = RSS_TYPES;
	/* Queues of the model hold bytes; a number of descriptors changes nothing. */
	info->rx_desc_lim = info->tx_desc_lim = (struct rte_eth_desc_lim){
		.nb_max = UINT16_MAX,
		.nb_min = 1,
		.nb_align = 1,
		.nb_seg_max = NICSIM_ETH_SEGS,
		.nb_mtu_seg_max = NICSIM_ETH_SEGS,
	};
	info->dev_capa = RTE_ETH_DEV_CAPA_FLOW_RULE_KEEP;
	info->switch_info.name = port->nic->name;
	info->switch_info.domain_id = port->nic->domain;
	info->switch_info.port_id = port->index;
	return 0;
}

const uint32_t *
nicsim_eth_ptypes(struct rte_eth_dev *dev)
{
	static const uint32_t types[] = {
		RTE_PTYPE_L2_ETHER,
		RTE_PTYPE_L2_ETHER_VLAN,
		RTE_PTYPE_L2_ETHER_QINQ,
		RTE_PTYPE_L3_IPV4,
		RTE_PTYPE_L3_IPV4_EXT,
		RTE_PTYPE_L3_IPV6,
		RTE_PTYPE_L3_IPV6_EXT,
		RTE_PTYPE_L4_FRAG,
		RTE_PTYPE_L4_SCTP,
		RTE_PTYPE_L4_TCP,
		RTE_PTYPE_L4_UDP,
		RTE_PTYPE_UNKNOWN,
	};

	(void)dev;
	return types;
}

int
nicsim_eth_ptypes_set(struct rte_eth_dev *dev, uint32_t mask)
{
	__atomic_store_n(&nicsim_eth_port_of(dev)->ptypes, mask != 0, __ATOMIC_RELAXED);
	return 0;
}

int
nicsim_eth_representors(struct rte_eth_dev *dev, struct rte_eth_representor_info *info)
{
	const struct nicsim_eth_nic *nic = nicsim_eth_port_of(dev)->nic;
	struct rte_eth_representor_range *range;

	if (info == NULL)
		return nic->num_vfs != 0;
	info->controller = 0;
	info->pf = 0;
	info->nb_ranges = 0;
	if (nic->num_vfs == 0 || info->nb_ranges_alloc == 0)
		return 0;
	range = &info->ranges[0];
	memset(range, 0, sizeof(*range));
	range->type = RTE_ETH_REPRESENTOR_VF;
	range->id_base = 0;
	range->id_end = nic->num_vfs - 1;
	snprintf(range->name, sizeof(range->name), "pf0vf");
	info->nb_ranges = 1;
	return 1;
}

/* Frames are spread over the queues by addresses and ports in any case, without a key. */
int
nicsim_eth_rss_conf(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf)
{
	(void)dev;
	conf->rss_key_len = 0;
	conf->rss_hf = RSS_TYPES;
	return 0;
}

static int
mtu_check(const struct rte_eth_dev *dev, uint16_t mtu)
{
	const struct nicsim_eth_rxq *q;
	uint16_t i;

	if ((dev->data->dev_conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0)
		return 0;
	for (i = 0; i < dev->data->nb_rx_queues; i++) {
		q = dev->data->rx_queues[i];
		if (q != NULL && mtu + NICSIM_ETH_OVERHEAD > q->buf_size) {
			NICSIM_ETH_LOG(ERR, dev->data->name,
				"MTU %u needs mbufs of %u bytes, and queue %u has %u: turn on "
				"scattered receiving, use larger mbufs, or a smaller MTU",
				mtu, mtu + NICSIM_ETH_OVERHEAD, i, q->buf_size);
			return -EINVAL;
		}
	}
	return 0;
}

int
nicsim_eth_mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	struct nicsim_eth_rxq *q;
	uint16_t i;
	int ret = mtu_check(dev, mtu);

	if (ret != 0)
		return ret;
	for (i = 0; i < dev->data->nb_rx_queues; i++) {
		q = dev->data->rx_queues[i];
		if (q != NULL)
			__atomic_store_n(
				&q->max_len, mtu + NICSIM_ETH_OVERHEAD, __ATOMIC_RELAXED);
	}
	return 0;
}

int
nicsim_eth_promisc_on(struct rte_eth_dev *dev)
{
	__atomic_store_n(&nicsim_eth_port_of(dev)->promisc, true, __ATOMIC_RELAXED);
	return 0;
}

int
nicsim_eth_promisc_off(struct rte_eth_dev *dev)
{
	__atomic_store_n(&nicsim_eth_port_of(dev)->promisc, false, __ATOMIC_RELAXED);
	return 0;
}

int
nicsim_eth_allmulti_on(struct rte_eth_dev *dev)
{
	__atomic_store_n(&nicsim_eth_port_of(dev)->allmulti, true, __ATOMIC_RELAXED);
	return 0;
}

int
nicsim_eth_allmulti_off(struct rte_eth_dev *dev)
{
	__atomic_store_n(&nicsim_eth_port_of(dev)->allmulti, false, __ATOMIC_RELAXED);
	return 0;
}

int
nicsim_eth_mac_set(struct rte_eth_dev *dev, struct rte_ether_addr *mac)
{
	return nicsim_eth_mac_add(dev, mac, 0, 0);
}

int
nicsim_eth_mac_add(
	struct rte_eth_dev *dev, struct rte_ether_addr *mac, uint32_t index, uint32_t pool)
{
	(void)pool;
	if (index >= NICSIM_ETH_MACS)
		return -ENOSPC;
	__atomic_store_n(&nicsim_eth_port_of(dev)->mac[index],
		nicsim_eth_mac_number(mac->addr_bytes), __ATOMIC_RELAXED);
	return 0;
}

void
nicsim_eth_mac_del(struct rte_eth_dev *dev, uint32_t index)
{
	if (index < NICSIM_ETH_MACS)
		__atomic_store_n(&nicsim_eth_port_of(dev)->mac[index], 0, __ATOMIC_RELAXED);
}

int
nicsim_eth_mc_set(struct rte_eth_dev *dev, struct rte_ether_addr *macs, uint32_t num)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	uint32_t i;

	if (num > NICSIM_ETH_MC_MACS)
		return -ENOSPC;
	for (i = 0; i < NICSIM_ETH_MC_MACS; i++)
		__atomic_store_n(&port->mc_mac[i],
			i < num ? nicsim_eth_mac_number(macs[i].addr_bytes) : 0, __ATOMIC_RELAXED);
	return 0;
}
