/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The control queue of a simulated function and what it sets: receive filter, pairs, offloads;
 * commands that the features do not give, and chains that are none.
 */
#include <errno.h>

#include "card.h"
#include "ut.h"

static int
tables(struct card *c, uint32_t num_uni, uint32_t num_multi, int expected)
{
	uint8_t data[VIO_CVQ_DATA_MAX], *at = data;
	size_t len;
	uint32_t i;

	memset(data, 0, sizeof(data));
	UT_LE(8 + 6 * (num_uni + num_multi), sizeof(data) - 1);
	memcpy(at, &num_uni, 4);
	for (i = 0, at += 4; i < num_uni; i++, at += 6)
		memcpy(at, (uint8_t[6]){ 2, 0xaa, 0, 0, 0, (uint8_t)i }, 6);
	memcpy(at, &num_multi, 4);
	for (i = 0, at += 4; i < num_multi; i++, at += 6)
		memcpy(at, (uint8_t[6]){ 1, 0xbb, 0, 0, 0, (uint8_t)i }, 6);
	UT_EQ(vio_cvq_command(&c->cvq, VIO_NET_CTRL_MAC, VIO_NET_CTRL_MAC_TABLE_SET, data,
		      (size_t)(at - data), CARD_MS),
		expected);
	/* any other length is nonsense, and changes nothing */
	for (len = (size_t)(at - data) - 1; len <= (size_t)(at - data) + 1; len += 2)
		UT_EQ(vio_cvq_command(&c->cvq, VIO_NET_CTRL_MAC, VIO_NET_CTRL_MAC_TABLE_SET, data,
			      len, CARD_MS),
			-EPERM);
	return 0;
}

/* Which of these are let in: own, in the table, another, multicast in the table, another, all. */
static int
lets_in(struct card *c, const char *which)
{
	static const uint8_t dst[6][6] = { { 0x52, 0x54, 0, 1, 2, 3 }, { 2, 0xaa, 0, 0, 0, 1 },
		{ 2, 0xcc, 0, 0, 0, 1 }, { 1, 0xbb, 0, 0, 0, 1 }, { 1, 0xcc, 0, 0, 0, 1 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	char got[7] = "";
	unsigned int i;

	for (i = 0; i < 6; i++)
		got[i] = nicsim_ctrl_admits(c->vf, dst[i]) ? '1' : '0';
	UT_STR(got, which);
	return 0;
}

static int
rx_set(struct card *c, uint8_t mode, bool on, int expected)
{
	UT_EQ(vio_cvq_set_rx(&c->cvq, mode, on, CARD_MS), expected);
	return 0;
}

/* 2.5.1: a driver that reads while the device changes what it reads has to notice. */
static int
generations(void)
{
	static const uint8_t mac[6] = { 2, 0xcc, 0, 0, 0, 1 };
	uint8_t gen;
	struct card c;

	UT_DO(card_start(&c, CTRL, false));
	gen = c.vf->regs.generation;
	UT_EQ(vio_cvq_set_mac(&c.cvq, mac, CARD_MS), 0);
	UT_EQ((uint8_t)(c.vf->regs.generation - gen), 1);
	UT_EQ(vio_cvq_set_mac(&c.cvq, mac, CARD_MS), 0); /* the same: nothing changed */
	UT_EQ(vio_cvq_announce_ack(&c.cvq, CARD_MS), 0);
	UT_EQ((uint8_t)(c.vf->regs.generation - gen), 1);
	UT_EQ(card_fault(c.vf, "announce"), 0);
	gen = c.vf->regs.generation;
	UT_EQ(vio_cvq_announce_ack(&c.cvq, CARD_MS), 0);
	UT_EQ((uint8_t)(c.vf->regs.generation - gen), 1);
	UT_EQ(vio_dev_reset(&c.dev, CARD_MS), 0); /* the MAC is what it was */
	UT_EQ((uint8_t)(c.vf->regs.generation - gen), 2);
	UT_EQ(vio_dev_reset(&c.dev, CARD_MS), 0);
	UT_EQ((uint8_t)(c.vf->regs.generation - gen), 2);
	return card_free(&c);
}

static int
filter(void)
{
	static const uint8_t mac[6] = { 2, 0xcc, 0, 0, 0, 1 };
	struct nicsim_vf_conf conf = nicsim_vf_default;
	struct card c;

	conf.pairs = 4;
	conf.features |= VIO_BIT(VIO_NET_F_CTRL_RX_EXTRA);
	UT_DO(card_new(&c, &conf, false));
	UT_DO(card_open(&c));
	UT_DO(card_live(&c, 0));
	UT_DO(lets_in(&c, "111111")); /* a driver that cannot say what it wants gets all */
	UT_DO(card_live(&c, CTRL | MQ));
	UT_DO(lets_in(&c, "100001"));
	UT_DO(tables(&c, 3, 2, 0));
	UT_DO(lets_in(&c, "110101"));
	UT_DO(rx_set(&c, VIO_NET_CTRL_RX_ALLMULTI, true, 0));
	UT_DO(lets_in(&c, "110111"));
	UT_DO(rx_set(&c, VIO_NET_CTRL_RX_PROMISC, true, 0));
	UT_DO(lets_in(&c, "111111"));
	UT_CHECK(card_stats(c.vf).promisc);
	UT_DO(rx_set(&c, VIO_NET_CTRL_RX_PROMISC, false, 0));
	UT_DO(rx_set(&c, VIO_NET_CTRL_RX_ALLMULTI, false, 0));
	UT_EQ(vio_cvq_set_mac(&c.cvq, mac, CARD_MS), 0);
	UT_DO(lets_in(&c, "011101"));
	UT_EQ(memcmp(card_stats(c.vf).mac, mac, 6), 0);
	UT_DO(tables(&c, 0, 0, 0));
	UT_DO(lets_in(&c, "001001"));
	UT_DO(tables(&c, 65, 1, 0)); /* more than are kept: then all of that kind */
	UT_DO(lets_in(&c, "111001"));
	UT_DO(tables(&c, 64, 65, 0));
	UT_DO(lets_in(&c, "011111"));
	/* the rest is CTRL_RX_EXTRA's, not accepted so far */
	UT_DO(rx_set(&c, 2, true, -EPERM));
	UT_DO(card_live(&c, CTRL | MQ | VIO_BIT(VIO_NET_F_CTRL_RX_EXTRA)));
	UT_DO(lets_in(&c, "100001")); /* nothing of all that outlives a reset */
	UT_DO(rx_set(&c, 2, true, 0)); /* all unicast */
	UT_DO(lets_in(&c, "111001"));
	UT_DO(rx_set(&c, 5, true, 0)); /* no broadcast */
	UT_DO(lets_in(&c, "111000"));
	UT_DO(rx_set(&c, 4, true, 0)); /* no unicast */
	UT_DO(lets_in(&c, "000000"));
	UT_DO(rx_set(&c, VIO_NET_CTRL_RX_ALLMULTI, true, 0));
	UT_DO(lets_in(&c, "000110"));
	UT_DO(rx_set(&c, 3, true, 0)); /* no multicast */
	UT_DO(lets_in(&c, "000000"));
	UT_DO(rx_set(&c, 6, true, -EPERM));
	return card_free(&c);
}

/* What the driver did not accept it cannot use. */
static int
commands_need_features(void)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	uint64_t offloads = VIO_BIT(VIO_NET_F_GUEST_CSUM);
	struct nicsim_vf_conf conf = nicsim_vf_default;
	struct card c;

	conf.features |= VIO_BIT(VIO_NET_F_CTRL_GUEST_OFFLOADS);
	UT_DO(card_new(&c, &conf, false));
	UT_DO(card_open(&c));
	UT_EQ(c.dev.offered & MQ, 0); /* with a single pair it is not offered */
	UT_DO(card_live(&c, VIO_BIT(VIO_NET_F_CTRL_VQ)));
	UT_DO(rx_set(&c, VIO_NET_CTRL_RX_PROMISC, true, -EPERM));
	UT_DO(tables(&c, 1, 1, -EPERM));
	UT_EQ(vio_cvq_set_mac(&c.cvq, mac, CARD_MS), -EPERM);
	UT_EQ(vio_cvq_announce_ack(&c.cvq, CARD_MS), -EPERM);
	UT_EQ(vio_cvq_set_pairs(&c.cvq, 1, CARD_MS), -EPERM);
	UT_EQ(vio_cvq_command(&c.cvq, 5, 0, &offloads, 8, CARD_MS), -EPERM);
	UT_DO(card_live(&c, VIO_BIT(VIO_NET_F_CTRL_VQ) | VIO_BIT(VIO_NET_F_CTRL_GUEST_OFFLOADS) |
				    VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4)));
	UT_CHECK(nicsim_vf_has(c.vf, VIO_NET_F_GUEST_CSUM));
	UT_CHECK(nicsim_vf_has(c.vf, VIO_NET_F_GUEST_TSO4));
	UT_CHECK(!nicsim_vf_has(c.vf, VIO_NET_F_GUEST_TSO6));
	UT_EQ(vio_cvq_command(&c.cvq, 5, 0, &offloads, 8, CARD_MS), 0);
	UT_CHECK(nicsim_vf_has(c.vf, VIO_NET_F_GUEST_CSUM));
	UT_CHECK(!nicsim_vf_has(c.vf, VIO_NET_F_GUEST_TSO4));
	offloads = VIO_BIT(VIO_NET_F_GUEST_TSO6);
	UT_EQ(vio_cvq_command(&c.cvq, 5, 0, &offloads, 8, CARD_MS), -EPERM);
	UT_EQ(vio_cvq_command(&c.cvq, 5, 0, &offloads, 7, CARD_MS), -EPERM);
	UT_DO(card_live(&c, VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4)));
	UT_CHECK(nicsim_vf_has(c.vf, VIO_NET_F_GUEST_TSO4));
	return card_free(&c);
}

/* By the hardware thread: nothing happens on the one that rings, which wakes it. */
static int
ctrl_on_hardware(void)
{
	struct card c;

	UT_DO(card_start(&c, CTRL | MQ, true));
	c.wakes = 0;
	UT_EQ(vio_cvq_announce_ack(&c.cvq, 20), -ETIMEDOUT);
	UT_EQ(c.wakes, 1);
	UT_EQ(c.vf->ctrl.commands, 0);
	UT_CHECK(nicsim_vf_poll(c.vf));
	UT_EQ(c.vf->ctrl.commands, 1);
	UT_EQ(c.vf->ctrl.announced, 1);
	UT_CHECK(!nicsim_vf_poll(c.vf));
	/* silent, it keeps what it did not answer until it is cleared */
	UT_DO(card_live(&c, CTRL | MQ));
	UT_EQ(card_fault(c.vf, "ctrl-silent@ctrl"), 0);
	UT_EQ(vio_cvq_announce_ack(&c.cvq, 20), -ETIMEDOUT);
	UT_CHECK(!nicsim_vf_poll(c.vf));
	UT_EQ(c.vf->ctrl.announced, 1);
	c.wakes = 0;
	nicsim_vf_fault_clear(c.vf);
	UT_EQ(c.wakes, 1);
	UT_CHECK(nicsim_vf_poll(c.vf));
	UT_EQ(c.vf->ctrl.announced, 2);
	/* 5.1.6.5.4: acknowledged, it is over */
	UT_DO(card_live(&c, CTRL | MQ));
	UT_EQ(card_fault(c.vf, "announce"), 0);
	UT_CHECK((c.vf->regs.netcfg[VIO_NET_CFG_STATUS] & VIO_NET_S_ANNOUNCE) != 0);
	UT_EQ(vio_cvq_announce_ack(&c.cvq, 20), -ETIMEDOUT); /* answered below */
	UT_CHECK(nicsim_vf_poll(c.vf));
	UT_CHECK((c.vf->regs.netcfg[VIO_NET_CFG_STATUS] & VIO_NET_S_ANNOUNCE) == 0);
	return card_free(&c);
}

/* Chains that are no commands: the driver is to blame, and the queue broken. */
static int
ctrl_malformed(void)
{
	static const struct {
		uint32_t out, in; /* bytes; 0: no such buffer */
		bool empty; /* one of no bytes in between */
		bool unmapped;
	} all[] = { { 2, 0, false, false }, { 1, 1, false, false }, { 0, 1, false, false },
		{ 2, 1, true, false }, { 2, 1, false, true } };
	const uint64_t bufs = CARD_IOVA + 0x8000;
	struct vring_drv ring;
	struct vio_queue_conf conf = { .size = 16, .vector = VIO_MSI_NO_VECTOR };
	struct vio_doorbell db;
	struct card c;
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct vring_buf b[3];
		uint16_t n_out = 0, n_in = 0;

		UT_DO(card_new(&c, NULL, false));
		UT_DO(card_open(&c));
		UT_DO(card_negotiate(&c, CTRL | MQ));
		UT_EQ(vring_drv_init(&ring, false, 16, c.mem, 4096, CARD_IOVA), 0);
		conf.desc = ring.desc;
		conf.driver = ring.driver;
		conf.device = ring.device;
		UT_EQ(vio_queue_setup(&c.dev, 8, &conf), 0);
		UT_EQ(vio_queue_enable(&c.dev, 8), 0);
		UT_EQ(vio_queue_doorbell(&c.dev, 8, &db), 0);
		UT_EQ(vio_dev_driver_ok(&c.dev), 0);
		if (all[i].out != 0)
			b[n_out++] = (struct vring_buf){ bufs, all[i].out };
		if (all[i].empty)
			b[n_out++] = (struct vring_buf){ bufs, 0 };
		if (all[i].in != 0)
			b[n_out + n_in++] = (struct vring_buf){
				all[i].unmapped ? CARD_IOVA + CARD_MEM : bufs + 64, all[i].in
			};
		UT_EQ(vring_drv_add(&ring, b, n_out, n_in), 0);
		vio_queue_notify(&c.dev, &db);
		UT_EQ(vring_drv_used(&ring, NULL), 0);
		UT_EQ(vio_dev_status(&c.dev), 15 | VIO_STATUS_NEEDS_RESET);
		UT_EQ(c.vf->queue[8].ring.broken,
			all[i].unmapped ? NICSIM_RING_FAULT : NICSIM_RING_BUFFER);
		UT_EQ(card_stats(c.vf).dma_faults, all[i].unmapped);
		if (!all[i].unmapped)
			UT_STR(c.vf->regs.violation, "a control command without header or answer");
		c.vf->regs.violation = NULL;
		UT_DO(card_free(&c));
	}
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(filter),
	UT_CASE(generations),
	UT_CASE(commands_need_features),
	UT_CASE(ctrl_on_hardware),
	UT_CASE(ctrl_malformed),
	UT_END,
};
UT_SUITE(nicsim_ctrl, "fast", cases)
