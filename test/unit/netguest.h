/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A guest on one simulated VF that is nobody's in particular: any features, several queue pairs,
 * chains of any shape, and the memory behind them laid open. For tests of how frames go in and out
 * of rings; nothing runs by itself.
 */
#ifndef NETGUEST_H
#define NETGUEST_H

#include "guestring.h"
#include "nicsim_vf_priv.h"
#include "vio_dev.h"
#include "vio_queue.h"

#define NETGUEST_PAIRS 4
#define NETGUEST_BUFS 16 /* of a chain */
#define NETGUEST_SLOT 81920 /* bytes of memory for one chain */
#define NETGUEST_SIZE 64 /* of each ring */

/* A chain's place in memory, and how it is cut. */
struct netguest_slot {
	uint32_t len[NETGUEST_BUFS];
	uint16_t n_out, n_in;
};

struct netguest_queue {
	struct guestring ring;
	struct vio_doorbell db;
	struct netguest_slot slot[NETGUEST_SIZE];
	uint16_t idle[NETGUEST_SIZE]; /* slots that are in no chain */
	uint16_t num_idle;
	uint8_t *mem; /* ring, then slots */
	uint64_t iova;
	size_t slots_off, bytes;
	int fd; /* of its interrupt */
	bool indirect; /* chains are, from now on */
};

struct netguest {
	struct nicsim_vf *vf;
	struct nicsim_vf_info info;
	struct vio_dev dev;
	unsigned int pairs;
	int config_fd; /* of configuration interrupts */
	struct netguest_queue q[2 * NETGUEST_PAIRS];
};

/**
 * @param features  besides VERSION_1 and ACCESS_PLATFORM
 * @param pairs     1..NETGUEST_PAIRS, all active; MQ goes with more than one
 * @return 0; -1, with what failed printed
 */
int netguest_start(struct netguest *g, uint64_t features, unsigned int pairs);
void netguest_stop(struct netguest *g);

/** Make a chain available. @return its slot; -ENOSPC */
int netguest_add(struct netguest *g, uint16_t qid, const struct netguest_slot *shape);

/** A chain of buffers that the device reads, with a header and a frame in it, cut in n pieces. */
int netguest_send(struct netguest *g, uint16_t qid, const uint8_t *hdr, const uint8_t *frame,
	uint32_t len, uint16_t n);

/** A chain of one buffer that the device writes. */
int netguest_offer(struct netguest *g, uint16_t qid, uint32_t len);

/** Ring the doorbell, if the device asks for that, or whatever it asks for. @return whether rung */
bool netguest_kick(struct netguest *g, uint16_t qid, bool always);

/** Take a chain back. @return its slot, which is idle again; -ENOENT; -EPROTO */
int netguest_used(struct netguest *g, uint16_t qid, uint32_t *len);

/** Copy out of a chain's writable buffers. */
void netguest_gather(
	const struct netguest *g, uint16_t qid, uint16_t slot, uint8_t *buf, uint32_t len);

/** Interrupts since the last call. */
uint64_t netguest_irqs(struct netguest *g, uint16_t qid);

/** Of the device, at this moment. */
struct nicsim_vf_stats netguest_stats(struct netguest *g);

#endif /* NETGUEST_H */
