/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The capability parser: every legal shape of the list it must take, and every way to be wrong that
 * it must name.
 */
#include <errno.h>

#include "dut.h"
#include "ut.h"
#include "vio_spec.h"

#define COMMON VIO_PCI_CAP_COMMON_CFG
#define NOTIFY VIO_PCI_CAP_NOTIFY_CFG
#define ISR VIO_PCI_CAP_ISR_CFG
#define DEVICE VIO_PCI_CAP_DEVICE_CFG

#define BAR 4 /* where QEMU puts them: a 64-bit BAR, so that 5 is its upper half */

/* The offsets of the capabilities of a good device, to be spoilt. */
struct caps {
	struct nicsim_pcicfg cfg;
	uint8_t common, notify, isr, device, pci_cfg;
};

/* QEMU's modern device, with page-per-vq. */
static void
good(struct caps *c)
{
	nicsim_pcicfg_init(&c->cfg, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c->cfg.bar_len[BAR] = 0x800000;
	nicsim_pcicfg_add(&c->cfg, 0x11, 12); /* MSI-X */
	c->pci_cfg = nicsim_pcicfg_add_virtio(&c->cfg, VIO_PCI_CAP_PCI_CFG, 0, 0, 0);
	c->notify = nicsim_pcicfg_add_notify(&c->cfg, BAR, 0x3000, 0x400000, 4096);
	c->device = nicsim_pcicfg_add_virtio(&c->cfg, DEVICE, BAR, 0x2000, 0x1000);
	c->isr = nicsim_pcicfg_add_virtio(&c->cfg, ISR, BAR, 0x1000, 0x1000);
	c->common = nicsim_pcicfg_add_virtio(&c->cfg, COMMON, BAR, 0, 0x1000);
}

static int
expect(const struct nicsim_pcicfg *cfg, size_t len, int error, const char *text)
{
	static const struct vio_layout untouched = { .notify_multiplier = 0x5a5a };
	struct vio_layout layout = untouched;
	const char *why = NULL;

	UT_EQ(dut_parse(cfg, len, &layout, &why), error);
	UT_CHECK(why != NULL && strstr(why, text) != NULL);
	UT_CHECK(memcmp(&layout, &untouched, sizeof(layout)) == 0);
	return 0;
}

static int
region_is(const struct vio_region *r, uint8_t bar, uint64_t off, uint64_t len)
{
	UT_EQ(r->bar, bar);
	UT_EQ(r->off, off);
	UT_EQ(r->len, len);
	return 0;
}

static int
qemu_modern(void)
{
	struct vio_layout l;
	const char *why;
	struct caps c;

	good(&c);
	UT_EQ(dut_parse(&c.cfg, 256, &l, &why), 0);
	UT_DO(region_is(&l.common, BAR, 0, 0x1000));
	UT_DO(region_is(&l.isr, BAR, 0x1000, 0x1000));
	UT_DO(region_is(&l.device, BAR, 0x2000, 0x1000));
	UT_DO(region_is(&l.notify, BAR, 0x3000, 0x400000));
	UT_EQ(l.notify_multiplier, 4096);
	UT_EQ(l.pci_cfg_cap, c.pci_cfg);
	return 0;
}

/* A VF without VFIO's help has all ones for its ids. */
static int
vf_ids(void)
{
	struct vio_layout l;
	const char *why;
	struct caps c;

	good(&c);
	nicsim_pcicfg_set32(&c.cfg, 0, 0xffffffff);
	UT_EQ(dut_parse(&c.cfg, 256, &l, &why), 0);
	return 0;
}

static int
extended_space(void)
{
	uint8_t big[4096];
	struct vio_layout l;
	const char *why;
	struct caps c;

	good(&c);
	memset(big, 0xff, sizeof(big));
	memcpy(big, c.cfg.bytes, NICSIM_PCICFG_LEN);
	UT_EQ(vio_caps_parse(big, sizeof(big), c.cfg.bar_len, &l, &why), 0);
	return 0;
}

/* Offsets and lengths of 32 bits at their ends, in a BAR of more than 4 GiB. */
static int
largest(void)
{
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c.bar_len[0] = UINT64_C(1) << 33;
	c.bar_len[2] = UINT64_C(1) << 40;
	c.bar_len[4] = UINT64_C(1) << 62;
	nicsim_pcicfg_add_virtio(&c, COMMON, 0, 0xfffffffc, 0xffffffff);
	nicsim_pcicfg_add_notify(&c, 2, 0xfffffffe, 0xffffffff, 0xfffffffe);
	nicsim_pcicfg_add_virtio(&c, ISR, 4, 0xffffffff, 0xffffffff);
	nicsim_pcicfg_add_virtio(&c, DEVICE, 4, 0, 0xffffffff);
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	UT_DO(region_is(&l.common, 0, 0xfffffffc, 0xffffffff));
	UT_DO(region_is(&l.notify, 2, 0xfffffffe, 0xffffffff));
	UT_DO(region_is(&l.isr, 4, 0xffffffff, 0xffffffff));
	UT_DO(region_is(&l.device, 4, 0, 0xffffffff));
	UT_EQ(l.notify_multiplier, 0xfffffffe);
	/* one byte less of BAR is one too few */
	c.bar_len[2] = UINT64_C(0xfffffffe) + 0xffffffff;
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	c.bar_len[2]--;
	UT_DO(expect(&c, 256, -EINVAL, "notification structure reaches past"));
	return 0;
}

/* As small as the specification lets them be, touching each other. */
static int
smallest(void)
{
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c.bar_len[1] = 0x3b;
	nicsim_pcicfg_add_virtio(&c, COMMON, 1, 0, 0x38);
	nicsim_pcicfg_add_notify(&c, 1, 0x38, 2, 0);
	nicsim_pcicfg_add_virtio(&c, ISR, 1, 0x3a, 1);
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	UT_EQ(l.device.len, 0);
	UT_EQ(l.notify_multiplier, 0);
	UT_EQ(l.pci_cfg_cap, 0);
	return 0;
}

/* A list that fills the space to its last byte, backwards and with a longer cap_len. */
static int
to_the_last_byte(void)
{
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;
	uint8_t at;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c.bar_len[0] = 0x10000;
	c.room = 256 - 16;
	nicsim_pcicfg_add_virtio(&c, COMMON, 0, 0, 0x38);
	c.room = 256 - 16 - 24;
	at = nicsim_pcicfg_add_notify(&c, 0, 0x1000, 0x1000, 4);
	c.bytes[at + 2] = 24;
	c.room = 0x40;
	at = nicsim_pcicfg_add_virtio(&c, ISR, 0, 0x2000, 1);
	c.bytes[at + 2] = 256 - 0x40; /* legal: padding to the end (4.1.4.1) */
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	UT_DO(expect(&c, 255, -EINVAL, "reaches past the configuration space"));
	return 0;
}

/* 48 capabilities of 4 bytes are the most that fit; the last two links carry reserved low bits. */
static int
longest_list(void)
{
	struct nicsim_pcicfg c;
	unsigned int at;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	for (at = 0x40; at < 256; at += 4)
		nicsim_pcicfg_add(&c, 0x01, 4);
	c.bytes[0x34] |= 3;
	c.bytes[0x41] |= 1;
	UT_DO(expect(&c, 256, -ENODEV, "no virtio 1.x structures"));
	c.bytes[256 - 3] = 0x40;
	UT_DO(expect(&c, 256, -EINVAL, "loops"));
	return 0;
}

static int
loops(void)
{
	struct caps c;

	good(&c);
	c.cfg.bytes[c.common + 1] = c.common; /* to itself */
	UT_DO(expect(&c.cfg, 256, -EINVAL, "loops"));
	c.cfg.bytes[c.common + 1] = 0x40; /* to the first */
	UT_DO(expect(&c.cfg, 256, -EINVAL, "loops"));
	return 0;
}

/* Wherever the configuration space ends early, the parser says so and reads no byte further. */
static int
cut_off(void)
{
	const char *why = NULL, *text;
	struct vio_layout l;
	struct caps c;
	size_t len;

	good(&c);
	for (len = 64; len < c.cfg.room; len++) {
		text = ""; /* one of the two, by where in which capability it ends */
		if (len >= c.common)
			text = len < c.common + 4u ? "cut off" : "reaches past";
		UT_DO(expect(&c.cfg, len, -EINVAL, text));
	}
	UT_EQ(dut_parse(&c.cfg, c.cfg.room, &l, &why), 0);
	for (len = 0; len < 64; len++)
		UT_DO(expect(&c.cfg, len, -EINVAL, "shorter than its header"));
	return 0;
}

static int
into_the_header(void)
{
	struct caps c;

	good(&c);
	c.cfg.bytes[c.common + 1] = 0x3c;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "into the header"));
	c.cfg.bytes[0x34] = 0x04;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "into the header"));
	return 0;
}

static int
overlap(void)
{
	static const uint8_t types[] = { COMMON, NOTIFY, ISR, DEVICE };
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;
	uint32_t off;
	size_t i, j, k;

	/* each pair, by the last byte of the one and the first of the other */
	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			if (i == j)
				continue;
			nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
			c.bar_len[0] = 0x10000;
			for (k = 0; k < 4; k++) {
				off = 0x1000 * (uint32_t)k;
				if (k == i || k == j)
					off = k == i ? 0x8000 : 0x803c;
				nicsim_pcicfg_add_virtio(
					&c, types[k], 0, off, k == i ? 0x3d : 0x40);
			}
			UT_DO(expect(&c, 256, -EINVAL, "overlap"));
			nicsim_pcicfg_set32(
				&c, (uint16_t)(0x40 + (i > 1 ? 4 : 0) + 16 * i + 12), 0x3c);
			UT_EQ(dut_parse(&c, 256, &l, &why), 0);
		}
	}
	return 0;
}

/* The same place in another BAR is another place. */
static int
same_offset_other_bar(void)
{
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c.bar_len[0] = c.bar_len[1] = c.bar_len[2] = c.bar_len[5] = 0x1000;
	nicsim_pcicfg_add_virtio(&c, COMMON, 0, 0, 0x1000);
	nicsim_pcicfg_add_notify(&c, 1, 0, 0x1000, 0);
	nicsim_pcicfg_add_virtio(&c, ISR, 2, 0, 0x1000);
	nicsim_pcicfg_add_virtio(&c, DEVICE, 5, 0, 0x1000);
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	UT_EQ(l.device.bar, 5);
	return 0;
}

static int
past_the_bar(void)
{
	struct caps c;

	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.common + 8, 0x7ff004);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "common configuration structure reaches past"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.isr + 8, 0xffffffff);
	nicsim_pcicfg_set32(&c.cfg, c.isr + 12, 0xffffffff);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "ISR status structure reaches past"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.device + 12, 0xfffff000);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "device configuration structure reaches past"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.notify + 8, 0x800000);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "notification structure reaches past"));
	return 0;
}

static int
misaligned(void)
{
	struct vio_layout l;
	const char *why;
	struct caps c;

	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.common + 8, 2);
	nicsim_pcicfg_set32(&c.cfg, c.common + 12, 0x38);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "common configuration structure is misaligned"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.device + 8, 0x2002);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "device configuration structure is misaligned"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.notify + 8, 0x3001);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "notification structure is misaligned"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.notify + 16, 4097);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "multiplier is odd"));
	good(&c);
	/* 2 is enough without NOTIFICATION_DATA */
	nicsim_pcicfg_set32(&c.cfg, c.notify + 8, 0x3002);
	nicsim_pcicfg_set32(&c.cfg, c.isr + 8, 0x1fff); /* anywhere */
	nicsim_pcicfg_set32(&c.cfg, c.isr + 12, 1);
	UT_EQ(dut_parse(&c.cfg, 256, &l, &why), 0);
	return 0;
}

static int
too_short(void)
{
	struct vio_layout l;
	const char *why;
	struct caps c;

	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.common + 12, 0x37);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "common configuration structure is shorter"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.notify + 12, 1);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "notification structure is shorter"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.isr + 12, 0);
	UT_DO(expect(&c.cfg, 256, -EINVAL, "ISR status structure is shorter"));
	good(&c);
	nicsim_pcicfg_set32(&c.cfg, c.device + 12, 0); /* optional: as good as none */
	UT_EQ(dut_parse(&c.cfg, 256, &l, &why), 0);
	UT_EQ(l.device.len, 0);
	return 0;
}

static int
wrong_cap_len(void)
{
	struct caps c;

	good(&c);
	c.cfg.bytes[c.common + 2] = 15;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "cap_len is too small"));
	good(&c);
	c.cfg.bytes[c.notify + 2] = 16; /* no room for the multiplier */
	UT_DO(expect(&c.cfg, 256, -EINVAL, "cap_len is too small"));
	good(&c);
	c.cfg.bytes[c.pci_cfg + 2] = 16;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "cap_len is too small"));
	good(&c);
	c.cfg.bytes[c.isr + 2] = 0;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "cap_len is too small"));
	good(&c);
	c.cfg.bytes[c.common + 2] = 0xff;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "reaches past the configuration space"));
	return 0;
}

/* 4.1.4.1: reserved types and BAR numbers are to be ignored, whatever else they say. */
static int
reserved(void)
{
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;
	uint8_t at;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c.bar_len[0] = 0x10000;
	at = nicsim_pcicfg_add_virtio(&c, 6, 0, 1, 0xffffffff);
	c.bytes[at + 2] = 0;
	nicsim_pcicfg_add_virtio(&c, COMMON, 6, 3, 1);
	nicsim_pcicfg_add_virtio(&c, NOTIFY, 0xff, 3, 1);
	nicsim_pcicfg_add_virtio(&c, VIO_PCI_CAP_SHARED_MEMORY_CFG, 0, 1, 0xffffffff);
	at = nicsim_pcicfg_add(&c, VIO_PCI_CAP_VNDR, 8); /* vendor data is shorter than the rest */
	c.bytes[at + 2] = 8;
	c.bytes[at + 3] = VIO_PCI_CAP_VENDOR_CFG;
	nicsim_pcicfg_add_virtio(&c, COMMON, 0, 0, 0x100);
	nicsim_pcicfg_add_notify(&c, 0, 0x1000, 0x1000, 2);
	nicsim_pcicfg_add_virtio(&c, ISR, 0, 0x2000, 4);
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	UT_DO(region_is(&l.common, 0, 0, 0x100));
	UT_EQ(l.notify_multiplier, 2);
	return 0;
}

/* 4.1.4.1: the first that can be used; what follows is not even looked at. */
static int
duplicates(void)
{
	struct vio_layout l;
	const char *why;
	struct nicsim_pcicfg c;

	nicsim_pcicfg_init(&c, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	c.bar_len[4] = 0x10000; /* BAR 1 is I/O */
	nicsim_pcicfg_add_notify(&c, 1, 0, 4, 0); /* QEMU's modern-pio-notify comes first */
	nicsim_pcicfg_add_notify(&c, 4, 0x1000, 0x1000, 4);
	nicsim_pcicfg_add_notify(&c, 4, 0x1001, 0xffffffff, 3);
	nicsim_pcicfg_add_virtio(&c, COMMON, 4, 0, 0x40);
	nicsim_pcicfg_add_virtio(&c, COMMON, 4, 0x20, 0x40);
	nicsim_pcicfg_add_virtio(&c, ISR, 4, 0x2000, 1);
	UT_EQ(dut_parse(&c, 256, &l, &why), 0);
	UT_DO(region_is(&l.notify, 4, 0x1000, 0x1000));
	UT_EQ(l.notify_multiplier, 4);
	UT_DO(region_is(&l.common, 4, 0, 0x40));
	return 0;
}

static int
missing(void)
{
	static const char *const text[] = {
		[COMMON] = "no common configuration structure",
		[NOTIFY] = "no notification structure",
		[ISR] = "no ISR status structure",
	};
	uint8_t type, at;
	struct caps c;

	for (type = COMMON; type <= ISR; type++) {
		good(&c);
		at = type == COMMON ? c.common : type == NOTIFY ? c.notify : c.isr;
		c.cfg.bytes[at + 3] = 0x77;
		UT_DO(expect(&c.cfg, 256, -EINVAL, text[type]));
	}
	return 0;
}

static int
unusable_bar(void)
{
	struct caps c;

	good(&c);
	c.cfg.bytes[c.notify + 4] = 5; /* the upper half of BAR 4 */
	UT_DO(expect(&c.cfg, 256, -EINVAL, "notification structure is in a BAR that is absent"));
	good(&c);
	c.cfg.bar_len[BAR] = 0;
	UT_DO(expect(&c.cfg, 256, -EINVAL, "in a BAR that is absent"));
	return 0;
}

static int
not_virtio(void)
{
	struct nicsim_pcicfg legacy;
	struct caps c;

	good(&c);
	nicsim_pcicfg_set16(&c.cfg, 0, 0x8086);
	UT_DO(expect(&c.cfg, 256, -ENODEV, "not a virtio device"));
	good(&c);
	nicsim_pcicfg_set16(&c.cfg, 6, 0);
	UT_DO(expect(&c.cfg, 256, -ENODEV, "no capability list"));
	nicsim_pcicfg_init(&legacy, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET_TRANSITIONAL);
	UT_DO(expect(&legacy, 256, -ENODEV, "legacy"));
	nicsim_pcicfg_add(&legacy, 0x11, 12);
	UT_DO(expect(&legacy, 256, -ENODEV, "legacy"));
	return 0;
}

static int
all_ones(void)
{
	struct nicsim_pcicfg c;

	memset(&c, 0xff, sizeof(c));
	UT_DO(expect(&c, 256, -ENODEV, "gone"));
	UT_DO(expect(&c, 64, -ENODEV, "gone"));
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(qemu_modern),
	UT_CASE(vf_ids),
	UT_CASE(extended_space),
	UT_CASE(largest),
	UT_CASE(smallest),
	UT_CASE(to_the_last_byte),
	UT_CASE(longest_list),
	UT_CASE(loops),
	UT_CASE(cut_off),
	UT_CASE(into_the_header),
	UT_CASE(overlap),
	UT_CASE(same_offset_other_bar),
	UT_CASE(past_the_bar),
	UT_CASE(misaligned),
	UT_CASE(too_short),
	UT_CASE(wrong_cap_len),
	UT_CASE(reserved),
	UT_CASE(duplicates),
	UT_CASE(missing),
	UT_CASE(unusable_bar),
	UT_CASE(not_virtio),
	UT_CASE(all_ones),
	UT_END,
};
UT_SUITE(caps, "fast", cases)
