/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What can be seen of a simulated VF: a copy, made under its lock. Any thread.
 */
#include <errno.h>
#include <string.h>

#include "nicsim_vf_priv.h"

void
nicsim_vf_stats(struct nicsim_vf *vf, struct nicsim_vf_stats *stats)
{
	nicsim_vf_lock(vf);
	*stats = vf->stats;
	stats->dma_faults = vf->dma.faults;
	stats->dma_fault_iova = vf->dma.fault_iova;
	stats->dma_maps = vf->dma.num_maps;
	stats->dma_bytes = vf->dma.bytes;
	stats->resets = vf->regs.resets;
	stats->features =
		(vf->regs.status & VIO_STATUS_FEATURES_OK) != 0 ? vf->regs.driver_features : 0;
	stats->status = vf->regs.gone ? 0xff : vf->regs.status;
	memcpy(stats->mac, vf->ctrl.mac, sizeof(stats->mac));
	stats->pairs = vf->conf.pairs;
	stats->active_pairs =
		(vf->regs.status & VIO_STATUS_DRIVER_OK) != 0 ? nicsim_vf_active_pairs(vf) : 0;
	stats->open = vf->open;
	stats->gone = vf->gone;
	stats->link_up = nicsim_vf_link(vf);
	stats->promisc = vf->ctrl.promisc;
	stats->violation = vf->regs.violation;
	nicsim_vf_unlock(vf);
}

int
nicsim_vf_queue_stats(struct nicsim_vf *vf, uint16_t qid, struct nicsim_queue_stats *stats)
{
	const struct nicsim_queue *q;

	if (qid >= vf->num_queues)
		return -EINVAL;
	nicsim_vf_lock(vf);
	q = &vf->queue[qid];
	*stats = q->stats;
	memcpy(stats->errors, q->ring.errors, sizeof(stats->errors));
	stats->running = q->running;
	stats->size = q->running ? q->ring.conf.size : 0;
	stats->avail = q->ring.avail;
	stats->used = q->ring.used;
	nicsim_vf_unlock(vf);
	return 0;
}

const char *
nicsim_vf_name(const struct nicsim_vf *vf)
{
	return vf->name;
}
