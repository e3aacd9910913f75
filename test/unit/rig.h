/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The driver on a VF of a simulated NIC, behind a vhost-user socket of its own, as an application
 * has it: created, registered, attached, started, its events kept. With one guest's front-end on
 * it, or without. The NIC's hardware thread runs as it does elsewhere.
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

#include "nicsim.h"
#include "nicsim_vf_priv.h"
#include "rte_pmd_vdpa_virtio.h"
#include "ut.h"
#include "vf_bus.h"
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
	const struct nicsim_vf_conf *vf; /* NULL: rig_vf */
	uint16_t vectors; /* of the VF; 0: as vf says */
	/* What vf cannot say; lock held, before it is opened. */
	void (*tweak)(struct nicsim_vf *vf);
	const char *fault; /* armed before it is opened; NULL: none */
	bool unmappable; /* BARs that no front-end can be given */
	uint16_t queues; /* devarg queues= */
	const uint8_t *mac; /* devarg mac=; NULL: none */
};

struct rig {
	struct nicsim *nic;
	struct nicsim_vf *vf; /* its only one */
	struct virtio_vdpa_bus *bus; /* the driver's once it is created; gone with the device */
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

/** The usual offloads, both ring formats, 4 queue pairs and a control queue, 16 vectors. */
extern const struct nicsim_vf_conf rig_vf;

/** A field of the rig's VF, read under its lock: RIG_LOOK(rig, ctrl.pairs). */
#define RIG_LOOK(rig_, field_) \
	({ \
		nicsim_vf_lock((rig_)->vf); \
		__typeof__((rig_)->vf->field_) rig_look_ = (rig_)->vf->field_; \
		nicsim_vf_unlock((rig_)->vf); \
		rig_look_; \
	})

/** Build a rig, run a case on it, take it down. @return the case's, or what was left over */
int rig_run(const struct rig_conf *conf, int (*run)(struct rig *rig));

/** Arm faults of the VF, in their text form, a blank between. @return 0; UT_FAILED */
int rig_fault(struct rig *rig, const char *text);

/** Take all faults back. A VF that is gone silently is there again, as if it had never been away;
 *  one that is gone by the bus's word is not. */
void rig_cure(struct rig *rig);

/** Let the bus ask for the device: the kernel wants it back, while it works as before. */
void rig_ask_back(struct rig *rig);

/** Let a VF that is gone return, and give it to the driver again. @return 0; UT_FAILED */
int rig_revive(struct rig *rig);

/** Fire a vector. @return whether somebody was there to notice */
bool rig_fire(struct rig *rig, uint16_t vector);

/** Where the VF sees iova; NULL where the IOMMU would stop it, or has it in pieces. */
void *rig_at(struct rig *rig, uint64_t iova, uint64_t len);

/** Map a doorbell that the front-end was given; the page is the caller's to unmap. NULL: failed */
volatile uint16_t *rig_doorbell(struct rig *rig, uint16_t qid);

/** Connect the usual guest and set it up. @return 0; UT_FAILED, with the reason printed */
int rig_guest(struct rig *rig, const struct vhuser_conf *conf);

/** End the guest's connection, and wait until the driver let go of it. */
int rig_guest_gone(struct rig *rig);

/** Wait for the next state event; it must be to that state, for that reason. */
int rig_state(struct rig *rig, enum rte_pmd_vdpa_virtio_state state,
	enum rte_pmd_vdpa_virtio_reason reason);

/** Wait until it is told that the device is gone: state FAILED for that, once or twice (registers
 *  and the bus may both say so), and then the event. */
int rig_gone(struct rig *rig);

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

/** Wait until a condition of the VF holds, looked at under its lock. */
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
