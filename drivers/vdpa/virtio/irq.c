/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * MSI-X vectors to call fds. Each queue gets a vector of its own, wired by VFIO straight to the
 * guest, as far as vectors go; the queues left over share the last one, which ends in the worker,
 * which then wakes the guest for each of them: a spurious interrupt is legal (virtio 1.2, 2.7.7), a
 * missing one is not. Call fds are shared with the front-end, hence vio_signal(). Lock held.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <vio_signal.h>

#include "virtio_vdpa.h"

/* Vector 0 is the configuration's. Pure, for its tests. */
uint16_t
virtio_vdpa_irq_vector(uint16_t vectors, uint16_t queues, uint16_t qid, bool *shared)
{
	uint16_t direct; /* queues with a vector of their own */

	if (vectors > queues)
		direct = queues;
	else
		direct = vectors < 2 ? 0 : vectors - 2;
	*shared = qid >= direct;
	return *shared ? vectors - 1 : 1 + qid;
}

static void
queue_plan(struct virtio_vdpa_dev *dev, uint16_t qid)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];
	bool shared;

	q->vector = virtio_vdpa_irq_vector(dev->bus->vectors, dev->guest_queues, qid, &shared);
	if (q->call_fd < 0)
		q->irq = RTE_PMD_VDPA_VIRTIO_IRQ_NONE;
	else
		q->irq = shared ? RTE_PMD_VDPA_VIRTIO_IRQ_RELAY : RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT;
}

int
virtio_vdpa_irq_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t count = RTE_MIN(dev->bus->vectors, dev->guest_queues + 1);
	struct virtio_vdpa_queue *q;
	bool shared;
	uint16_t i;
	int *fds;
	int ret;

	fds = malloc(count * sizeof(*fds));
	if (fds == NULL)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOMEM, "out of memory");
	memset(fds, -1, count * sizeof(*fds));
	for (i = 0; i < dev->guest_queues; i++) {
		q = &dev->queue[i];
		queue_plan(dev, i);
		virtio_vdpa_irq_vector(dev->bus->vectors, dev->guest_queues, i, &shared);
		fds[q->vector] = shared ? dev->shared_fd : q->call_fd;
	}
	fds[0] = dev->config_fd; /* with a single vector for the queues too: see the worker */
	ret = dev->bus->ops->irq_set(dev->bus, 0, count, fds);
	free(fds);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_IRQ, ret,
			"%u interrupt vectors could not be wired: %s", count, strerror(-ret));
	return 0;
}

int
virtio_vdpa_irq_rewire(struct virtio_vdpa_dev *dev, uint16_t qid, struct virtio_vdpa_fault *fault)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];
	bool shared;
	int ret;

	virtio_vdpa_irq_vector(dev->bus->vectors, dev->guest_queues, qid, &shared);
	queue_plan(dev, qid);
	if (!shared) {
		ret = dev->bus->ops->irq_set(dev->bus, q->vector, 1, &q->call_fd);
		if (ret != 0)
			return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_IRQ, ret,
				"queue %u: the interrupt vector could not be wired to the new call "
				"fd: %s",
				qid, strerror(-ret));
	}
	/* What fired while the old fd was wired may have been lost with it. */
	if (q->call_fd >= 0)
		vio_signal(q->call_fd);
	return 0;
}

/*
 * More queues than planned for. The vectors of those that run stay theirs, but the last one may now
 * be shared; how many are enabled cannot be changed but by turning all off and on.
 */
int
virtio_vdpa_irq_replan(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t i;
	int ret;

	dev->bus->ops->irq_disable(dev->bus);
	ret = virtio_vdpa_irq_start(dev, fault);
	if (ret != 0)
		return ret;
	for (i = 0; i < dev->guest_queues; i++) /* what fired meanwhile is lost */
		if (dev->queue[i].running && dev->queue[i].call_fd >= 0)
			vio_signal(dev->queue[i].call_fd);
	eventfd_write(dev->config_fd, 1);
	return 0;
}

void
virtio_vdpa_irq_relay(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_queue *q;
	uint16_t i;

	for (i = 0; i < dev->guest_queues; i++) {
		q = &dev->queue[i];
		if (!q->running || q->irq != RTE_PMD_VDPA_VIRTIO_IRQ_RELAY)
			continue;
		if (vio_signal(q->call_fd) == 0)
			q->irqs_relayed++;
	}
}

void
virtio_vdpa_irq_stop(struct virtio_vdpa_dev *dev)
{
	uint16_t i;

	if (dev->bus != NULL)
		dev->bus->ops->irq_disable(dev->bus);
	for (i = 0; i < 2 * dev->dev_pairs; i++) {
		dev->queue[i].irq = RTE_PMD_VDPA_VIRTIO_IRQ_NONE;
		dev->queue[i].vector = VIO_MSI_NO_VECTOR;
	}
}
