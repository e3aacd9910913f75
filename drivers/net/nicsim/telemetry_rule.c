/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * /nicsim/flows and /nicsim/fault...: the switch's rules with their counters, and faults on demand.
 * On telemetry's threads, the NIC held meanwhile.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "flow.h"
#include "telemetry.h"

#define FLOWS_MAX 40 /* rules in one answer, which takes 16 KiB at most */

static void
flow_tell(struct nicsim_eth_port *port, const struct rte_flow *flow, unsigned int n,
	struct rte_tel_data *rules)
{
	struct rte_tel_data *d = rte_tel_data_alloc();
	char text[NICSIM_ETH_FLOW_TEXT];
	struct nicsim_flow_stats s;

	if (d == NULL)
		return;
	nicsim_flow_query(nicsim_switch_flows(nicsim_switch(port->nic->sim)), flow->sim, false, &s);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_uint(
		d, "port", __atomic_load_n(&port->id, __ATOMIC_RELAXED));
	rte_tel_data_add_dict_uint(d, "priority", flow->rule.priority);
	nicsim_eth_flow_match_text(&flow->rule.match, text, sizeof(text));
	rte_tel_data_add_dict_string(d, "match", text);
	nicsim_eth_flow_actions_text(&flow->rule, text, sizeof(text));
	rte_tel_data_add_dict_string(d, "actions", text);
	rte_tel_data_add_dict_uint(d, "packets", s.packets);
	rte_tel_data_add_dict_uint(d, "bytes", s.bytes);
	snprintf(text, sizeof(text), "%u", n);
	if (rte_tel_data_add_dict_container(rules, text, d, 0) != 0)
		rte_tel_data_free(d);
}

/* Rules by the port they were made on, from the first-th on. */
static void
flows_tell(struct nicsim_eth_nic *nic, unsigned int first, struct rte_tel_data *rules)
{
	const struct rte_flow *flow;
	unsigned int i, n = 0;

	pthread_mutex_lock(&nic->flow_lock);
	for (i = 0; i <= nic->num_vfs; i++) {
		if (nic->port[i].sim == NULL)
			continue; /* never had an ethdev */
		TAILQ_FOREACH(flow, &nic->port[i].flows, next) {
			if (n >= first && n - first < FLOWS_MAX)
				flow_tell(&nic->port[i], flow, n, rules);
			n++;
		}
	}
	pthread_mutex_unlock(&nic->flow_lock);
}

int
nicsim_eth_tel_flows(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct rte_tel_data *rules;
	struct nicsim_eth_nic *nic;
	unsigned int first = 0;
	struct nicsim_eth_params p;

	(void)cmd;
	nic = nicsim_eth_tel_nic(&p, params, d);
	if (nic == NULL)
		return 0;
	rules = rte_tel_data_alloc();
	if (rules == NULL || (p.word[1] != NULL && !nicsim_eth_tel_number(p.word[1], "", &first))) {
		nicsim_eth_tel_refuse(d, "'%s' is not the number of the first rule", p.word[1]);
		rte_tel_data_free(rules);
		goto put;
	}
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_uint(
		d, "total", nicsim_flow_count(nicsim_switch_flows(nicsim_switch(nic->sim))));
	rte_tel_data_add_dict_uint(d, "first", first);
	rte_tel_data_start_dict(rules);
	flows_tell(nic, first, rules);
	rte_tel_data_add_dict_container(d, "rules", rules, 0);
put:
	nicsim_eth_nic_put(nic);
	return 0;
}

int
nicsim_eth_tel_fault(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct nicsim_eth_nic *nic;
	char why[NICSIM_ETH_WHY];
	struct nicsim_eth_params p;
	unsigned int n;
	int ret;

	(void)cmd;
	nic = nicsim_eth_tel_vf(&p, params, d, &n);
	if (nic == NULL)
		return 0;
	ret = nicsim_eth_fault_arm(
		nic, n, p.word[2] == NULL ? "" : p.word[2], why, sizeof(why));
	nicsim_eth_nic_put(nic);
	if (ret != 0)
		return nicsim_eth_tel_refuse(d, "%s", why);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "armed", p.word[2]);
	return 0;
}

static void
fault_text(const struct nicsim_fault *f, char *text, size_t len)
{
	size_t used = snprintf(text, len, "%s", nicsim_fault_name(f->kind));

	if (f->has_arg)
		used += snprintf(text + used, len - used, "=%u", f->arg);
	if (f->at != NICSIM_AT_ONCE)
		snprintf(text + used, len - used, "@%s+%" PRIu64, nicsim_point_name(f->at),
			f->count);
}

int
nicsim_eth_tel_faults(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct nicsim_fault fault[NICSIM_FAULT_ARMED + NICSIM_FAULT_NUM];
	char text[2 * NICSIM_FAULT_TEXT];
	struct nicsim_eth_nic *nic;
	unsigned int n, i, num;
	struct nicsim_eth_params p;

	(void)cmd;
	nic = nicsim_eth_tel_vf(&p, params, d, &n);
	if (nic == NULL)
		return 0;
	num = nicsim_vf_faults(nic->vf[n].sim, fault, RTE_DIM(fault));
	nicsim_eth_nic_put(nic);
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (i = 0; i < num; i++) {
		fault_text(&fault[i], text, sizeof(text));
		rte_tel_data_add_array_string(d, text);
	}
	return 0;
}

int
nicsim_eth_tel_fault_clear(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct nicsim_eth_nic *nic;
	struct nicsim_eth_params p;
	unsigned int n;

	(void)cmd;
	nic = nicsim_eth_tel_vf(&p, params, d, &n);
	if (nic == NULL)
		return 0;
	nicsim_vf_fault_clear(nic->vf[n].sim);
	nicsim_eth_nic_put(nic);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "cleared", p.word[1]);
	return 0;
}

/* NAME: HELP, as a name has '-', which a dictionary's key may not. */
int
nicsim_eth_tel_fault_list(const char *cmd, const char *params, struct rte_tel_data *d)
{
	char text[NICSIM_ETH_WHY];
	int i;

	(void)cmd;
	(void)params;
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (i = 0; i < NICSIM_FAULT_NUM; i++) {
		snprintf(text, sizeof(text), "%s: %s", nicsim_fault_name(i), nicsim_fault_help(i));
		rte_tel_data_add_array_string(d, text);
	}
	return 0;
}
