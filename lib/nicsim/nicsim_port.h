/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The software end of a port of the switch: what the uplink's and each VF's representor receive and
 * send. Frames are copied in and out, as DMA would.
 *
 * To software: filled by hardware threads (several at once), emptied by one thread for each queue.
 * From software: filled by one thread for each queue, emptied by one hardware thread.
 */
#ifndef NICSIM_PORT_H
#define NICSIM_PORT_H

#include <stddef.h>

#include "nicsim_frame.h"

#define NICSIM_PORT_QUEUES 16
#define NICSIM_PORT_RING (1u << 19) /**< Bytes of a queue each way. */

struct nicsim_port;

struct nicsim_port_stats {
	uint64_t rx_packets, rx_bytes; /**< Taken by software. */
	uint64_t rx_missed; /**< No room in the queue. */
	uint64_t rx_too_long; /**< Software gave a buffer that is too short. */
	uint64_t tx_packets, tx_bytes; /**< Handed to the NIC. */
	uint64_t tx_full; /**< Not taken, no room. */
	uint64_t tx_malformed; /**< Of tx_packets: dropped, meta did not fit the frame. */
};

/**
 * @param wake  called after frames were put in for the NIC, or the port was opened; on that thread
 * @return NULL out of memory
 */
struct nicsim_port *nicsim_port_new(void (*wake)(void *ctx), void *ctx);
void nicsim_port_free(struct nicsim_port *port);

/**
 * Take into use that many queues each way, or none (0: closed; frames to it are missed then).
 * Frames that were there are dropped. Not while frames are being received or sent by software;
 * the NIC's side may go on.
 *
 * @return 0; -EINVAL more than NICSIM_PORT_QUEUES; -ENOMEM; -errno of eventfd
 */
int nicsim_port_open(struct nicsim_port *port, unsigned int queues);

/** Whether it is in use. Any thread. */
bool nicsim_port_is_open(const struct nicsim_port *port);

/**
 * Software: receive one frame.
 *
 * @param buf,size  where to; a frame that is longer is dropped and counted, and the next one tried
 * @param meta      filled: never with a GSO type or NEEDS_CSUM; DATA_VALID possible
 * @return bytes of the frame; 0 there is none
 */
uint32_t nicsim_port_rx(struct nicsim_port *port, unsigned int queue, void *buf, uint32_t size,
	struct nicsim_meta *meta);

/** Software: bytes of the frame that nicsim_port_rx() would return next; 0 none. */
uint32_t nicsim_port_rx_peek(struct nicsim_port *port, unsigned int queue);

/**
 * Software: send one frame, given in pieces.
 *
 * @param piece,len  n of each; the whole frame has NICSIM_FRAME_MIN..NICSIM_FRAME_MAX bytes
 * @param meta       of any content: the NIC checks it, and drops a frame that it does not fit
 * @return 0; -ENOBUFS no room now; -EMSGSIZE longer than NICSIM_FRAME_MAX or shorter than
 *         NICSIM_FRAME_MIN; -EINVAL the queue is not in use
 */
int nicsim_port_tx(struct nicsim_port *port, unsigned int queue, const void *const *piece,
	const uint32_t *len, unsigned int n, const struct nicsim_meta *meta);

/** Software: tell the NIC of what was sent since; once for a burst. */
void nicsim_port_tx_kick(struct nicsim_port *port);

/**
 * Software: an eventfd, non-blocking, that becomes readable when frames arrive while armed, or are
 * there when it is armed; reading it is the caller's. While armed it is written once for all frames
 * that come until the queue was found empty (by nicsim_port_rx() or _peek()); so before sleeping
 * either arm it anew, or go on receiving until there is nothing.
 *
 * @return it stays the same, and open, until nicsim_port_free(); -1 the queue is not in use
 */
int nicsim_port_rx_fd(struct nicsim_port *port, unsigned int queue);
void nicsim_port_rx_arm(struct nicsim_port *port, unsigned int queue, bool on);

/** NIC: deliver a frame to software, by its hash to a queue. It is complete: no GSO, no checksum
 *  open. @return whether it was taken */
bool nicsim_port_put(struct nicsim_port *port, const struct nicsim_frame *frame);

/**
 * NIC: take a frame that software sent, from any queue in turn. It has passed nicsim_frame_check();
 * one that does not is dropped and counted.
 *
 * @param frame  data points to NICSIM_HEADROOM + NICSIM_FRAME_MAX bytes of which the headroom is
 *               before data; filled
 * @return whether there was one
 */
bool nicsim_port_get(struct nicsim_port *port, struct nicsim_frame *frame);

/** NIC: whether nicsim_port_get() would find one. */
bool nicsim_port_busy(struct nicsim_port *port);

void nicsim_port_stats(struct nicsim_port *port, struct nicsim_port_stats *stats);
void nicsim_port_stats_reset(struct nicsim_port *port);

#endif /* NICSIM_PORT_H */
