/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* What the commands of telemetry share: parameters, what they name, and refusals. */
#ifndef NICSIM_ETH_TELEMETRY_H
#define NICSIM_ETH_TELEMETRY_H

#include <rte_telemetry.h>

#include "compat.h"
#include "eth.h"

#define NICSIM_ETH_PARAMS_MAX 4
#define NICSIM_ETH_PARAMS_LEN 256

/* NAME,... split; absent ones are NULL. */
struct nicsim_eth_params {
	char text[NICSIM_ETH_PARAMS_LEN];
	char *word[NICSIM_ETH_PARAMS_MAX];
};

/* Add a text of any length: a string, or an array of its lines where telemetry would cut it. */
void nicsim_eth_tel_text(struct rte_tel_data *d, const char *name, const char *text);

/* Answer with {"error": ...}. 0 */
int nicsim_eth_tel_refuse(struct rte_tel_data *d, const char *format, ...)
	__rte_format_printf(2, 3);

/* N, or N behind the prefix, and nothing else, to UINT_MAX. word may be NULL. */
bool nicsim_eth_tel_number(const char *word, const char *prefix, unsigned int *n);

/* The NIC that the first word names; it is held then. NULL: the answer is made. */
struct nicsim_eth_nic *nicsim_eth_tel_nic(
	struct nicsim_eth_params *p, const char *params, struct rte_tel_data *d);

/* The same with a VF as the second word. */
struct nicsim_eth_nic *nicsim_eth_tel_vf(
	struct nicsim_eth_params *p, const char *params, struct rte_tel_data *d, unsigned int *vf);

/* telemetry_rule.c: /nicsim/flows, /nicsim/fault... */
int nicsim_eth_tel_flows(const char *cmd, const char *params, struct rte_tel_data *d);
int nicsim_eth_tel_fault(const char *cmd, const char *params, struct rte_tel_data *d);
int nicsim_eth_tel_faults(const char *cmd, const char *params, struct rte_tel_data *d);
int nicsim_eth_tel_fault_clear(const char *cmd, const char *params, struct rte_tel_data *d);
int nicsim_eth_tel_fault_list(const char *cmd, const char *params, struct rte_tel_data *d);

#endif /* NICSIM_ETH_TELEMETRY_H */
