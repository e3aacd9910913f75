/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * A guest: its state, and the one table that changes it.
 *
 * Owns struct vsw_guest. Only the control thread changes one, by vsw_guest_event(); the exceptions
 * say so at the field.
 */
#ifndef VSW_GUEST_H
#define VSW_GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_pmd_vdpa_virtio.h>

#include "config.h"

/**
 * Where a guest is. What may happen in which state is in the table of guest.c.
 *
 * DOWN         Not served: before the start and after the stop. No socket, no callbacks.
 * LISTENING    Its socket is there (client mode: being connected to); no front-end on it, nothing
 *              of the VF in use.
 * NEGOTIATING  A front-end is connected; its rings run nowhere (yet, or no more).
 * HARDWARE     The VF runs the guest's rings: its driver said so. Never concluded from what
 *              lib/vhost says, which announces a device before the driver has configured anything.
 * FAILED       The VF cannot run this guest, and the reason code says why. Ends when the front-end
 *              leaves or the driver reports that it runs after all (a guest may reboot into a
 *              better driver); where the VF is gone, when it is back.
 */
enum vsw_guest_state {
	VSW_GUEST_DOWN,
	VSW_GUEST_LISTENING,
	VSW_GUEST_NEGOTIATING,
	VSW_GUEST_HARDWARE,
	VSW_GUEST_FAILED,
	VSW_GUEST_NUM_STATES
};

/** What happens to a guest. */
enum vsw_guest_event {
	VSW_EVENT_STARTED, /**< Control: socket and VF are set up. */
	VSW_EVENT_START_FAILED, /**< Control: they could not be. */
	VSW_EVENT_STOPPED, /**< Control: they were taken down. */
	VSW_EVENT_CONNECTED, /**< lib/vhost: a front-end is on the socket. */
	VSW_EVENT_DISCONNECTED, /**< lib/vhost: the last one left. */
	VSW_EVENT_HANDED_OVER, /**< lib/vhost: rings given to a driver that reports nothing. */
	VSW_EVENT_RUNNING, /**< Driver: the VF runs the rings. */
	VSW_EVENT_ENDED, /**< Driver: it no longer does. */
	VSW_EVENT_DEVICE_FAILED, /**< Driver: it cannot; see reason. */
	VSW_EVENT_REFUSED, /**< Driver: it does not take this front-end; see reason. */
	VSW_EVENT_KICK, /**< Driver: how kicks reach the VF was settled; see kick. */
	VSW_EVENT_LINK, /**< Driver: see link_up. */
	VSW_EVENT_ANNOUNCE, /**< Driver: the device asks the guest to announce itself. */
	VSW_EVENT_RETURNED, /**< Driver: the VF was gone, and is back. */
	VSW_GUEST_NUM_EVENTS
};

struct vsw_guest {
	const struct vsw_guest_config *cfg;
	vsw_line_fn line;
	struct rte_vdpa_device *dev; /**< While open, else NULL. vf's. */
	bool registered; /**< lib/vhost has the socket. vhost_sock's. */
	atomic_uint connections; /**< Front-ends on the socket. Written by vhost_sock only. */

	enum vsw_guest_state state;
	const char *code; /**< Reason code of the last change of state; a static string. */
	enum rte_pmd_vdpa_virtio_reason reason; /**< FAILED: the driver's reason. */
	enum rte_pmd_vdpa_virtio_kick kick; /**< HARDWARE: how kicks reach the VF, as last told. */
	uint64_t changes; /**< Changes of state. */
};

/** One event on its way to the control thread. */
struct vsw_event {
	struct vsw_guest *guest;
	enum vsw_guest_event type;
	enum rte_pmd_vdpa_virtio_reason reason; /**< DEVICE_FAILED, REFUSED */
	enum rte_pmd_vdpa_virtio_kick kick; /**< KICK */
	bool link_up; /**< LINK */
	int error; /**< 0 or -errno behind the reason */
	char text[RTE_PMD_VDPA_VIRTIO_TEXT]; /**< For people; may be empty. */
};

/** A guest in state DOWN. @param cfg  must outlive it */
void
vsw_guest_init(struct vsw_guest *guest, const struct vsw_guest_config *cfg, vsw_line_fn line);

/**
 * Let an event happen: look it up in the table, change the state, print a line. Control thread.
 *
 * Any event is legal in any state; those that mean nothing there are passed over.
 */
void
vsw_guest_event(const struct vsw_event *event);

/** Lower case, no blanks. Never NULL. */
const char *
vsw_guest_state_name(enum vsw_guest_state state);

#endif /* VSW_GUEST_H */
