/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Connections: how they end, in each state and at each message; two guests on one device; memory
 * that changes under a guest; doorbells that a front-end takes, refuses or never speaks of; and
 * where a guest's rings are said to have stopped.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "rig.h"
#include "virtio_vdpa.h"

#include "drv_names.h" /* last: DPDK has a RUNNING of its own */

static struct vhuser_conf
guest_of(uint16_t pairs, enum vhuser_doorbells doorbells)
{
	struct vhuser_conf conf = vhuser_usual;

	conf.queues = 2 * pairs;
	conf.doorbells = doorbells;
	return conf;
}

static int
close_twice(struct rig *rig, int vid)
{
	UT_EQ(virtio_vdpa_ops.dev_close(vid), 0);
	UT_EQ(virtio_vdpa_ops.dev_close(vid), 0);
	UT_EQ(rig_status(rig).state, PROBED);
	UT_EQ(rig_status(rig).vid, -1);
	UT_EQ(rig_status(rig).queues, 0);
	return 0;
}

/* Nothing was ever started: before the rings, and with all of them but DRIVER_OK. */
static int
close_probed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_ACCEPT);

	UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
	rig->guest = true;
	UT_EQ(vhuser_negotiate(&rig->vu), 0);
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_DO(close_twice(rig, rig_vid(rig)));
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	UT_EQ(vhuser_ring(&rig->vu, 0), 0);
	UT_EQ(vhuser_ring(&rig->vu, 1), 0);
	UT_EQ(vhuser_enable(&rig->vu, 0, true), 0);
	UT_EQ(vhuser_enable(&rig->vu, 1, true), 0);
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_DO(close_twice(rig, rig_vid(rig)));
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	/* and it can still start */
	UT_EQ(vhuser_driver_ok(&rig->vu), 0);
	UT_DO(rig_state(rig, STARTING, OK));
	return rig_state(rig, RUNNING, OK);
}

static int
close_probed(void)
{
	return rig_run(NULL, close_probed_run);
}

/* While pairs may still be coming: then no start comes any more. */
static int
close_starting_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_ACCEPT);
	uint16_t i;

	conf.status = false;
	UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
	rig->guest = true;
	UT_EQ(vhuser_negotiate(&rig->vu), 0);
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	for (i = 0; i < 2; i++) {
		UT_EQ(vhuser_ring(&rig->vu, i), 0);
		UT_EQ(vhuser_enable(&rig->vu, i, true), 0);
	}
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(close_twice(rig, rig_vid(rig)));
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	usleep(250000);
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	UT_EQ(rig_status(rig).starts, 0);
	UT_EQ(RIG_LOOK(rig, asked.maps), 0);
	return 0;
}

static int
close_starting(void)
{
	return rig_run(NULL, close_starting_run);
}

static int
close_running_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	UT_EQ(virtio_vdpa_ops.dev_close(rig_vid(rig) + 1), 0); /* not this one */
	UT_EQ(rig_status(rig).state, RUNNING);
	UT_DO(close_twice(rig, rig_vid(rig)));
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	/* the guest's memory stays for its next start */
	UT_EQ(rig_status(rig).dma_maps, 1);
	UT_EQ(RIG_LOOK(rig, irq.wired), 0);
	return 0;
}

static int
close_running(void)
{
	return rig_run(NULL, close_running_run);
}

static int
close_failed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	UT_DO(rig_fault(rig, "refuse-enable"));
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, FAILED, REASON(DEVICE)));
	UT_DO(close_twice(rig, rig_vid(rig)));
	UT_DO(rig_state(rig, PROBED, OK));
	/* why it failed is still told */
	UT_EQ(rig_status(rig).reason, REASON(DEVICE));
	return rig_no_event(rig, EVENT(STATE));
}

static int
close_failed(void)
{
	return rig_run(NULL, close_failed_run);
}

/* The front-end dies between any two messages of its set-up. */
static int
dies_anywhere_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	unsigned int n;
	int ret;

	for (n = 0;; n++) {
		UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
		rig->guest = true;
		rig->vu.messages = n;
		ret = vhuser_setup(&rig->vu);
		UT_DO(rig_guest_gone(rig));
		if (ret == 0)
			break;
		UT_EQ(ret, -ECANCELED);
	}
	printf("    died before each of %u messages\n", n);
	UT_GE(n, 35);
	rig_forget_events(rig);
	return rig_running(rig, &conf);
}

static int
dies_anywhere(void)
{
	return rig_run(NULL, dies_anywhere_run);
}

/* The same with the start under way, at no certain point of it. */
static int
dies_at_any_time_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_ACCEPT);
	unsigned int i;

	srand(3);
	for (i = 0; i < 150; i++) {
		UT_DO(rig_guest(rig, &conf));
		usleep((unsigned int)(rand() % 1500));
		UT_DO(rig_guest_gone(rig));
	}
	UT_EQ(rig_status(rig).failures, 0);
	rig_forget_events(rig);
	return rig_running(rig, &conf);
}

static int
dies_at_any_time(void)
{
	return rig_run(NULL, dies_at_any_time_run);
}

/* A second guest is told once that the device is taken; the first notices nothing. */
static int
busy_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_NO_CHANNEL);
	static struct vhuser other;
	struct rig_event e;
	uint64_t accesses;
	uint16_t i;
	int vid;

	UT_DO(rig_running(rig, &conf));
	vid = rig_status(rig).vid;
	nicsim_vf_lock(rig->vf);
	accesses = rig->vf->regs.accesses;
	nicsim_vf_unlock(rig->vf);
	UT_EQ(vhuser_open(&other, &conf, rig->path), 0);
	UT_EQ(vhuser_setup(&other), 0);
	UT_DO(rig_event(rig, EVENT(REFUSED), &e));
	UT_EQ(e.event.reason, REASON(BUSY));
	UT_EQ(e.event.error, -EBUSY);
	UT_EQ(e.event.state, RUNNING);
	UT_CHECK(e.event.vid >= 0 && e.event.vid != vid);
	UT_CHECK(strstr(e.text, "remedy") != NULL);
	for (i = 0; i < 5; i++) {
		UT_EQ(vhuser_enable(&other, 0, false), 0);
		UT_EQ(vhuser_enable(&other, 0, true), 0);
		UT_EQ(vhuser_sync(&other), 0);
	}
	UT_DO(rig_no_event(rig, EVENT(REFUSED)));
	UT_EQ(rig_status(rig).failures, 1);
	UT_EQ(rig_status(rig).vid, vid);
	UT_EQ(rig_status(rig).queues, 4);
	vhuser_close(&other);
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	UT_EQ(rig_status(rig).queues, 4);
	nicsim_vf_lock(rig->vf);
	accesses = rig->vf->regs.accesses - accesses;
	nicsim_vf_unlock(rig->vf);
	UT_LE(accesses, 2); /* a look at its health, perhaps */
	return 0;
}

static int
busy(void)
{
	return rig_run(NULL, busy_run);
}

static bool
both_pairs_set(struct rig *rig)
{
	return rig->vf->ctrl.pairs == 2;
}

/* Once the first is gone, the second may have the device, as a whole. */
static int
takes_over_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_NO_CHANNEL);
	static struct vhuser first;
	uint16_t i;

	UT_EQ(vhuser_open(&first, &conf, rig->path), 0);
	UT_EQ(vhuser_setup(&first), 0);
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_event(rig, EVENT(REFUSED), NULL));
	vhuser_close(&first);
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	UT_EQ(RIG_LOOK(rig, ctrl.pairs), 0);
	UT_EQ(vhuser_sync(&rig->vu), 0); /* any message: the library tries again */
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	UT_EQ(rig_status(rig).queues, 4);
	for (i = 0; i < 4; i++)
		UT_CHECK(rig_queue(rig, i).enabled);
	UT_EQ(rig_until(rig, both_pairs_set), 0);
	return 0;
}

static int
takes_over(void)
{
	return rig_run(NULL, takes_over_run);
}

/* Memory is added and taken away under a running guest: only that is mapped and unmapped. */
static int
memory_changes_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	unsigned int maps, unmaps, i;

	conf.region[1] =
		(struct vhuser_region){ .gpa = 0x10000000, .len = 0x100000, .off = 0x400000 };
	UT_DO(rig_running(rig, &conf));
	UT_EQ(RIG_LOOK(rig, asked.maps), 2); /* the guest's and the control queue's */
	for (i = 0; i < 6; i++) {
		maps = RIG_LOOK(rig, asked.maps);
		unmaps = RIG_LOOK(rig, asked.unmaps);
		rig->vu.conf.regions = i % 2 == 0 ? 2 : 1;
		UT_EQ(vhuser_mem_table(&rig->vu), 0);
		UT_DO(rig_state(rig, STOPPING, OK));
		UT_DO(rig_state(rig, PROBED, OK));
		UT_DO(rig_state(rig, STARTING, OK));
		UT_DO(rig_state(rig, RUNNING, OK));
		maps = RIG_LOOK(rig, asked.maps) - maps;
		unmaps = RIG_LOOK(rig, asked.unmaps) - unmaps;
		UT_EQ(maps, i % 2 == 0 ? 2 : 1);
		UT_EQ(unmaps, i % 2 == 0 ? 1 : 2);
		UT_EQ(rig_status(rig).queues, 4);
		UT_EQ((rig_at(rig, 0x10000000, 0x100000) != NULL), i % 2 == 0);
	}
	UT_EQ(rig_status(rig).starts, 7);
	return 0;
}

static int
memory_changes(void)
{
	return rig_run(NULL, memory_changes_run);
}

static int
memory_change_fails_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	conf.region[1] =
		(struct vhuser_region){ .gpa = 0x10000000, .len = 0x100000, .off = 0x400000 };
	UT_DO(rig_running(rig, &conf));
	UT_DO(rig_fault(rig, "dma-map=12"));
	rig->vu.conf.regions = 2;
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, FAILED, REASON(DMA_MAP)));
	UT_EQ(rig_status(rig).dma_maps, 0);
	UT_EQ(RIG_LOOK(rig, dma.num_maps), 0);
	return 0;
}

static int
memory_change_fails(void)
{
	return rig_run(NULL, memory_change_fails_run);
}

/* The device gives n buffers of a queue of the guest's back, out of thin air. */
static int
use_ring(struct rig *rig, uint16_t qid, unsigned int n)
{
	struct nicsim_queue *q = &rig->vf->queue[qid];

	nicsim_vf_lock(rig->vf);
	while (n-- > 0)
		nicsim_ring_push(&q->ring, 0, 1, 0);
	nicsim_ring_flush(&q->ring);
	nicsim_vf_unlock(rig->vf);
	return 0;
}

/* After traffic the rings do not start at 0: refused for now, with the reason. */
static int
memory_changes_mid_ring_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_ACCEPT);

	conf.region[1] =
		(struct vhuser_region){ .gpa = 0x10000000, .len = 0x100000, .off = 0x400000 };
	UT_DO(rig_running(rig, &conf));
	UT_DO(use_ring(rig, 1, 3));
	rig->vu.conf.regions = 2;
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, FAILED, REASON(QUEUE_INDEX)));
	UT_EQ(rig_queue(rig, 1).base, 3);
	return 0;
}

static int
memory_changes_mid_ring(void)
{
	return rig_run(NULL, memory_changes_mid_ring_run);
}

/* Fewer pairs for guests to come are no matter of the one that is there. */
static int
limit_later_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_ACCEPT);

	conf.region[1] =
		(struct vhuser_region){ .gpa = 0x10000000, .len = 0x100000, .off = 0x400000 };
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rte_pmd_vdpa_virtio_max_pairs_set(rig->vdpa, 1), 0);
	rig->vu.conf.regions = 2;
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	UT_EQ(rig_status(rig).queues, 8);
	UT_DO(rig_guest_gone(rig));
	rig_forget_events(rig);
	conf = guest_of(4, VHUSER_ACCEPT);
	UT_DO(rig_guest(rig, &conf));
	UT_EQ(rig->vu.offered & VIO_BIT(VIO_NET_F_MQ), 0);
	return 0;
}

static int
limit_later(void)
{
	return rig_run(NULL, limit_later_run);
}

/* Kicks are relayed: for whatever reason the doorbells are not mapped. */
static int
relays(struct rig *rig, enum vhuser_doorbells doorbells, unsigned int asked)
{
	struct vhuser_conf conf = guest_of(2, doorbells);
	struct rig_event e;
	uint16_t i;

	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	UT_DO(rig_event(rig, EVENT(KICK), &e));
	UT_EQ(e.event.kick, RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	UT_EQ(e.event.state, RUNNING);
	for (i = 0; i < 4; i++)
		UT_EQ(rig_queue(rig, i).kick, RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	UT_EQ(rig_status(rig).queues_mapped, 0);
	UT_EQ(vhuser_maps_asked(&rig->vu), asked);
	UT_EQ(e.event.error != 0, doorbells != VHUSER_ACCEPT);
	return 0;
}

static int
doorbells_refused_run(struct rig *rig)
{
	return relays(rig, VHUSER_REFUSE, 1);
}

static int
doorbells_refused(void)
{
	return rig_run(NULL, doorbells_refused_run);
}

static int
doorbells_unheard_run(struct rig *rig)
{
	return relays(rig, VHUSER_NO_CHANNEL, 0);
}

static int
doorbells_unheard(void)
{
	return rig_run(NULL, doorbells_unheard_run);
}

static int
doorbells_not_offered_run(struct rig *rig)
{
	return relays(rig, VHUSER_ACCEPT, 0);
}

static void
one_doorbell(struct nicsim_vf *vf)
{
	struct nicsim_regs_conf conf = vf->regs.conf;

	conf.multiplier = 0;
	nicsim_regs_power(&vf->regs, &conf);
}

/* Queues that share a page, one doorbell for all of them, a BAR that cannot be mapped. */
static int
doorbells_not_offered(void)
{
	struct nicsim_vf_conf vf = rig_vf;
	const struct rig_conf sharing = { .vf = &vf };
	const struct rig_conf one = { .tweak = one_doorbell };
	const struct rig_conf unmappable = { .unmappable = true };

	vf.notify_pages = false;
	UT_DO(rig_run(&sharing, doorbells_not_offered_run));
	UT_DO(rig_run(&one, doorbells_not_offered_run));
	return rig_run(&unmappable, doorbells_not_offered_run);
}

/*
 * The connection ends while the driver waits for an answer on its channel, which stays open: the
 * next guest's messages are dealt with, so the wait was ended.
 */
static int
next_runs(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_ACCEPT);
	static struct vhuser next;
	uint64_t start = rig_now();
	int ret;

	vhuser_hang_up(&rig->vu);
	UT_EQ(vhuser_open(&next, &conf, rig->path), 0);
	ret = vhuser_setup(&next);
	printf("    the next guest is set up after %u ms\n", (unsigned int)(rig_now() - start));
	UT_EQ(ret, 0);
	UT_LE(rig_now() - start, 3000);
	while (rig_status(rig).state != RUNNING && rig_now() - start < RIG_WAIT_MS)
		usleep(1000);
	UT_EQ(rig_status(rig).state, RUNNING);
	UT_EQ(rig_status(rig).queues, 8);
	vhuser_close(&next);
	return 0;
}

/* A front-end that never answers holds up nobody: not messages, not getters, not its own end. */
static int
doorbells_ignored_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_IGNORE);
	uint64_t start;

	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	UT_DO(rig_no_event(rig, EVENT(KICK)));
	UT_EQ(vhuser_maps_asked(&rig->vu), 1);
	start = rig_now();
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_EQ(rig_status(rig).queues, 8);
	UT_LE(rig_now() - start, 500);
	return next_runs(rig);
}

static int
doorbells_ignored(void)
{
	return rig_run(NULL, doorbells_ignored_run);
}

static bool
doorbells_asked_back(struct rig *rig)
{
	bool asked;

	pthread_mutex_lock(&rig->vu.lock);
	asked = rig->vu.unmaps_asked != 0;
	pthread_mutex_unlock(&rig->vu.lock);
	return asked;
}

/* The same while doorbells are taken back, of many queues, as the device failed. */
static int
doorbells_kept_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	pthread_mutex_lock(&rig->vu.lock);
	rig->vu.conf.doorbells = VHUSER_IGNORE;
	pthread_mutex_unlock(&rig->vu.lock);
	UT_DO(rig_fault(rig, "needs-reset"));
	UT_DO(rig_state(rig, FAILED, REASON(NEEDS_RESET)));
	UT_EQ(rig_wait(doorbells_asked_back, rig), 0);
	return next_runs(rig);
}

static int
doorbells_kept(void)
{
	return rig_run(NULL, doorbells_kept_run);
}

/* Where rings stopped is what the front-end is told, and what the driver says. */
static int
bases_are(struct rig *rig, bool packed, const unsigned int used[4], const uint16_t base[4])
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	uint16_t i;

	if (packed) {
		conf.features |= VIO_BIT(VIO_F_RING_PACKED);
		conf.base = 0x8000;
		conf.size = 100;
	}
	UT_DO(rig_running(rig, &conf));
	for (i = 0; i < 4; i++)
		UT_DO(use_ring(rig, i, used[i]));
	for (i = 0; i < 4; i++) {
		UT_EQ(vhuser_stop(&rig->vu, i), base[i]);
		UT_EQ(rig_queue(rig, i).base, base[i]);
		UT_CHECK(!rig_queue(rig, i).running);
	}
	UT_DO(rig_state(rig, STOPPING, OK));
	return rig_state(rig, PROBED, OK);
}

static int
bases_split_run(struct rig *rig)
{
	static const unsigned int used[4] = { 0, 5, 300, 65536 + 7 };
	static const uint16_t base[4] = { 0, 5, 300, 7 };

	return bases_are(rig, false, used, base);
}

static int
bases_split(void)
{
	return rig_run(NULL, bases_split_run);
}

static int
bases_packed_run(struct rig *rig)
{
	static const unsigned int used[4] = { 0, 5, 100, 205 };
	static const uint16_t base[4] = { 0x8000, 0x8005, 0, 0x8005 };

	return bases_are(rig, true, used, base);
}

static int
bases_packed(void)
{
	return rig_run(NULL, bases_packed_run);
}

/* A guest's driver that is reset starts its rings anew, on the same connection. */
static int
restarts_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	unsigned int i, maps;
	uint16_t q;

	UT_DO(rig_running(rig, &conf));
	maps = RIG_LOOK(rig, asked.maps);
	for (i = 0; i < 10; i++) {
		UT_DO(use_ring(rig, 1, 9));
		for (q = 0; q < 4; q++)
			UT_EQ(vhuser_stop(&rig->vu, q), q == 1 ? 9 : 0);
		UT_EQ(vhuser_status(&rig->vu, 0), 0);
		UT_DO(rig_state(rig, STOPPING, OK));
		UT_DO(rig_state(rig, PROBED, OK));
		memset(rig->vu.mem, 0, rig->vu.mem_len);
		for (q = 0; q < 4; q++)
			UT_EQ(vhuser_ring(&rig->vu, q), 0);
		UT_EQ(vhuser_driver_ok(&rig->vu), 0);
		UT_DO(rig_state(rig, STARTING, OK));
		UT_DO(rig_state(rig, RUNNING, OK));
		UT_DO(rig_event(rig, EVENT(KICK), NULL));
		UT_EQ(rig_status(rig).queues_mapped, 4);
	}
	UT_EQ(rig_status(rig).starts, 11);
	/* the control queue's memory, not the guest's */
	UT_EQ(RIG_LOOK(rig, asked.maps) - maps, 10);
	return 0;
}

static int
restarts(void)
{
	return rig_run(NULL, restarts_run);
}

static int
reset_owner_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	UT_EQ(vhuser_reset_owner(&rig->vu), 0);
	UT_DO(rig_idle(rig));
	UT_DO(rig_state(rig, STOPPING, OK));
	return rig_state(rig, PROBED, OK);
}

static int
reset_owner(void)
{
	return rig_run(NULL, reset_owner_run);
}

/* A front-end of the old days, which knows nothing of protocol features. */
static int
no_protocol_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_NO_CHANNEL);

	conf.features &= ~VIO_BIT(30);
	conf.status = false;
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues, 2);
	UT_EQ(rig_queue(rig, 0).kick, RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	return 0;
}

static int
no_protocol(void)
{
	return rig_run(NULL, no_protocol_run);
}

/* The application takes its socket away under a running guest. */
static int
unregister_run(struct rig *rig)
{
	static const struct rte_vhost_device_ops ops;
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	char dir[] = "/tmp/vdpa-virtio-unreg-XXXXXX", path[64];
	const char *usual = rig->path;
	int ret;

	UT_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/sock", dir);
	UT_EQ(rte_vhost_driver_register(path, 0), 0);
	UT_EQ(rte_vhost_driver_attach_vdpa_device(path, rig->vdpa), 0);
	UT_EQ(rte_vhost_driver_callback_register(path, &ops), 0);
	UT_EQ(rte_vhost_driver_start(path), 0);
	rig->path = path;
	ret = rig_running(rig, &conf);
	rig->path = usual;
	UT_EQ(rte_vhost_driver_unregister(path), 0);
	rmdir(dir);
	UT_EQ(ret, 0);
	UT_DO(rig_idle(rig));
	UT_DO(rig_state(rig, STOPPING, OK));
	UT_DO(rig_state(rig, PROBED, OK));
	return 0;
}

static int
unregister(void)
{
	return rig_run(NULL, unregister_run);
}

static const struct ut_case cases[] = {
	UT_CASE(close_probed),
	UT_CASE(close_starting),
	UT_CASE(close_running),
	UT_CASE(close_failed),
	UT_CASE(dies_anywhere),
	UT_CASE(dies_at_any_time),
	UT_CASE(busy),
	UT_CASE(takes_over),
	UT_CASE(memory_changes),
	UT_CASE(memory_change_fails),
	UT_CASE(memory_changes_mid_ring),
	UT_CASE(limit_later),
	UT_CASE(doorbells_refused),
	UT_CASE(doorbells_unheard),
	UT_CASE(doorbells_not_offered),
	UT_CASE(doorbells_ignored),
	UT_CASE(doorbells_kept),
	UT_CASE(bases_split),
	UT_CASE(bases_packed),
	UT_CASE(restarts),
	UT_CASE(reset_owner),
	UT_CASE(no_protocol),
	UT_CASE(unregister),
	UT_END,
};
UT_SUITE(drv_conn, "integration", cases)
