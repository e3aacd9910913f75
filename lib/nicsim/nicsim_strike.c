/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What faults do when they strike, and how they are armed and taken back. Faults that last are
 * looked at where they matter; here is what they change at once. Under the function's lock; never
 * waits.
 */
#include <errno.h>
#include <sys/eventfd.h>

#include "nicsim_vf_priv.h"

void
nicsim_regs_strike(struct nicsim_regs *regs, const struct nicsim_fault *fault)
{
	uint8_t *status = &regs->netcfg[VIO_NET_CFG_STATUS];

	switch (fault->kind) {
	case NICSIM_FAULT_NEEDS_RESET:
		regs->status |= VIO_STATUS_NEEDS_RESET;
		break;
	case NICSIM_FAULT_LINK_DOWN:
		*status &= (uint8_t)~VIO_NET_S_LINK_UP;
		break;
	case NICSIM_FAULT_LINK_UP:
		*status |= VIO_NET_S_LINK_UP;
		break;
	case NICSIM_FAULT_ANNOUNCE:
		*status |= VIO_NET_S_ANNOUNCE;
		break;
	case NICSIM_FAULT_GONE:
		regs->gone = true;
		break;
	default:
		break;
	}
}

static void
go(struct nicsim_vf *vf, bool silently)
{
	if (vf->gone)
		return;
	vf->gone = true;
	vf->stale = vf->open;
	vf->regs.gone = true;
	nicsim_vf_stop(vf);
	if (silently)
		return;
	if (vf->gone_fd >= 0)
		eventfd_write(vf->gone_fd, 1);
	nicsim_vf_changed(vf, true);
}

/*
 * Who had it open sees nothing of that: to him it stays what it was, gone. Where the bus was not
 * told, it is now: a bus that finds another device in the old one's place asks for the old one back
 * first, and nobody else could open it until then.
 */
static void
come_back(struct nicsim_vf *vf)
{
	if (!vf->gone)
		return;
	if (vf->stale && vf->gone_fd >= 0)
		eventfd_write(vf->gone_fd, 1);
	vf->gone = false;
	nicsim_vf_power(vf);
	vf->regs.gone = vf->stale;
	nicsim_vf_changed(vf, false);
}

static void
disorder(struct nicsim_vf *vf, uint16_t depth)
{
	uint16_t i;

	for (i = 0; i < 2 * vf->conf.pairs; i++)
		nicsim_ring_disorder(&vf->queue[i].ring, depth, i + 1u);
}

void
nicsim_vf_strike(void *ctx, const struct nicsim_fault *fault)
{
	struct nicsim_vf *vf = ctx;

	switch (fault->kind) {
	case NICSIM_FAULT_NEEDS_RESET:
		nicsim_vf_needs_reset(vf);
		break;
	case NICSIM_FAULT_LINK_DOWN:
	case NICSIM_FAULT_LINK_UP:
	case NICSIM_FAULT_ANNOUNCE:
		nicsim_regs_strike(&vf->regs, fault);
		nicsim_vf_config_changed(vf);
		break;
	case NICSIM_FAULT_GONE:
		go(vf, fault->has_arg && fault->arg != 0);
		break;
	case NICSIM_FAULT_RETURN:
		come_back(vf);
		break;
	case NICSIM_FAULT_QUEUE_STALL:
		vf->queue[fault->arg].stalled = true;
		break;
	case NICSIM_FAULT_DISORDER:
		disorder(vf, (uint16_t)vf->regs.faults.arg[NICSIM_FAULT_DISORDER]);
		break;
	case NICSIM_FAULT_VECTORS:
	case NICSIM_FAULT_NO_RING_RESET:
	case NICSIM_FAULT_NO_NOTIFY_PAGES:
	case NICSIM_FAULT_NO_PACKED:
		if (!vf->open && !vf->gone)
			nicsim_vf_power(vf);
		break;
	default: /* looked at where it matters */
		break;
	}
}

int
nicsim_vf_fault(struct nicsim_vf *vf, const struct nicsim_fault *fault)
{
	int ret = -EINVAL;

	nicsim_vf_lock(vf);
	if (fault->kind == NICSIM_FAULT_QUEUE_STALL && fault->arg >= vf->num_queues)
		goto unlock;
	if (fault->kind == NICSIM_FAULT_RETURN && !vf->gone)
		goto unlock;
	ret = nicsim_faults_arm(&vf->regs.faults, fault);
unlock:
	nicsim_vf_unlock(vf);
	return ret;
}

/* What was held up goes on. */
static void
release(struct nicsim_vf *vf)
{
	uint16_t i;

	vf->regs.stuck = false;
	vf->regs.reset_left = 0;
	vf->regs.restless = 0;
	for (i = 0; i < NICSIM_REGS_QUEUES; i++) {
		vf->regs.q[i].stuck = false;
		vf->regs.q[i].reset_left = 0;
	}
	for (i = 0; i < vf->num_queues; i++)
		vf->queue[i].stalled = false; /* what it was kicked for it still knows */
	disorder(vf, 0);
}

void
nicsim_vf_fault_clear(struct nicsim_vf *vf)
{
	uint16_t ctrl;

	nicsim_vf_lock(vf);
	nicsim_faults_clear(&vf->regs.faults);
	release(vf);
	if (!vf->open && !vf->gone)
		nicsim_vf_power(vf);
	ctrl = nicsim_vf_ctrl_qid(vf);
	if (ctrl != UINT16_MAX && vf->queue[ctrl].kicked)
		nicsim_vf_ctrl_wake(vf);
	else if (vf->wake != NULL)
		vf->wake(vf->wake_ctx);
	nicsim_vf_unlock(vf);
}

/* Queues that are stalled besides the last one, which is listed as any fault in force is. */
static unsigned int
list_stalled(
	const struct nicsim_vf *vf, struct nicsim_fault *faults, unsigned int n, unsigned int max)
{
	uint16_t i;

	for (i = 0; i < vf->num_queues && n < max; i++)
		if (vf->queue[i].stalled && i != vf->regs.faults.arg[NICSIM_FAULT_QUEUE_STALL])
			faults[n++] = (struct nicsim_fault){
				.kind = NICSIM_FAULT_QUEUE_STALL, .has_arg = true, .arg = i
			};
	return n;
}

unsigned int
nicsim_vf_faults(struct nicsim_vf *vf, struct nicsim_fault *faults, unsigned int max)
{
	unsigned int n;

	nicsim_vf_lock(vf);
	n = nicsim_faults_list(&vf->regs.faults, faults, max);
	n = list_stalled(vf, faults, n, max);
	nicsim_vf_unlock(vf);
	return n;
}
