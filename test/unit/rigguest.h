/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What runs in the rig's usual guest: a virtio-net driver on its rings, sending and receiving
 * frames through the VF that the driver gave it. The other end is the VF's representor. One thread
 * at a time.
 */
#ifndef RIGGUEST_H
#define RIGGUEST_H

#include "guestring.h"
#include "rig.h"

#define RIGGUEST_BUFS 32 /* of each queue */
#define RIGGUEST_BUF 2048 /* bytes of each, header included */
#define RIGGUEST_FRAME 200 /* bytes of a frame */

struct rigguest {
	struct rig *rig;
	struct guestring ring[VHUSER_QUEUES];
	volatile uint16_t *page[VHUSER_QUEUES]; /* doorbells mapped; NULL: kicks go to eventfds */
	uint16_t queues;
	uint32_t idle[VHUSER_QUEUES]; /* bit n: buffer n is not in the ring; of queues that send */
};

/**
 * Connect the usual guest, set it up, see the driver start it, and fill its receive rings.
 *
 * @param conf  rings of 64 at most
 */
int rigguest_start(struct rigguest *g, struct rig *rig, const struct vhuser_conf *conf);

/** Let go of rings and pages, whatever became of the guest; not of the connection. */
void rigguest_end(struct rigguest *g);

/** Ring doorbells through mapped pages from now on. */
int rigguest_map(struct rigguest *g);

/** Send a frame with a number on a pair, and kick if the device asks for it. */
int rigguest_send(struct rigguest *g, uint16_t pair, uint32_t number);

/** Whether a frame with that number comes out of the VF, within RIG_WAIT_MS. */
int rigguest_sent(struct rigguest *g, uint32_t number);

/** That no frame comes out, for RIG_QUIET_MS. */
int rigguest_silent(struct rigguest *g);

/** Send frames to the VF from outside, and see the guest get it on some pair, by interrupt. */
int rigguest_receive(struct rigguest *g, uint32_t number);

/** Both ways, on each pair, n times. */
int rigguest_traffic(struct rigguest *g, unsigned int n);

#endif /* RIGGUEST_H */
