/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * One device behind its registers: status sequence, features, reset, configuration, and what comes
 * back when the device refuses, never ends, or vanishes between any two accesses.
 */
#include <errno.h>
#include <stddef.h>
#include <time.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>

#include "dut.h"
#include "ut.h"

#define V1 VIO_BIT(VIO_F_VERSION_1)
#define SLACK_MS 1000 /* how much later than its deadline a thread may come to run */

/* The kernel's numbers, where it has them: the project's own are typed by hand. */
_Static_assert(VIO_COMMON_Q_USEDHI == VIRTIO_PCI_COMMON_Q_USEDHI, "common");
_Static_assert(VIO_COMMON_Q_NDATA == VIRTIO_PCI_COMMON_Q_NDATA, "common");
_Static_assert(VIO_COMMON_Q_RESET == VIRTIO_PCI_COMMON_Q_RESET, "common");
_Static_assert(VIO_COMMON_Q_NOFF == VIRTIO_PCI_COMMON_Q_NOFF, "common");
_Static_assert(VIO_COMMON_STATUS == VIRTIO_PCI_COMMON_STATUS, "common");
_Static_assert(VIO_COMMON_CFGGENERATION == VIRTIO_PCI_COMMON_CFGGENERATION, "common");
_Static_assert(VIO_PCI_CAP_PCI_CFG == VIRTIO_PCI_CAP_PCI_CFG, "cap");
_Static_assert(VIO_STATUS_NEEDS_RESET == VIRTIO_CONFIG_S_NEEDS_RESET, "status");
_Static_assert(VIO_STATUS_FAILED == VIRTIO_CONFIG_S_FAILED, "status");
_Static_assert(VIO_F_VERSION_1 == VIRTIO_F_VERSION_1, "feature");
_Static_assert(VIO_F_ACCESS_PLATFORM == VIRTIO_F_ACCESS_PLATFORM, "feature");
_Static_assert(VIO_F_RING_PACKED == VIRTIO_F_RING_PACKED, "feature");
_Static_assert(VIO_F_IN_ORDER == 35 && VIO_F_ORDER_PLATFORM == VIRTIO_F_ORDER_PLATFORM, "feature");
_Static_assert(VIO_F_SR_IOV == VIRTIO_F_SR_IOV, "feature");
_Static_assert(VIO_F_RING_RESET == VIRTIO_F_RING_RESET, "feature");
_Static_assert(VIO_NET_F_MRG_RXBUF == VIRTIO_NET_F_MRG_RXBUF, "feature");
_Static_assert(VIO_NET_F_HOST_UFO == VIRTIO_NET_F_HOST_UFO, "feature");
_Static_assert(VIO_NET_F_GUEST_ANNOUNCE == VIRTIO_NET_F_GUEST_ANNOUNCE, "feature");
_Static_assert(VIO_NET_F_MQ == VIRTIO_NET_F_MQ, "feature");
_Static_assert(VIO_NET_F_CTRL_MAC_ADDR == VIRTIO_NET_F_CTRL_MAC_ADDR, "feature");
_Static_assert(VIO_NET_F_RSS == VIRTIO_NET_F_RSS, "feature");
_Static_assert(VIO_NET_F_HASH_REPORT == VIRTIO_NET_F_HASH_REPORT, "feature");
_Static_assert(VIO_NET_CFG_STATUS == offsetof(struct virtio_net_config, status), "config");
_Static_assert(
	VIO_NET_CFG_MAX_PAIRS == offsetof(struct virtio_net_config, max_virtqueue_pairs), "config");
_Static_assert(VIO_NET_CFG_MTU == offsetof(struct virtio_net_config, mtu), "config");
_Static_assert(VIO_NET_CTRL_MQ == VIRTIO_NET_CTRL_MQ, "control");
_Static_assert(VIO_NET_CTRL_MAC_ADDR_SET == VIRTIO_NET_CTRL_MAC_ADDR_SET, "control");
_Static_assert(VIO_NET_CTRL_ANNOUNCE == VIRTIO_NET_CTRL_ANNOUNCE, "control");
_Static_assert(VIO_NET_MAX_PAIRS == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX, "control");

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/*
 * Let the device vanish after each number of accesses: as long as the function makes more, its
 * answer must be -ENODEV. It is prepared anew each time.
 */
static int
vanishes(int (*prepare)(struct nicsim_regs *, struct vio_dev *), int (*run)(struct vio_dev *))
{
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint64_t n;
	int ret;

	for (n = 0;; n++) {
		dut_init(&rf, NULL);
		UT_EQ(prepare(&rf, &dev), 0);
		dut_gone_after(&rf, n);
		ret = run(&dev);
		UT_CHECK(rf.violation == NULL);
		if (!rf.gone)
			break;
		UT_EQ(ret, -ENODEV);
		UT_LE(n, 1000);
	}
	UT_EQ(ret, 0);
	UT_GE(n, 1);
	return 0;
}

static int
opened(struct nicsim_regs *rf, struct vio_dev *dev)
{
	return dut_open(rf, dev);
}

static int
negotiated(struct nicsim_regs *rf, struct vio_dev *dev)
{
	return dut_negotiate(rf, dev, rf->conf.offered);
}

static int
init(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;

	conf.offered |= UINT64_C(0x8000000000000001);
	dut_init(&rf, &conf);
	UT_EQ(dut_open(&rf, &dev), 0);
	UT_EQ(dev.offered, conf.offered);
	UT_EQ(dev.num_queues, 9);
	UT_EQ(dev.features, 0);
	UT_EQ(rf.status, 0);
	UT_EQ(rf.resets, 0);
	UT_CHECK(rf.violation == NULL);
	UT_EQ(vio_dev_status(&dev), 0);
	UT_EQ(vio_dev_is_gone(&dev), false);
	dut_gone_after(&rf, 0);
	UT_EQ(vio_dev_status(&dev), 0xff);
	UT_EQ(vio_dev_is_gone(&dev), true);
	return 0;
}

static int
init_refused(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct vio_layout layout = { .common = { .len = VIO_COMMON_MIN_LEN - 1 } };
	struct vio_io io = { .ops = &nicsim_regs_ops };
	struct nicsim_regs rf;
	struct vio_dev dev;

	conf.offered &= ~V1;
	dut_init(&rf, &conf);
	UT_EQ(dut_open(&rf, &dev), -EINVAL);
	conf = dut_default;
	conf.num_queues = 0;
	dut_init(&rf, &conf);
	UT_EQ(dut_open(&rf, &dev), -EINVAL);
	io.ctx = &rf;
	UT_EQ(vio_dev_init(&dev, &io, &layout), -EINVAL);
	conf.num_queues = 65535; /* all ones, and legal */
	dut_init(&rf, &conf);
	UT_EQ(dut_open(&rf, &dev), 0);
	UT_EQ(dev.num_queues, 65535);
	return 0;
}

/* A feature without the registers for it is not offered. */
static int
features_without_room(void)
{
	static const struct {
		uint32_t common_len, notify_len, multiplier;
		unsigned int bit;
	} cases_[] = {
		{ 0x38, 0x1000, 4, VIO_F_NOTIF_CONFIG_DATA },
		{ 0x39, 0x1000, 4, VIO_F_NOTIF_CONFIG_DATA },
		{ 0x38, 0x1000, 4, VIO_F_RING_RESET },
		{ 0x3b, 0x1000, 4, VIO_F_RING_RESET },
		{ 0x3c, 2, 0, VIO_F_NOTIFICATION_DATA },
		{ 0x3c, 0x1000, 2, VIO_F_NOTIFICATION_DATA },
	};
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;
	size_t i;

	for (i = 0; i < sizeof(cases_) / sizeof(cases_[0]); i++) {
		conf.common_len = cases_[i].common_len;
		conf.notify_len = cases_[i].notify_len;
		conf.multiplier = cases_[i].multiplier;
		dut_init(&rf, &conf);
		UT_EQ(dut_open(&rf, &dev), 0);
		UT_EQ(dev.offered & VIO_BIT(cases_[i].bit), 0);
		UT_CHECK(dev.offered & V1);
	}
	return 0;
}

static int
status_sequence(void)
{
	static const uint8_t expected[] = { 0, 1, 3, 11, 15 };
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint32_t i, n = 0;

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, rf.conf.offered), 0);
	UT_EQ(vio_dev_driver_ok(&dev), 0);
	for (i = 0; i < rf.traced; i++) {
		if (!rf.trace[i].write || rf.trace[i].off != VIO_COMMON_STATUS)
			continue;
		UT_CHECK(n < sizeof(expected));
		UT_EQ(rf.trace[i].val, expected[n++]);
	}
	UT_EQ(n, sizeof(expected));
	UT_EQ(rf.driver_features, rf.conf.offered);
	UT_EQ(dev.features, rf.conf.offered);
	UT_EQ(rf.resets, 1);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
features_in_halves(void)
{
	uint64_t features = V1 | VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_F_RING_PACKED);
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;

	conf.offered = UINT64_MAX;
	dut_init(&rf, &conf);
	UT_EQ(dut_negotiate(&rf, &dev, features), 0);
	UT_EQ(rf.driver_features, features);
	/* again, with none of the low half: nothing of the first time stays */
	features = V1;
	UT_EQ(vio_dev_reset(&dev, 100), 0);
	UT_EQ(dev.features, 0);
	UT_EQ(vio_dev_negotiate(&dev, features), 0);
	UT_EQ(rf.driver_features, features);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
features_refused(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;

	dut_init(&rf, NULL);
	UT_EQ(dut_fault(&rf, "refuse-features"), 0);
	UT_EQ(dut_negotiate(&rf, &dev, V1), -ENOTSUP);
	UT_CHECK(rf.status & VIO_STATUS_FAILED);
	UT_EQ(dev.features, 0);

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, V1 | VIO_BIT(VIO_NET_F_RSS)), -EINVAL);
	UT_CHECK(rf.status & VIO_STATUS_FAILED);
	UT_EQ(rf.driver_features, 0);
	UT_EQ(dev.features, 0);

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, VIO_BIT(VIO_NET_F_MAC)), -EINVAL);
	UT_CHECK(rf.status & VIO_STATUS_FAILED);

	/* after a reset it may be tried again */
	UT_EQ(vio_dev_reset(&dev, 100), 0);
	UT_EQ(vio_dev_negotiate(&dev, V1), 0);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

/* QEMU makes the queues of MQ once MQ is negotiated. */
static int
queues_come_with_features(void)
{
	struct nicsim_regs_conf conf = dut_default;
	struct nicsim_regs rf;
	struct vio_dev dev;

	conf.num_queues = 3;
	conf.num_queues_later = 9;
	dut_init(&rf, &conf);
	UT_EQ(dut_open(&rf, &dev), 0);
	UT_EQ(dev.num_queues, 3);
	UT_EQ(vio_dev_reset(&dev, 100), 0);
	UT_EQ(vio_dev_negotiate(&dev, V1), 0);
	UT_EQ(dev.num_queues, 9);
	UT_EQ(dut_fault(&rf, "refuse-features"), 0);
	UT_EQ(vio_dev_reset(&dev, 100), 0);
	UT_EQ(vio_dev_negotiate(&dev, V1), -ENOTSUP);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
reset_takes_time(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;
	double start;

	dut_init(&rf, NULL);
	UT_EQ(dut_fault(&rf, "reset-stuck=20"), 0);
	start = now_ms();
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_LE(now_ms() - start, VIO_RESET_MS);
	UT_EQ(rf.resets, 1);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
reset_never_ends(void)
{
	static const unsigned int deadlines[] = { 1, 20, 150 };
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint64_t before;
	double start;
	size_t i;

	for (i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
		dut_init(&rf, NULL);
		UT_EQ(dut_open(&rf, &dev), 0);
		UT_EQ(dut_fault(&rf, "reset-stuck"), 0);
		before = rf.accesses;
		start = now_ms();
		UT_EQ(vio_dev_reset(&dev, deadlines[i]), -ETIMEDOUT);
		UT_GE(now_ms() - start, deadlines[i]);
		UT_LE(now_ms() - start, deadlines[i] + SLACK_MS);
		/* it slept: a millisecond a step once it is on its way */
		UT_LE(rf.accesses - before, 10 + deadlines[i]);
		UT_CHECK(rf.violation == NULL);
	}
	return 0;
}

static int
run_reset(struct vio_dev *dev)
{
	return vio_dev_reset(dev, 200);
}

static int
run_negotiate(struct vio_dev *dev)
{
	return vio_dev_negotiate(dev, dev->offered);
}

static int
run_config_read(struct vio_dev *dev)
{
	uint8_t mac[6];

	return vio_dev_config_read(dev, VIO_NET_CFG_MAC, mac, sizeof(mac));
}

static int
run_config_write(struct vio_dev *dev)
{
	static const uint8_t mac[6] = { 2 };

	return vio_dev_config_write(dev, VIO_NET_CFG_MAC, mac, sizeof(mac));
}

static int
run_config_vector(struct vio_dev *dev)
{
	return vio_dev_config_vector(dev, 3);
}

static int
run_config_no_vector(struct vio_dev *dev)
{
	return vio_dev_config_vector(dev, VIO_MSI_NO_VECTOR);
}

static int
run_init(struct vio_dev *dev)
{
	struct vio_dev again;

	return vio_dev_init(&again, &dev->io, &dev->layout);
}

static int
resetting_slowly(struct nicsim_regs *rf, struct vio_dev *dev)
{
	int ret = dut_fault(rf, "reset-stuck=3");

	return ret != 0 ? ret : dut_open(rf, dev);
}

static int
vanishes_at_each_step(void)
{
	UT_DO(vanishes(opened, run_init));
	UT_DO(vanishes(opened, run_reset));
	UT_DO(vanishes(resetting_slowly, run_reset));
	UT_DO(vanishes(opened, run_negotiate));
	UT_DO(vanishes(negotiated, vio_dev_driver_ok));
	UT_DO(vanishes(negotiated, run_config_read));
	UT_DO(vanishes(negotiated, run_config_write));
	UT_DO(vanishes(negotiated, run_config_vector));
	UT_DO(vanishes(negotiated, run_config_no_vector));
	return 0;
}

/* Gone, a reset gives up at once and not at its deadline. */
static int
gone_is_fast(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;
	double start;

	dut_init(&rf, NULL);
	UT_EQ(dut_open(&rf, &dev), 0);
	dut_gone_after(&rf, 0);
	start = now_ms();
	UT_EQ(vio_dev_reset(&dev, 10 * SLACK_MS), -ENODEV);
	UT_LE(now_ms() - start, SLACK_MS);
	return 0;
}

static int
driver_ok_refused(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;

	dut_init(&rf, NULL);
	UT_EQ(dut_fault(&rf, "needs-reset@driver-ok"), 0);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_EQ(vio_dev_driver_ok(&dev), -EIO);
	dut_init(&rf, NULL);
	UT_EQ(dut_fault(&rf, "refuse-driver-ok"), 0);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_EQ(vio_dev_driver_ok(&dev), -EIO);
	return 0;
}

static int
config_bounds(void)
{
	struct nicsim_regs_conf conf = dut_default;
	uint8_t buf[64];
	struct nicsim_regs rf;
	struct vio_dev dev;

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_EQ(vio_dev_config_read(&dev, 0, buf, NICSIM_REGS_NETCFG), 0);
	UT_EQ(vio_dev_config_read(&dev, NICSIM_REGS_NETCFG, buf, 0), 0);
	UT_EQ(vio_dev_config_read(&dev, NICSIM_REGS_NETCFG - 1, buf, 1), 0);
	UT_EQ(vio_dev_config_read(&dev, NICSIM_REGS_NETCFG, buf, 1), -ERANGE);
	UT_EQ(vio_dev_config_read(&dev, NICSIM_REGS_NETCFG - 1, buf, 2), -ERANGE);
	UT_EQ(vio_dev_config_read(&dev, 0, buf, NICSIM_REGS_NETCFG + 1), -ERANGE);
	UT_EQ(vio_dev_config_read(&dev, UINT32_MAX, buf, 2), -ERANGE);
	UT_EQ(vio_dev_config_read(&dev, 2, buf, UINT32_MAX - 1), -ERANGE);
	UT_EQ(vio_dev_config_write(&dev, NICSIM_REGS_NETCFG - 1, buf, 2), -ERANGE);
	UT_EQ(vio_dev_config_write(&dev, UINT32_MAX, buf, 2), -ERANGE);
	conf.device_len = 0;
	dut_init(&rf, &conf);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_EQ(vio_dev_config_read(&dev, 0, buf, 1), -ERANGE);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

/* 4.1.3.1: each field by its own width. */
static int
config_widths(void)
{
	static const struct {
		uint32_t off, len;
		uint8_t width;
	} all[] = {
		{ VIO_NET_CFG_MAC, 6, 1 },
		{ VIO_NET_CFG_STATUS, 2, 2 },
		{ VIO_NET_CFG_MTU, 2, 2 },
		{ 12, 4, 4 },
		{ 12, 8, 4 },
		{ 10, 4, 1 },
		{ 7, 2, 1 },
		{ 16, 1, 1 },
		{ 0, 24, 1 },
	};
	uint8_t buf[24], back[24];
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint32_t j, n;
	size_t i;

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		nicsim_regs_trace_clear(&rf);
		UT_EQ(vio_dev_config_read(&dev, all[i].off, buf, all[i].len), 0);
		UT_CHECK(memcmp(buf, rf.netcfg + all[i].off, all[i].len) == 0);
		for (j = 0, n = 0; j < rf.traced; j++) {
			if (rf.trace[j].off < rf.device.off)
				continue;
			UT_EQ(rf.trace[j].len, all[i].width);
			n++;
		}
		UT_EQ(n, all[i].len / all[i].width);
		for (j = 0; j < all[i].len; j++)
			buf[j] ^= 0xff;
		UT_EQ(vio_dev_config_write(&dev, all[i].off, buf, all[i].len), 0);
		UT_EQ(vio_dev_config_read(&dev, all[i].off, back, all[i].len), 0);
		UT_CHECK(memcmp(buf, back, all[i].len) == 0);
	}
	UT_CHECK(rf.violation == NULL);
	return 0;
}

/* Changes under the reader are read again; what comes back is of one piece. */
static int
config_generation(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;
	uint8_t mac[6];
	uint64_t before;

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_EQ(dut_fault(&rf, "restless-config=9"), 0); /* more than one reading of 6 bytes */
	UT_EQ(vio_dev_config_read(&dev, 0, mac, 6), 0);
	UT_CHECK(memcmp(mac, rf.netcfg, 6) == 0);
	UT_EQ(rf.generation, 9);

	UT_EQ(dut_fault(&rf, "restless-config"), 0);
	before = rf.accesses;
	UT_EQ(vio_dev_config_read(&dev, 0, mac, 6), -EAGAIN);
	UT_LE(rf.accesses - before, 1000);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static int
config_vector(void)
{
	struct nicsim_regs rf;
	struct vio_dev dev;

	dut_init(&rf, NULL);
	UT_EQ(dut_negotiate(&rf, &dev, V1), 0);
	UT_EQ(vio_dev_config_vector(&dev, 7), 0);
	UT_EQ(rf.config_vector, 7);
	UT_EQ(vio_dev_config_vector(&dev, VIO_MSI_NO_VECTOR), 0);
	UT_EQ(rf.config_vector, VIO_MSI_NO_VECTOR);
	UT_EQ(dut_fault(&rf, "refuse-vector"), 0);
	UT_EQ(vio_dev_config_vector(&dev, 7), -EBUSY);
	UT_EQ(vio_dev_config_vector(&dev, VIO_MSI_NO_VECTOR), 0);
	UT_CHECK(rf.violation == NULL);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(init),
	UT_CASE(init_refused),
	UT_CASE(features_without_room),
	UT_CASE(status_sequence),
	UT_CASE(features_in_halves),
	UT_CASE(features_refused),
	UT_CASE(queues_come_with_features),
	UT_CASE(reset_takes_time),
	UT_CASE(reset_never_ends),
	UT_CASE(vanishes_at_each_step),
	UT_CASE(gone_is_fast),
	UT_CASE(driver_ok_refused),
	UT_CASE(config_bounds),
	UT_CASE(config_widths),
	UT_CASE(config_generation),
	UT_CASE(config_vector),
	UT_END,
};
UT_SUITE(dev, "fast", cases)
