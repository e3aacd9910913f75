/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Reads what the VF's driver counts; keeps nothing. Control thread only.
 */
#include <inttypes.h>
#include <stdio.h>

#include "event.h"
#include "stats.h"
#include "vf.h"

static void
print_unknown(const struct vsw_guest *guest)
{
	char line[512];

	snprintf(line, sizeof(line),
		"stats guest=%s state=%s reason=%s queues=- mapped=- irq_direct=- kicks_relayed=- "
		"irqs_relayed=- dma_maps=- dma_bytes=- starts=- failures=- link=- connections=%u "
		"vf=%s changes=%" PRIu64 " events_lost=%" PRIu64,
		guest->cfg->name, vsw_guest_state_name(guest->state), guest->code,
		atomic_load(&guest->connections), guest->cfg->vf, guest->changes, vsw_event_lost());
	guest->line(line);
}

static void
print_guest(const struct vsw_guest *guest, const struct rte_pmd_vdpa_virtio_status *st)
{
	const char *reason = rte_pmd_vdpa_virtio_reason_name(st->reason);
	const char *link = st->link_up ? "up" : "down";
	char line[640];

	/* The driver looks at the link while a guest runs. */
	if (st->state != RTE_PMD_VDPA_VIRTIO_RUNNING)
		link = "-";
	if (guest->state == VSW_GUEST_FAILED)
		reason = guest->code;
	snprintf(line, sizeof(line),
		"stats guest=%s state=%s reason=%s queues=%u mapped=%u irq_direct=%u "
		"kicks_relayed=%" PRIu64 " irqs_relayed=%" PRIu64 " dma_maps=%u dma_bytes=%" PRIu64
		" starts=%" PRIu64 " failures=%" PRIu64 " link=%s connections=%u vf=%s "
		"changes=%" PRIu64 " events_lost=%" PRIu64
		" pairs=%u vectors=%u features=0x%" PRIx64 " config_changes=%" PRIu64 " mode=%s",
		guest->cfg->name, vsw_guest_state_name(guest->state), reason, st->queues,
		st->queues_mapped, st->queues_irq_direct, st->kicks_relayed, st->irqs_relayed,
		st->dma_maps, st->dma_bytes, st->starts, st->failures, link,
		atomic_load(&guest->connections), guest->cfg->vf, guest->changes, vsw_event_lost(),
		st->max_pairs, st->vectors, st->features, st->config_changes,
		rte_pmd_vdpa_virtio_mode_name(st->mode));
	guest->line(line);
}

static void
print_queue(const struct vsw_guest *guest, uint16_t qid)
{
	struct rte_pmd_vdpa_virtio_queue queue;
	char line[320], vector[8] = "-";

	if (rte_pmd_vdpa_virtio_queue_get(guest->dev, qid, &queue) != 0 ||
		!(queue.enabled || queue.running))
		return;
	if (queue.vector != UINT16_MAX)
		snprintf(vector, sizeof(vector), "%u", queue.vector);
	snprintf(line, sizeof(line),
		"stats-queue guest=%s queue=%u kick=%s irq=%s size=%u base=%u "
		"kicks_relayed=%" PRIu64 " irqs_relayed=%" PRIu64
		" enabled=%d running=%d vector=%s mode=%s",
		guest->cfg->name, qid, rte_pmd_vdpa_virtio_kick_name(queue.kick),
		rte_pmd_vdpa_virtio_irq_name(queue.irq), queue.size, queue.base,
		queue.kicks_relayed, queue.irqs_relayed, queue.enabled, queue.running, vector,
		rte_pmd_vdpa_virtio_mode_name(queue.mode));
	guest->line(line);
}

void
vsw_stats_print(const struct vsw_guest *guest)
{
	struct rte_pmd_vdpa_virtio_status st;
	uint32_t qid;

	if (vsw_vf_status(guest, &st) != 0) {
		print_unknown(guest);
		return;
	}
	print_guest(guest, &st);
	for (qid = 0; qid < 2u * st.max_pairs; qid++)
		print_queue(guest, qid);
}
