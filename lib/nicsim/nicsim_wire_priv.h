/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the kinds of wire share: one table of functions for each, and the ways to an interface of
 * the kernel.
 */
#ifndef NICSIM_WIRE_PRIV_H
#define NICSIM_WIRE_PRIV_H

#include "nicsim_wire.h"

struct nicsim_wire_ops {
	const char *kind; /* what the text begins with */
	const char *form; /* the whole text, for people */
	/*
	 * arg: the text behind "KIND:", NULL without a colon. Sets wire->end, and wire->fd if there
	 * is one; after an error nothing is left, and why is filled. 0 or -errno.
	 */
	int (*open)(struct nicsim_wire *wire, const char *arg, char *why, size_t len);
	void (*close)(struct nicsim_wire *wire);
	/*
	 * 1: data, len and meta of the frame are filled, len not yet looked at; 0: there is none;
	 * -errno: something came that is no good, and was passed over.
	 */
	int (*rx)(struct nicsim_wire *wire, struct nicsim_frame *frame);
	int (*tx)(struct nicsim_wire *wire, const struct nicsim_frame *frame); /* 0 or -errno */
	void (*start)(struct nicsim_wire *wire); /* NULL: frames come by themselves */
	bool (*link)(const struct nicsim_wire *wire);
	/* Frames lost before rx() could see them, since the last call; any thread. NULL: unknown */
	uint64_t (*lost)(struct nicsim_wire *wire);
};

struct nicsim_wire {
	const struct nicsim_wire_ops *ops;
	char *text;
	void (*wake)(void *ctx);
	void *wake_ctx;
	int fd; /* to wait on; -1: wake() tells */
	void *end; /* the kind's own */
	bool started; /* the receiving thread's */
	struct nicsim_wire_stats stats; /* each field by atomics */
};

extern const struct nicsim_wire_ops nicsim_wire_none_ops;
extern const struct nicsim_wire_ops nicsim_wire_tap_ops;
extern const struct nicsim_wire_ops nicsim_wire_packet_ops;
extern const struct nicsim_wire_ops nicsim_wire_pcap_ops;
extern const struct nicsim_wire_ops nicsim_wire_ring_ops;

/* nicsim_wire_if.c: interfaces of the kernel; sock: any socket, its namespace is meant. */

/* A name as the kernel takes it, and no pattern. 0 or -EINVAL, with why filled. */
int nicsim_wire_if_check(const struct nicsim_wire *wire, const char *name, char *why, size_t len);

/* Its index; -ENODEV there is none of that name. */
int nicsim_wire_if_index(int sock, const char *name);

/* Whether it is an Ethernet interface (and not, say, the loopback). */
bool nicsim_wire_if_is_ether(int sock, const char *name);

/* Bring it up, unless it is. */
int nicsim_wire_if_up(int sock, const char *name);

/* Carrier: up and running, whatever it is called by now. */
bool nicsim_wire_if_link(int sock, int index);

#endif /* NICSIM_WIRE_PRIV_H */
