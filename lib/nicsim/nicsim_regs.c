/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The registers of a virtio PCI function: what is where, which structure an access belongs to, the
 * device configuration, doorbells. Under the function's lock; never waits, never starts a thread.
 */
#include <string.h>

#include "nicsim_regs.h"

#define COMMON_OFF 0x0000
#define ISR_OFF 0x1000
#define DEVICE_OFF 0x2000
#define NOTIFY_OFF 0x3000
#define SPEED_MBIT 10000
#define SPEED_OFF 12 /* 5.1.4: speed, duplex */
#define DUPLEX_OFF 16

void
nicsim_regs_blame(struct nicsim_regs *regs, const char *what)
{
	if (regs->violation == NULL)
		regs->violation = what;
}

void
nicsim_regs_trace_clear(struct nicsim_regs *regs)
{
	regs->traced = 0;
}

bool
nicsim_regs_negotiated(const struct nicsim_regs *regs, unsigned int bit)
{
	return (regs->status & VIO_STATUS_FEATURES_OK) != 0 &&
	       (regs->driver_features & VIO_BIT(bit)) != 0;
}

static struct vio_region
place(struct nicsim_regs *regs, uint8_t type, uint32_t off, uint32_t len)
{
	if (len != 0)
		nicsim_pcicfg_add_virtio(&regs->cfg, type, NICSIM_REGS_BAR, off, len);
	return (struct vio_region){ .bar = NICSIM_REGS_BAR, .off = off, .len = len };
}

static void
places(struct nicsim_regs *regs)
{
	const struct nicsim_regs_conf *conf = &regs->conf;

	nicsim_pcicfg_init(&regs->cfg, VIO_PCI_VENDOR, VIO_PCI_DEVICE_NET);
	regs->common = place(regs, VIO_PCI_CAP_COMMON_CFG, COMMON_OFF, conf->common_len);
	regs->isr_region = place(regs, VIO_PCI_CAP_ISR_CFG, ISR_OFF, 1);
	regs->device = place(regs, VIO_PCI_CAP_DEVICE_CFG, DEVICE_OFF, conf->device_len);
	regs->notify = (struct vio_region){
		.bar = NICSIM_REGS_BAR, .off = NOTIFY_OFF, .len = conf->notify_len
	};
	nicsim_pcicfg_add_notify(
		&regs->cfg, NICSIM_REGS_BAR, NOTIFY_OFF, conf->notify_len, conf->multiplier);
	regs->cfg.bar_len[NICSIM_REGS_BAR] = NOTIFY_OFF + (uint64_t)conf->notify_len;
}

static void
put(uint8_t *at, uint32_t val, unsigned int bytes)
{
	while (bytes-- > 0) {
		*at++ = (uint8_t)val;
		val >>= 8;
	}
}

static void
netcfg_default(struct nicsim_regs *regs)
{
	memset(regs->netcfg, 0, sizeof(regs->netcfg));
	memcpy(regs->netcfg + VIO_NET_CFG_MAC, regs->conf.mac, sizeof(regs->conf.mac));
	put(regs->netcfg + VIO_NET_CFG_STATUS, VIO_NET_S_LINK_UP, 2);
	put(regs->netcfg + VIO_NET_CFG_MAX_PAIRS, regs->conf.pairs, 2);
	put(regs->netcfg + VIO_NET_CFG_MTU, regs->conf.mtu, 2);
	put(regs->netcfg + SPEED_OFF, SPEED_MBIT, 4);
	put(regs->netcfg + DUPLEX_OFF, 1, 1);
}

void
nicsim_regs_power(struct nicsim_regs *regs, const struct nicsim_regs_conf *conf)
{
	uint16_t i, num_queues;

	regs->conf = *conf;
	num_queues = conf->num_queues;
	if (num_queues < conf->num_queues_later)
		num_queues = conf->num_queues_later;
	places(regs);
	netcfg_default(regs);
	regs->gone = false;
	regs->restless = 0;
	regs->device_select = regs->driver_select = 0;
	regs->generation = 0;
	memset(regs->q, 0, sizeof(regs->q));
	for (i = 0; i < NICSIM_REGS_QUEUES; i++) {
		regs->q[i].max_size = i < num_queues ? conf->max_size : 0;
		regs->q[i].noff = i;
		regs->q[i].ndata = i;
	}
	nicsim_common_default(regs);
}

static void
strike(void *ctx, const struct nicsim_fault *fault)
{
	nicsim_regs_strike(ctx, fault);
}

void
nicsim_regs_init(struct nicsim_regs *regs, const struct nicsim_regs_conf *conf)
{
	memset(regs, 0, sizeof(*regs));
	nicsim_faults_init(&regs->faults, strike, regs);
	nicsim_regs_power(regs, conf);
}

void
nicsim_regs_reset(struct nicsim_regs *regs)
{
	nicsim_common_default(regs);
	regs->resets++;
	if (regs->hooks != NULL)
		regs->hooks->reset(regs->hooks_ctx);
}

/* 5.1.3.1: a feature, and those of which it needs one. */
static const struct {
	uint8_t bit;
	uint64_t needs;
} dependencies[] = {
	{ VIO_NET_F_GUEST_TSO4, VIO_BIT(VIO_NET_F_GUEST_CSUM) },
	{ VIO_NET_F_GUEST_TSO6, VIO_BIT(VIO_NET_F_GUEST_CSUM) },
	{ VIO_NET_F_GUEST_ECN, VIO_BIT(VIO_NET_F_GUEST_TSO4) | VIO_BIT(VIO_NET_F_GUEST_TSO6) },
	{ VIO_NET_F_GUEST_UFO, VIO_BIT(VIO_NET_F_GUEST_CSUM) },
	{ VIO_NET_F_GUEST_USO4, VIO_BIT(VIO_NET_F_GUEST_CSUM) },
	{ VIO_NET_F_GUEST_USO6, VIO_BIT(VIO_NET_F_GUEST_CSUM) },
	{ VIO_NET_F_HOST_TSO4, VIO_BIT(VIO_NET_F_CSUM) },
	{ VIO_NET_F_HOST_TSO6, VIO_BIT(VIO_NET_F_CSUM) },
	{ VIO_NET_F_HOST_ECN, VIO_BIT(VIO_NET_F_HOST_TSO4) | VIO_BIT(VIO_NET_F_HOST_TSO6) },
	{ VIO_NET_F_HOST_UFO, VIO_BIT(VIO_NET_F_CSUM) },
	{ VIO_NET_F_HOST_USO, VIO_BIT(VIO_NET_F_CSUM) },
	{ VIO_NET_F_CTRL_RX, VIO_BIT(VIO_NET_F_CTRL_VQ) },
	{ VIO_NET_F_CTRL_VLAN, VIO_BIT(VIO_NET_F_CTRL_VQ) },
	{ VIO_NET_F_GUEST_ANNOUNCE, VIO_BIT(VIO_NET_F_CTRL_VQ) },
	{ VIO_NET_F_MQ, VIO_BIT(VIO_NET_F_CTRL_VQ) },
	{ VIO_NET_F_CTRL_MAC_ADDR, VIO_BIT(VIO_NET_F_CTRL_VQ) },
	{ VIO_NET_F_RSS, VIO_BIT(VIO_NET_F_CTRL_VQ) },
};

bool
nicsim_regs_features_fit(const struct nicsim_regs *regs, uint64_t features)
{
	unsigned int i;

	if ((features & ~regs->conf.offered) != 0 || (features & VIO_BIT(VIO_F_VERSION_1)) == 0)
		return false;
	if ((regs->conf.offered & regs->conf.required & ~features) != 0)
		return false;
	for (i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++)
		if ((features & VIO_BIT(dependencies[i].bit)) != 0 &&
			(features & dependencies[i].needs) == 0)
			return false;
	return true;
}

static uint32_t
ones(uint8_t len)
{
	return UINT32_MAX >> (32 - 8 * len);
}

static void
trace(struct nicsim_regs *regs, bool write, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	if (regs->traced == NICSIM_REGS_TRACE)
		return;
	regs->trace[regs->traced++] = (struct nicsim_regs_access){
		.write = write, .bar = bar, .off = off, .len = len, .val = val
	};
}

static bool
within(const struct vio_region *r, uint8_t bar, uint64_t off, uint8_t len)
{
	return bar == r->bar && off % len == 0 && off >= r->off && off + len <= r->off + r->len;
}

/* A change in the middle of a read: first half old, second half new, another generation. */
static void
config_change(struct nicsim_regs *regs)
{
	uint32_t *left = &regs->faults.arg[NICSIM_FAULT_RESTLESS_CONFIG];

	if (!nicsim_faults_on(&regs->faults, NICSIM_FAULT_RESTLESS_CONFIG) || *left == 0)
		return;
	regs->generation++;
	regs->restless ^= 0x55;
	if (--*left == 0) {
		regs->faults.lasting &= ~(UINT32_C(1) << NICSIM_FAULT_RESTLESS_CONFIG);
		regs->restless = 0;
	}
}

static uint32_t
device_read(struct nicsim_regs *regs, uint64_t off, uint8_t len)
{
	uint32_t val = 0;
	uint8_t i;

	for (i = 0; i < len; i++)
		val |= (uint32_t)(regs->netcfg[off + i] ^ regs->restless) << 8 * i;
	config_change(regs);
	return val;
}

static void
device_write(struct nicsim_regs *regs, uint64_t off, uint8_t len, uint32_t val)
{
	if (regs->conf.config_fixed)
		nicsim_regs_blame(regs, "device configuration written");
	else
		put(regs->netcfg + off, val, len);
}

static bool
is_doorbell(const struct nicsim_regs *regs, uint16_t qid, uint64_t off, uint16_t data)
{
	const struct nicsim_regs_queue *q = &regs->q[qid];
	bool own = nicsim_regs_negotiated(regs, VIO_F_NOTIF_CONFIG_DATA);

	return (uint64_t)q->noff * regs->conf.multiplier == off && data == (own ? q->ndata : qid);
}

/* The queue whose doorbell it is; NICSIM_REGS_QUEUES: none. As a rule the value is its number. */
static uint16_t
doorbell_find(const struct nicsim_regs *regs, uint64_t off, uint16_t data)
{
	uint16_t i;

	if (data < NICSIM_REGS_QUEUES && is_doorbell(regs, data, off, data))
		return data;
	for (i = 0; i < NICSIM_REGS_QUEUES; i++)
		if (is_doorbell(regs, i, off, data))
			break;
	return i;
}

static void
notify_write(struct nicsim_regs *regs, uint64_t off, uint8_t len, uint32_t val)
{
	struct nicsim_regs_queue *q;
	uint16_t qid;

	if (len != (nicsim_regs_negotiated(regs, VIO_F_NOTIFICATION_DATA) ? 4 : 2))
		nicsim_regs_blame(regs, "a doorbell rung at the wrong width");
	if (!(regs->status & VIO_STATUS_DRIVER_OK))
		nicsim_regs_blame(regs, "a doorbell rung before DRIVER_OK");
	qid = doorbell_find(regs, off, (uint16_t)val);
	if (qid == NICSIM_REGS_QUEUES) {
		nicsim_regs_blame(regs, "the doorbell of no queue");
		return;
	}
	q = &regs->q[qid];
	if (q->enable == 0)
		nicsim_regs_blame(regs, "the doorbell of a queue that is not enabled");
	q->kicks++;
	q->last_kick = val;
	if (regs->hooks != NULL)
		regs->hooks->kick(regs->hooks_ctx, qid);
}

/* 4.1.4.5: reading takes it back. */
static uint32_t
isr_read(struct nicsim_regs *regs)
{
	uint8_t isr = regs->isr;

	regs->isr = 0;
	return isr;
}

/* Counts it, and lets faults that waited for it strike. @return whether the function is there */
static bool
begin(struct nicsim_regs *regs)
{
	regs->accesses++;
	if (!regs->gone && regs->faults.num_armed != 0)
		nicsim_faults_pass(&regs->faults, NICSIM_AT_ACCESS);
	return !regs->gone;
}

static uint32_t
regs_read(void *ctx, uint8_t bar, uint64_t off, uint8_t len)
{
	struct nicsim_regs *regs = ctx;
	uint32_t val = ones(len);

	if (!begin(regs))
		return val;
	if (within(&regs->common, bar, off, len))
		val = nicsim_common_read(regs, off - regs->common.off, len);
	else if (within(&regs->device, bar, off, len))
		val = device_read(regs, off - regs->device.off, len);
	else if (within(&regs->isr_region, bar, off, len))
		val = isr_read(regs);
	else
		nicsim_regs_blame(regs, "a read outside of what may be read");
	trace(regs, false, bar, off, len, val);
	return val;
}

static void
regs_write(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	struct nicsim_regs *regs = ctx;

	if (!begin(regs))
		return;
	trace(regs, true, bar, off, len, val);
	if (within(&regs->common, bar, off, len))
		nicsim_common_write(regs, off - regs->common.off, len, val);
	else if (within(&regs->device, bar, off, len))
		device_write(regs, off - regs->device.off, len, val);
	else if (within(&regs->notify, bar, off, len))
		notify_write(regs, off - regs->notify.off, len, val);
	else
		nicsim_regs_blame(regs, "a write outside of what may be written");
}

const struct vio_io_ops nicsim_regs_ops = {
	.read = regs_read,
	.write = regs_write,
};
