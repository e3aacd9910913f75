/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The registers of queues (virtio 1.2, 4.1.4.3, 4.1.5.1.3): as reset leaves them, set, enabled,
 * reset alone, and of queues that do not exist. One thread.
 */
#include <stdio.h>

#include "say.h"
#include "script.h"

static uint32_t
queue_reg(struct diff_vf *a, uint16_t qid, uint32_t off)
{
	diff_reg_set(a, VIO_COMMON_Q_SELECT, 2, qid);
	return diff_reg(a, off, 2);
}

static void
queue_reg_set(struct diff_vf *a, uint16_t qid, uint32_t off, uint16_t val)
{
	diff_reg_set(a, VIO_COMMON_Q_SELECT, 2, qid);
	diff_reg_set(a, off, 2, val);
}

/* All of a queue's registers, in one line each. */
static void
queue_say(struct diff_vf *a, const char *when, uint16_t qid)
{
	static const uint32_t addrs[] = { VIO_COMMON_Q_DESCLO, VIO_COMMON_Q_DESCHI,
		VIO_COMMON_Q_AVAILLO, VIO_COMMON_Q_AVAILHI, VIO_COMMON_Q_USEDLO,
		VIO_COMMON_Q_USEDHI };
	uint32_t val[DIFF_LEN(addrs)];
	unsigned int i;
	char key[64];

	diff_reg_set(a, VIO_COMMON_Q_SELECT, 2, qid);
	for (i = 0; i < DIFF_LEN(addrs); i++)
		val[i] = diff_reg(a, addrs[i], 4);
	snprintf(key, sizeof(key), "%s: queue %u: queue_size", when, qid);
	diff_say(key, "%u", queue_reg(a, qid, VIO_COMMON_Q_SIZE));
	snprintf(key, sizeof(key), "%s: queue %u: registers", when, qid);
	diff_say(key, "vector 0x%x enable %u notify_off %u reset %u addresses %x:%x %x:%x %x:%x",
		diff_reg(a, VIO_COMMON_Q_MSIX, 2), diff_reg(a, VIO_COMMON_Q_ENABLE, 2),
		diff_reg(a, VIO_COMMON_Q_NOFF, 2), diff_reg(a, VIO_COMMON_Q_RESET, 2), val[1],
		val[0], val[3], val[2], val[5], val[4]);
}

static void
all_say(struct diff_vf *a, const char *when)
{
	uint16_t qid;

	for (qid = 0; qid < DIFF_QUEUES; qid++)
		queue_say(a, when, qid);
}

/* 4.1.4.3.2: a queue that is not there has size 0. */
static void
absent(struct diff_vf *a)
{
	static const uint16_t ids[] = { DIFF_QUEUES, DIFF_QUEUES + 1, 63, 255, 1023, 1024, 0x7fff,
		0xffff };
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(ids); i++) {
		queue_reg(a, 0, VIO_COMMON_Q_SIZE);
		snprintf(key, sizeof(key), "absent: queue %u: queue_size", ids[i]);
		diff_say(key, "%u", queue_reg(a, ids[i], VIO_COMMON_Q_SIZE));
		snprintf(key, sizeof(key), "absent: queue %u: queue_enable", ids[i]);
		diff_say(key, "%u", diff_reg(a, VIO_COMMON_Q_ENABLE, 2));
		snprintf(key, sizeof(key), "absent: queue %u: queue_select", ids[i]);
		diff_say(key, "%u", diff_reg(a, VIO_COMMON_Q_SELECT, 2));
	}
}

static void
vectors(struct diff_vf *a)
{
	static const uint16_t vals[] = { 0, 1, DIFF_VECTORS - 1, DIFF_VECTORS, 0x7ff, 0xfffe,
		VIO_MSI_NO_VECTOR, 2 };
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(vals); i++) {
		queue_reg_set(a, 1, VIO_COMMON_Q_MSIX, vals[i]);
		snprintf(key, sizeof(key), "queue_msix_vector after 0x%x", vals[i]);
		diff_say(key, "0x%x", queue_reg(a, 1, VIO_COMMON_Q_MSIX));
	}
	diff_say("queue_msix_vector of another queue", "0x%x", queue_reg(a, 0, VIO_COMMON_Q_MSIX));
}

static void
sizes(struct diff_vf *a)
{
	static const uint16_t vals[] = { 256, 128, 64, 8, 2, 1, 256 };
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(vals); i++) {
		queue_reg_set(a, 0, VIO_COMMON_Q_SIZE, vals[i]);
		snprintf(key, sizeof(key), "queue_size after %u", vals[i]);
		diff_say(key, "%u", queue_reg(a, 0, VIO_COMMON_Q_SIZE));
	}
	diff_vf_reset(a);
	diff_say("queue_size after reset is the largest again",
		queue_reg(a, 0, VIO_COMMON_Q_SIZE) > 256 ? "yes" : "no");
}

static void
addresses(struct diff_vf *a)
{
	static const uint32_t offs[] = { VIO_COMMON_Q_DESCLO, VIO_COMMON_Q_DESCHI,
		VIO_COMMON_Q_AVAILLO, VIO_COMMON_Q_AVAILHI, VIO_COMMON_Q_USEDLO,
		VIO_COMMON_Q_USEDHI };
	char key[64];
	unsigned int i;

	diff_reg_set(a, VIO_COMMON_Q_SELECT, 2, 1);
	for (i = 0; i < DIFF_LEN(offs); i++)
		diff_reg_set(a, offs[i], 4, 0x1000 * (i + 1));
	for (i = 0; i < DIFF_LEN(offs); i++) {
		snprintf(key, sizeof(key), "address register 0x%x", offs[i]);
		diff_say(key, "0x%x", diff_reg(a, offs[i], 4));
	}
	queue_say(a, "another", 0);
	diff_vf_reset(a);
	queue_say(a, "addresses after reset", 1);
}

/* One queue down and up again while the others run (2.6.1). */
static void
ring_reset(struct diff_vf *a)
{
	const uint64_t features = a->mask & ~VIO_BIT(VIO_F_RING_PACKED);
	int ret = diff_vf_start(a, features, 1, 64);

	diff_say("start", ret == 0 ? "done" : "failed");
	if (ret != 0)
		return;
	diff_say("enabled: queue_enable", "%u %u %u", queue_reg(a, 0, VIO_COMMON_Q_ENABLE),
		queue_reg(a, 1, VIO_COMMON_Q_ENABLE), queue_reg(a, 2, VIO_COMMON_Q_ENABLE));
	diff_say("enabled: queue_size", "%u", queue_reg(a, 1, VIO_COMMON_Q_SIZE));
	if (!diff_vf_has(a, VIO_F_RING_RESET))
		return;
	ret = vio_queue_reset(&a->dev, 1, 1000);
	diff_say("reset of a queue", ret == 0 ? "done" : "failed");
	queue_say(a, "after its reset", 1);
	diff_say("after its reset: queue_enable of another", "%u",
		queue_reg(a, 0, VIO_COMMON_Q_ENABLE));
	diff_say("after its reset: status", "0x%x", vio_dev_status(&a->dev));
	ret = diff_vf_queue(a, 1, 32, 3);
	diff_say("enabled again", ret == 0 ? "done" : "failed");
	diff_say("enabled again: queue_size", "%u", queue_reg(a, 1, VIO_COMMON_Q_SIZE));
	diff_say("enabled again: vector", "%u", queue_reg(a, 1, VIO_COMMON_Q_MSIX));
	diff_vf_reset(a);
	all_say(a, "reset from running");
}

void
diff_script_queues(struct diff_vf *a)
{
	diff_place("queues");
	diff_vf_reset(a);
	all_say(a, "reset");
	diff_vf_reset(a);
	vio_dev_negotiate(&a->dev, a->mask & ~VIO_BIT(VIO_NET_F_MQ));
	all_say(a, "without MQ");
	diff_vf_reset(a);
	vio_dev_negotiate(&a->dev, a->mask);
	all_say(a, "with MQ");
	absent(a);
	vectors(a);
	sizes(a);
	addresses(a);
	ring_reset(a);
}
