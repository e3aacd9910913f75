/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Frames between two functions: made, sent in chains of any shape, received, compared, and said.
 */
#ifndef DIFF_NET_H
#define DIFF_NET_H

#include "vf.h"

#define DIFF_HDR 12 /**< Bytes of a virtio_net_hdr (virtio 1.2, 5.1.6). */
#define DIFF_FRAME_MAX 0x10010
#define DIFF_RX_CHAINS 64 /**< Of one frame. */
#define DIFF_ETHERTYPE 0x88b5 /**< IEEE 802: for experiments. */

/** virtio_net_hdr as it is in memory, on a little-endian machine. */
struct diff_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

struct diff_frame {
	struct diff_hdr hdr;
	uint32_t len;
	uint8_t data[DIFF_FRAME_MAX];
};

struct diff_rx {
	struct diff_frame frame;
	unsigned int queue; /**< Pair that it came on. */
	unsigned int chains;
	uint32_t used[DIFF_RX_CHAINS];
	bool overrun; /**< Bytes outside of its buffers were written. */
	bool beyond; /**< Bytes behind what is said to be written were. */
};

/** Plain receive chains: one buffer, header included, for frames up to 1518 bytes. */
extern const struct diff_shape diff_plain;

/** Ethernet frame of len bytes, 14.., whose content is a function of seq. */
void diff_frame_make(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6], uint32_t len,
	unsigned int seq);

/** UDP over IPv4, whole and with right checksums; payload as above. @param port  of the source */
void diff_frame_udp(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6], uint16_t port,
	uint32_t payload, unsigned int seq);

/** TCP over IPv4, likewise. */
void diff_frame_tcp(struct diff_frame *f, const uint8_t dst[6], const uint8_t src[6],
	uint32_t payload, unsigned int seq);

/** Leave the checksum of a UDP or TCP frame to the device (5.1.6.2). */
void diff_frame_open_csum(struct diff_frame *f);

/** Checksum of the UDP or TCP header: whether it is right. */
bool diff_frame_csum_ok(const struct diff_frame *f);

/**
 * Make a frame available on transmit queue 2 * pair + 1, without telling.
 *
 * @param shape  of its chain, header included; the last buffer takes what is left. NULL: one buffer
 */
void diff_send_add(struct diff_vf *vf, unsigned int pair, const struct diff_frame *f,
	const struct diff_shape *shape, unsigned int token);

/** Add, kick, wait until it was sent. @return used length; UINT32_MAX it was not */
uint32_t diff_send(struct diff_vf *vf, unsigned int pair, const struct diff_frame *f,
	const struct diff_shape *shape);

/** The next frame on any queue. @return whether there was one within ms */
bool diff_recv(struct diff_vf *vf, struct diff_rx *rx, unsigned int ms);

/** Receive until it is quiet; frames are forgotten. @return their number */
unsigned int diff_drain(struct diff_vf *vf);

#define DIFF_RX_TEXT 512

/** What was received, against what was sent, as text. @param f  NULL: contents do not matter */
void diff_rx_text(const struct diff_rx *rx, const struct diff_frame *f, char *text, size_t len);

/** Send from one to the other and say all that can be seen of it. */
void diff_exchange(struct diff_vf *from, struct diff_vf *to, unsigned int pair, const char *key,
	const struct diff_frame *f, const struct diff_shape *shape);

#endif /* DIFF_NET_H */
