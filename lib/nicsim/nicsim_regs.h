/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The registers of a virtio PCI function: configuration space, the structures in its BAR, and their
 * behaviour, good or, by a fault, bad. It is also the referee: an access that the specification
 * forbids to a driver is kept as the function's violation.
 *
 * Nothing happens by itself: what an access causes elsewhere (queues, interrupts) is told by hooks,
 * on the thread that made it. Waits are counted in reads, not in time. Not thread safe: guarded by
 * the function's lock.
 */
#ifndef NICSIM_REGS_H
#define NICSIM_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include <vio_caps.h>
#include <vio_io.h>
#include <vio_spec.h>

#include "nicsim_fault.h"
#include "nicsim_pcicfg.h"

#define NICSIM_REGS_BAR 4
#define NICSIM_REGS_QUEUES 257 /**< That there are at most; the register may say more. */
#define NICSIM_REGS_NETCFG 24 /**< Bytes of device configuration. */
#define NICSIM_REGS_TRACE 1024 /**< Accesses kept, the first ones. */

/** What the function is made as. */
struct nicsim_regs_conf {
	uint64_t offered; /**< Features. */
	uint64_t required; /**< Of these: a driver that does not accept them is refused. */
	uint32_t common_len;
	uint32_t device_len; /**< 0..NICSIM_REGS_NETCFG; 0: without the structure. */
	uint32_t notify_len;
	uint32_t multiplier; /**< Bytes between two doorbells. */
	uint16_t num_queues; /**< As the register says. */
	uint16_t num_queues_later; /**< From FEATURES_OK on, as QEMU's MQ; 0: no other. */
	uint16_t max_size; /**< Of each queue. */
	uint16_t vectors; /**< Others read back as NO_VECTOR; 0: all are taken. */
	uint16_t pairs; /**< max_virtqueue_pairs. */
	uint16_t mtu;
	uint8_t mac[6];
	bool config_fixed; /**< Device configuration is for the device alone to change (5.1.4). */
};

struct nicsim_regs_queue {
	uint64_t addr[3]; /**< Descriptor, driver, device area. */
	uint16_t max_size;
	uint16_t size;
	uint16_t vector;
	uint16_t enable;
	uint16_t noff; /**< queue_notify_off */
	uint16_t ndata; /**< queue_notif_config_data */
	uint32_t reset_left; /**< Reads until a reset is over; 0: none more, or never. */
	bool resetting;
	bool stuck; /**< The reset does not end. */
	uint32_t last_kick; /**< As written. */
	unsigned int kicks; /**< By register. */
};

struct nicsim_regs_access {
	uint64_t off;
	uint32_t val;
	uint8_t bar;
	uint8_t len;
	bool write;
};

/** What an access causes. */
struct nicsim_regs_hooks {
	void (*kick)(void *ctx, uint16_t qid); /**< Its doorbell was rung. */
	void (*enable)(void *ctx, uint16_t qid); /**< queue_enable is 1 now. */
	void (*disable)(void *ctx, uint16_t qid); /**< The queue has been reset. */
	void (*live)(void *ctx); /**< DRIVER_OK is set now. */
	void (*reset)(void *ctx); /**< The device has been reset. */
};

struct nicsim_regs {
	struct nicsim_pcicfg cfg;
	struct nicsim_regs_conf conf;
	struct vio_region common, isr_region, device, notify;
	struct nicsim_faults faults;
	const struct nicsim_regs_hooks *hooks; /**< NULL: none */
	void *hooks_ctx;
	bool gone; /**< All ones, and deaf. */

	/* Registers. */
	uint64_t driver_features;
	uint32_t device_select, driver_select;
	uint16_t config_vector, queue_select;
	uint8_t status, generation, isr;
	uint32_t reset_left; /**< Reads until a reset is over. */
	bool resetting; /**< The driver has not seen the end of a reset yet. */
	bool reset_due; /**< Nor was it carried out. */
	bool stuck; /**< Nor will it be. */
	uint8_t netcfg[NICSIM_REGS_NETCFG];
	uint8_t restless; /**< What readers see of netcfg is changed by that. */
	struct nicsim_regs_queue q[NICSIM_REGS_QUEUES];

	/* What happened. */
	uint64_t accesses;
	uint64_t resets;
	uint32_t traced;
	struct nicsim_regs_access trace[NICSIM_REGS_TRACE];
	const char *violation; /**< The first; NULL: none. */
};

/** ctx: struct nicsim_regs. No lock is taken. */
extern const struct vio_io_ops nicsim_regs_ops;

/** Power on: everything as new, without faults, hooks and memory of what happened. @param conf
 *  copied */
void nicsim_regs_init(struct nicsim_regs *regs, const struct nicsim_regs_conf *conf);

/** Power on again, as something else: faults, hooks and what happened stay. */
void nicsim_regs_power(struct nicsim_regs *regs, const struct nicsim_regs_conf *conf);

/** What a reset leaves; calls the reset hook. */
void nicsim_regs_reset(struct nicsim_regs *regs);

/** Note a violation, unless there is one already. @param what  a constant */
void nicsim_regs_blame(struct nicsim_regs *regs, const char *what);

/** Forget the trace; the count of accesses goes on. */
void nicsim_regs_trace_clear(struct nicsim_regs *regs);

/** Whether a feature is in force: accepted, and FEATURES_OK. */
bool nicsim_regs_negotiated(const struct nicsim_regs *regs, unsigned int bit);

/**
 * Whether a set of features can be: a subset of the offered ones, with VERSION_1 and those that are
 * required, each with those that it depends on (5.1.3.1).
 */
bool nicsim_regs_features_fit(const struct nicsim_regs *regs, uint64_t features);

/** nicsim_common.c. @param off  from the start of the structure, aligned to len */
uint32_t nicsim_common_read(struct nicsim_regs *regs, uint64_t off, uint8_t len);
void nicsim_common_write(struct nicsim_regs *regs, uint64_t off, uint8_t len, uint32_t val);

/** nicsim_common.c: registers as after a reset, without anything else. */
void nicsim_common_default(struct nicsim_regs *regs);

/** nicsim_strike.c: what a fault does to registers alone. */
void nicsim_regs_strike(struct nicsim_regs *regs, const struct nicsim_fault *fault);

#endif /* NICSIM_REGS_H */
