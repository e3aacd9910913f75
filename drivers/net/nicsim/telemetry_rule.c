/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * /nicsim/flows and /nicsim/fault...: the switch's rules with their counters, and faults on demand.
 * On telemetry's threads, the NIC held meanwhile.
 */
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
	nicsim_eth_tel_text(d, "match", text);
	nicsim_eth_flow_actions_text(&flow->rule, text, sizeof(text));
	nicsim_eth_tel_text(d, "actions", text);
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
	if (p.word[1] != NULL && !nicsim_eth_tel_number(p.word[1], "", &first)) {
		nicsim_eth_tel_refuse(d, "'%s' is not the number of the first rule", p.word[1]);
		goto put;
	}
	rules = rte_tel_data_alloc();
	if (rules == NULL) {
		nicsim_eth_tel_refuse(d, "out of memory");
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

/* What a function is changes with its power-on alone, and its driver has it now. */
static void
note_return(struct rte_tel_data *d, unsigned int vf)
{
	char text[RTE_TEL_MAX_STRING_LEN];

	snprintf(text, sizeof(text),
		"takes effect when vf%u returns: fault vf%u,gone then vf%u,return", vf, vf, vf);
	rte_tel_data_add_dict_string(d, "note", text);
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
	nicsim_eth_tel_text(d, "armed", p.word[2]);
	if (nicsim_eth_fault_waits(p.word[2]))
		note_return(d, n);
	return 0;
}

int
nicsim_eth_tel_faults(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct nicsim_fault fault[NICSIM_VF_FAULTS];
	char text[NICSIM_FAULT_TEXT];
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
		nicsim_fault_format(&fault[i], text, sizeof(text));
		rte_tel_data_add_array_string(d, text);
	}
	return 0;
}

int
nicsim_eth_tel_fault_clear(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct nicsim_fault fault[NICSIM_VF_FAULTS];
	struct nicsim_eth_nic *nic;
	struct nicsim_eth_params p;
	unsigned int n, i, num;
	bool waits = false;

	(void)cmd;
	nic = nicsim_eth_tel_vf(&p, params, d, &n);
	if (nic == NULL)
		return 0;
	num = nicsim_vf_faults(nic->vf[n].sim, fault, RTE_DIM(fault));
	for (i = 0; i < num; i++)
		waits = waits || nicsim_eth_fault_waits(nicsim_fault_name(fault[i].kind));
	nicsim_vf_fault_clear(nic->vf[n].sim);
	nicsim_eth_nic_put(nic);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "cleared", p.word[1]);
	if (waits)
		note_return(d, n);
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
