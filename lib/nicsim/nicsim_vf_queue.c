/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * A simulated VF's queues: when they are worked on, and what tells of work: doorbells rung by
 * register, and through mapped pages, which the hardware thread has to look at. Under the
 * function's lock, but for nicsim_vf_poll() and nicsim_vf_is_polled(), which take it; never waits
 * otherwise.
 */
#include <string.h>

#include "nicsim_vf_priv.h"

#define PAGE 4096
#define SENTINEL UINT32_MAX /* in a doorbell's word: not rung. No queue has that number. */

static void
queue_stop(struct nicsim_queue *q)
{
	q->running = q->kicked = q->signal = false;
}

void
nicsim_vf_stop(struct nicsim_vf *vf)
{
	uint16_t i;

	for (i = 0; i < vf->num_queues; i++)
		queue_stop(&vf->queue[i]);
	vf->tx_turn = 0;
	memset(&vf->steer, 0, sizeof(vf->steer));
}

/* Whether there is such a queue with the features that the driver accepted (5.1.2). */
static bool
queue_is_there(const struct nicsim_vf *vf, uint16_t qid)
{
	return qid < 2 || qid == nicsim_vf_ctrl_qid(vf) ||
	       (nicsim_vf_has(vf, VIO_NET_F_MQ) && qid < 2 * vf->conf.pairs);
}

static void
doorbell_start(struct nicsim_vf *vf, uint16_t qid)
{
	uint64_t off = (uint64_t)vf->regs.q[qid].noff * vf->regs.conf.multiplier;

	vf->queue[qid].doorbell = NULL;
	if (vf->doorbells == NULL || vf->regs.conf.multiplier % PAGE != 0 ||
		vf->regs.conf.multiplier == 0 || off + PAGE > vf->doorbells_len)
		return;
	vf->queue[qid].doorbell = (uint32_t *)(vf->doorbells + off);
	__atomic_store_n(vf->queue[qid].doorbell, SENTINEL, __ATOMIC_RELAXED);
}

/* Work on a queue that is enabled, from now on. */
static void
queue_start(struct nicsim_vf *vf, uint16_t qid)
{
	const struct nicsim_regs_queue *rq = &vf->regs.q[qid];
	const struct nicsim_faults *f = &vf->regs.faults;
	struct nicsim_queue *q = &vf->queue[qid];
	struct nicsim_ring_conf conf = {
		.desc = rq->addr[0],
		.driver = rq->addr[1],
		.device = rq->addr[2],
		.size = rq->size,
		.packed = nicsim_vf_has(vf, VIO_F_RING_PACKED),
		.event_idx = nicsim_vf_has(vf, VIO_F_EVENT_IDX),
		.indirect = nicsim_vf_has(vf, VIO_F_INDIRECT_DESC),
		.in_order = nicsim_vf_has(vf, VIO_F_IN_ORDER),
	};

	if (!queue_is_there(vf, qid)) {
		nicsim_regs_blame(&vf->regs, "a queue enabled that its features do not give");
		return;
	}
	if (nicsim_ring_start(&q->ring, &vf->dma, &conf) != 0) {
		nicsim_regs_blame(&vf->regs, "a ring of a size or at a place that may not be");
		nicsim_vf_needs_reset(vf);
		return;
	}
	if (nicsim_faults_on(f, NICSIM_FAULT_DISORDER) && qid < 2 * vf->conf.pairs)
		nicsim_ring_disorder(&q->ring, (uint16_t)f->arg[NICSIM_FAULT_DISORDER], qid + 1u);
	q->kicked = q->signal = q->given_up = false;
	doorbell_start(vf, qid);
	q->running = true;
}

/* Pages may be rung from now on, which nobody tells: the hardware thread has to look. */
static void
pages_wake(struct nicsim_vf *vf)
{
	if (vf->wake != NULL)
		vf->wake(vf->wake_ctx);
}

static void
on_live(void *ctx)
{
	struct nicsim_vf *vf = ctx;
	uint16_t i;

	for (i = 0; i < vf->num_queues; i++)
		if (vf->regs.q[i].enable != 0)
			queue_start(vf, i);
	pages_wake(vf);
}

static void
on_enable(void *ctx, uint16_t qid)
{
	struct nicsim_vf *vf = ctx;

	if (qid >= vf->num_queues || (vf->regs.status & VIO_STATUS_DRIVER_OK) == 0)
		return;
	queue_start(vf, qid);
	pages_wake(vf);
}

static void
on_disable(void *ctx, uint16_t qid)
{
	struct nicsim_vf *vf = ctx;

	if (qid < vf->num_queues)
		queue_stop(&vf->queue[qid]);
}

static void
on_reset(void *ctx)
{
	struct nicsim_vf *vf = ctx;

	nicsim_vf_stop(vf);
	nicsim_ctrl_reset(vf);
}

void
nicsim_vf_ctrl_wake(struct nicsim_vf *vf)
{
	if (vf->wake != NULL)
		vf->wake(vf->wake_ctx);
	else
		nicsim_ctrl_serve(vf);
}

static bool
is_tx(const struct nicsim_vf *vf, uint16_t qid)
{
	return qid % 2 != 0 && qid < 2 * vf->conf.pairs;
}

/* A doorbell was rung. Of a queue that receives there is nothing to do: frames look by themselves.
 */
static void
kicked(struct nicsim_vf *vf, uint16_t qid)
{
	struct nicsim_queue *q = &vf->queue[qid];

	q->stats.kicks++;
	nicsim_vf_point(vf, NICSIM_AT_KICK);
	if (q->running && (is_tx(vf, qid) || qid == nicsim_vf_ctrl_qid(vf)))
		q->kicked = true;
}

static void
on_kick(void *ctx, uint16_t qid)
{
	struct nicsim_vf *vf = ctx;

	if (qid >= vf->num_queues)
		return;
	kicked(vf, qid);
	if (qid == nicsim_vf_ctrl_qid(vf))
		nicsim_vf_ctrl_wake(vf);
	else if (vf->queue[qid].kicked && vf->wake != NULL)
		vf->wake(vf->wake_ctx);
}

const struct nicsim_regs_hooks nicsim_vf_hooks = {
	.kick = on_kick,
	.enable = on_enable,
	.disable = on_disable,
	.live = on_live,
	.reset = on_reset,
};

/* Guests write there at any time, whatever the function is doing. */
static bool
doorbells_look(struct nicsim_vf *vf)
{
	bool any = false;
	uint16_t i;

	for (i = 0; i < vf->num_queues; i++) {
		uint32_t *word = vf->queue[i].doorbell;

		if (!vf->queue[i].running || word == NULL ||
			__atomic_load_n(word, __ATOMIC_RELAXED) == SENTINEL ||
			__atomic_exchange_n(word, SENTINEL, __ATOMIC_ACQ_REL) == SENTINEL)
			continue;
		vf->queue[i].stats.kicks_page++;
		kicked(vf, i);
		any = true;
	}
	return any;
}

static bool
has_work(const struct nicsim_vf *vf)
{
	uint16_t i;

	for (i = 1; i < 2 * vf->conf.pairs; i += 2)
		if (vf->queue[i].running && vf->queue[i].kicked && !vf->queue[i].stalled)
			return true;
	return false;
}

bool
nicsim_vf_poll(struct nicsim_vf *vf)
{
	unsigned int commands;
	bool busy;

	nicsim_vf_lock(vf);
	commands = vf->ctrl.commands;
	busy = doorbells_look(vf);
	nicsim_ctrl_serve(vf);
	busy = has_work(vf) || busy || vf->ctrl.commands != commands;
	nicsim_vf_unlock(vf);
	return busy;
}

bool
nicsim_vf_is_polled(struct nicsim_vf *vf)
{
	bool polled = false;
	uint16_t i;

	nicsim_vf_lock(vf);
	for (i = 0; i < vf->num_queues && !polled; i++)
		polled = vf->queue[i].running && vf->queue[i].doorbell != NULL;
	nicsim_vf_unlock(vf);
	return polled;
}
