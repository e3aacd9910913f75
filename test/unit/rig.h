/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The driver on a device of the register file, behind a vhost-user socket of its own, as an
 * application has it: created, registered, attached, started, its events kept. With one guest's
 * front-end on it, or without.
 *
 * A case is a function of a rig: rig_run() builds one, runs it, and takes it down in any case,
 * seeing to it that nothing is left mapped, wired or open, and that nobody broke a rule.
 */
#ifndef RIG_H
#define RIG_H

#include <pthread.h>
#include <stdbool.h>

#include <dev_driver.h>
#include <rte_vdpa.h>

#include "bustest.h"
#include "rte_pmd_vdpa_virtio.h"
#include "ut.h"
#include "vhuser.h"

#define RIG_EVENTS 256
#define RIG_WAIT_MS 8000 /* for what must happen */
#define RIG_QUIET_MS 120 /* for what must not */
#define RIG_STILL_MS 40

struct rig_event {
	struct rte_pmd_vdpa_virtio_event event; /* its text is not valid any more */
	char text[RTE_PMD_VDPA_VIRTIO_TEXT];
	pthread_t thread; /* that brought it */
};

struct rig_conf {
	const struct bustest_conf *bus; /* NULL: rig_device with 16 vectors */
	uint16_t pairs; /* of the device; 0: as the register file has it */
	uint16_t queues; /* devarg queues= */
	const uint8_t *mac; /* devarg mac=; NULL: none */
};

struct rig {
	struct bustest bt;
	struct rte_device rdev;
	struct rte_vdpa_device *vdpa;
	bool created;
	char name[32];
	const char *path; /* of the socket */
	int fds; /* open before it was there */
	struct vhuser vu; /* the usual guest */
	bool guest;

	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int num_events, seen; /* seen: up to there they were expected */
	struct rig_event event[RIG_EVENTS];
	void (*on_event)(struct rig *rig, const struct rig_event *e); /* no lock held */
};

/** A net device with the usual offloads, both ring formats, 4 queue pairs and a control queue. */
extern const struct regfile_conf rig_device;

/** A field of the rig's bustest, read under its lock: RIG_LOOK(rig, cd.pairs). */
#define RIG_LOOK(rig_, field_) \
	({ \
		bustest_lock(&(rig_)->bt); \
		__typeof__((rig_)->bt.field_) rig_look_ = (rig_)->bt.field_; \
		bustest_unlock(&(rig_)->bt); \
		rig_look_; \
	})

/** Build a rig, run a case on it, take it down. @return the case's, or what was left over */
int rig_run(const struct rig_conf *conf, int (*run)(struct rig *rig));

/** Connect the usual guest and set it up. @return 0; UT_FAILED, with the reason printed */
int rig_guest(struct rig *rig, const struct vhuser_conf *conf);

/** End the guest's connection, and wait until the driver let go of it. */
int rig_guest_gone(struct rig *rig);

/** Wait for the next state event; it must be to that state, for that reason. */
int rig_state(struct rig *rig, enum rte_pmd_vdpa_virtio_state state,
	enum rte_pmd_vdpa_virtio_reason reason);

/** Wait for the next event of a type, passing over others but for EVENT_STATE. out: may be NULL. */
int rig_event(
	struct rig *rig, enum rte_pmd_vdpa_virtio_event_type type, struct rig_event *out);

/** See that no event of a type comes for a while. */
int rig_no_event(struct rig *rig, enum rte_pmd_vdpa_virtio_event_type type);

/** Set a guest up and see the driver start it: STARTING, RUNNING, KICK. */
int rig_running(struct rig *rig, const struct vhuser_conf *conf);

/** Connections to the device that the vhost library has; it must not be destroyed before 0. */
unsigned int rig_connections(const struct rig *rig);

/** The number of one of them in the vhost library; -1: there is none. */
int rig_vid(const struct rig *rig);

/** Nothing of a guest is left: bus, device, status. Waits for what may still be under way. */
int rig_idle(struct rig *rig);

/** The device as it is, status and statistics as they are; must not fail. */
struct rte_pmd_vdpa_virtio_status rig_status(struct rig *rig);
struct rte_pmd_vdpa_virtio_queue rig_queue(struct rig *rig, uint16_t qid);

/** A statistic of rte_vdpa by its name; UINT64_MAX: there is none of that name. */
uint64_t rig_stat(struct rig *rig, uint16_t qid, const char *name);

/** Wait until a condition of the bus holds, looked at under its lock. */
int rig_until(struct rig *rig, bool (*holds)(struct rig *rig));

/** Wait until a condition holds; without that lock, so it may ask the driver. */
int rig_wait(bool (*holds)(struct rig *rig), struct rig *rig);

/** Wait until the driver leaves the device alone for a moment: what was sent has had its effect. */
int rig_settle(struct rig *rig);

/** Forget the events that came so far. */
void rig_forget_events(struct rig *rig);

/** Milliseconds of the monotonic clock. */
uint64_t rig_now(void);

/** Open file descriptors of this process. */
int rig_fds(void);

#endif /* RIG_H */
