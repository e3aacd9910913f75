/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * What happens to a burst of frames from one port: checked, learned from, looked up, and put out.
 * Runs on workers; no lock, no allocation but of buffers, no system call, no log. Each frame ends
 * in exactly one place: sent on each port it is for, or dropped and counted under a reason.
 */
#ifndef VSW_FORWARD_H
#define VSW_FORWARD_H

#include "dp.h"
#include "fdb.h"

/** Frames that wait for one port, until the end of the burst. */
struct vsw_forward_out {
	uint16_t num;
	bool touched;
	struct rte_mbuf *frame[VSW_DP_BURST];
};

/**
 * What a worker has for forwarding; its own. All zero but for what is said to be set.
 *
 * tx: put frames out on a port. Returns how many it took: those are gone; the others are still the
 * caller's. The frames are as the port wants them (tags, checksums, segments) and fit its MTU.
 */
struct vsw_forward {
	struct vsw_fdb *fdb; /**< Set. */
	const struct vsw_dp_snapshot *snapshot; /**< Set anew for each loop. */
	struct vsw_dp_stats *stats; /**< Set: VSW_DP_PORTS, this worker's. */
	struct rte_mempool *pool; /**< Set: copies for flooding, segments. */
	uint32_t now_s; /**< Set anew for each loop. */
	struct {
		uint32_t second; /**< Which one left is for. */
		uint32_t left; /**< Frames that the port may still have flooded in it. */
	} flood[VSW_DP_PORTS];
	uint16_t (*tx)(void *ctx, const struct vsw_dp_port *port, struct rte_mbuf **frame,
		uint16_t num); /**< Set. */
	void *ctx;
	uint16_t num_touched;
	uint16_t touched[VSW_DP_PORTS]; /**< Ports with frames waiting. */
	struct vsw_forward_out out[VSW_DP_PORTS];
};

/**
 * Forward a burst.
 *
 * A frame that is flooded may be put out on several guests' ports as one mbuf with as many
 * references: tx of a guest only reads it.
 *
 * @param from   in fw->snapshot
 * @param frame  num of them, 1..VSW_DP_BURST; they belong to the function
 */
void vsw_forward_burst(struct vsw_forward *fw, const struct vsw_dp_port *from,
	struct rte_mbuf **frame, uint16_t num);

#endif /* VSW_FORWARD_H */
