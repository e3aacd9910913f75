/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Tags on and off. A service tag (0x88a8) is no VLAN of this switch, but what a frame carries.
 */
#include <string.h>

#include <rte_ethdev.h>

#include "vlan.h"

#define TAG sizeof(struct rte_vlan_hdr)

/* @return false: there is a tag, but no end of it */
static bool
take_tag(struct rte_mbuf *m, uint16_t *tci)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const struct rte_vlan_hdr *tag = (const struct rte_vlan_hdr *)(eth + 1);

	*tci = 0;
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
		*tci = m->vlan_tci;
		return true;
	}
	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_VLAN))
		return true;
	if (m->data_len < sizeof(*eth) + TAG)
		return false;
	*tci = rte_be_to_cpu_16(tag->vlan_tci);
	memmove((char *)eth + TAG, eth, 2 * RTE_ETHER_ADDR_LEN);
	rte_pktmbuf_adj(m, TAG);
	return true;
}

bool
vsw_vlan_in(const struct vsw_dp_port *port, struct rte_mbuf *m)
{
	uint16_t tci, vlan;

	if (!take_tag(m, &tci))
		return false;
	m->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	vlan = tci & VSW_VLAN_VID;
	if (vlan == 0) { /* none, or one that is for the priority alone */
		if (port->vlan_mode == VSW_VLAN_TRUNK && port->pvid == 0)
			return false;
		vlan = port->pvid;
	} else if (port->vlan_mode == VSW_VLAN_ACCESS || vlan == VSW_VLAN_VID ||
		   !vsw_vlan_member(port, vlan)) {
		return false;
	}
	m->vlan_tci = (tci & VSW_VLAN_PRIORITY) | vlan;
	return true;
}

bool
vsw_vlan_out(const struct vsw_dp_port *port, struct rte_mbuf *m)
{
	char *front;

	if (!vsw_vlan_tagged(port, m->vlan_tci & VSW_VLAN_VID))
		return true;
	if (port->offloads & RTE_ETH_TX_OFFLOAD_VLAN_INSERT) {
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		return true;
	}
	front = rte_pktmbuf_prepend(m, TAG);
	if (front == NULL)
		return false;
	memmove(front, front + TAG, 2 * RTE_ETHER_ADDR_LEN);
	memcpy(front + 2 * RTE_ETHER_ADDR_LEN, &(rte_be16_t){ RTE_BE16(RTE_ETHER_TYPE_VLAN) }, 2);
	memcpy(front + 2 * RTE_ETHER_ADDR_LEN + 2, &(rte_be16_t){ rte_cpu_to_be_16(m->vlan_tci) }, 2);
	if (m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK)
		m->l2_len += TAG;
	return true;
}
