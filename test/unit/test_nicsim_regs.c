/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The registers of a simulated function, driven by hand: what the specification says of them, what
 * faults make of it, and that a driver which does what it must not is noticed.
 */
#include <errno.h>

#include "dut.h"
#include "ut.h"

#define V1 VIO_BIT(VIO_F_VERSION_1)
#define LIVE (VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER | VIO_STATUS_FEATURES_OK)

static struct nicsim_regs r;

static uint32_t
rd(uint32_t off, uint8_t len)
{
	return nicsim_regs_ops.read(&r, NICSIM_REGS_BAR, r.common.off + off, len);
}

static void
wr(uint32_t off, uint8_t len, uint32_t val)
{
	nicsim_regs_ops.write(&r, NICSIM_REGS_BAR, r.common.off + off, len, val);
}

static uint32_t
status(void)
{
	return rd(VIO_COMMON_STATUS, 1);
}

static void
features(uint64_t bits)
{
	wr(VIO_COMMON_STATUS, 1, VIO_STATUS_ACKNOWLEDGE);
	wr(VIO_COMMON_STATUS, 1, VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER);
	wr(VIO_COMMON_GFSELECT, 4, 0);
	wr(VIO_COMMON_GF, 4, (uint32_t)bits);
	wr(VIO_COMMON_GFSELECT, 4, 1);
	wr(VIO_COMMON_GF, 4, (uint32_t)(bits >> 32));
}

/* Up to FEATURES_OK. @return whether it stayed */
static bool
accepts(uint64_t bits)
{
	wr(VIO_COMMON_STATUS, 1, 0);
	status();
	features(bits);
	wr(VIO_COMMON_STATUS, 1, LIVE);
	return (status() & VIO_STATUS_FEATURES_OK) != 0;
}

static void
queue_up(uint16_t qid)
{
	wr(VIO_COMMON_Q_SELECT, 2, qid);
	wr(VIO_COMMON_Q_SIZE, 2, 256);
	wr(VIO_COMMON_Q_DESCLO, 4, 0x1000);
	wr(VIO_COMMON_Q_ENABLE, 2, 1);
}

/* 5.1.3.1: without what they need they are refused, with it taken. */
static int
dependencies(void)
{
	static const struct {
		unsigned int bit;
		unsigned int needs;
	} all[] = {
		{ VIO_NET_F_GUEST_TSO4, VIO_NET_F_GUEST_CSUM },
		{ VIO_NET_F_GUEST_TSO6, VIO_NET_F_GUEST_CSUM },
		{ VIO_NET_F_GUEST_UFO, VIO_NET_F_GUEST_CSUM },
		{ VIO_NET_F_GUEST_USO4, VIO_NET_F_GUEST_CSUM },
		{ VIO_NET_F_GUEST_USO6, VIO_NET_F_GUEST_CSUM },
		{ VIO_NET_F_HOST_TSO4, VIO_NET_F_CSUM },
		{ VIO_NET_F_HOST_TSO6, VIO_NET_F_CSUM },
		{ VIO_NET_F_HOST_UFO, VIO_NET_F_CSUM },
		{ VIO_NET_F_HOST_USO, VIO_NET_F_CSUM },
		{ VIO_NET_F_CTRL_RX, VIO_NET_F_CTRL_VQ },
		{ VIO_NET_F_CTRL_VLAN, VIO_NET_F_CTRL_VQ },
		{ VIO_NET_F_GUEST_ANNOUNCE, VIO_NET_F_CTRL_VQ },
		{ VIO_NET_F_MQ, VIO_NET_F_CTRL_VQ },
		{ VIO_NET_F_CTRL_MAC_ADDR, VIO_NET_F_CTRL_VQ },
		{ VIO_NET_F_RSS, VIO_NET_F_CTRL_VQ },
	};
	const uint64_t csum = VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_GUEST_CSUM);
	struct nicsim_regs_conf conf = dut_default;
	size_t i;

	conf.offered = UINT64_MAX;
	dut_init(&r, &conf);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		UT_CHECK(!accepts(V1 | VIO_BIT(all[i].bit)));
		UT_CHECK(accepts(V1 | VIO_BIT(all[i].bit) | VIO_BIT(all[i].needs)));
	}
	UT_CHECK(!accepts(V1 | csum | VIO_BIT(VIO_NET_F_GUEST_ECN)));
	UT_CHECK(!accepts(V1 | csum | VIO_BIT(VIO_NET_F_HOST_ECN)));
	UT_CHECK(accepts(V1 | csum | VIO_BIT(VIO_NET_F_GUEST_ECN) | VIO_BIT(VIO_NET_F_GUEST_TSO6)));
	UT_CHECK(accepts(V1 | csum | VIO_BIT(VIO_NET_F_HOST_ECN) | VIO_BIT(VIO_NET_F_HOST_TSO4)));
	UT_CHECK(!accepts(VIO_BIT(VIO_NET_F_MAC)));
	UT_CHECK(accepts(V1));
	UT_CHECK(r.violation == NULL);
	return 0;
}

/* Each thing that a driver must not do, from a good state: what the referee says. */
#define BLAMED(what, does)                                                                         \
	do {                                                                                       \
		UT_CHECK(r.violation == NULL);                                                     \
		does;                                                                              \
		UT_STR(r.violation, what);                                                         \
	} while (0)

static int
start(uint64_t bits)
{
	dut_init(&r, NULL);
	UT_CHECK(accepts(V1 | bits));
	queue_up(0);
	wr(VIO_COMMON_STATUS, 1, LIVE | VIO_STATUS_DRIVER_OK);
	UT_CHECK(r.violation == NULL);
	return 0;
}

static void
ring(uint16_t qid, uint8_t len)
{
	nicsim_regs_ops.write(&r, NICSIM_REGS_BAR, r.notify.off + qid * UINT64_C(4096), len, qid);
}

static int
referee(void)
{
	UT_DO(start(0));
	BLAMED("a register accessed at another width than its own", rd(VIO_COMMON_STATUS, 2));
	UT_DO(start(0));
	BLAMED("a register accessed at another width than its own", rd(VIO_COMMON_DF, 2));
	UT_DO(start(0));
	BLAMED("a read-only register written", wr(VIO_COMMON_NUM_QUEUES, 2, 1));
	UT_DO(start(0));
	BLAMED("an access to no register", rd(VIO_COMMON_Q_ENABLE + 1, 1));
	UT_DO(start(0));
	BLAMED("a read outside of what may be read", rd(0x800, 4));
	UT_DO(start(0));
	BLAMED("a write outside of what may be written", wr(0x800, 4, 0));
	UT_DO(start(0));
	BLAMED("a status bit cleared", wr(VIO_COMMON_STATUS, 1, LIVE));
	UT_DO(start(0));
	BLAMED("features written outside of their time", wr(VIO_COMMON_GF, 4, 0));
	UT_DO(start(0));
	BLAMED("a doorbell rung at the wrong width", ring(0, 4));
	UT_DO(start(VIO_BIT(VIO_F_NOTIFICATION_DATA)));
	BLAMED("a doorbell rung at the wrong width", ring(0, 2));
	UT_DO(start(0));
	BLAMED("the doorbell of a queue that is not enabled", ring(1, 2));
	UT_DO(start(0));
	BLAMED("the doorbell of no queue",
		nicsim_regs_ops.write(&r, NICSIM_REGS_BAR, r.notify.off, 2, 7));
	UT_DO(start(0));
	BLAMED("a queue changed after it was enabled", wr(VIO_COMMON_Q_SIZE, 2, 128));
	UT_DO(start(0));
	BLAMED("queue_reset written without RING_RESET", wr(VIO_COMMON_Q_RESET, 2, 1));
	UT_DO(start(0));
	BLAMED("queue_reset read without RING_RESET", rd(VIO_COMMON_Q_RESET, 2));
	UT_DO(start(0));
	BLAMED("queue_notif_config_data read without its feature", rd(VIO_COMMON_Q_NDATA, 2));
	UT_DO(start(0));
	wr(VIO_COMMON_Q_SELECT, 2, 1);
	BLAMED("a queue size of 0 or above the maximum", wr(VIO_COMMON_Q_SIZE, 2, 0));
	UT_DO(start(0));
	wr(VIO_COMMON_Q_SELECT, 2, 1);
	BLAMED("the size of a split ring that is no power of 2", wr(VIO_COMMON_Q_SIZE, 2, 100));
	UT_DO(start(0));
	wr(VIO_COMMON_Q_SELECT, 2, 1);
	BLAMED("queue_enable written with other than 1", wr(VIO_COMMON_Q_ENABLE, 2, 0));
	UT_DO(start(0));
	wr(VIO_COMMON_Q_SELECT, 2, 9);
	BLAMED("a queue enabled that is not there", wr(VIO_COMMON_Q_ENABLE, 2, 1));
	UT_DO(start(0));
	wr(VIO_COMMON_Q_SELECT, 2, 300);
	BLAMED("a queue written that is not there", wr(VIO_COMMON_Q_SIZE, 2, 64));
	/* one thing after another: the first one is kept */
	wr(VIO_COMMON_STATUS, 1, LIVE);
	UT_STR(r.violation, "a queue written that is not there");
	return 0;
}

/* What a driver must not do is not carried out. */
static int
not_carried_out(void)
{
	UT_DO(start(0));
	wr(VIO_COMMON_Q_SELECT, 2, 1);
	wr(VIO_COMMON_Q_ENABLE, 2, 0);
	wr(VIO_COMMON_Q_ENABLE, 2, 2);
	UT_EQ(rd(VIO_COMMON_Q_ENABLE, 2), 0);
	UT_CHECK(r.violation != NULL);
	wr(VIO_COMMON_Q_SELECT, 2, 0);
	UT_EQ(rd(VIO_COMMON_Q_ENABLE, 2), 1);
	wr(VIO_COMMON_Q_ENABLE, 2, 0);
	UT_EQ(rd(VIO_COMMON_Q_ENABLE, 2), 1);
	UT_DO(start(0));
	BLAMED("a queue changed after it was enabled", wr(VIO_COMMON_Q_ENABLE, 2, 1));
	return 0;
}

static int
referee_of_the_start(void)
{
	dut_init(&r, NULL);
	BLAMED("DRIVER without ACKNOWLEDGE", wr(VIO_COMMON_STATUS, 1, VIO_STATUS_DRIVER));
	dut_init(&r, NULL);
	BLAMED("FEATURES_OK before DRIVER",
		wr(VIO_COMMON_STATUS, 1, VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_FEATURES_OK));
	dut_init(&r, NULL);
	features(V1);
	BLAMED("DRIVER_OK before FEATURES_OK",
		wr(VIO_COMMON_STATUS, 1,
			VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER | VIO_STATUS_DRIVER_OK));
	dut_init(&r, NULL);
	features(V1 | VIO_BIT(VIO_NET_F_RSS));
	BLAMED("a feature accepted that was not offered", wr(VIO_COMMON_STATUS, 1, LIVE));
	UT_EQ(status() & VIO_STATUS_FEATURES_OK, 0);
	dut_init(&r, NULL);
	features(V1);
	BLAMED("a queue enabled before FEATURES_OK", queue_up(0));
	dut_init(&r, NULL);
	UT_CHECK(accepts(V1));
	queue_up(0);
	BLAMED("a doorbell rung before DRIVER_OK", ring(0, 2));
	dut_init(&r, NULL);
	wr(VIO_COMMON_STATUS, 1, 0);
	BLAMED("a register read before the reset is over", rd(VIO_COMMON_NUM_QUEUES, 2));
	dut_init(&r, NULL);
	wr(VIO_COMMON_STATUS, 1, 0);
	BLAMED("a register written before the reset is over", wr(VIO_COMMON_STATUS, 1, 1));
	return 0;
}

/* A reset leaves nothing; while it is held up, the device is what it was. */
static int
reset(void)
{
	unsigned int i;

	UT_DO(start(VIO_BIT(VIO_NET_F_MAC)));
	wr(VIO_COMMON_CONFIG_MSIX, 2, 3);
	UT_EQ(dut_fault(&r, "reset-stuck=5"), 0);
	wr(VIO_COMMON_STATUS, 1, 0);
	for (i = 0; i < 5; i++) {
		UT_EQ(status(), LIVE | VIO_STATUS_DRIVER_OK);
		UT_EQ(r.q[0].enable, 1);
	}
	UT_EQ(status(), 0);
	UT_EQ(r.q[0].enable, 0);
	UT_EQ(r.q[0].size, 1024);
	UT_EQ(r.driver_features, 0);
	UT_EQ(r.config_vector, VIO_MSI_NO_VECTOR);
	UT_EQ(r.resets, 2);
	UT_EQ(dut_fault(&r, "reset-stuck"), 0);
	wr(VIO_COMMON_STATUS, 1, 0);
	for (i = 0; i < 1000; i++)
		UT_CHECK(status() != 0);
	dut_cure(&r);
	r.stuck = false;
	UT_EQ(status(), 0);
	UT_CHECK(r.violation == NULL);
	return 0;
}

/* NEEDS_RESET is the device's: a driver that writes the status without it takes nothing back. */
static int
needs_reset(void)
{
	dut_init(&r, NULL);
	UT_CHECK(accepts(V1));
	UT_EQ(dut_fault(&r, "needs-reset"), 0);
	UT_EQ(status(), LIVE | VIO_STATUS_NEEDS_RESET);
	wr(VIO_COMMON_STATUS, 1, LIVE | VIO_STATUS_DRIVER_OK);
	UT_EQ(status(), LIVE | VIO_STATUS_DRIVER_OK | VIO_STATUS_NEEDS_RESET);
	wr(VIO_COMMON_STATUS, 1, 0);
	UT_EQ(status(), 0);
	UT_CHECK(r.violation == NULL);
	return 0;
}

static unsigned int hooked[5];

static void
on_kick(void *ctx, uint16_t qid)
{
	(void)ctx;
	hooked[0] += 1u + qid;
}

static void
on_enable(void *ctx, uint16_t qid)
{
	(void)ctx;
	hooked[1] += 1u + qid;
}

static void
on_disable(void *ctx, uint16_t qid)
{
	(void)ctx;
	hooked[2] += 1u + qid;
}

static void
on_live(void *ctx)
{
	(void)ctx;
	hooked[3]++;
}

static void
on_reset(void *ctx)
{
	(void)ctx;
	hooked[4]++;
}

static int
hooks_are_called(const unsigned int n[5])
{
	unsigned int i;

	for (i = 0; i < 5; i++)
		UT_EQ(hooked[i], n[i]);
	return 0;
}

#define HOOKED(...) UT_DO(hooks_are_called((const unsigned int[5]){ __VA_ARGS__ }))

/* What happens is told once, and not what is refused. */
static int
hooks(void)
{
	static const struct nicsim_regs_hooks all = { on_kick, on_enable, on_disable, on_live,
		on_reset };

	memset(hooked, 0, sizeof(hooked));
	dut_init(&r, NULL);
	r.hooks = &all;
	UT_CHECK(accepts(V1 | VIO_BIT(VIO_F_RING_RESET)));
	HOOKED(0, 0, 0, 0, 1);
	queue_up(3);
	HOOKED(0, 4, 0, 0, 1);
	UT_EQ(dut_fault(&r, "refuse-enable"), 0);
	queue_up(4);
	HOOKED(0, 4, 0, 0, 1);
	dut_cure(&r);
	UT_EQ(dut_fault(&r, "refuse-driver-ok"), 0);
	wr(VIO_COMMON_STATUS, 1, LIVE | VIO_STATUS_DRIVER_OK);
	HOOKED(0, 4, 0, 0, 1);
	dut_cure(&r);
	wr(VIO_COMMON_STATUS, 1, LIVE | VIO_STATUS_DRIVER_OK);
	HOOKED(0, 4, 0, 1, 1);
	wr(VIO_COMMON_Q_SELECT, 2, 3); /* a second time: it goes on as it is */
	wr(VIO_COMMON_Q_ENABLE, 2, 1);
	HOOKED(0, 4, 0, 1, 1);
	UT_STR(r.violation, "a queue changed after it was enabled");
	r.violation = NULL;
	ring(3, 2);
	HOOKED(4, 4, 0, 1, 1);
	wr(VIO_COMMON_Q_SELECT, 2, 3);
	UT_EQ(dut_fault(&r, "queue-reset-stuck=2"), 0);
	wr(VIO_COMMON_Q_RESET, 2, 1);
	UT_EQ(rd(VIO_COMMON_Q_RESET, 2), 1);
	UT_EQ(rd(VIO_COMMON_Q_RESET, 2), 1);
	HOOKED(4, 4, 0, 1, 1);
	UT_EQ(rd(VIO_COMMON_Q_RESET, 2), 0);
	HOOKED(4, 4, 4, 1, 1);
	UT_EQ(rd(VIO_COMMON_Q_ENABLE, 2), 0);
	dut_cure(&r);
	queue_up(3);
	HOOKED(4, 8, 4, 1, 1);
	UT_EQ(dut_fault(&r, "half-queue-reset"), 0);
	wr(VIO_COMMON_Q_RESET, 2, 1);
	UT_EQ(rd(VIO_COMMON_Q_RESET, 2), 0);
	UT_EQ(rd(VIO_COMMON_Q_ENABLE, 2), 1);
	HOOKED(4, 8, 4, 1, 1);
	dut_cure(&r);
	UT_EQ(dut_fault(&r, "gone@kick"), 0);
	dut_gone_after(&r, 0);
	ring(3, 2);
	HOOKED(4, 8, 4, 1, 1); /* deaf */
	UT_EQ(status(), 0xff);
	UT_CHECK(r.violation == NULL);
	return 0;
}

/* Each point of the registers strikes before what it stands for is carried out. */
static int
points(void)
{
	dut_init(&r, NULL);
	UT_EQ(dut_fault(&r, "gone@reset+2"), 0);
	wr(VIO_COMMON_STATUS, 1, 0);
	UT_EQ(status(), 0);
	wr(VIO_COMMON_STATUS, 1, 0);
	UT_EQ(status(), 0xff);
	UT_EQ(r.resets, 1);

	dut_init(&r, NULL);
	UT_EQ(dut_fault(&r, "gone@features"), 0);
	features(V1);
	UT_CHECK(!r.gone);
	wr(VIO_COMMON_STATUS, 1, LIVE);
	UT_CHECK(r.gone);
	UT_EQ(r.status & VIO_STATUS_FEATURES_OK, 0);

	dut_init(&r, NULL);
	UT_EQ(dut_fault(&r, "refuse-features@features+2"), 0);
	UT_CHECK(accepts(V1));
	UT_CHECK(!accepts(V1));

	dut_init(&r, NULL);
	UT_EQ(dut_fault(&r, "gone@enable+2"), 0);
	UT_CHECK(accepts(V1));
	queue_up(0);
	queue_up(1);
	UT_CHECK(r.gone);
	UT_EQ(r.q[0].enable, 1);
	UT_EQ(r.q[1].enable, 0);

	dut_init(&r, NULL);
	UT_EQ(dut_fault(&r, "gone@driver-ok"), 0);
	UT_CHECK(accepts(V1));
	wr(VIO_COMMON_STATUS, 1, LIVE | VIO_STATUS_DRIVER_OK);
	UT_CHECK(r.gone);
	UT_EQ(r.status & VIO_STATUS_DRIVER_OK, 0);
	UT_CHECK(r.violation == NULL);
	return 0;
}

/* 4.1.4.5: what happened without MSI-X, until it is read. */
static int
isr(void)
{
	dut_init(&r, NULL);
	r.isr = 3;
	UT_EQ(nicsim_regs_ops.read(&r, NICSIM_REGS_BAR, r.isr_region.off, 1), 3);
	UT_EQ(nicsim_regs_ops.read(&r, NICSIM_REGS_BAR, r.isr_region.off, 1), 0);
	UT_CHECK(r.violation == NULL);
	return 0;
}

/* The configuration that a driver reads. */
static int
configuration(void)
{
	static const uint8_t expected[17] = { 0x52, 0x54, 0, 1, 2, 3, 1, 0, 4, 0, 0xdc, 5, 0x10,
		0x27, 0, 0, 1 };
	struct vio_dev dev;
	uint8_t got[17];

	dut_init(&r, NULL);
	UT_EQ(dut_negotiate(&r, &dev, V1), 0);
	UT_EQ(vio_dev_config_read(&dev, 0, got, sizeof(got)), 0);
	UT_EQ(memcmp(got, expected, sizeof(got)), 0);
	UT_EQ(dut_fault(&r, "link-down"), 0);
	UT_EQ(dut_fault(&r, "announce"), 0);
	UT_EQ(vio_dev_config_read(&dev, VIO_NET_CFG_STATUS, got, 2), 0);
	UT_EQ(got[0], VIO_NET_S_ANNOUNCE);
	UT_EQ(dut_fault(&r, "link-up"), 0);
	UT_EQ(vio_dev_config_read(&dev, VIO_NET_CFG_STATUS, got, 2), 0);
	UT_EQ(got[0], VIO_NET_S_ANNOUNCE | VIO_NET_S_LINK_UP);
	return 0;
}

/* What a function may insist on, and what it does not have. */
static int
limits(void)
{
	struct nicsim_regs_conf conf = dut_default;
	uint32_t vector;

	conf.required = VIO_BIT(VIO_F_ACCESS_PLATFORM);
	conf.vectors = 3;
	conf.config_fixed = true;
	dut_init(&r, &conf);
	UT_CHECK(!accepts(V1));
	UT_CHECK(accepts(V1 | VIO_BIT(VIO_F_ACCESS_PLATFORM)));
	for (vector = 0; vector < 6; vector++) {
		wr(VIO_COMMON_CONFIG_MSIX, 2, vector);
		UT_EQ(rd(VIO_COMMON_CONFIG_MSIX, 2), vector < 3 ? vector : VIO_MSI_NO_VECTOR);
		wr(VIO_COMMON_Q_MSIX, 2, vector);
		UT_EQ(rd(VIO_COMMON_Q_MSIX, 2), vector < 3 ? vector : VIO_MSI_NO_VECTOR);
	}
	nicsim_regs_ops.write(&r, NICSIM_REGS_BAR, r.device.off, 1, 0xff);
	UT_EQ(r.netcfg[0], 0x52);
	UT_STR(r.violation, "device configuration written");
	/* what is not offered is not insisted on */
	conf.offered &= ~VIO_BIT(VIO_F_ACCESS_PLATFORM);
	dut_init(&r, &conf);
	UT_CHECK(accepts(V1));
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(dependencies),
	UT_CASE(limits),
	UT_CASE(referee),
	UT_CASE(not_carried_out),
	UT_CASE(referee_of_the_start),
	UT_CASE(reset),
	UT_CASE(needs_reset),
	UT_CASE(hooks),
	UT_CASE(points),
	UT_CASE(isr),
	UT_CASE(configuration),
	UT_END,
};
UT_SUITE(nicsim_regs, "fast", cases)
