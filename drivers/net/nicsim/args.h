/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* What an operator may say of a simulated NIC: parsed once, checked, then read only. */
#ifndef NICSIM_ETH_ARGS_H
#define NICSIM_ETH_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <nicsim.h>

#define NICSIM_ETH_FAULTS 64 /* in one NIC's devargs */
#define NICSIM_ETH_WIRE 512 /* bytes of the wire's text */

struct nicsim_eth_args {
	struct nicsim_conf conf; /* points into what follows */
	char wire[NICSIM_ETH_WIRE];
	int core[NICSIM_THREADS_MAX];
	struct nicsim_conf_fault fault[NICSIM_ETH_FAULTS];
	unsigned int representors;
	uint16_t representor[NICSIM_VFS_MAX]; /* VFs that have one, ascending */
};

/* Key=value pairs, as RTE_PMD_REGISTER_PARAM_STRING() shows them. */
#define NICSIM_ETH_PARAMS                                                                          \
	"vfs=<0-64> queues=<1-128> queue_size=<2-32768> vectors=<0-2048> mtu=<68-9578> "           \
	"mac=<xx:xx:xx:xx:xx:xx> features_off=<hex> notify=<page|shared> "                         \
	"eswitch=<switchdev|legacy> wire=<none|tap:NAME|packet:NAME|pcap:rx=FILE:tx=FILE|"         \
	"ring:NAME> threads=<1-16> cores=<2-3+5> idle_us=<10-1000000> representor=<vf[0-7]> "      \
	"fault=<vfN:FAULT>"

/*
 * Parse devargs (NULL: none). Returns 0; -EINVAL, and why, of len bytes, says what is wrong and
 * what there is. args must stay where it is.
 */
int nicsim_eth_args_parse(
	const char *name, const char *text, struct nicsim_eth_args *args, char *why, size_t len);

#endif /* NICSIM_ETH_ARGS_H */
