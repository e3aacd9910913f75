/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Automatic receive steering (virtio 1.2, 5.1.6.5.6): which queue pair a guest sends a flow on, and
 * so takes it on. Fixed room, no allocation, bounded work. With the function's lock held.
 *
 * A flow keeps its pair while it lives: no other flow takes its entry, and one that found no room
 * is not given one later on, in the middle of its frames, which would put them out of order.
 */
#ifndef NICSIM_STEER_H
#define NICSIM_STEER_H

#include <stdbool.h>
#include <stdint.h>

#define NICSIM_STEER_SETS 512 /**< A power of 2. */
#define NICSIM_STEER_WAYS 8 /**< Flows of one set. */
#define NICSIM_STEER_AGE_MS 5000 /**< Without a frame for longer, either way, a flow is over. */

/** Flows whose hashes end alike. */
struct nicsim_steer_set {
	uint32_t hash[NICSIM_STEER_WAYS];
	uint32_t seen[NICSIM_STEER_WAYS]; /**< When there was a frame last, in ms. */
	uint8_t pair[NICSIM_STEER_WAYS]; /**< One more than the pair; 0: free. */
	bool full; /**< A flow found no room, and may be going on since ... */
	uint32_t full_at;
};

/** All zero: nothing is known. */
struct nicsim_steer {
	struct nicsim_steer_set set[NICSIM_STEER_SETS];
};

/**
 * A frame was sent.
 *
 * @param hash  of its flow: all of it tells flows apart
 * @param pair  0..NICSIM_VF_PAIRS - 1
 * @param now   ms of a clock that never goes back; it may wrap
 */
void nicsim_steer_learn(struct nicsim_steer *s, uint32_t hash, uint16_t pair, uint32_t now);

/** A frame is to be received. @return its flow's pair; -1 that is not known */
int nicsim_steer_find(struct nicsim_steer *s, uint32_t hash, uint32_t now);

#endif /* NICSIM_STEER_H */
