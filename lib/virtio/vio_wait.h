/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Waiting for a device, for this library only: short sleeps up to a deadline on the monotonic
 * clock.
 *
 *	vio_wait_start(&w, timeout_ms);
 *	do {
 *		look; return when it is there
 *	} while (vio_wait(&w));
 *	return -ETIMEDOUT;
 *
 * The last look comes after the deadline: a thread that was not run for long does not give up on a
 * device that did its work in time.
 */
#ifndef VIO_WAIT_H
#define VIO_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "vio_dev.h"

#define VIO_WAIT_STEP_MIN_NS 20000
#define VIO_WAIT_STEP_MAX_NS 1000000

struct vio_wait {
	uint64_t end; /* ns */
	uint64_t step;
};

static inline uint64_t
vio_wait_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static inline void
vio_wait_start(struct vio_wait *w, unsigned int timeout_ms)
{
	if (timeout_ms > VIO_WAIT_MAX_MS)
		timeout_ms = VIO_WAIT_MAX_MS;
	w->end = vio_wait_now() + (uint64_t)timeout_ms * 1000000;
	w->step = VIO_WAIT_STEP_MIN_NS;
}

/** Sleep for one step, each longer than the one before. @return false where the deadline is over */
static inline bool
vio_wait(struct vio_wait *w)
{
	uint64_t now = vio_wait_now();
	struct timespec ts = { 0 };

	if (now >= w->end)
		return false;
	ts.tv_nsec = (long)(w->step < w->end - now ? w->step : w->end - now);
	/* a signal only makes the step shorter */
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	if (w->step < VIO_WAIT_STEP_MAX_NS)
		w->step *= 2;
	return true;
}

#endif /* VIO_WAIT_H */
