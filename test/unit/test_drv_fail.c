/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Starts that fail, at each point where they can: the reason, nothing left behind, no second try
 * for the same configuration, and a good start afterwards.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rig.h"
#include "virtio_vdpa.h"

#include "drv_names.h" /* last: DPDK has a RUNNING of its own */

static struct vhuser_conf
two_pairs(void)
{
	struct vhuser_conf conf = vhuser_usual;

	conf.queues = 4;
	return conf;
}

static void
cure(struct rig *rig)
{
	unsigned int i;

	rig_cure(rig);
	nicsim_vf_lock(rig->vf);
	for (i = 0; i < 9; i++) {
		rig->vf->regs.q[i].max_size = rig_vf.queue_size;
		rig->vf->regs.q[i].noff = (uint16_t)i;
	}
	nicsim_vf_unlock(rig->vf);
}

static int
holds_nothing(struct rig *rig, enum rte_pmd_vdpa_virtio_reason reason)
{
	struct rte_pmd_vdpa_virtio_status s = rig_status(rig);
	uint16_t i;

	UT_EQ(s.state, FAILED);
	UT_EQ(s.reason, reason);
	UT_CHECK(s.text[0] != '\0');
	UT_GE(s.vid, 0);
	UT_EQ(s.queues + s.queues_mapped + s.queues_irq_direct, 0);
	UT_EQ(s.features, 0);
	UT_EQ(s.dma_maps, 0);
	UT_EQ(s.dma_bytes, 0);
	UT_EQ(s.starts, 0);
	UT_EQ(s.failures, 1);
	for (i = 0; i < 8; i++) {
		UT_CHECK(!rig_queue(rig, i).running);
		UT_EQ(rig_queue(rig, i).kick, RTE_PMD_VDPA_VIRTIO_KICK_NONE);
		UT_EQ(rig_stat(rig, i, "running"), 0);
	}
	nicsim_vf_lock(rig->vf);
	i = rig->vf->dma.num_maps + rig->vf->irq.wired;
	nicsim_vf_unlock(rig->vf);
	UT_EQ(i, 0);
	return 0;
}

/* Later messages bring the same configuration again, or are none: neither is tried. */
static int
does_not_spin(struct rig *rig)
{
	uint64_t accesses;
	unsigned int i;

	nicsim_vf_lock(rig->vf);
	accesses = rig->vf->regs.accesses;
	nicsim_vf_unlock(rig->vf);
	for (i = 0; i < 5; i++) {
		UT_EQ(vhuser_enable(&rig->vu, 1, false), 0);
		UT_EQ(vhuser_enable(&rig->vu, 1, true), 0);
		UT_EQ(vhuser_sync(&rig->vu), 0);
	}
	UT_DO(rig_no_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_STATE));
	UT_EQ(rig_status(rig).failures, 1);
	nicsim_vf_lock(rig->vf);
	accesses = rig->vf->regs.accesses - accesses;
	nicsim_vf_unlock(rig->vf);
	UT_EQ(accesses, 0);
	return 0;
}

static int
again_on_this_connection(struct rig *rig)
{
	uint16_t i;

	for (i = 0; i < rig->vu.conf.queues; i++)
		UT_EQ(vhuser_stop(&rig->vu, i), 0);
	UT_EQ(vhuser_status(&rig->vu, 0), 0);
	UT_DO(rig_state(rig, PROBED, OK));
	for (i = 0; i < rig->vu.conf.queues; i++)
		UT_EQ(vhuser_ring(&rig->vu, i), 0);
	UT_EQ(vhuser_driver_ok(&rig->vu), 0);
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, RUNNING, OK));
	UT_EQ(rig_status(rig).queues, rig->vu.conf.queues);
	UT_EQ(rig_status(rig).reason, OK);
	UT_STR(rig_status(rig).text, "");
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, STOPPING, OK));
	return rig_state(rig, PROBED, OK);
}

static int
again_on_another(struct rig *rig)
{
	struct vhuser_conf good = two_pairs();

	UT_DO(rig_running(rig, &good));
	UT_EQ(rig_status(rig).queues, 4);
	UT_EQ(rig_status(rig).failures, 1);
	return 0;
}

/* The device, the bus or this process is at fault: a fault says what is wrong, or inject does. */
static int
host_fails(struct rig *rig, const char *fault, void (*inject)(struct nicsim_vf *vf),
	enum rte_pmd_vdpa_virtio_reason reason, int error)
{
	struct vhuser_conf conf = two_pairs();

	if (fault != NULL)
		UT_DO(rig_fault(rig, fault));
	nicsim_vf_lock(rig->vf);
	if (inject != NULL)
		inject(rig->vf);
	nicsim_vf_unlock(rig->vf);
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, FAILED, reason));
	UT_EQ(rig->event[rig->seen - 1].event.error, error);
	UT_EQ(rig->event[rig->seen - 1].event.from, STARTING);
	UT_DO(holds_nothing(rig, reason));
	UT_DO(does_not_spin(rig));
	cure(rig);
	UT_DO(again_on_this_connection(rig));
	return again_on_another(rig);
}

#define FAULT_FAILS(name, fault, reason, error) \
	static int name##_run(struct rig *rig) \
	{ \
		return host_fails(rig, fault, NULL, REASON(reason), error); \
	} \
	static int name(void) \
	{ \
		return rig_run(NULL, name##_run); \
	}

#define QUEUE_FAILS(name, what, reason, error) \
	static void name##_inject(struct nicsim_vf *vf) \
	{ \
		vf->regs.what; \
	} \
	static int name##_run(struct rig *rig) \
	{ \
		return host_fails(rig, NULL, name##_inject, REASON(reason), error); \
	} \
	static int name(void) \
	{ \
		return rig_run(NULL, name##_run); \
	}

FAULT_FAILS(features_refused, "refuse-features", FEATURES, -ENOTSUP)
FAULT_FAILS(driver_ok_refused, "refuse-driver-ok", NEEDS_RESET, -EIO)
FAULT_FAILS(needs_reset_at_once, "needs-reset@driver-ok", NEEDS_RESET, -EIO)
FAULT_FAILS(vector_refused, "refuse-vector", IRQ, -EBUSY)
FAULT_FAILS(enable_refused, "refuse-enable", DEVICE, -EIO)
QUEUE_FAILS(doorbell_outside, q[3].noff = 0xfff, DEVICE, -ERANGE)
QUEUE_FAILS(queue_too_small, q[2].max_size = 128, QUEUE_SIZE, -EINVAL)
QUEUE_FAILS(queue_missing, q[2].max_size = 0, QUEUE_SIZE, -EINVAL)
QUEUE_FAILS(queue_too_large, q[2].max_size = 32769, DEVICE, -EINVAL)
FAULT_FAILS(irqs_refused, "irq=28", IRQ, -ENOSPC)
QUEUE_FAILS(control_too_small, q[8].max_size = 2, CONTROL, -EINVAL)
QUEUE_FAILS(control_doorbell_outside, q[8].noff = 0xfff, CONTROL, -ERANGE)
FAULT_FAILS(control_silent, "ctrl-silent", CONTROL, -ETIMEDOUT)
FAULT_FAILS(control_refuses_pairs, "ctrl-error", CONTROL, -EPERM)
FAULT_FAILS(control_bad_answer, "ctrl-garbage=0", CONTROL, -EPROTO)
FAULT_FAILS(control_no_answer, "ctrl-garbage=1", CONTROL, -EPROTO)
FAULT_FAILS(control_bad_id, "ctrl-garbage=2", CONTROL, -EPROTO)
FAULT_FAILS(control_answers_twice, "ctrl-garbage=3", CONTROL, -EPROTO)
FAULT_FAILS(reset_never_ends, "reset-stuck function-reset=0", RESET, -ETIMEDOUT)
FAULT_FAILS(no_function_reset, "reset-stuck function-reset", RESET, -ETIMEDOUT)

/* A device that only a reset of the function brings back: that is what it gets. */
static int
reset_helped_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();

	UT_DO(rig_fault(rig, "reset-stuck"));
	UT_DO(rig_running(rig, &conf));
	UT_EQ(RIG_LOOK(rig, asked.flrs), 1);
	UT_EQ(rig_status(rig).failures, 0);
	return 0;
}

static int
reset_helped(void)
{
	return rig_run(NULL, reset_helped_run);
}

/* A configuration that never comes to rest is no reason: the link is up then. */
static int
restless_config_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();

	UT_DO(rig_fault(rig, "restless-config"));
	UT_DO(rig_running(rig, &conf));
	UT_CHECK(rig_status(rig).link_up);
	return 0;
}

static int
restless_config(void)
{
	return rig_run(NULL, restless_config_run);
}

/* More bytes said to be written than there are: nobody believes that. */
static int
huge_answer_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();

	UT_DO(rig_fault(rig, "ctrl-garbage=4"));
	UT_DO(rig_running(rig, &conf));
	UT_EQ(RIG_LOOK(rig, ctrl.pairs), 2);
	return 0;
}

static int
huge_answer(void)
{
	return rig_run(NULL, huge_answer_run);
}

static int
maps_until(struct rig *rig, unsigned int n, int error)
{
	struct vhuser_conf conf = two_pairs();
	char text[NICSIM_FAULT_TEXT];

	conf.regions = 3;
	conf.region[0] = (struct vhuser_region){ .gpa = 0, .len = 0x200000, .off = 0 };
	conf.region[1] =
		(struct vhuser_region){ .gpa = 0x400000, .len = 0x100000, .off = 0x200000 };
	conf.region[2] =
		(struct vhuser_region){ .gpa = 0x800000, .len = 0x100000, .off = 0x300000 };
	snprintf(text, sizeof(text), "dma-map=%d@map+%u", -error, n);
	UT_DO(rig_fault(rig, text));
	UT_DO(rig_guest(rig, &conf));
	UT_DO(rig_state(rig, STARTING, OK));
	if (n == 5)
		return rig_state(rig, RUNNING, OK);
	UT_DO(rig_state(rig, FAILED, REASON(DMA_MAP)));
	UT_EQ(rig->event[rig->seen - 1].event.error, error);
	UT_DO(holds_nothing(rig, REASON(DMA_MAP)));
	cure(rig);
	return again_on_this_connection(rig);
}

static unsigned int maps_n;
static int maps_error;

static int
map_refused_run(struct rig *rig)
{
	return maps_until(rig, maps_n, maps_error);
}

/* Three regions and the control queue's memory: the n-th of the four. */
static int
map_refused(void)
{
	static const int errors[] = { -ENOMEM, -ENOSPC, -EFAULT };
	unsigned int i;

	for (i = 0; i < 3; i++)
		for (maps_n = 1; maps_n <= 5; maps_n++) {
			maps_error = errors[i];
			if (rig_run(NULL, map_refused_run) != 0)
				UT_FAIL("at mapping %u, with %d", maps_n, maps_error);
		}
	return 0;
}

/* Gone after so many accesses to its registers, and no word of it from the bus. @return 0;
 * UT_FAILED; 1: it ran before that */
static int
gone_after(struct rig *rig, unsigned int n, const struct vhuser_conf *conf)
{
	struct rig_event *e = rig->event;
	char text[NICSIM_FAULT_TEXT];

	snprintf(text, sizeof(text), "gone=1@access+%u", n + 1);
	UT_DO(rig_fault(rig, text));
	rig_forget_events(rig);
	UT_DO(rig_guest(rig, conf));
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_STATE, NULL));
	if (e[rig->seen - 1].event.state == FAILED) {
		UT_EQ(e[rig->seen - 1].event.reason, REASON(GONE));
		UT_EQ(e[rig->seen - 1].event.error, -ENODEV);
		UT_EQ(rig_status(rig).dma_maps, 0);
		UT_EQ(rig_status(rig).queues, 0);
	} else {
		UT_EQ(e[rig->seen - 1].event.state, RUNNING);
	}
	n = e[rig->seen - 1].event.state == RUNNING;
	UT_DO(rig_guest_gone(rig));
	cure(rig);
	return (int)n;
}

static int
gone_at_each_access_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();
	unsigned int n, ran = 0;
	int ret;

	conf.doorbells = VHUSER_NO_CHANNEL;
	/* for a while it may run, where the last accesses were writes: see that it is noticed */
	for (n = 0; ran < 40; n++) {
		ret = gone_after(rig, n, &conf);
		if (ret < 0)
			UT_FAIL("after %u accesses", n);
		ran += (unsigned int)ret;
	}
	printf("    gone at each of %u accesses\n", n - ran);
	UT_GE(n - ran, 100);
	UT_EQ(rig_status(rig).failures, n - ran);
	UT_EQ(rig_status(rig).starts, ran);
	return 0;
}

static int
gone_at_each_access(void)
{
	return rig_run(NULL, gone_at_each_access_run);
}

/* A kick fd that cannot be waited for. */
static int
bad_kick_fd_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();

	UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
	rig->guest = true;
	close(rig->vu.kick[2]);
	rig->vu.kick[2] = memfd_create("no eventfd", MFD_CLOEXEC);
	UT_EQ(vhuser_setup(&rig->vu), 0);
	UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, FAILED, REASON(HOST)));
	UT_EQ(rig->event[rig->seen - 1].event.error, -EPERM);
	UT_DO(holds_nothing(rig, REASON(HOST)));
	UT_DO(does_not_spin(rig));
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, PROBED, OK));
	return again_on_another(rig);
}

static int
bad_kick_fd(void)
{
	return rig_run(NULL, bad_kick_fd_run);
}

/* The guest is at fault. worker: it takes more than a look at what it says. */
static int
guest_fails(struct rig *rig, const struct vhuser_conf *conf, bool worker, uint16_t used_idx,
	enum rte_pmd_vdpa_virtio_reason reason, int error)
{
	uint64_t gpa[3];
	uint16_t *used;
	uint16_t i;

	UT_EQ(vhuser_open(&rig->vu, conf, rig->path), 0);
	rig->guest = true;
	for (i = 0; i < conf->queues && used_idx != 0; i++) {
		vhuser_areas(&rig->vu, i, gpa);
		used = vhuser_at(&rig->vu, gpa[2], 4);
		UT_CHECK(used != NULL);
		used[1] = used_idx;
	}
	UT_EQ(vhuser_setup(&rig->vu), 0);
	if (worker)
		UT_DO(rig_state(rig, STARTING, OK));
	UT_DO(rig_state(rig, FAILED, reason));
	UT_EQ(rig->event[rig->seen - 1].event.error, error);
	UT_DO(holds_nothing(rig, reason));
	UT_DO(does_not_spin(rig));
	UT_DO(rig_guest_gone(rig));
	UT_DO(rig_state(rig, PROBED, OK));
	return again_on_another(rig);
}

#define GUEST_FAILS(name, what, worker, used_idx, reason, error) \
	static int name##_run(struct rig *rig) \
	{ \
		struct vhuser_conf conf = two_pairs(); \
		what; \
		return guest_fails(rig, &conf, worker, used_idx, REASON(reason), error); \
	} \
	static int name(void) \
	{ \
		return rig_run(NULL, name##_run); \
	}

GUEST_FAILS(guest_is_legacy, conf.features &= ~VIO_BIT(VIO_F_VERSION_1), false, 0, GUEST_LEGACY,
	-ENOTSUP)
GUEST_FAILS(guest_rings_larger, conf.size = 2048, true, 0, QUEUE_SIZE, -EINVAL)
GUEST_FAILS(guest_mid_ring, conf.base = 7, true, 7, QUEUE_INDEX, -ENOTSUP)
GUEST_FAILS(guest_mid_ring_packed,
	(conf.features |= VIO_BIT(VIO_F_RING_PACKED), conf.base = 0x8003), true, 0, QUEUE_INDEX,
	-ENOTSUP)
GUEST_FAILS(guest_wrapped_ring_packed,
	(conf.features |= VIO_BIT(VIO_F_RING_PACKED), conf.base = 0), true, 0, QUEUE_INDEX,
	-ENOTSUP)
GUEST_FAILS(guest_memory_unaligned, conf.region[0].len = 0x400800, false, 0, MEM_TABLE, -EINVAL)
GUEST_FAILS(guest_memory_overlaps,
	(conf.regions = 2,
		conf.region[1] =
			(struct vhuser_region){ .gpa = 0x3ff000, .len = 0x10000, .off = 0x400000 }),
	false, 0, MEM_TABLE, -EINVAL)
GUEST_FAILS(guest_memory_wraps,
	(conf.regions = 2,
		conf.region[1] = (struct vhuser_region){
			.gpa = UINT64_C(0xfffffffffffff000), .len = 0x2000, .off = 0x400000 }),
	false, 0, MEM_TABLE, -EINVAL)

/* A ring that lies in two regions, which are apart for the device. */
static int
guest_ring_across_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();

	conf.regions = 2;
	conf.region[0].len = 0x18000;
	conf.region[1] = (struct vhuser_region){ .gpa = 0x18000, .len = 0x400000 - 0x18000,
		.off = 0x400000 };
	conf.ring_gpa = 0x17800;
	UT_EQ(vhuser_open(&rig->vu, &conf, rig->path), 0);
	rig->guest = true;
	UT_EQ(vhuser_setup(&rig->vu), 0);
	/* the vhost library sees to that already: the ring never becomes ready */
	UT_DO(rig_no_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_STATE));
	UT_EQ(rig_status(rig).state, PROBED);
	return 0;
}

static int
guest_ring_across(void)
{
	return rig_run(NULL, guest_ring_across_run);
}

static int
guest_more_queues_run(struct rig *rig)
{
	struct vhuser_conf conf = two_pairs();

	UT_EQ(rte_pmd_vdpa_virtio_max_pairs_set(rig->vdpa, 2), 0);
	conf.queues = 6;
	UT_DO(guest_fails(rig, &conf, false, 0, REASON(QUEUE_COUNT), -ENOTSUP));
	return 0;
}

static int
guest_more_queues(void)
{
	return rig_run(NULL, guest_more_queues_run);
}

/* What a device must be to be claimed at all; it stays the caller's, and no thread is left. */
static int
claim(const struct nicsim_vf_conf *conf, void (*tweak)(struct nicsim_vf *vf), const char *fault,
	struct virtio_vdpa_fault *why, int expected)
{
	const struct virtio_vdpa_args args = { .queues = 0 };
	struct rte_device rdev = { .name = "claimed" };
	struct virtio_vdpa_bus *bus;
	struct rig rig;
	int fds, ret;

	UT_DO(ut_eal());
	rig.vf = nicsim_vf_new(conf, "claimed", NULL, NULL);
	UT_CHECK(rig.vf != NULL);
	UT_EQ(nicsim_eth_bus_open(rig.vf, &bus), 0);
	fds = rig_fds();
	if (tweak != NULL)
		tweak(rig.vf);
	if (fault != NULL)
		UT_DO(rig_fault(&rig, fault));
	ret = virtio_vdpa_create(&rdev, bus, &args, why);
	if (ret == 0) {
		UT_EQ(virtio_vdpa_destroy(&rdev), 0);
	} else {
		UT_EQ(rig.vf->asked.closes, 0);
		UT_EQ(rig_fds(), fds);
		bus->ops->close(bus);
	}
	UT_CHECK(rte_vdpa_find_device_by_name("claimed") == NULL);
	nicsim_vf_free(rig.vf);
	return expected == ret || expected > 0 ? ret : 1;
}

static int
claim_fails(const struct nicsim_vf_conf *conf, void (*tweak)(struct nicsim_vf *vf),
	const char *fault, enum rte_pmd_vdpa_virtio_reason reason, int error)
{
	struct virtio_vdpa_fault why = { .error = 0 };

	UT_EQ(claim(conf, tweak, fault, &why, error), error);
	UT_EQ(why.reason, reason);
	UT_EQ(why.error, error);
	UT_CHECK(why.text[0] != '\0');
	return 0;
}

static void
no_pairs(struct nicsim_vf *vf)
{
	vf->regs.netcfg[VIO_NET_CFG_MAX_PAIRS] = 0;
}

static void
many_pairs(struct nicsim_vf *vf)
{
	vf->regs.netcfg[VIO_NET_CFG_MAX_PAIRS] = 1;
	vf->regs.netcfg[VIO_NET_CFG_MAX_PAIRS + 1] = 0x80;
}

static void
no_queues(struct nicsim_vf *vf)
{
	vf->regs.conf.num_queues = 0;
}

static int
claim_refused(void)
{
	struct nicsim_vf_conf conf = rig_vf;

	UT_DO(claim_fails(&conf, NULL, "gone", REASON(DEVICE), -ENODEV));
	UT_DO(claim_fails(&conf, NULL, "reset-stuck function-reset=0", REASON(RESET), -ETIMEDOUT));
	UT_DO(claim_fails(&conf, no_pairs, NULL, REASON(DEVICE), -EINVAL));
	UT_DO(claim_fails(&conf, many_pairs, NULL, REASON(DEVICE), -EINVAL));
	UT_DO(claim_fails(&conf, NULL, "restless-config", REASON(DEVICE), -EAGAIN));
	UT_DO(claim_fails(&conf, no_queues, NULL, REASON(DEVICE), -EINVAL));
	conf.features &= ~VIO_BIT(VIO_F_ACCESS_PLATFORM);
	UT_DO(claim_fails(&conf, NULL, NULL, REASON(DEVICE), -ENOTSUP));
	conf = rig_vf;
	conf.features &= ~VIO_BIT(VIO_F_VERSION_1);
	return claim_fails(&conf, NULL, NULL, REASON(DEVICE), -EINVAL);
}

/* Gone at each access of the claim; after them it is claimed, as rig_run() shows all the time. */
static int
claim_gone(void)
{
	struct virtio_vdpa_fault why;
	char text[NICSIM_FAULT_TEXT];
	unsigned int n;
	int ret;

	for (n = 0; n < 200; n++) {
		snprintf(text, sizeof(text), "gone@access+%u", n + 1);
		ret = claim(&rig_vf, NULL, text, &why, 1);
		if (ret == 0)
			break;
		UT_EQ(ret, -ENODEV);
		UT_EQ(why.error, -ENODEV);
	}
	UT_EQ(ret, 0);
	UT_GE(n, 8);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(features_refused),
	UT_CASE(driver_ok_refused),
	UT_CASE(needs_reset_at_once),
	UT_CASE(vector_refused),
	UT_CASE(enable_refused),
	UT_CASE(doorbell_outside),
	UT_CASE(queue_too_small),
	UT_CASE(queue_missing),
	UT_CASE(queue_too_large),
	UT_CASE(irqs_refused),
	UT_CASE(control_too_small),
	UT_CASE(control_doorbell_outside),
	UT_CASE(control_silent),
	UT_CASE(control_refuses_pairs),
	UT_CASE(control_bad_answer),
	UT_CASE(control_no_answer),
	UT_CASE(control_bad_id),
	UT_CASE(control_answers_twice),
	UT_CASE(reset_never_ends),
	UT_CASE(no_function_reset),
	UT_CASE(reset_helped),
	UT_CASE(restless_config),
	UT_CASE(huge_answer),
	UT_CASE(map_refused),
	UT_CASE(gone_at_each_access),
	UT_CASE(bad_kick_fd),
	UT_CASE(guest_is_legacy),
	UT_CASE(guest_rings_larger),
	UT_CASE(guest_mid_ring),
	UT_CASE(guest_mid_ring_packed),
	UT_CASE(guest_wrapped_ring_packed),
	UT_CASE(guest_memory_unaligned),
	UT_CASE(guest_memory_overlaps),
	UT_CASE(guest_memory_wraps),
	UT_CASE(guest_ring_across),
	UT_CASE(guest_more_queues),
	UT_CASE(claim_refused),
	UT_CASE(claim_gone),
	UT_END,
};
UT_SUITE(drv_fail, "integration", cases)
