/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The header that goes with each frame in a ring (virtio 1.2, 5.1.6), and which of what it can say
 * the driver negotiated. With the function's lock held.
 */
#ifndef NICSIM_VF_NET_H
#define NICSIM_VF_NET_H

#include <time.h>

#include "nicsim_vf_priv.h"

#define NICSIM_NET_HDR 12 /* bytes; without HASH_REPORT, that is not offered */

/* num_buffers is 1 if nothing else is said, also where there is nothing to merge (5.1.6.4.1). */
void nicsim_net_hdr_write(
	uint8_t hdr[NICSIM_NET_HDR], const struct nicsim_meta *meta, uint16_t num_buffers);
void nicsim_net_hdr_read(const uint8_t hdr[NICSIM_NET_HDR], struct nicsim_meta *meta);

/* Whether the driver may send a frame like that (5.1.6.2.1). */
bool nicsim_net_may_send(const struct nicsim_vf *vf, const struct nicsim_meta *meta);

/* Whether the driver takes a frame with that GSO type as it is (5.1.6.4.1). */
bool nicsim_net_takes_gso(const struct nicsim_vf *vf, uint8_t gso_type);

/* ms, of a clock that is cheap to read and good for seconds; it wraps. */
static inline uint32_t
nicsim_net_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint32_t)((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

/* Pairs that have rings; the third queue is another one without MQ (5.1.2). */
static inline unsigned int
nicsim_net_pairs(const struct nicsim_vf *vf)
{
	return nicsim_vf_has(vf, VIO_NET_F_MQ) ? vf->conf.pairs : 1;
}

/* Whether faults wait for any point: then what was done has to be published before one is passed,
 * as what the function did before it failed is to be seen. */
static inline bool
nicsim_net_is_fateful(const struct nicsim_vf *vf)
{
	return vf->regs.faults.num_armed != 0;
}

/* Publish what was pushed to a queue, and remember whether the driver wants to hear of it. If the
 * ring is broken, by that or since the last time, it is told. */
void nicsim_net_flush(struct nicsim_vf *vf, uint16_t qid);

#endif /* NICSIM_VF_NET_H */
