/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What differs between DPDK versions, for this driver. The code is written for the newest API; this
 * header adapts it down to 22.11.
 */
#ifndef NICSIM_ETH_COMPAT_H
#define NICSIM_ETH_COMPAT_H

#include <ethdev_driver.h>
#include <rte_telemetry.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#endif

/* 24.11: several representor= are taken, one struct each; returns their number. */
static inline int
nicsim_eth_devargs_parse(const char *text, struct rte_eth_devargs *devargs)
{
#if RTE_VERSION < RTE_VERSION_NUM(24, 11, 0, 0)
	return rte_eth_devargs_parse(text, devargs);
#else
	int ret = rte_eth_devargs_parse(text, devargs, 1);

	return ret < 0 ? ret : 0;
#endif
}

#endif /* NICSIM_ETH_COMPAT_H */
