/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * How a worker sleeps: the descriptors of all its queues, and one to be woken by. The worker's own,
 * but for vsw_doze_wake().
 */
#ifndef VSW_DOZE_H
#define VSW_DOZE_H

#include "dp.h"

#define VSW_DOZE_NAP_MS 2 /**< Of one that polls a queue which cannot wake it. */

struct vsw_doze {
	int epoll_fd;
	int wake_fd;
	int *watched; /**< For each queue of the worker, the descriptor watched for it; -1: none */
	uint16_t num;
	bool nap; /**< A queue cannot wake it. */
};

/** @return 0 or -errno */
int vsw_doze_init(struct vsw_doze *d);
/** Harmless on one that is all zero, or whose init failed. */
void vsw_doze_fini(struct vsw_doze *d);

/**
 * The worker has other queues now: forget the descriptors of the old ones, which may be closed here
 * and still open elsewhere.
 */
int vsw_doze_reset(struct vsw_doze *d, uint16_t num);

/** The queue at an index is to wake the worker by a descriptor; -1: it can't. @return 0 or -errno */
int vsw_doze_watch(struct vsw_doze *d, uint16_t index, int fd);

/** Sleep until a queue or vsw_doze_wake(), or for a nap. */
void vsw_doze(struct vsw_doze *d);

/** Any thread. The next vsw_doze() returns at once, if none is under way. */
void vsw_doze_wake(const struct vsw_doze *d);

#endif /* VSW_DOZE_H */
