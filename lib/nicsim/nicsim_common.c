/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The common configuration structure (virtio 1.2, 4.1.4.3): each register's meaning, and what a
 * driver must not do to it. Under the function's lock; never waits.
 */
#include <string.h>

#include "nicsim_regs.h"

/* The common structure: where a register is and how wide. */
struct reg {
	uint8_t off;
	uint8_t width;
	bool written; /* by a driver, too */
};

static const struct reg table[] = {
	{ VIO_COMMON_DFSELECT, 4, true },
	{ VIO_COMMON_DF, 4, false },
	{ VIO_COMMON_GFSELECT, 4, true },
	{ VIO_COMMON_GF, 4, true },
	{ VIO_COMMON_CONFIG_MSIX, 2, true },
	{ VIO_COMMON_NUM_QUEUES, 2, false },
	{ VIO_COMMON_STATUS, 1, true },
	{ VIO_COMMON_CFGGENERATION, 1, false },
	{ VIO_COMMON_Q_SELECT, 2, true },
	{ VIO_COMMON_Q_SIZE, 2, true },
	{ VIO_COMMON_Q_MSIX, 2, true },
	{ VIO_COMMON_Q_ENABLE, 2, true },
	{ VIO_COMMON_Q_NOFF, 2, false },
	{ VIO_COMMON_Q_DESCLO, 4, true },
	{ VIO_COMMON_Q_DESCHI, 4, true },
	{ VIO_COMMON_Q_AVAILLO, 4, true },
	{ VIO_COMMON_Q_AVAILHI, 4, true },
	{ VIO_COMMON_Q_USEDLO, 4, true },
	{ VIO_COMMON_Q_USEDHI, 4, true },
	{ VIO_COMMON_Q_NDATA, 2, false },
	{ VIO_COMMON_Q_RESET, 2, true },
};

static void
queue_default(struct nicsim_regs_queue *q)
{
	memset(q->addr, 0, sizeof(q->addr));
	q->size = q->max_size;
	q->vector = VIO_MSI_NO_VECTOR;
	q->enable = 0;
	q->resetting = q->stuck = false;
}

void
nicsim_common_default(struct nicsim_regs *regs)
{
	unsigned int i;

	for (i = 0; i < NICSIM_REGS_QUEUES; i++)
		queue_default(&regs->q[i]);
	regs->driver_features = 0;
	regs->queue_select = 0;
	regs->config_vector = VIO_MSI_NO_VECTOR;
	regs->status = VIO_STATUS_RESET;
	regs->isr = 0;
	regs->resetting = regs->reset_due = regs->stuck = false;
}

/* A named point; @return whether the function is still there. */
static bool
passed(struct nicsim_regs *regs, enum nicsim_point point)
{
	if (regs->faults.num_armed != 0)
		nicsim_faults_pass(&regs->faults, point);
	return !regs->gone;
}

static bool
fault_is_on(const struct nicsim_regs *regs, enum nicsim_fault_kind kind)
{
	return nicsim_faults_on(&regs->faults, kind);
}

/* The register of an access to the common structure; NULL, and a violation, where there is none. */
static const struct reg *
common_reg(struct nicsim_regs *regs, uint64_t off, uint8_t len, bool write)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].off != off)
			continue;
		if (table[i].width != len)
			nicsim_regs_blame(
				regs, "a register accessed at another width than its own");
		else if (write && !table[i].written)
			nicsim_regs_blame(regs, "a read-only register written");
		else
			return &table[i];
		return NULL;
	}
	nicsim_regs_blame(regs, "an access to no register");
	return NULL;
}

static struct nicsim_regs_queue *
selected(struct nicsim_regs *regs)
{
	return regs->queue_select < NICSIM_REGS_QUEUES ? &regs->q[regs->queue_select] : NULL;
}

static uint8_t
status_read(struct nicsim_regs *regs)
{
	if (!regs->resetting)
		return regs->status;
	if (regs->stuck)
		return regs->status;
	if (regs->reset_left != 0) {
		regs->reset_left--;
		return regs->status;
	}
	if (regs->reset_due)
		nicsim_regs_reset(regs);
	regs->resetting = false;
	return VIO_STATUS_RESET;
}

static void
queue_reset_done(struct nicsim_regs *regs, struct nicsim_regs_queue *q)
{
	queue_default(q);
	if (regs->hooks != NULL)
		regs->hooks->disable(regs->hooks_ctx, (uint16_t)(q - regs->q));
}

static uint16_t
queue_reset_read(struct nicsim_regs *regs, struct nicsim_regs_queue *q)
{
	if (!nicsim_regs_negotiated(regs, VIO_F_RING_RESET))
		nicsim_regs_blame(regs, "queue_reset read without RING_RESET");
	if (!q->resetting || fault_is_on(regs, NICSIM_FAULT_HALF_QUEUE_RESET))
		return 0;
	if (q->stuck)
		return 1;
	if (q->reset_left != 0) {
		q->reset_left--;
		return 1;
	}
	queue_reset_done(regs, q);
	return 0;
}

static uint8_t
generation_read(struct nicsim_regs *regs)
{
	if (fault_is_on(regs, NICSIM_FAULT_RESTLESS_CONFIG) &&
		regs->faults.arg[NICSIM_FAULT_RESTLESS_CONFIG] == 0)
		regs->generation++;
	return regs->generation;
}

static uint32_t
queue_read(struct nicsim_regs *regs, uint64_t off)
{
	struct nicsim_regs_queue *q = selected(regs);
	unsigned int field = (unsigned int)(off - VIO_COMMON_Q_DESCLO) / 4;

	if (q == NULL)
		return 0;
	switch (off) {
	case VIO_COMMON_Q_SIZE:
		return q->size;
	case VIO_COMMON_Q_MSIX:
		return q->vector;
	case VIO_COMMON_Q_ENABLE:
		return q->enable;
	case VIO_COMMON_Q_NOFF:
		return q->noff;
	case VIO_COMMON_Q_NDATA:
		if (!nicsim_regs_negotiated(regs, VIO_F_NOTIF_CONFIG_DATA))
			nicsim_regs_blame(regs, "queue_notif_config_data read without its feature");
		return q->ndata;
	case VIO_COMMON_Q_RESET:
		return queue_reset_read(regs, q);
	default: /* the six halves of addresses */
		return (uint32_t)(q->addr[field / 2] >> (field % 2 ? 32 : 0));
	}
}

uint32_t
nicsim_common_read(struct nicsim_regs *regs, uint64_t off, uint8_t len)
{
	const struct reg *reg = common_reg(regs, off, len, false);

	if (reg == NULL)
		return 0;
	if (regs->resetting && off != VIO_COMMON_STATUS)
		nicsim_regs_blame(regs, "a register read before the reset is over");
	switch (off) {
	case VIO_COMMON_DFSELECT:
		return regs->device_select;
	case VIO_COMMON_DF:
		return regs->device_select < 2
			       ? (uint32_t)(regs->conf.offered >> 32 * regs->device_select)
			       : 0;
	case VIO_COMMON_GFSELECT:
		return regs->driver_select;
	case VIO_COMMON_GF:
		return regs->driver_select < 2
			       ? (uint32_t)(regs->driver_features >> 32 * regs->driver_select)
			       : 0;
	case VIO_COMMON_CONFIG_MSIX:
		return regs->config_vector;
	case VIO_COMMON_NUM_QUEUES:
		return regs->conf.num_queues_later != 0 && (regs->status & VIO_STATUS_FEATURES_OK)
			       ? regs->conf.num_queues_later
			       : regs->conf.num_queues;
	case VIO_COMMON_STATUS:
		return status_read(regs);
	case VIO_COMMON_CFGGENERATION:
		return generation_read(regs);
	case VIO_COMMON_Q_SELECT:
		return regs->queue_select;
	default:
		return queue_read(regs, off);
	}
}

/* 4.1.4.3.2. Over at once, unless a fault says otherwise; in any case the driver has to look. */
static void
reset_write(struct nicsim_regs *regs)
{
	if (!passed(regs, NICSIM_AT_RESET))
		return;
	if (fault_is_on(regs, NICSIM_FAULT_RESET_STUCK)) {
		regs->reset_left = regs->faults.arg[NICSIM_FAULT_RESET_STUCK];
		regs->stuck = regs->reset_left == 0;
		regs->reset_due = true;
		if (regs->status == 0) /* what a reset in progress reads as */
			regs->status = VIO_STATUS_ACKNOWLEDGE;
	} else {
		nicsim_regs_reset(regs);
		regs->reset_left = 0;
	}
	regs->resetting = true;
}

static void
status_judge(struct nicsim_regs *regs, uint8_t val, uint8_t added)
{
	if (regs->status & ~val & ~VIO_STATUS_NEEDS_RESET) /* that one is the device's */
		nicsim_regs_blame(regs, "a status bit cleared");
	if ((added & VIO_STATUS_DRIVER) && !(val & VIO_STATUS_ACKNOWLEDGE))
		nicsim_regs_blame(regs, "DRIVER without ACKNOWLEDGE");
	if ((added & VIO_STATUS_FEATURES_OK) && !(regs->status & VIO_STATUS_DRIVER))
		nicsim_regs_blame(regs, "FEATURES_OK before DRIVER");
	if ((added & VIO_STATUS_DRIVER_OK) && !(regs->status & VIO_STATUS_FEATURES_OK))
		nicsim_regs_blame(regs, "DRIVER_OK before FEATURES_OK");
	if (regs->driver_features & ~regs->conf.offered)
		nicsim_regs_blame(regs, "a feature accepted that was not offered");
}

/* 2.1.2: without DRIVER_OK, which a driver must not take back, no buffer is used. */
static void
queues_down(struct nicsim_regs *regs)
{
	uint16_t i;

	for (i = 0; i < NICSIM_REGS_QUEUES && regs->hooks != NULL; i++)
		if (regs->q[i].enable != 0)
			regs->hooks->disable(regs->hooks_ctx, i);
}

static void
status_write(struct nicsim_regs *regs, uint8_t val)
{
	uint8_t added = val & (uint8_t)~regs->status;
	uint8_t refused = 0, down;

	if (val == VIO_STATUS_RESET) {
		reset_write(regs);
		return;
	}
	status_judge(regs, val, added);
	if ((added & VIO_STATUS_FEATURES_OK) && !passed(regs, NICSIM_AT_FEATURES))
		return;
	if ((added & VIO_STATUS_DRIVER_OK) && !passed(regs, NICSIM_AT_DRIVER_OK))
		return;
	if (fault_is_on(regs, NICSIM_FAULT_REFUSE_FEATURES) ||
		!nicsim_regs_features_fit(regs, regs->driver_features))
		refused |= added & VIO_STATUS_FEATURES_OK;
	if (fault_is_on(regs, NICSIM_FAULT_REFUSE_DRIVER_OK))
		refused |= added & VIO_STATUS_DRIVER_OK;
	down = regs->status & (uint8_t)~val & (VIO_STATUS_FEATURES_OK | VIO_STATUS_DRIVER_OK);
	regs->status = (uint8_t)((val & ~refused) | (regs->status & VIO_STATUS_NEEDS_RESET));
	if (down != 0)
		queues_down(regs);
	if ((added & ~refused & VIO_STATUS_DRIVER_OK) && regs->hooks != NULL)
		regs->hooks->live(regs->hooks_ctx);
}

static void
features_write(struct nicsim_regs *regs, uint32_t val)
{
	unsigned int shift = 32 * regs->driver_select;

	if (!(regs->status & VIO_STATUS_DRIVER) || (regs->status & VIO_STATUS_FEATURES_OK))
		nicsim_regs_blame(regs, "features written outside of their time");
	if (regs->driver_select > 1)
		return;
	regs->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	regs->driver_features |= (uint64_t)val << shift;
}

static void
queue_enable_write(struct nicsim_regs *regs, struct nicsim_regs_queue *q, uint32_t val)
{
	if (val != 1) {
		nicsim_regs_blame(regs, "queue_enable written with other than 1");
		return;
	}
	if (q->enable != 0) /* the one who wrote it is to blame already */
		return;
	if (!(regs->status & VIO_STATUS_FEATURES_OK))
		nicsim_regs_blame(regs, "a queue enabled before FEATURES_OK");
	if (q->size == 0)
		nicsim_regs_blame(regs, "a queue enabled that is not there");
	if (!passed(regs, NICSIM_AT_ENABLE) || fault_is_on(regs, NICSIM_FAULT_REFUSE_ENABLE))
		return;
	q->enable = 1;
	if (regs->hooks != NULL)
		regs->hooks->enable(regs->hooks_ctx, (uint16_t)(q - regs->q));
}

static void
queue_reset_write(struct nicsim_regs *regs, struct nicsim_regs_queue *q, uint32_t val)
{
	if (val != 1)
		nicsim_regs_blame(regs, "queue_reset written with other than 1");
	if (!nicsim_regs_negotiated(regs, VIO_F_RING_RESET))
		nicsim_regs_blame(regs, "queue_reset written without RING_RESET");
	q->resetting = true;
	q->reset_left = 0;
	if (fault_is_on(regs, NICSIM_FAULT_QUEUE_RESET_STUCK)) {
		q->reset_left = regs->faults.arg[NICSIM_FAULT_QUEUE_RESET_STUCK];
		q->stuck = q->reset_left == 0;
	} else if (!fault_is_on(regs, NICSIM_FAULT_HALF_QUEUE_RESET)) {
		queue_reset_done(regs, q);
	}
}

static void
queue_size_write(struct nicsim_regs *regs, struct nicsim_regs_queue *q, uint32_t val)
{
	if (val == 0 || val > q->max_size)
		nicsim_regs_blame(regs, "a queue size of 0 or above the maximum");
	if (!nicsim_regs_negotiated(regs, VIO_F_RING_PACKED) && (val & (val - 1)) != 0)
		nicsim_regs_blame(regs, "the size of a split ring that is no power of 2");
	q->size = (uint16_t)val;
}

/* 4.1.5.1.2.1: a vector that cannot be had reads back as none. */
static uint16_t
vector_taken(const struct nicsim_regs *regs, uint32_t val)
{
	if (fault_is_on(regs, NICSIM_FAULT_REFUSE_VECTOR) ||
		(regs->conf.vectors != 0 && val >= regs->conf.vectors))
		return VIO_MSI_NO_VECTOR;
	return (uint16_t)val;
}

static void
queue_write(struct nicsim_regs *regs, uint64_t off, uint32_t val)
{
	struct nicsim_regs_queue *q = selected(regs);
	unsigned int field = (unsigned int)(off - VIO_COMMON_Q_DESCLO) / 4;
	unsigned int shift = field % 2 ? 32 : 0;

	if (q == NULL) {
		nicsim_regs_blame(regs, "a queue written that is not there");
		return;
	}
	if (q->enable != 0 && off != VIO_COMMON_Q_MSIX && off != VIO_COMMON_Q_RESET)
		nicsim_regs_blame(regs, "a queue changed after it was enabled");
	switch (off) {
	case VIO_COMMON_Q_SIZE:
		queue_size_write(regs, q, val);
		break;
	case VIO_COMMON_Q_MSIX:
		q->vector = vector_taken(regs, val);
		break;
	case VIO_COMMON_Q_ENABLE:
		queue_enable_write(regs, q, val);
		break;
	case VIO_COMMON_Q_RESET:
		queue_reset_write(regs, q, val);
		break;
	default:
		q->addr[field / 2] &= ~((uint64_t)UINT32_MAX << shift);
		q->addr[field / 2] |= (uint64_t)val << shift;
		break;
	}
}

void
nicsim_common_write(struct nicsim_regs *regs, uint64_t off, uint8_t len, uint32_t val)
{
	if (common_reg(regs, off, len, true) == NULL)
		return;
	if (regs->resetting && (off != VIO_COMMON_STATUS || val != VIO_STATUS_RESET))
		nicsim_regs_blame(regs, "a register written before the reset is over");
	switch (off) {
	case VIO_COMMON_DFSELECT:
		regs->device_select = val;
		break;
	case VIO_COMMON_GFSELECT:
		regs->driver_select = val;
		break;
	case VIO_COMMON_GF:
		features_write(regs, val);
		break;
	case VIO_COMMON_CONFIG_MSIX:
		regs->config_vector = vector_taken(regs, val);
		break;
	case VIO_COMMON_STATUS:
		status_write(regs, (uint8_t)val);
		break;
	case VIO_COMMON_Q_SELECT:
		regs->queue_select = (uint16_t)val;
		break;
	default:
		queue_write(regs, off, val);
		break;
	}
}
