/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Guests that start: what the device is told, in which order, and what the driver says of it.
 */
#include <errno.h>

#include "rig.h"

#include "drv_names.h" /* last: DPDK has a RUNNING of its own */

/* What the driver uses of rig_vf whatever the guest has. */
#define OWN (VIO_BIT(VIO_F_ACCESS_PLATFORM) | VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_NET_F_MAC) | \
	VIO_BIT(VIO_NET_F_STATUS) | VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX) | \
	VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | \
	VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE))
#define FRONT_END (VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(30)) /* the front-end's and vhost's own */

static struct vhuser_conf
guest_of(uint16_t pairs, bool packed, bool status)
{
	struct vhuser_conf conf = vhuser_usual;

	conf.queues = 2 * pairs;
	conf.status = status;
	if (packed) {
		conf.features |= VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER);
		conf.base = 0x8000;
		conf.size = 200;
	}
	return conf;
}

/* Of the trace: the place of the n-th write to a register with that value; -1: none. */
static int
written(const struct nicsim_regs *regs, uint64_t reg, uint32_t val, unsigned int n)
{
	uint32_t i;

	for (i = 0; i < regs->traced; i++)
		if (regs->trace[i].write && regs->trace[i].off == regs->common.off + reg &&
			(regs->trace[i].val & val) == val && n-- == 0)
			return (int)i;
	return -1;
}

/* 3.1.1: reset, features, then the queues in their order, and DRIVER_OK after the last. */
static int
order_is_right(const struct nicsim_regs *regs, unsigned int queues)
{
	int features, ok, at, before;
	unsigned int i;

	UT_LE(regs->traced, NICSIM_REGS_TRACE - 1);
	features = written(regs, VIO_COMMON_STATUS, VIO_STATUS_FEATURES_OK, 0);
	ok = written(regs, VIO_COMMON_STATUS, VIO_STATUS_DRIVER_OK, 0);
	UT_EQ(written(regs, VIO_COMMON_STATUS, VIO_STATUS_DRIVER_OK, 1), -1);
	before = features;
	for (i = 0; i < queues; i++) {
		at = written(regs, VIO_COMMON_Q_ENABLE, 1, i);
		UT_CHECK(at > before);
		before = at;
	}
	UT_EQ(written(regs, VIO_COMMON_Q_ENABLE, 1, queues), -1);
	UT_CHECK(ok > before && features > 0);
	return 0;
}

static int
ring_is_known(struct rig *rig, uint16_t qid)
{
	const struct nicsim_regs_queue q = RIG_LOOK(rig, regs.q[qid]);
	uint64_t gpa[3];

	vhuser_areas(&rig->vu, qid, gpa);
	UT_EQ(q.addr[0], gpa[0]);
	UT_EQ(q.addr[1], gpa[1]);
	UT_EQ(q.addr[2], gpa[2]);
	UT_EQ(q.size, rig->vu.conf.size);
	UT_EQ(q.enable, 1);
	UT_EQ(q.vector, 1 + qid);
	UT_GE(q.kicks, 1); /* for what was there before it looked */
	return 0;
}

static int
device_knows(struct rig *rig)
{
	uint64_t offered = RIG_LOOK(rig, regs.conf.offered);
	uint64_t features = (rig->vu.features & offered & ~FRONT_END) | OWN;
	uint16_t i;
	int ret;

	UT_EQ(RIG_LOOK(rig, regs.status), VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER |
		VIO_STATUS_FEATURES_OK | VIO_STATUS_DRIVER_OK);
	UT_EQ(RIG_LOOK(rig, regs.driver_features), features);
	UT_EQ(RIG_LOOK(rig, regs.config_vector), 0);
	for (i = 0; i < rig->vu.conf.queues; i++)
		UT_DO(ring_is_known(rig, i));
	nicsim_vf_lock(rig->vf);
	ret = order_is_right(&rig->vf->regs, rig->vu.conf.queues + 1u);
	nicsim_vf_unlock(rig->vf);
	UT_EQ(ret, 0);
	for (i = 0; i < rig->vu.conf.regions; i++) {
		const struct vhuser_region *r = &rig->vu.conf.region[i];

		UT_CHECK(rig_at(rig, r->gpa, r->len) != NULL);
	}
	return 0;
}

static int
queue_is_told(struct rig *rig, uint16_t qid, bool mapped)
{
	struct rte_pmd_vdpa_virtio_queue q = rig_queue(rig, qid);

	UT_CHECK(q.running && q.enabled);
	UT_EQ(q.kick, mapped ? RTE_PMD_VDPA_VIRTIO_KICK_MAPPED : RTE_PMD_VDPA_VIRTIO_KICK_RELAY);
	UT_EQ(q.irq, RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT);
	UT_EQ(q.size, rig->vu.conf.size);
	UT_EQ(q.vector, 1 + qid);
	UT_EQ(q.kicks_relayed, 0);
	UT_EQ(q.irqs_relayed, 0);
	UT_EQ(rig_stat(rig, qid, "running"), 1);
	UT_EQ(rig_stat(rig, qid, "doorbell_mapped"), mapped);
	UT_EQ(rig_stat(rig, qid, "interrupt_direct"), 1);
	UT_EQ(rig_stat(rig, qid, "size"), rig->vu.conf.size);
	UT_EQ(rig_stat(rig, qid, "kicks_relayed"), 0);
	UT_EQ(rig_stat(rig, qid, "interrupts_relayed"), 0);
	return 0;
}

static int
driver_tells(struct rig *rig, bool mapped)
{
	struct rte_pmd_vdpa_virtio_status s = rig_status(rig);
	uint16_t i, queues = rig->vu.conf.queues;
	uint64_t bytes = 8192;

	for (i = 0; i < rig->vu.conf.regions; i++)
		bytes += rig->vu.conf.region[i].len;
	UT_EQ(s.state, RUNNING);
	UT_EQ(s.reason, OK);
	UT_STR(s.text, "");
	UT_GE(s.vid, 0);
	UT_EQ(s.queues, queues);
	UT_EQ(s.queues_mapped, mapped ? queues : 0);
	UT_EQ(s.queues_irq_direct, queues);
	UT_EQ(s.vectors, 16);
	UT_CHECK(s.link_up);
	UT_EQ(s.features, RIG_LOOK(rig, regs.driver_features));
	UT_EQ(s.dma_maps, rig->vu.conf.regions + 1);
	UT_EQ(s.dma_bytes, bytes);
	UT_EQ(RIG_LOOK(rig, dma.bytes), bytes);
	UT_EQ(s.starts, 1);
	UT_EQ(s.failures, 0);
	for (i = 0; i < queues; i++)
		UT_DO(queue_is_told(rig, i, mapped));
	return 0;
}

/* Each doorbell at its own page of the function's BAR, as VFIO has it. */
static int
doorbells_are_mapped(struct rig *rig)
{
	uint16_t i;

	UT_EQ(vhuser_maps_asked(&rig->vu), rig->vu.conf.queues);
	pthread_mutex_lock(&rig->vu.lock);
	for (i = 0; i < rig->vu.conf.queues; i++) {
		if (rig->vu.area_off[i] !=
				NICSIM_VF_BAR_OFFSET + rig->vf->regs.notify.off +
					i * UINT64_C(4096) ||
			rig->vu.area_len[i] != 4096 || !rig->vu.has_fd[i])
			break;
	}
	pthread_mutex_unlock(&rig->vu.lock);
	UT_EQ(i, rig->vu.conf.queues);
	return 0;
}

static bool
four_pairs(struct rig *rig)
{
	return rig->vf->ctrl.pairs == 4;
}

static bool
one_pair(struct rig *rig)
{
	return rig->vf->ctrl.pairs == 0; /* nothing needs to be said then */
}

static void
trace_clear(struct rig *rig)
{
	nicsim_vf_lock(rig->vf);
	nicsim_regs_trace_clear(&rig->vf->regs);
	nicsim_vf_unlock(rig->vf);
}

static int
each_runs(struct rig *rig, uint16_t pairs, bool packed, bool status)
{
	struct vhuser_conf conf = guest_of(pairs, packed, status);
	uint8_t config[12];
	bool same;

	trace_clear(rig);
	UT_DO(rig_running(rig, &conf));
	if (!status) /* then pairs may come after the start */
		UT_EQ(rig_until(rig, pairs == 4 ? four_pairs : one_pair), 0);
	UT_DO(rig_settle(rig));
	UT_DO(device_knows(rig));
	UT_DO(driver_tells(rig, true));
	UT_DO(doorbells_are_mapped(rig));
	UT_EQ(RIG_LOOK(rig, ctrl.pairs), pairs > 1 ? pairs : 0);
	UT_CHECK(RIG_LOOK(rig, ctrl.promisc) && RIG_LOOK(rig, ctrl.allmulti));
	UT_EQ(vhuser_config(&rig->vu, config, sizeof(config)), 0);
	nicsim_vf_lock(rig->vf);
	same = memcmp(config, rig->vf->regs.netcfg, sizeof(config)) == 0;
	nicsim_vf_unlock(rig->vf);
	UT_CHECK(same);
	return 0;
}

#define RUNS(name, pairs, packed, status) \
	static int name##_run(struct rig *rig) \
	{ \
		return each_runs(rig, pairs, packed, status); \
	} \
	static int name(void) \
	{ \
		return rig_run(NULL, name##_run); \
	}

RUNS(split_1_pair, 1, false, true)
RUNS(split_4_pairs, 4, false, true)
RUNS(packed_1_pair, 1, true, true)
RUNS(packed_4_pairs, 4, true, true)
RUNS(split_1_pair_without_status, 1, false, false)
RUNS(split_4_pairs_without_status, 4, false, false)
RUNS(packed_4_pairs_without_status, 4, true, false)

/* Several regions of guest memory; the rings in the last. */
static int
regions_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, true);

	conf.regions = 3;
	conf.region[0] = (struct vhuser_region){ .gpa = 0, .len = 0xa0000, .off = 0 };
	conf.region[1] =
		(struct vhuser_region){ .gpa = 0xc0000, .len = 0x100000, .off = 0xc0000 };
	conf.region[2] = (struct vhuser_region){
		.gpa = UINT64_C(0x100000000), .len = 0x200000, .off = 0x200000 };
	conf.ring_gpa = UINT64_C(0x100000000);
	trace_clear(rig);
	UT_DO(rig_running(rig, &conf));
	UT_DO(device_knows(rig));
	UT_EQ(RIG_LOOK(rig, dma.num_maps), 4);
	return 0;
}

static int
regions(void)
{
	return rig_run(NULL, regions_run);
}

/* A device without MQ and control queue: one pair, and nothing is said to it. */
static int
plain_device_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, false, true);

	UT_EQ(rig_status(rig).max_pairs, 1);
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues, 2);
	UT_EQ(RIG_LOOK(rig, ctrl.commands), 0);
	UT_EQ(RIG_LOOK(rig, dma.num_maps), 1);
	UT_EQ(rig->vu.offered & VIO_BIT(VIO_NET_F_MQ), 0);
	return 0;
}

static void
two_queues(struct nicsim_vf *vf)
{
	vf->regs.conf.num_queues = 2;
}

static int
plain_device(void)
{
	struct nicsim_vf_conf vf = rig_vf;
	const struct rig_conf conf = { .vf = &vf, .vectors = 3, .tweak = two_queues };

	vf.features &= ~(VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_MQ));
	return rig_run(&conf, plain_device_run);
}

/* As QEMU has it: the queues of MQ are there only once it is negotiated. */
static int
queues_come_with_mq_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, false, true);

	UT_EQ(rig_status(rig).max_pairs, 4);
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues, 8);
	UT_EQ(RIG_LOOK(rig, ctrl.pairs), 4);
	return 0;
}

static void
queues_later(struct nicsim_vf *vf)
{
	vf->regs.conf.num_queues = 3;
	vf->regs.conf.num_queues_later = 9;
}

static int
queues_come_with_mq(void)
{
	const struct rig_conf conf = { .tweak = queues_later };

	return rig_run(&conf, queues_come_with_mq_run);
}

/* A guest that is offered fewer pairs than the device has. */
static int
limited_pairs_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(2, false, true);

	UT_EQ(rig_status(rig).max_pairs, 2);
	UT_EQ(rte_pmd_vdpa_virtio_max_pairs_set(rig->vdpa, 0), -ERANGE);
	UT_EQ(rte_pmd_vdpa_virtio_max_pairs_set(rig->vdpa, 5), -ERANGE);
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues, 4);
	UT_EQ(RIG_LOOK(rig, ctrl.pairs), 2);
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_STOPPING, OK));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_PROBED, OK));
	UT_EQ(rte_pmd_vdpa_virtio_max_pairs_set(rig->vdpa, 1), 0);
	conf = guest_of(1, false, true);
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig->vu.offered & VIO_BIT(VIO_NET_F_MQ), 0);
	return 0;
}

static int
limited_pairs(void)
{
	const struct rig_conf conf = { .queues = 2 };

	return rig_run(&conf, limited_pairs_run);
}

static bool
filters_for(struct rig *rig, const uint8_t mac[6])
{
	bool same;

	nicsim_vf_lock(rig->vf);
	same = memcmp(rig->vf->ctrl.mac, mac, 6) == 0;
	nicsim_vf_unlock(rig->vf);
	return same;
}

/* The device filters for the address that it is told, from the next start on. */
static int
mac_run(struct rig *rig)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 }, other[6] = { 2, 0, 0, 0, 0, 8 };
	static const uint8_t multicast[6] = { 1, 0, 0, 0, 0, 7 }, zero[6];
	struct vhuser_conf conf = guest_of(1, false, true);

	UT_EQ(rte_pmd_vdpa_virtio_mac_set(rig->vdpa, multicast), -EINVAL);
	UT_EQ(rte_pmd_vdpa_virtio_mac_set(rig->vdpa, zero), -EINVAL);
	UT_DO(rig_running(rig, &conf));
	UT_CHECK(filters_for(rig, mac));
	UT_CHECK(!RIG_LOOK(rig, ctrl.promisc) && RIG_LOOK(rig, ctrl.allmulti));
	UT_EQ(rte_pmd_vdpa_virtio_mac_set(rig->vdpa, other), 0);
	UT_CHECK(filters_for(rig, mac));
	UT_DO(rig_guest_gone(rig));
	rig_forget_events(rig);
	UT_DO(rig_running(rig, &conf));
	UT_CHECK(filters_for(rig, other));
	UT_DO(rig_guest_gone(rig));
	rig_forget_events(rig);
	UT_EQ(rte_pmd_vdpa_virtio_mac_set(rig->vdpa, NULL), 0);
	UT_DO(rig_running(rig, &conf));
	UT_CHECK(RIG_LOOK(rig, ctrl.promisc));
	return 0;
}

static int
mac(void)
{
	static const uint8_t addr[6] = { 2, 0, 0, 0, 0, 7 };
	const struct rig_conf conf = { .mac = addr };

	return rig_run(&conf, mac_run);
}

/* A VF that is not trusted refuses receive modes; the guest runs all the same. */
static int
untrusted_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, false, true);

	UT_DO(rig_fault(rig, "ctrl-error"));
	UT_DO(rig_running(rig, &conf));
	UT_GE(RIG_LOOK(rig, ctrl.commands), 1);
	UT_CHECK(!RIG_LOOK(rig, ctrl.promisc));
	UT_EQ(rig_status(rig).queues, 2);
	return 0;
}

static int
untrusted(void)
{
	return rig_run(NULL, untrusted_run);
}

/* Pairs that the guest enables later: told to the device, which had their rings from the start. */
static int
late_enable_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, false, true);
	unsigned int commands;
	uint16_t i;

	conf.enabled = 1;
	UT_DO(rig_running(rig, &conf));
	UT_EQ(rig_status(rig).queues, 8);
	UT_EQ(RIG_LOOK(rig, ctrl.pairs), 0);
	UT_CHECK(rig_queue(rig, 1).enabled && !rig_queue(rig, 2).enabled);
	commands = RIG_LOOK(rig, ctrl.commands);
	for (i = 2; i < 8; i++)
		UT_EQ(vhuser_enable(&rig->vu, i, true), 0);
	UT_EQ(vhuser_sync(&rig->vu), 0);
	UT_EQ(rig_until(rig, four_pairs), 0);
	UT_CHECK(rig_queue(rig, 7).enabled);
	UT_LE(RIG_LOOK(rig, ctrl.commands) - commands, 3); /* one for each pair at most */
	return rig_no_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_STATE);
}

static int
late_enable(void)
{
	return rig_run(NULL, late_enable_run);
}

static bool
queue_7_enabled(struct rig *rig)
{
	return rig->vf->regs.q[7].enable == 1 && rig->vf->ctrl.pairs == 4;
}

static int
interrupt_arrives(struct rig *rig, uint16_t qid)
{
	while (vhuser_called(&rig->vu, qid, 0)) /* for what the wiring may have lost */
		;
	UT_CHECK(rig_fire(rig, rig_queue(rig, qid).vector));
	UT_CHECK(vhuser_called(&rig->vu, qid, RIG_WAIT_MS));
	return 0;
}

/*
 * A front-end that tells no DRIVER_OK and takes its time: the first pair starts, the others follow.
 * late_calls: and one that does not even say beforehand how many there will be.
 */
static int
late_pairs_each(struct rig *rig, bool late_calls)
{
	uint16_t vectors = rig_status(rig).vectors;
	struct vhuser_conf conf = guest_of(4, false, false);
	uint16_t i;

	conf.late_calls = late_calls;
	UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
	rig->guest = true;
	UT_EQ(vhuser_negotiate(&rig->vu), 0);
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	for (i = 0; i < 8; i++) {
		UT_EQ(vhuser_ring(&rig->vu, i), 0);
		UT_EQ(vhuser_enable(&rig->vu, i, true), 0);
		UT_EQ(vhuser_sync(&rig->vu), 0);
		if (i != 1)
			continue;
		UT_DO(rig_state(rig, STARTING, OK));
		UT_DO(rig_state(rig, RUNNING, OK));
		UT_EQ(rig_status(rig).queues, 2);
		UT_EQ(RIG_LOOK(rig, ctrl.pairs), 0);
	}
	if (rig_until(rig, queue_7_enabled) != 0)
		UT_FAIL("%u queues run, %u pairs", rig_status(rig).queues,
			RIG_LOOK(rig, ctrl.pairs));
	UT_DO(rig_settle(rig));
	UT_EQ(rig_status(rig).queues, 8);
	for (i = 0; i < 8; i++)
		UT_DO(interrupt_arrives(rig, i));
	if (vectors > 8)
		for (i = 0; i < 8; i++)
			UT_DO(ring_is_known(rig, i));
	UT_EQ(rig_status(rig).queues_irq_direct, vectors > 8 ? 8 : vectors - 2);
	return rig_no_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_STATE);
}

static int
late_pairs_run(struct rig *rig)
{
	return late_pairs_each(rig, false);
}

static int
late_pairs(void)
{
	return rig_run(NULL, late_pairs_run);
}

static int
late_queues_run(struct rig *rig)
{
	return late_pairs_each(rig, true);
}

/* Also where there are vectors for all only as long as nobody knows of the others. */
static int
late_queues(void)
{
	struct rig_conf conf = { .vectors = 3 };

	UT_DO(rig_run(NULL, late_queues_run));
	for (; conf.vectors <= 9; conf.vectors++)
		if (rig_run(&conf, late_queues_run) != 0)
			UT_FAIL("with %u vectors", conf.vectors);
	return 0;
}

/* All pairs come one by one, but soon: one way or the other, all of them run. */
static int
slow_pairs_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(4, false, false);
	uint16_t i;

	conf.late_calls = true;
	UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
	rig->guest = true;
	UT_EQ(vhuser_negotiate(&rig->vu), 0);
	UT_EQ(vhuser_mem_table(&rig->vu), 0);
	for (i = 0; i < 8; i++) {
		UT_EQ(vhuser_ring(&rig->vu, i), 0);
		UT_EQ(vhuser_enable(&rig->vu, i, true), 0);
	}
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	if (rig_until(rig, queue_7_enabled) != 0)
		UT_FAIL("%u queues run, %u pairs", rig_status(rig).queues,
			RIG_LOOK(rig, ctrl.pairs));
	UT_EQ(rig_status(rig).starts, 1);
	return 0;
}

static int
slow_pairs(void)
{
	return rig_run(NULL, slow_pairs_run);
}

/* The guest has no call fds: it polls, and no vector is wired for it. */
static int
polling_guest_run(struct rig *rig)
{
	struct vhuser_conf conf = guest_of(1, false, true);
	uint16_t i;

	conf.no_call = true;
	UT_DO(rig_running(rig, &conf));
	for (i = 0; i < 2; i++) {
		UT_EQ(rig_queue(rig, i).irq, RTE_PMD_VDPA_VIRTIO_IRQ_NONE);
		UT_CHECK(!rig_fire(rig, 1 + i));
	}
	UT_EQ(rig_status(rig).queues_irq_direct, 0);
	return 0;
}

static int
polling_guest(void)
{
	return rig_run(NULL, polling_guest_run);
}

static const struct ut_case cases[] = {
	UT_CASE(split_1_pair),
	UT_CASE(split_4_pairs),
	UT_CASE(packed_1_pair),
	UT_CASE(packed_4_pairs),
	UT_CASE(split_1_pair_without_status),
	UT_CASE(split_4_pairs_without_status),
	UT_CASE(packed_4_pairs_without_status),
	UT_CASE(regions),
	UT_CASE(plain_device),
	UT_CASE(queues_come_with_mq),
	UT_CASE(limited_pairs),
	UT_CASE(mac),
	UT_CASE(untrusted),
	UT_CASE(late_enable),
	UT_CASE(late_pairs),
	UT_CASE(late_queues),
	UT_CASE(slow_pairs),
	UT_CASE(polling_guest),
	UT_END,
};
UT_SUITE(drv_start, "integration", cases)
