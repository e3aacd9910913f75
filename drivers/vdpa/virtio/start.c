/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Hands a guest's rings to the device, and takes them back. Runs on the worker (start) and on the
 * vhost thread (stop), lock held; every wait in it is bounded. It never touches guest memory but to
 * read where a ring stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virtio_vdpa.h"

/* What changes how rings and frames look: guest and device must agree on it. */
#define RING_FEATURES                                                                              \
	(VIO_BIT(VIO_F_INDIRECT_DESC) | VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_VERSION_1) |      \
		VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER))
#define FRAME_FEATURES                                                                             \
	(VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_MTU) |        \
		VIO_BIT(VIO_NET_F_GUEST_TSO4) | VIO_BIT(VIO_NET_F_GUEST_TSO6) |                    \
		VIO_BIT(VIO_NET_F_GUEST_ECN) | VIO_BIT(VIO_NET_F_GUEST_UFO) |                      \
		VIO_BIT(VIO_NET_F_HOST_TSO4) | VIO_BIT(VIO_NET_F_HOST_TSO6) |                      \
		VIO_BIT(VIO_NET_F_HOST_ECN) | VIO_BIT(VIO_NET_F_HOST_UFO) |                        \
		VIO_BIT(VIO_NET_F_MRG_RXBUF) | VIO_BIT(VIO_NET_F_GUEST_USO4) |                     \
		VIO_BIT(VIO_NET_F_GUEST_USO6) | VIO_BIT(VIO_NET_F_HOST_USO))

/* What the driver uses towards the device, whatever the guest has. ORDER_PLATFORM asks the guest's
 * driver for barriers against a device rather than a processor; on x86 these are the same. */
#define OWN_FEATURES                                                                               \
	(VIO_BIT(VIO_F_ACCESS_PLATFORM) | VIO_BIT(VIO_F_ORDER_PLATFORM) |                          \
		VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) |   \
		VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX) |                          \
		VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE) |             \
		VIO_BIT(VIO_NET_F_MQ))

uint64_t
virtio_vdpa_guest_mask(void)
{
	return RING_FEATURES | FRAME_FEATURES;
}

static bool
is_packed(const struct virtio_vdpa_dev *dev)
{
	return (dev->guest_features & VIO_BIT(VIO_F_RING_PACKED)) != 0;
}

static int
features_negotiate(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint64_t features = (dev->guest_features & virtio_vdpa_guest_mask()) |
			    (dev->vio.offered & OWN_FEATURES);
	int ret;

	if ((features & VIO_BIT(VIO_NET_F_CTRL_VQ)) ==
		0) /* the rest of the control commands hang on it, 5.1.3.1 */
		features &= ~(VIO_BIT(VIO_NET_F_CTRL_RX) | VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) |
			      VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE));
	ret = vio_dev_negotiate(&dev->vio, features);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault,
			ret == -ENODEV ? RTE_PMD_VDPA_VIRTIO_GONE : RTE_PMD_VDPA_VIRTIO_FEATURES,
			ret, "the device refused the features %#" PRIx64 ": %s", features,
			strerror(-ret));
	return 0;
}

static int
device_reset(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	int ret;

	ret = vio_dev_reset(&dev->vio, VIO_RESET_MS);
	if (ret == -ETIMEDOUT && dev->bus->ops->reset(dev->bus) == 0)
		ret = vio_dev_reset(&dev->vio, VIO_RESET_MS);
	if (ret == -ENODEV)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GONE, ret,
			"the device is gone: its registers read all ones");
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_RESET, ret,
			"the device did not finish its reset within %u ms, nor after a reset of "
			"the function",
			VIO_RESET_MS);
	return 0;
}

/* The worker's copy of what the front-end said last. Returns whether the queue can run. */
static bool
front_take(struct virtio_vdpa_dev *dev, uint16_t qid, struct virtio_vdpa_front *front)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];
	bool ready;

	pthread_mutex_lock(&dev->front_lock);
	*front = q->front;
	q->front.changed = false;
	ready = virtio_vdpa_front_ready(&q->front);
	if (ready) {
		front->fds_lost |= virtio_vdpa_fd_replace(&q->kick_fd, q->front.kick_fd) != 0;
		front->fds_lost |= virtio_vdpa_fd_replace(&q->call_fd, q->front.call_fd) != 0;
	}
	pthread_mutex_unlock(&dev->front_lock);
	return ready;
}

static int
device_fault(int ret, uint16_t qid, const char *what, struct virtio_vdpa_fault *fault)
{
	return virtio_vdpa_fault_set(fault,
		ret == -ENODEV ? RTE_PMD_VDPA_VIRTIO_GONE : RTE_PMD_VDPA_VIRTIO_DEVICE, ret,
		"queue %u: %s: %s", qid, what, strerror(-ret));
}

/* A queue without its call fd would run, and never be heard of. */
static int
fds_check(const struct virtio_vdpa_front *front, uint16_t qid, struct virtio_vdpa_fault *fault)
{
	if (!front->fds_lost)
		return 0;
	return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -EMFILE,
		"queue %u: no file descriptor left for its kick or call fd; remedy: raise "
		"RLIMIT_NOFILE (ulimit -n, LimitNOFILE=)", qid);
}

static int
queue_start(struct virtio_vdpa_dev *dev, uint16_t qid, const struct virtio_vdpa_front *front,
	struct virtio_vdpa_fault *fault)
{
	const bool packed = is_packed(dev);
	struct virtio_vdpa_queue *q = &dev->queue[qid];
	struct vio_queue_conf conf;
	int ret;

	ret = vio_queue_max_size(&dev->vio, qid);
	if (ret < 0)
		return device_fault(ret, qid, "the device tells no size", fault);
	ret = virtio_vdpa_queue_conf(front, &dev->mem, qid, ret, packed,
		(dev->vio.features & VIO_BIT(VIO_F_EVENT_IDX)) != 0, &conf, fault);
	if (ret != 0)
		return ret;
	conf.vector = q->vector;
	ret = vio_queue_setup(&dev->vio, qid, &conf);
	if (ret != 0)
		return device_fault(ret, qid, "the device does not take it", fault);
	ret = vio_queue_doorbell(&dev->vio, qid, &q->db);
	if (ret != 0)
		return device_fault(
			ret, qid, "its doorbell is outside the notification structure", fault);
	ret = vio_queue_enable(&dev->vio, qid);
	if (ret != 0)
		return device_fault(ret, qid, "the device does not enable it", fault);
	q->own_page = dev->bus->bar_offset[q->db.bar] != VIRTIO_VDPA_NO_OFFSET &&
		vio_doorbell_own_page(&dev->vio, &q->db, sysconf(_SC_PAGESIZE));
	q->size = conf.size;
	q->ring_device = packed ? front->desc : front->device;
	q->kick = RTE_PMD_VDPA_VIRTIO_KICK_RELAY;
	q->running = true;
	return 0;
}

static int
kick_start(struct virtio_vdpa_dev *dev, uint16_t qid, struct virtio_vdpa_fault *fault)
{
	int ret;

	ret = virtio_vdpa_worker_kick_add(dev, qid);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, ret,
			"queue %u: its kick fd cannot be waited for: %s", qid, strerror(-ret));
	/* What was made available before the device looked. */
	vio_queue_notify(&dev->vio, &dev->queue[qid].db);
	return 0;
}

static int
queues_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_front *front,
	struct virtio_vdpa_fault *fault)
{
	uint16_t i;
	int ret;

	for (i = 0; i < dev->guest_queues; i++) {
		if (!virtio_vdpa_front_ready(&front[i]))
			continue;
		ret = fds_check(&front[i], i, fault);
		if (ret == 0)
			ret = queue_start(dev, i, &front[i], fault);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
kicks_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t i;
	int ret;

	for (i = 0; i < dev->guest_queues; i++) {
		if (!dev->queue[i].running)
			continue;
		ret = kick_start(dev, i, fault);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
config_vector(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	int ret;

	ret = vio_dev_config_vector(&dev->vio, 0);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault,
			ret == -ENODEV ? RTE_PMD_VDPA_VIRTIO_GONE : RTE_PMD_VDPA_VIRTIO_IRQ, ret,
			"the device does not take a vector for configuration changes: %s",
			strerror(-ret));
	return 0;
}

static int
driver_ok(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	int ret;

	ret = vio_dev_driver_ok(&dev->vio);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault,
			ret == -ENODEV ? RTE_PMD_VDPA_VIRTIO_GONE : RTE_PMD_VDPA_VIRTIO_NEEDS_RESET,
			ret, "the device does not go live: %s", strerror(-ret));
	return 0;
}

/*
 * A front-end need not say beforehand how many queues there will be: without the STATUS protocol
 * feature the first pair starts, and more may turn up.
 */
static int
queues_grow(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t queues;

	pthread_mutex_lock(&dev->front_lock);
	queues = dev->conn.queues;
	pthread_mutex_unlock(&dev->front_lock);
	if (queues <= dev->guest_queues)
		return 0;
	if (queues > 2 * dev->conn.max_pairs)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_COUNT, -ENOTSUP,
			"the guest came to %u queues, the device takes %u; remedy: give its NIC "
			"queues=%u",
			queues, 2 * dev->conn.max_pairs, dev->conn.max_pairs);
	dev->guest_queues = queues;
	return dev->state == RTE_PMD_VDPA_VIRTIO_RUNNING ? virtio_vdpa_irq_replan(dev, fault) : 0;
}

/* In the order of virtio 1.2, 3.1.1. On failure the caller feeds the state machine, which stops and
 * unmaps. */
int
virtio_vdpa_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	struct virtio_vdpa_front *front;
	uint16_t i;
	int ret;

	if (dev->bus == NULL)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GONE, -ENODEV,
			"the device was removed; remedy: detach and attach it again");
	ret = queues_grow(dev, fault);
	if (ret != 0)
		return ret;
	front = calloc(dev->guest_queues, sizeof(*front));
	if (front == NULL)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOMEM, "out of memory");
	for (i = 0; i < dev->guest_queues; i++)
		if (!front_take(dev, i, &front[i]))
			front[i].kick_fd = -1;
	ret = device_reset(dev, fault);
	if (ret == 0)
		ret = virtio_vdpa_mem_update(dev->bus, &dev->mem, &dev->plan, fault);
	if (ret == 0)
		ret = features_negotiate(dev, fault);
	if (ret == 0)
		ret = virtio_vdpa_irq_start(dev, fault);
	if (ret == 0)
		ret = config_vector(dev, fault);
	if (ret == 0)
		ret = queues_start(dev, front, fault);
	if (ret == 0)
		ret = virtio_vdpa_ctrl_init(dev, fault);
	if (ret == 0)
		ret = driver_ok(dev, fault);
	if (ret == 0)
		ret = virtio_vdpa_ctrl_apply(dev, fault);
	if (ret == 0)
		ret = kicks_start(dev, fault);
	free(front);
	if (ret == 0) {
		dev->link_up = virtio_vdpa_link_read(dev);
		virtio_vdpa_config_keep(dev);
	}
	return ret;
}

/* A queue that turned up after the others went live, or one whose fds changed. */
static int
queue_update(struct virtio_vdpa_dev *dev, uint16_t qid, struct virtio_vdpa_fault *fault)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];
	struct virtio_vdpa_front front;
	bool ready;
	int ret;

	virtio_vdpa_worker_kick_del(dev, qid);
	ready = front_take(dev, qid, &front);
	if (!ready)
		return 0; /* taken away in between; vhost will say so */
	ret = fds_check(&front, qid, fault);
	if (ret == 0)
		ret = virtio_vdpa_irq_rewire(dev, qid, fault);
	if (ret == 0 && !q->running) {
		ret = queue_start(dev, qid, &front, fault);
		if (ret == 0)
			virtio_vdpa_frontend_job(dev, dev->vid, VIRTIO_VDPA_JOB_MAP);
	}
	return ret == 0 ? kick_start(dev, qid, fault) : ret;
}

int
virtio_vdpa_queues_update(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	bool changed, ready;
	uint16_t i;
	int ret;

	ret = queues_grow(dev, fault);
	if (ret != 0)
		return ret;
	for (i = 0; i < dev->guest_queues; i++) {
		pthread_mutex_lock(&dev->front_lock);
		changed = dev->queue[i].front.changed;
		ready = virtio_vdpa_front_ready(&dev->queue[i].front);
		pthread_mutex_unlock(&dev->front_lock);
		if (!changed || !ready)
			continue;
		ret = queue_update(dev, i, fault);
		if (ret != 0)
			return ret;
	}
	return virtio_vdpa_ctrl_pairs(dev, fault);
}

static void
queue_stop(struct virtio_vdpa_dev *dev, uint16_t qid)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];

	virtio_vdpa_worker_kick_del(dev, qid);
	if (q->running) {
		q->base = virtio_vdpa_queue_index(q, is_packed(dev));
		rte_vhost_set_vring_base(dev->vid, qid, q->base, q->base);
	}
	q->running = false;
	q->kick = RTE_PMD_VDPA_VIRTIO_KICK_NONE;
	q->ring_device = 0;
	virtio_vdpa_fd_replace(&q->kick_fd, -1);
	virtio_vdpa_fd_replace(&q->call_fd, -1);
}

/*
 * The device first, so that nothing it does is missed when the indices are read, and nothing
 * happens after they were. A device that does not reset is cut off by a reset of the function;
 * should that fail too, unmapping its memory is what is left.
 */
void
virtio_vdpa_stop(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_fault fault;
	uint16_t i;

	if (dev->bus != NULL) {
		if (device_reset(dev, &fault) != 0)
			VV_LOG(ERR, dev, "stopping: %s", fault.text);
		dev->vio.features = 0;
	}
	virtio_vdpa_irq_stop(dev);
	for (i = 0; i < 2 * dev->dev_pairs; i++)
		queue_stop(dev, i);
	virtio_vdpa_ctrl_fini(dev);
	dev->active_pairs = 0;
	dev->pairs_at = 0;
	dev->link_up = false;
}

void
virtio_vdpa_forget(struct virtio_vdpa_dev *dev)
{
	if (dev->bus != NULL)
		virtio_vdpa_mem_clear(dev->bus, &dev->mem);
	dev->mem.num = 0;
}
