/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The match-action table of the embedded switch. Looked up by the hardware threads, changed by any
 * other: a lock of its own, shared by lookups.
 *
 * Of several rules that fit a frame, the one of the lowest priority number counts; among those the
 * most specific one, which is the one that matches on the most bits: of the addresses, ethertype
 * and TCI those set in the masks, 17 for a source, and 1 each for "no representor" in place of a
 * source and for the presence of a tag. Where that is the same, the sets of masks are compared as
 * numbers, source first, then destination address, ethertype, source address, TCI: the greater one
 * counts. So the order in which rules were added never matters.
 */
#ifndef NICSIM_FLOW_H
#define NICSIM_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "nicsim_frame.h"

#define NICSIM_FLOW_MAX 65536 /**< Rules of one switch. */
#define NICSIM_FLOW_MASKS 64 /**< Different sets of masks and priorities among them. */
#define NICSIM_FLOW_PRIORITIES 16 /**< 0 is looked at first. */

/**
 * One end of a port of the switch. Port 0 is the uplink, port 1 + n is VF n. Each has two ends:
 * what the port stands for (the wire, the VF), and its representor, which software has.
 */
struct nicsim_end {
	uint16_t port;
	bool representor;
};

struct nicsim_flow_match {
	/**
	 * Frames from there. Not given: from the wire and any VF, but not what software sends on
	 * representors: a rule has to name that.
	 */
	bool has_from;
	struct nicsim_end from;
	uint8_t dst[6], dst_mask[6];
	uint8_t src[6], src_mask[6];
	/** Host order. Of the payload, that is behind the VLAN tag where the rule matches on one;
	 *  else of the frame's first type field. */
	uint16_t ethertype, ethertype_mask;
	/** Outermost tag: match on its presence, and on its TCI under the mask (host order). */
	enum { NICSIM_VLAN_ANY, NICSIM_VLAN_NONE, NICSIM_VLAN_TAGGED } vlan;
	uint16_t tci, tci_mask; /**< Mask 0 unless vlan is NICSIM_VLAN_TAGGED. */
};

/** In this order: pop, push, then to or drop. */
struct nicsim_flow_actions {
	bool drop; /**< Not together with to. */
	bool has_to; /**< Neither drop nor to: as if no rule had matched, after pop and push. */
	struct nicsim_end to;
	uint8_t pop; /**< Tags to take, 0..2. */
	uint8_t push; /**< Tags to add, 0..2; the last one is outermost. */
	uint16_t tpid[2], tci[2]; /**< Host order; tpid: 0x8100 or 0x88a8. */
	uint32_t age_s; /**< Seconds without a frame until it is reported as aged; 0: never. */
};

struct nicsim_flow_stats {
	uint64_t packets;
	uint64_t bytes;
	uint32_t idle_s; /**< Since the last frame, or since it was added. */
	bool aged;
};

struct nicsim_flows;
struct nicsim_flow;

/** @return NULL out of memory */
struct nicsim_flows *nicsim_flows_new(void);
void nicsim_flows_free(struct nicsim_flows *flows);

/**
 * @param priority  0..NICSIM_FLOW_PRIORITIES - 1
 * @param ctx       returned by nicsim_flow_aged()
 * @param flow      set on success
 * @return 0; -EEXIST the same match at the same priority is there; -ENOSPC the table is full, or
 *         has NICSIM_FLOW_MASKS sets of masks; -EINVAL beyond what the structures say; -ENOMEM
 */
int nicsim_flow_add(struct nicsim_flows *flows, unsigned int priority,
	const struct nicsim_flow_match *match, const struct nicsim_flow_actions *actions, void *ctx,
	struct nicsim_flow **flow);
/** Any time: once it returns no lookup uses the rule. */
void nicsim_flow_del(struct nicsim_flows *flows, struct nicsim_flow *flow);
void nicsim_flow_flush(struct nicsim_flows *flows);
unsigned int nicsim_flow_count(struct nicsim_flows *flows);

/** Counters; reset: set each to 0 in the same moment, no frame is lost or counted twice. */
void nicsim_flow_query(struct nicsim_flows *flows, struct nicsim_flow *flow, bool reset,
	struct nicsim_flow_stats *stats);

/**
 * Contexts of aged rules that are there, each reported once until a frame hits the rule again.
 *
 * @param max  0: only count
 * @return their number, at most max unless that is 0
 */
unsigned int nicsim_flow_aged(struct nicsim_flows *flows, void **ctx, unsigned int max);

/**
 * Find the rule for a frame, count it, and tell what is to be done.
 *
 * @param now_ms   monotonic clock
 * @param actions  filled on true
 * @return whether a rule matched
 */
bool nicsim_flow_lookup(struct nicsim_flows *flows, struct nicsim_end from,
	const struct nicsim_frame *frame, uint64_t now_ms, struct nicsim_flow_actions *actions);

#endif /* NICSIM_FLOW_H */
