/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The embedded switch. Owns its rules, or what it learned in legacy mode, and the counters of what
 * it dropped. Runs on hardware threads; there it never allocates, and waits for nothing but a
 * change of a table.
 */
#include <stdlib.h>

#include "nicsim_fdb.h"
#include "nicsim_switch.h"

struct nicsim_switch {
	unsigned int ports;
	enum nicsim_switch_mode mode;
	struct nicsim_flows *flows;
	struct nicsim_fdb *fdb; /* legacy */
	uint64_t drops[NICSIM_DROP_NUM]; /* atomic */
};

/* One frame on its way. */
struct passage {
	struct nicsim_switch *sw;
	struct nicsim_end from;
	struct nicsim_frame *frame;
	void (*out)(void *ctx, struct nicsim_end to, struct nicsim_frame *frame);
	void *ctx;
};

struct nicsim_switch *
nicsim_switch_new(unsigned int ports, enum nicsim_switch_mode mode)
{
	struct nicsim_switch *sw = calloc(1, sizeof(*sw));

	if (sw == NULL)
		return NULL;
	sw->ports = ports;
	sw->mode = mode;
	sw->flows = nicsim_flows_new();
	if (mode == NICSIM_LEGACY)
		sw->fdb = nicsim_fdb_new(ports + 1);
	if (sw->flows == NULL || (mode == NICSIM_LEGACY && sw->fdb == NULL)) {
		nicsim_switch_free(sw);
		return NULL;
	}
	return sw;
}

void
nicsim_switch_free(struct nicsim_switch *sw)
{
	if (sw == NULL)
		return;
	nicsim_fdb_free(sw->fdb);
	nicsim_flows_free(sw->flows);
	free(sw);
}

enum nicsim_switch_mode
nicsim_switch_mode(const struct nicsim_switch *sw)
{
	return sw->mode;
}

struct nicsim_flows *
nicsim_switch_flows(struct nicsim_switch *sw)
{
	return sw->flows;
}

static void
drop(struct nicsim_switch *sw, enum nicsim_switch_drop reason)
{
	__atomic_fetch_add(&sw->drops[reason], 1, __ATOMIC_RELAXED);
}

static void
send(const struct passage *p, struct nicsim_end to)
{
	if (to.port >= p->sw->ports)
		drop(p->sw, NICSIM_DROP_NO_PORT);
	else if (to.port == p->from.port && to.representor == p->from.representor)
		drop(p->sw, NICSIM_DROP_SELF);
	else
		p->out(p->ctx, to, p->frame);
}

/* --- switchdev ------------------------------------------------------------------------------- */

static bool
retag(struct nicsim_frame *frame, const struct nicsim_flow_actions *a)
{
	unsigned int i;

	for (i = 0; i < a->pop; i++)
		if (nicsim_frame_vlan_pop(frame) != 0)
			return false;
	for (i = 0; i < a->push; i++)
		nicsim_frame_vlan_push(frame, a->tpid[i], a->tci[i]);
	return true;
}

static void
by_rules(const struct passage *p, uint64_t now_ms)
{
	struct nicsim_end to = { .port = p->from.port, .representor = !p->from.representor };
	struct nicsim_flow_actions a;

	if (nicsim_flow_lookup(p->sw->flows, p->from, p->frame, now_ms, &a)) {
		if (a.drop) {
			drop(p->sw, NICSIM_DROP_RULE);
			return;
		}
		if (!retag(p->frame, &a)) {
			drop(p->sw, NICSIM_DROP_VLAN);
			return;
		}
		if (a.has_to)
			to = a.to;
	}
	send(p, to);
}

/* --- legacy ---------------------------------------------------------------------------------- */

/* Ports of the bridge: the wire, the VFs, and behind them the PF, which is the uplink's software. */
static unsigned int
bridge_port(const struct nicsim_switch *sw, struct nicsim_end end)
{
	return end.representor ? sw->ports : end.port;
}

static struct nicsim_end
bridge_end(const struct nicsim_switch *sw, unsigned int port)
{
	if (port == sw->ports)
		return (struct nicsim_end){ .port = 0, .representor = true };
	return (struct nicsim_end){ .port = (uint16_t)port };
}

static void
flood(const struct passage *p)
{
	unsigned int from = bridge_port(p->sw, p->from), port;

	for (port = 0; port <= p->sw->ports; port++)
		if (port != from)
			p->out(p->ctx, bridge_end(p->sw, port), p->frame);
}

static void
by_address(const struct passage *p, uint64_t now_ms)
{
	const uint8_t *data = p->frame->data;
	int port;

	if (p->from.representor && p->from.port != 0) { /* VFs have none in this mode */
		drop(p->sw, NICSIM_DROP_NO_PORT);
		return;
	}
	nicsim_fdb_learn(p->sw->fdb, data + 6, bridge_port(p->sw, p->from), now_ms);
	port = (data[0] & 1) != 0 ? -1 : nicsim_fdb_find(p->sw->fdb, data, now_ms);
	if (port < 0)
		flood(p);
	else
		send(p, bridge_end(p->sw, (unsigned int)port));
}

void
nicsim_switch_forward(struct nicsim_switch *sw, struct nicsim_end from, struct nicsim_frame *frame,
	uint64_t now_ms, void (*out)(void *ctx, struct nicsim_end to, struct nicsim_frame *frame),
	void *ctx)
{
	const struct passage p = { sw, from, frame, out, ctx };

	if (from.port >= sw->ports)
		drop(sw, NICSIM_DROP_NO_PORT);
	else if (sw->mode == NICSIM_LEGACY)
		by_address(&p, now_ms);
	else
		by_rules(&p, now_ms);
}

uint64_t
nicsim_switch_drops(const struct nicsim_switch *sw, enum nicsim_switch_drop reason)
{
	return __atomic_load_n(&sw->drops[reason], __ATOMIC_RELAXED);
}

const char *
nicsim_switch_drop_name(enum nicsim_switch_drop reason)
{
	static const char *const names[] = {
		[NICSIM_DROP_RULE] = "rule",
		[NICSIM_DROP_VLAN] = "vlan",
		[NICSIM_DROP_NO_PORT] = "no_port",
		[NICSIM_DROP_SELF] = "self",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == NICSIM_DROP_NUM, "a name for each");
	return names[reason];
}
