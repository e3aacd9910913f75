/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * One claimed device, as the driver's files share it.
 *
 * Threads: the vhost event thread enters through the ops table; a worker thread per device starts
 * it, relays what is not wired directly and watches its health; a front-end thread per device sends
 * what waits for an answer. Locks, in the order they are taken: lock (the device and all state),
 * front_lock (what the front-end said; held briefly, so that the vhost thread never waits for a
 * device), event.lock.
 */
#ifndef VIRTIO_VDPA_H
#define VIRTIO_VDPA_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_common.h>
#include <rte_dev.h>
#include <rte_log.h>

#include <vdpa_driver.h>

#include <vio_cvq.h>
#include <vio_dev.h>
#include <vio_queue.h>

#include "bus.h"
#include "create.h"
#include "event.h"
#include "mem.h"
#include "queue.h"
#include "rte_pmd_vdpa_virtio.h"

extern int virtio_vdpa_logtype;

#define VV_LOG(level, dev, fmt, ...)                                                               \
	rte_log(RTE_LOG_##level, virtio_vdpa_logtype, "VDPA_VIRTIO: %s: " fmt "\n", (dev)->name,   \
		##__VA_ARGS__)

#define VIRTIO_VDPA_MAX_PAIRS 128 /* what lib/vhost takes */
#define VIRTIO_VDPA_CONFIG 64 /* bytes of device configuration that front-ends are shown */

/* Jobs for the front-end thread. */
#define VIRTIO_VDPA_JOB_MAP (1u << 0) /* map the doorbells into the guest */
#define VIRTIO_VDPA_JOB_UNMAP (1u << 1)
#define VIRTIO_VDPA_JOB_CONFIG (1u << 2) /* tell it that the device configuration changed */

/* What the vhost thread knows of the guest; under front_lock. */
struct virtio_vdpa_conn {
	int vid; /* the connection that has the device, -1: none */
	int refused_vid; /* last other connection that was told BUSY, so that it is told once */
	uint64_t failed_print; /* fingerprint of the configuration that failed, 0: none; under lock */
	uint16_t queues; /* that the front-end spoke of so far, in whole pairs */
	uint16_t max_pairs; /* that it was offered */
	int waiting_vid; /* another connection, which may have the device next, -1: none */
	bool waiting[2 * VIRTIO_VDPA_MAX_PAIRS]; /* which of its queues it enabled */
	/* The device's configuration as last read, so that asking for it waits for no device. */
	uint8_t config[VIRTIO_VDPA_CONFIG];
	uint16_t config_len; /* 0: the device is gone */
	bool announce; /* it asked for an announcement that no front-end has read yet */
};

struct virtio_vdpa_worker {
	pthread_t thread;
	int epoll_fd;
	int wake_fd;
	bool stop; /* atomic */
	bool started;
};

struct virtio_vdpa_frontend {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int jobs; /* VIRTIO_VDPA_JOB_* */
	int vid; /* for which, -1: none */
	int busy_vid; /* inside a call that may wait for this one's answer, -1: none */
	pid_t tid; /* of the thread, for the kernel */
	bool stop;
	bool started;
};

struct virtio_vdpa_counters {
	uint64_t starts;
	uint64_t failures;
	uint64_t config_changes;
};

struct virtio_vdpa_dev {
	TAILQ_ENTRY(virtio_vdpa_dev) next;
	char name[RTE_DEV_NAME_MAX_LEN];
	struct rte_device *rte_dev;
	struct rte_vdpa_device *vdpa;

	/* feature bits, as guests are told; atomic, changes while no guest is connected only */
	uint64_t offered;

	pthread_mutex_t front_lock;
	struct virtio_vdpa_conn conn;

	pthread_mutex_t lock;
	struct virtio_vdpa_bus *bus; /* NULL once the device is gone */
	struct virtio_vdpa_bus *dead_bus; /* of a device that went; the worker's alone */
	struct vio_dev vio;
	enum rte_pmd_vdpa_virtio_state state; /* written by state.c only */
	struct virtio_vdpa_fault fault; /* of the last failure */
	int vid; /* guest being started or run, -1: none */
	uint64_t start_at; /* monotonic ms: when to start at the latest, while STARTING */
	uint64_t pairs_at; /* monotonic ms: when to believe that pairs went away, 0: none did */
	uint64_t guest_features;
	struct virtio_vdpa_mem mem; /* what the domain holds of the guest */
	struct virtio_vdpa_mem plan; /* what it shall hold */
	uint16_t cvq_pairs; /* queue pairs of the device, which its control queue comes after */
	uint16_t dev_pairs; /* the same, as far as lib/vhost can use them */
	uint16_t max_pairs; /* queue pairs offered to guests to come; under front_lock */
	uint16_t guest_queues; /* queues that the front-end speaks of */
	uint16_t active_pairs; /* pairs that the device was told to use */
	struct virtio_vdpa_queue *queue; /* 2 * dev_pairs; .front under front_lock */
	int config_fd; /* eventfds of the vectors that end here */
	int shared_fd;
	void *cvq_mem; /* VIO_CVQ_MEM bytes */
	uint64_t cvq_iova; /* UINT64_MAX: not mapped */
	bool cvq_on;
	struct vio_cvq cvq;
	uint8_t mac[6];
	bool mac_set;
	bool link_up;
	uint16_t net_status; /* of the configuration, as last told to the front-end */
	struct virtio_vdpa_counters counters;
	uint64_t refused; /* second guests; atomic */

	struct virtio_vdpa_events event;
	struct virtio_vdpa_worker worker;
	struct virtio_vdpa_frontend frontend;
};

static inline uint64_t
virtio_vdpa_offered(const struct virtio_vdpa_dev *dev)
{
	return __atomic_load_n(&dev->offered, __ATOMIC_RELAXED);
}

/* device.c: which device it is; NULL: none of this driver's. Any thread. */
struct virtio_vdpa_dev *virtio_vdpa_by_vdpa(const struct rte_vdpa_device *vdpa);
struct virtio_vdpa_dev *virtio_vdpa_by_vid(int vid);

/* ops.c: the table of vhost's callbacks. */
extern struct rte_vdpa_dev_ops virtio_vdpa_ops;

/* stats.c: behind the rte_vdpa statistics ops. */
int virtio_vdpa_stats_names(
	struct rte_vdpa_device *vdpa, struct rte_vdpa_stat_name *names, unsigned int size);
int virtio_vdpa_stats_get(
	struct rte_vdpa_device *vdpa, int qid, struct rte_vdpa_stat *stats, unsigned int n);
int virtio_vdpa_stats_reset(struct rte_vdpa_device *vdpa, int qid);

/* start.c: bring-up and tear-down; lock held. Stop is legal in every state, and twice. */
uint64_t virtio_vdpa_guest_mask(void);
int virtio_vdpa_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
int virtio_vdpa_queues_update(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
void virtio_vdpa_stop(struct virtio_vdpa_dev *dev);
void virtio_vdpa_forget(struct virtio_vdpa_dev *dev); /* unmap the guest's memory too */

/* irq.c; lock held. */
uint16_t virtio_vdpa_irq_vector(uint16_t vectors, uint16_t queues, uint16_t qid, bool *shared);
int virtio_vdpa_irq_start(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
int virtio_vdpa_irq_rewire(
	struct virtio_vdpa_dev *dev, uint16_t qid, struct virtio_vdpa_fault *fault);
int virtio_vdpa_irq_replan(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
void virtio_vdpa_irq_relay(struct virtio_vdpa_dev *dev);
void virtio_vdpa_irq_stop(struct virtio_vdpa_dev *dev);

/* ctrl.c: what the device is told over its control queue; lock held. */
int virtio_vdpa_ctrl_init(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
int virtio_vdpa_ctrl_apply(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
int virtio_vdpa_ctrl_pairs(struct virtio_vdpa_dev *dev, struct virtio_vdpa_fault *fault);
void virtio_vdpa_ctrl_fini(struct virtio_vdpa_dev *dev);

/* health.c: device configuration and status; lock held. */
void virtio_vdpa_config_keep(struct virtio_vdpa_dev *dev); /* read it for the front-end */
void virtio_vdpa_config_forget(struct virtio_vdpa_dev *dev);
void virtio_vdpa_health_config(
	struct virtio_vdpa_dev *dev); /* after a configuration change interrupt */
void virtio_vdpa_health_check(struct virtio_vdpa_dev *dev); /* now and then */
bool virtio_vdpa_link_read(struct virtio_vdpa_dev *dev);

/* worker.c */
int virtio_vdpa_worker_init(struct virtio_vdpa_dev *dev);
int virtio_vdpa_worker_gone_add(struct virtio_vdpa_dev *dev); /* lock held */
void virtio_vdpa_worker_fini(struct virtio_vdpa_dev *dev);
void virtio_vdpa_worker_wake(struct virtio_vdpa_dev *dev); /* any thread */
int virtio_vdpa_worker_kick_add(struct virtio_vdpa_dev *dev, uint16_t qid); /* lock held */
void virtio_vdpa_worker_kick_del(struct virtio_vdpa_dev *dev, uint16_t qid);
uint64_t virtio_vdpa_now_ms(void);

/* frontend.c; any thread. */
int virtio_vdpa_frontend_init(struct virtio_vdpa_dev *dev);
void virtio_vdpa_frontend_fini(struct virtio_vdpa_dev *dev);
void virtio_vdpa_frontend_job(struct virtio_vdpa_dev *dev, int vid, unsigned int job);
void virtio_vdpa_frontend_drop(
	struct virtio_vdpa_dev *dev, int vid); /* returns when no call for vid is under way */
/* Returns when a call that had begun is over: nothing of a bus that was taken away is in use. */
void virtio_vdpa_frontend_quiesce(struct virtio_vdpa_dev *dev);

#endif /* VIRTIO_VDPA_H */
