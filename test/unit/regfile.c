/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The register file of a virtio PCI function: what is where, which structure an access belongs to,
 * the device configuration, doorbells, and the way from here to a device in use. Never waits, never
 * starts a thread.
 */
#include <string.h>

#include "regfile_priv.h"

#define COMMON_OFF 0x0000
#define ISR_OFF 0x1000
#define DEVICE_OFF 0x2000
#define NOTIFY_OFF 0x3000

const struct regfile_conf regfile_default = {
	.offered = VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM) |
		   VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER) |
		   VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_F_NOTIFICATION_DATA) |
		   VIO_BIT(VIO_F_NOTIF_CONFIG_DATA) | VIO_BIT(VIO_F_EVENT_IDX) |
		   VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) | VIO_BIT(VIO_NET_F_CTRL_VQ) |
		   VIO_BIT(VIO_NET_F_CTRL_RX) | VIO_BIT(VIO_NET_F_MQ) |
		   VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE),
	.common_len = 0x3c,
	.device_len = REGFILE_DEVICE_LEN,
	.notify_len = 0x10000,
	.multiplier = 4096,
	.num_queues = 9,
	.max_size = 1024,
};

void
regfile_blame(struct regfile *rf, const char *what)
{
	if (rf->violation == NULL)
		rf->violation = what;
}

void
regfile_trace_clear(struct regfile *rf)
{
	rf->traced = 0;
}

static struct vio_region
place(struct regfile *rf, uint8_t type, uint32_t off, uint32_t len)
{
	if (len != 0)
		pcicfg_add_virtio(&rf->cfg, type, REGFILE_BAR, off, len);
	return (struct vio_region){ .bar = REGFILE_BAR, .off = off, .len = len };
}

void
regfile_init(struct regfile *rf, const struct regfile_conf *conf)
{
	static const uint8_t netcfg[REGFILE_DEVICE_LEN] = { 0x52, 0x54, 0, 1, 2, 3, /* MAC */
		VIO_NET_S_LINK_UP, 0, /* status */
		4, 0, /* queue pairs */
		0xdc, 0x05, /* MTU */
		0x10, 0x27, 0, 0, /* 10 Gbit/s */
		1 }; /* full duplex */
	uint16_t i, num_queues;

	memset(rf, 0, sizeof(*rf));
	rf->conf = conf != NULL ? *conf : regfile_default;
	num_queues = rf->conf.num_queues;
	if (num_queues < rf->conf.num_queues_later)
		num_queues = rf->conf.num_queues_later;
	pcicfg_init(&rf->cfg, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	rf->common = place(rf, VIO_PCI_CAP_COMMON_CFG, COMMON_OFF, rf->conf.common_len);
	rf->isr = place(rf, VIO_PCI_CAP_ISR_CFG, ISR_OFF, 1);
	rf->device = place(rf, VIO_PCI_CAP_DEVICE_CFG, DEVICE_OFF, rf->conf.device_len);
	rf->notify.bar = REGFILE_BAR;
	rf->notify.off = NOTIFY_OFF;
	rf->notify.len = rf->conf.notify_len;
	pcicfg_add_notify(
		&rf->cfg, REGFILE_BAR, NOTIFY_OFF, rf->conf.notify_len, rf->conf.multiplier);
	rf->cfg.bar_len[REGFILE_BAR] = NOTIFY_OFF + (uint64_t)rf->conf.notify_len;
	memcpy(rf->netcfg, netcfg, sizeof(netcfg));
	rf->gone_after = REGFILE_ALWAYS;
	for (i = 0; i < REGFILE_QUEUES; i++) {
		rf->q[i].max_size = i < num_queues ? rf->conf.max_size : 0;
		rf->q[i].noff = i;
		rf->q[i].ndata = i;
	}
	regfile_default_state(rf);
}

static uint32_t
ones(uint8_t len)
{
	return UINT32_MAX >> (32 - 8 * len);
}

static bool
is_gone(const struct regfile *rf)
{
	return rf->accesses > rf->gone_after;
}

static void
trace(struct regfile *rf, bool write, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	if (rf->traced == REGFILE_TRACE)
		return;
	rf->trace[rf->traced++] = (struct regfile_access){
		.write = write, .bar = bar, .off = off, .len = len, .val = val
	};
}

static bool
within(const struct vio_region *r, uint64_t off, uint8_t len)
{
	return off >= r->off && off + len <= r->off + r->len;
}

/* A change in the middle of a read: first half old, second half new, another generation. */
static void
config_change(struct regfile *rf)
{
	unsigned int i;

	if (rf->config_changes == 0)
		return;
	rf->config_changes--;
	rf->generation++;
	for (i = 0; i < sizeof(rf->netcfg); i++)
		rf->netcfg[i] ^= 0x55;
}

static uint32_t
device_read(struct regfile *rf, uint64_t off, uint8_t len)
{
	uint32_t val = 0;
	uint8_t i;

	for (i = 0; i < len; i++)
		val |= (uint32_t)rf->netcfg[off + i] << 8 * i;
	config_change(rf);
	return val;
}

static void
notify_write(struct regfile *rf, uint64_t off, uint8_t len, uint32_t val)
{
	struct regfile_queue *q;
	uint16_t i, data;

	if (len != (regfile_negotiated(rf, VIO_F_NOTIFICATION_DATA) ? 4 : 2))
		regfile_blame(rf, "a doorbell rung at the wrong width");
	if (!(rf->status & VIO_STATUS_DRIVER_OK))
		regfile_blame(rf, "a doorbell rung before DRIVER_OK");
	for (i = 0; i < REGFILE_QUEUES; i++) {
		q = &rf->q[i];
		data = regfile_negotiated(rf, VIO_F_NOTIF_CONFIG_DATA) ? q->ndata : i;
		if ((uint64_t)q->noff * rf->conf.multiplier != off || data != (val & 0xffff))
			continue;
		if (q->enable == 0)
			regfile_blame(rf, "the doorbell of a queue that is not enabled");
		q->kicks++;
		q->last_kick = val;
		if (rf->on_kick != NULL)
			rf->on_kick(rf, i);
		return;
	}
	regfile_blame(rf, "the doorbell of no queue");
}

static uint32_t
regfile_read(void *ctx, uint8_t bar, uint64_t off, uint8_t len)
{
	struct regfile *rf = ctx;
	uint32_t val = ones(len);

	rf->accesses++;
	if (is_gone(rf))
		return val;
	if (bar == REGFILE_BAR && off % len == 0 && within(&rf->common, off, len))
		val = regfile_common_read(rf, off - rf->common.off, len);
	else if (bar == REGFILE_BAR && off % len == 0 && within(&rf->device, off, len))
		val = device_read(rf, off - rf->device.off, len);
	else
		regfile_blame(rf, "a read outside of what may be read");
	trace(rf, false, bar, off, len, val);
	return val;
}

static void
regfile_write(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	struct regfile *rf = ctx;
	uint8_t i;

	rf->accesses++;
	if (is_gone(rf))
		return;
	trace(rf, true, bar, off, len, val);
	if (bar == REGFILE_BAR && off % len == 0 && within(&rf->common, off, len)) {
		regfile_common_write(rf, off - rf->common.off, len, val);
	} else if (bar == REGFILE_BAR && off % len == 0 && within(&rf->device, off, len)) {
		for (i = 0; i < len; i++)
			rf->netcfg[off - rf->device.off + i] = (uint8_t)(val >> 8 * i);
	} else if (bar == REGFILE_BAR && off % len == 0 && within(&rf->notify, off, len)) {
		notify_write(rf, off - rf->notify.off, len, val);
	} else {
		regfile_blame(rf, "a write outside of what may be written");
	}
}

const struct vio_io_ops regfile_ops = {
	.read = regfile_read,
	.write = regfile_write,
};

int
regfile_open(struct regfile *rf, struct vio_dev *dev)
{
	struct vio_io io = { .ops = &regfile_ops, .ctx = rf };
	struct vio_layout layout;
	const char *why;
	int ret;

	ret = pcicfg_parse(&rf->cfg, PCICFG_LEN, &layout, &why);
	return ret != 0 ? ret : vio_dev_init(dev, &io, &layout);
}

int
regfile_negotiate(struct regfile *rf, struct vio_dev *dev, uint64_t features)
{
	int ret = regfile_open(rf, dev);

	if (ret == 0)
		ret = vio_dev_reset(dev, VIO_RESET_MS);
	if (ret == 0)
		ret = vio_dev_negotiate(dev, features);
	return ret;
}
