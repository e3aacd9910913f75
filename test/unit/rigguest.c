/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The virtio-net driver of the rig's guest. Owns its rings and buffers in the guest's memory, and
 * the doorbells it mapped. Waits with the rig's deadlines.
 */
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nicbench.h"
#include "rigguest.h"

#define HDR 12 /* virtio_net_hdr with num_buffers (virtio 1.2, 5.1.6) */
#define BUFS_GPA UINT64_C(0x200000)
#define PAGE 4096

static const uint8_t outside[6] = { 2, 0xfa, 0, 0, 0, 1 };

static uint64_t
buf_gpa(uint16_t qid, unsigned int i)
{
	return BUFS_GPA + ((uint64_t)qid * RIGGUEST_BUFS + i) * RIGGUEST_BUF;
}

static int
rings_init(struct rigguest *g)
{
	struct vhuser *vu = &g->rig->vu;
	struct guestring_conf conf = {
		.size = vu->conf.size,
		.packed = (vu->conf.features & VIO_BIT(VIO_F_RING_PACKED)) != 0,
		.event_idx = (vu->conf.features & VIO_BIT(VIO_F_EVENT_IDX)) != 0,
		.in_order = (vu->conf.features & VIO_BIT(VIO_F_IN_ORDER)) != 0,
	};
	uint64_t gpa[3];
	uint16_t i;

	UT_LE(guestring_bytes(&conf), VHUSER_RING_STRIDE);
	for (i = 0; i < vu->conf.queues; i++) {
		vhuser_areas(vu, i, gpa);
		UT_EQ(guestring_init(&g->ring[i], &conf, vhuser_at(vu, gpa[0], VHUSER_RING_STRIDE),
			      gpa[0], i),
			0);
		g->queues = i + 1;
		g->ring[i].driver_off = gpa[1] - gpa[0];
		g->ring[i].device_off = gpa[2] - gpa[0];
		g->idle[i] = UINT32_MAX;
	}
	return 0;
}

static void
kick(struct rigguest *g, uint16_t qid)
{
	if (!guestring_kick(&g->ring[qid]))
		return;
	if (g->page[qid] != NULL)
		*g->page[qid] = qid;
	else
		vhuser_kick(&g->rig->vu, qid);
}

static int
offer(struct rigguest *g, uint16_t qid, unsigned int i)
{
	const struct guestring_buf buf = { buf_gpa(qid, i), RIGGUEST_BUF };

	UT_GE(guestring_add(&g->ring[qid], &buf, 0, 1, false, 0, i), 0);
	return 0;
}

int
rigguest_start(struct rigguest *g, struct rig *rig, const struct vhuser_conf *conf)
{
	uint16_t qid;
	unsigned int i;

	memset(g, 0, sizeof(*g));
	g->rig = rig;
	UT_EQ(vhuser_open(&rig->vu, conf, rig->path), 0);
	rig->guest = true;
	UT_DO(rings_init(g));
	for (qid = 0; qid < g->queues; qid += 2)
		for (i = 0; i < RIGGUEST_BUFS; i++)
			UT_DO(offer(g, qid, i));
	UT_EQ(vhuser_setup(&rig->vu), 0);
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_STARTING, RTE_PMD_VDPA_VIRTIO_OK));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_RUNNING, RTE_PMD_VDPA_VIRTIO_OK));
	UT_DO(rig_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_KICK, NULL));
	UT_EQ(nicsim_port_open(nicsim_port(rig->nic, 1), 1), 0);
	return 0;
}

void
rigguest_end(struct rigguest *g)
{
	uint16_t i;

	for (i = 0; i < g->queues; i++) {
		guestring_fini(&g->ring[i]);
		if (g->page[i] != NULL)
			munmap((void *)(uintptr_t)g->page[i], PAGE);
		g->page[i] = NULL;
	}
	g->queues = 0;
}

int
rigguest_map(struct rigguest *g)
{
	uint16_t i;

	for (i = 0; i < g->queues; i++) {
		g->page[i] = rig_doorbell(g->rig, i);
		UT_CHECK(g->page[i] != NULL);
	}
	return 0;
}

/* Take back what the device is done with. */
static int
reap(struct rigguest *g, uint16_t qid)
{
	uint64_t cookie;
	uint32_t len;
	int ret;

	while ((ret = guestring_used(&g->ring[qid], &cookie, &len)) == 1)
		g->idle[qid] |= UINT32_C(1) << cookie;
	if (ret != 0)
		UT_FAIL("queue %u: %s", qid, g->ring[qid].wrong);
	return 0;
}

int
rigguest_send(struct rigguest *g, uint16_t pair, uint32_t number)
{
	uint16_t qid = 2 * pair + 1;
	struct guestring_buf buf;
	uint8_t *at;
	int i;

	UT_DO(reap(g, qid));
	i = ffs((int)g->idle[qid]) - 1;
	UT_GE(i, 0);
	g->idle[qid] &= ~(UINT32_C(1) << i);
	buf = (struct guestring_buf){ buf_gpa(qid, (unsigned int)i), HDR + RIGGUEST_FRAME };
	at = vhuser_at(&g->rig->vu, buf.iova, buf.len);
	memset(at, 0, HDR);
	nicbench_frame(at + HDR, RIGGUEST_FRAME, outside, g->rig->vf->conf.mac, number);
	UT_GE(guestring_add(&g->ring[qid], &buf, 1, 0, false, 0, (uint64_t)i), 0);
	kick(g, qid);
	return 0;
}

int
rigguest_sent(struct rigguest *g, uint32_t number)
{
	uint8_t data[RIGGUEST_BUF];
	uint32_t len;

	len = nicbench_port_wait(nicsim_port(g->rig->nic, 1), data, sizeof(data), RIG_WAIT_MS);
	UT_EQ(len, RIGGUEST_FRAME);
	UT_EQ(nicbench_number(data, len), number);
	return 0;
}

int
rigguest_silent(struct rigguest *g)
{
	uint8_t data[RIGGUEST_BUF];

	UT_EQ(nicbench_port_wait(nicsim_port(g->rig->nic, 1), data, sizeof(data), RIG_QUIET_MS), 0);
	return 0;
}

/* @return 1 the frame with that number was there; 0 nothing was; UT_FAILED another */
static int
take(struct rigguest *g, uint16_t qid, uint32_t number)
{
	uint64_t cookie;
	uint32_t len;
	int ret = guestring_used(&g->ring[qid], &cookie, &len);
	const uint8_t *at;

	if (ret < 0)
		UT_FAIL("queue %u: %s", qid, g->ring[qid].wrong);
	if (ret == 0)
		return 0;
	UT_EQ(len, HDR + RIGGUEST_FRAME);
	at = vhuser_at(&g->rig->vu, buf_gpa(qid, (unsigned int)cookie), len);
	UT_EQ(at[10] | at[11] << 8, 1); /* num_buffers */
	UT_EQ(nicbench_number(at + HDR, RIGGUEST_FRAME), number);
	UT_DO(offer(g, qid, (unsigned int)cookie));
	kick(g, qid);
	return 1;
}

static int
wait_for_call(struct rigguest *g)
{
	struct pollfd fds[VHUSER_QUEUES];
	uint16_t i, n = 0;

	for (i = 0; i < g->queues; i += 2)
		fds[n++] = (struct pollfd){ .fd = g->rig->vu.call[i], .events = POLLIN };
	UT_GE(poll(fds, n, RIG_WAIT_MS), 1);
	for (i = 0; i < g->queues; i += 2)
		vhuser_called(&g->rig->vu, i, 0);
	return 0;
}

int
rigguest_receive(struct rigguest *g, uint32_t number)
{
	uint8_t data[RIGGUEST_FRAME];
	uint16_t i;
	int ret;

	nicbench_frame(data, sizeof(data), g->rig->vf->conf.mac, outside, number);
	for (i = 0; i < g->queues; i += 2)
		guestring_arm(&g->ring[i], true, 0);
	UT_EQ(nicbench_port_send(nicsim_port(g->rig->nic, 1), data, sizeof(data)), 0);
	for (;;) {
		for (i = 0; i < g->queues; i += 2) {
			ret = take(g, i, number);
			if (ret != 0)
				return ret == 1 ? 0 : ret;
		}
		UT_DO(wait_for_call(g));
	}
}

int
rigguest_traffic(struct rigguest *g, unsigned int n)
{
	uint32_t number = 1;
	uint16_t pair;

	for (; n > 0; n--) {
		for (pair = 0; pair < g->queues / 2; pair++) {
			UT_DO(rigguest_send(g, pair, ++number));
			UT_DO(rigguest_sent(g, number));
			UT_DO(rigguest_receive(g, ++number));
		}
	}
	return 0;
}
