/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A vhost-user front-end in the test's own process: guest memory in a memfd, eventfds for kicks and
 * calls, messages in the order that QEMU sends them or one at a time, and a thread that answers the
 * back-end's own messages. What it sends is what it is told to, right or wrong ("Vhost-user
 * Protocol" in QEMU's documentation).
 *
 * Each wait ends after VHUSER_WAIT_MS. One thread at a time, but for what is said to be atomic.
 */
#ifndef VHUSER_H
#define VHUSER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vio_spec.h"

#define VHUSER_QUEUES 16
#define VHUSER_REGIONS 8
#define VHUSER_WAIT_MS 8000
#define VHUSER_USER_BASE UINT64_C(0x7f0000000000) /* where its memory is, as it says */
#define VHUSER_RING_STRIDE 0x10000 /* between the rings of two queues */

/** What it does with a doorbell that it is offered. */
enum vhuser_doorbells {
	VHUSER_NO_CHANNEL, /* there is no channel for the back-end's messages */
	VHUSER_ACCEPT,
	VHUSER_REFUSE,
	VHUSER_IGNORE, /* never answers */
};

struct vhuser_region {
	uint64_t gpa;
	uint64_t len;
	uint64_t off; /* in the memory file */
};

/** What it is made as; vhuser_usual is a start. */
struct vhuser_conf {
	uint16_t queues; /* two for each pair */
	uint16_t size; /* entries of each ring */
	uint64_t features; /* accepted as far as they are offered */
	bool status; /* uses the STATUS protocol feature */
	enum vhuser_doorbells doorbells;
	uint16_t regions;
	struct vhuser_region region[VHUSER_REGIONS];
	uint64_t ring_gpa; /* of the first ring */
	uint16_t base; /* index that rings start at */
	bool no_call; /* says that it polls: no call fds */
	uint16_t enabled; /* pairs enabled by vhuser_setup(); 0: all */
	bool late_calls; /* call fds come with each ring only, not for all of them first */
};

extern const struct vhuser_conf vhuser_usual; /* a pair of split rings of 256 */

struct vhuser {
	struct vhuser_conf conf;
	unsigned int messages; /* that it may still send; then it fails with -ECANCELED */
	int sock;
	int mem_fd;
	uint64_t mem_len;
	uint8_t *mem; /* the memory file, mapped whole */
	int kick[VHUSER_QUEUES];
	int call[VHUSER_QUEUES];
	uint64_t offered, features, protocol;

	/* The channel for the back-end's messages; what was heard is under lock. */
	int channel;
	int channel_stop;
	bool answering;
	pthread_t thread;
	pthread_mutex_t lock;
	unsigned int maps_asked, unmaps_asked; /* doorbells */
	unsigned int configs; /* times it was told that the device configuration changed */
	bool has_fd[VHUSER_QUEUES];
	uint64_t area_off[VHUSER_QUEUES], area_len[VHUSER_QUEUES]; /* of each doorbell offered */
	uint64_t area_ino[VHUSER_QUEUES]; /* inode of the file it is in */
};

/** Connect; nothing is sent. @return 0 or -errno */
int vhuser_open(struct vhuser *vu, const struct vhuser_conf *conf, const char *path);

/** End the connection as a process does that dies; twice is fine. */
void vhuser_close(struct vhuser *vu);

/** End the connection, but keep the back-end's channel open. */
void vhuser_hang_up(struct vhuser *vu);

/** All that is sent before a back-end can start, and DRIVER_OK. @return 0 or -errno */
int vhuser_setup(struct vhuser *vu);

/** DRIVER_OK, in a front-end that tells it. @return 0 or -errno */
int vhuser_driver_ok(struct vhuser *vu);

/* The parts of it. @return 0 or -errno */
int vhuser_negotiate(struct vhuser *vu); /* features, protocol, channel, call fds */
int vhuser_mem_table(struct vhuser *vu); /* as conf.region says now */
int vhuser_ring(struct vhuser *vu, uint16_t qid); /* size, base, addresses, kick fd, call fd */
int vhuser_enable(struct vhuser *vu, uint16_t qid, bool on);
int vhuser_status(struct vhuser *vu, uint8_t status); /* nothing without the protocol feature */
int vhuser_new_call(struct vhuser *vu, uint16_t qid); /* another call fd */
int vhuser_new_kick(struct vhuser *vu, uint16_t qid);
int vhuser_resend_kick(struct vhuser *vu, uint16_t qid); /* the fd that is in kick[qid] now */

/** Stop a ring (GET_VRING_BASE). @return the index where it stopped, or -errno */
int vhuser_stop(struct vhuser *vu, uint16_t qid);

/** RESET_OWNER. @return 0 or -errno */
int vhuser_reset_owner(struct vhuser *vu);

/** GET_CONFIG of len bytes from the start. @return 0 or -errno */
int vhuser_config(struct vhuser *vu, void *buf, uint32_t len);

/** Wait until all that was sent is dealt with. @return 0 or -errno */
int vhuser_sync(struct vhuser *vu);

/** The guest's view of its memory; NULL outside of it. */
void *vhuser_at(struct vhuser *vu, uint64_t gpa, uint64_t len);

/** Guest addresses of a queue's areas: descriptor, driver, device. */
void vhuser_areas(const struct vhuser *vu, uint16_t qid, uint64_t gpa[3]);

/** Kick a queue as the guest does. */
void vhuser_kick(struct vhuser *vu, uint16_t qid);

/** Wait for a call, and take it. @return whether there was one */
bool vhuser_called(struct vhuser *vu, uint16_t qid, unsigned int ms);

/* Atomic: what the channel heard so far. */
unsigned int vhuser_maps_asked(struct vhuser *vu);
unsigned int vhuser_configs(struct vhuser *vu);

#endif /* VHUSER_H */
