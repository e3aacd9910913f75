/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The rte_vdpa_dev_ops table: from a vhost device id to a device to an input of its state machine.
 * Runs on the vhost event thread, but for the getters. It copies what the front-end said, checks
 * it, and leaves the work to the worker; only dev_close() waits, as the guest's memory goes away
 * when it returns.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat.h"
#include "state.h"
#include "virtio_vdpa.h"

/* How long queues may be in coming after the first pair is complete; front-ends without the STATUS
 * protocol feature. */
#define SETTLE_MS 200

static uint16_t
pairs_offered(struct virtio_vdpa_dev *dev)
{
	uint16_t pairs;

	pthread_mutex_lock(&dev->front_lock);
	pairs = dev->max_pairs;
	pthread_mutex_unlock(&dev->front_lock);
	return pairs;
}

static int
op_get_queue_num(struct rte_vdpa_device *vdpa, uint32_t *queue_num)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);

	if (dev == NULL)
		return -ENODEV;
	*queue_num = pairs_offered(dev);
	return 0;
}

/*
 * What front-ends do for themselves (control queue, announcement, status, MAC) does not hang on the
 * device; MQ does. LOG_ALL is not offered: the device does not tell which pages it wrote.
 */
static int
op_get_features(struct rte_vdpa_device *vdpa, uint64_t *features)
{
	const uint64_t frontend = VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) |
				  VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX) |
				  VIO_BIT(VIO_NET_F_CTRL_VLAN) | VIO_BIT(VIO_NET_F_CTRL_RX_EXTRA) |
				  VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) |
				  VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE);
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);

	if (dev == NULL)
		return -ENODEV;
	*features = (virtio_vdpa_offered(dev) & virtio_vdpa_guest_mask()) | frontend |
		(1ULL << VHOST_USER_F_PROTOCOL_FEATURES);
	if (pairs_offered(dev) > 1)
		*features |= VIO_BIT(VIO_NET_F_MQ);
	return 0;
}

/* Not CONFIGURE_MEM_SLOTS: there is no hook for single regions. */
static int
op_get_protocol_features(struct rte_vdpa_device *vdpa, uint64_t *features)
{
	(void)vdpa;
	*features = (1ULL << VHOST_USER_PROTOCOL_F_MQ) | (1ULL << VHOST_USER_PROTOCOL_F_REPLY_ACK) |
		    (1ULL << VHOST_USER_PROTOCOL_F_NET_MTU) |
		    (1ULL << VHOST_USER_PROTOCOL_F_BACKEND_REQ) |
		    (1ULL << VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD) |
		    (1ULL << VHOST_USER_PROTOCOL_F_HOST_NOTIFIER) |
		    (1ULL << VHOST_USER_PROTOCOL_F_CONFIG) | (1ULL << VHOST_USER_PROTOCOL_F_STATUS);
	return 0;
}

/* A free device is vid's from here on, with what was heard of it while it waited. */
static void
conn_begin(struct virtio_vdpa_dev *dev, int vid)
{
	uint16_t i;

	dev->conn.vid = vid;
	dev->conn.max_pairs = dev->max_pairs;
	for (i = 0; i < 2 * dev->dev_pairs; i++)
		dev->queue[i].front.enabled =
			dev->conn.waiting_vid == vid && dev->conn.waiting[i];
	if (dev->conn.waiting_vid == vid)
		dev->conn.waiting_vid = -1;
}

/*
 * vhost says once only that a queue is enabled, and never again when asked: what a connection that
 * has to wait for the device says is kept for it. For one: others lose no more than pairs.
 */
static void
conn_wait(struct virtio_vdpa_dev *dev, int vid, int vring, bool enabled)
{
	pthread_mutex_lock(&dev->front_lock);
	if (dev->conn.waiting_vid != vid)
		memset(dev->conn.waiting, 0, sizeof(dev->conn.waiting));
	dev->conn.waiting_vid = vid;
	if (vring >= 0 && vring < 2 * VIRTIO_VDPA_MAX_PAIRS)
		dev->conn.waiting[vring] = enabled;
	pthread_mutex_unlock(&dev->front_lock);
}

/* Whether the connection vid has the device; a free one is given to it. */
static bool
conn_take(struct virtio_vdpa_dev *dev, int vid)
{
	bool mine;

	pthread_mutex_lock(&dev->front_lock);
	if (dev->conn.vid < 0)
		conn_begin(dev, vid);
	mine = dev->conn.vid == vid;
	pthread_mutex_unlock(&dev->front_lock);
	return mine;
}

static bool
conn_is(struct virtio_vdpa_dev *dev, int vid)
{
	bool mine;

	pthread_mutex_lock(&dev->front_lock);
	mine = dev->conn.vid == vid;
	pthread_mutex_unlock(&dev->front_lock);
	return mine;
}

/* A second guest: told once, and the first one not disturbed. */
static int
refuse_busy(struct virtio_vdpa_dev *dev, int vid)
{
	struct rte_pmd_vdpa_virtio_event event = {
		.type = RTE_PMD_VDPA_VIRTIO_EVENT_REFUSED,
		.reason = RTE_PMD_VDPA_VIRTIO_BUSY,
		.error = -EBUSY,
		.vid = vid,
		.text = "another guest is on the device; remedy: one socket and one connection for "
			"each device",
	};
	bool told;

	pthread_mutex_lock(&dev->front_lock);
	told = dev->conn.refused_vid == vid;
	dev->conn.refused_vid = vid;
	pthread_mutex_unlock(&dev->front_lock);
	if (told)
		return -EBUSY;
	/* Not with the device's lock: it may be starting its guest, which can take its time. */
	__atomic_add_fetch(&dev->refused, 1, __ATOMIC_RELAXED);
	event.state = __atomic_load_n(&dev->state, __ATOMIC_RELAXED);
	VV_LOG(ERR, dev, "%s: %s", rte_pmd_vdpa_virtio_reason_name(event.reason), event.text);
	virtio_vdpa_event_post(dev, &event);
	virtio_vdpa_event_deliver(dev);
	return -EBUSY;
}

static int
features_check(struct virtio_vdpa_dev *dev, uint64_t features, struct virtio_vdpa_fault *fault)
{
	const uint64_t lacking = features & virtio_vdpa_guest_mask() & ~virtio_vdpa_offered(dev);

	if ((features & VIO_BIT(VIO_F_VERSION_1)) == 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GUEST_LEGACY, -ENOTSUP,
			"the guest did not accept VIRTIO_F_VERSION_1; remedy: give its NIC "
			"disable-legacy=on, or a"
			" newer driver");
	if ((features & VIO_BIT(VIO_F_ACCESS_PLATFORM)) != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GUEST_IOMMU, -ENOTSUP,
			"the guest accepted VIRTIO_F_ACCESS_PLATFORM; remedy: take its NIC from "
			"behind the virtual IOMMU"
			" (iommu_platform=off)");
	if (lacking != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GUEST_FEATURES, -ENOTSUP,
			"the guest accepted features that the device lacks: %#" PRIx64, lacking);
	return 0;
}

/* Copy the front-end's queues; returns how many there are. vhost thread. */
static uint16_t
fronts_read(struct virtio_vdpa_dev *dev, int vid)
{
	uint16_t i, num = RTE_MIN(rte_vhost_get_vring_num(vid), 2 * dev->dev_pairs);

	pthread_mutex_lock(&dev->front_lock);
	for (i = 0; i < num; i++)
		virtio_vdpa_front_read(&dev->queue[i].front, vid, i);
	dev->conn.queues = num & ~1u;
	pthread_mutex_unlock(&dev->front_lock);
	return num & ~1u;
}

static uint64_t
print_add(uint64_t print, uint64_t val)
{
	return (print ^ val) * UINT64_C(0x100000001b3); /* FNV-1a, a word at a time */
}

/* What a failed configuration is recognized by when vhost brings it again with each later message.
 * */
static uint64_t
fingerprint(struct virtio_vdpa_dev *dev, uint64_t features, const struct rte_vhost_memory *mem)
{
	uint64_t print = print_add(UINT64_C(0xcbf29ce484222325), features);
	const struct virtio_vdpa_front *f;
	uint32_t i;

	for (i = 0; i < mem->nregions; i++) {
		print = print_add(print, mem->regions[i].guest_phys_addr);
		print = print_add(print, mem->regions[i].size);
		print = print_add(print, mem->regions[i].host_user_addr);
	}
	for (i = 0; i < 2u * dev->dev_pairs; i++) {
		f = &dev->queue[i].front;
		print = print_add(print_add(print_add(print, f->desc), f->driver), f->device);
		print = print_add(print_add(print, f->size), f->base);
	}
	return print | 1;
}

static int
conf_check(struct virtio_vdpa_dev *dev, int vid, uint64_t features,
	const struct rte_vhost_memory *mem, struct virtio_vdpa_fault *fault)
{
	uint16_t vrings = rte_vhost_get_vring_num(vid);
	int ret;

	ret = features_check(dev, features, fault);
	if (ret != 0)
		return ret;
	if (vrings < 2 || vrings > 2 * dev->conn.max_pairs)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_COUNT, -ENOTSUP,
			"the guest has %u queues, the device takes 2 to %u; remedy: give its NIC "
			"queues=%u",
			vrings, 2 * dev->conn.max_pairs, dev->conn.max_pairs);
	if (dev->bus == NULL)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GONE, -ENODEV,
			"the device was removed; remedy: detach and attach it again");
	return virtio_vdpa_mem_plan(dev->bus, mem, &dev->plan, fault);
}

/* Lock held. */
static int
conf(struct virtio_vdpa_dev *dev, int vid, uint64_t features, const struct rte_vhost_memory *mem)
{
	struct virtio_vdpa_fault fault;
	uint16_t queues = fronts_read(dev, vid);
	uint64_t print = fingerprint(dev, features, mem);
	int ret;

	if (print == dev->conn.failed_print && dev->state == RTE_PMD_VDPA_VIRTIO_FAILED)
		return -EALREADY;
	ret = conf_check(dev, vid, features, mem, &fault);
	dev->vid = vid;
	if (ret != 0) {
		dev->conn.failed_print = print;
		virtio_vdpa_state_input(dev, VIRTIO_VDPA_REJECT, &fault);
		return ret;
	}
	dev->conn.failed_print = 0;
	dev->guest_features = features;
	dev->guest_queues = queues;
	dev->start_at = virtio_vdpa_now_ms() + SETTLE_MS;
	ret = virtio_vdpa_state_input(dev, VIRTIO_VDPA_CONF, NULL);
	if (ret == 0)
		virtio_vdpa_worker_wake(dev);
	return ret;
}

static int
op_dev_conf(int vid)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	struct rte_vhost_memory *mem = NULL;
	uint64_t features = 0;
	int ret;

	if (dev == NULL)
		return -ENODEV;
	if (!conn_take(dev, vid))
		return refuse_busy(dev, vid);
	if (rte_vhost_get_negotiated_features(vid, &features) != 0 ||
		rte_vhost_get_mem_table(vid, &mem) != 0)
		return -ENOENT;
	pthread_mutex_lock(&dev->lock);
	ret = conf(dev, vid, features, mem);
	pthread_mutex_unlock(&dev->lock);
	free(mem);
	virtio_vdpa_event_deliver(dev);
	return ret;
}

static int
op_dev_close(int vid)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);

	if (dev == NULL || !conn_is(dev, vid))
		return 0;
	pthread_mutex_lock(&dev->lock);
	virtio_vdpa_state_input(dev, VIRTIO_VDPA_CLOSE, NULL);
	virtio_vdpa_state_input(dev, VIRTIO_VDPA_DOWN, NULL);
	dev->vid = -1;
	dev->conn.failed_print = 0;
	pthread_mutex_unlock(&dev->lock);
	virtio_vdpa_event_deliver(dev);
	return 0;
}

/* The connection goes away: so do the guest's memory and the calls to its front-end. */
static int
op_dev_cleanup(int vid)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	uint16_t i;

	if (dev == NULL)
		return 0;
	op_dev_close(vid);
	pthread_mutex_lock(&dev->lock);
	pthread_mutex_lock(&dev->front_lock);
	if (dev->conn.refused_vid == vid)
		dev->conn.refused_vid = -1;
	if (dev->conn.waiting_vid == vid)
		dev->conn.waiting_vid = -1;
	if (dev->conn.vid == vid) {
		virtio_vdpa_forget(dev);
		for (i = 0; i < 2 * dev->dev_pairs; i++)
			virtio_vdpa_front_clear(&dev->queue[i].front);
		dev->conn.vid = -1;
		dev->conn.queues = 0;
	}
	pthread_mutex_unlock(&dev->front_lock);
	pthread_mutex_unlock(&dev->lock);
	virtio_vdpa_frontend_drop(dev, vid);
	return 0;
}

/* Each change of a queue's readiness, also while it runs: new call and kick fds, more or fewer
 * pairs. */
static int
op_set_vring_state(int vid, int vring, int state)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	struct virtio_vdpa_front *front;

	if (dev == NULL)
		return -ENODEV;
	if (!conn_take(dev, vid)) {
		conn_wait(dev, vid, vring, state != 0);
		return -EBUSY;
	}
	if (vring < 0 || vring >= 2 * dev->dev_pairs)
		return -EINVAL;
	front = &dev->queue[vring].front;
	pthread_mutex_lock(&dev->front_lock);
	front->enabled = state != 0;
	if (state != 0) {
		virtio_vdpa_front_read(front, vid, vring);
		dev->conn.queues = RTE_MAX(dev->conn.queues, (vring | 1) + 1);
	}
	pthread_mutex_unlock(&dev->front_lock);
	virtio_vdpa_worker_wake(dev);
	return 0;
}

/* Only VHOST_F_LOG_ALL may change while a device runs, and it is not offered. */
static int
op_set_features(int vid)
{
	(void)vid;
	return 0;
}

static int
op_get_vfio_group_fd(int vid)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	int fd = -ENODEV;

	if (dev == NULL)
		return fd;
	pthread_mutex_lock(&dev->lock);
	if (dev->bus != NULL)
		fd = dev->bus->group_fd;
	pthread_mutex_unlock(&dev->lock);
	return fd;
}

static int
op_get_vfio_device_fd(int vid)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	int fd = -ENODEV;

	if (dev == NULL)
		return fd;
	pthread_mutex_lock(&dev->lock);
	/*
	 * lib/vhost wants one also to take doorbells back, without using it. Those of a device that is
	 * gone must be: mapped, they keep the kernel from removing it.
	 */
	fd = dev->bus != NULL ? dev->bus->device_fd : dev->worker.wake_fd;
	pthread_mutex_unlock(&dev->lock);
	return fd;
}

static int
op_get_notify_area(int vid, int qid, uint64_t *offset, uint64_t *size)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	struct virtio_vdpa_queue *q;
	int ret = -ENOTSUP;

	if (dev == NULL || qid < 0 || qid >= 2 * dev->dev_pairs)
		return -ENODEV;
	q = &dev->queue[qid];
	pthread_mutex_lock(&dev->lock);
	if (dev->bus != NULL && dev->vid == vid && q->running && q->own_page) {
		*offset = dev->bus->bar_offset[q->db.bar] + q->db.off;
		*size = sysconf(_SC_PAGESIZE);
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static int
op_get_config(int vid, uint8_t *config, uint32_t size)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vid(vid);
	uint16_t len;

	if (dev == NULL)
		return -ENODEV;
	memset(config, 0, size);
	pthread_mutex_lock(&dev->front_lock);
	len = dev->conn.config_len;
	memcpy(config, dev->conn.config, RTE_MIN(size, len));
	if (dev->conn.announce && size > VIO_NET_CFG_STATUS) {
		config[VIO_NET_CFG_STATUS] |= VIO_NET_S_ANNOUNCE;
		dev->conn.announce = false;
	}
	pthread_mutex_unlock(&dev->front_lock);
	return len != 0 ? 0 : -ENODEV;
}

static int
op_get_dev_type(struct rte_vdpa_device *vdpa, uint32_t *type)
{
	(void)vdpa;
	*type = RTE_VHOST_VDPA_DEVICE_TYPE_NET;
	return 0;
}

/*
 * Left out, as they have no meaning here: migration_done (no dirty log, so no migration yet),
 * set_config (the configuration of a modern network device is read-only, virtio 1.2, 5.1.4.1).
 */
struct rte_vdpa_dev_ops virtio_vdpa_ops = {
	.get_queue_num = op_get_queue_num,
	.get_features = op_get_features,
	.get_protocol_features = op_get_protocol_features,
	.dev_conf = op_dev_conf,
	.dev_close = op_dev_close,
	.dev_cleanup = op_dev_cleanup,
	.set_vring_state = op_set_vring_state,
	.set_features = op_set_features,
	.get_vfio_group_fd = op_get_vfio_group_fd,
	.get_vfio_device_fd = op_get_vfio_device_fd,
	.get_notify_area = op_get_notify_area,
	.get_stats_names = virtio_vdpa_stats_names,
	.get_stats = virtio_vdpa_stats_get,
	.reset_stats = virtio_vdpa_stats_reset,
	.get_config = op_get_config,
	.get_dev_type = op_get_dev_type,
};
