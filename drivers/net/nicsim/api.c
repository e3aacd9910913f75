/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* The driver's own functions for applications: look-up and faults. Any thread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_string_fns.h>

#include "eth.h"
#include "rte_pmd_net_nicsim.h"

int
nicsim_eth_fault_arm(
	struct nicsim_eth_nic *nic, unsigned int vf, const char *text, char *why, size_t len)
{
	struct nicsim_fault fault;
	int ret;

	if (vf >= nic->num_vfs) {
		snprintf(why, len, "no VF %u: %s has %u VFs", vf, nic->name, nic->num_vfs);
		return -EINVAL;
	}
	ret = nicsim_fault_parse(text, &fault, why, len);
	if (ret != 0)
		return ret;
	ret = nicsim_vf_fault(nic->vf[vf].sim, &fault);
	if (ret == -ENOSPC)
		snprintf(why, len, "%u faults of VF %u wait for their point already: clear them",
			NICSIM_FAULT_ARMED, vf);
	else if (ret != 0)
		snprintf(why, len, "fault %s cannot have that argument or point",
			nicsim_fault_name(fault.kind));
	return ret;
}

bool
nicsim_eth_fault_waits(const char *text)
{
	struct nicsim_fault fault;
	char why[NICSIM_ETH_WHY];

	if (nicsim_fault_parse(text, &fault, why, sizeof(why)) != 0)
		return false;
	switch (fault.kind) {
	case NICSIM_FAULT_VECTORS:
	case NICSIM_FAULT_NO_RING_RESET:
	case NICSIM_FAULT_NO_NOTIFY_PAGES:
	case NICSIM_FAULT_NO_PACKED:
		return true;
	default:
		return false;
	}
}

int
rte_pmd_net_nicsim_num_vfs(uint16_t port_id)
{
	struct nicsim_eth_nic *nic = nicsim_eth_nic_get_by_port(port_id);
	int num;

	if (nic == NULL)
		return -ENODEV;
	num = nic->num_vfs;
	nicsim_eth_nic_put(nic);
	return num;
}

int
rte_pmd_net_nicsim_vf_name(uint16_t port_id, unsigned int vf, char *name, size_t len)
{
	struct nicsim_eth_nic *nic = nicsim_eth_nic_get_by_port(port_id);
	int ret = -EINVAL;

	if (nic == NULL)
		return -ENODEV;
	if (vf < nic->num_vfs)
		ret = rte_strscpy(name, nic->vf[vf].name, len) >= 0 ? 0 : -ENOSPC;
	nicsim_eth_nic_put(nic);
	return ret;
}

int
rte_pmd_net_nicsim_fault(
	uint16_t port_id, unsigned int vf, const char *fault, char *why, size_t len)
{
	struct nicsim_eth_nic *nic = nicsim_eth_nic_get_by_port(port_id);
	char unread[RTE_PMD_NET_NICSIM_TEXT];
	int ret;

	if (why == NULL || len == 0) {
		why = unread;
		len = sizeof(unread);
	}
	if (nic == NULL) {
		snprintf(why, len, "port %u is not of a simulated NIC", port_id);
		return -ENODEV;
	}
	ret = nicsim_eth_fault_arm(nic, vf, fault, why, len);
	nicsim_eth_nic_put(nic);
	return ret;
}

int
rte_pmd_net_nicsim_fault_clear(uint16_t port_id, unsigned int vf)
{
	struct nicsim_eth_nic *nic = nicsim_eth_nic_get_by_port(port_id);
	int ret = -EINVAL;

	if (nic == NULL)
		return -ENODEV;
	if (vf < nic->num_vfs) {
		nicsim_vf_fault_clear(nic->vf[vf].sim);
		ret = 0;
	}
	nicsim_eth_nic_put(nic);
	return ret;
}

void
rte_pmd_net_nicsim_fault_list(void (*fn)(const char *name, const char *help, void *arg), void *arg)
{
	int i;

	for (i = 0; i < NICSIM_FAULT_NUM; i++)
		fn(nicsim_fault_name(i), nicsim_fault_help(i), arg);
}
