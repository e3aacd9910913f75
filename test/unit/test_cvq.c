/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The control queue, against a simulated function that carries commands out: each command in each
 * ring format, bad answers, none, late ones, and a device that vanishes in between.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "dut.h"
#include "nicsim_vf_priv.h"
#include "ut.h"
#include "vio_cvq.h"

#define V1 (VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM))
/* The control queue, and what each command hangs on */
#define MQ                                                                                         \
	(VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_RX) |         \
		VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE))
#define SLACK_MS 1000
#define QID 8
#define IOVA UINT64_C(0x40000000000)
#define MS 200

/* The function works on the thread that rings the doorbell: no lock is needed to look into it. */
struct rig {
	struct nicsim_vf *vf;
	struct nicsim_regs *regs; /* its */
	struct nicsim_ctrl *ctrl;
	struct vio_dev dev;
	struct vio_cvq cvq;
	void *mem;
};

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
fault(struct rig *rig, const char *text)
{
	struct nicsim_fault f;
	char why[256];

	if (nicsim_fault_parse(text, &f, why, sizeof(why)) != 0)
		UT_FAIL("%s", why);
	UT_EQ(nicsim_vf_fault(rig->vf, &f), 0);
	return 0;
}

/* Gone after so many accesses to its registers. */
static int
gone_after(struct rig *rig, unsigned int accesses)
{
	char text[NICSIM_FAULT_TEXT];

	snprintf(text, sizeof(text), "gone@access+%u", accesses + 1);
	return fault(rig, text);
}

static int
negotiate(struct rig *rig, uint64_t features)
{
	UT_EQ(vio_dev_reset(&rig->dev, VIO_RESET_MS), 0);
	UT_EQ(vio_dev_negotiate(&rig->dev, V1 | features), 0);
	return 0;
}

static int
prepare(struct rig *rig, uint16_t queue_size, uint64_t features)
{
	struct nicsim_vf_conf conf = nicsim_vf_default;
	struct nicsim_vf_info info;
	struct vio_io io = { .ops = &nicsim_vf_io_ops };

	memset(&rig->cvq, 0, sizeof(rig->cvq));
	UT_EQ(posix_memalign(&rig->mem, 4096, VIO_CVQ_MEM), 0);
	memset(rig->mem, 0xa5, VIO_CVQ_MEM);
	conf.features = dut_default.offered;
	conf.pairs = 4;
	conf.queue_size = queue_size;
	rig->vf = nicsim_vf_new(&conf, "cvq", NULL, NULL);
	UT_CHECK(rig->vf != NULL);
	rig->regs = &rig->vf->regs;
	rig->ctrl = &rig->vf->ctrl;
	UT_EQ(nicsim_vf_open(rig->vf, &info), 0);
	UT_EQ(nicsim_vf_dma_map(rig->vf, (uintptr_t)rig->mem, IOVA, VIO_CVQ_MEM), 0);
	io.ctx = rig->vf;
	UT_EQ(vio_dev_init(&rig->dev, &io, &info.layout), 0);
	return negotiate(rig, MQ | features);
}

static int
setup(struct rig *rig, uint64_t features)
{
	UT_DO(prepare(rig, 1024, features));
	UT_EQ(vio_cvq_init(&rig->cvq, &rig->dev, QID, rig->mem, IOVA), 0);
	UT_EQ(vio_dev_driver_ok(&rig->dev), 0);
	return 0;
}

static void
teardown(struct rig *rig)
{
	nicsim_vf_free(rig->vf);
	free(rig->mem);
}

static int
each_command(uint64_t features)
{
	static const uint8_t mac[6] = { 0x02, 1, 2, 3, 4, 5 };
	static const uint8_t multicast[6] = { 0x01, 1, 2, 3, 4, 5 };
	struct rig rig;

	UT_DO(setup(&rig, features));
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 4, MS), 0);
	UT_EQ(rig.ctrl->pairs, 4);
	UT_EQ(vio_cvq_set_mac(&rig.cvq, mac, MS), 0);
	UT_CHECK(memcmp(rig.ctrl->mac, mac, 6) == 0);
	UT_EQ(vio_cvq_set_rx(&rig.cvq, VIO_NET_CTRL_RX_PROMISC, true, MS), 0);
	UT_EQ(rig.ctrl->promisc, true);
	UT_EQ(vio_cvq_set_rx(&rig.cvq, VIO_NET_CTRL_RX_PROMISC, false, MS), 0);
	UT_EQ(rig.ctrl->promisc, false);
	UT_EQ(vio_cvq_set_rx(&rig.cvq, VIO_NET_CTRL_RX_ALLMULTI, true, MS), 0);
	UT_EQ(rig.ctrl->allmulti, true);
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), 0);
	UT_EQ(rig.ctrl->announced, 1);
	/* what the device refuses breaks nothing */
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 5, MS), -EPERM);
	UT_EQ(vio_cvq_set_mac(&rig.cvq, multicast, MS), -EPERM);
	UT_EQ(vio_cvq_command(&rig.cvq, 77, 1, NULL, 0, MS), -EPERM);
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 1, MS), 0);
	UT_EQ(rig.ctrl->pairs, 1);
	UT_EQ(rig.ctrl->commands, 10);
	UT_EQ(rig.regs->q[QID].kicks, 10);
	UT_EQ(rig.regs->q[QID].vector, VIO_MSI_NO_VECTOR);
	/* what is not sent at all */
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 0, MS), -EINVAL);
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 32769, MS), -EINVAL);
	UT_EQ(rig.ctrl->commands, 10);
	UT_STR(rig.regs->violation == NULL ? "" : rig.regs->violation, "");
	teardown(&rig);
	return 0;
}

static int
commands(void)
{
	static const unsigned int bits[] = { VIO_F_RING_PACKED, VIO_F_NOTIFICATION_DATA,
		VIO_F_NOTIF_CONFIG_DATA, VIO_F_EVENT_IDX, VIO_F_IN_ORDER };
	uint64_t features;
	unsigned int set, i;

	for (set = 0; set < 32; set++) {
		for (features = 0, i = 0; i < 5; i++)
			features |= set & (1u << i) ? VIO_BIT(bits[i]) : 0;
		UT_DO(each_command(features));
	}
	return 0;
}

/* Commands of every length up to the longest, as they were sent. */
static int
data_lengths(void)
{
	uint8_t data[VIO_CVQ_DATA_MAX + 1];
	struct rig rig;
	size_t len;
	int ret;

	for (len = 0; len < sizeof(data); len++)
		data[len] = (uint8_t)(len * 7 + 1);
	UT_DO(setup(&rig, 0));
	for (len = 0; len <= VIO_CVQ_DATA_MAX; len++) {
		ret = vio_cvq_command(
			&rig.cvq, VIO_NET_CTRL_MAC, VIO_NET_CTRL_MAC_TABLE_SET, data, len, MS);
		UT_EQ(ret, -EPERM); /* the device of these tests knows no tables */
		UT_EQ(rig.ctrl->class, VIO_NET_CTRL_MAC);
		UT_EQ(rig.ctrl->len, len);
		UT_CHECK(memcmp(rig.ctrl->data, data, len) == 0);
	}
	UT_EQ(vio_cvq_command(&rig.cvq, 1, 0, data, sizeof(data), MS), -EINVAL);
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), 0);
	UT_CHECK(rig.regs->violation == NULL);
	teardown(&rig);
	return 0;
}

/* Often enough for all indices to wrap, with the positions that NOTIFICATION_DATA tells. */
static int
many(void)
{
	unsigned int packed, i;
	uint64_t features;
	struct rig rig;
	uint32_t told;

	for (packed = 0; packed < 2; packed++) {
		features = packed ? VIO_BIT(VIO_F_RING_PACKED) : 0;
		UT_DO(setup(&rig, features | VIO_BIT(VIO_F_NOTIFICATION_DATA)));
		for (i = 1; i <= 70000; i++) {
			UT_EQ(vio_cvq_set_pairs(&rig.cvq, (uint16_t)(1 + i % 4), MS), 0);
			told = rig.regs->q[QID].last_kick >> 16;
			/* 3 descriptors for each command, 64 in the ring */
			UT_EQ(told, packed ? 3 * i % 64 | (3 * i / 64 % 2 == 0) << 15 : i & 0xffff);
		}
		UT_EQ(rig.ctrl->commands, 70000);
		UT_CHECK(rig.regs->violation == NULL);
		teardown(&rig);
	}
	return 0;
}

/* One bad answer: what comes of it, and that nothing is sent afterwards. */
static int
breaks(const char *mode, uint64_t features, int expected)
{
	unsigned int kicks;
	struct rig rig;

	UT_DO(setup(&rig, features));
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), 0);
	UT_DO(fault(&rig, mode));
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, 20), expected);
	UT_EQ(rig.cvq.broken, true);
	nicsim_vf_fault_clear(rig.vf);
	kicks = rig.regs->q[QID].kicks;
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), -EPIPE);
	UT_EQ(rig.regs->q[QID].kicks, kicks);
	/* until the device is reset */
	UT_DO(negotiate(&rig, MQ | features));
	UT_EQ(vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA), 0);
	UT_EQ(vio_dev_driver_ok(&rig.dev), 0);
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), 0);
	UT_CHECK(rig.regs->violation == NULL);
	teardown(&rig);
	return 0;
}

static int
bad_answers(void)
{
	uint64_t features[2] = { 0, VIO_BIT(VIO_F_RING_PACKED) };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		UT_DO(breaks("ctrl-silent", features[i], -ETIMEDOUT));
		UT_DO(breaks("ctrl-garbage=0", features[i], -EPROTO));
		UT_DO(breaks("ctrl-garbage=1", features[i], -EPROTO));
		UT_DO(breaks("ctrl-garbage=2", features[i], -EPROTO));
	}
	UT_DO(breaks("ctrl-garbage=3", 0, -EPROTO));
	return 0;
}

/* Only the answer's byte counts, not how much the device says to have written. */
static int
length_is_not_believed(void)
{
	struct rig rig;

	UT_DO(setup(&rig, 0));
	UT_DO(fault(&rig, "ctrl-garbage=4"));
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 3, MS), 0);
	nicsim_vf_fault_clear(rig.vf);
	UT_DO(fault(&rig, "ctrl-error"));
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 2, MS), -EPERM);
	nicsim_vf_fault_clear(rig.vf);
	UT_EQ(vio_cvq_set_pairs(&rig.cvq, 2, MS), 0);
	teardown(&rig);
	return 0;
}

static int
deadline(void)
{
	static const unsigned int deadlines[] = { 1, 30, 150 };
	struct rig rig;
	uint64_t before;
	double start;
	size_t i;

	for (i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
		UT_DO(setup(&rig, 0));
		UT_DO(fault(&rig, "ctrl-silent"));
		before = rig.regs->accesses;
		start = now_ms();
		UT_EQ(vio_cvq_announce_ack(&rig.cvq, deadlines[i]), -ETIMEDOUT);
		UT_GE(now_ms() - start, deadlines[i]);
		UT_LE(now_ms() - start, deadlines[i] + SLACK_MS);
		UT_LE(rig.regs->accesses - before, 10 + deadlines[i]);
		teardown(&rig);
	}
	return 0;
}

static void *
answer_late(void *arg)
{
	const struct timespec late = { .tv_nsec = 30 * 1000 * 1000 };

	nanosleep(&late, NULL);
	nicsim_vf_fault_clear(arg);
	return NULL;
}

/* An answer from another thread, while this one sleeps. */
static int
late_answer(void)
{
	unsigned int packed;
	struct rig rig;
	pthread_t thread;
	double start;

	for (packed = 0; packed < 2; packed++) {
		UT_DO(setup(&rig, packed ? VIO_BIT(VIO_F_RING_PACKED) : 0));
		UT_DO(fault(&rig, "ctrl-silent"));
		start = now_ms();
		UT_EQ(pthread_create(&thread, NULL, answer_late, rig.vf), 0);
		UT_EQ(vio_cvq_set_pairs(&rig.cvq, 2, 10 * SLACK_MS), 0);
		UT_LE(now_ms() - start, 30 + SLACK_MS);
		UT_EQ(pthread_join(thread, NULL), 0);
		UT_EQ(rig.ctrl->pairs, 2);
		teardown(&rig);
	}
	return 0;
}

static int
sizes(void)
{
	static const struct {
		uint16_t max;
		bool packed;
		int expected; /* of init, or the size */
	} all[] = {
		{ 32768, false, 64 },
		{ 64, false, 64 },
		{ 32, false, 32 },
		{ 4, false, 4 },
		{ 2, false, -EINVAL },
		{ 1, false, -EINVAL },
		{ 63, true, 32 },
		{ 4, true, 4 },
		{ 3, true, -EINVAL },
	};
	struct rig rig;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		UT_DO(prepare(&rig, 1024, all[i].packed ? VIO_BIT(VIO_F_RING_PACKED) : 0));
		rig.regs->q[QID].max_size = rig.regs->q[QID].size = all[i].max;
		ret = vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA);
		UT_EQ(ret < 0 ? ret : rig.cvq.ring.size, all[i].expected);
		if (ret == 0) {
			UT_EQ(vio_dev_driver_ok(&rig.dev), 0);
			UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), 0);
		} else {
			UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), -EPIPE);
		}
		UT_CHECK(rig.regs->violation == NULL);
		teardown(&rig);
	}
	return 0;
}

/* The device gets to see nothing that was in that memory before. */
static int
memory_is_zeroed(void)
{
	struct rig rig;
	size_t i;

	UT_DO(setup(&rig, 0));
	for (i = vring_drv_bytes(false, VIO_CVQ_SIZE); i < VIO_CVQ_MEM; i++)
		UT_EQ(((uint8_t *)rig.mem)[i], 0);
	teardown(&rig);
	return 0;
}

static int
init_refused(void)
{
	struct rig rig;

	UT_DO(prepare(&rig, 1024, 0));
	UT_EQ(vio_cvq_init(&rig.cvq, &rig.dev, 9, rig.mem, IOVA), -EINVAL);
	rig.regs->q[QID].noff = 0xffff;
	UT_EQ(vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA), -ERANGE);
	rig.regs->q[QID].noff = QID;
	UT_DO(fault(&rig, "refuse-enable"));
	UT_EQ(vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA), -EIO);
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), -EPIPE);
	nicsim_vf_fault_clear(rig.vf);
	UT_EQ(vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA), 0);
	UT_EQ(vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA), -EBUSY); /* it runs */
	UT_CHECK(rig.regs->violation == NULL);
	teardown(&rig);
	return 0;
}

/* The device vanishes after each number of accesses, in a command and in the set-up. */
static int
vanishes(void)
{
	struct rig rig;
	double start = now_ms();
	unsigned int n;
	bool gone;
	int ret;

	for (n = 0;; n++) {
		UT_DO(prepare(&rig, 1024, 0));
		UT_DO(gone_after(&rig, n));
		ret = vio_cvq_init(&rig.cvq, &rig.dev, QID, rig.mem, IOVA);
		gone = rig.regs->gone;
		teardown(&rig);
		if (!gone)
			break;
		UT_EQ(ret, -ENODEV);
	}
	UT_EQ(ret, 0);
	UT_GE(n, 10);

	UT_DO(setup(&rig, 0));
	UT_DO(gone_after(&rig, 0)); /* the doorbell is not heard */
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, 30 * SLACK_MS), -ENODEV);
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, MS), -EPIPE);
	teardown(&rig);

	UT_DO(setup(&rig, 0));
	UT_DO(fault(&rig, "ctrl-silent"));
	UT_DO(gone_after(&rig, 5)); /* while waiting */
	UT_EQ(vio_cvq_announce_ack(&rig.cvq, 30 * SLACK_MS), -ENODEV);
	teardown(&rig);
	UT_LE(now_ms() - start, 5 * SLACK_MS);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(commands),
	UT_CASE(data_lengths),
	UT_CASE(many),
	UT_CASE(bad_answers),
	UT_CASE(length_is_not_believed),
	UT_CASE(deadline),
	UT_CASE(late_answer),
	UT_CASE(sizes),
	UT_CASE(memory_is_zeroed),
	UT_CASE(init_refused),
	UT_CASE(vanishes),
	UT_END,
};
UT_SUITE(cvq, "fast", cases)
