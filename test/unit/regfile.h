/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A virtio PCI function behind vio_io_ops: configuration space, the structures in its BAR, and
 * their behaviour, to be made to misbehave at a named point. It is also the referee: an access that
 * the specification forbids to a driver is kept as the function's violation.
 *
 * Nothing happens by itself: a doorbell calls on_kick, on the thread that rang it. Waits are
 * counted in reads, not in time. One thread at a time.
 */
#ifndef REGFILE_H
#define REGFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "pcicfg.h"
#include "vio_caps.h"
#include "vio_dev.h"
#include "vio_io.h"

#define REGFILE_BAR 4
#define REGFILE_QUEUES 16 /* that there are at most; the register may say more */
#define REGFILE_DEVICE_LEN 24 /* bytes of device configuration */
#define REGFILE_TRACE 1024 /* accesses kept, the first ones */
#define REGFILE_NEVER UINT32_MAX
#define REGFILE_ALWAYS UINT64_MAX

/** What goes wrong; any set of them. */
enum regfile_fault {
	REGFILE_REFUSE_FEATURES = 1 << 0, /* FEATURES_OK does not stay */
	REGFILE_REFUSE_DRIVER_OK = 1 << 1, /* DRIVER_OK does not stay */
	REGFILE_NEEDS_RESET = 1 << 2, /* is said at DRIVER_OK */
	REGFILE_REFUSE_VECTOR = 1 << 3, /* vectors read back NO_VECTOR */
	REGFILE_REFUSE_ENABLE = 1 << 4, /* queue_enable stays 0 */
	REGFILE_HALF_QUEUE_RESET = 1 << 5, /* queue_reset reads 0, queue_enable stays 1 */
	REGFILE_RESTLESS_CONFIG = 1 << 6, /* config_generation differs at each read */
};

/** What the function is made as. */
struct regfile_conf {
	uint64_t offered;
	uint32_t common_len;
	uint32_t device_len; /* 0: without the structure */
	uint32_t notify_len;
	uint32_t multiplier;
	uint16_t num_queues; /* as the register says */
	uint16_t num_queues_later; /* from FEATURES_OK on, as QEMU's MQ; 0: no other */
	uint16_t max_size; /* of each queue */
};

struct regfile_queue {
	uint64_t addr[3]; /* descriptor, driver, device area */
	uint16_t max_size;
	uint16_t size;
	uint16_t vector;
	uint16_t enable;
	uint16_t noff;
	uint16_t ndata;
	uint32_t reset_left; /* reads until a reset is over */
	bool resetting;
	uint32_t last_kick; /* as written */
	unsigned int kicks;
};

struct regfile_access {
	uint64_t off;
	uint32_t val;
	uint8_t bar;
	uint8_t len;
	bool write;
};

struct regfile {
	struct pcicfg cfg;
	struct regfile_conf conf;
	struct vio_region common, isr, device, notify;

	/* Misbehaviour; set at any time. */
	unsigned int faults;
	uint64_t gone_after; /* accesses that still work; all ones ever after */
	uint32_t reset_reads; /* of the status, until a reset is over; REGFILE_NEVER */
	uint32_t queue_reset_reads; /* of queue_reset; REGFILE_NEVER */
	uint32_t config_changes; /* times that the configuration changes under the reader */

	/* Registers. */
	uint64_t driver_features;
	uint32_t device_select, driver_select;
	uint16_t config_vector, queue_select;
	uint8_t status, generation;
	uint32_t reset_left;
	bool resetting;
	uint8_t netcfg[REGFILE_DEVICE_LEN];
	struct regfile_queue q[REGFILE_QUEUES];

	/* What happened. */
	uint64_t accesses;
	unsigned int resets;
	uint32_t traced;
	struct regfile_access trace[REGFILE_TRACE];
	const char *violation; /* the first; NULL: none */

	void (*on_kick)(struct regfile *rf, uint16_t qid);
	void *on_kick_ctx;
};

extern const struct vio_io_ops regfile_ops; /* ctx: struct regfile */

/** A net device of 4 queue pairs, MQ and a control queue, a page for each doorbell. */
extern const struct regfile_conf regfile_default;

/** @param conf  copied; NULL: regfile_default */
void regfile_init(struct regfile *rf, const struct regfile_conf *conf);

/** Note a violation, unless there is one already. */
void regfile_blame(struct regfile *rf, const char *what);

/** Forget the trace; the count of accesses goes on. */
void regfile_trace_clear(struct regfile *rf);

/** From its configuration space to an initialized device. @return what failed */
int regfile_open(struct regfile *rf, struct vio_dev *dev);

/** The same, and further through reset and negotiation of the features. */
int regfile_negotiate(struct regfile *rf, struct vio_dev *dev, uint64_t features);

#endif /* REGFILE_H */
