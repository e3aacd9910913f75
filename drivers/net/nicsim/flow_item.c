/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Items of a rte_flow pattern to what a rule of the embedded switch matches. Any thread, no lock.
 */
#include <rte_byteorder.h>
#include <rte_ether.h>

#include "flow_parse.h"

static int
from_set(struct nicsim_eth_parser *p, const struct rte_flow_item *item, uint32_t id,
	bool representor)
{
	struct nicsim_flow_match *m = &p->rule->match;
	int index = nicsim_eth_flow_port(p->nic, id);

	if (m->has_from)
		return REFUSE(p, EINVAL, ITEM, item, "a second port that frames come from");
	if (index < 0)
		return REFUSE(p, EINVAL, ITEM_SPEC, item->spec, "port %u is not of %s", id,
			p->nic->name);
	m->has_from = true;
	m->from.port = index;
	m->from.representor = representor;
	return 0;
}

/* Spec and mask of an item, with the default mask where none is given. spec NULL: anything goes. */
static int
item_get(struct nicsim_eth_parser *p, const struct rte_flow_item *item, const void *default_mask,
	const void **spec, const void **mask)
{
	*spec = item->spec;
	*mask = item->mask != NULL ? item->mask : default_mask;
	if (item->last != NULL)
		return REFUSE(p, ENOTSUP, ITEM_LAST, item->last, "ranges cannot be matched");
	if (item->spec == NULL && item->mask != NULL)
		return REFUSE(p, EINVAL, ITEM_SPEC, item, "a mask without a spec");
	return 0;
}

static int
parse_ethdev(struct nicsim_eth_parser *p, const struct rte_flow_item *item)
{
	const void *s, *m;
	int ret = item_get(p, item, &rte_flow_item_ethdev_mask, &s, &m);

	if (ret != 0)
		return ret;
	if (s == NULL)
		return REFUSE(p, ENOTSUP, ITEM_SPEC, item, "which port has to be said");
	if (((const struct rte_flow_item_ethdev *)m)->port_id != UINT16_MAX)
		return REFUSE(p, ENOTSUP, ITEM_MASK, m, "a port is matched whole, mask 0xffff");
	return from_set(p, item, ((const struct rte_flow_item_ethdev *)s)->port_id,
		item->type == RTE_FLOW_ITEM_TYPE_PORT_REPRESENTOR);
}

static int
parse_port_id(struct nicsim_eth_parser *p, const struct rte_flow_item *item)
{
	const void *s, *m;
	int ret = item_get(p, item, &rte_flow_item_port_id_mask, &s, &m);

	if (ret != 0)
		return ret;
	if (s == NULL)
		return REFUSE(p, ENOTSUP, ITEM_SPEC, item, "which port has to be said");
	if (((const struct rte_flow_item_port_id *)m)->id != UINT32_MAX)
		return REFUSE(p, ENOTSUP, ITEM_MASK, m, "a port is matched whole, mask 0xffffffff");
	return from_set(p, item, ((const struct rte_flow_item_port_id *)s)->id, false);
}

static int
parse_eth(struct nicsim_eth_parser *p, const struct rte_flow_item *item)
{
	struct nicsim_flow_match *match = &p->rule->match;
	const struct rte_flow_item_eth *s, *m;
	const void *spec, *mask;
	unsigned int i;
	int ret = item_get(p, item, &rte_flow_item_eth_mask, &spec, &mask);

	if (ret != 0)
		return ret;
	if (p->eth || p->vlan || p->l3)
		return REFUSE(p, ENOTSUP, ITEM, item, "an Ethernet header comes first, and once");
	p->eth = true;
	if (spec == NULL)
		return 0;
	s = spec;
	m = mask;
	if (m->reserved != 0)
		return REFUSE(p, EINVAL, ITEM_MASK, m, "reserved bits of the mask are not 0");
	for (i = 0; i < RTE_ETHER_ADDR_LEN; i++) {
		match->dst_mask[i] = m->hdr.dst_addr.addr_bytes[i];
		match->dst[i] = s->hdr.dst_addr.addr_bytes[i] & match->dst_mask[i];
		match->src_mask[i] = m->hdr.src_addr.addr_bytes[i];
		match->src[i] = s->hdr.src_addr.addr_bytes[i] & match->src_mask[i];
	}
	match->ethertype_mask = rte_be_to_cpu_16(m->hdr.ether_type);
	match->ethertype = rte_be_to_cpu_16(s->hdr.ether_type) & match->ethertype_mask;
	if (m->has_vlan)
		match->vlan = s->has_vlan ? NICSIM_VLAN_TAGGED : NICSIM_VLAN_NONE;
	if (match->vlan == NICSIM_VLAN_TAGGED && match->ethertype_mask != 0)
		return REFUSE(p, ENOTSUP, ITEM_MASK, m,
			"which kind of tag it is (type beside has_vlan) cannot be matched");
	return 0;
}

static int
parse_vlan(struct nicsim_eth_parser *p, const struct rte_flow_item *item)
{
	struct nicsim_flow_match *match = &p->rule->match;
	const struct rte_flow_item_vlan *s, *m;
	const void *spec, *mask;
	int ret = item_get(p, item, &rte_flow_item_vlan_mask, &spec, &mask);

	if (ret != 0)
		return ret;
	if (p->vlan)
		return REFUSE(p, ENOTSUP, ITEM, item, "only the outermost VLAN tag can be matched");
	if (p->l3)
		return REFUSE(p, EINVAL, ITEM, item, "a VLAN tag comes before what it tags");
	if (match->ethertype_mask != 0)
		return REFUSE(p, ENOTSUP, ITEM, item,
			"a tag's kind (type of the Ethernet item) cannot be matched: leave it out");
	if (match->vlan == NICSIM_VLAN_NONE)
		return REFUSE(p, EINVAL, ITEM, item, "the Ethernet item says that there is no tag");
	p->vlan = true;
	match->vlan = NICSIM_VLAN_TAGGED;
	if (spec == NULL)
		return 0;
	s = spec;
	m = mask;
	if (m->has_more_vlan || m->reserved != 0)
		return REFUSE(p, ENOTSUP, ITEM_MASK, m, "a second VLAN tag cannot be matched");
	match->tci_mask = rte_be_to_cpu_16(m->hdr.vlan_tci);
	match->tci = rte_be_to_cpu_16(s->hdr.vlan_tci) & match->tci_mask;
	match->ethertype_mask = rte_be_to_cpu_16(m->hdr.eth_proto);
	match->ethertype = rte_be_to_cpu_16(s->hdr.eth_proto) & match->ethertype_mask;
	return 0;
}

static bool
is_zero(const void *data, size_t len)
{
	const uint8_t *byte = data;

	while (len-- > 0)
		if (*byte++ != 0)
			return false;
	return true;
}

/* No more than that it is there: which its ethertype says. */
static int
parse_l3(struct nicsim_eth_parser *p, const struct rte_flow_item *item, uint16_t type, size_t size,
	const char *name)
{
	struct nicsim_flow_match *match = &p->rule->match;

	if (item->last != NULL)
		return REFUSE(p, ENOTSUP, ITEM_LAST, item->last, "ranges cannot be matched");
	if (item->spec != NULL && (item->mask == NULL || !is_zero(item->mask, size)))
		return REFUSE(p, ENOTSUP, ITEM_MASK, item->mask,
			"of %s only that it is there can be matched: leave out its fields", name);
	if (p->l3)
		return REFUSE(p, ENOTSUP, ITEM, item, "headers behind %s cannot be matched",
			"the first one of layer 3");
	if (match->vlan == NICSIM_VLAN_TAGGED && !p->vlan)
		return REFUSE(p, ENOTSUP, ITEM, item,
			"behind a tag (has_vlan) %s is matched with a VLAN item between", name);
	if ((match->ethertype & match->ethertype_mask) != (type & match->ethertype_mask))
		return REFUSE(p, EINVAL, ITEM, item, "the type before it is not %s's", name);
	p->l3 = true;
	match->ethertype = type;
	match->ethertype_mask = UINT16_MAX;
	return 0;
}

static int
parse_any(struct nicsim_eth_parser *p, const struct rte_flow_item *item)
{
	const struct rte_flow_item_any *s = item->spec;

	if (s != NULL && s->num != 0)
		return REFUSE(
			p, ENOTSUP, ITEM_SPEC, s, "a number of any headers cannot be matched");
	return 0;
}

int
nicsim_eth_flow_item(struct nicsim_eth_parser *p, const struct rte_flow_item *item)
{
	switch (item->type) {
	case RTE_FLOW_ITEM_TYPE_VOID:
		return 0;
	case RTE_FLOW_ITEM_TYPE_ANY:
		return parse_any(p, item);
	case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
	case RTE_FLOW_ITEM_TYPE_PORT_REPRESENTOR:
		return parse_ethdev(p, item);
	case RTE_FLOW_ITEM_TYPE_PORT_ID:
		return parse_port_id(p, item);
	case RTE_FLOW_ITEM_TYPE_ETH:
		return parse_eth(p, item);
	case RTE_FLOW_ITEM_TYPE_VLAN:
		return parse_vlan(p, item);
	case RTE_FLOW_ITEM_TYPE_IPV4:
		return parse_l3(p, item, RTE_ETHER_TYPE_IPV4, sizeof(struct rte_flow_item_ipv4),
			"IPv4");
	case RTE_FLOW_ITEM_TYPE_IPV6:
		return parse_l3(p, item, RTE_ETHER_TYPE_IPV6, sizeof(struct rte_flow_item_ipv6),
			"IPv6");
	default:
		return REFUSE(p, ENOTSUP, ITEM, item,
			"item type %d cannot be matched: there are ETH, VLAN, REPRESENTED_PORT, "
			"PORT_REPRESENTOR, PORT_ID, and IPV4, IPV6 without fields",
			item->type);
	}
}
