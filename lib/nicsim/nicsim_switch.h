/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The embedded switch: decides where a frame goes. In switchdev mode by its rules, and without one
 * to the other end of the port that it came from: a VF's frames to its representor, a representor's
 * to its VF, the wire's to the uplink representor and back. In legacy mode it is a learning bridge
 * between the wire, the VFs and the PF (a VEB), and rules and representors of VFs have no part: see
 * nicsim_fdb.h.
 *
 * Called by hardware threads, any number at once.
 */
#ifndef NICSIM_SWITCH_H
#define NICSIM_SWITCH_H

#include "nicsim_flow.h"

enum nicsim_switch_mode {
	NICSIM_SWITCHDEV,
	NICSIM_LEGACY,
};

/** Why the switch did not forward a frame. */
enum nicsim_switch_drop {
	NICSIM_DROP_RULE, /**< A rule says so. */
	NICSIM_DROP_VLAN, /**< A tag to be popped that is not there. */
	NICSIM_DROP_NO_PORT, /**< To or from a port that there is not; legacy: a representor. */
	NICSIM_DROP_SELF, /**< Back to the end that it came from. */
	NICSIM_DROP_NUM
};

struct nicsim_switch;

/**
 * @param ports  1 + number of VFs
 * @return NULL out of memory
 */
struct nicsim_switch *nicsim_switch_new(unsigned int ports, enum nicsim_switch_mode mode);
void nicsim_switch_free(struct nicsim_switch *sw);

enum nicsim_switch_mode nicsim_switch_mode(const struct nicsim_switch *sw);
struct nicsim_flows *nicsim_switch_flows(struct nicsim_switch *sw);

/**
 * Forward one frame. It may be changed on the way (VLAN tags), for which it has its headroom.
 *
 * @param frame   checked, data with headroom
 * @param now_ms  monotonic clock
 * @param out     called once for each end that it goes to: never for the one it came from; the
 *                frame is valid during the call. Several ends get the same frame one after the
 *                other, so out may complete its checksum in place (nicsim_frame_checksum(): the
 *                ends after that get it complete), and change nothing else
 * @param ctx     handed to out
 */
void nicsim_switch_forward(struct nicsim_switch *sw, struct nicsim_end from,
	struct nicsim_frame *frame, uint64_t now_ms,
	void (*out)(void *ctx, struct nicsim_end to, struct nicsim_frame *frame), void *ctx);

/** Frames not forwarded, by reason. @param reason  below NICSIM_DROP_NUM */
uint64_t nicsim_switch_drops(const struct nicsim_switch *sw, enum nicsim_switch_drop reason);
const char *nicsim_switch_drop_name(enum nicsim_switch_drop reason);

#endif /* NICSIM_SWITCH_H */
