/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The control queue (virtio 1.2, 5.1.6.5). Owns what commands set. Runs on the hardware thread, or
 * on the one that rang the doorbell; under the function's lock; bounded by the ring's size for each
 * doorbell.
 */
#include <endian.h>
#include <string.h>

#include "nicsim_vf_priv.h"

#define HDR_LEN 2
#define ACK_NONSENSE 0x42

#define COMMAND(class, cmd) ((class) << 8 | (cmd))
/* 5.1.6.5.1, with CTRL_RX_EXTRA; 5.1.6.5.6 */
#define RX_ALLUNI 2
#define RX_NOMULTI 3
#define RX_NOUNI 4
#define RX_NOBCAST 5
#define GUEST_OFFLOADS 5
#define GUEST_OFFLOADS_SET 0

#define OFFLOADS                                                                                   \
	(VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4) |                           \
		VIO_BIT(VIO_NET_F_GUEST_TSO6) | VIO_BIT(VIO_NET_F_GUEST_ECN) |                     \
		VIO_BIT(VIO_NET_F_GUEST_UFO) | VIO_BIT(VIO_NET_F_GUEST_USO4) |                     \
		VIO_BIT(VIO_NET_F_GUEST_USO6))

/* 2.5.1: what a driver reads differently from now on is another generation, whoever changed it. */
static void
config_mac(struct nicsim_vf *vf)
{
	uint8_t *mac = vf->regs.netcfg + VIO_NET_CFG_MAC;

	if (memcmp(mac, vf->ctrl.mac, sizeof(vf->ctrl.mac)) == 0)
		return;
	memcpy(mac, vf->ctrl.mac, sizeof(vf->ctrl.mac));
	vf->regs.generation++;
}

static void
config_announced(struct nicsim_vf *vf)
{
	uint8_t *status = vf->regs.netcfg + VIO_NET_CFG_STATUS;

	if ((*status & VIO_NET_S_ANNOUNCE) == 0)
		return;
	*status &= (uint8_t)~VIO_NET_S_ANNOUNCE;
	vf->regs.generation++;
}

void
nicsim_ctrl_reset(struct nicsim_vf *vf)
{
	struct nicsim_ctrl *c = &vf->ctrl;

	c->pairs = 0;
	memcpy(c->mac, vf->regs.conf.mac, sizeof(c->mac));
	config_mac(vf);
	config_announced(vf);
	c->promisc = c->allmulti = c->alluni = c->nomulti = c->nouni = c->nobcast = false;
	c->unicast.num = c->multicast.num = 0;
	c->unicast.overflow = c->multicast.overflow = false;
	c->offloads = OFFLOADS;
}

static uint8_t
rx_mode(struct nicsim_vf *vf)
{
	struct nicsim_ctrl *c = &vf->ctrl;
	bool *const modes[] = { &c->promisc, &c->allmulti, &c->alluni, &c->nomulti, &c->nouni,
		&c->nobcast };
	bool extra = c->cmd >= RX_ALLUNI;

	if (!nicsim_vf_has(vf, extra ? VIO_NET_F_CTRL_RX_EXTRA : VIO_NET_F_CTRL_RX))
		return VIO_NET_ERR;
	if (c->len != 1 || c->data[0] > 1)
		return VIO_NET_ERR;
	*modes[c->cmd] = c->data[0] != 0;
	return VIO_NET_OK;
}

/* One of the two tables: a count of 32 bits, and so many addresses. @return bytes; 0 malformed */
static uint32_t
table_read(const uint8_t *data, uint32_t len, struct nicsim_ctrl_macs *table)
{
	uint32_t num;

	if (len < sizeof(num))
		return 0;
	memcpy(&num, data, sizeof(num));
	num = le32toh(num);
	if (num > (len - sizeof(num)) / 6)
		return 0;
	table->overflow = num > NICSIM_CTRL_MACS;
	table->num = table->overflow ? 0 : (uint16_t)num;
	memcpy(table->mac, data + sizeof(num), 6 * (size_t)table->num);
	return (uint32_t)sizeof(num) + 6 * num;
}

/* 5.1.6.5.2: unicast first, then multicast. */
static uint8_t
tables_set(struct nicsim_vf *vf)
{
	struct nicsim_ctrl *c = &vf->ctrl;
	struct nicsim_ctrl_macs unicast, multicast;
	uint32_t first, second = 0;

	if (!nicsim_vf_has(vf, VIO_NET_F_CTRL_RX))
		return VIO_NET_ERR;
	first = table_read(c->data, c->len, &unicast);
	if (first != 0)
		second = table_read(c->data + first, c->len - first, &multicast);
	if (second == 0 || first + second != c->len)
		return VIO_NET_ERR;
	c->unicast = unicast;
	c->multicast = multicast;
	return VIO_NET_OK;
}

static uint8_t
mac_set(struct nicsim_vf *vf)
{
	struct nicsim_ctrl *c = &vf->ctrl;

	if (!nicsim_vf_has(vf, VIO_NET_F_CTRL_MAC_ADDR) || c->len != 6 || (c->data[0] & 1))
		return VIO_NET_ERR;
	memcpy(c->mac, c->data, 6);
	config_mac(vf);
	return VIO_NET_OK;
}

static uint8_t
announce_ack(struct nicsim_vf *vf)
{
	if (!nicsim_vf_has(vf, VIO_NET_F_GUEST_ANNOUNCE) || vf->ctrl.len != 0)
		return VIO_NET_ERR;
	config_announced(vf);
	vf->ctrl.announced++;
	return VIO_NET_OK;
}

static uint8_t
pairs_set(struct nicsim_vf *vf)
{
	struct nicsim_ctrl *c = &vf->ctrl;
	uint16_t pairs = (uint16_t)(c->data[0] | c->data[1] << 8);

	if (!nicsim_vf_has(vf, VIO_NET_F_MQ) || c->len != 2 || pairs == 0 || pairs > vf->conf.pairs)
		return VIO_NET_ERR;
	c->pairs = pairs;
	return VIO_NET_OK;
}

static uint8_t
offloads_set(struct nicsim_vf *vf)
{
	struct nicsim_ctrl *c = &vf->ctrl;
	uint64_t offloads;

	if (!nicsim_vf_has(vf, VIO_NET_F_CTRL_GUEST_OFFLOADS) || c->len != sizeof(offloads))
		return VIO_NET_ERR;
	memcpy(&offloads, c->data, sizeof(offloads));
	offloads = le64toh(offloads);
	if ((offloads & ~(vf->regs.driver_features & OFFLOADS)) != 0)
		return VIO_NET_ERR;
	c->offloads = offloads;
	return VIO_NET_OK;
}

static uint8_t
execute(struct nicsim_vf *vf)
{
	switch (COMMAND(vf->ctrl.class, vf->ctrl.cmd)) {
	case COMMAND(VIO_NET_CTRL_RX, VIO_NET_CTRL_RX_PROMISC):
	case COMMAND(VIO_NET_CTRL_RX, VIO_NET_CTRL_RX_ALLMULTI):
	case COMMAND(VIO_NET_CTRL_RX, RX_ALLUNI):
	case COMMAND(VIO_NET_CTRL_RX, RX_NOMULTI):
	case COMMAND(VIO_NET_CTRL_RX, RX_NOUNI):
	case COMMAND(VIO_NET_CTRL_RX, RX_NOBCAST):
		return rx_mode(vf);
	case COMMAND(VIO_NET_CTRL_MAC, VIO_NET_CTRL_MAC_TABLE_SET):
		return tables_set(vf);
	case COMMAND(VIO_NET_CTRL_MAC, VIO_NET_CTRL_MAC_ADDR_SET):
		return mac_set(vf);
	case COMMAND(VIO_NET_CTRL_ANNOUNCE, VIO_NET_CTRL_ANNOUNCE_ACK):
		return announce_ack(vf);
	case COMMAND(VIO_NET_CTRL_MQ, VIO_NET_CTRL_MQ_VQ_PAIRS_SET):
		return pairs_set(vf);
	case COMMAND(GUEST_OFFLOADS, GUEST_OFFLOADS_SET):
		return offloads_set(vf);
	default:
		return VIO_NET_ERR;
	}
}

/* Header, data and answer are there, however they are cut into buffers. */
static bool
is_command(const struct nicsim_chain *chain)
{
	uint16_t i;

	for (i = 0; i < chain->n; i++)
		if (chain->seg[i].len == 0) /* no driver has a reason for it; devices choke on it */
			return false;
	return chain->readable >= HDR_LEN && chain->writable >= 1;
}

/* @return 0; -EFAULT not mapped */
static int
gather(struct nicsim_ctrl *c, struct nicsim_ring *ring, const struct nicsim_chain *chain)
{
	uint8_t hdr[HDR_LEN];
	int ret;

	ret = nicsim_chain_read(ring, chain, 0, hdr, HDR_LEN);
	if (ret != 0)
		return ret;
	c->class = hdr[0];
	c->cmd = hdr[1];
	c->len = 0;
	if (chain->readable - HDR_LEN > NICSIM_CTRL_DATA) {
		c->class = c->cmd = UINT8_MAX; /* none takes that much */
		return 0;
	}
	ret = nicsim_chain_read(
		ring, chain, HDR_LEN, c->data, (uint32_t)(chain->readable - HDR_LEN));
	if (ret == 0)
		c->len = (uint32_t)(chain->readable - HDR_LEN);
	return ret;
}

/* The answer, and what a fault makes of it. @return 0; -EFAULT */
static int
answer(struct nicsim_vf *vf, struct nicsim_ring *ring, const struct nicsim_chain *chain)
{
	const struct nicsim_faults *f = &vf->regs.faults;
	bool garbage = nicsim_faults_on(f, NICSIM_FAULT_CTRL_GARBAGE);
	uint32_t kind = garbage ? f->arg[NICSIM_FAULT_CTRL_GARBAGE] : NICSIM_CTRL_NUM_GARBAGE;
	uint16_t id = kind == NICSIM_CTRL_BAD_ID ? chain->id ^ 1 : chain->id;
	uint32_t len = 1;
	uint8_t ack;
	int ret = 0;

	if (nicsim_faults_on(f, NICSIM_FAULT_CTRL_ERROR))
		ack = VIO_NET_ERR;
	else if (kind == NICSIM_CTRL_BAD_ACK)
		ack = ACK_NONSENSE;
	else
		ack = kind == NICSIM_CTRL_NO_ACK ? 0 : execute(vf);
	if (kind == NICSIM_CTRL_NO_ACK)
		len = 0;
	else
		ret = nicsim_chain_write(ring, chain, 0, &ack, 1);
	if (kind == NICSIM_CTRL_HUGE_LEN)
		len = UINT32_MAX;
	nicsim_ring_push(ring, id, chain->slots, len);
	if (kind == NICSIM_CTRL_TWICE)
		nicsim_ring_push(ring, id, chain->slots, len);
	return ret;
}

/* @return whether the queue goes on */
static bool
serve_one(struct nicsim_vf *vf, struct nicsim_queue *q, const struct nicsim_chain *chain)
{
	if (!is_command(chain)) {
		nicsim_regs_blame(&vf->regs, "a control command without header or answer");
		nicsim_ring_break(&q->ring, NICSIM_RING_BUFFER);
		return false;
	}
	if (gather(&vf->ctrl, &q->ring, chain) != 0)
		goto fault;
	vf->ctrl.commands++;
	nicsim_vf_point(vf, NICSIM_AT_CTRL);
	if (!q->running)
		return false;
	if (nicsim_faults_on(&vf->regs.faults, NICSIM_FAULT_CTRL_SILENT)) {
		nicsim_ring_unpop(&q->ring);
		vf->ctrl.commands--;
		return false;
	}
	if (answer(vf, &q->ring, chain) == 0)
		return true;
fault:
	nicsim_ring_break(&q->ring, NICSIM_RING_FAULT);
	return false;
}

/* What is there, and what comes meanwhile, within bounds. @return whether there may be more */
static bool
serve_all(struct nicsim_vf *vf, struct nicsim_queue *q)
{
	unsigned int left = q->ring.conf.size;
	int ret;

	while (left > 0) {
		ret = nicsim_ring_pop(&q->ring, vf->chain);
		if (ret < 0)
			nicsim_regs_blame(&vf->regs,
				q->ring.broken == NICSIM_RING_FAULT
					? "a control queue outside of the device's memory"
					: "a chain that the specification forbids");
		if (ret < 0 || (ret == 1 && !serve_one(vf, q, vf->chain)))
			return false;
		if (ret == 0 && !nicsim_ring_notify(&q->ring, true))
			return false;
		left--;
	}
	return true;
}

void
nicsim_ctrl_serve(struct nicsim_vf *vf)
{
	const struct nicsim_faults *f = &vf->regs.faults;
	uint16_t qid = nicsim_vf_ctrl_qid(vf);
	struct nicsim_queue *q;

	if (qid == UINT16_MAX)
		return;
	q = &vf->queue[qid];
	if (!q->running || !q->kicked || q->stalled ||
		nicsim_faults_on(f, NICSIM_FAULT_CTRL_SILENT))
		return;
	q->kicked = serve_all(vf, q);
	if (!q->running) { /* a fault struck */
		q->kicked = false;
		return;
	}
	if (nicsim_ring_flush(&q->ring))
		nicsim_vf_signal(vf, qid);
	if (q->ring.broken != NICSIM_RING_OK)
		nicsim_vf_broken(vf, qid);
	else if (nicsim_faults_on(f, NICSIM_FAULT_CTRL_SILENT))
		q->kicked = true; /* one was put back */
}

static bool
listed(const struct nicsim_ctrl_macs *table, const uint8_t mac[6])
{
	uint16_t i;

	for (i = 0; i < table->num; i++)
		if (memcmp(table->mac[i], mac, 6) == 0)
			return true;
	return table->overflow;
}

bool
nicsim_ctrl_admits(const struct nicsim_vf *vf, const uint8_t dst[6])
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct nicsim_ctrl *c = &vf->ctrl;

	if (c->promisc || !nicsim_vf_has(vf, VIO_NET_F_CTRL_RX))
		return true;
	if (memcmp(dst, broadcast, sizeof(broadcast)) == 0)
		return !c->nobcast;
	if (dst[0] & 1)
		return !c->nomulti && (c->allmulti || listed(&c->multicast, dst));
	if (c->nouni)
		return false;
	return c->alluni || memcmp(dst, c->mac, sizeof(c->mac)) == 0 || listed(&c->unicast, dst);
}
