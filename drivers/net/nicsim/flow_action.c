/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Actions of a rte_flow rule to what the embedded switch does. Any thread, no lock.
 */
#include <rte_byteorder.h>
#include <rte_ether.h>

#include "flow_parse.h"

static int
fate_set(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	if (p->fate)
		return REFUSE(p, ENOTSUP, ACTION, action,
			"a frame goes to one port or is dropped: a second such action");
	p->fate = true;
	return 0;
}

static int
to_set(struct nicsim_eth_parser *p, const struct rte_flow_action *action, uint32_t id,
	bool representor)
{
	const struct nicsim_flow_match *match = &p->rule->match;
	struct nicsim_flow_actions *a = &p->rule->actions;
	int ret, index = nicsim_eth_flow_port(p->nic, id);

	ret = fate_set(p, action);
	if (ret != 0)
		return ret;
	if (index < 0)
		return REFUSE(p, EINVAL, ACTION_CONF, action->conf, "port %u is not of %s", id,
			p->nic->name);
	if (match->has_from && match->from.port == index && match->from.representor == representor)
		return REFUSE(p, ENOTSUP, ACTION_CONF, action->conf,
			"frames cannot go back to where they come from");
	a->has_to = true;
	a->to.port = index;
	a->to.representor = representor;
	return 0;
}

static int
push_vlan(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	const struct rte_flow_action_of_push_vlan *conf = action->conf;
	struct nicsim_flow_actions *a = &p->rule->actions;
	uint16_t type = rte_be_to_cpu_16(conf->ethertype);

	if (type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ)
		return REFUSE(p, ENOTSUP, ACTION_CONF, conf,
			"a tag's type is 0x8100 or 0x88a8, not %#x", type);
	if (a->push == RTE_DIM(a->tpid))
		return REFUSE(p, ENOTSUP, ACTION, action, "more than two VLAN tags to push");
	a->tpid[a->push] = type;
	a->tci[a->push++] = 0;
	return 0;
}

static int
pop_vlan(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	struct nicsim_flow_actions *a = &p->rule->actions;

	if (a->push != 0)
		return REFUSE(p, ENOTSUP, ACTION, action,
			"tags are popped before others are pushed");
	if (a->pop == 2)
		return REFUSE(p, ENOTSUP, ACTION, action, "more than two VLAN tags to pop");
	a->pop++;
	return 0;
}

/* Of the tag pushed last. */
static int
set_tci(struct nicsim_eth_parser *p, const struct rte_flow_action *action, uint16_t value,
	uint16_t max, unsigned int shift)
{
	struct nicsim_flow_actions *a = &p->rule->actions;
	uint16_t *tci;

	if (a->push == 0)
		return REFUSE(p, ENOTSUP, ACTION, action,
			"only a tag that this rule pushes can be set: pop the old one, push one");
	if (value > max)
		return REFUSE(p, EINVAL, ACTION_CONF, action->conf, "%u is more than %u", value,
			max);
	tci = &a->tci[a->push - 1];
	*tci = (*tci & ~(max << shift)) | value << shift;
	return 0;
}

static int
set_age(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	const struct rte_flow_action_age *conf = action->conf;

	if (p->age)
		return REFUSE(p, EINVAL, ACTION, action, "a second AGE");
	if (conf->timeout == 0)
		return REFUSE(p, EINVAL, ACTION_CONF, conf, "AGE after 0 seconds");
	p->age = true;
	p->rule->actions.age_s = conf->timeout;
	p->rule->age_ctx = conf->context;
	return 0;
}

static int
set_count(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	if (p->rule->count)
		return REFUSE(p, ENOTSUP, ACTION, action, "a rule has one counter: a second COUNT");
	p->rule->count = true;
	return 0;
}

static int
set_drop(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	p->rule->actions.drop = true;
	return fate_set(p, action);
}

static int
unknown_action(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	return REFUSE(p, ENOTSUP, ACTION, action,
		"action type %d cannot be done: there are REPRESENTED_PORT, PORT_REPRESENTOR, "
		"PORT_ID, DROP, OF_{PUSH,POP,SET}_VLAN*, COUNT, AGE",
		action->type);
}

/* Actions that have a configuration, which the caller has seen is there. */
static int
parse_configured(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	const void *conf = action->conf;

	switch (action->type) {
	case RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT:
	case RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR:
		return to_set(p, action, ((const struct rte_flow_action_ethdev *)conf)->port_id,
			action->type == RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR);
	case RTE_FLOW_ACTION_TYPE_PORT_ID:
		if (((const struct rte_flow_action_port_id *)conf)->original)
			return REFUSE(p, ENOTSUP, ACTION_CONF, conf, "there is no original port");
		return to_set(
			p, action, ((const struct rte_flow_action_port_id *)conf)->id, false);
	case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
		return push_vlan(p, action);
	case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
		return set_tci(p, action,
			rte_be_to_cpu_16(
				((const struct rte_flow_action_of_set_vlan_vid *)conf)->vlan_vid),
			0xfff, 0);
	case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
		return set_tci(p, action,
			((const struct rte_flow_action_of_set_vlan_pcp *)conf)->vlan_pcp, 7, 13);
	case RTE_FLOW_ACTION_TYPE_AGE:
		return set_age(p, action);
	default:
		return unknown_action(p, action);
	}
}

static bool
is_configured(enum rte_flow_action_type type)
{
	switch (type) {
	case RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT:
	case RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR:
	case RTE_FLOW_ACTION_TYPE_PORT_ID:
	case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
	case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
	case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP:
	case RTE_FLOW_ACTION_TYPE_AGE:
		return true;
	default:
		return false;
	}
}

int
nicsim_eth_flow_action(struct nicsim_eth_parser *p, const struct rte_flow_action *action)
{
	switch (action->type) {
	case RTE_FLOW_ACTION_TYPE_VOID:
		return 0;
	case RTE_FLOW_ACTION_TYPE_DROP:
		return set_drop(p, action);
	case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
		return pop_vlan(p, action);
	case RTE_FLOW_ACTION_TYPE_COUNT:
		return set_count(p, action);
	default:
		if (action->conf == NULL && is_configured(action->type))
			return REFUSE(p, EINVAL, ACTION_CONF, action, "the action says not what");
		return parse_configured(p, action);
	}
}
