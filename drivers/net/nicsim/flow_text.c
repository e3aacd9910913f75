/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* Rules as text for people, for telemetry and dumps. Any thread, no lock. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>

#include "flow.h"

struct text {
	char *text;
	size_t len, used;
};

/* Words with a blank between them. */
static void __rte_format_printf(2, 3)
say(struct text *t, const char *format, ...)
{
	va_list ap;
	size_t n;

	if (t->used != 0 && t->used + 1 < t->len)
		t->text[t->used++] = ' ';
	va_start(ap, format);
	n = vsnprintf(t->text + t->used, t->len - t->used, format, ap);
	va_end(ap);
	t->used += RTE_MIN(n, t->len - t->used - 1);
}

static void
say_end(struct text *t, const char *what, struct nicsim_end end)
{
	if (end.port == 0)
		say(t, "%s %s", what, end.representor ? "pf" : "wire");
	else
		say(t, "%s vf%u%s", what, end.port - 1, end.representor ? "-representor" : "");
}

static void
say_mac(struct text *t, const char *what, const uint8_t *mac, const uint8_t *mask)
{
	static const uint8_t none[6], all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	char value[RTE_ETHER_ADDR_FMT_SIZE], under[RTE_ETHER_ADDR_FMT_SIZE];

	if (memcmp(mask, none, sizeof(none)) == 0)
		return;
	rte_ether_format_addr(value, sizeof(value), (const struct rte_ether_addr *)mac);
	rte_ether_format_addr(under, sizeof(under), (const struct rte_ether_addr *)mask);
	if (memcmp(mask, all, sizeof(all)) == 0)
		say(t, "%s %s", what, value);
	else
		say(t, "%s %s/%s", what, value, under);
}

static void
say_number(struct text *t, const char *what, uint16_t value, uint16_t mask)
{
	if (mask == UINT16_MAX)
		say(t, "%s %#x", what, value);
	else if (mask != 0)
		say(t, "%s %#x/%#x", what, value, mask);
}

void
nicsim_eth_flow_match_text(const struct nicsim_flow_match *m, char *text, size_t len)
{
	struct text t = { .text = text, .len = len };

	text[0] = '\0';
	if (m->has_from)
		say_end(&t, "from", m->from);
	say_mac(&t, "dst", m->dst, m->dst_mask);
	say_mac(&t, "src", m->src, m->src_mask);
	if (m->vlan != NICSIM_VLAN_ANY)
		say(&t, m->vlan == NICSIM_VLAN_NONE ? "untagged" : "tagged");
	say_number(&t, "tci", m->tci, m->tci_mask);
	say_number(&t, "type", m->ethertype, m->ethertype_mask);
	if (t.used == 0)
		say(&t, "any");
}

void
nicsim_eth_flow_actions_text(const struct nicsim_eth_rule *rule, char *text, size_t len)
{
	const struct nicsim_flow_actions *a = &rule->actions;
	struct text t = { .text = text, .len = len };
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < a->pop; i++)
		say(&t, "pop");
	for (i = 0; i < a->push; i++)
		say(&t, "push %#x tci %#x", a->tpid[i], a->tci[i]);
	if (a->has_to)
		say_end(&t, "to", a->to);
	if (a->drop)
		say(&t, "drop");
	if (rule->count)
		say(&t, "count");
	if (a->age_s != 0)
		say(&t, "age %u", a->age_s);
}
