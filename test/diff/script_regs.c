/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The common registers and the device configuration of one function: after reset, on the way up,
 * and where a driver goes wrong (virtio 1.2, 2.1, 2.2, 2.4, 4.1.4.3). One thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "script.h"

#define FOUND (VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER)

static const struct {
	unsigned int bit;
	const char *name;
} known[] = {
	{ VIO_NET_F_CSUM, "CSUM" },
	{ VIO_NET_F_GUEST_CSUM, "GUEST_CSUM" },
	{ VIO_NET_F_CTRL_GUEST_OFFLOADS, "CTRL_GUEST_OFFLOADS" },
	{ VIO_NET_F_MTU, "MTU" },
	{ VIO_NET_F_MAC, "MAC" },
	{ 6, "GSO" },
	{ VIO_NET_F_GUEST_TSO4, "GUEST_TSO4" },
	{ VIO_NET_F_GUEST_TSO6, "GUEST_TSO6" },
	{ VIO_NET_F_GUEST_ECN, "GUEST_ECN" },
	{ VIO_NET_F_GUEST_UFO, "GUEST_UFO" },
	{ VIO_NET_F_HOST_TSO4, "HOST_TSO4" },
	{ VIO_NET_F_HOST_TSO6, "HOST_TSO6" },
	{ VIO_NET_F_HOST_ECN, "HOST_ECN" },
	{ VIO_NET_F_HOST_UFO, "HOST_UFO" },
	{ VIO_NET_F_MRG_RXBUF, "MRG_RXBUF" },
	{ VIO_NET_F_STATUS, "STATUS" },
	{ VIO_NET_F_CTRL_VQ, "CTRL_VQ" },
	{ VIO_NET_F_CTRL_RX, "CTRL_RX" },
	{ VIO_NET_F_CTRL_VLAN, "CTRL_VLAN" },
	{ VIO_NET_F_CTRL_RX_EXTRA, "CTRL_RX_EXTRA" },
	{ VIO_NET_F_GUEST_ANNOUNCE, "GUEST_ANNOUNCE" },
	{ VIO_NET_F_MQ, "MQ" },
	{ VIO_NET_F_CTRL_MAC_ADDR, "CTRL_MAC_ADDR" },
	{ 24, "NOTIFY_ON_EMPTY" },
	{ 27, "ANY_LAYOUT" },
	{ VIO_F_INDIRECT_DESC, "INDIRECT_DESC" },
	{ VIO_F_EVENT_IDX, "EVENT_IDX" },
	{ VIO_F_VERSION_1, "VERSION_1" },
	{ VIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM" },
	{ VIO_F_RING_PACKED, "RING_PACKED" },
	{ VIO_F_IN_ORDER, "IN_ORDER" },
	{ VIO_F_ORDER_PLATFORM, "ORDER_PLATFORM" },
	{ VIO_F_SR_IOV, "SR_IOV" },
	{ VIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA" },
	{ VIO_F_NOTIF_CONFIG_DATA, "NOTIF_CONFIG_DATA" },
	{ VIO_F_RING_RESET, "RING_RESET" },
	{ 52, "DEVICE_STATS" },
	{ 53, "HASH_TUNNEL" },
	{ VIO_NET_F_GUEST_USO4, "GUEST_USO4" },
	{ VIO_NET_F_GUEST_USO6, "GUEST_USO6" },
	{ VIO_NET_F_HOST_USO, "HOST_USO" },
	{ VIO_NET_F_HASH_REPORT, "HASH_REPORT" },
	{ 59, "GUEST_HDRLEN" },
	{ VIO_NET_F_RSS, "RSS" },
	{ 61, "RSC_EXT" },
	{ 62, "STANDBY" },
	{ 63, "SPEED_DUPLEX" },
};

void
diff_script_offers(const struct diff_vf *a, uint64_t offered)
{
	uint64_t rest = offered;
	unsigned int i;

	diff_place("offers");
	for (i = 0; i < DIFF_LEN(known); i++) {
		diff_say(known[i].name, offered & VIO_BIT(known[i].bit) ? "yes" : "no");
		rest &= ~VIO_BIT(known[i].bit);
	}
	diff_say("others", "0x%" PRIx64, rest);
	diff_say("used by the script", "0x%" PRIx64, a->mask);
}

/* --- selectors -------------------------------------------------------------------------------- */

static void
queue_select(struct diff_vf *a, uint16_t qid)
{
	diff_reg_set(a, VIO_COMMON_Q_SELECT, 2, qid);
}

static void
features_set(struct diff_vf *a, uint64_t features)
{
	diff_reg_set(a, VIO_COMMON_GFSELECT, 4, 0);
	diff_reg_set(a, VIO_COMMON_GF, 4, (uint32_t)features);
	diff_reg_set(a, VIO_COMMON_GFSELECT, 4, 1);
	diff_reg_set(a, VIO_COMMON_GF, 4, (uint32_t)(features >> 32));
}

static uint32_t
features_get(struct diff_vf *a, uint32_t word)
{
	diff_reg_set(a, VIO_COMMON_GFSELECT, 4, word);
	return diff_reg(a, VIO_COMMON_GF, 4);
}

static uint8_t
status(struct diff_vf *a)
{
	return (uint8_t)diff_reg(a, VIO_COMMON_STATUS, 1);
}

static void
status_set(struct diff_vf *a, uint8_t val)
{
	diff_reg_set(a, VIO_COMMON_STATUS, 1, val);
}

/* --- after a reset ---------------------------------------------------------------------------- */

static void
common_say(struct diff_vf *a)
{
	diff_say("status", "0x%x", status(a));
	diff_say("num_queues", "%u", diff_reg(a, VIO_COMMON_NUM_QUEUES, 2));
	diff_say("config_msix_vector", "0x%x", diff_reg(a, VIO_COMMON_CONFIG_MSIX, 2));
	diff_say("device_feature_select", "%u", diff_reg(a, VIO_COMMON_DFSELECT, 4));
	diff_say("driver_feature_select", "%u", diff_reg(a, VIO_COMMON_GFSELECT, 4));
	diff_say("queue_select", "%u", diff_reg(a, VIO_COMMON_Q_SELECT, 2));
	diff_say("driver_feature 0", "0x%x", features_get(a, 0));
	diff_say("driver_feature 1", "0x%x", features_get(a, 1));
}

static void
features_say(struct diff_vf *a)
{
	static const uint32_t words[] = { 0, 1, 2, 3, 7, UINT32_MAX };
	char key[64];
	unsigned int i;

	for (i = 0; i < DIFF_LEN(words); i++) {
		snprintf(key, sizeof(key), "device_feature word %u, of those that the script uses",
			words[i]);
		diff_reg_set(a, VIO_COMMON_DFSELECT, 4, words[i]);
		diff_say(key, "0x%x",
			diff_reg(a, VIO_COMMON_DF, 4) &
				(words[i] == 0		? (uint32_t)a->mask
					: words[i] == 1 ? (uint32_t)(a->mask >> 32)
							: UINT32_MAX));
		snprintf(key, sizeof(key), "device_feature_select after %u", words[i]);
		diff_say(key, "%u", diff_reg(a, VIO_COMMON_DFSELECT, 4));
	}
	diff_reg_set(a, VIO_COMMON_DFSELECT, 4, 0);
}

/* What only the device may change. */
static void
read_only_say(struct diff_vf *a)
{
	uint32_t before = diff_reg(a, VIO_COMMON_NUM_QUEUES, 2);
	uint32_t generation = diff_reg(a, VIO_COMMON_CFGGENERATION, 1);
	uint32_t noff = diff_reg(a, VIO_COMMON_Q_NOFF, 2);

	diff_reg_set(a, VIO_COMMON_NUM_QUEUES, 2, 77);
	diff_reg_set(a, VIO_COMMON_CFGGENERATION, 1, 77);
	diff_reg_set(a, VIO_COMMON_DF, 4, 0);
	diff_reg_set(a, VIO_COMMON_Q_NOFF, 2, 77);
	diff_say("written: num_queues",
		diff_reg(a, VIO_COMMON_NUM_QUEUES, 2) == before ? "stays" : "changes");
	diff_say("written: config_generation",
		diff_reg(a, VIO_COMMON_CFGGENERATION, 1) == generation ? "stays" : "changes");
	diff_say("written: device_feature",
		diff_reg(a, VIO_COMMON_DF, 4) != 0 ? "stays" : "changes");
	diff_say("written: queue_notify_off",
		diff_reg(a, VIO_COMMON_Q_NOFF, 2) == noff ? "stays" : "changes");
}

/* --- status ----------------------------------------------------------------------------------- */

/* A set of features as a driver may ask for it, and whether it is taken. */
static void
features_try(struct diff_vf *a, const char *what, uint64_t features)
{
	char key[96];

	diff_vf_reset(a);
	status_set(a, FOUND);
	features_set(a, features);
	status_set(a, FOUND | VIO_STATUS_FEATURES_OK);
	snprintf(key, sizeof(key), "features %s: status", what);
	diff_say(key, "0x%x", status(a));
	snprintf(key, sizeof(key), "features %s: num_queues", what);
	diff_say(key, "%u", diff_reg(a, VIO_COMMON_NUM_QUEUES, 2));
}

static void
negotiation(struct diff_vf *a)
{
	const uint64_t base = VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM);
	const struct {
		const char *name;
		uint64_t bits;
	} sets[] = {
		{ "all", a->mask },
		{ "least", base },
		{ "none", 0 },
		{ "without VERSION_1", a->mask & ~VIO_BIT(VIO_F_VERSION_1) },
		{ "without ACCESS_PLATFORM", a->mask & ~VIO_BIT(VIO_F_ACCESS_PLATFORM) },
		{ "with bit 41, not offered", base | VIO_BIT(41) },
		{ "with bit 50, not offered", a->mask | VIO_BIT(50) },
		{ "MQ without CTRL_VQ", base | VIO_BIT(VIO_NET_F_MQ) },
		{ "CTRL_RX without CTRL_VQ", base | VIO_BIT(VIO_NET_F_CTRL_RX) },
		{ "CTRL_MAC_ADDR without CTRL_VQ", base | VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) },
		{ "GUEST_ANNOUNCE without CTRL_VQ", base | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE) },
		{ "GUEST_TSO4 without GUEST_CSUM", base | VIO_BIT(VIO_NET_F_GUEST_TSO4) },
		{ "HOST_TSO4 without CSUM", base | VIO_BIT(VIO_NET_F_HOST_TSO4) },
		{ "GUEST_ECN without GUEST_TSO",
			base | VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_GUEST_ECN) },
		{ "MQ with CTRL_VQ", base | VIO_BIT(VIO_NET_F_MQ) | VIO_BIT(VIO_NET_F_CTRL_VQ) },
		{ "CTRL_VQ", base | VIO_BIT(VIO_NET_F_CTRL_VQ) },
	};
	unsigned int i;

	for (i = 0; i < DIFF_LEN(sets); i++)
		features_try(a, sets[i].name, sets[i].bits);
	diff_vf_reset(a);
	status_set(a, FOUND);
	features_set(a, a->mask);
	diff_say("num_queues before FEATURES_OK", "%u", diff_reg(a, VIO_COMMON_NUM_QUEUES, 2));
	diff_say("driver_feature word 0 as written", "%s",
		features_get(a, 0) == (uint32_t)a->mask ? "yes" : "no");
	diff_say("driver_feature word 1 as written", "%s",
		features_get(a, 1) == (uint32_t)(a->mask >> 32) ? "yes" : "no");
	status_set(a, FOUND | VIO_STATUS_FEATURES_OK);
	diff_say("num_queues after FEATURES_OK", "%u", diff_reg(a, VIO_COMMON_NUM_QUEUES, 2));
}

/* Each state that a driver can be in, and the way back. */
static void
states(struct diff_vf *a)
{
	static const uint8_t chains[][5] = { { 1 }, { 1, 3 }, { 1, 3, 0xb }, { 1, 3, 0xb, 0xf },
		{ 1, 3, 7 }, { 0xf }, { 4 }, { 1, 0x80 }, { 1, 3, 0xb, 0x8b },
		{ 1, 3, 0xb, 0xf, 0x8f }, { 3 }, { 0x20 } };
	char key[64];
	unsigned int i, j;

	for (i = 0; i < DIFF_LEN(chains); i++) {
		diff_vf_reset(a);
		for (j = 0; j < 5 && chains[i][j] != 0; j++) {
			if (chains[i][j] == 0xb)
				features_set(a, a->mask);
			status_set(a, chains[i][j]);
			snprintf(key, sizeof(key), "states %u: status after 0x%x", i, chains[i][j]);
			diff_say(key, "0x%x", status(a));
		}
		snprintf(key, sizeof(key), "states %u: reset", i);
		diff_say(key, diff_vf_reset(a) == 0 ? "done" : "not done");
		snprintf(key, sizeof(key), "states %u: num_queues after reset", i);
		diff_say(key, "%u", diff_reg(a, VIO_COMMON_NUM_QUEUES, 2));
		snprintf(key, sizeof(key), "states %u: driver_feature after reset", i);
		diff_say(key, "0x%x 0x%x", features_get(a, 0), features_get(a, 1));
	}
}

/* --- vectors and configuration ---------------------------------------------------------------- */

static void
config_vectors(struct diff_vf *a)
{
	static const uint16_t vectors[] = { 0, DIFF_VECTORS - 1, DIFF_VECTORS, 0x7ff, 0xfffe,
		VIO_MSI_NO_VECTOR, 1 };
	char key[64];
	unsigned int i;

	diff_vf_reset(a);
	for (i = 0; i < DIFF_LEN(vectors); i++) {
		diff_reg_set(a, VIO_COMMON_CONFIG_MSIX, 2, vectors[i]);
		snprintf(key, sizeof(key), "config_msix_vector after 0x%x", vectors[i]);
		diff_say(key, "0x%x", diff_reg(a, VIO_COMMON_CONFIG_MSIX, 2));
	}
	diff_vf_reset(a);
	diff_say("config_msix_vector after reset", "0x%x", diff_reg(a, VIO_COMMON_CONFIG_MSIX, 2));
}

static void
device_config(struct diff_vf *a)
{
	const struct vio_layout *l = &a->bus->layout;
	uint8_t bytes[10] = { 0 }, mac[6], zero[6] = { 0 };
	uint16_t word = 0;

	diff_say("common structure covers queue_reset", l->common.len >= 0x3c ? "yes" : "no");
	diff_say("device structure covers max_virtqueue_pairs", l->device.len >= 10 ? "yes" : "no");
	diff_say("device structure covers mtu", l->device.len >= 12 ? "yes" : "no");
	diff_say("notify structure covers all queues",
		l->notify.len >= (uint64_t)l->notify_multiplier * DIFF_QUEUES ? "yes" : "no");
	diff_say("notify_off_multiplier", "%u", l->notify_multiplier);
	diff_say("vectors", "%u", a->bus->vectors);
	if (vio_dev_config_read(&a->dev, 0, bytes, sizeof(bytes)) != 0)
		diff_say("device configuration", "cannot be read");
	diff_say("mac", "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
		bytes[4], bytes[5]);
	diff_say("net status", "%u", bytes[6] | bytes[7] << 8);
	diff_say("max_virtqueue_pairs", "%u", bytes[8] | bytes[9] << 8);
	vio_dev_config_read(&a->dev, VIO_NET_CFG_STATUS, &word, 2);
	diff_say("net status, read as a word", "%u", word);
	vio_dev_config_read(&a->dev, VIO_NET_CFG_MAX_PAIRS, &word, 2);
	diff_say("max_virtqueue_pairs, read as a word", "%u", word);
	/* Read-only with VERSION_1 (5.1.4). */
	vio_dev_negotiate(&a->dev, a->mask);
	vio_dev_config_write(&a->dev, VIO_NET_CFG_MAC, zero, sizeof(zero));
	vio_dev_config_read(&a->dev, VIO_NET_CFG_MAC, mac, sizeof(mac));
	diff_say("written: mac", memcmp(mac, bytes, 6) == 0 ? "stays" : "changes");
	diff_vf_reset(a);
}

void
diff_script_regs(struct diff_vf *a)
{
	diff_place("regs/reset");
	diff_vf_reset(a);
	diff_reg_set(a, VIO_COMMON_DFSELECT, 4, 1);
	diff_reg_set(a, VIO_COMMON_GFSELECT, 4, 1);
	queue_select(a, 1);
	diff_vf_reset(a);
	common_say(a);
	features_say(a);
	read_only_say(a);
	diff_place("regs/negotiation");
	negotiation(a);
	diff_place("regs/status");
	states(a);
	diff_place("regs/vectors");
	config_vectors(a);
	diff_place("regs/config");
	device_config(a);
}
