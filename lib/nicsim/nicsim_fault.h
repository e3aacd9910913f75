/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Faults on demand. A fault is armed for one function, and strikes at once, or at the n-th passing
 * of a named point of the function's life. Its text form is the same in device arguments, in
 * telemetry and here:
 *
 *     FAULT[=ARG][@POINT[+COUNT]]        needs-reset    needs-reset@tx+1000    dma-map=12@map+3
 *
 * without a point it strikes at once; COUNT is 1 when left out.
 */
#ifndef NICSIM_FAULT_H
#define NICSIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nicsim_fault_kind {
	/* Once, when it strikes. */
	NICSIM_FAULT_NEEDS_RESET, /**< DEVICE_NEEDS_RESET, with a configuration interrupt. */
	NICSIM_FAULT_LINK_DOWN,
	NICSIM_FAULT_LINK_UP,
	/** Surprise removal: all ones, and the bus says so. ARG 1: the bus does not. */
	NICSIM_FAULT_GONE,
	/** A removed function is back, as after its power-on. Who had it open must open it anew. */
	NICSIM_FAULT_RETURN,
	NICSIM_FAULT_ANNOUNCE, /**< Asks the guest to announce itself (5.1.6.5.4). */
	/* From when it strikes, until it is cleared. */
	/** A device reset does not end, until the function is reset. ARG: reads until it does, 0
	 *  never (default 0). */
	NICSIM_FAULT_RESET_STUCK,
	NICSIM_FAULT_QUEUE_RESET_STUCK, /**< The same of RING_RESET. */
	/** A reset of the function is refused with errno ARG (default ENOTTY). ARG 0: it is said to
	 *  have worked, and does nothing. */
	NICSIM_FAULT_FLR,
	NICSIM_FAULT_QUEUE_STALL, /**< Queue ARG is not worked on. */
	NICSIM_FAULT_DMA_MAP, /**< Mappings are refused with errno ARG (default ENOMEM). */
	NICSIM_FAULT_IRQ, /**< Interrupt wiring is refused, with errno ARG (default EIO). */
	NICSIM_FAULT_CTRL_SILENT, /**< The control queue does not answer. */
	NICSIM_FAULT_CTRL_ERROR, /**< It answers VIRTIO_NET_ERR. */
	/** It answers nonsense; ARG: which, see nicsim_ctrl.h (default 0). */
	NICSIM_FAULT_CTRL_GARBAGE,
	NICSIM_FAULT_DISORDER, /**< Completions out of order; ARG: depth (default 8). */
	NICSIM_FAULT_REFUSE_FEATURES, /**< FEATURES_OK does not stay. */
	NICSIM_FAULT_REFUSE_DRIVER_OK, /**< DRIVER_OK does not stay. */
	NICSIM_FAULT_REFUSE_VECTOR, /**< Vectors read back NO_VECTOR. */
	NICSIM_FAULT_REFUSE_ENABLE, /**< queue_enable stays 0. */
	NICSIM_FAULT_HALF_QUEUE_RESET, /**< queue_reset reads 0, queue_enable stays 1. */
	/** config_generation differs at each read. ARG: the configuration changes under its reader
	 *  that many times, and rests then; 0 never (default 0). */
	NICSIM_FAULT_RESTLESS_CONFIG,
	/* What the function is, from its next power-on on, until cleared: creation, return, or at
	 * once where no driver has it open. */
	NICSIM_FAULT_VECTORS, /**< It has ARG vectors, 1.. (default 1). */
	NICSIM_FAULT_NO_RING_RESET,
	NICSIM_FAULT_NO_NOTIFY_PAGES, /**< All doorbells in one page. */
	NICSIM_FAULT_NO_PACKED,
	NICSIM_FAULT_NUM
};

/** Named points. */
enum nicsim_point {
	NICSIM_AT_ONCE,
	NICSIM_AT_ACCESS, /**< Each register access; strikes before it is carried out. */
	NICSIM_AT_RESET, /**< 0 written to the status. */
	NICSIM_AT_FEATURES, /**< FEATURES_OK written. */
	NICSIM_AT_DRIVER_OK, /**< DRIVER_OK written. */
	NICSIM_AT_ENABLE, /**< A queue enabled. */
	NICSIM_AT_KICK, /**< A doorbell rung, by a register write or through a mapped page. */
	NICSIM_AT_MAP, /**< A mapping asked for; the fault strikes before it is made. */
	NICSIM_AT_IRQ, /**< Interrupts being wired; strikes before that. */
	NICSIM_AT_CTRL, /**< A control command taken; strikes before it is answered. */
	NICSIM_AT_TX, /**< A frame taken from the guest. */
	NICSIM_AT_RX, /**< A frame given to the guest. */
	NICSIM_AT_NUM
};

#define NICSIM_FAULT_TEXT 64 /**< Bytes that a fault's text form takes at most. */
#define NICSIM_FAULT_ARMED 16 /**< Faults that one function can have waiting for their point. */

struct nicsim_fault {
	enum nicsim_fault_kind kind;
	bool has_arg;
	uint32_t arg;
	enum nicsim_point at;
	uint64_t count; /**< 1..; passings of the point from now on until it strikes. */
};

/**
 * Read the text form. What it takes nicsim_fault_check() takes, too.
 *
 * @param why  what is wrong and what there is instead, on failure; len bytes of it
 * @return 0; -EINVAL
 */
int nicsim_fault_parse(const char *text, struct nicsim_fault *fault, char *why, size_t len);

/**
 * Write the text form.
 *
 * @param text  NICSIM_FAULT_TEXT bytes are enough
 */
void nicsim_fault_format(const struct nicsim_fault *fault, char *text, size_t len);

/** Names of the text form; NULL: no such kind, no such point. */
const char *nicsim_fault_name(enum nicsim_fault_kind kind);
const char *nicsim_point_name(enum nicsim_point point);

/** One line for people; NULL: no such kind, no such point. */
const char *nicsim_fault_help(enum nicsim_fault_kind kind);
const char *nicsim_point_help(enum nicsim_point point);

/**
 * Whether a fault can be: its kind, its argument, its point.
 *
 * @param why  as for nicsim_fault_parse(); NULL: not wanted
 * @return 0; -EINVAL
 */
int nicsim_fault_check(const struct nicsim_fault *fault, char *why, size_t len);

/**
 * The faults of one function: those that wait for their point, and those in force. Guarded by the
 * function's lock.
 */
struct nicsim_faults {
	struct nicsim_fault armed[NICSIM_FAULT_ARMED];
	unsigned int num_armed;
	uint32_t lasting; /**< Bit n: kind n is in force. */
	uint32_t arg[NICSIM_FAULT_NUM]; /**< Of those in force, defaults filled in. */
	/** Called when one strikes, after the two above were set. */
	void (*strike)(void *ctx, const struct nicsim_fault *fault);
	void *ctx;
};

void nicsim_faults_init(struct nicsim_faults *faults,
	void (*strike)(void *ctx, const struct nicsim_fault *fault), void *ctx);

/** @return 0; -EINVAL, see nicsim_fault_check(); -ENOSPC NICSIM_FAULT_ARMED wait already */
int nicsim_faults_arm(struct nicsim_faults *faults, const struct nicsim_fault *fault);

/** A point was passed. */
void nicsim_faults_pass(struct nicsim_faults *faults, enum nicsim_point point);

/** Those that wait, then those in force; see nicsim_vf_faults(). @return their number, at most max
 */
unsigned int nicsim_faults_list(
	const struct nicsim_faults *faults, struct nicsim_fault *out, unsigned int max);

/** Take all back, those that wait and those in force. */
void nicsim_faults_clear(struct nicsim_faults *faults);

static inline bool
nicsim_faults_on(const struct nicsim_faults *faults, enum nicsim_fault_kind kind)
{
	return (faults->lasting & UINT32_C(1) << kind) != 0;
}

#endif /* NICSIM_FAULT_H */
