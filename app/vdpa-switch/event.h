/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The way of events from any thread to the control thread.
 */
#ifndef VSW_EVENT_H
#define VSW_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

/** Events that fit; what comes on top is counted and thrown away. */
#define VSW_EVENT_QUEUE_SIZE 1024

/** @return 0 or -errno */
int
vsw_event_init(void);

/** No callback that posts may run any more. Harmless before init and twice. */
void
vsw_event_fini(void);

/** @return a file descriptor that is readable while there is something to take */
int
vsw_event_fd(void);

/** Post a copy of an event. Any thread; never waits for the control thread. */
void
vsw_event_post(const struct vsw_event *event);

/**
 * Take the oldest event. Control thread. @return false: there is none, and the descriptor is quiet
 * until one comes
 */
bool
vsw_event_take(struct vsw_event *event);

/** @return events thrown away since init */
uint64_t
vsw_event_lost(void);

#endif /* VSW_EVENT_H */
