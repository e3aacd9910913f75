/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Faults of the simulated function under a guest that really sends and receives: what the driver
 * says, that everything is unwound, that a guest runs again afterwards, and that nothing is lost
 * where nothing needs to be.
 */
#include <errno.h>
#include <unistd.h>

#include "nicbench.h"
#include "rigguest.h"
#include "virtio_vdpa.h"

#include "drv_names.h" /* last: DPDK has a RUNNING of its own */

static struct rigguest the_guest;

static struct vhuser_conf
guest_of(uint16_t pairs, bool packed, enum vhuser_doorbells doorbells)
{
	struct vhuser_conf conf = vhuser_usual;

	conf.queues = 2 * pairs;
	conf.size = 64;
	conf.doorbells = doorbells;
	if (packed) {
		conf.features |= VIO_BIT(VIO_F_RING_PACKED);
		conf.base = 0x8000;
	}
	return conf;
}

/* A rig's case with a guest that is let go of in any case. */
static int
with_guest(struct rig *rig, const struct vhuser_conf *conf,
	int (*run)(struct rigguest *g, const char *arg), const char *arg)
{
	int ret = rigguest_start(&the_guest, rig, conf);

	if (ret == 0)
		ret = run(&the_guest, arg);
	rigguest_end(&the_guest);
	return ret;
}

/* Nothing of the guest is left on the device's side, while its connection is still there. */
static int
is_unwound(struct rig *rig)
{
	struct rte_pmd_vdpa_virtio_status s = rig_status(rig);
	uint16_t i;

	UT_EQ(s.state, FAILED);
	UT_CHECK(s.text[0] != '\0');
	UT_EQ(s.queues + s.queues_mapped + s.queues_irq_direct, 0);
	UT_EQ(s.features, 0);
	UT_EQ(s.dma_maps, 0);
	UT_EQ(s.dma_bytes, 0);
	for (i = 0; i < rig->vu.conf.queues; i++) {
		UT_CHECK(!rig_queue(rig, i).running);
		UT_EQ(rig_queue(rig, i).kick, RTE_PMD_VDPA_VIRTIO_KICK_NONE);
		UT_EQ(rig_queue(rig, i).irq, RTE_PMD_VDPA_VIRTIO_IRQ_NONE);
	}
	UT_EQ(RIG_LOOK(rig, dma.num_maps), 0);
	UT_EQ(RIG_LOOK(rig, irq.wired), 0);
	return 0;
}

static bool
doorbells_are_back(struct rig *rig)
{
	bool back;

	pthread_mutex_lock(&rig->vu.lock);
	back = rig->vu.unmaps_asked >= 1;
	pthread_mutex_unlock(&rig->vu.lock);
	return back;
}

/* The VF is there again, and a guest runs on it as if nothing had been. */
static int
comes_back(struct rig *rig, const struct vhuser_conf *conf)
{
	int ret;

	UT_DO(rig_revive(rig));
	UT_DO(rig_state(rig, PROBED, OK));
	UT_DO(rig_event(rig, EVENT(RETURNED), NULL));
	UT_EQ(rig_status(rig).vectors, 16);
	if (rig->guest)
		UT_DO(rig_guest_gone(rig));
	rig_forget_events(rig);
	UT_DO(rigguest_start(&the_guest, rig, conf));
	ret = rigguest_traffic(&the_guest, 3);
	rigguest_end(&the_guest);
	UT_EQ(ret, 0);
	UT_DO(rig_guest_gone(rig));
	rig_forget_events(rig);
	return 0;
}

/* --- removal --- */

/* Frames both ways until the fault strikes, or a few more. */
static int
traffic_until_struck(struct rigguest *g, const char *fault)
{
	uint8_t frame[RIGGUEST_FRAME] = { 0x02 };
	const void *piece = frame;
	uint32_t len = sizeof(frame), i;
	const struct nicsim_meta none = { 0 };
	struct nicsim_port *port = nicsim_port(g->rig->nic, 1);

	UT_DO(rigguest_traffic(g, 5));
	UT_DO(rig_fault(g->rig, fault));
	for (i = 0; i < 10; i++) {
		UT_DO(rigguest_send(g, 0, 1000 + i));
		UT_EQ(nicsim_port_tx(port, 0, &piece, &len, 1, &none), 0);
		nicsim_port_tx_kick(port);
		usleep(2000); /* so that the device asks for kicks again */
	}
	return 0;
}

static int
removed_under_traffic_run(struct rigguest *g, const char *fault)
{
	struct rig *rig = g->rig;
	struct nicsim_vf_stats st;

	if (rig->vu.conf.doorbells == VHUSER_ACCEPT)
		UT_DO(rigguest_map(g));
	UT_DO(traffic_until_struck(g, fault));
	UT_DO(rig_gone(rig));
	UT_EQ(rig->event[rig->seen - 1].event.vid, rig_status(rig).vid);
	UT_DO(is_unwound(rig));
	UT_EQ(rig_status(rig).reason, REASON(GONE));
	UT_EQ(rig_status(rig).vectors, 0);
	if (rig->vu.conf.doorbells == VHUSER_ACCEPT) {
		UT_EQ(rig_wait(doorbells_are_back, rig), 0);
		*g->page[1] = 1; /* a guest that rings on: nobody hears it */
	}
	nicsim_vf_stats(rig->vf, &st);
	UT_CHECK(st.gone);
	UT_EQ(st.dma_faults, 0); /* what was unmapped was not touched afterwards */
	UT_CHECK(st.violation == NULL);
	return strcmp(fault, "gone") == 0 ? rigguest_silent(g) : 0;
}

static const char *removal;

static int
removed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);

	UT_DO(with_guest(rig, &conf, removed_under_traffic_run, removal));
	UT_DO(comes_back(rig, &conf));
	conf = guest_of(2, true, VHUSER_NO_CHANNEL);
	UT_DO(with_guest(rig, &conf, removed_under_traffic_run, removal));
	return comes_back(rig, &conf);
}

/* At once, and in the middle of what the function does for the guest. */
static int
removed_under_traffic(void)
{
	static const char *const faults[] = { "gone", "gone@tx", "gone@tx+4", "gone@rx",
		"gone@rx+3", "gone@kick+2" };
	unsigned int i;

	for (i = 0; i < RTE_DIM(faults); i++) {
		removal = faults[i];
		if (rig_run(NULL, removed_run) != 0)
			UT_FAIL("with %s", removal);
	}
	return 0;
}

/* At a named point of the bring-up, or before the n-th access of it. */
static int
removed_starting_each(struct rig *rig, const char *fault)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_NO_CHANNEL);

	UT_DO(rig_fault(rig, fault));
	rig_forget_events(rig);
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_gone(rig));
	UT_DO(is_unwound(rig));
	UT_EQ(rig_status(rig).starts, 0);
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_revive(rig));
	UT_EQ(rig_status(rig).state, PROBED);
	return 0;
}

static int
removed_starting_run(struct rig *rig)
{
	static const char *const faults[] = { "gone@reset", "gone@map", "gone@map+2",
		"gone@features", "gone@irq", "gone@enable", "gone@enable+5", "gone@driver-ok",
		"gone@ctrl", "gone@ctrl+2", "gone@kick" };
	struct vhuser_conf conf = guest_of(2, false, VHUSER_NO_CHANNEL);
	char text[NICSIM_FAULT_TEXT];
	unsigned int i;

	for (i = 0; i < RTE_DIM(faults); i++)
		if (removed_starting_each(rig, faults[i]) != 0)
			UT_FAIL("with %s", faults[i]);
	for (i = 1; i <= 120; i++) {
		snprintf(text, sizeof(text), "gone@access+%u", i);
		if (removed_starting_each(rig, text) != 0)
			UT_FAIL("with %s", text);
	}
	rig_forget_events(rig);
	return rig_running(rig, &conf);
}

static int
removed_starting(void)
{
	return rig_run(NULL, removed_starting_run);
}

/* Without a guest; and the guest that comes while it is away is told why not. */
static int
removed_idle_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);

	UT_DO(rig_fault(rig, "gone"));
	UT_DO(rig_gone(rig));
	UT_EQ(rig_status(rig).vid, -1);
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, FAILED, REASON(GONE)));
	UT_DO(is_unwound(rig));
	return comes_back(rig, &conf);
}

static int
removed_idle(void)
{
	return rig_run(NULL, removed_idle_run);
}

/* Away and back, again and again, with guests that hold on to their connection. */
static int
in_and_out_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);
	unsigned int i;
	int fds = 0;
	uint16_t q;

	for (i = 0; i < 20; i++) {
		rig_forget_events(rig);
		UT_DO(rig_running(rig, &conf));
		UT_DO(rig_fault(rig, "gone"));
		UT_DO(rig_gone(rig));
		UT_DO(rig_revive(rig));
		UT_DO(rig_state(rig, PROBED, OK));
		/* the guest's driver starts anew, on its old connection */
		for (q = 0; q < 4; q++)
			UT_EQ(vhuser_stop(&rig->vu, q), 0);
		UT_EQ(vhuser_status(&rig->vu, 0), 0);
		for (q = 0; q < 4; q++)
			UT_EQ(vhuser_ring(&rig->vu, q), 0);
		UT_EQ(vhuser_driver_ok(&rig->vu), 0);
		UT_DO(rig_state(rig, STARTING, OK));
		UT_DO(rig_state(rig, RUNNING, OK));
		UT_EQ(rig_status(rig).queues, 4);
		UT_DO(rig_guest_gone(rig));
		if (i == 0)
			fds = rig_fds();
		UT_EQ(rig_fds(), fds);
	}
	UT_EQ(rig_status(rig).starts, 40);
	UT_EQ(rig_status(rig).failures, 20);
	return 0;
}

static int
in_and_out(void)
{
	return rig_run(NULL, in_and_out_run);
}

/*
 * Away without a word, and back before or after the driver noticed: the bus says so then, the
 * driver lets go, and takes it again.
 */
static int
returns_unnoticed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);
	struct virtio_vdpa_fault why;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		rig_forget_events(rig);
		UT_DO(rig_running(rig, &conf));
		UT_DO(rig_fault(rig, "gone=1"));
		if (i == 1) /* it looks at the status now and then */
			UT_DO(rig_state(rig, FAILED, REASON(GONE)));
		UT_DO(rig_fault(rig, "return"));
		UT_DO(rig_gone(rig));
		UT_DO(is_unwound(rig));
		while (RIG_LOOK(rig, open))
			usleep(1000);
		UT_EQ(nicsim_eth_bus_open(rig->vf, &rig->bus), 0);
		UT_EQ(virtio_vdpa_revive(&rig->rdev, rig->bus, &why), 0);
		UT_DO(rig_state(rig, PROBED, OK));
		UT_DO(rig_guest_gone(rig));
	}
	rig_forget_events(rig);
	UT_DO(rig_fault(rig, "gone"));
	UT_DO(rig_gone(rig));
	return comes_back(rig, &conf);
}

static int
returns_unnoticed(void)
{
	return rig_run(NULL, returns_unnoticed_run);
}

/* Back as something less: it is not taken for what it was. */
static int
returns_as_less_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, true, VHUSER_ACCEPT);
	struct virtio_vdpa_fault why;

	UT_DO(rig_fault(rig, "no-packed"));
	UT_DO(rig_running(rig, &conf)); /* not before its next power-on */
	UT_CHECK(rig_status(rig).features & VIO_BIT(VIO_F_RING_PACKED));
	UT_DO(rig_fault(rig, "gone"));
	UT_DO(rig_gone(rig));
	while (RIG_LOOK(rig, open))
		usleep(1000);
	UT_DO(rig_fault(rig, "return"));
	UT_EQ(nicsim_eth_bus_open(rig->vf, &rig->bus), 0);
	UT_EQ(virtio_vdpa_revive(&rig->rdev, rig->bus, &why), -ENOTSUP);
	UT_EQ(why.reason, REASON(DEVICE));
	UT_CHECK(strstr(why.text, "remedy") != NULL);
	rig->bus->ops->close(rig->bus);
	rig->bus = NULL;
	UT_EQ(rig_status(rig).state, FAILED);
	/* as what it was it is welcome */
	nicsim_vf_fault_clear(rig->vf);
	UT_DO(rig_fault(rig, "gone"));
	return comes_back(rig, &conf);
}

static int
returns_as_less(void)
{
	return rig_run(NULL, returns_as_less_run);
}

/* --- needs reset, link --- */

static int
needs_reset_under_traffic_run(struct rigguest *g, const char *fault)
{
	struct rig *rig = g->rig;

	UT_DO(traffic_until_struck(g, fault));
	UT_DO(rig_state(rig, FAILED, REASON(NEEDS_RESET)));
	UT_EQ(rig->event[rig->seen - 1].event.from, RUNNING);
	UT_EQ(rig->event[rig->seen - 1].event.error, -EIO);
	UT_DO(is_unwound(rig));
	UT_EQ(rig_wait(doorbells_are_back, rig), 0);
	UT_EQ(RIG_LOOK(rig, regs.status), 0);
	UT_EQ(RIG_LOOK(rig, dma.faults), 0);
	return rig_no_event(rig, EVENT(STATE));
}

static int
needs_reset_run(struct rig *rig)
{
	static const char *const faults[] = { "needs-reset@tx+2", "needs-reset@rx+2",
		"needs-reset@kick" };
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);
	unsigned int i;

	for (i = 0; i < RTE_DIM(faults); i++) {
		rig_forget_events(rig);
		if (with_guest(rig, &conf, needs_reset_under_traffic_run, faults[i]) != 0)
			UT_FAIL("with %s", faults[i]);
		UT_DO(rig_guest_gone(rig));
		UT_DO(rig_state(rig, PROBED, OK));
	}
	UT_EQ(rig_status(rig).failures, RTE_DIM(faults));
	return 0;
}

static int
needs_reset_under_traffic(void)
{
	return rig_run(NULL, needs_reset_run);
}

/* A ring that a guest's driver spoiled: the device says so, and the driver ends it. */
static int
broken_ring_run(struct rigguest *g, const char *arg)
{
	struct rig *rig = g->rig;
	uint64_t gpa[3];
	uint16_t *avail;

	(void)arg;
	UT_DO(rigguest_traffic(g, 2));
	vhuser_areas(&rig->vu, 1, gpa);
	avail = vhuser_at(&rig->vu, gpa[1], 4);
	__atomic_store_n(&avail[1], 40000, __ATOMIC_SEQ_CST);
	vhuser_kick(&rig->vu, 1);
	UT_DO(rig_state(rig, FAILED, REASON(NEEDS_RESET)));
	UT_EQ(RIG_LOOK(rig, queue[1].ring.errors[NICSIM_RING_INDEX]), 1);
	return is_unwound(rig);
}

static int
broken_ring_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, false, VHUSER_NO_CHANNEL);

	return with_guest(rig, &conf, broken_ring_run, NULL);
}

static int
broken_ring(void)
{
	return rig_run(NULL, broken_ring_case);
}

/* The link goes at some frame: an event, and frames from outside get nowhere until it is back. */
static int
link_under_traffic_run(struct rigguest *g, const char *arg)
{
	struct rig *rig = g->rig;
	struct nicsim_vf_stats st;
	struct rig_event e;

	(void)arg;
	UT_DO(traffic_until_struck(g, "link-down@tx+3"));
	UT_DO(rig_event(rig, EVENT(LINK), &e));
	UT_CHECK(!e.event.link_up);
	UT_EQ(e.event.state, RUNNING);
	UT_CHECK(!rig_status(rig).link_up);
	nicsim_vf_stats(rig->vf, &st);
	UT_CHECK(!st.link_up);
	UT_DO(rig_fault(rig, "link-up"));
	UT_DO(rig_event(rig, EVENT(LINK), &e));
	UT_CHECK(e.event.link_up);
	UT_EQ(rig_status(rig).failures, 0);
	UT_EQ(rig_status(rig).queues, 4);
	return 0;
}

static int
link_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);

	return with_guest(rig, &conf, link_under_traffic_run, NULL);
}

static int
link_under_traffic(void)
{
	return rig_run(NULL, link_case);
}

/* --- queues --- */

/* A queue that is not worked on: the driver runs on, and nothing is lost once it is. */
static int
stall_run(struct rigguest *g, const char *arg)
{
	struct rig *rig = g->rig;
	uint32_t i;

	if (strcmp(arg, "mapped") == 0)
		UT_DO(rigguest_map(g));
	UT_DO(rigguest_traffic(g, 3));
	UT_DO(rig_fault(rig, "queue-stall=1"));
	for (i = 0; i < 20; i++)
		UT_DO(rigguest_send(g, 0, 100 + i));
	UT_DO(rigguest_silent(g));
	/* the other pair goes on, and so does the driver, past its next look at the device */
	UT_DO(rigguest_send(g, 1, 500));
	UT_DO(rigguest_sent(g, 500));
	usleep(1100000);
	UT_EQ(rig_status(rig).state, RUNNING);
	UT_EQ(rig_status(rig).queues, 4);
	UT_DO(rigguest_silent(g));
	nicsim_vf_fault_clear(rig->vf);
	for (i = 0; i < 20; i++)
		UT_DO(rigguest_sent(g, 100 + i));
	UT_DO(rigguest_traffic(g, 20));
	UT_DO(rig_no_event(rig, EVENT(STATE)));
	return 0;
}

static int
stall_relayed_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_NO_CHANNEL);

	return with_guest(rig, &conf, stall_run, "relayed");
}

static int
stall_mapped_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, true, VHUSER_ACCEPT);

	return with_guest(rig, &conf, stall_run, "mapped");
}

static int
queue_stalls(void)
{
	UT_DO(rig_run(NULL, stall_relayed_run));
	return rig_run(NULL, stall_mapped_run);
}

/* A guest that goes while its queue stalls: the reset takes the queue back all the same. */
static int
stall_and_go_run(struct rigguest *g, const char *arg)
{
	(void)arg;
	UT_DO(rig_fault(g->rig, "queue-stall=1"));
	UT_DO(rigguest_send(g, 0, 1));
	UT_DO(rig_guest_gone(g->rig));
	nicsim_vf_fault_clear(g->rig->vf);
	UT_DO(rigguest_silent(g));
	UT_EQ(RIG_LOOK(g->rig, dma.faults), 0);
	return 0;
}

static int
stall_and_go_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, false, VHUSER_NO_CHANNEL);

	UT_DO(with_guest(rig, &conf, stall_and_go_run, NULL));
	rig_forget_events(rig);
	return rig_running(rig, &conf);
}

static int
stall_and_go(void)
{
	return rig_run(NULL, stall_and_go_case);
}

/* Completions in any order: a guest without IN_ORDER takes them; it stops where the device is. */
static int
disorder_run(struct rigguest *g, const char *arg)
{
	struct rig *rig = g->rig;
	uint64_t cookie, swapped = 0, last = 0;
	uint32_t len, i, sent, back = 0;
	int ret;

	(void)arg;
	for (sent = 0; sent < 40 * 16; sent += 16) {
		UT_DO(rig_fault(rig, "queue-stall=1")); /* so that there are some to choose from */
		for (i = 0; i < 16; i++)
			UT_DO(rigguest_send(g, 0, sent + i));
		nicsim_vf_fault_clear(rig->vf);
		UT_DO(rig_fault(rig, "disorder=8"));
		for (i = 0; i < 16; i++) {
			uint8_t data[RIGGUEST_BUF];

			UT_EQ(nicbench_port_wait(
				      nicsim_port(rig->nic, 1), data, sizeof(data), RIG_WAIT_MS),
				RIGGUEST_FRAME);
		}
		for (i = 0; i < 16;) {
			ret = guestring_used(&g->ring[1], &cookie, &len);
			if (ret < 0)
				UT_FAIL("%s", g->ring[1].wrong);
			if (ret == 0)
				continue;
			UT_CHECK((g->idle[1] >> cookie & 1) == 0); /* each once */
			g->idle[1] |= UINT32_C(1) << cookie;
			swapped += i != 0 && cookie < last;
			last = cookie;
			i++;
			back++;
		}
	}
	UT_GE(swapped, 40);
	UT_EQ(rig_status(rig).state, RUNNING);
	UT_EQ(vhuser_stop(&rig->vu, 1), (int)(back & 0xffff));
	return 0;
}

static int
disorder_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, false, VHUSER_NO_CHANNEL);

	return with_guest(rig, &conf, disorder_run, NULL);
}

static int
disorder(void)
{
	return rig_run(NULL, disorder_case);
}

/* --- what the function is --- */

static int
traffic_run(struct rigguest *g, const char *arg)
{
	(void)arg;
	UT_DO(rigguest_traffic(g, 20));
	return rig_no_event(g->rig, EVENT(STATE));
}

static uint16_t vectors;

static int
vectors_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);
	uint16_t direct = vectors > 4 ? 4 : vectors < 2 ? 0 : vectors - 2;

	UT_EQ(rig_status(rig).vectors, vectors);
	UT_DO(with_guest(rig, &conf, traffic_run, NULL));
	UT_EQ(rig_status(rig).queues_irq_direct, direct);
	UT_EQ(rig_stat(rig, 0, "interrupt_direct"), direct > 0);
	if (direct == 0) /* both receive queues were called through this process */
		UT_GE(rig_stat(rig, 0, "interrupts_relayed"), 20);
	return 0;
}

/* Fewer vectors than queues: interrupts are relayed, and none is missing. */
static int
few_vectors(void)
{
	char text[NICSIM_FAULT_TEXT];
	const struct rig_conf conf = { .fault = text };

	for (vectors = 1; vectors <= 5; vectors++) {
		snprintf(text, sizeof(text), "vectors=%u", vectors);
		if (rig_run(&conf, vectors_case) != 0)
			UT_FAIL("with %u vectors", vectors);
	}
	return 0;
}

/* RING_RESET is a convenience: without it, or with one that does not work, guests come and go. */
static int
ring_reset_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);
	bool offered = (RIG_LOOK(rig, regs.conf.offered) & VIO_BIT(VIO_F_RING_RESET)) != 0;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		rig_forget_events(rig);
		UT_DO(with_guest(rig, &conf, traffic_run, NULL));
		UT_EQ((rig_status(rig).features & VIO_BIT(VIO_F_RING_RESET)) != 0, offered);
		UT_DO(rig_guest_gone(rig));
	}
	UT_EQ(rig_status(rig).failures, 0);
	return 0;
}

static int
ring_reset(void)
{
	static const char *const faults[] = { "no-ring-reset", "queue-reset-stuck",
		"half-queue-reset" };
	struct rig_conf conf = { .fault = NULL };
	unsigned int i;

	for (i = 0; i < RTE_DIM(faults); i++) {
		conf.fault = faults[i];
		if (rig_run(&conf, ring_reset_case) != 0)
			UT_FAIL("with %s", faults[i]);
	}
	return 0;
}

/* Doorbells that share a page are not given to guests: kicks go through this process. */
static int
no_notify_pages_run(struct rigguest *g, const char *arg)
{
	struct rig *rig = g->rig;
	uint16_t i;

	(void)arg;
	UT_EQ(vhuser_maps_asked(&rig->vu), 0);
	UT_EQ(rig_status(rig).queues_mapped, 0);
	UT_DO(rigguest_traffic(g, 20));
	for (i = 0; i < 4; i++)
		UT_EQ(rig_queue(rig, i).kick, RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	UT_GE(rig_status(rig).kicks_relayed, 20);
	UT_CHECK(!nicsim_vf_is_polled(rig->vf));
	return 0;
}

static int
no_notify_pages_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);

	return with_guest(rig, &conf, no_notify_pages_run, NULL);
}

static int
no_notify_pages(void)
{
	const struct rig_conf conf = { .fault = "no-notify-pages" };

	return rig_run(&conf, no_notify_pages_case);
}

/* Mapped, no kick goes through this process. */
static int
notify_pages_run(struct rigguest *g, const char *arg)
{
	struct nicsim_queue_stats st;

	(void)arg;
	UT_DO(rigguest_map(g));
	UT_DO(rigguest_traffic(g, 20));
	UT_EQ(rig_status(g->rig).kicks_relayed, 0);
	UT_EQ(nicsim_vf_queue_stats(g->rig->vf, 1, &st), 0);
	UT_GE(st.kicks_page, 10);
	UT_EQ(st.frames, 20);
	return 0;
}

static int
notify_pages_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, true, VHUSER_ACCEPT);

	return with_guest(rig, &conf, notify_pages_run, NULL);
}

static int
notify_pages(void)
{
	return rig_run(NULL, notify_pages_case);
}

/* Packed rings are not offered then, and a guest that would have them takes split ones. */
static int
no_packed_case(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);

	UT_DO(with_guest(rig, &conf, traffic_run, NULL));
	UT_EQ(rig->vu.offered & VIO_BIT(VIO_F_RING_PACKED), 0);
	UT_DO(rig_guest_gone(rig));
	rig_forget_events(rig);
	conf.features |= VIO_BIT(VIO_F_RING_PACKED);
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig->vu.features & VIO_BIT(VIO_F_RING_PACKED), 0);
	UT_EQ(rig_status(rig).features & VIO_BIT(VIO_F_RING_PACKED), 0);
	return 0;
}

static int
no_packed(void)
{
	const struct rig_conf conf = { .fault = "no-packed" };

	return rig_run(&conf, no_packed_case);
}

/* --- control queue, at a later point --- */

/* The announcement, and what a control queue that went silent in the meantime means for it. */
static int
announce_silent_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, VHUSER_ACCEPT);

	UT_DO(rig_running(rig, &conf));
	UT_DO(rig_fault(rig, "ctrl-silent"));
	UT_DO(rig_fault(rig, "announce"));
	UT_DO(rig_event(rig, EVENT(ANNOUNCE), NULL)); /* the guest is told all the same */
	UT_EQ(RIG_LOOK(rig, ctrl.announced), 0);
	UT_EQ(rig_status(rig).state, RUNNING);
	/* answered too late to be believed: pairs cannot be changed any more */
	nicsim_vf_fault_clear(rig->vf);
	UT_EQ(vhuser_enable(&rig->vu, 2, false), 0);
	UT_EQ(vhuser_enable(&rig->vu, 3, false), 0);
	UT_DO(rig_state(rig, FAILED, REASON(CONTROL)));
	UT_EQ(rig->event[rig->seen - 1].event.error, -EPIPE);
	return is_unwound(rig);
}

static int
announce_silent(void)
{
	return rig_run(NULL, announce_silent_run);
}

/* The n-th command of the start fails: silent, refused, nonsense. */
static int
control_at_run(struct rig *rig)
{
	static const struct {
		const char *fault;
		int error; /* 0: it runs */
	} all[] = {
		{ "ctrl-silent@ctrl", -ETIMEDOUT },
		{ "ctrl-silent@ctrl+3", -ETIMEDOUT },
		{ "ctrl-error@ctrl", -EPERM }, /* receive modes may be refused, pairs may not */
		{ "ctrl-error@ctrl+3", -EPERM },
		{ "ctrl-garbage@ctrl+2", -EPROTO },
		{ "ctrl-garbage=4@ctrl+2", 0 },
	};
	struct vhuser_conf conf = guest_of(2, false, VHUSER_NO_CHANNEL);
	unsigned int i;

	for (i = 0; i < RTE_DIM(all); i++) {
		rig_forget_events(rig);
		UT_DO(rig_fault(rig, all[i].fault));
		UT_DO(rig_guest(rig, &conf));
		UT_DO(rig_state(rig, STARTING, OK));
		if (all[i].error == 0) {
			UT_DO(rig_state(rig, RUNNING, OK));
		} else {
			UT_DO(rig_state(rig, FAILED, REASON(CONTROL)));
			UT_EQ(rig->event[rig->seen - 1].event.error, all[i].error);
			UT_DO(is_unwound(rig));
		}
		UT_DO(rig_guest_gone(rig));
		rig_cure(rig);
	}
	return 0;
}

static int
control_at(void)
{
	return rig_run(NULL, control_at_run);
}

static const struct ut_case cases[] = {
	UT_CASE(removed_under_traffic),
	UT_CASE(removed_starting),
	UT_CASE(removed_idle),
	UT_CASE(in_and_out),
	UT_CASE(returns_unnoticed),
	UT_CASE(returns_as_less),
	UT_CASE(needs_reset_under_traffic),
	UT_CASE(broken_ring),
	UT_CASE(link_under_traffic),
	UT_CASE(queue_stalls),
	UT_CASE(stall_and_go),
	UT_CASE(disorder),
	UT_CASE(few_vectors),
	UT_CASE(ring_reset),
	UT_CASE(notify_pages),
	UT_CASE(no_notify_pages),
	UT_CASE(no_packed),
	UT_CASE(announce_silent),
	UT_CASE(control_at),
	UT_END,
};
UT_SUITE(drv_fault, "integration", cases)
