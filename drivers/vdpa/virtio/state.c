/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The one table of a device's life. Called with the device's lock held; posts events, which are
 * delivered later.
 *
 *             CONF       REJECT          UP        CLOSE            DOWN     RETURN
 *  PROBED     STARTING   FAILED          -         PROBED           -        PROBED
 *  STARTING   -          undo, FAILED    RUNNING   undo, STOPPING   -        -
 *  RUNNING    -          stop, FAILED    -         stop, STOPPING   -        -
 *  STOPPING   -          FAILED          -         STOPPING         PROBED   -
 *  FAILED     STARTING   FAILED          -         PROBED           -        PROBED
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "state.h"

#define PROBED RTE_PMD_VDPA_VIRTIO_PROBED
#define STARTING RTE_PMD_VDPA_VIRTIO_STARTING
#define RUNNING RTE_PMD_VDPA_VIRTIO_RUNNING
#define STOPPING RTE_PMD_VDPA_VIRTIO_STOPPING
#define FAILED RTE_PMD_VDPA_VIRTIO_FAILED

enum action {
	NONE,
	/* take the queues from the device; the guest's memory stays mapped for its next start */
	STOP,
	DROP, /* and unmap that too */
	COUNT, /* a start that worked */
};

struct transition {
	signed char next; /* -1: not legal */
	unsigned char action; /* taken before the state changes */
};

#define NO { -1, NONE }
#define TO(state) { state, NONE }
#define DO(action, state) { state, action }

static const struct transition table[RTE_PMD_VDPA_VIRTIO_NUM_STATES][VIRTIO_VDPA_NUM_INPUTS] = {
	/*             CONF          REJECT            UP                  CLOSE
	 *             DOWN          RETURN */
	[PROBED] =   { TO(STARTING), DO(DROP, FAILED), NO,                 TO(PROBED),
		       NO,           TO(PROBED) },
	[STARTING] = { NO,           DO(DROP, FAILED), DO(COUNT, RUNNING), DO(STOP, STOPPING),
		       NO,           NO },
	[RUNNING] =  { NO,           DO(DROP, FAILED), NO,                 DO(STOP, STOPPING),
		       NO,           NO },
	[STOPPING] = { NO,           DO(DROP, FAILED), NO,                 TO(STOPPING),
		       TO(PROBED),   NO },
	[FAILED] =   { TO(STARTING), DO(DROP, FAILED), NO,                 TO(PROBED),
		       NO,           TO(PROBED) },
};

static const char *const state_names[] = {
	[PROBED] = "probed",
	[STARTING] = "starting",
	[RUNNING] = "running",
	[STOPPING] = "stopping",
	[FAILED] = "failed",
};

static_assert(RTE_DIM(state_names) == RTE_PMD_VDPA_VIRTIO_NUM_STATES, "a state without a name");

static void
act(struct virtio_vdpa_dev *dev, enum action action)
{
	switch (action) {
	case NONE:
		break;
	case STOP:
		virtio_vdpa_stop(dev);
		break;
	case DROP:
		/* Kicks shall reach the eventfds again, whoever serves the guest next. */
		if (dev->state == RUNNING)
			virtio_vdpa_frontend_job(dev, dev->vid, VIRTIO_VDPA_JOB_UNMAP);
		virtio_vdpa_stop(dev);
		virtio_vdpa_forget(dev);
		break;
	case COUNT:
		dev->counters.starts++;
		break;
	}
}

int
virtio_vdpa_state_input(struct virtio_vdpa_dev *dev, enum virtio_vdpa_input input,
	const struct virtio_vdpa_fault *fault)
{
	const struct transition *t = &table[dev->state][input];
	struct rte_pmd_vdpa_virtio_event event = {
		.type = RTE_PMD_VDPA_VIRTIO_EVENT_STATE,
		.from = dev->state,
	};

	if (t->next < 0)
		return -EPERM;
	act(dev, t->action);
	if (input == VIRTIO_VDPA_REJECT) {
		dev->fault = *fault;
		dev->counters.failures++;
		VV_LOG(ERR, dev, "%s: %s", rte_pmd_vdpa_virtio_reason_name(fault->reason),
			fault->text);
	} else if (input == VIRTIO_VDPA_UP) {
		memset(&dev->fault, 0, sizeof(dev->fault));
	}
	__atomic_store_n(&dev->state, t->next, __ATOMIC_RELAXED); /* read by refuse_busy() */
	if (event.from == dev->state && input != VIRTIO_VDPA_REJECT)
		return 0;
	VV_LOG(INFO, dev, "%s -> %s", state_names[event.from], state_names[dev->state]);
	event.state = dev->state;
	event.vid = dev->vid;
	event.link_up = dev->link_up;
	if (dev->state == FAILED) {
		event.reason = dev->fault.reason;
		event.error = dev->fault.error;
		event.text = dev->fault.text;
	}
	virtio_vdpa_event_post(dev, &event);
	return 0;
}

const char *
rte_pmd_vdpa_virtio_state_name(enum rte_pmd_vdpa_virtio_state state)
{
	return (unsigned int)state < RTE_DIM(state_names) ? state_names[state] : "unknown";
}
