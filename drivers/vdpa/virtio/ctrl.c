/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What the device is told over its own control queue. The guest's control queue never gets here:
 * the front-end keeps it. Lock held; each command has a deadline.
 */
#include <errno.h>
#include <string.h>

#include "virtio_vdpa.h"

#define SETTLE_MS 50

static bool
has(const struct virtio_vdpa_dev *dev, unsigned int bit)
{
	return (dev->vio.features & VIO_BIT(bit)) != 0;
}

static enum rte_pmd_vdpa_virtio_reason
reason_of(int error)
{
	return error == -ENODEV ? RTE_PMD_VDPA_VIRTIO_GONE : RTE_PMD_VDPA_VIRTIO_CONTROL;
}

int
virtio_vdpa_ctrl_init(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t qid = has(dev, VIO_NET_F_MQ) ? 2 * dev->cvq_pairs : 2; /* virtio 1.2, 5.1.2 */
	char remedy[160];
	int ret;

	dev->active_pairs = 1; /* what a device starts with, 5.1.6.5.5 */
	if (!has(dev, VIO_NET_F_CTRL_VQ))
		return 0;
	dev->cvq_iova = virtio_vdpa_mem_hole(dev->bus, &dev->mem, VIO_CVQ_MEM);
	if (dev->cvq_iova == UINT64_MAX)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_CONTROL, -ENOSPC,
			"no IOVA left beside the guest's memory for the control queue");
	ret = dev->bus->ops->dma_map(dev->bus, (uintptr_t)dev->cvq_mem, dev->cvq_iova, VIO_CVQ_MEM);
	if (ret != 0) {
		dev->cvq_iova = UINT64_MAX;
		virtio_vdpa_mem_remedy(dev->bus, dev->mem.num, ret, remedy, sizeof(remedy));
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DMA_MAP, ret,
			"the IOMMU did not map the control queue: %s%s", strerror(-ret), remedy);
	}
	ret = vio_cvq_init(&dev->cvq, &dev->vio, qid, dev->cvq_mem, dev->cvq_iova);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, reason_of(ret), ret,
			"the control queue (queue %u) could not be set up: %s", qid,
			strerror(-ret));
	dev->cvq_on = true;
	return 0;
}

void
virtio_vdpa_ctrl_fini(struct virtio_vdpa_dev *dev)
{
	dev->cvq_on = false;
	if (dev->cvq_iova == UINT64_MAX)
		return;
	if (dev->bus != NULL)
		dev->bus->ops->dma_unmap(dev->bus, dev->cvq_iova, VIO_CVQ_MEM);
	dev->cvq_iova = UINT64_MAX;
}

/* The front-end may enable a queue before the worker came to starting it. */
static bool
is_wanted(const struct virtio_vdpa_queue *q)
{
	return q->front.enabled && q->running;
}

/* Pairs that the front-end enabled: up to the highest one of which both queues are. */
static uint16_t
pairs_wanted(struct virtio_vdpa_dev *dev)
{
	uint16_t i, pairs = 1;

	pthread_mutex_lock(&dev->front_lock);
	for (i = 1; i < dev->guest_queues / 2; i++)
		if (is_wanted(&dev->queue[2 * i]) && is_wanted(&dev->queue[2 * i + 1]))
			pairs = i + 1;
	pthread_mutex_unlock(&dev->front_lock);
	return pairs;
}

/*
 * Fewer pairs are believed only when they stay fewer: a new call or kick fd takes a queue down and
 * up again (SET_VRING_CALL, SET_VRING_KICK), and the device shall not move its flows for that.
 */
static bool
still_settling(struct virtio_vdpa_dev *dev, uint16_t pairs)
{
	uint64_t now = virtio_vdpa_now_ms();

	if (pairs > dev->active_pairs)
		return false;
	if (dev->pairs_at == 0)
		dev->pairs_at = now + SETTLE_MS;
	return now < dev->pairs_at;
}

int
virtio_vdpa_ctrl_pairs(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t pairs = pairs_wanted(dev);
	int ret;

	if (pairs == dev->active_pairs) {
		dev->pairs_at = 0;
		return 0;
	}
	if (still_settling(dev, pairs))
		return 0;
	dev->pairs_at = 0;
	if (!dev->cvq_on || !has(dev, VIO_NET_F_MQ))
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_COUNT, -ENOTSUP,
			"the guest uses %u queue pairs, the device has one", pairs);
	ret = vio_cvq_set_pairs(&dev->cvq, pairs, VIO_CVQ_MS);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, reason_of(ret), ret,
			"the device did not take %u queue pairs: %s", pairs, strerror(-ret));
	dev->active_pairs = pairs;
	return 0;
}

/*
 * Which frames the device lets through. The front-end tells neither the guest's address nor its
 * filters, so the device either filters for the address that the operator gave, or for none. A VF
 * may not be trusted with that; then it goes on as it is, and says so.
 */
static int
receive_mode(struct virtio_vdpa_dev *dev)
{
	int ret = 0;

	if (dev->mac_set && has(dev, VIO_NET_F_CTRL_MAC_ADDR))
		ret = vio_cvq_set_mac(&dev->cvq, dev->mac, VIO_CVQ_MS);
	if (ret == -EPERM)
		VV_LOG(WARNING, dev,
			"the device refuses the MAC address; remedy: set it on the PF (ip link set "
			"PF vf N mac ..)");
	if ((ret != 0 && ret != -EPERM) || !has(dev, VIO_NET_F_CTRL_RX))
		return ret == -EPERM ? 0 : ret;
	ret = vio_cvq_set_rx(&dev->cvq, VIO_NET_CTRL_RX_PROMISC, !dev->mac_set, VIO_CVQ_MS);
	if (ret == 0)
		ret = vio_cvq_set_rx(&dev->cvq, VIO_NET_CTRL_RX_ALLMULTI, true, VIO_CVQ_MS);
	if (ret == -EPERM)
		VV_LOG(WARNING, dev,
			"the device refuses a receive mode; remedy: trust the VF (ip link set PF "
			"vf N trust"
			" on), or give the guest the VF's MAC address");
	return ret == -EPERM ? 0 : ret;
}

int
virtio_vdpa_ctrl_apply(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	int ret;

	if (dev->cvq_on) {
		ret = receive_mode(dev);
		if (ret != 0)
			return virtio_vdpa_fault_set(fault, reason_of(ret), ret,
				"a command on the control queue failed: %s", strerror(-ret));
	}
	return virtio_vdpa_ctrl_pairs(dev, fault);
}
