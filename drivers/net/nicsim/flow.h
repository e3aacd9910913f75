/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* A rule of the embedded switch as rte_flow has it, and as the switch does. */
#ifndef NICSIM_ETH_FLOW_H
#define NICSIM_ETH_FLOW_H

#include <rte_flow.h>
#include <rte_flow_driver.h>

#include "eth.h"

#define NICSIM_ETH_FLOW_TEXT 192 /* bytes that half a rule's text takes at most */

/* What a pattern and actions come to. */
struct nicsim_eth_rule {
	unsigned int priority;
	struct nicsim_flow_match match;
	struct nicsim_flow_actions actions;
	bool count;
	void *age_ctx; /* NULL: the rule itself */
};

struct rte_flow {
	TAILQ_ENTRY(rte_flow) next;
	TAILQ_ENTRY(rte_flow) next_aged;
	struct nicsim_eth_port *port;
	struct nicsim_flow *sim;
	struct nicsim_eth_rule rule;
	bool in_aged; /* on its port's list of aged rules */
};

/* flow_parse.c: 0, and *rule is filled; -errno, and *error says what is wrong where. */
int nicsim_eth_flow_parse(struct nicsim_eth_nic *nic, const struct rte_flow_attr *attr,
	const struct rte_flow_item *pattern, const struct rte_flow_action *actions,
	struct nicsim_eth_rule *rule, struct rte_flow_error *error);

/* flow_parse.c: as rte_flow_error_set(), with a message made like printf's, kept for the thread. */
int nicsim_eth_flow_refuse(struct rte_flow_error *error, int code, enum rte_flow_error_type type,
	const void *cause, const char *format, ...) __rte_format_printf(5, 6);

/* flow_text.c: for people, in one line; len bytes, NICSIM_ETH_FLOW_TEXT do. */
void nicsim_eth_flow_match_text(const struct nicsim_flow_match *match, char *text, size_t len);
void nicsim_eth_flow_actions_text(const struct nicsim_eth_rule *rule, char *text, size_t len);

#endif /* NICSIM_ETH_FLOW_H */
