/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A simulated VF, as the files of this folder share it, and as tests look into it under its lock.
 */
#ifndef NICSIM_VF_PRIV_H
#define NICSIM_VF_PRIV_H

#include <pthread.h>

#include "nicsim_ctrl.h"
#include "nicsim_irq.h"
#include "nicsim_regs.h"
#include "nicsim_steer.h"
#include "nicsim_vf.h"

#define NICSIM_VF_BAR_OFFSET ((uint64_t)NICSIM_VF_BAR << 40) /* in device_fd; as VFIO has it */

/*
 * Queue 2n receives (the function writes), 2n + 1 sends. The control queue is the one after the
 * last pair, or the third one without MQ (5.1.2).
 */
struct nicsim_queue {
	struct nicsim_ring ring;
	bool running; /* enabled, and DRIVER_OK: the function works on it */
	bool kicked; /* a doorbell was rung that was not seen to yet; of queues that send */
	bool stalled; /* by a fault */
	bool given_up; /* its ring is broken, and the driver was told */
	bool signal; /* used entries were published that the driver wants to hear of */
	uint32_t *doorbell; /* its word in device_fd; NULL: it has no page of its own */
	struct nicsim_queue_stats stats;
};

/* What the bus side was asked for, since creation. */
struct nicsim_vf_asked {
	unsigned int maps, unmaps; /* that were carried out */
	unsigned int irq_sets, irq_disables;
	unsigned int flrs, opens, closes;
};

struct nicsim_vf {
	char name[64];
	pthread_mutex_t lock;
	struct nicsim_vf_conf conf; /* as made; what it is now, regs has */
	struct nicsim_regs regs;
	struct nicsim_dma dma;
	struct nicsim_irq irq;
	struct nicsim_ctrl ctrl;
	struct nicsim_queue *queue; /* 2 * conf.pairs + 1 */
	uint16_t num_queues;
	uint16_t tx_turn; /* pair whose turn it is to send */
	struct nicsim_steer steer; /* pairs that flows are sent on (5.1.6.5.6) */
	struct nicsim_chain *chain; /* scratch of the hardware thread, under the lock */
	struct nicsim_vf_stats stats;

	bool open;
	bool gone; /* removed */
	bool stale; /* removed since it was opened: whoever has it open sees nothing but that */
	int device_fd; /* while open; -1 else */
	int gone_fd;
	uint8_t *doorbells; /* the notification structure in device_fd, mapped */
	uint64_t doorbells_len;
	struct nicsim_vf_asked asked;

	void (*wake)(void *ctx);
	void *wake_ctx;
	/* What is still to be told, the newest alone; told by one thread at a time. */
	pthread_cond_t told;
	bool changed;
	bool changed_gone; /* whether it went or came back */
	bool telling;
	pthread_t teller;
	void (*change)(void *ctx, bool gone);
	void *change_ctx;
};

void nicsim_vf_lock(struct nicsim_vf *vf);
void nicsim_vf_unlock(struct nicsim_vf *vf); /* and tell what changed, without the lock */

/* All of these with the lock held. */

/* nicsim_vf.c: the driver accepted that feature; of offloads: and has not turned it off. */
bool nicsim_vf_has(const struct nicsim_vf *vf, unsigned int bit);

/* nicsim_vf.c: pairs that frames may be spread over, 1.. */
uint16_t nicsim_vf_active_pairs(const struct nicsim_vf *vf);

/* nicsim_vf.c: the control queue's number; UINT16_MAX: the driver did not ask for one. */
uint16_t nicsim_vf_ctrl_qid(const struct nicsim_vf *vf);

/* nicsim_vf.c: the link that the driver sees. */
bool nicsim_vf_link(const struct nicsim_vf *vf);

/* nicsim_vf.c: registers, vectors as conf and faults say, from scratch. */
void nicsim_vf_power(struct nicsim_vf *vf);

/* nicsim_vf_queue.c: what registers cause. */
extern const struct nicsim_regs_hooks nicsim_vf_hooks;

/* nicsim_vf_queue.c: no queue is worked on any more. */
void nicsim_vf_stop(struct nicsim_vf *vf);

/* nicsim_vf.c: GONE, or RETURN, is to be told. */
void nicsim_vf_changed(struct nicsim_vf *vf, bool gone);

/* nicsim_vf_queue.c: the control queue has something to do: by the hardware thread, or right here.
 */
void nicsim_vf_ctrl_wake(struct nicsim_vf *vf);

/* nicsim_strike.c: a named point was passed; faults that waited for it strike. */
static inline void
nicsim_vf_point(struct nicsim_vf *vf, enum nicsim_point point)
{
	if (vf->regs.faults.num_armed != 0)
		nicsim_faults_pass(&vf->regs.faults, point);
}

/* nicsim_strike.c: the hook of vf->regs.faults. */
void nicsim_vf_strike(void *ctx, const struct nicsim_fault *fault);

/* nicsim_irq.c: interrupt the driver through that queue's vector. */
void nicsim_vf_signal(struct nicsim_vf *vf, uint16_t qid);

/* nicsim_irq.c: the device configuration changed: another generation, and an interrupt. */
void nicsim_vf_config_changed(struct nicsim_vf *vf);

/* nicsim_irq.c: a ring is broken: DEVICE_NEEDS_RESET, with a configuration interrupt; once, until
 * the queue is started again. */
void nicsim_vf_broken(struct nicsim_vf *vf, uint16_t qid);

/* nicsim_irq.c: DEVICE_NEEDS_RESET, with a configuration interrupt where the driver is live. */
void nicsim_vf_needs_reset(struct nicsim_vf *vf);

#endif /* NICSIM_VF_PRIV_H */
