/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Simulated NICs in the test's own process, as an application has them: plugged in, their ports
 * configured and started, frames made, sent and looked at, the log kept. One thread.
 */
#ifndef NICSIM_RIG_H
#define NICSIM_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_flow.h>
#include <rte_mbuf.h>

#include "ut.h"

#define NR_WAIT_MS 8000 /* for what must happen */
#define NR_QUIET_MS 50 /* for what must not */
#define NR_FRAME_MAX 9600

/** Plug a NIC in, and take it out. @return as rte_eal_hotplug_add() and _remove() */
int nr_add(const char *name, const char *args);
int nr_remove(const char *name);

/** @return id of a port, -1: there is none of that name */
int nr_port(const char *name);

struct nr_port_conf {
	uint16_t rxq, txq; /* 0: 1 */
	uint64_t rx_offloads, tx_offloads;
	uint16_t mtu; /* 0: 1500 */
	bool small; /* mbufs of 512 bytes */
	bool rx_intr, lsc, rss;
};

/** Configure and start a port, promiscuous. conf NULL: one queue, nothing special. */
int nr_start(int port, const struct nr_port_conf *conf);

/** A port by its name, started. */
int nr_start_named(const char *name, int *port);

/** All memory of frames; small: with 512 bytes each. NULL: out of memory. */
struct rte_mempool *nr_pool(bool small);
/** Mbufs in use, of both pools. */
unsigned int nr_mbufs(void);

/** A frame of len bytes: Ethernet, IPv4, UDP or TCP, checksums right, payload by seed. */
struct nr_frame {
	uint8_t data[NR_FRAME_MAX];
	uint32_t len;
};
void nr_udp(struct nr_frame *f, uint32_t len, uint32_t seed);
void nr_tcp(struct nr_frame *f, uint32_t len, uint32_t seed);

/** A frame in mbufs of at most seg bytes each, 0: as they come. NULL: out of memory. */
struct rte_mbuf *nr_mbuf(const struct nr_frame *f, uint32_t seg);

/** @return 0; UT_FAILED it was not taken in time, and is freed */
int nr_send_mbuf(int port, uint16_t queue, struct rte_mbuf *m);
int nr_send(int port, const struct nr_frame *f);

/** Wait for a frame. @return NULL none came in time */
struct rte_mbuf *nr_recv(int port, uint16_t queue, unsigned int ms);

/** A frame comes that is byte by byte this one. */
int nr_expect(int port, const struct nr_frame *f);
/** Nothing comes for a while. */
int nr_expect_none(int port);

/** Bytes of a chain in one piece. @return their number */
uint32_t nr_flat(const struct rte_mbuf *m, uint8_t *to);

/** An extended statistic by its name; UINT64_MAX: there is none of that name. */
uint64_t nr_xstat(int port, const char *name);
/** Wait until it has that value. */
int nr_xstat_wait(int port, const char *name, uint64_t value);

/** Keep what is logged from now on, and end that. @return the text, to be freed */
int nr_log_start(void);
char *nr_log_end(void);

/** Open file descriptors and threads of this process. */
int nr_fds(void);
int nr_threads(void);

uint64_t nr_now(void); /**< Milliseconds. */
void nr_nap(unsigned int ms);

#endif /* NICSIM_RIG_H */
