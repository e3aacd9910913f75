/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Link, needs-reset and removal: read from the device when it says that something changed, and now
 * and then. Lock held.
 */
#include <errno.h>
#include <string.h>

#include "state.h"
#include "virtio_vdpa.h"

static void
fail(struct virtio_vdpa_dev *dev, enum rte_pmd_vdpa_virtio_reason reason, int error,
	const char *text)
{
	struct virtio_vdpa_fault fault;

	virtio_vdpa_fault_set(&fault, reason, error, "%s", text);
	virtio_vdpa_state_input(dev, VIRTIO_VDPA_REJECT, &fault);
}

static uint16_t
net_status(struct virtio_vdpa_dev *dev)
{
	uint8_t raw[2];

	if ((dev->vio.features & VIO_BIT(VIO_NET_F_STATUS)) == 0 ||
			vio_dev_config_read(&dev->vio, VIO_NET_CFG_STATUS, raw, sizeof(raw)) != 0)
		return VIO_NET_S_LINK_UP; /* virtio 1.2, 5.1.4.2: without STATUS the link is up */
	return raw[0] | raw[1] << 8;
}

void
virtio_vdpa_config_keep(struct virtio_vdpa_dev *dev)
{
	uint16_t len = RTE_MIN((uint64_t)VIRTIO_VDPA_CONFIG, dev->vio.layout.device.len);
	uint8_t raw[VIRTIO_VDPA_CONFIG];

	if (vio_dev_config_read(&dev->vio, 0, raw, len) != 0)
		return; /* what was read before is the best that is known */
	pthread_mutex_lock(&dev->front_lock);
	memcpy(dev->conn.config, raw, len);
	dev->conn.config_len = len;
	pthread_mutex_unlock(&dev->front_lock);
}

void
virtio_vdpa_config_forget(struct virtio_vdpa_dev *dev)
{
	pthread_mutex_lock(&dev->front_lock);
	dev->conn.config_len = 0;
	dev->conn.announce = false;
	pthread_mutex_unlock(&dev->front_lock);
}

bool
virtio_vdpa_link_read(struct virtio_vdpa_dev *dev)
{
	dev->net_status = net_status(dev);
	return (dev->net_status & VIO_NET_S_LINK_UP) != 0;
}

/* The guest's driver sees this through its front-end; the device is told that it was seen
 * (5.1.6.5.4). */
static void
announce(struct virtio_vdpa_dev *dev)
{
	struct rte_pmd_vdpa_virtio_event event = {
		.type = RTE_PMD_VDPA_VIRTIO_EVENT_ANNOUNCE,
		.state = dev->state,
		.vid = dev->vid,
	};

	/* The device's own bit ends with the acknowledgment: kept for whoever has not read it. */
	pthread_mutex_lock(&dev->front_lock);
	dev->conn.announce = true;
	pthread_mutex_unlock(&dev->front_lock);
	if (dev->cvq_on && vio_cvq_announce_ack(&dev->cvq, VIO_CVQ_MS) != 0)
		VV_LOG(WARNING, dev,
			"the device did not take the acknowledgment of its announcement");
	virtio_vdpa_event_post(dev, &event);
}

void
virtio_vdpa_health_check(struct virtio_vdpa_dev *dev)
{
	uint8_t status;

	if (dev->state != RTE_PMD_VDPA_VIRTIO_RUNNING)
		return;
	status = vio_dev_status(&dev->vio);
	if (vio_dev_is_gone(&dev->vio)) {
		fail(dev, RTE_PMD_VDPA_VIRTIO_GONE, -ENODEV,
			"the device is gone: its registers read all ones");
	} else if ((status & VIO_STATUS_NEEDS_RESET) != 0) {
		fail(dev, RTE_PMD_VDPA_VIRTIO_NEEDS_RESET, -EIO, "the device asks for a reset");
		virtio_vdpa_frontend_job(dev, dev->vid, VIRTIO_VDPA_JOB_CONFIG);
	} else if ((status & VIO_STATUS_DRIVER_OK) == 0) {
		fail(dev, RTE_PMD_VDPA_VIRTIO_DEVICE, -EIO,
			"the device was reset from outside while it ran");
	}
}

void
virtio_vdpa_health_config(struct virtio_vdpa_dev *dev)
{
	struct rte_pmd_vdpa_virtio_event event = { .type = RTE_PMD_VDPA_VIRTIO_EVENT_LINK };
	uint16_t status;

	virtio_vdpa_health_check(dev);
	if (dev->state != RTE_PMD_VDPA_VIRTIO_RUNNING)
		return;
	status = net_status(dev);
	/* A vector that is the queues' too does not say that anything changed. */
	if (dev->bus->vectors == 1 && status == dev->net_status)
		return;
	dev->net_status = status & ~VIO_NET_S_ANNOUNCE; /* gone once acknowledged */
	dev->counters.config_changes++;
	virtio_vdpa_config_keep(dev);
	if ((status & VIO_NET_S_ANNOUNCE) != 0 &&
		(dev->vio.features & VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE)) != 0)
		announce(dev);
	virtio_vdpa_frontend_job(dev, dev->vid, VIRTIO_VDPA_JOB_CONFIG);
	if (((status & VIO_NET_S_LINK_UP) != 0) == dev->link_up)
		return;
	dev->link_up = !dev->link_up;
	VV_LOG(NOTICE, dev, "link is %s", dev->link_up ? "up" : "down");
	event.state = dev->state;
	event.vid = dev->vid;
	event.link_up = dev->link_up;
	virtio_vdpa_event_post(dev, &event);
}
