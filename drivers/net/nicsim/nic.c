/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A NIC from probe to removal, and the list of them. Made and removed on the main or hot-plug
 * thread, one at a time; looked up on any. Never removes a NIC whose VFs guests run on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_string_fns.h>

#include "args.h"
#include "eth.h"

static TAILQ_HEAD(, nicsim_eth_nic) nics = TAILQ_HEAD_INITIALIZER(nics);
static pthread_mutex_t nics_lock = PTHREAD_MUTEX_INITIALIZER;

struct nicsim_eth_nic *
nicsim_eth_nic_get(const char *name)
{
	struct nicsim_eth_nic *nic;

	pthread_mutex_lock(&nics_lock);
	TAILQ_FOREACH(nic, &nics, next)
		if (strcmp(nic->name, name) == 0)
			return nic;
	pthread_mutex_unlock(&nics_lock);
	return NULL;
}

struct nicsim_eth_nic *
nicsim_eth_nic_get_by_port(uint16_t port_id)
{
	struct nicsim_eth_nic *nic;
	unsigned int i;
	bool found = false;

	pthread_mutex_lock(&nics_lock);
	TAILQ_FOREACH(nic, &nics, next) {
		for (i = 0; i <= nic->num_vfs && !found; i++)
			found = __atomic_load_n(&nic->port[i].id, __ATOMIC_RELAXED) == port_id;
		if (found)
			return nic;
	}
	pthread_mutex_unlock(&nics_lock);
	return NULL;
}

void
nicsim_eth_nic_put(struct nicsim_eth_nic *nic)
{
	(void)nic;
	pthread_mutex_unlock(&nics_lock);
}

void
nicsim_eth_nic_each(void (*fn)(struct nicsim_eth_nic *nic, void *ctx), void *ctx)
{
	struct nicsim_eth_nic *nic;

	pthread_mutex_lock(&nics_lock);
	TAILQ_FOREACH(nic, &nics, next)
		fn(nic, ctx);
	pthread_mutex_unlock(&nics_lock);
}

static int
locks_init(struct nicsim_eth_nic *nic)
{
	int ret;

	ret = pthread_mutex_init(&nic->ports_lock, NULL);
	if (ret != 0)
		return -ret;
	ret = pthread_cond_init(&nic->told, NULL);
	if (ret != 0)
		goto destroy_ports_lock;
	ret = pthread_mutex_init(&nic->flow_lock, NULL);
	if (ret == 0)
		return 0;
	pthread_cond_destroy(&nic->told);
destroy_ports_lock:
	pthread_mutex_destroy(&nic->ports_lock);
	return -ret;
}

static struct nicsim_eth_nic *
nic_alloc(struct rte_vdev_device *vdev, const struct nicsim_conf *conf)
{
	struct nicsim_eth_nic *nic = calloc(1, sizeof(*nic));
	unsigned int i;

	if (nic == NULL)
		return NULL;
	nic->port = calloc(conf->vfs + 1, sizeof(*nic->port));
	nic->vf = calloc(conf->vfs + 1, sizeof(*nic->vf));
	if (nic->port == NULL || nic->vf == NULL || locks_init(nic) != 0) {
		free(nic->port);
		free(nic->vf);
		free(nic);
		return NULL;
	}
	rte_strscpy(nic->name, rte_vdev_device_name(vdev), sizeof(nic->name));
	nic->mode = conf->mode;
	nic->num_vfs = conf->vfs;
	nic->domain = RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID;
	nic->keeper_fd = -1;
	for (i = 0; i <= conf->vfs; i++)
		nic->port[i].id = -1;
	return nic;
}

/* Undoes any part of nic_fill(). VFs may call the keeper until the model is gone, so its descriptor
 * is closed after that. */
static void
nic_free(struct nicsim_eth_nic *nic)
{
	unsigned int i;

	nicsim_eth_keeper_stop(nic);
	for (i = 0; i <= nic->num_vfs; i++)
		nicsim_eth_port_destroy(&nic->port[i]);
	for (i = 0; i < nic->num_vfs; i++)
		nicsim_eth_vf_release(&nic->vf[i]);
	nicsim_destroy(nic->sim);
	if (nic->keeper_fd >= 0)
		close(nic->keeper_fd);
	if (nic->domain != RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID)
		rte_eth_switch_domain_free(nic->domain);
	pthread_mutex_destroy(&nic->flow_lock);
	pthread_cond_destroy(&nic->told);
	pthread_mutex_destroy(&nic->ports_lock);
	free(nic->vf);
	free(nic->port);
	free(nic);
}

static int
domain_alloc(struct nicsim_eth_nic *nic)
{
	int ret;

	if (nic->mode != NICSIM_SWITCHDEV)
		return 0;
	ret = rte_eth_switch_domain_alloc(&nic->domain);
	if (ret != 0)
		NICSIM_ETH_LOG(ERR, nic->name, "no switch domain is left: %s", strerror(-ret));
	return ret;
}

static int
nic_fill(struct nicsim_eth_nic *nic, struct rte_device *dev, const struct nicsim_eth_args *args)
{
	char why[NICSIM_ETH_WHY];
	unsigned int i;
	int ret;

	ret = nicsim_create(&args->conf, &nic->sim, why, sizeof(why));
	if (ret != 0) {
		NICSIM_ETH_LOG(ERR, nic->name, "%s", why);
		return ret;
	}
	ret = nicsim_eth_keeper_init(nic);
	for (i = 0; i < nic->num_vfs && ret == 0; i++)
		nicsim_eth_vf_init(nic, i, dev);
	if (ret == 0)
		ret = domain_alloc(nic);
	if (ret == 0)
		ret = nicsim_eth_port_create(nic, 0, dev);
	for (i = 0; i < args->representors && ret == 0; i++)
		ret = nicsim_eth_port_create(nic, 1 + args->representor[i], dev);
	for (i = 0; i < nic->num_vfs && ret == 0; i++)
		nicsim_eth_vf_claim(&nic->vf[i]);
	return ret != 0 ? ret : nicsim_eth_keeper_start(nic);
}

int
nicsim_eth_nic_create(struct rte_vdev_device *vdev, const struct nicsim_eth_args *args)
{
	struct nicsim_eth_nic *nic = nic_alloc(vdev, &args->conf);
	unsigned int i;
	int ret;

	if (nic == NULL) {
		NICSIM_ETH_LOG(ERR, rte_vdev_device_name(vdev), "out of memory");
		return -ENOMEM;
	}
	ret = nic_fill(nic, &vdev->device, args);
	if (ret != 0) {
		nic_free(nic);
		return ret;
	}
	pthread_mutex_lock(&nics_lock);
	TAILQ_INSERT_TAIL(&nics, nic, next);
	pthread_mutex_unlock(&nics_lock);
	/* Applications hear of ports that are complete, their NIC too. */
	for (i = 0; i <= nic->num_vfs; i++)
		if (nic->port[i].dev != NULL)
			rte_eth_dev_probing_finish(nic->port[i].dev);
	NICSIM_ETH_LOG(INFO, nic->name, "%u VFs, %u representors, wire %s", nic->num_vfs,
		args->representors, nicsim_wire_name(nicsim_wire(nic->sim)));
	return 0;
}

/* Lock held. */
static int
nic_idle(struct nicsim_eth_nic *nic)
{
	unsigned int i;

	if (nicsim_eth_keeper_is_self(nic)) {
		NICSIM_ETH_LOG(ERR, nic->name,
			"cannot be removed from inside of an event's callback: do it on another "
			"thread");
		return -EBUSY;
	}
	for (i = 0; i < nic->num_vfs; i++) {
		if (nicsim_eth_vf_in_use(&nic->vf[i])) {
			NICSIM_ETH_LOG(ERR, nic->name,
				"is not removed: a guest is on VF %u (%s); stop that guest, or "
				"take its socket from the VF, and try again",
				i, nic->vf[i].name);
			return -EBUSY;
		}
	}
	return 0;
}

int
nicsim_eth_nic_destroy(struct rte_vdev_device *vdev)
{
	struct nicsim_eth_nic *nic = nicsim_eth_nic_get(rte_vdev_device_name(vdev));
	int ret;

	if (nic == NULL)
		return 0;
	ret = nic_idle(nic);
	if (ret == 0)
		TAILQ_REMOVE(&nics, nic, next);
	nicsim_eth_nic_put(nic);
	if (ret == 0)
		nic_free(nic);
	else
		nicsim_eth_keeper_pause(nic);
	return ret;
}
