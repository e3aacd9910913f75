/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * /nicsim/... commands of DPDK's telemetry: what there is to see of a NIC, and faults on demand. On
 * telemetry's threads, the NIC held meanwhile. A request that cannot be served is answered with
 * {"error": why}. Text that is longer than telemetry's strings is an array of lines.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "telemetry.h"

/* Bytes of the next line of a text, its final blank included: whole words as far as they fit. */
static size_t
line_len(const char *text)
{
	size_t len = strnlen(text, RTE_TEL_MAX_STRING_LEN), blank;

	if (len < RTE_TEL_MAX_STRING_LEN)
		return len;
	len = RTE_TEL_MAX_STRING_LEN - 1;
	for (blank = len; blank > 0 && text[blank - 1] != ' '; blank--)
		;
	return blank != 0 ? blank : len;
}

void
nicsim_eth_tel_text(struct rte_tel_data *d, const char *name, const char *text)
{
	struct rte_tel_data *lines;
	char line[RTE_TEL_MAX_STRING_LEN];

	lines = strlen(text) < sizeof(line) ? NULL : rte_tel_data_alloc();
	if (lines == NULL) {
		rte_tel_data_add_dict_string(d, name, text);
		return;
	}
	rte_tel_data_start_array(lines, RTE_TEL_STRING_VAL);
	for (; *text != '\0'; text += line_len(text)) {
		snprintf(line, sizeof(line), "%.*s", (int)line_len(text), text);
		rte_tel_data_add_array_string(lines, line);
	}
	if (rte_tel_data_add_dict_container(d, name, lines, 0) != 0)
		rte_tel_data_free(lines);
}

int
nicsim_eth_tel_refuse(struct rte_tel_data *d, const char *format, ...)
{
	char text[NICSIM_ETH_WHY + 2 * NICSIM_ETH_PARAMS_LEN];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	rte_tel_data_start_dict(d);
	nicsim_eth_tel_text(d, "error", text);
	return 0;
}

static void
split(struct nicsim_eth_params *p, const char *text)
{
	char *at = p->text;
	unsigned int i;

	memset(p, 0, sizeof(*p));
	snprintf(p->text, sizeof(p->text), "%s", text == NULL ? "" : text);
	for (i = 0; i < NICSIM_ETH_PARAMS_MAX && at != NULL && *at != '\0'; i++) {
		/* The last one may hold commas. */
		p->word[i] = i == NICSIM_ETH_PARAMS_MAX - 1 ? at : strsep(&at, ",");
	}
}

bool
nicsim_eth_tel_number(const char *word, const char *prefix, unsigned int *n)
{
	unsigned long number;
	char *end;

	if (word == NULL)
		return false;
	if (strncmp(word, prefix, strlen(prefix)) == 0)
		word += strlen(prefix);
	errno = 0;
	number = strtoul(word, &end, 10);
	if (!isdigit((unsigned char)word[0]) || *end != '\0' || errno != 0 || number > UINT_MAX)
		return false;
	*n = number;
	return true;
}

struct nicsim_eth_nic *
nicsim_eth_tel_nic(struct nicsim_eth_params *p, const char *params, struct rte_tel_data *d)
{
	struct nicsim_eth_nic *nic;

	split(p, params);
	nic = p->word[0] == NULL ? NULL : nicsim_eth_nic_get(p->word[0]);
	if (nic == NULL)
		nicsim_eth_tel_refuse(d, "no simulated NIC '%s'; /nicsim/list has their names",
			p->word[0] == NULL ? "" : p->word[0]);
	return nic;
}

struct nicsim_eth_nic *
nicsim_eth_tel_vf(struct nicsim_eth_params *p, const char *params, struct rte_tel_data *d,
	unsigned int *vf)
{
	struct nicsim_eth_nic *nic = nicsim_eth_tel_nic(p, params, d);

	if (nic == NULL)
		return NULL;
	if (nicsim_eth_tel_number(p->word[1], "vf", vf) && *vf < nic->num_vfs)
		return nic;
	nicsim_eth_tel_refuse(d, "no VF '%s': %s has %u VFs",
		p->word[1] == NULL ? "" : p->word[1], nic->name, nic->num_vfs);
	nicsim_eth_nic_put(nic);
	return NULL;
}

static void
list_one(struct nicsim_eth_nic *nic, void *ctx)
{
	rte_tel_data_add_array_string(ctx, nic->name);
}

static int
tel_list(const char *cmd, const char *params, struct rte_tel_data *d)
{
	(void)cmd;
	(void)params;
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	nicsim_eth_nic_each(list_one, d);
	return 0;
}

static void
tel_u64s(struct rte_tel_data *d, const char *const *names, const uint64_t *values, unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		rte_tel_data_add_dict_uint(d, names[i], values[i]);
}

#define TEL_U64S(d, names, ...)                                                                    \
	do {                                                                                       \
		const uint64_t values_[] = { __VA_ARGS__ };                                        \
		RTE_BUILD_BUG_ON(RTE_DIM(values_) != RTE_DIM(names));                              \
		tel_u64s(d, names, values_, RTE_DIM(values_));                                     \
	} while (0)

/* Telemetry takes letters, digits and '_' in names. */
static void
tel_named(struct rte_tel_data *d, const char *prefix, const char *name, uint64_t value)
{
	char text[64], *at;

	snprintf(text, sizeof(text), "%s_%s", prefix, name);
	for (at = text; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	rte_tel_data_add_dict_uint(d, text, value);
}

static void
wire_tell(struct nicsim_wire *wire, struct rte_tel_data *d)
{
	static const char *const names[] = { "wire_link", "wire_rx_packets", "wire_rx_bytes",
		"wire_rx_errors", "wire_tx_packets", "wire_tx_bytes", "wire_tx_errors" };
	struct nicsim_wire_stats s;

	nicsim_wire_stats(wire, &s);
	nicsim_eth_tel_text(d, "wire", nicsim_wire_name(wire));
	TEL_U64S(d, names, nicsim_wire_link(wire), s.rx_packets, s.rx_bytes, s.rx_errors,
		s.tx_packets, s.tx_bytes, s.tx_errors);
}

static void
switch_tell(struct nicsim_switch *sw, struct rte_tel_data *d)
{
	unsigned int i;

	rte_tel_data_add_dict_uint(d, "flows", nicsim_flow_count(nicsim_switch_flows(sw)));
	for (i = 0; i < NICSIM_DROP_NUM; i++)
		tel_named(d, "switch_drop", nicsim_switch_drop_name(i), nicsim_switch_drops(sw, i));
}

static int
tel_nic(const char *cmd, const char *params, struct rte_tel_data *d)
{
	static const char *const hw_names[] = { "hw_frames", "hw_busy_ns", "hw_sleeps",
		"hw_timeouts" };
	struct nicsim_port_stats pf;
	struct nicsim_eth_nic *nic;
	struct nicsim_hw_stats hw;
	struct nicsim_eth_params p;

	(void)cmd;
	nic = nicsim_eth_tel_nic(&p, params, d);
	if (nic == NULL)
		return 0;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", nic->name);
	rte_tel_data_add_dict_string(
		d, "eswitch", nic->mode == NICSIM_SWITCHDEV ? "switchdev" : "legacy");
	rte_tel_data_add_dict_uint(d, "vfs", nic->num_vfs);
	wire_tell(nicsim_wire(nic->sim), d);
	switch_tell(nicsim_switch(nic->sim), d);
	nicsim_port_stats(nicsim_port(nic->sim, 0), &pf);
	rte_tel_data_add_dict_uint(d, "pf_tx_malformed", pf.tx_malformed);
	nicsim_hw_stats(nic->sim, &hw);
	TEL_U64S(d, hw_names, hw.frames, hw.busy_ns, hw.sleeps, hw.timeouts);
	nicsim_eth_nic_put(nic);
	return 0;
}

/* {"pf": 0, "vf3": 1}: which ethdev is which port's. */
static int
tel_ports(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct nicsim_eth_nic *nic;
	struct nicsim_eth_params p;
	char name[16] = "pf";
	unsigned int i;
	int id;

	(void)cmd;
	nic = nicsim_eth_tel_nic(&p, params, d);
	if (nic == NULL)
		return 0;
	rte_tel_data_start_dict(d);
	for (i = 0; i <= nic->num_vfs; i++) {
		if (i != 0)
			snprintf(name, sizeof(name), "vf%u", i - 1);
		id = __atomic_load_n(&nic->port[i].id, __ATOMIC_RELAXED);
		if (id >= 0)
			rte_tel_data_add_dict_uint(d, name, id);
	}
	nicsim_eth_nic_put(nic);
	return 0;
}

static void
vf_state_tell(const struct nicsim_vf_stats *s, struct rte_tel_data *d)
{
	static const char *const names[] = { "open", "gone", "link_up", "promiscuous", "pairs",
		"active_pairs", "resets", "dma_maps", "dma_bytes", "dma_faults",
		"dma_fault_iova" };
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	rte_ether_format_addr(text, sizeof(text), (const struct rte_ether_addr *)s->mac);
	rte_tel_data_add_dict_string(d, "mac", text);
	snprintf(text, sizeof(text), "%#x", s->status);
	rte_tel_data_add_dict_string(d, "status", text);
	snprintf(text, sizeof(text), "%#" PRIx64, s->features);
	rte_tel_data_add_dict_string(d, "features", text);
	rte_tel_data_add_dict_string(d, "violation", s->violation == NULL ? "" : s->violation);
	TEL_U64S(d, names, s->open, s->gone, s->link_up, s->promisc, s->pairs, s->active_pairs,
		s->resets, s->dma_maps, s->dma_bytes, s->dma_faults, s->dma_fault_iova);
}

static int
tel_vf(const char *cmd, const char *params, struct rte_tel_data *d)
{
	static const char *const names[] = { "tx_packets", "tx_bytes", "tx_malformed",
		"tx_link_down", "rx_packets", "rx_bytes", "rx_no_buffer", "rx_filtered",
		"rx_link_down", "rx_stopped", "rx_too_long", "representor_tx_malformed" };
	struct nicsim_port_stats rep;
	struct nicsim_eth_nic *nic;
	struct nicsim_vf_stats s;
	struct nicsim_eth_params p;
	unsigned int n;

	(void)cmd;
	nic = nicsim_eth_tel_vf(&p, params, d, &n);
	if (nic == NULL)
		return 0;
	nicsim_vf_stats(nic->vf[n].sim, &s);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "vdpa", nic->vf[n].name);
	vf_state_tell(&s, d);
	nicsim_port_stats(nicsim_port(nic->sim, 1 + n), &rep);
	TEL_U64S(d, names, s.tx_frames, s.tx_bytes, s.tx_malformed, s.tx_link_down, s.rx_frames,
		s.rx_bytes, s.rx_no_buffer, s.rx_filtered, s.rx_link_down, s.rx_stopped,
		s.rx_too_long, rep.tx_malformed);
	nicsim_eth_nic_put(nic);
	return 0;
}

static int
tel_vf_queue(const char *cmd, const char *params, struct rte_tel_data *d)
{
	static const char *const names[] = { "running", "size", "avail", "used", "packets", "bytes",
		"kicks", "kicks_page", "irqs", "drops" };
	struct nicsim_queue_stats s;
	struct nicsim_eth_nic *nic;
	unsigned int n, qid, i;
	struct nicsim_eth_params p;

	(void)cmd;
	nic = nicsim_eth_tel_vf(&p, params, d, &n);
	if (nic == NULL)
		return 0;
	if (!nicsim_eth_tel_number(p.word[2], "", &qid) || qid > UINT16_MAX ||
		nicsim_vf_queue_stats(nic->vf[n].sim, qid, &s) != 0) {
		nicsim_eth_tel_refuse(d,
			"no queue '%s'; a VF has two for each pair, and one for control",
			p.word[2] == NULL ? "" : p.word[2]);
		goto put;
	}
	rte_tel_data_start_dict(d);
	TEL_U64S(d, names, s.running, s.size, s.avail, s.used, s.frames, s.bytes, s.kicks,
		s.kicks_page, s.irqs, s.drops);
	for (i = 0; i < NICSIM_RING_NUM_ERRORS; i++)
		if (s.errors[i] != 0)
			tel_named(d, "error", nicsim_ring_error_name(i), s.errors[i]);
put:
	nicsim_eth_nic_put(nic);
	return 0;
}

RTE_INIT(nicsim_eth_telemetry)
{
	static const struct {
		const char *name;
		telemetry_cb fn;
		const char *help;
	} commands[] = {
		{ "/nicsim/list", tel_list, "Names of simulated NICs. No parameters" },
		{ "/nicsim/nic", tel_nic, "One NIC. Parameters: NAME" },
		{ "/nicsim/ports", tel_ports, "Ethdev ids of a NIC's ports. Parameters: NAME" },
		{ "/nicsim/vf", tel_vf, "One VF. Parameters: NAME,vfN" },
		{ "/nicsim/vf_queue", tel_vf_queue, "A VF's queue. Parameters: NAME,vfN,QUEUE" },
		{ "/nicsim/flows", nicsim_eth_tel_flows,
			"Rules of the switch. Parameters: NAME[,FIRST]" },
		{ "/nicsim/fault", nicsim_eth_tel_fault,
			"Arms a fault. Parameters: NAME,vfN,FAULT[=ARG][@POINT[+COUNT]]" },
		{ "/nicsim/faults", nicsim_eth_tel_faults,
			"Faults that wait for their point, then those in force. Parameters: "
			"NAME,vfN" },
		{ "/nicsim/fault_clear", nicsim_eth_tel_fault_clear,
			"Takes all faults of a VF back. Parameters: NAME,vfN" },
		{ "/nicsim/fault_list", nicsim_eth_tel_fault_list,
			"Faults that there are. No parameters" },
	};
	size_t i;

	for (i = 0; i < RTE_DIM(commands); i++)
		rte_telemetry_register_cmd(commands[i].name, commands[i].fn, commands[i].help);
}
