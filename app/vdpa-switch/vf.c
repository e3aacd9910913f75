/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Any vDPA driver's device serves; one of vdpa_virtio tells more. Runs on the control thread,
 * except for driver_event(), which comes on any and only posts.
 */
#include <errno.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_string_fns.h>
#include <rte_vdpa.h>

#include "event.h"
#include "vf.h"

int
vsw_vf_check(const struct vsw_guest_config *cfg, struct vsw_err *err)
{
	char why[2 * RTE_PMD_VDPA_VIRTIO_TEXT];
	int ret;

	if (!cfg->vf_is_pci)
		return 0; /* comes into being with EAL */
	ret = rte_pmd_vdpa_virtio_diagnose(cfg->vf, why, sizeof(why));
	if (ret == 0 || ret == -ENOTSUP)
		return 0;
	return vsw_err_set(err, ret, "%s", why);
}

/* EAL is up and the VF has no vDPA device: the best known reason. */
static int
no_device(const struct vsw_guest_config *cfg, struct vsw_err *err)
{
	char why[2 * RTE_PMD_VDPA_VIRTIO_TEXT];

	if (!cfg->vf_is_pci)
		return vsw_err_set(err, -ENODEV,
			"there is no vDPA device %s: EAL makes none of that name; a simulated NIC "
			"with VFs needs --vdev net_nicsim0,vfs=N, and its plugin installed or named "
			"with -d",
			cfg->vf);
	if (!rte_eal_has_pci())
		return vsw_err_set(err, -ENODEV,
			"VF %s is out of reach: leave out EAL option --no-pci", cfg->vf);
	if (rte_pmd_vdpa_virtio_diagnose(cfg->vf, why, sizeof(why)) != 0)
		return vsw_err_set(err, -ENODEV,
			"no vDPA driver took the VF: %s: name a VF that one takes", why);
	return vsw_err_set(err, -ENODEV,
		"no vDPA driver took VF %s: its log lines above say why; another process "
		"may have it open",
		cfg->vf);
}

static void
driver_event(struct rte_vdpa_device *dev, const struct rte_pmd_vdpa_virtio_event *from, void *arg)
{
	struct vsw_event event = {
		.guest = arg,
		.reason = from->reason,
		.error = from->error,
		.kick = from->kick,
		.link_up = from->link_up,
	};

	(void)dev;
	switch (from->type) {
	case RTE_PMD_VDPA_VIRTIO_EVENT_STATE:
		if (from->state == RTE_PMD_VDPA_VIRTIO_RUNNING)
			event.type = VSW_EVENT_RUNNING;
		else if (from->state == RTE_PMD_VDPA_VIRTIO_FAILED)
			event.type = VSW_EVENT_DEVICE_FAILED;
		else if (from->state == RTE_PMD_VDPA_VIRTIO_PROBED)
			event.type = VSW_EVENT_ENDED;
		else
			return; /* On the way from one to another. */
		break;
	case RTE_PMD_VDPA_VIRTIO_EVENT_REFUSED:
		event.type = VSW_EVENT_REFUSED;
		break;
	case RTE_PMD_VDPA_VIRTIO_EVENT_LINK:
		event.type = VSW_EVENT_LINK;
		break;
	case RTE_PMD_VDPA_VIRTIO_EVENT_GONE:
		event.type = VSW_EVENT_DEVICE_FAILED;
		event.reason = RTE_PMD_VDPA_VIRTIO_GONE;
		break;
	case RTE_PMD_VDPA_VIRTIO_EVENT_KICK:
		event.type = VSW_EVENT_KICK;
		break;
	case RTE_PMD_VDPA_VIRTIO_EVENT_ANNOUNCE:
		event.type = VSW_EVENT_ANNOUNCE;
		break;
	case RTE_PMD_VDPA_VIRTIO_EVENT_RETURNED:
		event.type = VSW_EVENT_RETURNED;
		break;
	default:
		return; /* Of a newer driver. */
	}
	strlcpy(event.text, from->text, sizeof(event.text));
	vsw_event_post(&event);
}

static int
limit_pairs(const struct vsw_guest *guest, struct vsw_err *err)
{
	const struct vsw_guest_config *cfg = guest->cfg;
	struct rte_pmd_vdpa_virtio_status st;
	int ret;

	if (cfg->pairs == 0)
		return 0;
	ret = vsw_vf_status(guest, &st);
	if (ret == -ENODEV)
		return vsw_err_set(err, -ENOTSUP,
			"queues=%u: the driver of VF %s cannot limit queue pairs "
			"(vdpa_virtio can): leave queues= out",
			cfg->pairs, cfg->vf);
	if (ret == 0)
		ret = rte_pmd_vdpa_virtio_max_pairs_set(guest->dev, cfg->pairs);
	if (ret == -ERANGE)
		return vsw_err_set(err, ret,
			"queues=%u: VF %s has %u queue pair%s: ask for no more", cfg->pairs,
			cfg->vf, st.max_pairs, st.max_pairs == 1 ? "" : "s");
	if (ret != 0)
		return vsw_err_set(
			err, ret, "queues=%u: VF %s: %s", cfg->pairs, cfg->vf, strerror(-ret));
	return 0;
}

static int
set_mac(const struct vsw_guest *guest, struct vsw_err *err)
{
	const struct vsw_guest_config *cfg = guest->cfg;
	int ret;

	if (!cfg->has_mac)
		return 0;
	ret = rte_pmd_vdpa_virtio_mac_set(guest->dev, cfg->mac.addr_bytes);
	if (ret == -ENODEV)
		return vsw_err_set(err, -ENOTSUP,
			"mac=: the driver of VF %s cannot set it (vdpa_virtio can): "
			"leave mac= out and set it on the PF",
			cfg->vf);
	if (ret == -ENOTSUP)
		return vsw_err_set(err, ret,
			"mac=: VF %s has no way to set it (VIRTIO_NET_F_CTRL_MAC_ADDR): "
			"leave mac= out and set it on the PF",
			cfg->vf);
	if (ret != 0)
		return vsw_err_set(err, ret, "mac=: VF %s: %s", cfg->vf, strerror(-ret));
	return 0;
}

int
vsw_vf_open(struct vsw_guest *guest, struct vsw_err *err)
{
	int ret;

	guest->dev = rte_vdpa_find_device_by_name(guest->cfg->vf);
	if (guest->dev == NULL)
		return no_device(guest->cfg, err);
	ret = limit_pairs(guest, err);
	if (ret == 0)
		ret = set_mac(guest, err);
	if (ret != 0)
		goto err_device;
	ret = rte_pmd_vdpa_virtio_event_register(guest->dev, driver_event, guest);
	if (ret == -ENODEV) {
		VSW_LOG(NOTICE,
			"guest %s: VF %s is not vdpa_virtio's: its driver reports neither "
			"that rings run nor why not",
			guest->cfg->name, guest->cfg->vf);
	} else if (ret != 0) {
		vsw_err_set(err, ret, "cannot follow VF %s: %s", guest->cfg->vf, strerror(-ret));
		goto err_device;
	}
	return 0;

err_device:
	guest->dev = NULL;
	return ret;
}

void
vsw_vf_close(struct vsw_guest *guest)
{
	if (guest->dev == NULL)
		return;
	rte_pmd_vdpa_virtio_event_register(guest->dev, NULL, NULL);
	guest->dev = NULL;
}

int
vsw_vf_status(const struct vsw_guest *guest, struct rte_pmd_vdpa_virtio_status *st)
{
	if (guest->dev == NULL)
		return -ENODEV;
	return rte_pmd_vdpa_virtio_status_get(guest->dev, st);
}
