/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Queues of a port: set up, started with the port, and the interrupts that wake a receiver. Control
 * threads of the application; interrupts are turned on and off by the receiving thread.
 */
#include <errno.h>

#include <rte_interrupts.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "rxtx.h"

int
nicsim_eth_rxq_setup(struct rte_eth_dev *dev, uint16_t qid, uint16_t descs, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	uint64_t offloads = conf->offloads | dev->data->dev_conf.rxmode.offloads;
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct nicsim_eth_rxq *q;

	(void)descs;
	q = rte_zmalloc_socket("nicsim_rxq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);
	if (q == NULL)
		return -ENOMEM;
	q->port = port;
	q->pool = pool;
	q->count = &port->rx[qid];
	q->qid = qid;
	q->port_id = dev->data->port_id;
	q->buf_size = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	q->max_len = dev->data->mtu + NICSIM_ETH_OVERHEAD;
	q->scatter = (offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	q->hash = (offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH) != 0;
	q->cksum = (offloads & (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)) != 0;
	if (q->scatter) {
		q->bounce = rte_malloc_socket("nicsim_bounce", NICSIM_MTU_MAX, 0, socket);
		if (q->bounce == NULL) {
			rte_free(q);
			return -ENOMEM;
		}
	}
	dev->data->rx_queues[qid] = q;
	return 0;
}

void
nicsim_eth_rxq_release(struct rte_eth_dev *dev, uint16_t qid)
{
	struct nicsim_eth_rxq *q = dev->data->rx_queues[qid];

	if (q == NULL)
		return;
	rte_free(q->bounce);
	rte_free(q);
	dev->data->rx_queues[qid] = NULL;
}

int
nicsim_eth_txq_setup(struct rte_eth_dev *dev, uint16_t qid, uint16_t descs, unsigned int socket,
	const struct rte_eth_txconf *conf)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct nicsim_eth_txq *q;

	(void)descs;
	(void)conf;
	q = rte_zmalloc_socket("nicsim_txq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);
	if (q == NULL)
		return -ENOMEM;
	q->port = port;
	q->count = &port->tx[qid];
	dev->data->tx_queues[qid] = q;
	return 0;
}

void
nicsim_eth_txq_release(struct rte_eth_dev *dev, uint16_t qid)
{
	rte_free(dev->data->tx_queues[qid]);
	dev->data->tx_queues[qid] = NULL;
}

static void
intr_fini(struct nicsim_eth_port *port)
{
	rte_intr_free_epoll_fd(port->intr);
	rte_intr_vec_list_free(port->intr);
	rte_intr_nb_efd_set(port->intr, 0);
}

/* What rte_eth_dev_rx_intr_ctl_q() and rte_epoll_wait() look at; the latter reads the eventfd. */
static int
intr_init(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	uint16_t i, num = dev->data->nb_rx_queues;
	int ret;

	if (dev->data->dev_conf.intr_conf.rxq == 0)
		return 0;
	ret = rte_intr_vec_list_alloc(port->intr, "nicsim_vec", num);
	if (ret == 0)
		ret = rte_intr_efd_counter_size_set(port->intr, sizeof(uint64_t));
	for (i = 0; i < num && ret == 0; i++) {
		ret = rte_intr_vec_list_index_set(port->intr, i, RTE_INTR_VEC_RXTX_OFFSET + i);
		if (ret == 0)
			ret = rte_intr_efds_index_set(
				port->intr, i, nicsim_port_rx_fd(port->sim, i));
	}
	if (ret == 0)
		ret = rte_intr_nb_efd_set(port->intr, num);
	if (ret == 0)
		ret = rte_intr_max_intr_set(port->intr, num + 1);
	if (ret != 0) {
		NICSIM_ETH_LOG(ERR, dev->data->name, "Rx interrupts cannot be had: %s",
			strerror(-ret));
		intr_fini(port);
	}
	return ret;
}

/*
 * The model has as many queues each way as there are to receive from: it spreads frames over all of
 * them. Where more are to send on, they share.
 */
static void
lanes_set(struct rte_eth_dev *dev, uint16_t lanes)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	uint16_t i;

	port->tx_shared = dev->data->nb_tx_queues > lanes;
	for (i = 0; i < lanes; i++)
		pthread_spin_init(&port->tx_lock[i], PTHREAD_PROCESS_PRIVATE);
	for (i = 0; i < dev->data->nb_tx_queues; i++)
		((struct nicsim_eth_txq *)dev->data->tx_queues[i])->lane = i % lanes;
}

static void
states_set(struct rte_eth_dev *dev, uint8_t state)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_rx_queues; i++)
		dev->data->rx_queue_state[i] = state;
	for (i = 0; i < dev->data->nb_tx_queues; i++)
		dev->data->tx_queue_state[i] = state;
}

int
nicsim_eth_queues_start(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	uint16_t lanes = RTE_MAX(dev->data->nb_rx_queues, 1);
	int ret;

	ret = nicsim_eth_mtu_set(dev, dev->data->mtu);
	if (ret != 0)
		return ret;
	ret = nicsim_port_open(port->sim, lanes);
	if (ret != 0) {
		NICSIM_ETH_LOG(ERR, dev->data->name, "%u queues cannot be had: %s", lanes,
			strerror(-ret));
		return ret;
	}
	lanes_set(dev, lanes);
	ret = intr_init(dev);
	if (ret != 0) {
		nicsim_port_open(port->sim, 0);
		return ret;
	}
	states_set(dev, RTE_ETH_QUEUE_STATE_STARTED);
	return 0;
}

void
nicsim_eth_queues_stop(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);

	intr_fini(port);
	nicsim_port_open(port->sim, 0);
	states_set(dev, RTE_ETH_QUEUE_STATE_STOPPED);
}

int
nicsim_eth_intr_on(struct rte_eth_dev *dev, uint16_t qid)
{
	nicsim_port_rx_arm(nicsim_eth_port_of(dev)->sim, qid, true);
	return 0;
}

/* What has been signalled is left to rte_epoll_wait(), which waits for it in a loop. */
int
nicsim_eth_intr_off(struct rte_eth_dev *dev, uint16_t qid)
{
	nicsim_port_rx_arm(nicsim_eth_port_of(dev)->sim, qid, false);
	return 0;
}
