/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The device side of a net device's control queue, on a queue of the register file: takes commands
 * out of host memory, keeps what they set, answers well or badly. It runs when the doorbell is
 * rung, on that thread; or, told to be silent then, when ctrldev_serve() is called.
 */
#ifndef CTRLDEV_H
#define CTRLDEV_H

#include "regfile.h"
#include "ringdev.h"

#define CTRLDEV_DATA_MAX 1024

/** How commands are answered. */
enum ctrldev_mode {
	CTRLDEV_OK, /* carried out if legal, else VIRTIO_NET_ERR */
	CTRLDEV_ERR, /* VIRTIO_NET_ERR */
	CTRLDEV_SILENT, /* not at all */
	CTRLDEV_BAD_ACK, /* with a byte that is no answer */
	CTRLDEV_NO_ACK, /* given back with nothing written */
	CTRLDEV_BAD_ID, /* under an id that was never made available */
	CTRLDEV_TWICE, /* given back twice */
	CTRLDEV_HUGE_LEN, /* with more bytes said to be written than there are */
};

struct ctrldev {
	struct regfile *rf;
	struct ringdev_window win;
	struct ringdev ring;
	enum ctrldev_mode mode;
	uint16_t qid;
	unsigned int resets; /* of the device, when the ring was taken into use */
	bool started;

	/* The last command. */
	unsigned int commands;
	uint8_t class, cmd;
	uint8_t data[CTRLDEV_DATA_MAX];
	uint32_t len;

	/* What commands set. */
	uint16_t pairs;
	uint8_t mac[6];
	bool promisc, allmulti;
	unsigned int announced;
};

/** Put it on queue qid of a function, with the memory that it can reach. */
void ctrldev_attach(
	struct ctrldev *cd, struct regfile *rf, uint16_t qid, const struct ringdev_window *win);

/** Answer all commands that are there. @return their number; what the driver did wrong is blamed */
unsigned int ctrldev_serve(struct ctrldev *cd, enum ctrldev_mode mode);

#endif /* CTRLDEV_H */
