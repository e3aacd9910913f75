/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The walk over the PCI capability list. Pure: reads the bytes it is given, each at most once per
 * field, and writes the layout. Any thread; never loops more often than there is room for
 * capabilities.
 */
#include <errno.h>
#include <string.h>

#include "vio_caps.h"
#include "vio_spec.h"

/* PCI Local Bus Specification 3.0, 6.1 and 6.7 */
#define PCI_VENDOR_ID 0x00
#define PCI_STATUS 0x06
#define PCI_STATUS_CAP_LIST 0x10
#define PCI_CAP_PTR 0x34
#define PCI_HEADER_LEN 64
#define PCI_CAPS_END 256
#define PCI_CAPS_MAX ((PCI_CAPS_END - PCI_HEADER_LEN) / 4)

/* virtio 1.2, 4.1.4: struct virtio_pci_cap; offsets */
#define CAP_NEXT 1
#define CAP_LEN 2
#define CAP_CFG_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_SIZE 16
#define CAP_MULTIPLIER 16
#define CAP_NOTIFY_SIZE 20
#define CAP_PCI_CFG_SIZE 20

struct caps_scan {
	const uint8_t *cfg;
	size_t end; /* of what may be read of cfg */
	const uint64_t *bar_len;
	struct vio_layout layout;
	unsigned int unusable; /* types, as bits, seen in a BAR that is no mapped memory only */
	const char *why;
};

/* What one structure must be, by cfg_type. */
struct caps_rule {
	uint32_t min_len; /* of the structure */
	uint32_t align;
	const char *is_short;
	const char *is_misaligned;
	const char *is_past;
	const char *is_missing;
	const char *is_unusable;
};

#define CAPS_RULE(name, len, al)                                                                   \
	{                                                                                          \
		.min_len = (len), .align = (al),                                                   \
		.is_short = "the " name " structure is shorter than the specification's",          \
		.is_misaligned = "the " name " structure is misaligned",                           \
		.is_past = "the " name " structure reaches past its BAR",                          \
		.is_missing = "there is no " name " structure",                                    \
		.is_unusable =                                                                     \
			"the " name " structure is in a BAR that is absent or no memory BAR",      \
	}

static const struct caps_rule caps_rules[] = {
	[VIO_PCI_CAP_COMMON_CFG] = CAPS_RULE("common configuration", VIO_COMMON_MIN_LEN, 4),
	[VIO_PCI_CAP_NOTIFY_CFG] = CAPS_RULE("notification", 2, 2),
	[VIO_PCI_CAP_ISR_CFG] = CAPS_RULE("ISR status", 1, 1),
	[VIO_PCI_CAP_DEVICE_CFG] = CAPS_RULE("device configuration", 1, 4),
};

static uint32_t
caps_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int
caps_fail(struct caps_scan *s, int err, const char *why)
{
	s->why = why;
	return err;
}

static struct vio_region *
caps_region(struct vio_layout *layout, uint8_t type)
{
	switch (type) {
	case VIO_PCI_CAP_COMMON_CFG:
		return &layout->common;
	case VIO_PCI_CAP_NOTIFY_CFG:
		return &layout->notify;
	case VIO_PCI_CAP_ISR_CFG:
		return &layout->isr;
	case VIO_PCI_CAP_DEVICE_CFG:
		return &layout->device;
	default:
		return NULL;
	}
}

/* The capability itself: whether what is about to be read of it is there. */
static int
caps_bounds(struct caps_scan *s, size_t pos, size_t need)
{
	uint8_t cap_len = s->cfg[pos + CAP_LEN];

	if (cap_len < need)
		return caps_fail(
			s, -EINVAL, "a virtio capability's cap_len is too small for its type");
	if (pos + cap_len > s->end)
		return caps_fail(
			s, -EINVAL, "a virtio capability reaches past the configuration space");
	return 0;
}

static int
caps_take_region(struct caps_scan *s, size_t pos, uint8_t type, struct vio_region *region)
{
	const struct caps_rule *rule = &caps_rules[type];
	const uint8_t *cap = s->cfg + pos;
	struct vio_region r = {
		.bar = cap[CAP_BAR],
		.off = caps_le32(cap + CAP_OFFSET),
		.len = caps_le32(cap + CAP_LENGTH),
	};

	if (r.bar >= VIO_NUM_BARS) /* 4.1.4.1: reserved, to be ignored */
		return 0;
	if (s->bar_len[r.bar] == 0) {
		s->unusable |= 1u << type;
		return 0;
	}
	if (type == VIO_PCI_CAP_DEVICE_CFG && r.len == 0)
		return 0; /* optional, and says that it has nothing */
	if (r.len < rule->min_len)
		return caps_fail(s, -EINVAL, rule->is_short);
	if (r.off % rule->align != 0)
		return caps_fail(s, -EINVAL, rule->is_misaligned);
	if (r.off + r.len > s->bar_len[r.bar]) /* two 32-bit values: no overflow */
		return caps_fail(s, -EINVAL, rule->is_past);
	if (type == VIO_PCI_CAP_NOTIFY_CFG) {
		s->layout.notify_multiplier = caps_le32(cap + CAP_MULTIPLIER);
		if (s->layout.notify_multiplier % 2 != 0) /* 4.1.4.4.1 */
			return caps_fail(s, -EINVAL, "the notify offset multiplier is odd");
	}
	*region = r;
	return 0;
}

/* One vendor-specific capability at pos; its first two bytes are there. */
static int
caps_take(struct caps_scan *s, size_t pos)
{
	struct vio_region *region;
	uint8_t type;
	int ret;

	if (pos + CAP_CFG_TYPE >= s->end)
		return caps_fail(s, -EINVAL, "a virtio capability is cut off");
	type = s->cfg[pos + CAP_CFG_TYPE];
	if (type == VIO_PCI_CAP_PCI_CFG) {
		/* what it points to is for the driver to write, not to be read */
		ret = caps_bounds(s, pos, CAP_PCI_CFG_SIZE);
		if (ret == 0 && s->layout.pci_cfg_cap == 0)
			s->layout.pci_cfg_cap = (uint8_t)pos;
		return ret;
	}
	region = caps_region(&s->layout, type);
	if (region == NULL || region->len != 0) /* 4.1.4.1: reserved types; all but the first */
		return 0;
	ret = caps_bounds(s, pos, type == VIO_PCI_CAP_NOTIFY_CFG ? CAP_NOTIFY_SIZE : CAP_SIZE);
	if (ret != 0)
		return ret;
	return caps_take_region(s, pos, type, region);
}

static int
caps_walk(struct caps_scan *s)
{
	/* 6.7: the two low bits of a pointer are reserved and masked */
	size_t pos = s->cfg[PCI_CAP_PTR] & ~3u;
	unsigned int n;
	int ret;

	for (n = 0; pos != 0; n++) {
		if (n == PCI_CAPS_MAX)
			return caps_fail(s, -EINVAL, "the capability list loops");
		if (pos < PCI_HEADER_LEN)
			return caps_fail(s, -EINVAL, "a capability pointer leads into the header");
		if (pos + CAP_NEXT >= s->end)
			return caps_fail(s, -EINVAL, "the capability list is cut off");
		if (s->cfg[pos] == VIO_PCI_CAP_VNDR) {
			ret = caps_take(s, pos);
			if (ret != 0)
				return ret;
		}
		pos = s->cfg[pos + CAP_NEXT] & ~3u;
	}
	return 0;
}

/* What must be there once the walk is over. */
static int
caps_complete(struct caps_scan *s)
{
	static const uint8_t required[] = { VIO_PCI_CAP_COMMON_CFG, VIO_PCI_CAP_NOTIFY_CFG,
		VIO_PCI_CAP_ISR_CFG };
	const struct vio_layout *l = &s->layout;
	size_t i;

	if (l->common.len == 0 && l->notify.len == 0 && l->isr.len == 0 && s->unusable == 0)
		return caps_fail(s, -ENODEV,
			"no virtio 1.x structures: not a virtio device, or a legacy one "
			"(in QEMU: disable-modern=off)");
	for (i = 0; i < sizeof(required); i++) {
		if (caps_region(&s->layout, required[i])->len != 0)
			continue;
		if (s->unusable & (1u << required[i]))
			return caps_fail(s, -EINVAL, caps_rules[required[i]].is_unusable);
		return caps_fail(s, -EINVAL, caps_rules[required[i]].is_missing);
	}
	return 0;
}

static int
caps_overlap(struct caps_scan *s)
{
	const struct vio_layout *l = &s->layout;
	const struct vio_region *r[] = { &l->common, &l->notify, &l->isr, &l->device };
	size_t i, j;

	for (i = 0; i < 4; i++) {
		for (j = i + 1; j < 4; j++) {
			if (r[i]->len == 0 || r[j]->len == 0 || r[i]->bar != r[j]->bar)
				continue;
			if (r[i]->off < r[j]->off + r[j]->len && r[j]->off < r[i]->off + r[i]->len)
				return caps_fail(s, -EINVAL, "two virtio structures overlap");
		}
	}
	return 0;
}

static int
caps_header(struct caps_scan *s)
{
	const uint8_t *cfg = s->cfg;
	uint16_t vendor = cfg[PCI_VENDOR_ID] | (uint16_t)(cfg[PCI_VENDOR_ID + 1] << 8);
	uint16_t status = cfg[PCI_STATUS] | (uint16_t)(cfg[PCI_STATUS + 1] << 8);

	if (status == 0xffff) /* has reserved bits: no device says this */
		return caps_fail(
			s, -ENODEV, "the configuration space reads all ones: the device is gone");
	/* A VF's own register reads all ones (SR-IOV 1.1, 3.4.1.1); VFIO fills in the PF's id. */
	if (vendor != VIO_PCI_VENDOR && vendor != 0xffff)
		return caps_fail(s, -ENODEV, "not a virtio device: its PCI vendor id is not 1af4");
	if ((status & PCI_STATUS_CAP_LIST) == 0)
		return caps_fail(s, -ENODEV, "no capability list: not a virtio 1.x device");
	return 0;
}

int
vio_caps_parse(const uint8_t *cfg, size_t cfg_len, const uint64_t bar_len[VIO_NUM_BARS],
	struct vio_layout *layout, const char **why)
{
	struct caps_scan s = {
		.cfg = cfg,
		.end = cfg_len < PCI_CAPS_END ? cfg_len : PCI_CAPS_END,
		.bar_len = bar_len,
	};
	int ret;

	if (cfg_len < PCI_HEADER_LEN)
		ret = caps_fail(&s, -EINVAL, "the configuration space is shorter than its header");
	else
		ret = caps_header(&s);
	if (ret == 0)
		ret = caps_walk(&s);
	if (ret == 0)
		ret = caps_complete(&s);
	if (ret == 0)
		ret = caps_overlap(&s);
	if (ret != 0) {
		*why = s.why;
		return ret;
	}
	*layout = s.layout;
	return 0;
}
