/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames for which there is no room, no queue, no running device, no link; and that all is well
 * again afterwards. One thread.
 */
#include <stdio.h>

#include "say.h"
#include "script.h"

static struct diff_frame frame;
static struct diff_rx rx;

static void
send_n(struct diff_vf *a, struct diff_vf *b, const char *what, unsigned int n, uint32_t len)
{
	unsigned int i, sent = 0;
	char key[96];

	for (i = 0; i < n; i++) {
		diff_frame_make(&frame, b->mac, a->mac, len, i);
		sent += diff_send(a, 0, &frame, NULL) != UINT32_MAX;
	}
	snprintf(key, sizeof(key), "%s: sent of %u", what, n);
	diff_say(key, "%u", sent);
}

/* Whether frames get through, after whatever it was. */
static void
well(struct diff_vf *a, struct diff_vf *b, const char *what)
{
	char key[96];

	snprintf(key, sizeof(key), "%s, afterwards", what);
	diff_frame_make(&frame, b->mac, a->mac, 70, 9);
	diff_exchange(a, b, 0, key, &frame, NULL);
}

static void
received_say(struct diff_vf *b, const char *what, const char *when)
{
	char key[96];

	snprintf(key, sizeof(key), "%s: received %s", what, when);
	diff_say(key, "%u", diff_drain(b));
}

/* A receive queue that has chains of a shape that frames do not fit, or none. */
static void
no_room(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode, const char *what,
	const struct diff_shape *shape, unsigned int chains, uint32_t len)
{
	char key[96];

	if (diff_script_start(a, b, mode) != 0 || vio_queue_reset(&b->dev, 0, 1000) != 0 ||
		diff_vf_queue(b, 0, DIFF_RING_MAX, 1) != 0)
		return;
	diff_vf_fill(b, 0, shape, chains);
	b->q[0].refill = false;
	send_n(a, b, what, 3, len);
	received_say(b, what, "without room");
	snprintf(key, sizeof(key), "%s: used index without room", what);
	diff_say(key, "%u", diff_ring_used_index(&b->q[0].ring));
	snprintf(key, sizeof(key), "%s: status", what);
	diff_say(key, "0x%x", vio_dev_status(&b->dev));
}

static void
room(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	static const struct diff_shape small = { .n = 1, .len = { DIFF_HDR + 100 } };
	unsigned int i;

	no_room(a, b, mode, "no buffer", &diff_plain, 0, 80);
	diff_vf_fill(b, 0, &diff_plain, 32);
	received_say(b, "no buffer", "with room");
	diff_drain(b);
	well(a, b, "no buffer");
	no_room(a, b, mode, "short buffers", &small, 2, 500);
	/* What fits is let in still, into the same buffers. */
	diff_frame_make(&frame, b->mac, a->mac, 60, 3);
	diff_exchange(a, b, 0, "short buffers, a short frame", &frame, NULL);
	for (i = 2; i < 32; i++)
		diff_vf_refill(&b->q[0], i);
	diff_vf_kick(b, 0);
	received_say(b, "short buffers", "with more of them");
	well(a, b, "short buffers");
}

static void
queue_gone(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	if (diff_script_start(a, b, mode) != 0 || !diff_vf_has(b, VIO_F_RING_RESET))
		return;
	diff_say("receive queue reset", vio_queue_reset(&b->dev, 0, 1000) == 0 ? "done" : "failed");
	send_n(a, b, "receive queue reset", 2, 80);
	diff_frame_make(&frame, a->mac, b->mac, 70, 9);
	diff_exchange(b, a, 0, "receive queue reset, the other way", &frame, NULL);
	diff_say("receive queue back", diff_vf_queue(b, 0, 64, 1) == 0 ? "done" : "failed");
	diff_vf_fill(b, 0, &diff_plain, 32);
	received_say(b, "receive queue reset", "when it is back");
	well(a, b, "receive queue reset");
	diff_say(
		"transmit queue reset", vio_queue_reset(&a->dev, 1, 1000) == 0 ? "done" : "failed");
	well(b, a, "transmit queue reset");
	diff_say("transmit queue back", diff_vf_queue(a, 1, 32, 2) == 0 ? "done" : "failed");
	well(a, b, "transmit queue back");
	diff_say("transmit queue back: used index", "%u", diff_ring_used_index(&a->q[1].ring));
}

static void
device_gone(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	if (diff_script_start(a, b, mode) != 0)
		return;
	diff_vf_reset(b);
	send_n(a, b, "receiver stopped", 2, 80);
	if (diff_vf_start(b, mode->features, mode->pairs, DIFF_RING_MAX) != 0)
		return;
	diff_vf_fill(b, 0, &diff_plain, 32);
	diff_drain(b); /* a network may hold frames for it, or not */
	well(a, b, "receiver stopped");
}

/* --- link ------------------------------------------------------------------------------------- */

static void
link_say(struct diff_vf *vf, const char *when)
{
	uint16_t word = 0;
	char key[64];

	vio_dev_config_read(&vf->dev, VIO_NET_CFG_STATUS, &word, sizeof(word));
	snprintf(key, sizeof(key), "%s: net status", when);
	diff_say(key, "%u", word);
	snprintf(key, sizeof(key), "%s: interrupts", when);
	diff_vf_irq_say(vf, key);
}

static void
links(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	uint32_t before, after;

	if (diff_script_start(a, b, mode) != 0)
		return;
	link_say(b, "link up");
	before = diff_reg(b, VIO_COMMON_CFGGENERATION, 1);
	if (b->link(b, false) != 0) {
		diff_say("link", "cannot be changed");
		return;
	}
	diff_sleep(b->quiet_ms);
	link_say(b, "link down");
	after = diff_reg(b, VIO_COMMON_CFGGENERATION, 1);
	diff_say("link down: generation", after == before ? "as before" : "another");
	send_n(a, b, "link down", 2, 80);
	send_n(b, a, "link down, the other way", 2, 80);
	received_say(b, "link down", "while it is");
	received_say(a, "link down, the other way", "while it is");
	diff_vf_irq_clear(b);
	b->link(b, true);
	diff_sleep(b->quiet_ms);
	diff_sleep(b->quiet_ms);
	link_say(b, "link up again");
	received_say(b, "link up again", "of before");
	received_say(a, "link up again, the other way", "of before");
	well(a, b, "link");
	well(b, a, "link");
	diff_say("link: status", "0x%x", vio_dev_status(&b->dev));
}

void
diff_script_edge(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	diff_place("edge/%s", mode->name);
	room(a, b, mode);
	queue_gone(a, b, mode);
	device_gone(a, b, mode);
	links(a, b, mode);
	/* Nobody is to find what was left over. */
	if (diff_script_start(a, b, mode) == 0)
		diff_say("left over", "%u", (unsigned int)diff_recv(b, &rx, b->quiet_ms));
}
