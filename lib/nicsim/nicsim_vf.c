/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * One simulated VF: its life, its lock, what it is powered on as, and who is told when it goes and
 * comes back. Entered on any thread; waits for its lock, and for a callback that is under way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_vf_priv.h"

#define PAGE 4096

const struct nicsim_vf_conf nicsim_vf_default = {
	.features =
		VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM) |
		VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER) | VIO_BIT(VIO_F_RING_RESET) |
		VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_INDIRECT_DESC) |
		VIO_BIT(VIO_F_ORDER_PLATFORM) | VIO_BIT(VIO_NET_F_CSUM) |
		VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_HOST_TSO4) |
		VIO_BIT(VIO_NET_F_HOST_TSO6) | VIO_BIT(VIO_NET_F_HOST_ECN) |
		VIO_BIT(VIO_NET_F_GUEST_TSO4) | VIO_BIT(VIO_NET_F_GUEST_TSO6) |
		VIO_BIT(VIO_NET_F_GUEST_ECN) | VIO_BIT(VIO_NET_F_MRG_RXBUF) |
		VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) | VIO_BIT(VIO_NET_F_CTRL_VQ) |
		VIO_BIT(VIO_NET_F_CTRL_RX) | VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) |
		VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_MTU) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE),
	.pairs = 1,
	.queue_size = 1024,
	.mtu = 1500,
	.mac = { 0x52, 0x54, 0, 1, 2, 3 },
	.notify_pages = true,
};

void
nicsim_vf_lock(struct nicsim_vf *vf)
{
	pthread_mutex_lock(&vf->lock);
}

/* One after another, by whichever thread finds that nobody is at it. */
static void
tell_changes(struct nicsim_vf *vf)
{
	void (*change)(void *ctx, bool gone);
	void *ctx;
	bool gone;

	while (vf->changed && !vf->telling) {
		gone = vf->changed_gone;
		vf->changed = false;
		change = vf->change;
		ctx = vf->change_ctx;
		if (change == NULL)
			continue;
		vf->telling = true;
		vf->teller = pthread_self();
		pthread_mutex_unlock(&vf->lock);
		change(ctx, gone);
		pthread_mutex_lock(&vf->lock);
		vf->telling = false;
		pthread_cond_broadcast(&vf->told);
	}
}

void
nicsim_vf_unlock(struct nicsim_vf *vf)
{
	tell_changes(vf);
	pthread_mutex_unlock(&vf->lock);
}

void
nicsim_vf_changed(struct nicsim_vf *vf, bool gone)
{
	vf->changed = true;
	vf->changed_gone = gone;
}

void
nicsim_vf_on_change(struct nicsim_vf *vf, void (*change)(void *ctx, bool gone), void *ctx)
{
	nicsim_vf_lock(vf);
	vf->change = change;
	vf->change_ctx = ctx;
	while (vf->telling && !pthread_equal(vf->teller, pthread_self()))
		pthread_cond_wait(&vf->told, &vf->lock);
	nicsim_vf_unlock(vf);
}

bool
nicsim_vf_has(const struct nicsim_vf *vf, unsigned int bit)
{
	const uint64_t tso = VIO_BIT(VIO_NET_F_GUEST_TSO4) | VIO_BIT(VIO_NET_F_GUEST_TSO6);
	const uint64_t offloads = tso | VIO_BIT(VIO_NET_F_GUEST_CSUM) |
				  VIO_BIT(VIO_NET_F_GUEST_ECN) | VIO_BIT(VIO_NET_F_GUEST_UFO) |
				  VIO_BIT(VIO_NET_F_GUEST_USO4) | VIO_BIT(VIO_NET_F_GUEST_USO6);

	if (!nicsim_regs_negotiated(&vf->regs, bit))
		return false;
	return (offloads & VIO_BIT(bit)) == 0 || (vf->ctrl.offloads & VIO_BIT(bit)) != 0;
}

uint16_t
nicsim_vf_active_pairs(const struct nicsim_vf *vf)
{
	return vf->ctrl.pairs == 0 ? 1 : vf->ctrl.pairs;
}

uint16_t
nicsim_vf_ctrl_qid(const struct nicsim_vf *vf)
{
	if (!nicsim_vf_has(vf, VIO_NET_F_CTRL_VQ))
		return UINT16_MAX;
	return nicsim_vf_has(vf, VIO_NET_F_MQ) ? 2 * vf->conf.pairs : 2;
}

bool
nicsim_vf_link(const struct nicsim_vf *vf)
{
	return (vf->regs.netcfg[VIO_NET_CFG_STATUS] & VIO_NET_S_LINK_UP) != 0;
}

void
nicsim_vf_power(struct nicsim_vf *vf)
{
	const struct nicsim_vf_conf *conf = &vf->conf;
	const struct nicsim_faults *f = &vf->regs.faults;
	bool pages = conf->notify_pages && !nicsim_faults_on(f, NICSIM_FAULT_NO_NOTIFY_PAGES);
	struct nicsim_regs_conf regs = {
		.offered = conf->features,
		/* The function is behind an IOMMU, whether the driver knows or not (6.1). */
		.required = VIO_BIT(VIO_F_ACCESS_PLATFORM),
		.common_len = VIO_COMMON_Q_RESET + 2,
		.device_len = NICSIM_REGS_NETCFG,
		.notify_len = pages ? (uint32_t)vf->num_queues * PAGE : PAGE,
		.multiplier = pages ? PAGE : 4,
		.num_queues = vf->num_queues,
		.max_size = conf->queue_size,
		.pairs = conf->pairs,
		.mtu = conf->mtu,
		.config_fixed = true,
	};

	memcpy(regs.mac, conf->mac, sizeof(regs.mac));
	if (conf->pairs == 1)
		regs.offered &= ~VIO_BIT(VIO_NET_F_MQ);
	if ((conf->features & VIO_BIT(VIO_NET_F_CTRL_VQ)) == 0)
		regs.num_queues--;
	if (nicsim_faults_on(f, NICSIM_FAULT_NO_RING_RESET))
		regs.offered &= ~VIO_BIT(VIO_F_RING_RESET);
	if (nicsim_faults_on(f, NICSIM_FAULT_NO_PACKED))
		regs.offered &= ~VIO_BIT(VIO_F_RING_PACKED);
	vf->irq.vectors = conf->vectors != 0 ? conf->vectors : vf->num_queues + 1;
	if (nicsim_faults_on(f, NICSIM_FAULT_VECTORS))
		vf->irq.vectors = (uint16_t)f->arg[NICSIM_FAULT_VECTORS];
	regs.vectors = vf->irq.vectors;
	nicsim_regs_power(&vf->regs, &regs);
	nicsim_vf_stop(vf);
	nicsim_ctrl_reset(vf);
}

static bool
conf_is_good(const struct nicsim_vf_conf *conf)
{
	return conf->pairs >= 1 && conf->pairs <= NICSIM_VF_PAIRS && conf->queue_size >= 2 &&
	       conf->queue_size <= NICSIM_RING_SIZE_MAX &&
	       (conf->queue_size & (conf->queue_size - 1)) == 0 &&
	       conf->vectors <= NICSIM_VF_VECTORS;
}

struct nicsim_vf *
nicsim_vf_new(
	const struct nicsim_vf_conf *conf, const char *name, void (*wake)(void *ctx), void *ctx)
{
	struct nicsim_regs_conf none = { .num_queues = 0 };
	struct nicsim_vf *vf;

	if (!conf_is_good(conf))
		return NULL;
	vf = calloc(1, sizeof(*vf));
	if (vf == NULL)
		return NULL;
	snprintf(vf->name, sizeof(vf->name), "%s", name);
	vf->conf = *conf;
	vf->num_queues = 2 * conf->pairs + 1;
	vf->queue = calloc(vf->num_queues, sizeof(*vf->queue));
	vf->chain = malloc(sizeof(*vf->chain));
	if (vf->queue == NULL || vf->chain == NULL || pthread_mutex_init(&vf->lock, NULL) != 0)
		goto free_vf;
	if (pthread_cond_init(&vf->told, NULL) != 0)
		goto destroy_lock;
	vf->wake = wake;
	vf->wake_ctx = ctx;
	vf->device_fd = vf->gone_fd = -1;
	nicsim_dma_init(&vf->dma);
	nicsim_irq_init(&vf->irq);
	nicsim_regs_init(&vf->regs, &none);
	nicsim_faults_init(&vf->regs.faults, nicsim_vf_strike, vf);
	vf->regs.hooks = &nicsim_vf_hooks;
	vf->regs.hooks_ctx = vf;
	nicsim_vf_power(vf);
	return vf;

destroy_lock:
	pthread_mutex_destroy(&vf->lock);
free_vf:
	free(vf->chain);
	free(vf->queue);
	free(vf);
	return NULL;
}

void
nicsim_vf_free(struct nicsim_vf *vf)
{
	uint16_t i;

	if (vf == NULL)
		return;
	if (vf->open)
		nicsim_vf_close(vf);
	for (i = 0; i < vf->num_queues; i++)
		nicsim_ring_fini(&vf->queue[i].ring);
	nicsim_dma_fini(&vf->dma);
	pthread_cond_destroy(&vf->told);
	pthread_mutex_destroy(&vf->lock);
	free(vf->chain);
	free(vf->queue);
	free(vf);
}
