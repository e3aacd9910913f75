/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The device side of a control queue (virtio 1.2, 5.1.6.5). Owns what the commands set. Never
 * waits.
 */
#include <errno.h>
#include <string.h>

#include "ctrldev.h"

static int
ctrldev_start(struct ctrldev *cd)
{
	const struct regfile_queue *q = &cd->rf->q[cd->qid];
	bool packed = (cd->rf->driver_features & VIO_BIT(VIO_F_RING_PACKED)) != 0;

	if (cd->started && cd->resets == cd->rf->resets)
		return 0;
	cd->started = true;
	cd->resets = cd->rf->resets;
	return ringdev_init(
		&cd->ring, &cd->win, packed, q->size, q->addr[0], q->addr[1], q->addr[2]);
}

/* 5.1.6.5.5, 5.1.6.5.2, 5.1.6.5.1, 5.1.6.5.4 */
static uint8_t
ctrldev_execute(struct ctrldev *cd)
{
	uint16_t pairs = (uint16_t)(cd->data[0] | cd->data[1] << 8);

	switch (cd->class << 8 | cd->cmd) {
	case VIO_NET_CTRL_MQ << 8 | VIO_NET_CTRL_MQ_VQ_PAIRS_SET:
		if (cd->len != 2 || pairs == 0 || pairs > cd->qid / 2)
			return VIO_NET_ERR;
		cd->pairs = pairs;
		return VIO_NET_OK;
	case VIO_NET_CTRL_MAC << 8 | VIO_NET_CTRL_MAC_ADDR_SET:
		if (cd->len != 6 || (cd->data[0] & 1))
			return VIO_NET_ERR;
		memcpy(cd->mac, cd->data, 6);
		return VIO_NET_OK;
	case VIO_NET_CTRL_RX << 8 | VIO_NET_CTRL_RX_PROMISC:
	case VIO_NET_CTRL_RX << 8 | VIO_NET_CTRL_RX_ALLMULTI:
		if (cd->len != 1 || cd->data[0] > 1)
			return VIO_NET_ERR;
		*(cd->cmd == VIO_NET_CTRL_RX_PROMISC ? &cd->promisc : &cd->allmulti) = cd->data[0];
		return VIO_NET_OK;
	case VIO_NET_CTRL_ANNOUNCE << 8 | VIO_NET_CTRL_ANNOUNCE_ACK:
		if (cd->len != 0)
			return VIO_NET_ERR;
		cd->announced++;
		return VIO_NET_OK;
	default:
		return VIO_NET_ERR;
	}
}

/* Gather the command, however it is cut into buffers. @return where the answer goes; NULL: bad */
static uint8_t *
ctrldev_gather(struct ctrldev *cd, const struct ringdev_chain *chain)
{
	uint8_t all[2 + CTRLDEV_DATA_MAX], *ack = NULL;
	uint32_t len = 0;
	uint16_t i;

	for (i = 0; i < chain->n; i++) {
		const struct ringdev_buf *b = &chain->buf[i];

		if (b->len == 0) /* no driver has a reason for it, and devices choke on it */
			return NULL;
		if (b->write) {
			ack = b->va;
			break;
		}
		if (b->len > sizeof(all) - len)
			return NULL;
		memcpy(all + len, b->va, b->len);
		len += b->len;
	}
	if (len < 2)
		return NULL;
	cd->class = all[0];
	cd->cmd = all[1];
	cd->len = len - 2;
	memcpy(cd->data, all + 2, cd->len);
	return ack;
}

static void
ctrldev_answer(
	struct ctrldev *cd, const struct ringdev_chain *chain, uint8_t *ack, enum ctrldev_mode mode)
{
	uint32_t len = 1;
	uint32_t id = chain->id;

	switch (mode) {
	case CTRLDEV_ERR:
		*ack = VIO_NET_ERR;
		break;
	case CTRLDEV_BAD_ACK:
		*ack = 0x42;
		break;
	case CTRLDEV_NO_ACK:
		len = 0;
		break;
	case CTRLDEV_BAD_ID:
		*ack = VIO_NET_OK;
		id ^= 1;
		break;
	default:
		*ack = ctrldev_execute(cd);
		if (mode == CTRLDEV_HUGE_LEN)
			len = UINT32_MAX;
		break;
	}
	ringdev_push(&cd->ring, id, chain->n, len);
	if (mode == CTRLDEV_TWICE)
		ringdev_push(&cd->ring, id, chain->n, len);
}

unsigned int
ctrldev_serve(struct ctrldev *cd, enum ctrldev_mode mode)
{
	struct ringdev_chain chain;
	unsigned int n = 0;
	uint8_t *ack;
	int ret;

	if (ctrldev_start(cd) != 0) {
		regfile_blame(cd->rf, "the control queue's ring is outside of the device's memory");
		return 0;
	}
	for (ret = ringdev_pop(&cd->ring, &chain); ret == 1; ret = ringdev_pop(&cd->ring, &chain)) {
		ack = ctrldev_gather(cd, &chain);
		if (ack == NULL) {
			regfile_blame(cd->rf, "a control command without header or answer");
			return n;
		}
		cd->commands++;
		n++;
		ctrldev_answer(cd, &chain, ack, mode);
	}
	if (ret < 0)
		regfile_blame(cd->rf, ret == -EFAULT ? "a buffer outside of the device's memory"
						     : "a chain that the specification forbids");
	return n;
}

static void
ctrldev_on_kick(struct regfile *rf, uint16_t qid)
{
	struct ctrldev *cd = rf->on_kick_ctx;

	if (qid == cd->qid && cd->mode != CTRLDEV_SILENT)
		ctrldev_serve(cd, cd->mode);
}

void
ctrldev_attach(
	struct ctrldev *cd, struct regfile *rf, uint16_t qid, const struct ringdev_window *win)
{
	memset(cd, 0, sizeof(*cd));
	cd->rf = rf;
	cd->win = *win;
	cd->qid = qid;
	rf->on_kick = ctrldev_on_kick;
	rf->on_kick_ctx = cd;
}
