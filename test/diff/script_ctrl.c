/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The control queue (virtio 1.2, 5.1.6.5): the answer to each command, good or bad, in any cut. One
 * thread.
 */
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "script.h"

#define CTRL_OFFLOADS 5
#define ACK_NONE 0xee

static void
command_say(struct diff_vf *b, const char *key, uint8_t class, uint8_t cmd, const void *data,
	size_t len)
{
	uint32_t used;
	unsigned int ack = diff_vf_command(b, class, cmd, data, len, &used);

	if (ack > 0xff)
		diff_say(key, "no answer");
	else
		diff_say(key, "ack %u used %u", ack, used);
}

size_t
diff_mac_tables(uint8_t *data, const uint8_t (*uni)[6], uint32_t num_uni, const uint8_t (*multi)[6],
	uint32_t num_multi)
{
	size_t at = 0;

	memcpy(data, &num_uni, 4);
	at = 4;
	memcpy(data + at, uni, 6 * num_uni);
	at += 6 * num_uni;
	memcpy(data + at, &num_multi, 4);
	at += 4;
	memcpy(data + at, multi, 6 * num_multi);
	return at + 6 * num_multi;
}

/* --- commands --------------------------------------------------------------------------------- */

static void
commands_rx(struct diff_vf *b)
{
	static const uint8_t on[2] = { 1, 0 }, off[1] = { 0 }, two[1] = { 2 };
	char key[64];
	uint8_t cmd;

	for (cmd = 0; cmd <= 6; cmd++) {
		if (cmd >= DIFF_RX_ALLUNI && cmd <= DIFF_RX_NOBCAST &&
			!diff_vf_has(b, VIO_NET_F_CTRL_RX_EXTRA))
			continue;
		snprintf(key, sizeof(key), "rx %u: on", cmd);
		command_say(b, key, VIO_NET_CTRL_RX, cmd, on, 1);
		snprintf(key, sizeof(key), "rx %u: 2", cmd);
		command_say(b, key, VIO_NET_CTRL_RX, cmd, two, 1);
		snprintf(key, sizeof(key), "rx %u: off", cmd);
		command_say(b, key, VIO_NET_CTRL_RX, cmd, off, 1);
	}
	command_say(b, "rx 0: without data", VIO_NET_CTRL_RX, 0, NULL, 0);
	command_say(b, "rx 0: two bytes", VIO_NET_CTRL_RX, 0, on, 2);
}

static void
commands_mac(struct diff_vf *b)
{
	static const uint8_t uni[3][6] = { { 2, 1 }, { 2, 2 }, { 2, 3 } };
	uint8_t data[1024];
	uint32_t many = UINT32_MAX;
	size_t len;

	command_say(b, "mac: own address", 1, 1, b->mac, 6);
	command_say(b, "mac: five bytes", 1, 1, b->mac, 5);
	memset(data, 0, sizeof(data));
	memcpy(data, b->mac, 6);
	command_say(b, "mac: seven bytes", 1, 1, data, 7);
	command_say(b, "mac: no bytes", 1, 1, NULL, 0);
	len = diff_mac_tables(data, uni, 0, uni, 0);
	command_say(b, "tables: empty", 1, 0, data, len);
	len = diff_mac_tables(data, uni, 3, uni, 2);
	command_say(b, "tables: three and two", 1, 0, data, len);
	command_say(b, "tables: a byte short", 1, 0, data, len - 1);
	command_say(b, "tables: a byte more", 1, 0, data, len + 1);
	command_say(b, "tables: the first alone", 1, 0, data, 4 + 18);
	command_say(b, "tables: three bytes", 1, 0, data, 3);
	memcpy(data, &many, 4);
	command_say(b, "tables: a count of all ones", 1, 0, data, len);
	memset(data, 0, sizeof(data));
	data[0] = 100;
	data[4 + 600] = 10;
	command_say(b, "tables: a hundred and ten", 1, 0, data, 8 + 660);
	command_say(b, "mac: unknown command", 1, 2, data, 6);
	len = diff_mac_tables(data, uni, 0, uni, 0);
	command_say(b, "tables: empty again", 1, 0, data, len);
}

static void
pairs_say(struct diff_vf *b, const char *key, uint16_t pairs, size_t len)
{
	uint8_t data[4] = { (uint8_t)pairs, (uint8_t)(pairs >> 8), 0, 0 };

	command_say(b, key, VIO_NET_CTRL_MQ, VIO_NET_CTRL_MQ_VQ_PAIRS_SET, data, len);
}

static void
commands_mq(struct diff_vf *b, uint16_t pairs)
{
	uint8_t data[4] = { 1, 0 };

	if (!diff_vf_has(b, VIO_NET_F_MQ))
		return;
	pairs_say(b, "pairs: 0", 0, 2);
	pairs_say(b, "pairs: more than there are", DIFF_PAIRS + 1, 2);
	pairs_say(b, "pairs: 0x8000", 0x8000, 2);
	pairs_say(b, "pairs: 0x8001", 0x8001, 2);
	pairs_say(b, "pairs: one byte", 1, 1);
	pairs_say(b, "pairs: no bytes", 1, 0);
	pairs_say(b, "pairs: three bytes", 1, 3);
	pairs_say(b, "pairs: 1", 1, 2);
	pairs_say(b, "pairs: all", pairs, 2);
	command_say(b, "mq: unknown command", VIO_NET_CTRL_MQ, 9, data, 2);
}

static void
commands_others(struct diff_vf *b)
{
	uint64_t offloads = 0, wrong = UINT64_MAX;

	if (diff_vf_has(b, VIO_NET_F_GUEST_ANNOUNCE)) {
		command_say(b, "announce: not asked for", VIO_NET_CTRL_ANNOUNCE, 0, NULL, 0);
		command_say(b, "announce: unknown command", VIO_NET_CTRL_ANNOUNCE, 1, NULL, 0);
	}
	if (diff_vf_has(b, VIO_NET_F_CTRL_GUEST_OFFLOADS)) {
		command_say(b, "offloads: none", CTRL_OFFLOADS, 0, &offloads, 8);
		offloads = b->features & VIO_BIT(VIO_NET_F_GUEST_CSUM);
		command_say(b, "offloads: checksum", CTRL_OFFLOADS, 0, &offloads, 8);
		command_say(b, "offloads: not negotiated", CTRL_OFFLOADS, 0, &wrong, 8);
		command_say(b, "offloads: seven bytes", CTRL_OFFLOADS, 0, &offloads, 7);
		command_say(b, "offloads: unknown command", CTRL_OFFLOADS, 1, &offloads, 8);
	}
	command_say(b, "unknown class", 0x7f, 0, &offloads, 8);
	command_say(b, "unknown class, no data", 0x7f, 0, NULL, 0);
}

/* PROMISC on, cut into the buffers given, the last of which is the device's to write. */
static void
cut_say(struct diff_vf *b, const char *key, const uint32_t *lens, unsigned int n_out,
	uint32_t ack_len)
{
	struct diff_queue *q = &b->q[b->ctrl];
	struct vring_buf bufs[8];
	uint64_t off = 0;
	unsigned int i, token;
	uint32_t len;
	uint8_t *ack;

	q->bufs[0] = VIO_NET_CTRL_RX;
	q->bufs[1] = VIO_NET_CTRL_RX_PROMISC;
	q->bufs[2] = 1;
	for (i = 0; i < n_out; i++) {
		bufs[i] = (struct vring_buf){ q->bufs_iova + off, lens[i] };
		off += lens[i];
	}
	bufs[n_out] = (struct vring_buf){ q->bufs_iova + 0x1000, ack_len };
	ack = q->bufs + 0x1000;
	memset(ack, ACK_NONE, 16);
	diff_ring_add(&q->ring, bufs, n_out, 1, false, 0);
	diff_vf_kick(b, b->ctrl);
	if (diff_vf_used(b, b->ctrl, &token, &len, DIFF_WAIT_MS) != 1)
		diff_say(key, "no answer");
	else
		diff_say(key, "ack %u next byte 0x%x used %u", ack[0], ack[1], len);
}

static void
cuts(struct diff_vf *b)
{
	static const uint32_t one[] = { 3 }, each[] = { 1, 1, 1 }, odd[] = { 1, 2 },
			      usual[] = { 2, 1 };

	cut_say(b, "cut: one buffer", one, 1, 1);
	cut_say(b, "cut: byte by byte", each, 3, 1);
	cut_say(b, "cut: header in two", odd, 2, 1);
	cut_say(b, "cut: room for more than the answer", usual, 2, 8);
	cut_say(b, "cut: header alone", usual, 1, 1);
}

void
diff_script_ctrl(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	diff_place("ctrl/%s", mode->name);
	if (diff_script_start(a, b, mode) != 0 || !diff_vf_has(b, VIO_NET_F_CTRL_VQ))
		return;
	commands_rx(b);
	commands_mac(b);
	commands_mq(b, mode->pairs);
	commands_others(b);
	cuts(b);
	diff_sleep(b->quiet_ms);
	diff_vf_irq_clear(b);
	command_say(b, "interrupt: command", VIO_NET_CTRL_RX, 0, "\1", 1);
	diff_sleep(b->quiet_ms);
	diff_vf_irq_say(b, "interrupt: fired");
	diff_ring_irq(&b->q[b->ctrl].ring, DIFF_IRQ_OFF, 0);
	command_say(b, "interrupt: command, suppressed", VIO_NET_CTRL_RX, 0, "\1", 1);
	diff_sleep(b->quiet_ms);
	diff_vf_irq_say(b, "interrupt: fired, suppressed");
	diff_say("status", "0x%x", vio_dev_status(&b->dev));
}
