/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Chains that a driver may not make: what becomes of them, whether the device asks to be reset, and
 * that a reset mends it. Addresses stay within what is mapped. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "script.h"

static struct diff_frame frame;
static struct diff_rx rx;

/* What is done to a queue of a or b, before its doorbell is rung. */
struct wrong {
	const char *name;
	char who; /* 'a': transmit queue of a; 'b': receive queue of b; 'c': control queue of b */
	unsigned int n_out, n_in;
	uint32_t len; /* of each buffer */
	bool indirect;
	void (*spoil)(struct diff_ring *r);
};

static void
put16(struct diff_ring *r, uint32_t off, uint16_t val)
{
	__atomic_store_n((uint16_t *)(void *)(r->mem + off), val, __ATOMIC_RELEASE);
}

/* Split: where the last entry of the available ring is. */
static uint32_t
last_avail(const struct diff_ring *r)
{
	return r->driver_off + 4 + 2 * ((uint16_t)(r->next - 1) % r->size);
}

static uint16_t
last_head(const struct diff_ring *r)
{
	return r->fifo[(r->fifo_first + r->fifo_n - 1) % r->size];
}

static void
spoil_loop(struct diff_ring *r)
{
	uint16_t head = last_head(r);

	put16(r, 16u * head + 12, 1); /* NEXT */
	put16(r, 16u * head + 14, head);
}

static void
spoil_head(struct diff_ring *r)
{
	put16(r, last_avail(r), r->size + 5);
}

static void
spoil_next(struct diff_ring *r)
{
	put16(r, 16u * last_head(r) + 12, 1);
	put16(r, 16u * last_head(r) + 14, r->size + 5);
}

static void
spoil_index(struct diff_ring *r)
{
	put16(r, r->driver_off + 2, r->next + 2 * r->size);
}

static void
spoil_order(struct diff_ring *r)
{
	/* The first of two buffers is the device's to write, the second is not. */
	if (r->packed)
		put16(r, 16u * last_head(r) + 14, (r->next_wrap ? 0x80 : 0x8000) | 3);
	else
		put16(r, 16u * last_head(r) + 12, 3);
}

static void
spoil_table(struct diff_ring *r)
{
	put16(r, 16u * last_head(r) + 8, 15); /* bytes */
}

static void
spoil_no_table(struct diff_ring *r)
{
	put16(r, 16u * last_head(r) + 8, 0);
}

static void
spoil_nested(struct diff_ring *r)
{
	uint8_t *table = r->table + (size_t)last_head(r) * DIFF_CHAIN_MAX * 16;
	uint16_t four = 4;

	memcpy(table + (r->packed ? 14 : 12), &four, 2);
}

static const struct wrong wrongs[] = {
	{ "tx, half a header", 'a', 1, 0, 6, false, NULL },
	{ "tx, header alone", 'a', 1, 0, DIFF_HDR, false, NULL },
	{ "tx, a byte of a frame", 'a', 1, 0, DIFF_HDR + 1, false, NULL },
	{ "tx, 13 bytes", 'a', 1, 0, DIFF_HDR + 13, false, NULL },
	{ "tx, nothing to read", 'a', 0, 1, 100, false, NULL },
	{ "tx, something to write too", 'a', 1, 1, 100, false, NULL },
	{ "tx, an empty buffer", 'a', 1, 0, 0, false, NULL },
	{ "tx, wrong order", 'a', 2, 0, 60, false, spoil_order },
	{ "tx, empty table", 'a', 2, 0, 60, true, spoil_no_table },
	{ "tx, odd table", 'a', 2, 0, 60, true, spoil_table },
	{ "tx, nested table", 'a', 1, 0, 60, true, spoil_nested },
	{ "rx, nothing to write", 'b', 1, 0, 100, false, NULL },
	{ "rx, less than a header", 'b', 0, 1, 8, false, NULL },
	{ "ctrl, no answer", 'c', 1, 0, 3, false, NULL },
	{ "ctrl, no command", 'c', 0, 1, 3, false, NULL },
	{ "ctrl, a byte of a command", 'c', 1, 1, 1, false, NULL },
};

static const struct wrong wrongs_split[] = {
	{ "tx, loop", 'a', 1, 0, 60, false, spoil_loop },
	{ "tx, head beyond the table", 'a', 1, 0, 60, false, spoil_head },
	{ "tx, next beyond the table", 'a', 1, 0, 60, false, spoil_next },
	{ "tx, available index too far", 'a', 1, 0, 60, false, spoil_index },
};

static void
spoil(struct diff_vf *vf, uint16_t qid, const struct wrong *w, const uint8_t dst[6])
{
	struct diff_queue *q = &vf->q[qid];
	struct vring_buf bufs[4];
	unsigned int i;

	diff_frame_make(&frame, dst, vf->mac, 60, 7);
	memset(q->bufs, 0, 512);
	memcpy(q->bufs + DIFF_HDR, frame.data, frame.len);
	for (i = 0; i < w->n_out + w->n_in; i++)
		bufs[i] = (struct vring_buf){ q->bufs_iova + i * 128, w->len };
	diff_ring_add(&q->ring, bufs, w->n_out, w->n_in, w->indirect, 0);
	if (w->spoil != NULL)
		w->spoil(&q->ring);
	diff_ring_kick(&q->ring);
	vio_queue_notify(&vf->dev, &q->db);
}

static int
prepare(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode, const struct wrong *w)
{
	if (diff_vf_start(a, mode->features, 1, 32) != 0 ||
		diff_vf_start(b, mode->features, 1, 32) != 0)
		return -1;
	diff_vf_fill(a, 0, &diff_plain, 16);
	if (w->who != 'b')
		diff_vf_fill(b, 0, &diff_plain, 16);
	diff_sleep(a->quiet_ms); /* for what may still come of frames before */
	diff_vf_irq_clear(a);
	diff_vf_irq_clear(b);
	return 0;
}

static void
wrong_one(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode, const struct wrong *w)
{
	struct diff_vf *vf = w->who == 'a' ? a : b;
	uint16_t qid = w->who == 'a' ? 1 : w->who == 'b' ? 0 : b->ctrl;
	unsigned int token = 0;
	uint32_t len = 0;
	char key[96];

	if (prepare(a, b, mode, w) != 0)
		return;
	spoil(vf, qid, w, vf == a ? b->mac : a->mac);
	if (w->who == 'b') { /* it is looked at when a frame comes */
		diff_frame_make(&frame, b->mac, a->mac, 60, 1);
		diff_send(a, 0, &frame, NULL);
	}
	diff_sleep(vf->quiet_ms);
	snprintf(key, sizeof(key), "%s: status", w->name);
	diff_say(key, "0x%x", vio_dev_status(&vf->dev));
	snprintf(key, sizeof(key), "%s: chain", w->name);
	if (diff_ring_get(&vf->q[qid].ring, &token, &len) == 1)
		diff_say(key, "used %u", len);
	else
		diff_say(key, "not used");
	snprintf(key, sizeof(key), "%s: interrupts", w->name);
	diff_vf_irq_say(vf, key);
	snprintf(key, sizeof(key), "%s: received", w->name);
	if (w->who == 'a')
		diff_say(key, "%u", (unsigned int)diff_recv(b, &rx, b->quiet_ms));
	if (diff_script_start(a, b, mode) != 0)
		return;
	snprintf(key, sizeof(key), "%s, after a reset", w->name);
	diff_frame_make(&frame, b->mac, a->mac, 60, 2);
	diff_exchange(a, b, 0, key, &frame, NULL);
}

void
diff_script_wrong(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	unsigned int i;

	diff_place("wrong/%s", mode->name);
	for (i = 0; i < DIFF_LEN(wrongs); i++)
		if (!wrongs[i].indirect ||
			(mode->features & a->mask & VIO_BIT(VIO_F_INDIRECT_DESC)) != 0)
			wrong_one(a, b, mode, &wrongs[i]);
	for (i = 0; i < DIFF_LEN(wrongs_split); i++)
		if ((mode->features & a->mask & VIO_BIT(VIO_F_RING_PACKED)) == 0)
			wrong_one(a, b, mode, &wrongs_split[i]);
}
