/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The life of a claimed device, whatever bus carries it: taken into use, registered with lib/vhost,
 * given up. Main thread or hot-plug thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_ether.h>
#include <rte_string_fns.h>

#include "state.h"
#include "virtio_vdpa.h"

RTE_LOG_REGISTER(virtio_vdpa_logtype, pmd.vdpa.virtio, NOTICE);

static TAILQ_HEAD(, virtio_vdpa_dev) devices = TAILQ_HEAD_INITIALIZER(devices);
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

static void
list_add(struct virtio_vdpa_dev *dev)
{
	pthread_mutex_lock(&devices_lock);
	TAILQ_INSERT_TAIL(&devices, dev, next);
	pthread_mutex_unlock(&devices_lock);
}

static void
list_del(struct virtio_vdpa_dev *dev)
{
	pthread_mutex_lock(&devices_lock);
	TAILQ_REMOVE(&devices, dev, next);
	pthread_mutex_unlock(&devices_lock);
}

struct virtio_vdpa_dev *
virtio_vdpa_by_vdpa(const struct rte_vdpa_device *vdpa)
{
	struct virtio_vdpa_dev *dev;

	pthread_mutex_lock(&devices_lock);
	TAILQ_FOREACH(dev, &devices, next)
		if (vdpa != NULL && dev->vdpa == vdpa)
			break;
	pthread_mutex_unlock(&devices_lock);
	return dev;
}

struct virtio_vdpa_dev *
virtio_vdpa_by_vid(int vid)
{
	return virtio_vdpa_by_vdpa(rte_vhost_get_vdpa_device(vid));
}

/*
 * Queue pairs of the device by its configuration. num_queues is no help: QEMU counts there only the
 * queues of the features negotiated so far. 5.1.4.1: 1 to 0x8000 where MQ is offered.
 */
static int
device_pairs(struct vio_dev *vio, struct virtio_vdpa_fault *fault)
{
	const uint64_t need = VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_CTRL_VQ);
	uint8_t raw[2] = { 1, 0 };
	int pairs, ret = 0;

	if ((vio->offered & need) == need)
		ret = vio_dev_config_read(vio, VIO_NET_CFG_MAX_PAIRS, raw, sizeof(raw));
	pairs = raw[0] | raw[1] << 8;
	if (ret != 0 || pairs < 1 || pairs >= VIO_NET_MAX_PAIRS)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE,
			ret != 0 ? ret : -EINVAL, "the device says it has %u queue pairs", pairs);
	return pairs;
}

/* Take the function on a bus into use; returns its queue pairs. */
static int
device_open(struct vio_dev *vio, const struct virtio_vdpa_bus *bus, struct virtio_vdpa_fault *fault)
{
	int ret;

	ret = vio_dev_init(vio, &bus->io, &bus->layout);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE, ret,
			"not a usable virtio 1.x device: %s",
			ret == -ENODEV ? "its registers read all ones"
				       : "no VERSION_1, or no queue");
	ret = vio_dev_reset(vio, VIO_RESET_MS);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_RESET, ret,
			"the device did not finish its reset within %u ms", VIO_RESET_MS);
	if ((vio->offered & VIO_BIT(VIO_F_ACCESS_PLATFORM)) == 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE, -ENOTSUP,
			"the device does not offer VIRTIO_F_ACCESS_PLATFORM: it would reach memory "
			"past the IOMMU; remedy: turn it on for the device "
			"(QEMU: iommu_platform=on)");
	return device_pairs(vio, fault);
}

static int
device_check(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	int pairs = device_open(&dev->vio, dev->bus, fault);

	if (pairs < 0)
		return pairs;
	dev->offered = dev->vio.offered;
	dev->cvq_pairs = pairs;
	dev->dev_pairs = RTE_MIN(pairs, VIRTIO_VDPA_MAX_PAIRS);
	virtio_vdpa_config_keep(dev);
	return 0;
}

static int
memory_alloc(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	uint16_t i;

	dev->queue = calloc(2 * dev->dev_pairs, sizeof(*dev->queue));
	/* Whole pages: it is mapped for the device. */
	dev->cvq_mem =
		mmap(NULL, VIO_CVQ_MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dev->cvq_mem == MAP_FAILED)
		dev->cvq_mem = NULL;
	if (dev->queue == NULL || dev->cvq_mem == NULL)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOMEM, "out of memory");
	for (i = 0; i < 2 * dev->dev_pairs; i++)
		virtio_vdpa_queue_init(&dev->queue[i]);
	return 0;
}

static struct virtio_vdpa_dev *
device_new(struct rte_device *rte_dev, struct virtio_vdpa_bus *bus)
{
	struct virtio_vdpa_dev *dev = calloc(1, sizeof(*dev));

	if (dev == NULL)
		return NULL;
	rte_strscpy(dev->name, rte_dev_name(rte_dev), sizeof(dev->name));
	dev->rte_dev = rte_dev;
	dev->bus = bus;
	dev->vid = dev->conn.vid = dev->conn.refused_vid = dev->conn.waiting_vid = -1;
	dev->cvq_iova = UINT64_MAX;
	dev->config_fd = dev->shared_fd = dev->worker.epoll_fd = dev->worker.wake_fd = -1;
	if (pthread_mutex_init(&dev->lock, NULL) != 0)
		goto free_dev;
	if (pthread_mutex_init(&dev->front_lock, NULL) != 0)
		goto destroy_lock;
	if (virtio_vdpa_events_init(&dev->event) != 0)
		goto destroy_front;
	return dev;

destroy_front:
	pthread_mutex_destroy(&dev->front_lock);
destroy_lock:
	pthread_mutex_destroy(&dev->lock);
free_dev:
	free(dev);
	return NULL;
}

/* Undoes any part of what came before, but for the bus. */
static void
device_free(struct virtio_vdpa_dev *dev)
{
	virtio_vdpa_worker_fini(dev);
	virtio_vdpa_frontend_fini(dev);
	if (dev->cvq_mem != NULL)
		munmap(dev->cvq_mem, VIO_CVQ_MEM);
	free(dev->queue);
	virtio_vdpa_events_fini(&dev->event);
	pthread_mutex_destroy(&dev->front_lock);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static int
threads_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault)
{
	int ret;

	ret = virtio_vdpa_frontend_init(dev);
	if (ret == 0)
		ret = virtio_vdpa_worker_init(dev);
	if (ret != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, ret,
			"threads could not be started: %s", strerror(-ret));
	return 0;
}

int
virtio_vdpa_create(struct rte_device *rte_dev, struct virtio_vdpa_bus *bus,
	const struct virtio_vdpa_args *args, struct virtio_vdpa_fault *fault)
{
	struct virtio_vdpa_dev *dev;
	int ret;

	dev = device_new(rte_dev, bus);
	if (dev == NULL)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOMEM, "out of memory");
	ret = device_check(dev, fault);
	if (ret == 0)
		ret = memory_alloc(dev, fault);
	if (ret == 0)
		ret = threads_start(dev, fault);
	if (ret != 0)
		goto free_dev;
	dev->max_pairs = args->queues == 0 ? dev->dev_pairs : RTE_MIN(args->queues, dev->dev_pairs);
	dev->mac_set = args->mac_set;
	memcpy(dev->mac, args->mac, sizeof(dev->mac));
	dev->vdpa = rte_vdpa_register_device(rte_dev, &virtio_vdpa_ops);
	if (dev->vdpa == NULL) {
		ret = virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOMEM,
			"the vhost library did not take the device");
		goto free_dev;
	}
	list_add(dev);
	VV_LOG(INFO, dev, "claimed: %u queue pairs, %u vectors, features %#" PRIx64, dev->dev_pairs,
		bus->vectors, dev->vio.offered);
	return 0;

free_dev:
	device_free(dev);
	return ret;
}

static struct virtio_vdpa_dev *
by_rte_dev(const struct rte_device *rte_dev)
{
	return virtio_vdpa_by_vdpa(rte_vdpa_find_device_by_name(rte_dev_name(rte_dev)));
}

static int
guest_of(struct virtio_vdpa_dev *dev)
{
	int vid;

	pthread_mutex_lock(&dev->front_lock);
	vid = dev->conn.vid;
	pthread_mutex_unlock(&dev->front_lock);
	return vid;
}

bool
virtio_vdpa_in_use(struct rte_device *rte_dev)
{
	struct virtio_vdpa_dev *dev = by_rte_dev(rte_dev);

	return dev != NULL && guest_of(dev) >= 0;
}

/* The application has unregistered the sockets by now; if not, the guest loses the device here, in
 * good order. */
int
virtio_vdpa_destroy(struct rte_device *rte_dev)
{
	struct virtio_vdpa_dev *dev = by_rte_dev(rte_dev);
	int vid;

	if (dev == NULL)
		return -ENODEV;
	vid = guest_of(dev);
	if (vid >= 0)
		virtio_vdpa_ops.dev_cleanup(vid);
	rte_pmd_vdpa_virtio_event_register(dev->vdpa, NULL, NULL);
	list_del(dev);
	rte_vdpa_unregister_device(dev->vdpa);
	virtio_vdpa_worker_fini(dev);
	if (dev->bus != NULL)
		dev->bus->ops->close(dev->bus);
	device_free(dev);
	return 0;
}

/* What was told to applications of it must still hold: its queues, and to a guest its features. */
static int
same_device(struct virtio_vdpa_dev *dev, const struct vio_dev *vio, int pairs,
	struct virtio_vdpa_fault *fault)
{
	uint64_t lost = guest_of(dev) < 0 ? 0 : dev->offered & ~vio->offered;

	if (pairs != dev->cvq_pairs)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE, -ENOTSUP,
			"the device is back with %u queue pairs and had %u; remedy: remove it and "
			"probe it again",
			pairs, dev->cvq_pairs);
	if (lost != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE, -ENOTSUP,
			"the device is back without features %#" PRIx64
			" that the guest on its socket was told of; remedy: disconnect that guest, "
			"and let the device go and come back once more",
			lost);
	return 0;
}

/* Lock held. */
static int
revive(struct virtio_vdpa_dev *dev, struct virtio_vdpa_bus *bus, struct virtio_vdpa_fault *fault)
{
	struct rte_pmd_vdpa_virtio_event event = { .type = RTE_PMD_VDPA_VIRTIO_EVENT_RETURNED };
	struct vio_dev vio;
	int ret;

	if (dev->bus != NULL)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_BUSY, -EBUSY,
			"the device was not removed");
	ret = device_open(&vio, bus, fault);
	if (ret >= 0)
		ret = same_device(dev, &vio, ret, fault);
	if (ret != 0)
		return ret;
	dev->bus = bus;
	ret = virtio_vdpa_worker_gone_add(dev);
	if (ret != 0) {
		dev->bus = NULL;
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, ret,
			"its removal cannot be watched for: %s", strerror(-ret));
	}
	dev->vio = vio;
	__atomic_store_n(&dev->offered, vio.offered, __ATOMIC_RELAXED);
	dev->conn.failed_print = 0;
	virtio_vdpa_config_keep(dev);
	VV_LOG(NOTICE, dev, "is back");
	virtio_vdpa_state_input(dev, VIRTIO_VDPA_RETURN, NULL);
	event.state = dev->state;
	event.vid = dev->vid;
	event.text = "the device is back";
	virtio_vdpa_event_post(dev, &event);
	return 0;
}

int
virtio_vdpa_revive(
	struct rte_device *rte_dev, struct virtio_vdpa_bus *bus, struct virtio_vdpa_fault *fault)
{
	struct virtio_vdpa_dev *dev = by_rte_dev(rte_dev);
	int ret;

	if (dev == NULL)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GONE, -ENODEV,
			"no device of vdpa_virtio has that name");
	pthread_mutex_lock(&dev->lock);
	ret = revive(dev, bus, fault);
	pthread_mutex_unlock(&dev->lock);
	virtio_vdpa_event_deliver(dev);
	return ret;
}

int
rte_pmd_vdpa_virtio_max_pairs_set(struct rte_vdpa_device *vdpa, uint16_t pairs)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);

	if (dev == NULL)
		return -ENODEV;
	if (pairs < 1 || pairs > dev->dev_pairs)
		return -ERANGE;
	pthread_mutex_lock(&dev->front_lock);
	dev->max_pairs = pairs;
	pthread_mutex_unlock(&dev->front_lock);
	return 0;
}

int
rte_pmd_vdpa_virtio_mac_set(struct rte_vdpa_device *vdpa, const uint8_t *mac)
{
	struct virtio_vdpa_dev *dev = virtio_vdpa_by_vdpa(vdpa);
	struct rte_ether_addr addr;

	if (dev == NULL)
		return -ENODEV;
	if (mac != NULL) {
		memcpy(addr.addr_bytes, mac, sizeof(addr.addr_bytes));
		if (!rte_is_valid_assigned_ether_addr(&addr))
			return -EINVAL;
		if ((virtio_vdpa_offered(dev) & VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR)) == 0)
			return -ENOTSUP;
	}
	pthread_mutex_lock(&dev->lock);
	dev->mac_set = mac != NULL;
	if (mac != NULL)
		memcpy(dev->mac, mac, sizeof(dev->mac));
	pthread_mutex_unlock(&dev->lock);
	return 0;
}
