/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Claims PCI functions: ids and devargs, no more. Main thread or hot-plug thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bus_pci_driver.h>
#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_kvargs.h>

#include "virtio_vdpa.h"

#define ARG_VDPA "vdpa"
#define ARG_MAC "mac"
#define ARG_QUEUES "queues"

static const char *const arg_keys[] = { ARG_VDPA, ARG_MAC, ARG_QUEUES, NULL };

/* Of no device yet. */
#define PROBE_LOG(level, name, fmt, ...)                                                           \
	rte_log(RTE_LOG_##level, virtio_vdpa_logtype, "VDPA_VIRTIO: %s: " fmt "\n", name,          \
		##__VA_ARGS__)

/* net_virtio claims the same ids, and steps aside for the same devarg: the two never meet. Other
 * keys do not matter here. */
static bool
is_wanted(const struct rte_pci_device *pci)
{
	struct rte_kvargs *kvlist;
	const char *value;
	bool wanted;

	if (pci->device.devargs == NULL)
		return false;
	kvlist = rte_kvargs_parse(pci->device.devargs->args, NULL);
	if (kvlist == NULL)
		return false;
	value = rte_kvargs_get(kvlist, ARG_VDPA);
	wanted = value != NULL && strcmp(value, "1") == 0;
	rte_kvargs_free(kvlist);
	return wanted;
}

static int
args_parse(const struct rte_pci_device *pci, struct virtio_vdpa_args *args)
{
	struct rte_kvargs *kvlist;
	struct rte_ether_addr mac;
	const char *value;
	char *end;
	long n;
	int ret = 0;

	memset(args, 0, sizeof(*args));
	kvlist = rte_kvargs_parse(pci->device.devargs->args, arg_keys);
	if (kvlist == NULL) {
		PROBE_LOG(ERR, pci->device.name,
			"devargs '%s' have a key other than vdpa=, mac=, queues=",
			pci->device.devargs->args);
		return -EINVAL;
	}
	value = rte_kvargs_get(kvlist, ARG_MAC);
	if (value != NULL && (rte_ether_unformat_addr(value, &mac) != 0 ||
				     !rte_is_valid_assigned_ether_addr(&mac))) {
		PROBE_LOG(ERR, pci->device.name, "mac=%s is not a unicast address", value);
		ret = -EINVAL;
	} else if (value != NULL) {
		memcpy(args->mac, mac.addr_bytes, sizeof(args->mac));
		args->mac_set = true;
	}
	value = rte_kvargs_get(kvlist, ARG_QUEUES);
	n = value == NULL ? 0 : strtol(value, &end, 10);
	if (value != NULL && (*end != '\0' || n < 1 || n > VIRTIO_VDPA_MAX_PAIRS)) {
		PROBE_LOG(ERR, pci->device.name,
			"queues=%s is not a number of queue pairs from 1 to %u", value,
			VIRTIO_VDPA_MAX_PAIRS);
		ret = -EINVAL;
	}
	args->queues = n;
	rte_kvargs_free(kvlist);
	return ret;
}

static int
probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	struct virtio_vdpa_fault fault = { .error = 0 };
	struct virtio_vdpa_bus *bus;
	struct virtio_vdpa_args args;
	int ret;

	(void)driver;
	if (!is_wanted(pci))
		return 1; /* net_virtio's */
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		PROBE_LOG(ERR, pci->device.name, "vDPA works in the primary process only");
		return -ENOTSUP;
	}
	ret = args_parse(pci, &args);
	if (ret != 0)
		return ret;
	ret = virtio_vdpa_vfio_open(pci->device.name, &bus, &fault);
	if (ret == 0) {
		ret = virtio_vdpa_create(&pci->device, bus, &args, &fault);
		if (ret != 0)
			bus->ops->close(bus);
	}
	if (ret != 0)
		PROBE_LOG(ERR, pci->device.name, "%s", fault.text);
	return ret;
}

static int
pci_remove(struct rte_pci_device *pci)
{
	return virtio_vdpa_destroy(&pci->device);
}

static const struct rte_pci_id id_table[] = {
	{ RTE_PCI_DEVICE(VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET) },
	{ RTE_PCI_DEVICE(VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET_TRANSITIONAL) },
	{ .vendor_id = 0 },
};

static struct rte_pci_driver virtio_vdpa_driver = {
	.id_table = id_table,
	.probe = probe,
	.remove = pci_remove,
};

RTE_PMD_REGISTER_PCI(vdpa_virtio, virtio_vdpa_driver);
RTE_PMD_REGISTER_PCI_TABLE(vdpa_virtio, id_table);
RTE_PMD_REGISTER_KMOD_DEP(vdpa_virtio, "* vfio-pci");
RTE_PMD_REGISTER_PARAM_STRING(
	vdpa_virtio, ARG_VDPA "=1 " ARG_MAC "=<xx:xx:xx:xx:xx:xx> " ARG_QUEUES "=<1-128>");
