/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The driver side of a network device's control virtqueue (virtio 1.2, 5.1.6.5): one command at a
 * time, in memory that the caller mapped for the device, each with a deadline. One thread at a
 * time.
 */
#ifndef VIO_CVQ_H
#define VIO_CVQ_H

#include <stddef.h>

#include "vio_queue.h"
#include "vring_drv.h"

#define VIO_CVQ_SIZE 64 /* entries, or the device's maximum where that is less */
#define VIO_CVQ_MEM 8192 /* bytes of memory that vio_cvq_init needs: ring, command, answer */
#define VIO_CVQ_DATA_MAX 1024 /* bytes of one command's data */
#define VIO_CVQ_MS 500 /* default deadline of a command */

struct vio_cvq {
	struct vio_dev *dev;
	struct vring_drv ring;
	struct vio_doorbell db;
	uint8_t *buf; /* the driver's view of command and answer */
	uint64_t buf_iova;
	uint16_t qid;
	bool broken; /* a command timed out or the ring was corrupted: none further until a reset */
};

/**
 * Set up and enable the control queue, without an interrupt; after vio_dev_negotiate(), before
 * DRIVER_OK. The ring's format is the negotiated one.
 *
 * @param qid   index of the control queue: 2 * max pairs with MQ, else 2
 * @param mem   VIO_CVQ_MEM bytes, page aligned, zeroed here; the device's until it is reset
 * @param iova  the same memory as the device sees it, page aligned
 * @return 0; what vio_queue_setup(), vio_queue_enable() and vio_queue_doorbell() return; -EINVAL
 *         the device's maximum is below 4
 */
int vio_cvq_init(struct vio_cvq *cvq, struct vio_dev *dev, uint16_t qid, void *mem, uint64_t iova);

/**
 * Send one command and wait for its answer; sleeps in short steps, never spins for long. After
 * DRIVER_OK. Always rings the doorbell: the device's word that it needs none is not relied on.
 *
 * @param class,cmd   5.1.6.5
 * @param data,len    command-specific data, 0..VIO_CVQ_DATA_MAX bytes
 * @param timeout_ms  deadline, 1..VIO_WAIT_MAX_MS, cut to that
 * @return 0; -EPERM the device answered VIRTIO_NET_ERR; -EINVAL too long; and, after which the
 *         queue is broken: -ETIMEDOUT; -EPROTO a corrupt ring or an answer that is none; -ENODEV
 *         gone. -EPIPE broken before
 */
int vio_cvq_command(struct vio_cvq *cvq, uint8_t class, uint8_t cmd, const void *data, size_t len,
	unsigned int timeout_ms);

/**
 * Active queue pairs (5.1.6.5.5).
 *
 * @param pairs  1..32768
 * @return as vio_cvq_command()
 */
int vio_cvq_set_pairs(struct vio_cvq *cvq, uint16_t pairs, unsigned int timeout_ms);

/** The default MAC address (5.1.6.5.2). @param mac 6 bytes @return as vio_cvq_command() */
int vio_cvq_set_mac(struct vio_cvq *cvq, const uint8_t mac[6], unsigned int timeout_ms);

/**
 * Receive mode (5.1.6.5.1).
 *
 * @param mode  VIO_NET_CTRL_RX_PROMISC or VIO_NET_CTRL_RX_ALLMULTI
 * @return as vio_cvq_command()
 */
int vio_cvq_set_rx(struct vio_cvq *cvq, uint8_t mode, bool on, unsigned int timeout_ms);

/** The announcement that the device asked for was made (5.1.6.5.4). @return as vio_cvq_command() */
int vio_cvq_announce_ack(struct vio_cvq *cvq, unsigned int timeout_ms);

#endif /* VIO_CVQ_H */
