/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The vDPA device of each VF, by the same driver that claims real VFs; and what happens to it when
 * the VF is removed by surprise, or comes back. Main or hot-plug thread, and the keeper.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <create.h>

#include "eth.h"
#include "vf_bus.h"

#define TRIES_MAX 250 /* of the keeper, NICSIM_ETH_RETRY_MS apart */

/* Any thread, maybe with locks of an application. A removal the vDPA driver sees by itself. */
static void
on_change(void *ctx, bool gone)
{
	struct nicsim_eth_vf *vf = ctx;

	__atomic_store_n(&vf->returned, !gone, __ATOMIC_RELEASE);
	if (!gone)
		nicsim_eth_keeper_wake(vf->nic);
}

void
nicsim_eth_vf_init(struct nicsim_eth_nic *nic, unsigned int n, const struct rte_device *parent)
{
	struct nicsim_eth_vf *vf = &nic->vf[n];

	vf->nic = nic;
	vf->sim = nicsim_vf(nic->sim, n);
	snprintf(vf->name, sizeof(vf->name), "%.*s_vf%u", NICSIM_ETH_NAME_MAX, nic->name, n);
	vf->rte_dev.name = vf->name;
	vf->rte_dev.bus = parent->bus;
	vf->rte_dev.numa_node = parent->numa_node;
	nicsim_vf_on_change(vf->sim, on_change, vf);
}

/* Open the VF and hand it to the vDPA driver: a new device, or the one that lost it. */
static int
hand_over(struct nicsim_eth_vf *vf)
{
	const struct virtio_vdpa_args none = { .mac_set = false };
	struct virtio_vdpa_fault fault = { .error = 0 };
	struct virtio_vdpa_bus *bus;
	int ret;

	ret = nicsim_eth_bus_open(vf->sim, &bus);
	if (ret != 0)
		return ret;
	if (__atomic_load_n(&vf->claimed, __ATOMIC_RELAXED))
		ret = virtio_vdpa_revive(&vf->rte_dev, bus, &fault);
	else
		ret = virtio_vdpa_create(&vf->rte_dev, bus, &none, &fault);
	if (ret == 0) {
		__atomic_store_n(&vf->claimed, true, __ATOMIC_RELAXED);
		return 0;
	}
	bus->ops->close(bus);
	if (ret != -EBUSY)
		NICSIM_ETH_LOG(ERR, vf->name, "%s", fault.text);
	return ret;
}

void
nicsim_eth_vf_claim(struct nicsim_eth_vf *vf)
{
	int ret = hand_over(vf);

	if (ret != 0)
		NICSIM_ETH_LOG(WARNING, vf->name,
			"has no vDPA device (%s); the rest of the NIC is not touched by that",
			strerror(-ret));
}

void
nicsim_eth_vf_release(struct nicsim_eth_vf *vf)
{
	if (__atomic_exchange_n(&vf->claimed, false, __ATOMIC_RELAXED))
		virtio_vdpa_destroy(&vf->rte_dev);
	if (vf->sim != NULL)
		nicsim_vf_on_change(vf->sim, NULL, NULL);
}

bool
nicsim_eth_vf_in_use(struct nicsim_eth_vf *vf)
{
	return __atomic_load_n(&vf->claimed, __ATOMIC_RELAXED) && virtio_vdpa_in_use(&vf->rte_dev);
}

/*
 * The vDPA driver gives a removed VF up on its own thread, maybe after it is back: until then it is
 * busy. One that goes away again meanwhile takes the request back.
 */
bool
nicsim_eth_vf_return(struct nicsim_eth_vf *vf)
{
	int ret;

	if (!__atomic_exchange_n(&vf->returned, false, __ATOMIC_ACQ_REL))
		return true;
	ret = hand_over(vf);
	if (ret == -EBUSY && ++vf->tries < TRIES_MAX) {
		__atomic_store_n(&vf->returned, true, __ATOMIC_RELEASE);
		return false;
	}
	vf->tries = 0;
	if (ret != 0 && ret != -ENODEV) /* gone again */
		NICSIM_ETH_LOG(ERR, vf->name,
			"is back, but was not taken into use: %s; remove the NIC and probe it "
			"again",
			strerror(-ret));
	return true;
}
