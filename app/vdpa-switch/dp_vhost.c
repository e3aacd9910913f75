/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Queue pair q of a guest: ring 2q is what it receives from, 2q + 1 what it sends on (virtio 1.2,
 * 5.1.2). A kick descriptor is shared with the front-end: a read of it could wait.
 */
#include <rte_vhost.h>

#include "dp_vhost.h"

static inline uint16_t
to_guest(uint16_t queue)
{
	return 2 * queue;
}

static inline uint16_t
from_guest(uint16_t queue)
{
	return 2 * queue + 1;
}

uint16_t
vsw_dp_vhost_rx(const struct vsw_dp_port *port, uint16_t queue, struct rte_mempool *pool,
	struct rte_mbuf **frame, uint16_t num)
{
	return rte_vhost_dequeue_burst(port->vid, from_guest(queue), pool, frame, num);
}

uint16_t
vsw_dp_vhost_tx(const struct vsw_dp_port *port, uint16_t queue, struct rte_mbuf **frame,
	uint16_t num)
{
	uint16_t sent = rte_vhost_enqueue_burst(port->vid, to_guest(queue), frame, num);

	rte_pktmbuf_free_bulk(frame, sent);
	return sent;
}

int
vsw_dp_vhost_arm(const struct vsw_dp_port *port, uint16_t queue)
{
	struct rte_vhost_vring ring;

	if (rte_vhost_enable_guest_notification(port->vid, from_guest(queue), 1) != 0 ||
		rte_vhost_get_vhost_vring(port->vid, from_guest(queue), &ring) != 0)
		return -1;
	return ring.kickfd >= 0 ? ring.kickfd : -1;
}

void
vsw_dp_vhost_disarm(const struct vsw_dp_port *port, uint16_t queue)
{
	rte_vhost_enable_guest_notification(port->vid, from_guest(queue), 0);
}
