/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * An ethdev, PF or representor, from creation to close: start, stop, link, and the table of what it
 * can do. Control threads of the application, one at a time for each port; the keeper asks for the
 * link.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_malloc.h>

#include "eth.h"
#include "rxtx.h"

static int
port_configure(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);

	__atomic_store_n(&port->ptypes, true, __ATOMIC_RELAXED);
	return 0;
}

static void
lsc_set(struct nicsim_eth_port *port, bool on)
{
	pthread_mutex_lock(&port->nic->ports_lock);
	if (port->lsc != on) {
		port->lsc = on;
		__atomic_fetch_add(&port->nic->lsc, on ? 1 : -1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&port->nic->ports_lock);
	if (on)
		nicsim_eth_keeper_wake(port->nic);
}

static int
port_start(struct rte_eth_dev *dev)
{
	int ret = nicsim_eth_queues_start(dev);

	if (ret != 0)
		return ret;
	nicsim_eth_link_update(dev, 0);
	lsc_set(nicsim_eth_port_of(dev), dev->data->dev_conf.intr_conf.lsc != 0);
	return 0;
}

static int
port_stop(struct rte_eth_dev *dev)
{
	struct rte_eth_link down = { .link_status = RTE_ETH_LINK_DOWN };

	lsc_set(nicsim_eth_port_of(dev), false);
	rte_eth_linkstatus_set(dev, &down);
	nicsim_eth_queues_stop(dev);
	return 0;
}

/* The NIC, its VFs and its other ports stay as they are. */
static int
port_close(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	uint16_t i;

	if (port == NULL)
		return 0;
	if (dev->data->dev_started) {
		port_stop(dev);
		dev->data->dev_started = 0;
	}
	nicsim_eth_flow_drop_all(port);
	for (i = 0; i < dev->data->nb_rx_queues; i++)
		nicsim_eth_rxq_release(dev, i);
	for (i = 0; i < dev->data->nb_tx_queues; i++)
		nicsim_eth_txq_release(dev, i);
	nicsim_eth_keeper_forget(port);
	dev->data->dev_private = NULL; /* the NIC's, not to be freed with the port */
	dev->intr_handle = NULL;
	rte_intr_instance_free(port->intr);
	port->intr = NULL;
	return 0;
}

/* Whether the wire, or the VF, is there and has a link. */
static bool
carrier(struct nicsim_eth_port *port)
{
	struct nicsim_vf_stats stats;

	if (port->index == 0)
		return nicsim_wire_link(nicsim_wire(port->nic->sim));
	nicsim_vf_stats(nicsim_vf(port->nic->sim, port->index - 1), &stats);
	return stats.link_up && !stats.gone;
}

int
nicsim_eth_link_update(struct rte_eth_dev *dev, int wait)
{
	struct rte_eth_link link = {
		.link_speed = RTE_ETH_SPEED_NUM_10G,
		.link_duplex = RTE_ETH_LINK_FULL_DUPLEX,
		.link_autoneg = RTE_ETH_LINK_FIXED,
	};

	(void)wait;
	link.link_status = carrier(nicsim_eth_port_of(dev)) ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
	return rte_eth_linkstatus_set(dev, &link);
}

const struct eth_dev_ops nicsim_eth_ops = {
	.dev_configure = port_configure,
	.dev_start = port_start,
	.dev_stop = port_stop,
	.dev_close = port_close,
	.link_update = nicsim_eth_link_update,
	.dev_infos_get = nicsim_eth_info,
	.dev_supported_ptypes_get = nicsim_eth_ptypes,
	.dev_ptypes_set = nicsim_eth_ptypes_set,
	.representor_info_get = nicsim_eth_representors,
	.rss_hash_conf_get = nicsim_eth_rss_conf,
	.mtu_set = nicsim_eth_mtu_set,
	.promiscuous_enable = nicsim_eth_promisc_on,
	.promiscuous_disable = nicsim_eth_promisc_off,
	.allmulticast_enable = nicsim_eth_allmulti_on,
	.allmulticast_disable = nicsim_eth_allmulti_off,
	.mac_addr_set = nicsim_eth_mac_set,
	.mac_addr_add = nicsim_eth_mac_add,
	.mac_addr_remove = nicsim_eth_mac_del,
	.set_mc_addr_list = nicsim_eth_mc_set,
	.rx_queue_setup = nicsim_eth_rxq_setup,
	.rx_queue_release = nicsim_eth_rxq_release,
	.tx_queue_setup = nicsim_eth_txq_setup,
	.tx_queue_release = nicsim_eth_txq_release,
	.rx_queue_intr_enable = nicsim_eth_intr_on,
	.rx_queue_intr_disable = nicsim_eth_intr_off,
	.stats_get = nicsim_eth_stats_get,
	.stats_reset = nicsim_eth_stats_reset,
	.xstats_get_names = nicsim_eth_xstats_names,
	.xstats_get = nicsim_eth_xstats_get,
	.xstats_reset = nicsim_eth_xstats_reset,
	.flow_ops_get = nicsim_eth_flow_ops,
};

/* Locally administered, and the same each time for one name. */
static void
mac_make_up(const char *name, struct rte_ether_addr *mac)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	mac->addr_bytes[0] = 0x02;
	mac->addr_bytes[1] = 0x4f; /* VFs of a NIC have 0x4e there */
	memcpy(&mac->addr_bytes[2], &hash, sizeof(hash));
}

static int
dev_fill(struct rte_eth_dev *dev, struct nicsim_eth_port *port, struct rte_device *parent)
{
	struct nicsim_eth_nic *nic = port->nic;
	struct rte_eth_dev_data *data = dev->data;

	data->mac_addrs = rte_zmalloc(NULL, NICSIM_ETH_MACS * sizeof(*data->mac_addrs), 0);
	port->intr = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (data->mac_addrs == NULL || port->intr == NULL)
		return -ENOMEM;
	mac_make_up(data->name, &data->mac_addrs[0]);
	if (rte_intr_type_set(port->intr, RTE_INTR_HANDLE_VDEV) != 0)
		return -EINVAL;
	dev->device = parent;
	dev->intr_handle = port->intr;
	dev->dev_ops = &nicsim_eth_ops;
	dev->rx_pkt_burst = nicsim_eth_rx_burst;
	dev->tx_pkt_burst = nicsim_eth_tx_burst;
	dev->tx_pkt_prepare = nicsim_eth_tx_prepare;
	data->dev_private = port;
	data->numa_node = parent->numa_node;
	data->dev_link.link_autoneg = RTE_ETH_LINK_FIXED;
	data->dev_flags |= RTE_ETH_DEV_AUTOFILL_QUEUE_XSTATS | RTE_ETH_DEV_FLOW_OPS_THREAD_SAFE |
			   RTE_ETH_DEV_INTR_LSC;
	if (port->index != 0) {
		data->dev_flags |= RTE_ETH_DEV_REPRESENTOR;
		data->representor_id = port->index - 1;
		data->backer_port_id = nic->port[0].dev->data->port_id;
	}
	return 0;
}

int
nicsim_eth_port_create(struct nicsim_eth_nic *nic, uint16_t index, struct rte_device *parent)
{
	struct nicsim_eth_port *port = &nic->port[index];
	char name[RTE_ETH_NAME_MAX_LEN];
	struct rte_eth_dev *dev;
	int ret;

	if (index == 0)
		snprintf(name, sizeof(name), "%.*s", NICSIM_ETH_NAME_MAX, nic->name);
	else
		snprintf(name, sizeof(name), "%.*s_representor_vf%u", NICSIM_ETH_NAME_MAX,
			nic->name, index - 1);
	dev = rte_eth_dev_allocate(name);
	if (dev == NULL) {
		NICSIM_ETH_LOG(ERR, nic->name,
			"port %s cannot be made: the name is taken, or there are %u ports already "
			"(RTE_MAX_ETHPORTS): give fewer representors",
			name, RTE_MAX_ETHPORTS);
		return -ENOSPC;
	}
	port->nic = nic;
	port->index = index;
	port->sim = nicsim_port(nic->sim, index);
	port->filter = index == 0; /* representors get all that is sent to them */
	TAILQ_INIT(&port->flows);
	TAILQ_INIT(&port->aged);
	ret = dev_fill(dev, port, parent);
	if (ret != 0) {
		NICSIM_ETH_LOG(ERR, nic->name, "port %s: %s", name, strerror(-ret));
		rte_intr_instance_free(port->intr);
		port->intr = NULL;
		dev->data->dev_private = NULL;
		rte_eth_dev_release_port(dev);
		return ret;
	}
	nicsim_eth_mac_set(dev, &dev->data->mac_addrs[0]);
	port->dev = dev;
	__atomic_store_n(&port->id, dev->data->port_id, __ATOMIC_RELAXED);
	return 0;
}

void
nicsim_eth_port_destroy(struct nicsim_eth_port *port)
{
	struct rte_eth_dev *dev = port->dev;

	if (dev == NULL)
		return;
	port_close(dev);
	rte_eth_dev_release_port(dev);
}
