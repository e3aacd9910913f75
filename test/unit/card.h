/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * One simulated function without a NIC around it, and a driver on it as lib/virtio has it: what the
 * suites of the function test with. One thread at a time, but for the count of wakes.
 */
#ifndef CARD_H
#define CARD_H

#include "nicsim_vf_priv.h"
#include "vio_cvq.h"
#include "vio_queue.h"

#define V1 (VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM))
#define CTRL (VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX) | \
	VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE))
#define MQ VIO_BIT(VIO_NET_F_MQ)

#define CARD_IOVA UINT64_C(0x10000000) /* of its memory, which all rings are in */
#define CARD_MEM 0x100000 /* bytes */
#define CARD_RINGS 0x10000 /* where rings begin; the control queue is at the start */
#define CARD_RING 0x8000 /* from one ring to the next */
#define CARD_MS 2000 /* for what must happen */

struct card {
	struct nicsim_vf *vf;
	struct nicsim_vf_info info;
	struct vio_dev dev;
	struct vio_cvq cvq;
	uint8_t *mem;
	unsigned int wakes; /* atomic */
};

/**
 * @param conf      NULL: the default with 4 pairs
 * @param hardware  there is a hardware thread to wake, or the test in its place
 */
int card_new(struct card *c, const struct nicsim_vf_conf *conf, bool hardware);

/** Free it, closed or open. Fails if the driver is to blame for something. */
int card_free(struct card *c);

/** Open it, and map the memory. */
int card_open(struct card *c);

/** Reset, and accept these features and VERSION_1. */
int card_negotiate(struct card *c, uint64_t features);

/** Set a queue of 256 up and enable it. */
int card_queue(struct card *c, uint16_t qid, uint16_t vector);
int card_queue_try(struct card *c, uint16_t qid, uint16_t vector); /* prints nothing */

/** Negotiate; a pair, and the control queue where that is asked for; DRIVER_OK. */
int card_live(struct card *c, uint64_t features);

/** All of it. */
int card_start(struct card *c, uint64_t features, bool hardware);

/** Arm a fault by its text. @return what nicsim_vf_fault() does */
int card_fault(struct nicsim_vf *vf, const char *text);

struct nicsim_vf_stats card_stats(struct nicsim_vf *vf);

#endif /* CARD_H */
