/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* How flow_parse.c and its parts for items and for actions share a rule that is being parsed. */
#ifndef NICSIM_ETH_FLOW_PARSE_H
#define NICSIM_ETH_FLOW_PARSE_H

#include <errno.h>

#include "flow.h"

struct nicsim_eth_parser {
	struct nicsim_eth_nic *nic;
	struct nicsim_eth_rule *rule;
	struct rte_flow_error *error;
	bool eth, vlan, l3; /* items seen */
	bool age, fate; /* actions seen */
};

#define REFUSE(p, code, type, cause, ...)                                                          \
	nicsim_eth_flow_refuse(                                                                    \
		(p)->error, code, RTE_FLOW_ERROR_TYPE_##type, cause, __VA_ARGS__)

/* Which port of the switch an ethdev is; -1: none of this NIC's. */
int nicsim_eth_flow_port(const struct nicsim_eth_nic *nic, uint32_t id);

/* flow_item.c, flow_action.c: one more of them, which is not END. 0 or -errno. */
int nicsim_eth_flow_item(struct nicsim_eth_parser *p, const struct rte_flow_item *item);
int nicsim_eth_flow_action(struct nicsim_eth_parser *p, const struct rte_flow_action *action);

#endif /* NICSIM_ETH_FLOW_PARSE_H */
