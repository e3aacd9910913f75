/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The queues of a device: what is written when, what is refused, single-queue reset, and the
 * arithmetic of doorbells up to the largest that a device may ask for.
 */
#include <errno.h>
#include <time.h>

#include "dut.h"
#include "ut.h"
#include "vio_queue.h"

#define V1 VIO_BIT(VIO_F_VERSION_1)
#define SLACK_MS 1000
#define PAGE 4096

static const struct vio_queue_conf good = {
	.desc = UINT64_C(0x123456789abcdef0),
	.driver = UINT64_C(0xfedcba9876543214),
	.device = UINT64_C(0x0f1e2d3c4b5a6978),
	.size = 256,
	.vector = 5,
};

static int
open_with(struct nicsim_regs *rf, struct vio_dev *dev, const struct nicsim_regs_conf *conf,
	uint64_t bits)
{
	dut_init(rf, conf);
	return dut_negotiate(rf, dev, V1 | bits);
}

static int
max_sizes(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, NULL, 0), 0);
	UT_EQ(vio_queue_max_size(&dev, 0), 1024);
	UT_EQ(vio_queue_max_size(&dev, 8), 1024);
	UT_EQ(vio_queue_max_size(&dev, 9), 0);
	UT_EQ(vio_queue_max_size(&dev, 65535), 0);
	rf.q[3].size = 0; /* unavailable */
	UT_EQ(vio_queue_max_size(&dev, 3), 0);
	rf.q[3].size = 32768;
	UT_EQ(vio_queue_max_size(&dev, 3), 32768);
	rf.q[3].size = 32769;
	UT_EQ(vio_queue_max_size(&dev, 3), -EINVAL);
	rf.q[3].size = 65535; /* all ones, but the device is there */
	UT_EQ(vio_queue_max_size(&dev, 3), -EINVAL);
	dut_gone_after(&rf, 0);
	UT_EQ(vio_queue_max_size(&dev, 3), -ENODEV);
	UT_EQ(vio_queue_max_size(&dev, 9), -ENODEV);
	conf.num_queues = 65535;
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(vio_queue_max_size(&dev, 65534), 0);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

/* Everything is written before enable; addresses low half first, in 32 bits each. */
static int
setup_order(void)
{
	static const struct {
		uint16_t off;
		uint8_t len;
		uint32_t val;
	} expected[] = {
		{ VIO_COMMON_Q_SELECT, 2, 6 },
		{ VIO_COMMON_Q_SIZE, 2, 256 },
		{ VIO_COMMON_Q_MSIX, 2, 5 },
		{ VIO_COMMON_Q_DESCLO, 4, 0x9abcdef0 },
		{ VIO_COMMON_Q_DESCHI, 4, 0x12345678 },
		{ VIO_COMMON_Q_AVAILLO, 4, 0x76543214 },
		{ VIO_COMMON_Q_AVAILHI, 4, 0xfedcba98 },
		{ VIO_COMMON_Q_USEDLO, 4, 0x4b5a6978 },
		{ VIO_COMMON_Q_USEDHI, 4, 0x0f1e2d3c },
		{ VIO_COMMON_Q_SELECT, 2, 6 },
		{ VIO_COMMON_Q_ENABLE, 2, 1 },
	};
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint32_t i, n = 0;

	UT_EQ(open_with(&rf, &dev, NULL, 0), 0);
	nicsim_regs_trace_clear(&rf);
	UT_EQ(vio_queue_setup(&dev, 6, &good), 0);
	UT_EQ(vio_queue_enable(&dev, 6), 0);
	for (i = 0; i < rf.traced; i++) {
		if (!rf.trace[i].write)
			continue;
		UT_CHECK(n < sizeof(expected) / sizeof(expected[0]));
		UT_EQ(rf.trace[i].off, expected[n].off);
		UT_EQ(rf.trace[i].len, expected[n].len);
		UT_EQ(rf.trace[i].val, expected[n].val);
		n++;
	}
	UT_EQ(n, sizeof(expected) / sizeof(expected[0]));
	UT_EQ(rf.q[6].addr[0], good.desc);
	UT_EQ(rf.q[6].addr[1], good.driver);
	UT_EQ(rf.q[6].addr[2], good.device);
	UT_EQ(rf.q[6].enable, 1);
	UT_EQ(rf.q[5].enable, 0);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

/* vio_queue_setup() with another size, and addresses so many bytes off. */
static int
setup_off(struct vio_dev *dev, uint16_t qid, uint16_t size, unsigned int desc, unsigned int driver,
	unsigned int device)
{
	struct vio_queue_conf c = good;

	c.size = size;
	c.desc += desc;
	c.driver += driver;
	c.device += device;
	return vio_queue_setup(dev, qid, &c);
}

static int
bad_conf(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;
	unsigned int packed;

	for (packed = 0; packed < 2; packed++) {
		UT_EQ(open_with(&rf, &dev, NULL, packed ? VIO_BIT(VIO_F_RING_PACKED) : 0), 0);
		UT_EQ(setup_off(&dev, 0, 0, 0, 0, 0), -EINVAL);
		UT_EQ(setup_off(&dev, 0, 2048, 0, 0, 0), -EINVAL); /* above the device's */
		UT_EQ(setup_off(&dev, 0, 32769, 0, 0, 0), -EINVAL);
		UT_EQ(setup_off(&dev, 0, 256, 8, 0, 0), -EINVAL);
		UT_EQ(setup_off(&dev, 0, 256, 0, 1, 0), -EINVAL);
		UT_EQ(setup_off(&dev, 0, 256, 0, 0, 2), -EINVAL);
		UT_EQ(setup_off(&dev, 9, 256, 0, 0, 0), -EINVAL);
		/* what only one of the formats takes */
		UT_EQ(setup_off(&dev, 1, 255, 0, 0, 0), packed ? 0 : -EINVAL);
		UT_EQ(setup_off(&dev, 2, 256, 0, 2, 0), packed ? -EINVAL : 0);
		UT_CHECK(rf.violation == NULL);
	}
	rf.q[0].size = 65535;
	UT_EQ(vio_queue_setup(&dev, 0, &good), -EINVAL);
	rf.q[0].size = 0;
	UT_EQ(vio_queue_setup(&dev, 0, &good), -EINVAL);
	return 0;
}

static int
vector_refused(void)
{
	struct vio_queue_conf c = good;
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, NULL, 0), 0);
	UT_EQ(dut_fault(&rf, "refuse-vector"), 0);
	UT_EQ(vio_queue_setup(&dev, 0, &good), -EBUSY);
	c.vector = VIO_MSI_NO_VECTOR; /* then without one */
	UT_EQ(vio_queue_setup(&dev, 0, &c), 0);
	UT_EQ(vio_queue_enable(&dev, 0), 0);
	UT_EQ(vio_queue_vector(&dev, 0, 1), -EBUSY);
	dut_cure(&rf);
	UT_EQ(vio_queue_vector(&dev, 0, 1), 0); /* while it runs */
	UT_EQ(rf.q[0].vector, 1);
	UT_EQ(vio_queue_vector(&dev, 0, VIO_MSI_NO_VECTOR), 0);
	UT_EQ(vio_queue_vector(&dev, 9, 1), -EINVAL);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
enable(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, NULL, 0), 0);
	UT_EQ(vio_queue_enable(&dev, 9), -EINVAL);
	UT_EQ(vio_queue_setup(&dev, 0, &good), 0);
	UT_EQ(dut_fault(&rf, "refuse-enable"), 0);
	UT_EQ(vio_queue_enable(&dev, 0), -EIO);
	dut_cure(&rf);
	UT_EQ(vio_queue_enable(&dev, 0), 0);
	UT_EQ(vio_queue_setup(&dev, 0, &good), -EBUSY); /* runs */
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
ring_reset(void)
{
	struct vio_queue_conf c = good;
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, NULL, VIO_BIT(VIO_F_RING_RESET)), 0);
	UT_EQ(vio_queue_setup(&dev, 2, &good), 0);
	UT_EQ(vio_queue_setup(&dev, 3, &good), 0);
	UT_EQ(vio_queue_enable(&dev, 2), 0);
	UT_EQ(vio_queue_enable(&dev, 3), 0);
	UT_EQ(vio_queue_max_size(&dev, 2), 256); /* what was set */
	UT_EQ(vio_queue_reset(&dev, 2, 100), 0);
	UT_EQ(rf.q[2].enable, 0);
	UT_EQ(rf.q[3].enable, 1); /* the others run on */
	UT_EQ(vio_queue_max_size(&dev, 2), 1024);
	c.desc += 0x10000;
	c.size = 512;
	UT_EQ(vio_queue_setup(&dev, 2, &c), 0);
	UT_EQ(vio_queue_enable(&dev, 2), 0);
	UT_EQ(rf.q[2].addr[0], c.desc);
	UT_EQ(dut_fault(&rf, "queue-reset-stuck=10"), 0);
	UT_EQ(vio_queue_reset(&dev, 2, VIO_RESET_MS), 0);
	UT_EQ(vio_queue_reset(&dev, 9, 100), -EINVAL);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
ring_reset_never_ends(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;
	unsigned int half;
	double start;

	for (half = 0; half < 2; half++) {
		UT_EQ(open_with(&rf, &dev, NULL, VIO_BIT(VIO_F_RING_RESET)), 0);
		UT_EQ(vio_queue_setup(&dev, 2, &good), 0);
		UT_EQ(vio_queue_enable(&dev, 2), 0);
		UT_EQ(dut_fault(&rf, half ? "half-queue-reset" : "queue-reset-stuck"), 0);
		start = now_ms();
		UT_EQ(vio_queue_reset(&dev, 2, 50), -ETIMEDOUT);
		UT_GE(now_ms() - start, 50);
		UT_LE(now_ms() - start, 50 + SLACK_MS);
		UT_CHECK(rf.violation == NULL);
	}
	return 0;
}

static int
ring_reset_not_there(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, NULL, 0), 0);
	UT_EQ(vio_queue_reset(&dev, 0, 100), -ENOTSUP);
	conf.common_len = 0x3a; /* offered, but without the register */
	dut_init(&rf, &conf);
	UT_EQ(dut_open(&rf, &dev), 0);
	UT_EQ(vio_dev_reset(&dev, 100), 0);
	UT_EQ(vio_dev_negotiate(&dev, dev.offered), 0);
	UT_EQ(vio_queue_reset(&dev, 0, 100), -ENOTSUP);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
run_max_size(struct vio_dev *dev)
{
	int ret = vio_queue_max_size(dev, 1);

	return ret > 0 ? 0 : ret;
}

static int
run_setup(struct vio_dev *dev)
{
	return vio_queue_setup(dev, 1, &good);
}

static int
run_enable(struct vio_dev *dev)
{
	return vio_queue_enable(dev, 1);
}

static int
run_vector(struct vio_dev *dev)
{
	return vio_queue_vector(dev, 1, VIO_MSI_NO_VECTOR);
}

static int
run_reset(struct vio_dev *dev)
{
	return vio_queue_reset(dev, 1, 200);
}

static int
run_doorbell(struct vio_dev *dev)
{
	struct vio_doorbell db;

	return vio_queue_doorbell(dev, 1, &db);
}

/* As for the device: an access after the last that worked means -ENODEV. */
static int
vanishes(int (*run)(struct vio_dev *))
{
	uint64_t features = VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_F_NOTIF_CONFIG_DATA);
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint64_t n;
	int ret;

	for (n = 0;; n++) {
		UT_EQ(open_with(&rf, &dev, NULL, features), 0);
		UT_EQ(dut_fault(&rf, "queue-reset-stuck=2"), 0);
		if (run != run_setup)
			UT_EQ(vio_queue_setup(&dev, 1, &good), 0);
		if (run == run_reset)
			UT_EQ(vio_queue_enable(&dev, 1), 0);
		dut_gone_after(&rf, n);
		ret = run(&dev);
		if (!rf.gone)
			break;
		UT_EQ(ret, -ENODEV);
		UT_LE(n, 1000);
	}
	UT_EQ(ret, 0);
	UT_GE(n, 2);
	return 0;
}

static int
vanishes_at_each_step(void)
{
	UT_DO(vanishes(run_max_size));
	UT_DO(vanishes(run_setup));
	UT_DO(vanishes(run_enable));
	UT_DO(vanishes(run_vector));
	UT_DO(vanishes(run_reset));
	UT_DO(vanishes(run_doorbell));
	return 0;
}

/* Where the doorbells are, rung: the registers know whose each is. */
static int
doorbells(void)
{
	static const uint32_t multipliers[] = { 0, 2, 4, 256, 4096 };
	struct nicsim_regs_conf conf = dut_default;
	struct vio_doorbell db;
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint16_t qid;
	size_t i;

	for (i = 0; i < sizeof(multipliers) / sizeof(multipliers[0]); i++) {
		conf.multiplier = multipliers[i];
		UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
		for (qid = 0; qid < 9; qid++) {
			UT_EQ(vio_queue_setup(&dev, qid, &good), 0);
			UT_EQ(vio_queue_enable(&dev, qid), 0);
		}
		UT_EQ(vio_dev_driver_ok(&dev), 0);
		for (qid = 0; qid < 9; qid++) {
			UT_EQ(vio_queue_doorbell(&dev, qid, &db), 0);
			UT_EQ(db.bar, NICSIM_REGS_BAR);
			UT_EQ(db.off, rf.notify.off + (uint64_t)qid * multipliers[i]);
			UT_EQ(db.qid, qid);
			UT_EQ(db.data, qid);
			vio_queue_notify(&dev, &db);
			UT_EQ(rf.q[qid].kicks, 1);
			UT_EQ(rf.q[qid].last_kick, qid);
		}
		UT_EQ(vio_queue_doorbell(&dev, 9, &db), -EINVAL);
		UT_CHECK(rf.violation == NULL);
	}
	return 0;
}

/* The last two (with NOTIFICATION_DATA: four) bytes are in, the next are out. */
static int
doorbell_bounds(void)
{
	static const struct {
		uint32_t multiplier, len;
		uint16_t noff;
		bool data;
		int expected;
	} all[] = {
		{ 4, 4 * 8 + 2, 8, false, 0 },
		{ 4, 4 * 8 + 1, 8, false, -ERANGE },
		{ 4, 4 * 8 + 4, 8, true, 0 },
		{ 4, 4 * 8 + 3, 8, true, -ERANGE },
		{ 4, 4 * 8 + 2, 8, true, -ERANGE },
		{ 0, 2, 65535, false, 0 },
		{ 0, 4, 65535, true, 0 },
		{ 4096, 0x10000000, 65535, false, 0 }, /* a notify offset of all ones */
		{ 65536, 0xffff0002, 65535, false, 0 },
		{ 65536, 0xffff0001, 65535, false, -ERANGE },
		{ 65536, 0xffff0004, 65535, true, 0 },
		/* 2^32 - 2 times 65535: more than 32 bits, and with 32 bits it would be inside */
		{ 0xfffffffe, 0xfffffffe, 65535, false, -ERANGE },
		{ 0xfffffffc, 0xfffffffe, 65535, true, -ERANGE },
		{ 0x80000000, 0xfffffffe, 2, false, -ERANGE }, /* exactly 2^32 */
		{ 0xfffffffc, 0xfffffffe, 1, false, 0 },
		{ 0xfffffffc, 0xfffffffe, 1, true, -ERANGE },
		{ 0xfffffffc, 0xffffffff, 1, true, -ERANGE },
	};
	struct nicsim_regs_conf conf = dut_default;
	struct vio_doorbell db;
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint64_t features;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		conf.multiplier = all[i].multiplier;
		conf.notify_len = all[i].len;
		features = all[i].data ? VIO_BIT(VIO_F_NOTIFICATION_DATA) : 0;
		UT_EQ(open_with(&rf, &dev, &conf, features), 0);
		rf.q[1].noff = all[i].noff;
		UT_EQ(vio_queue_doorbell(&dev, 1, &db), all[i].expected);
		if (all[i].expected == 0)
			UT_EQ(db.off, rf.notify.off + (uint64_t)all[i].noff * all[i].multiplier);
		UT_CHECK(rf.violation == NULL);
	}
	return 0;
}

/* Each combination of the two features about what is written to a doorbell. */
static int
doorbell_data(void)
{
	struct vio_doorbell db;
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint64_t features;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		features = i & 1 ? VIO_BIT(VIO_F_NOTIF_CONFIG_DATA) : 0;
		features |= i & 2 ? VIO_BIT(VIO_F_NOTIFICATION_DATA) : 0;
		UT_EQ(open_with(&rf, &dev, NULL, features), 0);
		rf.q[3].ndata = 0xbeef;
		UT_EQ(vio_queue_setup(&dev, 3, &good), 0);
		UT_EQ(vio_queue_enable(&dev, 3), 0);
		UT_EQ(vio_dev_driver_ok(&dev), 0);
		UT_EQ(vio_queue_doorbell(&dev, 3, &db), 0);
		UT_EQ(db.qid, 3);
		UT_EQ(db.data, i & 1 ? 0xbeef : 3);
		if (i & 2) {
			vio_queue_notify_data(&dev, &db, 0x1234, true);
			UT_EQ(rf.q[3].last_kick, 0x92340000u | db.data);
			vio_queue_notify_data(&dev, &db, 0x7fff, false);
			UT_EQ(rf.q[3].last_kick, 0x7fff0000u | db.data);
			vio_queue_notify_data(&dev, &db, 0xffff, false); /* 15 bits of it */
			UT_EQ(rf.q[3].last_kick, 0x7fff0000u | db.data);
		} else {
			vio_queue_notify(&dev, &db);
			UT_EQ(rf.q[3].last_kick, db.data);
		}
		UT_CHECK(rf.violation == NULL);
	}
	return 0;
}

static int
own_page_of(struct vio_dev *dev, uint16_t qid, uint64_t page)
{
	struct vio_doorbell db;

	UT_EQ(vio_queue_doorbell(dev, qid, &db), 0);
	return vio_doorbell_own_page(dev, &db, page);
}

static int
own_page(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(own_page_of(&dev, 0, PAGE), true);
	UT_EQ(own_page_of(&dev, 8, PAGE), true);
	UT_EQ(own_page_of(&dev, 1, 65536), false); /* pages of the host are larger */
	rf.q[8].noff = 3; /* two queues share one */
	UT_EQ(own_page_of(&dev, 3, PAGE), false);
	UT_EQ(own_page_of(&dev, 4, PAGE), true);
	rf.q[8].size = 0; /* but one of them is not there */
	UT_EQ(own_page_of(&dev, 3, PAGE), true);
	rf.q[8].noff = 0xffff; /* its doorbell would be outside */
	UT_EQ(own_page_of(&dev, 3, PAGE), true);
	UT_CHECK(rf.violation == NULL);

	conf.multiplier = 4; /* all in one page */
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(own_page_of(&dev, 0, PAGE), false);
	rf.q[1].noff = 1024; /* unless the notify offsets spread them */
	UT_EQ(own_page_of(&dev, 1, PAGE), true);
	conf.multiplier = 0;
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(own_page_of(&dev, 0, PAGE), false);
	conf.multiplier = 4096 + 2; /* its own page, but not at its start */
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(own_page_of(&dev, 1, PAGE), false);
	conf.multiplier = 16384;
	conf.notify_len = 8 * 16384 + PAGE;
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(own_page_of(&dev, 8, PAGE), true);
	conf.notify_len--; /* the rest of the last page may be anything */
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(own_page_of(&dev, 8, PAGE), false);
	UT_EQ(own_page_of(&dev, 7, PAGE), true);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

/* A guest writes the queue's index: where the device wants something else, the page is no use. */
static int
own_page_config_data(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;

	UT_EQ(open_with(&rf, &dev, NULL, VIO_BIT(VIO_F_NOTIF_CONFIG_DATA)), 0);
	UT_EQ(own_page_of(&dev, 1, PAGE), true);
	rf.q[1].ndata = 77;
	UT_EQ(own_page_of(&dev, 1, PAGE), false);
	return 0;
}

/* Not a question of thousands of reads, and not of a device that is gone. */
static int
own_page_bounded(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct vio_doorbell db;
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint64_t before;

	conf.num_queues = VIO_OWN_PAGE_QUEUES + 1;
	UT_EQ(open_with(&rf, &dev, &conf, 0), 0);
	UT_EQ(vio_queue_doorbell(&dev, 1, &db), 0);
	before = rf.accesses;
	UT_EQ(vio_doorbell_own_page(&dev, &db, PAGE), false);
	UT_LE(rf.accesses - before, 4 * VIO_OWN_PAGE_QUEUES);
	UT_EQ(open_with(&rf, &dev, NULL, 0), 0);
	UT_EQ(vio_queue_doorbell(&dev, 1, &db), 0);
	dut_gone_after(&rf, 0);
	UT_EQ(vio_doorbell_own_page(&dev, &db, PAGE), false);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(max_sizes),
	UT_CASE(setup_order),
	UT_CASE(bad_conf),
	UT_CASE(vector_refused),
	UT_CASE(enable),
	UT_CASE(ring_reset),
	UT_CASE(ring_reset_never_ends),
	UT_CASE(ring_reset_not_there),
	UT_CASE(vanishes_at_each_step),
	UT_CASE(doorbells),
	UT_CASE(doorbell_bounds),
	UT_CASE(doorbell_data),
	UT_CASE(own_page),
	UT_CASE(own_page_config_data),
	UT_CASE(own_page_bounded),
	UT_END,
};
UT_SUITE(queue, "fast", cases)
