/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The way from a simulated function's registers to a device in use. One thread; never waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut.h"

const struct nicsim_regs_conf dut_default = {
	.offered = VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM) |
		   VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER) |
		   VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_F_NOTIFICATION_DATA) |
		   VIO_BIT(VIO_F_NOTIF_CONFIG_DATA) | VIO_BIT(VIO_F_EVENT_IDX) |
		   VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) | VIO_BIT(VIO_NET_F_CTRL_VQ) |
		   VIO_BIT(VIO_NET_F_CTRL_RX) | VIO_BIT(VIO_NET_F_MQ) |
		   VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE),
	.common_len = 0x3c,
	.device_len = NICSIM_REGS_NETCFG,
	.notify_len = 0x10000,
	.multiplier = 4096,
	.num_queues = 9,
	.max_size = 1024,
	.pairs = 4,
	.mtu = 1500,
	.mac = { 0x52, 0x54, 0, 1, 2, 3 },
};

void
dut_init(struct nicsim_regs *regs, const struct nicsim_regs_conf *conf)
{
	nicsim_regs_init(regs, conf != NULL ? conf : &dut_default);
}

int
dut_parse(const struct nicsim_pcicfg *cfg, size_t len, struct vio_layout *layout, const char **why)
{
	uint8_t *copy = malloc(len);
	int ret;

	memcpy(copy, cfg->bytes, len);
	ret = vio_caps_parse(copy, len, cfg->bar_len, layout, why);
	free(copy);
	return ret;
}

int
dut_open(struct nicsim_regs *regs, struct vio_dev *dev)
{
	struct vio_io io = { .ops = &nicsim_regs_ops, .ctx = regs };
	struct vio_layout layout;
	const char *why;
	int ret;

	ret = dut_parse(&regs->cfg, NICSIM_PCICFG_LEN, &layout, &why);
	return ret != 0 ? ret : vio_dev_init(dev, &io, &layout);
}

int
dut_negotiate(struct nicsim_regs *regs, struct vio_dev *dev, uint64_t features)
{
	int ret = dut_open(regs, dev);

	if (ret == 0)
		ret = vio_dev_reset(dev, VIO_RESET_MS);
	if (ret == 0)
		ret = vio_dev_negotiate(dev, features);
	return ret;
}

int
dut_fault(struct nicsim_regs *regs, const char *text)
{
	struct nicsim_fault fault;
	char why[256];
	int ret;

	ret = nicsim_fault_parse(text, &fault, why, sizeof(why));
	if (ret != 0)
		printf("    %s\n", why);
	return ret != 0 ? ret : nicsim_faults_arm(&regs->faults, &fault);
}

void
dut_cure(struct nicsim_regs *regs)
{
	nicsim_faults_clear(&regs->faults);
}

void
dut_gone_after(struct nicsim_regs *regs, uint64_t accesses)
{
	char text[NICSIM_FAULT_TEXT];

	snprintf(text, sizeof(text), "gone@access+%llu", (unsigned long long)accesses + 1);
	dut_fault(regs, text);
}
