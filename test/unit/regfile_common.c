/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The common configuration structure of the register file (virtio 1.2, 4.1.4.3): each register's
 * meaning, and what a driver must not do to it. Never waits.
 */
#include <string.h>

#include "regfile_priv.h"

/* The common structure: where a register is and how wide. */
struct reg {
	uint8_t off;
	uint8_t width;
	bool written; /* by a driver, too */
};

static const struct reg regs[] = {
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

bool
regfile_negotiated(const struct regfile *rf, unsigned int bit)
{
	return (rf->status & VIO_STATUS_FEATURES_OK) != 0 &&
	       (rf->driver_features & VIO_BIT(bit)) != 0;
}

static void
queue_default(struct regfile_queue *q)
{
	memset(q->addr, 0, sizeof(q->addr));
	q->size = q->max_size;
	q->vector = VIO_MSI_NO_VECTOR;
	q->enable = 0;
	q->resetting = false;
}

void
regfile_default_state(struct regfile *rf)
{
	unsigned int i;

	for (i = 0; i < REGFILE_QUEUES; i++)
		queue_default(&rf->q[i]);
	rf->driver_features = 0;
	rf->config_vector = VIO_MSI_NO_VECTOR;
	rf->status = VIO_STATUS_RESET;
	rf->resetting = false;
}

/* The register of an access to the common structure; NULL, and a violation, where there is none. */
static const struct reg *
common_reg(struct regfile *rf, uint64_t off, uint8_t len, bool write)
{
	size_t i;

	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		if (regs[i].off != off)
			continue;
		if (regs[i].width != len)
			regfile_blame(rf, "a register accessed at another width than its own");
		else if (write && !regs[i].written)
			regfile_blame(rf, "a read-only register written");
		else
			return &regs[i];
		return NULL;
	}
	regfile_blame(rf, "an access to no register");
	return NULL;
}

static struct regfile_queue *
selected(struct regfile *rf)
{
	return rf->queue_select < REGFILE_QUEUES ? &rf->q[rf->queue_select] : NULL;
}

static uint8_t
status_read(struct regfile *rf)
{
	if (!rf->resetting)
		return rf->status;
	if (rf->reset_left != 0) {
		if (rf->reset_left != REGFILE_NEVER)
			rf->reset_left--;
		return rf->status;
	}
	regfile_default_state(rf);
	rf->resets++;
	return VIO_STATUS_RESET;
}

static uint16_t
queue_reset_read(struct regfile *rf, struct regfile_queue *q)
{
	if (!regfile_negotiated(rf, VIO_F_RING_RESET))
		regfile_blame(rf, "queue_reset read without RING_RESET");
	if (!q->resetting)
		return 0;
	if (rf->faults & REGFILE_HALF_QUEUE_RESET)
		return 0;
	if (q->reset_left != 0) {
		if (q->reset_left != REGFILE_NEVER)
			q->reset_left--;
		return 1;
	}
	queue_default(q);
	return 0;
}

static uint8_t
generation_read(struct regfile *rf)
{
	if (rf->faults & REGFILE_RESTLESS_CONFIG)
		rf->generation++;
	return rf->generation;
}

static uint32_t
queue_read(struct regfile *rf, uint64_t off)
{
	struct regfile_queue *q = selected(rf);
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
		if (!regfile_negotiated(rf, VIO_F_NOTIF_CONFIG_DATA))
			regfile_blame(rf, "queue_notif_config_data read without its feature");
		return q->ndata;
	case VIO_COMMON_Q_RESET:
		return queue_reset_read(rf, q);
	default: /* the six halves of addresses */
		return (uint32_t)(q->addr[field / 2] >> (field % 2 ? 32 : 0));
	}
}

uint32_t
regfile_common_read(struct regfile *rf, uint64_t off, uint8_t len)
{
	const struct reg *reg = common_reg(rf, off, len, false);

	if (reg == NULL)
		return 0;
	if (rf->resetting && off != VIO_COMMON_STATUS)
		regfile_blame(rf, "a register read before the reset is over");
	switch (off) {
	case VIO_COMMON_DFSELECT:
		return rf->device_select;
	case VIO_COMMON_DF:
		return rf->device_select < 2
			       ? (uint32_t)(rf->conf.offered >> 32 * rf->device_select)
			       : 0;
	case VIO_COMMON_GFSELECT:
		return rf->driver_select;
	case VIO_COMMON_GF:
		return rf->driver_select < 2
			       ? (uint32_t)(rf->driver_features >> 32 * rf->driver_select)
			       : 0;
	case VIO_COMMON_CONFIG_MSIX:
		return rf->config_vector;
	case VIO_COMMON_NUM_QUEUES:
		return rf->conf.num_queues_later != 0 && (rf->status & VIO_STATUS_FEATURES_OK)
			       ? rf->conf.num_queues_later
			       : rf->conf.num_queues;
	case VIO_COMMON_STATUS:
		return status_read(rf);
	case VIO_COMMON_CFGGENERATION:
		return generation_read(rf);
	case VIO_COMMON_Q_SELECT:
		return rf->queue_select;
	default:
		return queue_read(rf, off);
	}
}

static void
status_write(struct regfile *rf, uint8_t val)
{
	uint8_t added = val & (uint8_t)~rf->status;

	if (val == VIO_STATUS_RESET) {
		rf->resetting = true;
		rf->reset_left = rf->reset_reads;
		if (rf->status == 0) /* what a reset in progress reads as */
			rf->status = VIO_STATUS_ACKNOWLEDGE;
		return;
	}
	if (rf->status & ~val)
		regfile_blame(rf, "a status bit cleared");
	if ((added & VIO_STATUS_DRIVER) && !(val & VIO_STATUS_ACKNOWLEDGE))
		regfile_blame(rf, "DRIVER without ACKNOWLEDGE");
	if ((added & VIO_STATUS_FEATURES_OK) && !(rf->status & VIO_STATUS_DRIVER))
		regfile_blame(rf, "FEATURES_OK before DRIVER");
	if ((added & VIO_STATUS_DRIVER_OK) && !(rf->status & VIO_STATUS_FEATURES_OK))
		regfile_blame(rf, "DRIVER_OK before FEATURES_OK");
	if (rf->driver_features & ~rf->conf.offered)
		regfile_blame(rf, "a feature accepted that was not offered");
	if (added & VIO_STATUS_FEATURES_OK && (rf->faults & REGFILE_REFUSE_FEATURES))
		val &= (uint8_t)~VIO_STATUS_FEATURES_OK;
	if (added & VIO_STATUS_DRIVER_OK) {
		if (rf->faults & REGFILE_REFUSE_DRIVER_OK)
			val &= (uint8_t)~VIO_STATUS_DRIVER_OK;
		if (rf->faults & REGFILE_NEEDS_RESET)
			val |= VIO_STATUS_NEEDS_RESET;
	}
	rf->status = val;
}

static void
features_write(struct regfile *rf, uint32_t val)
{
	unsigned int shift = 32 * rf->driver_select;

	if (!(rf->status & VIO_STATUS_DRIVER) || (rf->status & VIO_STATUS_FEATURES_OK))
		regfile_blame(rf, "features written outside of their time");
	if (rf->driver_select > 1)
		return;
	rf->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	rf->driver_features |= (uint64_t)val << shift;
}

static void
queue_enable_write(struct regfile *rf, struct regfile_queue *q, uint32_t val)
{
	if (val != 1)
		regfile_blame(rf, "queue_enable written with other than 1");
	if (!(rf->status & VIO_STATUS_FEATURES_OK))
		regfile_blame(rf, "a queue enabled before FEATURES_OK");
	if (q->size == 0)
		regfile_blame(rf, "a queue enabled that is not there");
	if (!(rf->faults & REGFILE_REFUSE_ENABLE))
		q->enable = 1;
}

static void
queue_reset_write(struct regfile *rf, struct regfile_queue *q, uint32_t val)
{
	if (val != 1)
		regfile_blame(rf, "queue_reset written with other than 1");
	if (!regfile_negotiated(rf, VIO_F_RING_RESET))
		regfile_blame(rf, "queue_reset written without RING_RESET");
	q->resetting = true;
	q->reset_left = rf->queue_reset_reads;
}

static void
queue_size_write(struct regfile *rf, struct regfile_queue *q, uint32_t val)
{
	if (val == 0 || val > q->max_size)
		regfile_blame(rf, "a queue size of 0 or above the maximum");
	if (!regfile_negotiated(rf, VIO_F_RING_PACKED) && (val & (val - 1)) != 0)
		regfile_blame(rf, "the size of a split ring that is no power of 2");
	q->size = (uint16_t)val;
}

static void
queue_write(struct regfile *rf, uint64_t off, uint32_t val)
{
	struct regfile_queue *q = selected(rf);
	unsigned int field = (unsigned int)(off - VIO_COMMON_Q_DESCLO) / 4;
	unsigned int shift = field % 2 ? 32 : 0;

	if (q == NULL) {
		regfile_blame(rf, "a queue written that is not there");
		return;
	}
	if (q->enable != 0 && off != VIO_COMMON_Q_MSIX && off != VIO_COMMON_Q_RESET)
		regfile_blame(rf, "a queue changed after it was enabled");
	switch (off) {
	case VIO_COMMON_Q_SIZE:
		queue_size_write(rf, q, val);
		break;
	case VIO_COMMON_Q_MSIX:
		q->vector = rf->faults & REGFILE_REFUSE_VECTOR ? VIO_MSI_NO_VECTOR : (uint16_t)val;
		break;
	case VIO_COMMON_Q_ENABLE:
		queue_enable_write(rf, q, val);
		break;
	case VIO_COMMON_Q_RESET:
		queue_reset_write(rf, q, val);
		break;
	default:
		q->addr[field / 2] &= ~((uint64_t)UINT32_MAX << shift);
		q->addr[field / 2] |= (uint64_t)val << shift;
		break;
	}
}

void
regfile_common_write(struct regfile *rf, uint64_t off, uint8_t len, uint32_t val)
{
	if (common_reg(rf, off, len, true) == NULL)
		return;
	if (rf->resetting && (off != VIO_COMMON_STATUS || val != VIO_STATUS_RESET))
		regfile_blame(rf, "a register written before the reset is over");
	switch (off) {
	case VIO_COMMON_DFSELECT:
		rf->device_select = val;
		break;
	case VIO_COMMON_GFSELECT:
		rf->driver_select = val;
		break;
	case VIO_COMMON_GF:
		features_write(rf, val);
		break;
	case VIO_COMMON_CONFIG_MSIX:
		rf->config_vector =
			rf->faults & REGFILE_REFUSE_VECTOR ? VIO_MSI_NO_VECTOR : (uint16_t)val;
		break;
	case VIO_COMMON_STATUS:
		status_write(rf, (uint8_t)val);
		break;
	case VIO_COMMON_Q_SELECT:
		rf->queue_select = (uint16_t)val;
		break;
	default:
		queue_write(rf, off, val);
		break;
	}
}
