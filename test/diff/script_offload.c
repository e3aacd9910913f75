/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Open checksums and frames to be cut, to a receiver that takes them and to one that does not
 * (virtio 1.2, 5.1.6.2, 5.1.6.3). One thread.
 */
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "script.h"

#define SENDER                                                                                     \
	(VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_HOST_TSO4) | VIO_BIT(VIO_NET_F_HOST_ECN) |    \
		VIO_BIT(VIO_NET_F_HOST_USO))
#define RECEIVER                                                                                   \
	(VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_TSO4) |                           \
		VIO_BIT(VIO_NET_F_GUEST_ECN) | VIO_BIT(VIO_NET_F_GUEST_USO4) |                     \
		VIO_BIT(VIO_NET_F_GUEST_USO6))
#define ROOM 0x10000 /* of a receive chain, where one must hold all */

static struct diff_frame frame;
static struct diff_rx rx;

static int
start(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode, uint64_t receiver)
{
	static const struct diff_shape big = { .n = 1, .len = { ROOM } };
	bool whole = (receiver & VIO_BIT(VIO_NET_F_GUEST_TSO4)) != 0 &&
		     (mode->features & VIO_BIT(VIO_NET_F_MRG_RXBUF)) == 0;

	if (diff_vf_start(a, mode->features | SENDER, 1, DIFF_RING_MAX) != 0 ||
		diff_vf_start(b, mode->features | receiver, 1, DIFF_RING_MAX) != 0) {
		diff_say("start", "failed");
		return -1;
	}
	if (whole)
		diff_vf_fill(b, 0, &big, 8);
	else
		diff_vf_fill(b, 0, &diff_plain, 64);
	diff_drain(b);
	return 0;
}

/* Frames like the one before are counted, and said together. */
static void
frames_say(const char *what, unsigned int first, unsigned int n, const char *text)
{
	char key[96];

	if (n == 0)
		return;
	snprintf(key, sizeof(key), "%s: from frame %u on", what, first);
	diff_say(key, "%u of %s", n, text);
}

/* Send, and say all that arrives, and what is in their checksums. */
static void
pass(struct diff_vf *a, struct diff_vf *b, const char *what, const struct diff_frame *sent)
{
	char key[96], text[DIFF_RX_TEXT + 32], last[DIFF_RX_TEXT + 32] = "";
	uint32_t used = diff_send(a, 0, &frame, NULL);
	unsigned int n = 0, same = 0;

	snprintf(key, sizeof(key), "%s: sent", what);
	diff_say(key, used == UINT32_MAX ? "no" : "used %u", used);
	for (; n < 100 && diff_recv(b, &rx, b->quiet_ms); n++) {
		diff_rx_text(&rx, sent, text, DIFF_RX_TEXT);
		strcat(text,
			diff_frame_csum_ok(&rx.frame) ? ", checksum right" : ", checksum open");
		if (strcmp(text, last) != 0) {
			frames_say(what, n - same, same, last);
			strcpy(last, text);
			same = 0;
		}
		same++;
	}
	frames_say(what, n - same, same, last);
	snprintf(key, sizeof(key), "%s: frames", what);
	diff_say(key, "%u", n);
}

/* @param taken  the receiver lets checksums be open */
static void
checksums(struct diff_vf *a, struct diff_vf *b, bool taken)
{
	static struct diff_frame whole;

	diff_frame_udp(&frame, b->mac, a->mac, 4000, 200, 1);
	pass(a, b, "udp, whole", &frame);
	whole = frame;
	diff_frame_open_csum(&frame);
	pass(a, b, "udp, open", taken ? &frame : &whole);
	diff_frame_tcp(&frame, b->mac, a->mac, 333, 1);
	whole = frame;
	pass(a, b, "tcp, whole", &frame);
	diff_frame_open_csum(&frame);
	pass(a, b, "tcp, open", taken ? &frame : &whole);
	diff_frame_make(&frame, b->mac, a->mac, 100, 1);
	frame.hdr.csum_start = 50;
	frame.hdr.csum_offset = 4;
	frame.hdr.hdr_len = 77;
	frame.hdr.gso_size = 99;
	pass(a, b, "fields without a flag", &frame);
}

/* @param type  1: TCP over IPv4; 5: a train of UDP packets */
static void
segments_of(struct diff_vf *a, struct diff_vf *b, const char *what, uint8_t type, uint32_t payload,
	uint16_t size)
{
	if (type == 1)
		diff_frame_tcp(&frame, b->mac, a->mac, payload, size);
	else
		diff_frame_udp(&frame, b->mac, a->mac, 4000, payload, size);
	diff_frame_open_csum(&frame);
	frame.hdr.gso_type = type;
	frame.hdr.gso_size = size;
	frame.hdr.hdr_len = type == 1 ? 54 : 42;
	pass(a, b, what, NULL);
}

static void
segments(struct diff_vf *a, struct diff_vf *b)
{
	segments_of(a, b, "tso", 1, 4500, 1000);
	segments_of(a, b, "tso of one piece", 1, 500, 1000);
	segments_of(a, b, "tso, long", 1, 30000, 1460);
	if (diff_vf_has(a, VIO_NET_F_HOST_USO))
		segments_of(a, b, "uso", 5, 4500, 1000);
}

/* What no device can do. The sender gets it back, nobody receives it. */
static void
nonsense(struct diff_vf *a, struct diff_vf *b)
{
	diff_frame_udp(&frame, b->mac, a->mac, 4000, 100, 1);
	diff_frame_open_csum(&frame);
	frame.hdr.csum_start = 1000;
	pass(a, b, "checksum past the frame", NULL);
	diff_frame_tcp(&frame, b->mac, a->mac, 3000, 1);
	diff_frame_open_csum(&frame);
	frame.hdr.gso_type = 1;
	frame.hdr.hdr_len = 54;
	pass(a, b, "tso, size 0", NULL);
	frame.hdr.gso_type = 77;
	frame.hdr.gso_size = 1000;
	pass(a, b, "unknown gso type", NULL);
	diff_say("nonsense: status", "0x%x", vio_dev_status(&a->dev));
}

static void
offloads_off(struct diff_vf *a, struct diff_vf *b)
{
	uint64_t none = 0;
	uint32_t used;

	if (!diff_vf_has(b, VIO_NET_F_CTRL_GUEST_OFFLOADS))
		return;
	/* Other chains: each frame takes one from now on. */
	if (vio_queue_reset(&b->dev, 0, VIO_RESET_MS) != 0 ||
		diff_vf_queue(b, 0, DIFF_RING_MAX, 1) != 0)
		diff_say("offloads off", "the queue cannot be reset");
	diff_vf_fill(b, 0, &diff_plain, 64);
	diff_say("offloads off", "ack %u", diff_vf_command(b, 5, 0, &none, sizeof(none), &used));
	checksums(a, b, false);
	segments(a, b);
}

void
diff_script_offload(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	diff_place("offload/%s/taken", mode->name);
	if (start(a, b, mode, RECEIVER | VIO_BIT(VIO_NET_F_CTRL_GUEST_OFFLOADS)) != 0)
		return;
	checksums(a, b, true);
	segments(a, b);
	nonsense(a, b);
	diff_place("offload/%s/taken no more", mode->name);
	offloads_off(a, b);
	diff_place("offload/%s/checksums taken", mode->name);
	if (start(a, b, mode, VIO_BIT(VIO_NET_F_GUEST_CSUM)) != 0)
		return;
	segments(a, b);
	diff_place("offload/%s/not taken", mode->name);
	if (start(a, b, mode, 0) != 0)
		return;
	checksums(a, b, false);
	segments(a, b);
}
