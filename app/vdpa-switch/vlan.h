/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * VLAN tags at the edge of the switch (802.1Q). Inside a frame is untagged; its VLAN and priority
 * are in the mbuf's vlan_tci. Plain functions on mbufs, any thread.
 */
#ifndef VSW_VLAN_H
#define VSW_VLAN_H

#include "dp.h"

#define VSW_VLAN_VID 0x0fff
#define VSW_VLAN_PRIORITY 0xf000 /**< With the drop-eligible bit. */

/** Whether a port is in a VLAN. */
static inline bool
vsw_vlan_member(const struct vsw_dp_port *port, uint16_t vlan)
{
	if (port->pvid == vlan && (vlan != 0 || port->vlan_mode == VSW_VLAN_ACCESS))
		return true;
	return port->vlan_mode == VSW_VLAN_TRUNK && vlan != 0 &&
	       (port->vlans == NULL || (port->vlans[vlan / 64] >> vlan % 64 & 1));
}

/** Whether frames of a VLAN that the port is in leave it with a tag. */
static inline bool
vsw_vlan_tagged(const struct vsw_dp_port *port, uint16_t vlan)
{
	return port->vlan_mode == VSW_VLAN_TRUNK && port->pvid != vlan;
}

/**
 * Take the tag off a received frame and find its VLAN.
 *
 * @param m  not shared; at least 14 bytes in its first segment
 * @return false: of no VLAN that the port is in
 */
bool vsw_vlan_in(const struct vsw_dp_port *port, struct rte_mbuf *m);

/**
 * Put on the tag that the port wants.
 *
 * @param m  not shared
 * @return false: no room for it in front of the frame
 */
bool vsw_vlan_out(const struct vsw_dp_port *port, struct rte_mbuf *m);

#endif /* VSW_VLAN_H */
