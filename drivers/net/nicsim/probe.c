/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The vdev driver: names, device arguments, who may have a NIC; no more. Main thread or hot-plug
 * thread.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>

#include "args.h"
#include "eth.h"

RTE_LOG_REGISTER(nicsim_eth_logtype, pmd.net.nicsim, NOTICE);

static int
probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	struct nicsim_eth_args *args;
	char why[NICSIM_ETH_WHY];
	int ret;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		NICSIM_ETH_LOG(ERR, name,
			"a simulated NIC lives in the memory of the primary process, and works "
			"there only");
		return -ENOTSUP;
	}
	args = malloc(sizeof(*args));
	if (args == NULL)
		return -ENOMEM;
	ret = nicsim_eth_args_parse(name, rte_vdev_device_args(vdev), args, why, sizeof(why));
	if (ret != 0)
		NICSIM_ETH_LOG(ERR, name, "%s", why);
	else
		ret = nicsim_eth_nic_create(vdev, args);
	free(args);
	return ret;
}

static int
vdev_remove(struct rte_vdev_device *vdev)
{
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	return nicsim_eth_nic_destroy(vdev);
}

static struct rte_vdev_driver nicsim_eth_driver = {
	.probe = probe,
	.remove = vdev_remove,
};

RTE_PMD_REGISTER_VDEV(net_nicsim, nicsim_eth_driver);
RTE_PMD_REGISTER_PARAM_STRING(net_nicsim, NICSIM_ETH_PARAMS);
