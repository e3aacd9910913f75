/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the uplink is plugged into. A text says which:
 *
 *     none                     nothing: what is sent is gone, nothing comes, the link is down
 *     tap:NAME                 a TAP interface of the kernel, made if it is not there
 *     packet:NAME              an interface of the kernel, through AF_PACKET
 *     pcap:rx=FILE:tx=FILE     frames of a capture file come in, once, from nicsim_wire_start()
 *                              on; what is sent is captured; either may be left out
 *     ring:NAME                another simulated NIC of this process with the same wire
 *
 * One hardware thread receives; any may send.
 */
#ifndef NICSIM_WIRE_H
#define NICSIM_WIRE_H

#include <stddef.h>

#include "nicsim_frame.h"

/** Longest frame that a wire carries: NICSIM_MTU_MAX behind an Ethernet header and two tags. */
#define NICSIM_WIRE_MAX (NICSIM_MTU_MAX + 14 + 8)

struct nicsim_wire_stats {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
	uint64_t rx_errors; /**< Too long or too short, or the interface said so. */
	uint64_t tx_errors; /**< Too long or too short, or not taken by what is at the other end. */
};

struct nicsim_wire;

/**
 * @param text     see above
 * @param wake     called, on any thread, when a frame has come after nicsim_wire_rx() had found
 *                 none; must not wait, and not call a function of a wire. Not after
 *                 nicsim_wire_close() has returned
 * @param why      what is wrong and the remedy, on failure; len bytes of it
 * @return 0; -EINVAL the text is wrong; -ENODEV no such interface; -ENOENT no such file; -EBUSY the
 *         ring has two ends already; -EPERM; other -errno
 */
int nicsim_wire_open(const char *text, void (*wake)(void *ctx), void *ctx,
	struct nicsim_wire **wire, char *why, size_t len);
void nicsim_wire_close(struct nicsim_wire *wire);

/** File descriptor that is readable when frames may be there; -1: wake() tells. */
int nicsim_wire_fd(const struct nicsim_wire *wire);

/** Whether nothing comes before nicsim_wire_start(), as it would be lost on nobody. The receiving
 *  thread's, both. */
bool nicsim_wire_waits(const struct nicsim_wire *wire);
void nicsim_wire_start(struct nicsim_wire *wire);

/**
 * Receive one frame, without waiting. An interface of the kernel may hand over one whose checksum
 * is open, or which is still to be cut: meta says so.
 *
 * @param frame  as for nicsim_port_get()
 * @return whether there was one; bad ones are counted and passed over, a few in one call: false
 *         with a file descriptor that is still readable asks for another look
 */
bool nicsim_wire_rx(struct nicsim_wire *wire, struct nicsim_frame *frame);

/** Send a frame that is complete (no GSO, no checksum open), without waiting. */
void nicsim_wire_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame);

/** Carrier, as of now: asks the kernel, where it is the kernel's. Any thread. */
bool nicsim_wire_link(const struct nicsim_wire *wire);

/** As it was given. */
const char *nicsim_wire_name(const struct nicsim_wire *wire);

void nicsim_wire_stats(struct nicsim_wire *wire, struct nicsim_wire_stats *stats);
void nicsim_wire_stats_reset(struct nicsim_wire *wire);

#endif /* NICSIM_WIRE_H */
