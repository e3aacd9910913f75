/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A frame on its way through the NIC, and what a guest said of it beside (virtio_net_hdr, 5.1.6).
 */
#ifndef NICSIM_FRAME_H
#define NICSIM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes kept free in front of a frame: two VLAN tags. */
#define NICSIM_HEADROOM 8
/** Longest frame, Ethernet header included: a TCP segment of 64 KiB to be cut. */
#define NICSIM_FRAME_MAX (65535 + 14 + 8)
#define NICSIM_FRAME_MIN 14
/** What a wire or an ordinary Ethernet port carries at most. */
#define NICSIM_MTU_MAX 9600
/** Least gso_size: less than any TCP uses, while one frame does not become tens of thousands. */
#define NICSIM_GSO_SIZE_MIN 8

/* virtio 1.2, 5.1.6: flags and gso_type of a virtio_net_hdr */
#define NICSIM_HDR_NEEDS_CSUM 1
#define NICSIM_HDR_DATA_VALID 2
#define NICSIM_GSO_NONE 0
#define NICSIM_GSO_TCPV4 1
#define NICSIM_GSO_UDP 3
#define NICSIM_GSO_TCPV6 4
#define NICSIM_GSO_UDP_L4 5
#define NICSIM_GSO_ECN 0x80

struct nicsim_meta {
	uint8_t flags; /**< NICSIM_HDR_* */
	uint8_t gso_type; /**< NICSIM_GSO_* */
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start; /**< Bytes from the start of the frame. */
	uint16_t csum_offset;
};

/** Checked: offsets of meta lie inside of len, len is NICSIM_FRAME_MIN..NICSIM_FRAME_MAX. */
struct nicsim_frame {
	uint8_t *data; /**< NICSIM_HEADROOM bytes before it belong to the frame, too. */
	uint32_t len;
	uint32_t hash; /**< Over addresses and ports: frames of one flow have the same. */
	struct nicsim_meta meta;
};

/** nicsim_hash.c: symmetric hash of a frame's flow (IPv4/IPv6 addresses, protocol and ports; else
 *  MAC addresses and ethertype; VLAN tags are looked past). */
uint32_t nicsim_frame_hash(const uint8_t *data, uint32_t len);

/**
 * nicsim_check.c: check meta, as a sender gave it, against the frame. What is no use is cleared
 * (flags but NEEDS_CSUM or, without that, DATA_VALID; fields that then mean nothing), and hdr_len,
 * which is a hint of the sender, becomes the length of the headers that are there. DATA_VALID
 * cannot be checked: who takes frames from one that may not say so clears it before.
 *
 * @param frame  data and len as received, meta of any content
 * @return 0; -EINVAL a length out of bounds, a checksum past the frame or in front of what follows
 *         its VLAN tags, or a GSO type or size that the frame's headers do not fit (5.1.6.2)
 */
int nicsim_frame_check(struct nicsim_frame *frame);

/** nicsim_csum.c: compute the checksum that meta asks for, if it does; DATA_VALID takes the place of
 *  NEEDS_CSUM. A frame with a GSO type is to be cut instead. */
void nicsim_frame_checksum(struct nicsim_frame *frame);

/**
 * nicsim_gso.c: cut a frame with a GSO type into frames of at most gso_size payload bytes each,
 * with headers, lengths, sequence numbers, flags and checksums as they must be. TCP over IPv4 and
 * IPv6, and trains of UDP packets (UDP_L4).
 *
 * @param frame  not changed; passed nicsim_frame_check(), and at most two tags were pushed since
 * @param out    called for each, in order; the frame is valid during the call, with
 *               NICSIM_HEADROOM, without GSO type, and with DATA_VALID in place of NEEDS_CSUM
 * @return 0; -EINVAL what meta says does not fit the frame, and out was not called
 */
int nicsim_frame_segment(const struct nicsim_frame *frame,
	void (*out)(void *ctx, const struct nicsim_frame *segment), void *ctx);

/** nicsim_vlan.c: push a VLAN tag behind the MAC addresses; meta's offsets move along. frame->data
 *  must have 4 bytes of headroom left. */
void nicsim_frame_vlan_push(struct nicsim_frame *frame, uint16_t tpid, uint16_t tci);

/** nicsim_vlan.c: take the outermost tag (0x8100 or 0x88a8) away. @return 0; -ENOENT there is none
 */
int nicsim_frame_vlan_pop(struct nicsim_frame *frame);

#endif /* NICSIM_FRAME_H */
