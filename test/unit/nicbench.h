/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What tests of whole simulated NICs share: frames that are known again, and waiting, with a
 * deadline, for one at each kind of end.
 */
#ifndef NICBENCH_H
#define NICBENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <nicsim.h>

#include "nicguest.h"

#define NICBENCH_TYPE 0x88b5 /* IEEE 802, local experiments */
#define NICBENCH_MS 5000 /* what has not come by then does not come */
#define NICBENCH_QUIET_MS 30 /* what has not come by then was not sent */

extern const uint8_t nicbench_broadcast[6];

/** From the other end of a wire "ring:NAME": what the NIC is plugged into. */
struct nicbench_far {
	struct nicsim_wire *wire;
	int fd; /* readable once there are frames */
};

/** A NIC by its conf; what fails is printed. @return NULL: failed */
struct nicsim *nicbench_nic(const struct nicsim_conf *conf);

/** @return 0 or what failed */
int nicbench_far_open(struct nicbench_far *far, const char *text);
void nicbench_far_close(struct nicbench_far *far);

/** A frame of len bytes; the number is put into it, and all of its bytes follow from it. */
void nicbench_frame(
	uint8_t *data, uint32_t len, const uint8_t dst[6], const uint8_t src[6], uint32_t number);

/** The number of a frame that is as it was made (addresses and tags apart); -1: it is not. */
int64_t nicbench_number(const uint8_t *data, uint32_t len);

/** Software sends on a port's queue 0. @return what nicsim_port_tx() does */
int nicbench_port_send(struct nicsim_port *port, const uint8_t *data, uint32_t len);

/** Receive the next frame within ms. @return its length; 0 none */
uint32_t nicbench_port_wait(
	struct nicsim_port *port, uint8_t *data, uint32_t size, unsigned int ms);
uint32_t nicbench_far_wait(struct nicbench_far *far, uint8_t *data, uint32_t size, unsigned int ms);

void nicbench_far_send(struct nicbench_far *far, uint8_t *data, uint32_t len);

/** The MAC address of a function. */
void nicbench_mac(struct nicsim *nic, unsigned int vf, uint8_t mac[6]);

/** Threads of this process. A thread that was joined is seen for a moment more. */
unsigned int nicbench_threads(void);

/** Whether there are that many threads, now or soon. */
bool nicbench_threads_are(unsigned int threads);

/** Open files of this process. */
unsigned int nicbench_files(void);

/** A thread of this process by its name. @return 0: there is none */
int nicbench_thread(const char *name);

#endif /* NICBENCH_H */
