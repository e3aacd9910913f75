/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A simulated NIC: an uplink, VFs, an embedded switch between them, representors, and hardware
 * threads that do what the silicon would. For development, demonstration and tests; what it is not
 * is a measure of hardware speed.
 */
#ifndef NICSIM_H
#define NICSIM_H

#include "nicsim_port.h"
#include "nicsim_switch.h"
#include "nicsim_vf.h"
#include "nicsim_wire.h"

#define NICSIM_NAME 64
#define NICSIM_VFS_MAX 64
#define NICSIM_THREADS_MAX 16

struct nicsim_conf {
	const char *name; /**< Of the NIC; thread names and logs. */
	unsigned int vfs; /**< 0..NICSIM_VFS_MAX. */
	/** Of all VFs; mac: of VF 0, counted up for the others; all zero: made up from the name. */
	struct nicsim_vf_conf vf;
	enum nicsim_switch_mode mode;
	const char *wire; /**< See nicsim_wire.h. */
	unsigned int threads; /**< Hardware threads, 1..NICSIM_THREADS_MAX. */
	/** Processor of each; NULL: those that the process had when this was loaded. */
	const int *cores;
	/** Microseconds between looks at doorbell pages when idle, at most. 10..1000000. */
	unsigned int idle_us;
	unsigned int num_faults; /**< Armed before the first driver sees a VF. */
	const struct nicsim_conf_fault {
		unsigned int vf;
		struct nicsim_fault fault;
	} *faults;
};

/** A NIC without VFs, wire "none", one thread. */
extern const struct nicsim_conf nicsim_default;

struct nicsim;

/**
 * @param why  what is wrong and the remedy, on failure; len bytes of it
 * @return 0; -EINVAL; -ENOMEM; what nicsim_wire_open() returns; -errno of threads
 */
int nicsim_create(const struct nicsim_conf *conf, struct nicsim **nic, char *why, size_t len);

/** No VF is open, no port in use. */
void nicsim_destroy(struct nicsim *nic);

const char *nicsim_name(const struct nicsim *nic);
unsigned int nicsim_num_vfs(const struct nicsim *nic);
struct nicsim_vf *nicsim_vf(struct nicsim *nic, unsigned int vf); /**< NULL: no such VF */
/** Software end of port 0 (uplink) or 1 + n (VF n); NULL: no such port */
struct nicsim_port *nicsim_port(struct nicsim *nic, unsigned int port);
struct nicsim_switch *nicsim_switch(struct nicsim *nic);
struct nicsim_wire *nicsim_wire(struct nicsim *nic);

/** Of the hardware threads together. */
struct nicsim_hw_stats {
	uint64_t frames; /**< Forwarded. */
	uint64_t busy_ns; /**< Spent on work. */
	uint64_t sleeps; /**< Times a thread went to sleep. */
	uint64_t timeouts; /**< Of these: ended by time, to look at doorbell pages. */
};

void nicsim_hw_stats(struct nicsim *nic, struct nicsim_hw_stats *stats);

#endif /* NICSIM_H */
