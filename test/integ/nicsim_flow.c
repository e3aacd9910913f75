/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Transfer rules on ports of a simulated NIC: what is taken and what it comes to, what is refused
 * and with which words, whom a rule belongs to, counters and ageing. Frames: nicsim_traffic.c.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_flow.h>

#include "nicsim_rig.h"

#define NIC "net_nicsim_flow"
#define ITEM(t) { .type = RTE_FLOW_ITEM_TYPE_##t }
#define ITEM1(t, s) { .type = RTE_FLOW_ITEM_TYPE_##t, .spec = &(s) }
#define ITEM2(t, s, m) { .type = RTE_FLOW_ITEM_TYPE_##t, .spec = &(s), .mask = &(m) }
#define ACT(t) { .type = RTE_FLOW_ACTION_TYPE_##t }
#define ACT1(t, c) { .type = RTE_FLOW_ACTION_TYPE_##t, .conf = &(c) }
#define MAX 8

/* Whom the error is about. */
enum cause { NOBODY, ATTR, ITEM_1, ITEM_2, ITEM_3, SPEC_1, MASK_1, MASK_2, LAST_1, ACT_1, ACT_2,
	ACT_3, CONF_1, CONF_2, CONF_3, ANY_CAUSE };

struct rule {
	const char *name;
	struct rte_flow_attr attr;
	struct rte_flow_item item[MAX];
	struct rte_flow_action action[MAX];
	/* Taken: its text. Refused: type, cause, part of the message. */
	const char *words;
	enum rte_flow_error_type type;
	enum cause cause;
};

static struct rte_flow_item_ethdev pf, vf0, vf1, nowhere = { 31 };
static struct rte_flow_item_port_id old_pf, old_vf1;
static struct rte_flow_action_ethdev to_pf, to_vf0, to_vf1, to_nowhere = { 31 };
static struct rte_flow_action_port_id to_old_vf0, to_original;
static const struct rte_flow_item_ethdev half_port = { 0xff };
static const struct rte_flow_item_eth eth = {
	.hdr = { .dst_addr = { { 2, 0, 0, 0, 0, 1 } }, .src_addr = { { 2, 0, 0, 0, 0, 2 } },
		.ether_type = RTE_BE16(0x0806) },
	.has_vlan = 1,
};
static const struct rte_flow_item_eth dst_mask = {
	.hdr.dst_addr = { { 255, 255, 255, 255, 255, 255 } } };
static const struct rte_flow_item_eth oui_mask = { .hdr.src_addr = { { 255, 255, 255 } } };
static const struct rte_flow_item_eth type_mask = { .hdr.ether_type = RTE_BE16(0xffff) };
static const struct rte_flow_item_eth tag_mask = { .has_vlan = 1 };
static const struct rte_flow_item_eth tag_type_mask = { .hdr.ether_type = RTE_BE16(0xffff),
	.has_vlan = 1 };
static const struct rte_flow_item_eth no_tag = { .has_vlan = 0 };
static const struct rte_flow_item_eth odd_mask = { .reserved = 1 };
static const struct rte_flow_item_vlan vlan = { .hdr = { .vlan_tci = RTE_BE16(0x6064),
	.eth_proto = RTE_BE16(0x86dd) } };
static const struct rte_flow_item_vlan tci_mask = { .hdr.vlan_tci = RTE_BE16(0xffff) };
static const struct rte_flow_item_vlan inner_mask = { .hdr.eth_proto = RTE_BE16(0xffff) };
static const struct rte_flow_item_vlan more_mask = { .has_more_vlan = 1 };
static const struct rte_flow_item_ipv4 ip4, ip4_none;
static const struct rte_flow_item_ipv4 ip4_dst = { .hdr.dst_addr = RTE_BE32(0xffffffff) };
static const struct rte_flow_item_any any_two = { .num = 2 }, any_none = { .num = 0 };
static const struct rte_flow_action_of_push_vlan push = { RTE_BE16(0x8100) };
static const struct rte_flow_action_of_push_vlan push_s = { RTE_BE16(0x88a8) };
static const struct rte_flow_action_of_push_vlan push_odd = { RTE_BE16(0x9100) };
static const struct rte_flow_action_of_set_vlan_vid vid = { RTE_BE16(100) };
static const struct rte_flow_action_of_set_vlan_vid vid_big = { RTE_BE16(4096) };
static const struct rte_flow_action_of_set_vlan_pcp pcp = { 5 }, pcp_big = { 8 };
static const struct rte_flow_action_age age = { .timeout = 10 }, age_0 = { .timeout = 0 };
static const struct rte_flow_action_queue queue = { 0 };

#define T { .transfer = 1 }

static const struct rule taken_rules[] = {
	{ "nothing", T, { ITEM(END) }, { ACT(DROP), ACT(END) }, "priority 0, any: drop", 0, 0 },
	{ "from wire to VF", { .transfer = 1, .priority = 15 },
		{ ITEM1(REPRESENTED_PORT, pf), ITEM(END) },
		{ ACT1(REPRESENTED_PORT, to_vf0), ACT(END) },
		"priority 15, from wire: to vf0", 0, 0 },
	{ "from representors", T, { ITEM1(PORT_REPRESENTOR, vf1), ITEM(END) },
		{ ACT1(PORT_REPRESENTOR, to_pf), ACT(COUNT), ACT(END) },
		"priority 0, from vf1-representor: to pf count", 0, 0 },
	{ "ports by id", T, { ITEM1(PORT_ID, old_vf1), ITEM(END) },
		{ ACT1(PORT_ID, to_old_vf0), ACT(END) }, "priority 0, from vf1: to vf0", 0, 0 },
	{ "a port and its VF", T, { ITEM1(PORT_ID, old_pf), ITEM(END) },
		{ ACT1(PORT_REPRESENTOR, to_pf), ACT(END) }, "priority 0, from wire: to pf", 0, 0 },
	{ "voids", T, { ITEM(VOID), ITEM1(ANY, any_none), ITEM(ETH), ITEM(VOID), ITEM(END) },
		{ ACT(VOID), ACT(DROP), ACT(VOID), ACT(END) }, "priority 0, any: drop", 0, 0 },
	{ "addresses", T, { ITEM1(ETH, eth), ITEM(END) }, { ACT(DROP), ACT(END) },
		"dst 02:00:00:00:00:01 src 02:00:00:00:00:02: drop", 0, 0 },
	{ "one address", T, { ITEM2(ETH, eth, dst_mask), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, dst 02:00:00:00:00:01: drop", 0, 0 },
	{ "masked", T, { ITEM2(ETH, eth, oui_mask), ITEM(END) }, { ACT(DROP), ACT(END) },
		"src 02:00:00:00:00:00/FF:FF:FF:00:00:00: drop", 0, 0 },
	{ "type", T, { ITEM2(ETH, eth, type_mask), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, type 0x806: drop", 0, 0 },
	{ "tagged", T, { ITEM2(ETH, eth, tag_mask), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, tagged: drop", 0, 0 },
	{ "untagged", T, { ITEM2(ETH, no_tag, tag_mask), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, untagged: drop", 0, 0 },
	{ "any tag", T, { ITEM(ETH), ITEM(VLAN), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, tagged: drop", 0, 0 },
	{ "VLAN id", T, { ITEM(ETH), ITEM1(VLAN, vlan), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, tagged tci 0x64/0xfff: drop", 0, 0 },
	{ "TCI", T, { ITEM(ETH), ITEM2(VLAN, vlan, tci_mask), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, tagged tci 0x6064: drop", 0, 0 },
	{ "inner type", T, { ITEM(ETH), ITEM2(VLAN, vlan, inner_mask), ITEM(END) },
		{ ACT(DROP), ACT(END) }, "priority 0, tagged type 0x86dd: drop", 0, 0 },
	{ "IPv4", T, { ITEM(ETH), ITEM(IPV4), ITEM(END) }, { ACT(DROP), ACT(END) },
		"priority 0, type 0x800: drop", 0, 0 },
	{ "IPv4 with an empty mask", T, { ITEM(ETH), ITEM2(IPV4, ip4, ip4_none), ITEM(END) },
		{ ACT(DROP), ACT(END) }, "priority 0, type 0x800: drop", 0, 0 },
	{ "IPv6 in a VLAN", T, { ITEM(ETH), ITEM2(VLAN, vlan, inner_mask), ITEM(IPV6), ITEM(END) },
		{ ACT(DROP), ACT(END) }, "priority 0, tagged type 0x86dd: drop", 0, 0 },
	{ "push", T, { ITEM(END) },
		{ ACT1(OF_PUSH_VLAN, push), ACT1(OF_SET_VLAN_VID, vid), ACT1(OF_SET_VLAN_PCP, pcp),
			ACT1(REPRESENTED_PORT, to_vf1), ACT(END) },
		"priority 0, any: push 0x8100 tci 0xa064 to vf1", 0, 0 },
	{ "pop and push two", T, { ITEM(END) },
		{ ACT(OF_POP_VLAN), ACT1(OF_PUSH_VLAN, push), ACT1(OF_PUSH_VLAN, push_s),
			ACT1(OF_SET_VLAN_VID, vid), ACT1(REPRESENTED_PORT, to_vf1), ACT(END) },
		"pop push 0x8100 tci 0 push 0x88a8 tci 0x64 to vf1", 0, 0 },
	{ "age", T, { ITEM(END) }, { ACT1(AGE, age), ACT(DROP), ACT(END) },
		"priority 0, any: drop age 10", 0, 0 },
};

#define ERR(t) RTE_FLOW_ERROR_TYPE_##t
#define DROPPED { ACT(DROP), ACT(END) }
#define ALL { ITEM(END) }

static const struct rule refused_rules[] = {
	{ "group", { .transfer = 1, .group = 1 }, ALL, DROPPED, "group 1: there is group 0 only",
		ERR(ATTR_GROUP), ATTR },
	{ "priority", { .transfer = 1, .priority = 16 }, ALL, DROPPED,
		"priority 16: there are 0 to 15", ERR(ATTR_PRIORITY), ATTR },
	{ "ingress", { .ingress = 1 }, ALL, DROPPED, "transfer alone", ERR(ATTR_INGRESS), ATTR },
	{ "ingress too", { .transfer = 1, .ingress = 1 }, ALL, DROPPED, "transfer alone",
		ERR(ATTR_INGRESS), ATTR },
	{ "egress", { .transfer = 1, .egress = 1 }, ALL, DROPPED, "transfer alone",
		ERR(ATTR_EGRESS), ATTR },
	{ "no transfer", { .group = 0 }, ALL, DROPPED, "transfer is needed", ERR(ATTR_TRANSFER),
		ATTR },
	{ "port of another", T, { ITEM1(REPRESENTED_PORT, nowhere), ITEM(END) }, DROPPED,
		"port 31 is not of " NIC, ERR(ITEM_SPEC), SPEC_1 },
	{ "half a port", T, { ITEM2(REPRESENTED_PORT, pf, half_port), ITEM(END) }, DROPPED,
		"mask 0xffff", ERR(ITEM_MASK), MASK_1 },
	{ "no port", T, { ITEM(PORT_REPRESENTOR), ITEM(END) }, DROPPED, "which port",
		ERR(ITEM_SPEC), ITEM_1 },
	{ "two ports", T, { ITEM1(PORT_REPRESENTOR, vf0), ITEM1(PORT_ID, old_pf), ITEM(END) },
		DROPPED, "a second port", ERR(ITEM), ITEM_2 },
	{ "a range", T, { { RTE_FLOW_ITEM_TYPE_ETH, &eth, &eth, NULL }, ITEM(END) }, DROPPED,
		"ranges", ERR(ITEM_LAST), LAST_1 },
	{ "a mask alone", T, { { RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL, &dst_mask }, ITEM(END) },
		DROPPED, "a mask without a spec", ERR(ITEM_SPEC), ITEM_1 },
	{ "two Ethernet headers", T, { ITEM(ETH), ITEM(ETH), ITEM(END) }, DROPPED, "and once",
		ERR(ITEM), ITEM_2 },
	{ "Ethernet behind VLAN", T, { ITEM(VLAN), ITEM(ETH), ITEM(END) }, DROPPED,
		"comes first", ERR(ITEM), ITEM_2 },
	{ "reserved", T, { ITEM2(ETH, eth, odd_mask), ITEM(END) }, DROPPED, "reserved",
		ERR(ITEM_MASK), MASK_1 },
	{ "kind of tag", T, { ITEM2(ETH, eth, tag_type_mask), ITEM(END) }, DROPPED,
		"which kind of tag", ERR(ITEM_MASK), MASK_1 },
	{ "type and VLAN", T, { ITEM2(ETH, eth, type_mask), ITEM(VLAN), ITEM(END) }, DROPPED,
		"leave it out", ERR(ITEM), ITEM_2 },
	{ "untagged and VLAN", T, { ITEM2(ETH, no_tag, tag_mask), ITEM(VLAN), ITEM(END) }, DROPPED,
		"there is no tag", ERR(ITEM), ITEM_2 },
	{ "two tags", T, { ITEM(ETH), ITEM(VLAN), ITEM(VLAN), ITEM(END) }, DROPPED,
		"only the outermost", ERR(ITEM), ITEM_3 },
	{ "more tags", T, { ITEM(ETH), ITEM2(VLAN, vlan, more_mask), ITEM(END) }, DROPPED,
		"a second VLAN tag", ERR(ITEM_MASK), MASK_2 },
	{ "VLAN behind IPv4", T, { ITEM(ETH), ITEM(IPV4), ITEM(VLAN), ITEM(END) }, DROPPED,
		"before what it tags", ERR(ITEM), ITEM_3 },
	{ "an IPv4 address", T, { ITEM(ETH), ITEM2(IPV4, ip4, ip4_dst), ITEM(END) }, DROPPED,
		"of IPv4 only that it is there", ERR(ITEM_MASK), MASK_2 },
	{ "IPv4 with the usual mask", T, { ITEM(ETH), ITEM1(IPV4, ip4), ITEM(END) }, DROPPED,
		"of IPv4 only that it is there", ERR(ITEM_MASK), ANY_CAUSE },
	{ "IPv4 that is ARP", T, { ITEM2(ETH, eth, type_mask), ITEM(IPV4), ITEM(END) }, DROPPED,
		"is not IPv4's", ERR(ITEM), ITEM_2 },
	{ "IP in IP", T, { ITEM(ETH), ITEM(IPV4), ITEM(IPV6), ITEM(END) }, DROPPED,
		"cannot be matched", ERR(ITEM), ITEM_3 },
	{ "IPv4 behind any tag", T, { ITEM2(ETH, eth, tag_mask), ITEM(IPV4), ITEM(END) }, DROPPED,
		"with a VLAN item between", ERR(ITEM), ITEM_2 },
	{ "UDP", T, { ITEM(ETH), ITEM(IPV4), ITEM(UDP), ITEM(END) }, DROPPED,
		"there are ETH, VLAN, REPRESENTED_PORT", ERR(ITEM), ITEM_3 },
	{ "two of any", T, { ITEM1(ANY, any_two), ITEM(END) }, DROPPED, "any headers",
		ERR(ITEM_SPEC), SPEC_1 },
	{ "no fate", T, ALL, { ACT(COUNT), ACT(END) }, "where frames go is missing", ERR(ACTION),
		ACT_2 },
	{ "two fates", T, ALL, { ACT(DROP), ACT1(REPRESENTED_PORT, to_pf), ACT(END) },
		"goes to one port or is dropped", ERR(ACTION), ACT_2 },
	{ "to a port of another", T, ALL, { ACT1(PORT_REPRESENTOR, to_nowhere), ACT(END) },
		"port 31 is not of " NIC, ERR(ACTION_CONF), CONF_1 },
	{ "back", T, { ITEM1(PORT_ID, old_vf1), ITEM(END) },
		{ ACT(COUNT), ACT1(REPRESENTED_PORT, to_vf1), ACT(END) }, "cannot go back",
		ERR(ACTION_CONF), CONF_2 },
	{ "original", T, ALL, { ACT1(PORT_ID, to_original), ACT(END) }, "no original port",
		ERR(ACTION_CONF), CONF_1 },
	{ "no conf", T, ALL, { ACT(REPRESENTED_PORT), ACT(END) }, "says not what",
		ERR(ACTION_CONF), ACT_1 },
	{ "odd tag", T, ALL, { ACT1(OF_PUSH_VLAN, push_odd), ACT(DROP), ACT(END) },
		"0x8100 or 0x88a8, not 0x9100", ERR(ACTION_CONF), CONF_1 },
	{ "three pushed", T, ALL, { ACT1(OF_PUSH_VLAN, push), ACT1(OF_PUSH_VLAN, push),
			ACT1(OF_PUSH_VLAN, push), ACT(END) }, "more than two", ERR(ACTION), ACT_3 },
	{ "three popped", T, ALL, { ACT(OF_POP_VLAN), ACT(OF_POP_VLAN), ACT(OF_POP_VLAN),
			ACT(END) },
		"more than two", ERR(ACTION), ACT_3 },
	{ "pop what was pushed", T, ALL, { ACT1(OF_PUSH_VLAN, push), ACT(OF_POP_VLAN), ACT(END) },
		"popped before", ERR(ACTION), ACT_2 },
	{ "set a tag that is there", T, ALL, { ACT1(OF_SET_VLAN_VID, vid), ACT(DROP), ACT(END) },
		"pop the old one, push one", ERR(ACTION), ACT_1 },
	{ "large id", T, ALL, { ACT1(OF_PUSH_VLAN, push), ACT1(OF_SET_VLAN_VID, vid_big),
			ACT(END) },
		"4096 is more than 4095", ERR(ACTION_CONF), CONF_2 },
	{ "large priority", T, ALL, { ACT1(OF_PUSH_VLAN, push), ACT1(OF_SET_VLAN_VID, vid),
			ACT1(OF_SET_VLAN_PCP, pcp_big), ACT(END) },
		"8 is more than 7", ERR(ACTION_CONF), CONF_3 },
	{ "no time", T, ALL, { ACT1(AGE, age_0), ACT(DROP), ACT(END) }, "0 seconds",
		ERR(ACTION_CONF), CONF_1 },
	{ "two times", T, ALL, { ACT1(AGE, age), ACT1(AGE, age), ACT(DROP), ACT(END) },
		"a second AGE", ERR(ACTION), ACT_2 },
	{ "two counters", T, ALL, { ACT(COUNT), ACT(COUNT), ACT(DROP), ACT(END) },
		"a second COUNT", ERR(ACTION), ACT_2 },
	{ "a queue", T, ALL, { ACT1(QUEUE, queue), ACT(END) },
		"there are REPRESENTED_PORT, PORT_REPRESENTOR, PORT_ID, DROP", ERR(ACTION), ACT_1 },
};

static int ports[3];

static int
set_up(void)
{
	UT_DO(ut_eal());
	UT_EQ(nr_add(NIC, "vfs=2,representor=vf[0-1]"), 0);
	ports[0] = nr_port(NIC);
	ports[1] = nr_port(NIC "_representor_vf0");
	ports[2] = nr_port(NIC "_representor_vf1");
	pf.port_id = to_pf.port_id = old_pf.id = to_original.id = ports[0];
	vf0.port_id = to_vf0.port_id = to_old_vf0.id = ports[1];
	vf1.port_id = to_vf1.port_id = old_vf1.id = ports[2];
	to_original.original = 1;
	return 0;
}

static int
tear_down(void)
{
	UT_EQ(nr_remove(NIC), 0);
	return 0;
}

/* What a port's rules are, as dumped. */
static char *
dump(int port)
{
	struct rte_flow_error error;
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	rte_flow_dev_dump(port, NULL, file, &error);
	fclose(file);
	return text;
}

static int
taken(void)
{
	struct rte_flow_error error;
	const struct rule *r;
	struct rte_flow *flow;
	char *text;
	size_t i;

	UT_DO(set_up());
	for (i = 0; i < RTE_DIM(taken_rules); i++) {
		r = &taken_rules[i];
		memset(&error, 0, sizeof(error));
		if (rte_flow_validate(ports[i % 3], &r->attr, r->item, r->action, &error) != 0)
			UT_FAIL("%s: not valid: %s", r->name, error.message);
		flow = rte_flow_create(ports[i % 3], &r->attr, r->item, r->action, &error);
		if (flow == NULL)
			UT_FAIL("%s: %s", r->name, error.message);
		text = dump(ports[i % 3]);
		if (strstr(text, r->words) == NULL)
			UT_FAIL("%s: \"%s\", without \"%s\"", r->name, text, r->words);
		free(text);
		UT_EQ(nr_xstat(ports[0], "switch_flows"), 1);
		UT_EQ(rte_flow_destroy(ports[i % 3], flow, &error), 0);
		UT_EQ(nr_xstat(ports[0], "switch_flows"), 0);
	}
	return tear_down();
}

static const void *
cause_of(const struct rule *r)
{
	switch (r->cause) {
	case ATTR:
		return &r->attr;
	case ITEM_1:
	case ITEM_2:
	case ITEM_3:
		return &r->item[r->cause - ITEM_1];
	case SPEC_1:
		return r->item[0].spec;
	case MASK_1:
		return r->item[0].mask;
	case MASK_2:
		return r->item[1].mask;
	case LAST_1:
		return r->item[0].last;
	case ACT_1:
	case ACT_2:
	case ACT_3:
		return &r->action[r->cause - ACT_1];
	case CONF_1:
	case CONF_2:
	case CONF_3:
		return r->action[r->cause - CONF_1].conf;
	default:
		return NULL;
	}
}

static int
refuse(int port, const struct rule *r)
{
	struct rte_flow_error error = { .type = ERR(NONE) };

	if (rte_flow_create(port, &r->attr, r->item, r->action, &error) != NULL)
		UT_FAIL("%s: taken", r->name);
	if (error.type != r->type || error.message == NULL ||
		strstr(error.message, r->words) == NULL)
		UT_FAIL("%s: type %d, not %d: \"%s\", without \"%s\"", r->name, error.type, r->type,
			error.message == NULL ? "(none)" : error.message, r->words);
	if (r->cause != ANY_CAUSE && error.cause != cause_of(r))
		UT_FAIL("%s: it blames another part", r->name);
	UT_CHECK(rte_flow_validate(port, &r->attr, r->item, r->action, &error) < 0);
	return 0;
}

static int
refused(void)
{
	size_t i;

	UT_DO(set_up());
	for (i = 0; i < RTE_DIM(refused_rules); i++)
		UT_DO(refuse(ports[i % 3], &refused_rules[i]));
	UT_EQ(nr_xstat(ports[0], "switch_flows"), 0);
	return tear_down();
}

static int
legacy(void)
{
	static const struct rule any = { "legacy", T, ALL, DROPPED, "eswitch=legacy, a bridge",
		ERR(UNSPECIFIED), NOBODY };
	struct rte_eth_dev_info info;
	int port;

	UT_DO(ut_eal());
	UT_EQ(nr_add(NIC, "vfs=2,eswitch=legacy"), 0);
	port = nr_port(NIC);
	UT_DO(refuse(port, &any));
	UT_EQ(rte_eth_dev_info_get(port, &info), 0);
	UT_EQ(info.switch_info.domain_id, RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID);
	return tear_down();
}

static struct rte_flow *
make(int port, uint32_t priority, const struct rte_flow_action *action)
{
	const struct rte_flow_attr attr = { .transfer = 1, .priority = priority };
	const struct rte_flow_item item[] = { ITEM(ETH), ITEM(END) };
	struct rte_flow_error error;

	return rte_flow_create(port, &attr, item, action, &error);
}

static const struct rte_flow_action dropped[] = DROPPED;

/* A rule is its port's: others cannot touch it, and it goes with the port. */
static int
belongs(void)
{
	struct rte_flow_query_count count;
	const struct rte_flow_action ask[] = { ACT(COUNT), ACT(END) };
	struct rte_flow_error error;
	struct rte_flow *a, *b;
	uint64_t flows = 0;

	UT_DO(set_up());
	a = make(ports[0], 0, dropped);
	b = make(ports[1], 1, dropped);
	UT_CHECK(a != NULL && b != NULL && make(ports[1], 2, dropped) != NULL);
	/* The same again, on any port. */
	UT_CHECK(make(ports[2], 0, dropped) == NULL);
	UT_EQ(rte_errno, EEXIST);
	UT_EQ(rte_flow_destroy(ports[1], a, &error), -EINVAL);
	UT_EQ(error.type, ERR(HANDLE));
	UT_EQ(rte_flow_query(ports[1], a, ask, &count, &error), -EINVAL);
	UT_EQ(rte_flow_query(ports[0], a, ask, &count, &error), -ENOTSUP); /* made without */
	UT_EQ(rte_flow_flush(ports[0], &error), 0);
	flows = nr_xstat(ports[0], "switch_flows");
	UT_EQ(flows, 2);
	UT_EQ(rte_flow_destroy(ports[1], b, &error), 0);
	UT_EQ(nr_xstat(ports[0], "switch_flows"), 1);
	UT_EQ(rte_eth_dev_close(ports[1]), 0);
	UT_EQ(nr_xstat(ports[0], "switch_flows"), 0);
	UT_EQ(rte_flow_isolate(ports[0], 1, &error), -ENOSYS);
	return tear_down();
}

/* Rules stay while their port is stopped and started again, as its capabilities say. */
static int
kept(void)
{
	struct rte_eth_dev_info info;

	UT_DO(set_up());
	UT_EQ(rte_eth_dev_info_get(ports[1], &info), 0);
	UT_CHECK((info.dev_capa & RTE_ETH_DEV_CAPA_FLOW_RULE_KEEP) != 0);
	UT_DO(nr_start(ports[1], NULL));
	UT_CHECK(make(ports[1], 0, dropped) != NULL);
	UT_EQ(rte_eth_dev_stop(ports[1]), 0);
	UT_DO(nr_start(ports[1], NULL));
	UT_EQ(nr_xstat(ports[0], "switch_flows"), 1);
	return tear_down();
}

static int
on_aged(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	(void)port;
	(void)event;
	(void)ret;
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
	return 0;
}

static int
wait_for(int *events, int n)
{
	uint64_t end = nr_now() + NR_WAIT_MS;

	while (__atomic_load_n(events, __ATOMIC_RELAXED) < n && nr_now() < end)
		nr_nap(5);
	UT_EQ(__atomic_load_n(events, __ATOMIC_RELAXED), n);
	return 0;
}

static int
aged(void)
{
	static int mine;
	const struct rte_flow_action_age soon = { .timeout = 1, .context = &mine };
	const struct rte_flow_action_age soon_2 = { .timeout = 1 };
	const struct rte_flow_action one[] = { ACT1(AGE, soon), ACT(DROP), ACT(END) };
	const struct rte_flow_action two[] = { ACT1(AGE, soon_2), ACT(DROP), ACT(END) };
	const struct rte_flow_action ask[] = { ACT(AGE), ACT(END) };
	struct rte_flow_query_age query;
	struct rte_flow_error error;
	void *ctx[4] = { NULL };
	struct rte_flow *a, *b;
	int events[2] = { 0 };

	UT_DO(set_up());
	UT_EQ(rte_eth_dev_callback_register(ports[0], RTE_ETH_EVENT_FLOW_AGED, on_aged, &events[0]),
		0);
	UT_EQ(rte_eth_dev_callback_register(ports[1], RTE_ETH_EVENT_FLOW_AGED, on_aged, &events[1]),
		0);
	a = make(ports[0], 0, one);
	b = make(ports[0], 1, two);
	UT_CHECK(a != NULL && b != NULL);
	UT_EQ(rte_flow_get_aged_flows(ports[0], NULL, 0, &error), 0);
	UT_EQ(rte_flow_query(ports[0], a, ask, &query, &error), 0);
	UT_EQ(query.aged, 0);
	UT_EQ(query.sec_since_last_hit_valid, 1);
	UT_DO(wait_for(&events[0], 1));
	nr_nap(1500); /* both are aged by then; the event is not repeated */
	UT_EQ(__atomic_load_n(&events[0], __ATOMIC_RELAXED), 1);
	UT_EQ(rte_flow_query(ports[0], a, ask, &query, &error), 0);
	UT_EQ(query.aged, 1);
	UT_GE(query.sec_since_last_hit, 1);
	UT_EQ(rte_flow_get_aged_flows(ports[1], NULL, 0, &error), 0);
	UT_EQ(rte_flow_get_aged_flows(ports[0], NULL, 0, &error), 2);
	UT_EQ(rte_flow_get_aged_flows(ports[0], ctx, 4, &error), 2);
	UT_CHECK((ctx[0] == &mine && ctx[1] == b) || (ctx[0] == b && ctx[1] == &mine));
	UT_EQ(rte_flow_get_aged_flows(ports[0], ctx, 4, &error), 0);
	UT_CHECK(rte_flow_get_aged_flows(ports[0], NULL, 4, &error) < 0);
	UT_EQ(__atomic_load_n(&events[1], __ATOMIC_RELAXED), 0);
	rte_eth_dev_callback_unregister(ports[0], RTE_ETH_EVENT_FLOW_AGED, on_aged, &events[0]);
	rte_eth_dev_callback_unregister(ports[1], RTE_ETH_EVENT_FLOW_AGED, on_aged, &events[1]);
	return tear_down();
}

static const struct ut_case cases[] = {
	UT_CASE(taken),
	UT_CASE(refused),
	UT_CASE(legacy),
	UT_CASE(belongs),
	UT_CASE(kept),
	UT_CASE(aged),
	UT_END,
};
UT_SUITE(nicsim_flow, "integration", cases)
