/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A guest's driver on one VF of a simulated NIC: registers through lib/virtio, one pair of rings,
 * memory mapped at addresses of its own, interrupts, doorbells by register or through a mapped
 * page. For tests of whole NICs. One thread at a time.
 */
#ifndef NICGUEST_H
#define NICGUEST_H

#include <nicsim_vf.h>

#include "guestring.h"
#include "vio_dev.h"
#include "vio_queue.h"

#define NICGUEST_HDR 12 /* virtio_net_hdr with num_buffers (virtio 1.2, 5.1.6) */

struct nicguest_conf {
	uint64_t features; /* besides VERSION_1 and ACCESS_PLATFORM */
	uint16_t size; /* of both rings */
	uint32_t buf; /* bytes of a buffer, header included; both ways */
	bool pages; /* ring doorbells through mapped pages */
};

struct nicguest_queue {
	struct guestring ring;
	struct vio_doorbell db;
	volatile uint16_t *page; /* NULL: by register */
	uint8_t *mem; /* the ring's; buffers follow */
	size_t buf_off; /* of the first buffer in the guest's memory */
	uint16_t *idle; /* transmission: buffers not in the ring */
	uint16_t num_idle;
	int fd; /* of its interrupt */
};

struct nicguest {
	struct nicsim_vf *vf;
	struct nicsim_vf_info info;
	struct nicguest_conf conf;
	struct vio_dev dev;
	uint8_t *mem;
	size_t mem_len;
	struct nicguest_queue q[2]; /* receive, transmit */
	bool is_open, is_mapped;
	int config_fd;
};

/** 256 entries, buffers of 2048 bytes, split, by register. */
extern const struct nicguest_conf nicguest_default;

/**
 * Open the function and bring it up, its receive ring full of buffers.
 *
 * @param conf  copied; NULL: nicguest_default
 * @return 0; what failed, with nothing left
 */
int nicguest_start(struct nicguest *g, struct nicsim_vf *vf, const struct nicguest_conf *conf);

/** Reset and give it back; also after a failed or no start, of a zeroed one. */
void nicguest_stop(struct nicguest *g);

/** Reset both queues, and give them new rings, while the device runs on (RING_RESET). */
int nicguest_requeue(struct nicguest *g);

/**
 * Send a frame, and ring the doorbell if the device asks for it.
 *
 * @param hdr  virtio_net_hdr; NULL: all zero
 * @return 0; -ENOSPC the ring is full; -EPROTO the device did something wrong
 */
int nicguest_send(struct nicguest *g, const void *hdr, const void *data, uint32_t len);

/** The same without a kick, and the kick for all that was queued since. */
int nicguest_queue(struct nicguest *g, const void *hdr, const void *data, uint32_t len);
void nicguest_kick(struct nicguest *g);

/**
 * Receive a frame, if there is one, and give its buffer back.
 *
 * @param data  conf.buf bytes
 * @param hdr   its header; NULL: not wanted
 * @return its length; 0 none; -EPROTO
 */
int nicguest_recv(struct nicguest *g, void *data, void *hdr);

/** As nicguest_recv(), and wait for it by interrupt, no longer than that. */
int nicguest_wait(struct nicguest *g, void *data, unsigned int ms);

/** What went wrong on any ring; NULL: nothing. */
const char *nicguest_wrong(const struct nicguest *g);

#endif /* NICGUEST_H */
