/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * A guest that runs: interrupts and kicks, wired and relayed, and rewired; pairs; the link, and a
 * device that asks for a reset, announces, goes away.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include <rte_vhost.h>

#include "rig.h"

#include "drv_names.h" /* last: DPDK has a RUNNING of its own */

static struct vhuser_conf
guest_of(uint16_t pairs, enum vhuser_doorbells doorbells)
{
	struct vhuser_conf conf = vhuser_usual;

	conf.queues = 2 * pairs;
	conf.doorbells = doorbells;
	return conf;
}

static void
calls_drain(struct rig *rig)
{
	uint16_t i;

	for (i = 0; i < rig->vu.conf.queues; i++)
		while (vhuser_called(&rig->vu, i, 0))
			;
}

/* Whether a queue's interrupt arrives, and whom else it wakes: sharers are woken all. */
static int
interrupt_arrives(struct rig *rig, uint16_t qid)
{
	struct rte_pmd_vdpa_virtio_queue q = rig_queue(rig, qid);
	uint16_t i;

	calls_drain(rig);
	UT_CHECK(rig_fire(rig, q.vector));
	for (i = 0; i < rig->vu.conf.queues; i++) {
		if (rig_queue(rig, i).vector == q.vector)
			UT_CHECK(vhuser_called(&rig->vu, i, RIG_WAIT_MS));
		else
			UT_CHECK(!vhuser_called(&rig->vu, i, 0));
	}
	return 0;
}

static uint16_t vectors;

static int
vectors_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_NO_CHANNEL);
	uint16_t i, direct = vectors > 8 ? 8 : vectors < 2 ? 0 : vectors - 2;
	struct rte_pmd_vdpa_virtio_queue q;
	uint64_t relayed = 0;

	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues_irq_direct, direct);
	for (i = 0; i < 8; i++) {
		q = rig_queue(rig, i);
		UT_EQ(q.irq, i < direct ? RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT :
					  RTE_PMD_VDPA_VIRTIO_IRQ_RELAY);
		UT_EQ(q.vector, i < direct ? 1 + i : vectors - 1);
		UT_EQ(RIG_LOOK(rig, regs.q[i].vector), q.vector);
		UT_EQ(rig_stat(rig, i, "interrupt_direct"), i < direct);
	}
	for (i = 0; i < 8; i++)
		UT_DO(interrupt_arrives(rig, i));
	for (i = 0; i < 8; i++) {
		relayed = rig_stat(rig, i, "interrupts_relayed");
		UT_EQ(relayed, i < direct ? 0 : 8 - direct);
		UT_EQ(rte_vdpa_reset_stats(rig->vdpa, i), 0);
		UT_EQ(rig_stat(rig, i, "interrupts_relayed"), 0);
	}
	return 0;
}

/* From one vector for everything to one for each queue and the configuration. */
static int
vectors_shared(void)
{
	struct rig_conf conf = { .vectors = 1 };

	for (vectors = 1; vectors <= 10; vectors++) {
		conf.vectors = vectors;
		if (rig_run(&conf, vectors_run) != 0)
			UT_FAIL("with %u vectors", vectors);
	}
	return 0;
}

/*
 * Call fds that the front-end made blocking and filled, with interrupts relayed and wired: whoever
 * signals one does not wait, so the guest still goes in good order.
 */
static int
call_fds_full_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_NO_CHANNEL);
	uint64_t begin;
	int i, flags;

	UT_DO(rig_running(rig, &conf));
	calls_drain(rig);
	for (i = 0; i < 2; i++) {
		flags = fcntl(rig->vu.call[i], F_GETFL);
		UT_EQ(fcntl(rig->vu.call[i], F_SETFL, flags & ~O_NONBLOCK), 0);
		UT_EQ(eventfd_write(rig->vu.call[i], UINT64_MAX - 1), 0);
	}
	for (i = 0; i < 3; i++)
		UT_CHECK(rig_fire(rig, rig_queue(rig, 0).vector));
	begin = rig_now();
	UT_DO(rig_guest_gone(rig));
	UT_LE(rig_now() - begin, 2000);
	return 0;
}

static int
call_fds_full(void)
{
	static const uint16_t of[] = { 1, 2, 3 };
	struct rig_conf conf;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		conf = (struct rig_conf){ .vectors = of[i] };
		if (rig_run(&conf, call_fds_full_run) != 0)
			UT_FAIL("with %u vectors", of[i]);
	}
	return 0;
}

static bool
queue_0_rewired(struct rig *rig)
{
	return vhuser_called(&rig->vu, 0, 0);
}

/* A new call fd: woken once for what may have been lost, and wired from then on. */
static int
new_call_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	unsigned int commands, i;

	UT_DO(rig_running(rig, &conf));
	commands = RIG_LOOK(rig, ctrl.commands);
	for (i = 0; i < 20; i++) {
		UT_EQ(vhuser_new_call(&rig->vu, 0), 0);
		UT_EQ(rig_wait(queue_0_rewired, rig), 0);
		UT_DO(interrupt_arrives(rig, 0));
	}
	UT_DO(interrupt_arrives(rig, 1));
	UT_EQ(rig_queue(rig, 0).irq, RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT);
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	/* and the device was not told of fewer pairs in between */
	UT_EQ(RIG_LOOK(rig, ctrl.commands), commands);
	UT_EQ(RIG_LOOK(rig, asked.irq_disables), 0);
	UT_EQ(rig_status(rig).queues_mapped, 4);
	return 0;
}

static int
new_call(void)
{
	return rig_run(NULL, new_call_run);
}

/* The same where the vector is shared: the relay goes to the new one. */
static int
new_call_relayed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_NO_CHANNEL);

	UT_DO(rig_running(rig, &conf));
	UT_EQ(vhuser_new_call(&rig->vu, 3), 0);
	UT_CHECK(vhuser_called(&rig->vu, 3, RIG_WAIT_MS));
	UT_DO(interrupt_arrives(rig, 0));
	return interrupt_arrives(rig, 3);
}

static int
new_call_relayed(void)
{
	const struct rig_conf conf = { .vectors = 2 };

	return rig_run(&conf, new_call_relayed_run);
}

static int
irq_refused_later_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	UT_DO(rig_fault(rig, "irq=22"));
	UT_EQ(vhuser_new_call(&rig->vu, 1), 0);
	UT_DO(rig_state(rig, FAILED, REASON(IRQ)));
	UT_EQ(rig_status(rig).dma_maps, 0);
	UT_EQ(rig_status(rig).failures, 1);
	return 0;
}

static int
irq_refused_later(void)
{
	return rig_run(NULL, irq_refused_later_run);
}

static unsigned int kicks_wanted;

static bool
queue_1_kicked(struct rig *rig)
{
	return rig->vf->regs.q[1].kicks >= kicks_wanted;
}

static int
kick_arrives(struct rig *rig)
{
	kicks_wanted = RIG_LOOK(rig, regs.q[1].kicks) + 1;
	vhuser_kick(&rig->vu, 1);
	return rig_until(rig, queue_1_kicked);
}

/* Kicks through this process: each one arrives, and is counted. */
static int
kicks_relayed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_NO_CHANNEL);
	unsigned int i;

	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig->event[rig->seen - 1].event.kick, RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	for (i = 0; i < 50; i++)
		UT_DO(kick_arrives(rig));
	UT_EQ(rig_queue(rig, 1).kick, RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	UT_EQ(rig_queue(rig, 1).kicks_relayed, 50);
	UT_EQ(rig_status(rig).kicks_relayed, 50);
	UT_EQ(rig_queue(rig, 0).kicks_relayed, 0);
	UT_EQ(rig_stat(rig, 1, "kicks_relayed"), 50);
	UT_EQ(rte_vdpa_reset_stats(rig->vdpa, 1), 0);
	UT_EQ(rig_stat(rig, 1, "kicks_relayed"), 0);
	UT_EQ(rte_vdpa_reset_stats(rig->vdpa, 9), -EINVAL);
	return 0;
}

static int
kicks_relayed(void)
{
	return rig_run(NULL, kicks_relayed_run);
}

/* A new kick fd, with a kick in it before anybody heard of it. */
static int
new_kick_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_NO_CHANNEL);
	unsigned int i;

	UT_DO(rig_running(rig, &conf));
	for (i = 0; i < 20; i++) {
		kicks_wanted = RIG_LOOK(rig, regs.q[1].kicks) + 1;
		UT_EQ(vhuser_new_kick(&rig->vu, 1), 0);
		vhuser_kick(&rig->vu, 1);
		UT_EQ(rig_until(rig, queue_1_kicked), 0);
		UT_EQ(vhuser_sync(&rig->vu), 0);
		UT_DO(kick_arrives(rig));
	}
	UT_EQ(rig_status(rig).queues, 2);
	return rig_no_event(rig, EVENT(STATE));
}

static int
new_kick(void)
{
	return rig_run(NULL, new_kick_run);
}

static int
bad_kick_later_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_ACCEPT);
	int saved;

	UT_DO(rig_running(rig, &conf));
	saved = rig->vu.kick[0];
	rig->vu.kick[0] = rig->vu.mem_fd;
	UT_EQ(vhuser_resend_kick(&rig->vu, 0), 0);
	rig->vu.kick[0] = saved;
	UT_DO(rig_state(rig, FAILED, REASON(HOST)));
	return 0;
}

static int
bad_kick_later(void)
{
	return rig_run(NULL, bad_kick_later_run);
}

static uint16_t pairs_wanted;

static bool
pairs_are_set(struct rig *rig)
{
	return rig->vf->ctrl.pairs == pairs_wanted;
}

/* A queue down and up again is no change of the pairs; one that stays down is. */
static int
pairs_change_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, VHUSER_ACCEPT);
	unsigned int commands, i;

	UT_DO(rig_running(rig, &conf));
	commands = RIG_LOOK(rig, ctrl.commands);
	for (i = 0; i < 10; i++) {
		UT_EQ(vhuser_enable(&rig->vu, 7, false), 0);
		UT_EQ(vhuser_enable(&rig->vu, 7, true), 0);
	}
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	UT_EQ(RIG_LOOK(rig, ctrl.commands), commands);

	UT_EQ(vhuser_enable(&rig->vu, 6, false), 0);
	UT_EQ(vhuser_enable(&rig->vu, 7, false), 0);
	pairs_wanted = 3;
	UT_EQ(rig_until(rig, pairs_are_set), 0);
	UT_EQ(vhuser_enable(&rig->vu, 6, true), 0);
	UT_EQ(vhuser_enable(&rig->vu, 7, true), 0);
	pairs_wanted = 4;
	UT_EQ(rig_until(rig, pairs_are_set), 0);
	for (i = 2; i < 8; i++)
		UT_EQ(vhuser_enable(&rig->vu, (uint16_t)i, false), 0);
	pairs_wanted = 1;
	UT_EQ(rig_until(rig, pairs_are_set), 0);
	UT_EQ(rig_status(rig).queues, 8);
	return rig_no_event(rig, EVENT(STATE));
}

static int
pairs_change(void)
{
	return rig_run(NULL, pairs_change_run);
}

static int
pairs_refused_later_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	conf.enabled = 1;
	UT_DO(rig_running(rig, &conf));
	UT_DO(rig_fault(rig, "ctrl-silent"));
	UT_EQ(vhuser_enable(&rig->vu, 2, true), 0);
	UT_EQ(vhuser_enable(&rig->vu, 3, true), 0);
	UT_DO(rig_state(rig, FAILED, REASON(CONTROL)));
	UT_EQ(rig_status(rig).queues, 0);
	return 0;
}

static int
pairs_refused_later(void)
{
	return rig_run(NULL, pairs_refused_later_run);
}

static unsigned int configs_wanted;

static bool
configs_heard(struct rig *rig)
{
	return vhuser_configs(&rig->vu) >= configs_wanted;
}

static int
link_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_ACCEPT);
	struct rig_event e;
	uint8_t config[8];
	unsigned int i;

	UT_DO(rig_running(rig, &conf));
	for (i = 0; i < 4; i++) {
		UT_DO(rig_fault(rig, i % 2 == 0 ? "link-down" : "link-up"));
		UT_DO(rig_event(rig, EVENT(LINK), &e));
		UT_EQ(e.event.link_up, i % 2);
		UT_EQ(e.event.state, RUNNING);
		UT_EQ(rig_status(rig).link_up, i % 2);
		UT_EQ(rig_status(rig).config_changes, i + 1);
		configs_wanted = i + 1;
		UT_EQ(rig_wait(configs_heard, rig), 0);
		UT_EQ(vhuser_config(&rig->vu, config, sizeof(config)), 0);
		UT_EQ(config[VIO_NET_CFG_STATUS], i % 2);
	}
	/* another change than the link's: passed on, if it is certain that there was one */
	UT_DO(rig_fault(rig, "link-up"));
	if (rig_status(rig).vectors > 1)
		configs_wanted++;
	UT_EQ(rig_wait(configs_heard, rig), 0);
	UT_DO(rig_no_event(rig, EVENT(LINK)));
	UT_EQ(vhuser_configs(&rig->vu), configs_wanted);
	UT_EQ(rig_status(rig).config_changes, configs_wanted);
	UT_EQ(rig_status(rig).link_up, true);
	return 0;
}

static int
link_changes(void)
{
	const struct rig_conf conf = { .vectors = 1 };

	UT_DO(rig_run(NULL, link_run));
	return rig_run(&conf, link_run); /* the same with a single vector for everything */
}

/* A front-end that offers no channel: the events come all the same. */
static int
link_unheard_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_NO_CHANNEL);

	UT_DO(rig_fault(rig, "link-down"));
	UT_DO(rig_running(rig, &conf));
	UT_CHECK(!rig_status(rig).link_up);
	UT_DO(rig_fault(rig, "link-up"));
	UT_DO(rig_event(rig, EVENT(LINK), NULL));
	UT_CHECK(rig_status(rig).link_up);
	return 0;
}

static int
link_unheard(void)
{
	return rig_run(NULL, link_unheard_run);
}

static int
announce_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	UT_DO(rig_fault(rig, "announce"));
	UT_DO(rig_event(rig, EVENT(ANNOUNCE), NULL));
	configs_wanted = RIG_LOOK(rig, ctrl.announced);
	UT_EQ(configs_wanted, 1);
	UT_CHECK(rig_status(rig).link_up);
	/* a device that does not take the acknowledgment is lived with */
	UT_DO(rig_fault(rig, "ctrl-error"));
	UT_DO(rig_fault(rig, "announce"));
	UT_DO(rig_event(rig, EVENT(ANNOUNCE), NULL));
	UT_EQ(rig_status(rig).state, RUNNING);
	return 0;
}

static int
announce(void)
{
	return rig_run(NULL, announce_run);
}

static bool
doorbells_taken_back(struct rig *rig)
{
	bool taken;

	pthread_mutex_lock(&rig->vu.lock);
	taken = rig->vu.unmaps_asked >= 1;
	pthread_mutex_unlock(&rig->vu.lock);
	return taken;
}

/* What ends a run from the device's side: with an interrupt, or found by looking now and then. */
static int
device_fails(struct rig *rig, const char *fault, void (*inject)(struct nicsim_vf *vf),
	enum rte_pmd_vdpa_virtio_reason reason)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	if (fault != NULL)
		UT_DO(rig_fault(rig, fault));
	nicsim_vf_lock(rig->vf);
	if (inject != NULL)
		inject(rig->vf);
	nicsim_vf_unlock(rig->vf);
	UT_DO(rig_state(rig, FAILED, reason));
	UT_EQ(rig->event[rig->seen - 1].event.from, RUNNING);
	UT_EQ(rig_status(rig).queues, 0);
	UT_EQ(rig_status(rig).dma_maps, 0);
	UT_EQ(rig_status(rig).failures, 1);
	UT_EQ(rig_status(rig).starts, 1);
	UT_EQ(rig_wait(doorbells_taken_back, rig), 0);
	if (reason == REASON(NEEDS_RESET)) {
		configs_wanted = 1;
		UT_EQ(rig_wait(configs_heard, rig), 0);
	}
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, PROBED, OK));
	rig_cure(rig);
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues, 4);
	return 0;
}

static int
needs_reset_run(struct rig *rig)
{
	return device_fails(rig, "needs-reset", NULL, REASON(NEEDS_RESET));
}

static int
needs_reset(void)
{
	return rig_run(NULL, needs_reset_run);
}

static void
needs_reset_unsaid(struct nicsim_vf *vf)
{
	vf->regs.status |= VIO_STATUS_NEEDS_RESET;
}

static int
needs_reset_silently_run(struct rig *rig)
{
	return device_fails(rig, NULL, needs_reset_unsaid, REASON(NEEDS_RESET));
}

static int
needs_reset_silently(void)
{
	return rig_run(NULL, needs_reset_silently_run);
}

static void
reset_unasked(struct nicsim_vf *vf)
{
	nicsim_regs_reset(&vf->regs);
}

static int
reset_from_outside_run(struct rig *rig)
{
	return device_fails(rig, NULL, reset_unasked, REASON(DEVICE));
}

static int
reset_from_outside(void)
{
	return rig_run(NULL, reset_from_outside_run);
}

static int
all_ones_run(struct rig *rig)
{
	return device_fails(rig, "gone=1", NULL, REASON(GONE));
}

static int
all_ones(void)
{
	return rig_run(NULL, all_ones_run);
}

static bool
bus_is_closed(struct rig *rig)
{
	return rig->vf->asked.closes != 0;
}

/* The kernel wants the device back: all of it is given up, once, and the guest is told why. */
static int
removed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);
	struct rig_event e;

	UT_DO(rig_running(rig, &conf));
	rig_ask_back(rig);
	UT_DO(rig_state(rig, FAILED, REASON(GONE)));
	UT_DO(rig_event(rig, EVENT(GONE), &e));
	UT_EQ(e.event.reason, REASON(GONE));
	UT_EQ(e.event.state, FAILED);
	UT_CHECK(e.text[0] != '\0');
	UT_EQ(rig_until(rig, bus_is_closed), 0);
	UT_EQ(rig_status(rig).queues, 0);
	UT_EQ(rig_status(rig).vectors, 0);
	UT_EQ(rig_status(rig).dma_maps, 0);
	UT_DO(rig_no_event(rig, EVENT(GONE)));
	UT_EQ(vhuser_enable(&rig->vu, 0, false), 0);
	UT_EQ(vhuser_enable(&rig->vu, 0, true), 0);
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, PROBED, OK));
	/* and to guests to come: why not */
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, FAILED, REASON(GONE)));
	UT_EQ(RIG_LOOK(rig, asked.closes), 1);
	return 0;
}

static int
removed(void)
{
	return rig_run(NULL, removed_run);
}

static int
removed_idle_run(struct rig *rig)
{
	rig_ask_back(rig);
	UT_DO(rig_state(rig, FAILED, REASON(GONE)));
	UT_DO(rig_event(rig, EVENT(GONE), NULL));
	UT_EQ(rig_status(rig).vid, -1);
	return 0;
}

static int
removed_idle(void)
{
	return rig_run(NULL, removed_idle_run);
}

static bool
control_is_asked(struct rig *rig)
{
	return rig->vf->regs.q[8].kicks != 0;
}

/* While a start waits for the control queue: it ends in time, and then the device goes. */
static int
removed_starting_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, VHUSER_ACCEPT);

	UT_DO(rig_fault(rig, "ctrl-silent"));
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_EQ(rig_until(rig, control_is_asked), 0);
	rig_ask_back(rig);
	UT_DO(rig_state(rig, FAILED, REASON(CONTROL)));
	UT_DO(rig_state(rig, FAILED, REASON(GONE)));
	UT_DO(rig_event(rig, EVENT(GONE), NULL));
	return 0;
}

static int
removed_starting(void)
{
	return rig_run(NULL, removed_starting_run);
}

/* Without a guest a VF may come back as something else, and guests to come are told so. */
static int
returns_as_other_run(struct rig *rig)
{
	const uint64_t packed = VIO_BIT(VIO_F_RING_PACKED);
	uint64_t features;

	UT_EQ(rte_vhost_driver_get_features(rig->path, &features), 0);
	UT_EQ(features & packed, packed);
	UT_DO(rig_fault(rig, "no-packed"));
	UT_DO(rig_fault(rig, "gone"));
	UT_DO(rig_gone(rig));
	UT_DO(rig_revive(rig));
	UT_EQ(rte_vhost_driver_get_features(rig->path, &features), 0);
	UT_EQ(features & packed, 0);
	return 0;
}

static int
returns_as_other(void)
{
	return rig_run(NULL, returns_as_other_run);
}

/* Getters, asked for what is not there. */
static int
getters_run(struct rig *rig)
{
	struct rte_pmd_vdpa_virtio_status s;
	struct rte_pmd_vdpa_virtio_queue q;
	struct rte_vdpa_stat_name names[2];
	struct rte_vdpa_stat stats[2];

	UT_EQ(rte_pmd_vdpa_virtio_status_get(NULL, &s), -ENODEV);
	UT_EQ(rte_pmd_vdpa_virtio_status_get((void *)&s, &s), -ENODEV);
	UT_EQ(rte_pmd_vdpa_virtio_status_get(rig->vdpa, NULL), -EINVAL);
	UT_EQ(rte_pmd_vdpa_virtio_queue_get(NULL, 0, &q), -ENODEV);
	UT_EQ(rte_pmd_vdpa_virtio_queue_get(rig->vdpa, 8, &q), -EINVAL);
	UT_EQ(rte_pmd_vdpa_virtio_queue_get(rig->vdpa, 0, NULL), -EINVAL);
	UT_EQ(rte_pmd_vdpa_virtio_max_pairs_set(NULL, 1), -ENODEV);
	UT_EQ(rte_pmd_vdpa_virtio_mac_set(NULL, NULL), -ENODEV);
	UT_EQ(rte_pmd_vdpa_virtio_event_register(NULL, NULL, NULL), -ENODEV);
	UT_EQ(rte_vdpa_get_stats_names(rig->vdpa, names, 2), 6);
	UT_STR(names[1].name, "doorbell_mapped");
	UT_EQ(rte_vdpa_get_stats(rig->vdpa, 0, stats, 2), 2);
	UT_EQ(rte_vdpa_get_stats(rig->vdpa, 8, stats, 2), -EINVAL);
	UT_STR(rte_pmd_vdpa_virtio_state_name(RUNNING), "running");
	UT_STR(rte_pmd_vdpa_virtio_state_name(99), "unknown");
	UT_STR(rte_pmd_vdpa_virtio_reason_name(REASON(BUSY)), "busy");
	UT_STR(rte_pmd_vdpa_virtio_reason_name(99), "unknown");
	UT_STR(rte_pmd_vdpa_virtio_kick_name(99), "unknown");
	UT_STR(rte_pmd_vdpa_virtio_irq_name(99), "unknown");
	return 0;
}

static int
getters(void)
{
	return rig_run(NULL, getters_run);
}

static const struct ut_case cases[] = {
	UT_CASE(vectors_shared),
	UT_CASE(call_fds_full),
	UT_CASE(new_call),
	UT_CASE(new_call_relayed),
	UT_CASE(irq_refused_later),
	UT_CASE(kicks_relayed),
	UT_CASE(new_kick),
	UT_CASE(bad_kick_later),
	UT_CASE(pairs_change),
	UT_CASE(pairs_refused_later),
	UT_CASE(link_changes),
	UT_CASE(link_unheard),
	UT_CASE(announce),
	UT_CASE(needs_reset),
	UT_CASE(needs_reset_silently),
	UT_CASE(reset_from_outside),
	UT_CASE(all_ones),
	UT_CASE(removed),
	UT_CASE(removed_idle),
	UT_CASE(removed_starting),
	UT_CASE(returns_as_other),
	UT_CASE(getters),
	UT_END,
};
UT_SUITE(drv_run, "integration", cases)
