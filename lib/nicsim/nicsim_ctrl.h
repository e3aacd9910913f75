/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The control queue of one function (virtio 1.2, 5.1.6.5): takes commands, keeps what they set,
 * answers well, badly or not at all. What it keeps is the function's receive filter, its number of
 * active pairs and its offloads, and is gone with a device reset.
 *
 * Not thread safe: guarded by the function's lock.
 */
#ifndef NICSIM_CTRL_H
#define NICSIM_CTRL_H

#include <stdbool.h>
#include <stdint.h>

#define NICSIM_CTRL_DATA 4096 /**< Bytes of a command that are taken at most. */
#define NICSIM_CTRL_MACS 64 /**< Of each table; of a longer one it is as if all were in. */

/** What NICSIM_FAULT_CTRL_GARBAGE answers. */
enum nicsim_ctrl_garbage {
	NICSIM_CTRL_BAD_ACK, /**< A byte that is no answer. */
	NICSIM_CTRL_NO_ACK, /**< Given back with nothing written. */
	NICSIM_CTRL_BAD_ID, /**< Under an id that was never made available. */
	NICSIM_CTRL_TWICE, /**< Given back twice. */
	NICSIM_CTRL_HUGE_LEN, /**< With more bytes said to be written than there are. */
	NICSIM_CTRL_NUM_GARBAGE
};

struct nicsim_ctrl_macs {
	uint8_t mac[NICSIM_CTRL_MACS][6];
	uint16_t num;
	bool overflow; /**< There were more: all are let in. */
};

struct nicsim_ctrl {
	/* What commands set; as after a reset until then. */
	uint16_t pairs; /**< VQ_PAIRS_SET; 0: never set, so one. */
	uint8_t mac[6];
	bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
	struct nicsim_ctrl_macs unicast, multicast;
	uint64_t offloads; /**< Of the GUEST_ features: those in force. */

	/* The last command. */
	uint8_t class, cmd;
	uint8_t data[NICSIM_CTRL_DATA];
	uint32_t len; /**< Of data. */
	/* Since creation. */
	unsigned int commands;
	unsigned int announced; /**< ANNOUNCE_ACK. */
};

struct nicsim_vf;

/** As a reset leaves it. */
void nicsim_ctrl_reset(struct nicsim_vf *vf);

/** Carry out the commands that are there. */
void nicsim_ctrl_serve(struct nicsim_vf *vf);

/** Whether the receive filter lets a frame to that address in. Without CTRL_RX it lets in all. */
bool nicsim_ctrl_admits(const struct nicsim_vf *vf, const uint8_t dst[6]);

#endif /* NICSIM_CTRL_H */
