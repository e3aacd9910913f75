/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Status and statistics of a device and its queues, for the driver's own API and for rte_vdpa's.
 * Any thread.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "virtio_vdpa.h"

static const char *const stat_names[] = {
	"running",
	"doorbell_mapped",
	"interrupt_direct",
	"size",
	"kicks_relayed",
	"interrupts_relayed",
};

static const char *const reason_names[] = {
	[RTE_PMD_VDPA_VIRTIO_OK] = "ok",
	[RTE_PMD_VDPA_VIRTIO_GUEST_LEGACY] = "guest-legacy",
	[RTE_PMD_VDPA_VIRTIO_GUEST_IOMMU] = "guest-iommu",
	[RTE_PMD_VDPA_VIRTIO_GUEST_FEATURES] = "guest-features",
	[RTE_PMD_VDPA_VIRTIO_BUSY] = "busy",
	[RTE_PMD_VDPA_VIRTIO_QUEUE_COUNT] = "queue-count",
	[RTE_PMD_VDPA_VIRTIO_QUEUE_SIZE] = "queue-size",
	[RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS] = "queue-address",
	[RTE_PMD_VDPA_VIRTIO_QUEUE_INDEX] = "queue-index",
	[RTE_PMD_VDPA_VIRTIO_MEM_TABLE] = "mem-table",
	[RTE_PMD_VDPA_VIRTIO_DMA_MAP] = "dma-map",
	[RTE_PMD_VDPA_VIRTIO_IRQ] = "irq",
	[RTE_PMD_VDPA_VIRTIO_FEATURES] = "features",
	[RTE_PMD_VDPA_VIRTIO_CONTROL] = "control-queue",
	[RTE_PMD_VDPA_VIRTIO_RESET] = "reset-timeout",
	[RTE_PMD_VDPA_VIRTIO_NEEDS_RESET] = "needs-reset",
	[RTE_PMD_VDPA_VIRTIO_DEVICE] = "device-error",
	[RTE_PMD_VDPA_VIRTIO_GONE] = "device-gone",
	[RTE_PMD_VDPA_VIRTIO_HOST] = "host",
};

static_assert(RTE_DIM(reason_names) == RTE_PMD_VDPA_VIRTIO_NUM_REASONS, "a reason without a name");

static const char *const mode_names[] = {
	[RTE_PMD_VDPA_VIRTIO_MODE_NONE] = "none",
	[RTE_PMD_VDPA_VIRTIO_MODE_DIRECT] = "direct",
};

static const char *const kick_names[] = {
	[RTE_PMD_VDPA_VIRTIO_KICK_NONE] = "none",
	[RTE_PMD_VDPA_VIRTIO_KICK_RELAY] = "relay",
	[RTE_PMD_VDPA_VIRTIO_KICK_MAPPED] = "mapped",
};

static const char *const irq_names[] = {
	[RTE_PMD_VDPA_VIRTIO_IRQ_NONE] = "none",
	[RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT] = "direct",
	[RTE_PMD_VDPA_VIRTIO_IRQ_RELAY] = "relay",
};

const char *
rte_pmd_vdpa_virtio_reason_name(enum rte_pmd_vdpa_virtio_reason reason)
{
	return (unsigned int)reason < RTE_DIM(reason_names) ? reason_names[reason] : "unknown";
}

const char *
rte_pmd_vdpa_virtio_mode_name(enum rte_pmd_vdpa_virtio_mode mode)
{
	return (unsigned int)mode < RTE_DIM(mode_names) ? mode_names[mode] : "unknown";
}

const char *
rte_pmd_vdpa_virtio_kick_name(enum rte_pmd_vdpa_virtio_kick kick)
{
	return (unsigned int)kick < RTE_DIM(kick_names) ? kick_names[kick] : "unknown";
}

const char *
rte_pmd_vdpa_virtio_irq_name(enum rte_pmd_vdpa_virtio_irq irq)
{
	return (unsigned int)irq < RTE_DIM(irq_names) ? irq_names[irq] : "unknown";
}

static enum rte_pmd_vdpa_virtio_mode
queue_mode(const struct virtio_vdpa_queue *q)
{
	return q->running ? RTE_PMD_VDPA_VIRTIO_MODE_DIRECT : RTE_PMD_VDPA_VIRTIO_MODE_NONE;
}

int
rte_pmd_vdpa_virtio_status_get(struct rte_vdpa_device *vdpa, struct rte_pmd_vdpa_virtio_status *s)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);
	const struct virtio_vdpa_queue *q;
	uint16_t i;

	if (dev == NULL)
		return -ENODEV;
	if (s == NULL)
		return -EINVAL;
	memset(s, 0, sizeof(*s));
	pthread_mutex_lock(&dev->lock);
	s->state = dev->state;
	s->reason = dev->fault.reason;
	s->vid = dev->vid;
	pthread_mutex_lock(&dev->front_lock);
	s->max_pairs = dev->max_pairs;
	pthread_mutex_unlock(&dev->front_lock);
	s->vectors = dev->bus == NULL ? 0 : dev->bus->vectors;
	s->link_up = dev->link_up;
	s->features = dev->vio.features;
	s->dma_maps = dev->mem.num + (dev->cvq_iova != UINT64_MAX);
	s->dma_bytes =
		virtio_vdpa_mem_bytes(&dev->mem) + (dev->cvq_iova != UINT64_MAX ? VIO_CVQ_MEM : 0);
	s->starts = dev->counters.starts;
	s->failures = dev->counters.failures + __atomic_load_n(&dev->refused, __ATOMIC_RELAXED);
	s->config_changes = dev->counters.config_changes;
	snprintf(s->text, sizeof(s->text), "%s", dev->fault.text);
	for (i = 0; i < 2 * dev->dev_pairs; i++) {
		q = &dev->queue[i];
		s->kicks_relayed += q->kicks_relayed;
		s->irqs_relayed += q->irqs_relayed;
		s->queues += q->running;
		s->mode = RTE_MAX(s->mode, queue_mode(q));
		s->queues_mapped += q->running && q->kick == RTE_PMD_VDPA_VIRTIO_KICK_MAPPED;
		s->queues_irq_direct += q->running && q->irq == RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT;
	}
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

static void
queue_copy(struct virtio_vdpa_dev *dev, uint16_t qid, struct rte_pmd_vdpa_virtio_queue *out)
{
	const struct virtio_vdpa_queue *q = &dev->queue[qid];

	pthread_mutex_lock(&dev->lock);
	*out = (struct rte_pmd_vdpa_virtio_queue){
		.running = q->running,
		.mode = queue_mode(q),
		.kick = q->kick,
		.irq = q->running ? q->irq : RTE_PMD_VDPA_VIRTIO_IRQ_NONE,
		.size = q->size,
		.vector = q->vector,
		.base = q->base,
		.kicks_relayed = q->kicks_relayed,
		.irqs_relayed = q->irqs_relayed,
	};
	pthread_mutex_lock(&dev->front_lock);
	out->enabled = q->front.enabled;
	pthread_mutex_unlock(&dev->front_lock);
	pthread_mutex_unlock(&dev->lock);
}

int
rte_pmd_vdpa_virtio_queue_get(
	struct rte_vdpa_device *vdpa, uint16_t qid, struct rte_pmd_vdpa_virtio_queue *queue)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);

	if (dev == NULL)
		return -ENODEV;
	if (qid >= 2 * dev->dev_pairs || queue == NULL)
		return -EINVAL;
	queue_copy(dev, qid, queue);
	return 0;
}

int
virtio_vdpa_stats_names(
	struct rte_vdpa_device *vdpa, struct rte_vdpa_stat_name *names, unsigned int size)
{
	unsigned int i;

	(void)vdpa;
	for (i = 0; names != NULL && i < RTE_MIN(size, RTE_DIM(stat_names)); i++)
		snprintf(names[i].name, sizeof(names[i].name), "%s", stat_names[i]);
	return RTE_DIM(stat_names);
}

int
virtio_vdpa_stats_get(
	struct rte_vdpa_device *vdpa, int qid, struct rte_vdpa_stat *stats, unsigned int n)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);
	struct rte_pmd_vdpa_virtio_queue q;
	unsigned int i;

	if (dev == NULL)
		return -ENODEV;
	if (qid < 0 || qid >= 2 * dev->dev_pairs)
		return -EINVAL;
	queue_copy(dev, qid, &q);
	const uint64_t values[] = {
		q.running,
		q.kick == RTE_PMD_VDPA_VIRTIO_KICK_MAPPED,
		q.irq == RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT,
		q.size,
		q.kicks_relayed,
		q.irqs_relayed,
	};
	static_assert(RTE_DIM(values) == RTE_DIM(stat_names), "a statistic without a name");

	for (i = 0; i < RTE_MIN(n, RTE_DIM(values)); i++) {
		stats[i].id = i;
		stats[i].value = values[i];
	}
	return i;
}

int
virtio_vdpa_stats_reset(struct rte_vdpa_device *vdpa, int qid)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);

	if (dev == NULL)
		return -ENODEV;
	if (qid < 0 || qid >= 2 * dev->dev_pairs)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	dev->queue[qid].kicks_relayed = 0;
	dev->queue[qid].irqs_relayed = 0;
	pthread_mutex_unlock(&dev->lock);
	return 0;
}
