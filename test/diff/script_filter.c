/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The receive filter (virtio 1.2, 5.1.6.5.1, 5.1.6.5.2): which of a few frames it lets in, after
 * each command that there is for it. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "script.h"

#define MANY 150 /* addresses: more than devices keep */

static const uint8_t group1[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
static const uint8_t group2[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x04 };
static const uint8_t other1[6] = { 0x52, 0x54, 0x00, 0x00, 0x09, 0x01 };
static const uint8_t other2[6] = { 0x52, 0x54, 0x00, 0x00, 0x09, 0x02 };
static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void
filter_say(struct diff_vf *a, struct diff_vf *b, const char *key)
{
	const struct {
		const char *name;
		const uint8_t *dst;
	} to[] = { { "own", b->mac }, { "other1", other1 }, { "other2", other2 },
		{ "broadcast", everyone }, { "group1", group1 }, { "group2", group2 } };
	static struct diff_frame f;
	static struct diff_rx rx;
	char text[128] = "";
	unsigned int i, at = 0;

	diff_drain(b);
	for (i = 0; i < DIFF_LEN(to); i++) {
		diff_frame_make(&f, to[i].dst, a->mac, 60 + i, i);
		diff_send(a, 0, &f, NULL);
	}
	while (diff_recv(b, &rx, b->quiet_ms))
		for (i = 0; i < DIFF_LEN(to); i++)
			if (rx.frame.len == 60 + i && memcmp(rx.frame.data, to[i].dst, 6) == 0)
				at += snprintf(text + at, sizeof(text) - at, " %s", to[i].name);
	diff_say(key, "lets in%s", at != 0 ? text : " nothing");
}

static void
rx_set(struct diff_vf *b, uint8_t cmd, bool on)
{
	uint8_t data = on;
	uint32_t used;

	if (diff_vf_command(b, VIO_NET_CTRL_RX, cmd, &data, 1, &used) != VIO_NET_OK)
		diff_say("command", "rx %u failed", cmd);
}

static void
tables_set(struct diff_vf *b, uint32_t num_uni, uint32_t num_multi)
{
	uint8_t uni[1][6], multi[1][6], data[64];
	uint32_t used;
	size_t len;

	memcpy(uni[0], other1, 6);
	memcpy(multi[0], group1, 6);
	len = diff_mac_tables(data, uni, num_uni, multi, num_multi);
	if (diff_vf_command(b, VIO_NET_CTRL_MAC, 0, data, len, &used) != VIO_NET_OK)
		diff_say("command", "tables failed");
}

static void
filter_extra(struct diff_vf *a, struct diff_vf *b)
{
	static const struct {
		uint8_t cmd;
		const char *name;
	} extra[] = { { DIFF_RX_ALLUNI, "alluni" }, { DIFF_RX_NOMULTI, "nomulti" },
		{ DIFF_RX_NOUNI, "nouni" }, { DIFF_RX_NOBCAST, "nobcast" } };
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(extra); i++) {
		rx_set(b, extra[i].cmd, true);
		filter_say(a, b, extra[i].name);
		rx_set(b, VIO_NET_CTRL_RX_PROMISC, true);
		snprintf(key, sizeof(key), "%s and promisc", extra[i].name);
		filter_say(a, b, key);
		rx_set(b, VIO_NET_CTRL_RX_PROMISC, false);
		rx_set(b, VIO_NET_CTRL_RX_ALLMULTI, true);
		snprintf(key, sizeof(key), "%s and allmulti", extra[i].name);
		filter_say(a, b, key);
		rx_set(b, VIO_NET_CTRL_RX_ALLMULTI, false);
		rx_set(b, extra[i].cmd, false);
	}
}

/* Addresses of more multicast groups, or hosts, than a device keeps: then it lets in all such. */
static void
overflow(struct diff_vf *a, struct diff_vf *b, const char *what, bool multicast)
{
	static uint8_t macs[MANY][6], data[8 + 6 * MANY];
	uint32_t used, i;
	size_t len;

	for (i = 0; i < MANY; i++)
		memcpy(macs[i], (const uint8_t[]){ multicast ? 1 : 2, 0, 0x5e, 9, 9, (uint8_t)i },
			6);
	len = diff_mac_tables(data, macs, multicast ? 0 : MANY, macs, multicast ? MANY : 0);
	diff_say(what, "ack %u", diff_vf_command(b, VIO_NET_CTRL_MAC, 0, data, len, &used));
	filter_say(a, b, what);
}

void
diff_script_filter(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode)
{
	uint32_t used;

	diff_place("filter/%s", mode->name);
	if (diff_script_start(a, b, mode) != 0)
		return;
	filter_say(a, b, "as reset leaves it");
	if (!diff_vf_has(b, VIO_NET_F_CTRL_RX))
		return;
	rx_set(b, VIO_NET_CTRL_RX_PROMISC, false);
	filter_say(a, b, "promisc off");
	rx_set(b, VIO_NET_CTRL_RX_ALLMULTI, true);
	filter_say(a, b, "allmulti");
	rx_set(b, VIO_NET_CTRL_RX_ALLMULTI, false);
	tables_set(b, 1, 1);
	filter_say(a, b, "tables");
	tables_set(b, 0, 1);
	filter_say(a, b, "one group");
	tables_set(b, 0, 0);
	filter_say(a, b, "empty tables");
	if (diff_vf_has(b, VIO_NET_F_CTRL_MAC_ADDR)) {
		diff_vf_command(b, VIO_NET_CTRL_MAC, 1, other2, 6, &used);
		filter_say(a, b, "another address");
		diff_vf_command(b, VIO_NET_CTRL_MAC, 1, b->mac, 6, &used);
	}
	if (diff_vf_has(b, VIO_NET_F_CTRL_RX_EXTRA))
		filter_extra(a, b);
	overflow(a, b, "150 groups", true);
	overflow(a, b, "150 hosts", false);
	rx_set(b, VIO_NET_CTRL_RX_PROMISC, true);
	filter_say(a, b, "promisc on");
	rx_set(b, VIO_NET_CTRL_RX_PROMISC, false);
	if (diff_script_start(a, b, mode) == 0)
		filter_say(a, b, "after another reset");
}
