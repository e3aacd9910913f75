/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The worker: one thread per device. Starts the device once the front-end is done, relays kicks and
 * interrupts that are not wired directly, takes configuration changes, and looks after the device's
 * health once a second. In the steady state with all wired it wakes for that alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"
#include "state.h"
#include "virtio_vdpa.h"

#define HEALTH_MS 1000
#define MAX_EVENTS 32

/* What an epoll event is about: the kind above, a queue below. */
enum source { SOURCE_WAKE, SOURCE_CONFIG, SOURCE_SHARED, SOURCE_GONE, SOURCE_KICK };
#define TAG(source, qid) ((uint64_t)(source) << 32 | (qid))

uint64_t
virtio_vdpa_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
watch(struct virtio_vdpa_dev *dev, int fd, uint64_t tag, uint32_t flags)
{
	struct epoll_event ev = { .events = EPOLLIN | flags, .data.u64 = tag };

	return epoll_ctl(dev->worker.epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

/*
 * Edge-triggered and never read: each kick is a write and so an edge, and reading an fd that the
 * front-end shares could block, as it may have been emptied meanwhile.
 */
int
virtio_vdpa_worker_kick_add(struct virtio_vdpa_dev *dev, uint16_t qid)
{
	return watch(dev, dev->queue[qid].kick_fd, TAG(SOURCE_KICK, qid), EPOLLET);
}

void
virtio_vdpa_worker_kick_del(struct virtio_vdpa_dev *dev, uint16_t qid)
{
	if (dev->queue[qid].kick_fd >= 0)
		epoll_ctl(dev->worker.epoll_fd, EPOLL_CTL_DEL, dev->queue[qid].kick_fd, NULL);
}

int
virtio_vdpa_worker_gone_add(struct virtio_vdpa_dev *dev)
{
	if (dev->bus->gone_fd < 0)
		return 0;
	return watch(dev, dev->bus->gone_fd, TAG(SOURCE_GONE, 0), EPOLLET);
}

static void
gone_del(struct virtio_vdpa_dev *dev)
{
	if (dev->bus->gone_fd >= 0)
		epoll_ctl(dev->worker.epoll_fd, EPOLL_CTL_DEL, dev->bus->gone_fd, NULL);
}

void
virtio_vdpa_worker_wake(struct virtio_vdpa_dev *dev)
{
	eventfd_write(dev->worker.wake_fd, 1);
}

static void
start_done(struct virtio_vdpa_dev *dev)
{
	uint16_t i, n = 0;

	for (i = 0; i < dev->guest_queues; i++)
		n += dev->queue[i].running;
	VV_LOG(INFO, dev,
		"%u queues run on the device, %u pairs active, features %#" PRIx64 ", link %s", n,
		dev->active_pairs, dev->vio.features, dev->link_up ? "up" : "down");
	virtio_vdpa_state_input(dev, VIRTIO_VDPA_UP, NULL);
	virtio_vdpa_frontend_job(dev, dev->vid, VIRTIO_VDPA_JOB_MAP);
}

/* Front-ends that do not tell DRIVER_OK hand the pairs over one after another, the first one being
 * "ready" already. */
static bool
front_complete(struct virtio_vdpa_dev *dev)
{
	bool complete = true;
	uint16_t i;

	pthread_mutex_lock(&dev->front_lock);
	for (i = 0; i < dev->conn.queues; i++)
		complete = complete && virtio_vdpa_front_ready(&dev->queue[i].front);
	pthread_mutex_unlock(&dev->front_lock);
	return complete;
}

static void
progress(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_fault fault;
	int ret;

	if (dev->state == RTE_PMD_VDPA_VIRTIO_STARTING) {
		if (virtio_vdpa_now_ms() < dev->start_at && !front_complete(dev))
			return;
		ret = virtio_vdpa_start(dev, &fault);
		if (ret == 0)
			start_done(dev);
	} else if (dev->state == RTE_PMD_VDPA_VIRTIO_RUNNING) {
		ret = virtio_vdpa_queues_update(dev, &fault);
	} else {
		return;
	}
	if (ret != 0)
		virtio_vdpa_state_input(dev, VIRTIO_VDPA_REJECT, &fault);
}

static void
kick(struct virtio_vdpa_dev *dev, uint16_t qid)
{
	struct virtio_vdpa_queue *q = &dev->queue[qid];

	if (!q->running || dev->bus == NULL)
		return; /* raced with a stop */
	vio_queue_notify(&dev->vio, &q->db);
	q->kicks_relayed++;
}

/* The kernel wants the device back, or says it is dead: nothing of it may stay open, or its removal
 * would hang. */
static void
gone(struct virtio_vdpa_dev *dev)
{
	struct rte_pmd_vdpa_virtio_event event = { .type = RTE_PMD_VDPA_VIRTIO_EVENT_GONE };
	struct virtio_vdpa_fault fault;

	if (dev->bus == NULL)
		return;
	virtio_vdpa_fault_set(&fault, RTE_PMD_VDPA_VIRTIO_GONE, -ENODEV,
		"the kernel reports an error of the device, or asks for its release");
	virtio_vdpa_state_input(dev, VIRTIO_VDPA_REJECT, &fault);
	gone_del(dev);
	virtio_vdpa_config_forget(dev);
	dev->dead_bus = dev->bus;
	dev->bus = NULL;
	event.state = dev->state;
	event.reason = fault.reason;
	event.error = fault.error;
	event.vid = dev->vid;
	event.text = fault.text;
	virtio_vdpa_event_post(dev, &event);
}

/*
 * The front-end thread may just be sending a descriptor of the bus, and the number must not become
 * another file's meanwhile. Without the device's lock, as that thread takes it, too.
 */
static void
bury(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_bus *bus = dev->dead_bus;

	dev->dead_bus = NULL;
	virtio_vdpa_frontend_quiesce(dev);
	bus->ops->close(bus);
}

/* Returns whether the front-end said something new. */
static bool
handle(struct virtio_vdpa_dev *dev, uint64_t tag)
{
	eventfd_t count;

	switch ((enum source)(tag >> 32)) {
	case SOURCE_WAKE:
		eventfd_read(dev->worker.wake_fd, &count);
		return true;
	case SOURCE_CONFIG:
		eventfd_read(dev->config_fd, &count);
		virtio_vdpa_health_config(dev);
		if (dev->bus != NULL && dev->bus->vectors == 1)
			virtio_vdpa_irq_relay(dev);
		break;
	case SOURCE_SHARED:
		eventfd_read(dev->shared_fd, &count);
		virtio_vdpa_irq_relay(dev);
		break;
	case SOURCE_GONE:
		gone(dev);
		break;
	case SOURCE_KICK:
		kick(dev, (uint16_t)tag);
		break;
	}
	return false;
}

/* When progress() is due without being woken, 0: not at all; called with the lock held. */
static uint64_t
progress_at(const struct virtio_vdpa_dev *dev)
{
	if (dev->state == RTE_PMD_VDPA_VIRTIO_STARTING)
		return dev->start_at;
	return dev->state == RTE_PMD_VDPA_VIRTIO_RUNNING ? dev->pairs_at : 0;
}

/* Milliseconds to sleep. */
static int
patience(const struct virtio_vdpa_dev *dev)
{
	uint64_t now = virtio_vdpa_now_ms(), at = progress_at(dev);
	uint64_t most = dev->state == RTE_PMD_VDPA_VIRTIO_RUNNING ? HEALTH_MS : UINT64_MAX;

	if (at != 0)
		most = RTE_MIN(most, at > now ? at - now : 0);
	return most == UINT64_MAX ? -1 : (int)most;
}

static void *
worker_main(void *arg)
{
	struct virtio_vdpa_dev *dev = arg;
	struct epoll_event ev[MAX_EVENTS];
	uint64_t health_at = 0, at;
	int timeout = -1;
	bool news;
	int i, n;

	while (!__atomic_load_n(&dev->worker.stop, __ATOMIC_ACQUIRE)) {
		n = epoll_wait(dev->worker.epoll_fd, ev, MAX_EVENTS, timeout);
		pthread_mutex_lock(&dev->lock);
		for (i = 0, news = false; i < n; i++)
			news |= handle(dev, ev[i].data.u64);
		at = progress_at(dev);
		if (news || (at != 0 && virtio_vdpa_now_ms() >= at))
			progress(dev);
		if (virtio_vdpa_now_ms() >= health_at) {
			virtio_vdpa_health_check(dev);
			health_at = virtio_vdpa_now_ms() + HEALTH_MS;
		}
		timeout = patience(dev);
		pthread_mutex_unlock(&dev->lock);
		if (dev->dead_bus != NULL)
			bury(dev);
		virtio_vdpa_event_deliver(dev);
	}
	return NULL;
}

int
virtio_vdpa_worker_init(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_worker *w = &dev->worker;
	int ret;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dev->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dev->shared_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll_fd < 0 || w->wake_fd < 0 || dev->config_fd < 0 || dev->shared_fd < 0)
		return -errno;
	ret = watch(dev, w->wake_fd, TAG(SOURCE_WAKE, 0), 0);
	if (ret == 0)
		ret = watch(dev, dev->config_fd, TAG(SOURCE_CONFIG, 0), 0);
	if (ret == 0)
		ret = watch(dev, dev->shared_fd, TAG(SOURCE_SHARED, 0), 0);
	if (ret == 0)
		ret = virtio_vdpa_worker_gone_add(dev);
	if (ret == 0)
		ret = virtio_vdpa_thread_create(&w->thread, "vdpa-virtio-w", worker_main, dev);
	w->started = ret == 0;
	return ret;
}

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
virtio_vdpa_worker_fini(struct virtio_vdpa_dev *dev)
{
	struct virtio_vdpa_worker *w = &dev->worker;

	if (w->started) {
		__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
		virtio_vdpa_worker_wake(dev);
		pthread_join(w->thread, NULL);
		w->started = false;
	}
	fd_close(&dev->config_fd);
	fd_close(&dev->shared_fd);
	fd_close(&w->wake_fd);
	fd_close(&w->epoll_fd);
}
