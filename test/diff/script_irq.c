/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Interrupts, one frame at a time, so that their number is certain: by vector, suppressed by flags
 * and by event indexes, shared, off (virtio 1.2, 2.7.7, 2.8.10, 4.1.5.1). One thread.
 */
#include <stdio.h>

#include "say.h"
#include "script.h"

static struct diff_frame frame;
static struct diff_rx rx;

/* One frame from a to b on the first pair, and the interrupts of both. */
static void
one(struct diff_vf *a, struct diff_vf *b, const char *what)
{
	char key[96];

	diff_frame_make(&frame, b->mac, a->mac, 60, 1);
	snprintf(key, sizeof(key), "%s: frame", what);
	diff_say(key, diff_send(a, 0, &frame, NULL) == UINT32_MAX ? "not sent"
		      : diff_recv(b, &rx, DIFF_WAIT_MS)		  ? "received"
								  : "not received");
	diff_sleep(a->quiet_ms);
	snprintf(key, sizeof(key), "%s: sender", what);
	diff_vf_irq_say(a, key);
	snprintf(key, sizeof(key), "%s: receiver", what);
	diff_vf_irq_say(b, key);
}

static void
irq_set(struct diff_vf *a, struct diff_vf *b, enum diff_irq irq, uint16_t ahead)
{
	diff_ring_irq(&a->q[1].ring, irq, ahead);
	diff_ring_irq(&b->q[0].ring, irq, ahead);
}

static void
vector_set(struct diff_vf *vf, uint16_t qid, uint16_t vector)
{
	if (vio_queue_vector(&vf->dev, qid, vector) != 0)
		diff_say("vector", "queue %u does not take %u", qid, vector);
}

/* An event index is passed once; asked for again, it fires again. */
static void
events(struct diff_vf *a, struct diff_vf *b)
{
	char key[32];
	unsigned int i;

	irq_set(a, b, DIFF_IRQ_AT, 3);
	for (i = 1; i <= 4; i++) {
		snprintf(key, sizeof(key), "at the third: %u", i);
		one(a, b, key);
	}
	irq_set(a, b, DIFF_IRQ_AT, 1);
	one(a, b, "at the next");
	one(a, b, "beyond that");
}

/* Each pair has vectors of its own. The receiver's queue is the device's choice. */
static void
pairs(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	unsigned int pair;
	char key[64];

	for (pair = 0; pair < mode->pairs; pair++) {
		diff_frame_make(&frame, b->mac, a->mac, 60, pair);
		diff_send(a, pair, &frame, NULL);
		diff_recv(b, &rx, DIFF_WAIT_MS);
		diff_sleep(a->quiet_ms);
		snprintf(key, sizeof(key), "pair %u: sender", pair);
		diff_vf_irq_say(a, key);
	}
}

void
diff_script_irq(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	diff_place("irq/%s", mode->name);
	if (diff_script_start(a, b, mode) != 0)
		return;
	diff_sleep(a->quiet_ms); /* for what may still come of frames before */
	diff_vf_irq_clear(a);
	diff_vf_irq_clear(b);
	if (mode->pairs > 1) {
		pairs(a, b, mode);
		return;
	}
	irq_set(a, b, DIFF_IRQ_ON, 0);
	one(a, b, "on");
	irq_set(a, b, DIFF_IRQ_OFF, 0);
	one(a, b, "off");
	one(a, b, "still off");
	irq_set(a, b, DIFF_IRQ_ON, 0);
	one(a, b, "on again");
	if (diff_vf_has(a, VIO_F_EVENT_IDX))
		events(a, b);
	irq_set(a, b, DIFF_IRQ_ON, 0);
	vector_set(a, 1, VIO_MSI_NO_VECTOR);
	vector_set(b, 0, VIO_MSI_NO_VECTOR);
	one(a, b, "no vector");
	irq_set(a, b, DIFF_IRQ_ON, 0);
	vector_set(a, 1, 7);
	vector_set(b, 0, 7);
	one(a, b, "another vector");
	/* Both directions of one function on one vector. */
	vector_set(b, 1, 7);
	irq_set(a, b, DIFF_IRQ_ON, 0);
	irq_set(b, a, DIFF_IRQ_ON, 0);
	one(a, b, "shared, receive");
	irq_set(b, a, DIFF_IRQ_ON, 0);
	one(b, a, "shared, send");
}
