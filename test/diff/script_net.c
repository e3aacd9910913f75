/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames between two functions, one at a time and in bursts: lengths, chains of all shapes, used
 * entries, headers, order, wrapping of rings (virtio 1.2, 2.7, 2.8, 5.1.6). One thread.
 */
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "script.h"

#define CHAINS 64 /* made available to receive */
#define BURST 16
#define STALE_MAX 1000

static struct diff_frame frame; /* too long for a stack */
static struct diff_rx rx;

/* What was under way to vf when it was reset comes before a frame that is sent now. */
static void
settle(struct diff_vf *from, struct diff_vf *vf)
{
	static unsigned int seq;
	unsigned int n;

	diff_frame_make(&frame, vf->mac, from->mac, 60, ++seq);
	if (diff_send(from, 0, &frame, NULL) == UINT32_MAX)
		diff_say("start", "%s does not send", from->name);
	for (n = 0; n < STALE_MAX; n++) {
		if (!diff_recv(vf, &rx, DIFF_WAIT_MS)) {
			diff_say("start", "%s does not receive", vf->name);
			return;
		}
		if (rx.frame.len == frame.len && memcmp(rx.frame.data, frame.data, frame.len) == 0)
			break;
	}
	while (diff_recv(vf, &rx, 0)) /* on other queues */
		;
}

/* Rings of the size given, receive chains of that shape. */
static int
start(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode,
	const struct diff_shape *shape, uint16_t size)
{
	struct diff_vf *const both[2] = { a, b };
	unsigned int i, pair, chains = shape->indirect ? size : size / shape->n;
	int ret;

	for (i = 0; i < 2; i++) {
		ret = diff_vf_start(both[i], mode->features, mode->pairs, size);
		if (ret != 0) {
			diff_say("start", "%s failed: %s", both[i]->name, strerror(-ret));
			return ret;
		}
		for (pair = 0; pair < mode->pairs; pair++)
			diff_vf_fill(both[i], 2 * pair, shape, chains < CHAINS ? chains : CHAINS);
	}
	settle(a, b);
	settle(b, a);
	diff_vf_irq_clear(a);
	diff_vf_irq_clear(b);
	return 0;
}

int
diff_script_start(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	return start(a, b, mode, &diff_plain, DIFF_RING_MAX);
}

/* --- lengths and shapes ----------------------------------------------------------------------- */

static void
lengths(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	static const uint32_t lens[] = { 14, 15, 42, 59, 60, 61, 64, 128, 511, 512, 1000, 1499,
		1500, 1513, 1514 };
	char key[64];
	unsigned int i;

	diff_frame_make(&frame, b->mac, a->mac, 60, 1);
	diff_send(a, 0, &frame, NULL);
	if (diff_recv(b, &rx, DIFF_WAIT_MS))
		diff_say("num_buffers of one", "%u", rx.frame.hdr.num_buffers);
	if (diff_vf_has(a, VIO_F_RING_PACKED)) /* 2.8.5 */
		diff_say("WRITE flag of what is used", "sent %u, received %u",
			a->q[1].ring.used_write, b->q[2 * rx.queue].ring.used_write);
	for (i = 0; i < DIFF_LEN(lens); i++) {
		snprintf(key, sizeof(key), "%u bytes", lens[i]);
		diff_frame_make(&frame, b->mac, a->mac, lens[i], i);
		diff_exchange(a, b, i % mode->pairs, key, &frame, NULL);
		diff_frame_make(&frame, a->mac, b->mac, lens[i], i + 100);
		diff_exchange(b, a, (i + 1) % mode->pairs, key, &frame, NULL);
	}
}

static void
tx_shapes(struct diff_vf *a, struct diff_vf *b)
{
	static const struct {
		const char *name;
		struct diff_shape shape;
	} shapes[] = {
		{ "header by itself", { .n = 2, .len = { DIFF_HDR } } },
		{ "header in two", { .n = 3, .len = { 5, 7 } } },
		{ "header and a bit", { .n = 2, .len = { 20 } } },
		{ "three", { .n = 3, .len = { DIFF_HDR, 14 } } },
		{ "bytes", { .n = 16, .len = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } } },
		{ "thirty-two",
			{ .n = 32,
				.len = { DIFF_HDR, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
					9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 } } },
	};
	struct diff_shape table;
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(shapes); i++) {
		diff_frame_make(&frame, b->mac, a->mac, 900, i);
		diff_exchange(a, b, 0, shapes[i].name, &frame, &shapes[i].shape);
		if (!diff_vf_has(a, VIO_F_INDIRECT_DESC))
			continue;
		table = shapes[i].shape;
		table.indirect = true;
		snprintf(key, sizeof(key), "%s, indirect", shapes[i].name);
		diff_exchange(a, b, 0, key, &frame, &table);
	}
	if (diff_vf_has(a, VIO_F_INDIRECT_DESC)) {
		table = (struct diff_shape){ .n = 1, .indirect = true };
		diff_exchange(a, b, 0, "one, indirect", &frame, &table);
	}
}

static void
rx_shape(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode, const char *name,
	const struct diff_shape *shape, uint32_t most)
{
	const uint32_t lens[] = { 14, 60, 100, 500, 1000, 1514 };
	char key[64];
	unsigned int i;

	if (start(a, b, mode, shape, DIFF_RING_MAX) != 0)
		return;
	for (i = 0; i < DIFF_LEN(lens) && lens[i] <= most; i++) {
		snprintf(key, sizeof(key), "rx %s: %u bytes", name, lens[i]);
		diff_frame_make(&frame, b->mac, a->mac, lens[i], i);
		diff_exchange(a, b, 0, key, &frame, NULL);
	}
}

static void
rx_shapes(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	static const struct {
		const char *name;
		struct diff_shape shape;
		bool small; /* a frame may need several */
	} shapes[] = {
		{ "header by itself", { .n = 2, .len = { DIFF_HDR, 1518 } }, false },
		{ "three", { .n = 3, .len = { 500, 500, 530 } }, false },
		{ "header in three", { .n = 4, .len = { 4, 4, 4, 1518 } }, false },
		{ "seven", { .n = 7, .len = { 30, 100, 200, 1, 300, 400, 600 } }, false },
		{ "exact for 500", { .n = 1, .len = { DIFF_HDR + 500 } }, true },
		{ "128", { .n = 1, .len = { 128 } }, true },
		{ "64 and 64", { .n = 2, .len = { 64, 64 } }, true },
		{ "40", { .n = 1, .len = { 40 } }, true },
	};
	struct diff_shape table;
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(shapes); i++) {
		if (shapes[i].small && !diff_vf_has(b, VIO_NET_F_MRG_RXBUF))
			continue;
		rx_shape(a, b, mode, shapes[i].name, &shapes[i].shape, 1514);
		if (shapes[i].shape.n == 1 || !diff_vf_has(b, VIO_F_INDIRECT_DESC))
			continue;
		table = shapes[i].shape;
		table.indirect = true;
		snprintf(key, sizeof(key), "%s, indirect", shapes[i].name);
		rx_shape(a, b, mode, key, &table, 1514);
	}
}

/* --- many ------------------------------------------------------------------------------------- */

/* Rings of 8 round and round; chains of one and of two, so that both parities come by the end. */
static void
wrap(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	const struct diff_shape two = { .n = 2, .len = { DIFF_HDR } };
	unsigned int i, good = 0;
	struct diff_mode one = *mode;

	one.pairs = 1;
	if (start(a, b, &one, &diff_plain, 8) != 0)
		return;
	for (i = 0; i < 50; i++) {
		diff_frame_make(&frame, b->mac, a->mac, 60 + i, i);
		if (diff_send(a, 0, &frame, i % 3 == 0 ? &two : NULL) == UINT32_MAX)
			break;
		if (!diff_recv(b, &rx, DIFF_WAIT_MS))
			break;
		good += rx.frame.len == frame.len &&
			memcmp(rx.frame.data, frame.data, frame.len) == 0;
	}
	diff_say("ring of 8: frames intact of 50", "%u", good);
	diff_say("ring of 8: used index, sent", "%u", diff_ring_used_index(&a->q[1].ring));
	diff_say("ring of 8: used index, received", "%u", diff_ring_used_index(&b->q[0].ring));
}

/* The order of what comes back, as tokens. */
static void
burst(struct diff_vf *a, struct diff_vf *b)
{
	char sent[BURST * 4 + 1] = "", got[BURST * 4 + 1] = "";
	unsigned int i, token, at = 0;
	uint32_t len, lens = 0;

	for (i = 0; i < BURST; i++) {
		diff_frame_make(&frame, b->mac, a->mac, 60 + i, i);
		diff_send_add(a, 0, &frame, NULL, i);
	}
	diff_vf_kick(a, 1);
	for (i = 0; i < BURST && diff_vf_used(a, 1, &token, &len, DIFF_WAIT_MS) == 1; i++) {
		at += snprintf(sent + at, sizeof(sent) - at, "%u ", token);
		lens += len;
	}
	diff_say("burst: sent, in this order", "%slengths %u", sent, lens);
	for (i = 0, at = 0; i < BURST && diff_recv(b, &rx, DIFF_WAIT_MS); i++)
		at += snprintf(got + at, sizeof(got) - at, "%u ", rx.frame.len - 60);
	diff_say("burst: received, in this order", "%send", got);
	diff_say("burst: more", "%u", diff_drain(b));
}

/* 5.1.6.5.6: what comes in of a flow comes to the queue pair that it was last sent on. */
static void
steering(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	unsigned int pair, port, right = 0, all = 0;

	for (pair = 0; pair < mode->pairs; pair++) {
		for (port = 1; port <= 4; port++) {
			diff_frame_udp(&frame, a->mac, b->mac, (uint16_t)(1000 + port), 100, port);
			diff_send(b, pair, &frame, NULL);
			if (!diff_recv(a, &rx, DIFF_WAIT_MS))
				continue;
			/* Its hash is the same either way round: addresses and ports swapped. */
			diff_frame_udp(&frame, b->mac, a->mac, (uint16_t)(1000 + port), 100, port);
			memcpy(frame.data + 26, (const uint8_t[]){ 192, 0, 2, 2, 192, 0, 2, 1 }, 8);
			memcpy(frame.data + 34, (const uint8_t[]){ 0, 9 }, 2);
			frame.data[36] = (uint8_t)((1000 + port) >> 8);
			frame.data[37] = (uint8_t)(1000 + port);
			diff_send(a, 0, &frame, NULL);
			if (!diff_recv(b, &rx, DIFF_WAIT_MS))
				continue;
			all++;
			right += rx.queue == pair;
		}
	}
	diff_say("steering: flows answered", "%u", all);
	diff_say("steering: to the pair that they were sent on", "%u", right);
}

static void
pairs_switch(struct diff_vf *a, struct diff_vf *b)
{
	static const uint8_t counts[] = { 1, 4, 2, 1 };
	unsigned int i, n, most, got;
	char key[64];
	uint32_t used;
	uint8_t two[2] = { 0 };

	for (i = 0; i < DIFF_LEN(counts); i++) {
		two[0] = counts[i];
		diff_vf_command(b, VIO_NET_CTRL_MQ, VIO_NET_CTRL_MQ_VQ_PAIRS_SET, two, 2, &used);
		most = got = 0;
		for (n = 0; n < 16; n++) {
			diff_frame_udp(&frame, b->mac, a->mac, (uint16_t)(2000 + n), 64, n);
			diff_send(a, 0, &frame, NULL);
			if (!diff_recv(b, &rx, DIFF_WAIT_MS))
				continue;
			got++;
			most = rx.queue > most ? rx.queue : most;
		}
		snprintf(key, sizeof(key), "%u pairs on: received", counts[i]);
		diff_say(key, "%u, %s", got, most < counts[i] ? "on these" : "on others");
	}
}

void
diff_script_net(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	diff_place("net/%s", mode->name);
	if (diff_script_start(a, b, mode) != 0)
		return;
	lengths(a, b, mode);
	tx_shapes(a, b);
	burst(a, b);
	burst(b, a);
	if (mode->pairs > 1) {
		steering(a, b, mode);
		pairs_switch(a, b);
	}
	diff_say("status", "0x%x 0x%x", vio_dev_status(&a->dev), vio_dev_status(&b->dev));
	rx_shapes(a, b, mode);
	wrap(a, b, mode);
}
