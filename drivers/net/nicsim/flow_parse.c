/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * rte_flow rules to those of the embedded switch: attributes here, items and actions in files of
 * their own. What the switch cannot do is refused with the part that asks for it, and with words;
 * nothing is left out in silence. Any thread, no lock.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "flow_parse.h"

int
nicsim_eth_flow_refuse(struct rte_flow_error *error, int code, enum rte_flow_error_type type,
	const void *cause, const char *format, ...)
{
	static __thread char text[160];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return rte_flow_error_set(error, code, type, cause, text);
}

static int
parse_attr(struct nicsim_eth_parser *p, const struct rte_flow_attr *attr)
{
	if (attr == NULL)
		return REFUSE(p, EINVAL, ATTR, NULL, "no attributes");
	if (attr->group != 0)
		return REFUSE(p, ENOTSUP, ATTR_GROUP, attr, "group %u: there is group 0 only",
			attr->group);
	if (attr->priority >= NICSIM_FLOW_PRIORITIES)
		return REFUSE(p, ENOTSUP, ATTR_PRIORITY, attr, "priority %u: there are 0 to %u",
			attr->priority, NICSIM_FLOW_PRIORITIES - 1);
	if (attr->ingress)
		return REFUSE(p, ENOTSUP, ATTR_INGRESS, attr,
			"ingress: rules are the switch's, which has no direction: transfer alone");
	if (attr->egress)
		return REFUSE(p, ENOTSUP, ATTR_EGRESS, attr,
			"egress: rules are the switch's, which has no direction: transfer alone");
	if (!attr->transfer)
		return REFUSE(p, ENOTSUP, ATTR_TRANSFER, attr,
			"rules are the switch's: transfer is needed");
	p->rule->priority = attr->priority;
	return 0;
}

int
nicsim_eth_flow_port(const struct nicsim_eth_nic *nic, uint32_t id)
{
	unsigned int i;

	for (i = 0; i <= nic->num_vfs; i++)
		if (__atomic_load_n(&nic->port[i].id, __ATOMIC_RELAXED) == (int64_t)id)
			return i;
	return -1;
}

int
nicsim_eth_flow_parse(struct nicsim_eth_nic *nic, const struct rte_flow_attr *attr,
	const struct rte_flow_item *pattern, const struct rte_flow_action *actions,
	struct nicsim_eth_rule *rule, struct rte_flow_error *error)
{
	struct nicsim_eth_parser p = { .nic = nic, .rule = rule, .error = error };
	int ret;

	memset(rule, 0, sizeof(*rule));
	if (nic->mode != NICSIM_SWITCHDEV)
		return REFUSE(&p, ENOTSUP, UNSPECIFIED, NULL,
			"%s has eswitch=legacy, a bridge without rules: use eswitch=switchdev",
			nic->name);
	ret = parse_attr(&p, attr);
	if (ret == 0 && pattern == NULL)
		ret = REFUSE(&p, EINVAL, ITEM_NUM, NULL, "no pattern");
	if (ret == 0 && actions == NULL)
		ret = REFUSE(&p, EINVAL, ACTION_NUM, NULL, "no actions");
	for (; ret == 0 && pattern->type != RTE_FLOW_ITEM_TYPE_END; pattern++)
		ret = nicsim_eth_flow_item(&p, pattern);
	for (; ret == 0 && actions->type != RTE_FLOW_ACTION_TYPE_END; actions++)
		ret = nicsim_eth_flow_action(&p, actions);
	if (ret == 0 && !p.fate)
		ret = REFUSE(&p, EINVAL, ACTION, actions,
			"where frames go is missing: REPRESENTED_PORT, PORT_REPRESENTOR, PORT_ID "
			"or DROP");
	return ret;
}
