/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Counters of a port: what its queues did, and as extended ones what is behind it: wire, switch and
 * hardware threads for the PF, the VF for a representor. Any thread. Resetting one port's keeps
 * what others count: it remembers where to count from.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "eth.h"

/* One pass makes names and values alike, so that they cannot differ in order. */
struct xlist {
	struct rte_eth_xstat_name *name; /* NULL: not wanted */
	uint64_t value[NICSIM_ETH_XSTATS];
	bool level[NICSIM_ETH_XSTATS]; /* not a count: never reset */
	unsigned int num;
	unsigned int size;
};

static uint64_t
get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void
queues_sum(const struct nicsim_eth_count *count, const struct nicsim_eth_count *base,
	struct nicsim_eth_count *sum, uint64_t *packets, uint64_t *bytes)
{
	uint64_t p, b;
	unsigned int i;

	for (i = 0; i < NICSIM_PORT_QUEUES; i++) {
		p = get(&count[i].packets) - get(&base[i].packets);
		b = get(&count[i].bytes) - get(&base[i].bytes);
		sum->packets += p;
		sum->bytes += b;
		sum->errors += get(&count[i].errors) - get(&base[i].errors);
		if (i < RTE_ETHDEV_QUEUE_STAT_CNTRS) {
			packets[i] = p;
			bytes[i] = b;
		}
	}
}

int
nicsim_eth_stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *stats)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct nicsim_eth_count rx = { 0 }, tx = { 0 };
	struct nicsim_port_stats sim;

	nicsim_port_stats(port->sim, &sim);
	queues_sum(port->rx, port->rx_base, &rx, stats->q_ipackets, stats->q_ibytes);
	queues_sum(port->tx, port->tx_base, &tx, stats->q_opackets, stats->q_obytes);
	stats->ipackets = rx.packets;
	stats->ibytes = rx.bytes;
	stats->rx_nombuf = rx.errors;
	stats->imissed = sim.rx_missed;
	stats->ierrors = sim.rx_too_long;
	/* The NIC looks at a frame after that was handed over, maybe after a reset. */
	stats->opackets = tx.packets - RTE_MIN(tx.packets, sim.tx_malformed);
	stats->obytes = tx.bytes;
	stats->oerrors = tx.errors + sim.tx_malformed;
	return 0;
}

static void
base_set(struct nicsim_eth_count *base, const struct nicsim_eth_count *count)
{
	unsigned int i;

	for (i = 0; i < NICSIM_PORT_QUEUES; i++) {
		__atomic_store_n(&base[i].packets, get(&count[i].packets), __ATOMIC_RELAXED);
		__atomic_store_n(&base[i].bytes, get(&count[i].bytes), __ATOMIC_RELAXED);
		__atomic_store_n(&base[i].errors, get(&count[i].errors), __ATOMIC_RELAXED);
	}
}

int
nicsim_eth_stats_reset(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);

	base_set(port->rx_base, port->rx);
	base_set(port->tx_base, port->tx);
	nicsim_port_stats_reset(port->sim);
	return 0;
}

static void __rte_format_printf(4, 5)
add(struct xlist *list, bool level, uint64_t value, const char *format, ...)
{
	unsigned int i = list->num++;
	va_list ap;

	list->value[i] = value;
	list->level[i] = level;
	if (list->name == NULL || i >= list->size)
		return;
	va_start(ap, format);
	vsnprintf(list->name[i].name, sizeof(list->name[i].name), format, ap);
	va_end(ap);
}

static void
pf_add(struct xlist *list, struct nicsim_eth_nic *nic)
{
	struct nicsim_wire_stats wire;
	struct nicsim_hw_stats hw;
	unsigned int i;

	nicsim_wire_stats(nicsim_wire(nic->sim), &wire);
	add(list, false, wire.rx_packets, "wire_rx_packets");
	add(list, false, wire.rx_bytes, "wire_rx_bytes");
	add(list, false, wire.rx_errors, "wire_rx_errors");
	add(list, false, wire.tx_packets, "wire_tx_packets");
	add(list, false, wire.tx_bytes, "wire_tx_bytes");
	add(list, false, wire.tx_errors, "wire_tx_errors");
	for (i = 0; i < NICSIM_DROP_NUM; i++)
		add(list, false, nicsim_switch_drops(nicsim_switch(nic->sim), i), "switch_drop_%s",
			nicsim_switch_drop_name(i));
	add(list, true, nicsim_flow_count(nicsim_switch_flows(nicsim_switch(nic->sim))),
		"switch_flows");
	nicsim_hw_stats(nic->sim, &hw);
	add(list, false, hw.frames, "hw_frames");
	add(list, false, hw.busy_ns, "hw_busy_ns");
	add(list, false, hw.sleeps, "hw_sleeps");
	add(list, false, hw.timeouts, "hw_timeouts");
}

static void
vf_add(struct xlist *list, struct nicsim_vf *vf)
{
	struct nicsim_vf_stats s;

	nicsim_vf_stats(vf, &s);
	add(list, false, s.tx_frames, "vf_tx_packets");
	add(list, false, s.tx_bytes, "vf_tx_bytes");
	add(list, false, s.tx_malformed, "vf_tx_malformed");
	add(list, false, s.tx_link_down, "vf_tx_link_down");
	add(list, false, s.rx_frames, "vf_rx_packets");
	add(list, false, s.rx_bytes, "vf_rx_bytes");
	add(list, false, s.rx_no_buffer, "vf_rx_no_buffer");
	add(list, false, s.rx_filtered, "vf_rx_filtered");
	add(list, false, s.rx_link_down, "vf_rx_link_down");
	add(list, false, s.rx_stopped, "vf_rx_stopped");
	add(list, false, s.rx_too_long, "vf_rx_too_long");
	add(list, false, s.dma_faults, "vf_dma_faults");
	add(list, false, s.resets, "vf_resets");
	add(list, true, s.dma_maps, "vf_dma_maps");
	add(list, true, s.active_pairs, "vf_active_pairs");
	add(list, true, s.link_up, "vf_link_up");
	add(list, true, s.gone, "vf_gone");
}

static void
list_make(struct nicsim_eth_port *port, struct xlist *list)
{
	struct nicsim_port_stats sim;

	nicsim_port_stats(port->sim, &sim);
	add(list, false, get(&port->rx_filtered), "rx_filtered");
	add(list, false, sim.rx_too_long, "rx_too_long");
	add(list, false, sim.tx_full, "tx_full");
	add(list, false, sim.tx_malformed, "tx_malformed");
	if (port->index == 0)
		pf_add(list, port->nic);
	else
		vf_add(list, nicsim_vf(port->nic->sim, port->index - 1));
}

int
nicsim_eth_xstats_names(
	struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int size)
{
	struct xlist list = { .name = names, .size = size };

	list_make(nicsim_eth_port_of(dev), &list);
	return list.num;
}

int
nicsim_eth_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *stats, unsigned int n)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct xlist list = { .name = NULL };
	unsigned int i;

	list_make(port, &list);
	if (n < list.num)
		return list.num;
	for (i = 0; i < list.num; i++) {
		stats[i].id = i;
		stats[i].value = list.value[i];
		if (!list.level[i])
			stats[i].value -= get(&port->xstats_base[i]);
	}
	return list.num;
}

int
nicsim_eth_xstats_reset(struct rte_eth_dev *dev)
{
	struct nicsim_eth_port *port = nicsim_eth_port_of(dev);
	struct xlist list = { .name = NULL };
	unsigned int i;

	nicsim_eth_stats_reset(dev);
	list_make(port, &list);
	for (i = 0; i < list.num; i++)
		__atomic_store_n(&port->xstats_base[i], list.value[i], __ATOMIC_RELAXED);
	return 0;
}
