/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * One function as the script drives it: behind the driver's bus seam, with memory, vectors and
 * rings of its own. Nothing here knows what device it is. One thread.
 */
#ifndef DIFF_VF_H
#define DIFF_VF_H

#include <vio_dev.h>
#include <vio_queue.h>

#include "bus.h"
#include "ring.h"

#define DIFF_PAIRS 4
#define DIFF_QUEUES (2 * DIFF_PAIRS + 1)
#define DIFF_VECTORS (1 + DIFF_QUEUES) /**< 0: configuration; 1 + n: queue n. */
#define DIFF_QUEUE_BYTES 0x100000 /**< Of memory: ring, tables, buffers. */
#define DIFF_BUFS_OFF 0x40000 /**< Of the buffers. */
#define DIFF_BUFS_BYTES (DIFF_QUEUE_BYTES - DIFF_BUFS_OFF)
#define DIFF_WAIT_MS 2000 /**< What is to come is waited for so long. */

#define DIFF_GAP 16 /**< Bytes between two buffers of a chain, and behind the last. */
#define DIFF_CANARY 0xa5 /**< What is there, and in receive buffers until they are written. */

/** How a chain is cut into buffers. */
struct diff_shape {
	unsigned int n; /**< Buffers of a chain, 1..DIFF_CHAIN_MAX. */
	uint32_t len[DIFF_CHAIN_MAX];
	bool indirect;
};

struct diff_queue {
	struct diff_ring ring;
	struct vio_doorbell db;
	uint8_t *bufs;
	uint64_t bufs_iova;
	struct diff_shape shape; /**< Of receive chains; chain n has its room from n * stride on. */
	uint32_t stride;
	bool refill; /**< Give chains back to the device at once. */
};

struct diff_vf {
	const char *name; /**< "A", "B" */
	struct virtio_vdpa_bus *bus;
	struct vio_dev dev;
	uint64_t mask; /**< Features that the script may use. */
	uint64_t features; /**< Negotiated. */
	uint8_t mac[6];
	uint8_t *mem;
	uint64_t iova;
	int fd[DIFF_VECTORS];
	uint16_t pairs; /**< Set up. */
	uint16_t ctrl; /**< Index of the control queue. */
	uint16_t size[DIFF_QUEUES]; /**< Of rings. */
	struct diff_queue q[DIFF_QUEUES]; /**< By the index that the device has for them. */
	unsigned int quiet_ms;
	/** Its link, from outside. @return 0 or -errno */
	int (*link)(struct diff_vf *vf, bool up);
	void *link_ctx;
};

/**
 * Take a function into use: memory, vectors, the bare facts.
 *
 * @param vf  name, bus, mask, quiet_ms and link are set
 * @return 0 or -errno
 */
int diff_vf_init(struct diff_vf *vf);
void diff_vf_fini(struct diff_vf *vf);

uint32_t diff_reg(struct diff_vf *vf, uint32_t off, uint8_t len);
void diff_reg_set(struct diff_vf *vf, uint32_t off, uint8_t len, uint32_t val);

/** Write 0 to the status and wait. A function that does not come back is reset by its bus. */
int diff_vf_reset(struct diff_vf *vf);

/**
 * Reset, then up to DRIVER_OK, with rings for all pairs and the control queue, and with pairs set.
 *
 * @param features  masked; ACCESS_PLATFORM and VERSION_1 are added
 * @param size      of all data rings
 * @return 0 or -errno
 */
int diff_vf_start(struct diff_vf *vf, uint64_t features, uint16_t pairs, uint16_t size);

/** Lay out ring qid anew and enable it, with the vector given. @return 0 or -errno */
int diff_vf_queue(struct diff_vf *vf, uint16_t qid, uint16_t size, uint16_t vector);

bool diff_vf_has(const struct diff_vf *vf, unsigned int bit);

/** Make chains available on a receive queue. @param n  chains */
void diff_vf_fill(struct diff_vf *vf, uint16_t qid, const struct diff_shape *shape, unsigned int n);

/** Make chain "token" available again, as it was. The caller kicks. */
void diff_vf_refill(struct diff_queue *q, unsigned int token);

/** Ring a doorbell if the device wants to hear of it. */
void diff_vf_kick(struct diff_vf *vf, uint16_t qid);

/**
 * The next chain that a queue gives back, waited for.
 *
 * @return 1; 0 none within ms; -EPROTO, said
 */
int diff_vf_used(
	struct diff_vf *vf, uint16_t qid, unsigned int *token, uint32_t *len, unsigned int ms);

/** Forget interrupts. */
void diff_vf_irq_clear(struct diff_vf *vf);

/** Say which vectors fired since, and how often. The caller has waited. */
void diff_vf_irq_say(struct diff_vf *vf, const char *key);

/** One command. @param used  bytes said to be written. @return the answer; 0x100 none */
unsigned int diff_vf_command(struct diff_vf *vf, uint8_t class, uint8_t cmd, const void *data,
	size_t len, uint32_t *used);

void diff_sleep(unsigned int ms);
uint64_t diff_now_ms(void);

#endif /* DIFF_VF_H */
