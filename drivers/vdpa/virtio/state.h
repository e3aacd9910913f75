/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The driver's state machine. One table; nothing else writes the state of a device.
 */
#ifndef VIRTIO_VDPA_STATE_H
#define VIRTIO_VDPA_STATE_H

#include "virtio_vdpa.h"

enum virtio_vdpa_input {
	VIRTIO_VDPA_CONF, /* a front-end's configuration is complete and was found good */
	VIRTIO_VDPA_REJECT, /* it was found bad, or the device failed to start or while it ran */
	VIRTIO_VDPA_UP, /* the device runs the rings */
	VIRTIO_VDPA_CLOSE, /* vhost wants the device stopped */
	VIRTIO_VDPA_DOWN, /* it is stopped */
	VIRTIO_VDPA_RETURN, /* it was removed, and is back */
	VIRTIO_VDPA_NUM_INPUTS
};

/*
 * Feed one input; lock held. Acts as the table says (tear-down on failure and close included),
 * posts the event.
 *
 * fault: for REJECT, why; NULL else. Returns 0; -EPERM the table has no such transition, and
 * nothing changed.
 */
int
virtio_vdpa_state_input(struct virtio_vdpa_dev *dev, enum virtio_vdpa_input input,
	const struct virtio_vdpa_fault *fault);

#endif /* VIRTIO_VDPA_STATE_H */
