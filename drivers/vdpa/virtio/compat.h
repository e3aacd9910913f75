/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What differs between DPDK versions. The code is written for the newest API; this header adapts it
 * down to 22.11. Nothing else in the tree looks at RTE_VERSION.
 */
#ifndef VIRTIO_VDPA_COMPAT_H
#define VIRTIO_VDPA_COMPAT_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <rte_lcore.h>
#include <rte_thread.h>
#include <rte_version.h>
#include <rte_vhost.h>

#if RTE_VERSION < RTE_VERSION_NUM(23, 11, 0, 0)
/* 23.11 renamed SLAVE to BACKEND, and took rte_ctrl_thread_create() away for
 * rte_thread_create_control(). */
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ VHOST_USER_PROTOCOL_F_SLAVE_REQ
#define VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD VHOST_USER_PROTOCOL_F_SLAVE_SEND_FD
#define rte_vhost_backend_config_change rte_vhost_slave_config_change

static inline int
virtio_vdpa_thread_create(pthread_t *thread, const char *name, void *(*func)(void *), void *arg)
{
	return rte_ctrl_thread_create(thread, name, NULL, func, arg);
}
#else
struct virtio_vdpa_thread_start {
	void *(*func)(void *);
	void *arg;
};

static inline uint32_t
virtio_vdpa_thread_entry(void *opaque)
{
	struct virtio_vdpa_thread_start start = *(struct virtio_vdpa_thread_start *)opaque;

	free(opaque);
	start.func(start.arg);
	return 0;
}

/* rte_thread_t is opaque, but its id is the pthread_t on every system that has VFIO. */
static inline int
virtio_vdpa_thread_create(pthread_t *thread, const char *name, void *(*func)(void *), void *arg)
{
	struct virtio_vdpa_thread_start *start = malloc(sizeof(*start));
	rte_thread_t id;
	int ret;

	if (start == NULL)
		return -ENOMEM;
	start->func = func;
	start->arg = arg;
	ret = rte_thread_create_control(&id, name, virtio_vdpa_thread_entry, start);
	if (ret != 0) {
		free(start);
		return ret < 0 ? ret : -ret;
	}
	*thread = (pthread_t)id.opaque_id;
	return 0;
}
#endif

#endif /* VIRTIO_VDPA_COMPAT_H */
