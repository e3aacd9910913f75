/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The wire of the uplink: finds the kind by its text, and counts. Owns the limits that hold for
 * each frame, whatever the kind. Opened, closed and received from by one thread at a time; sends,
 * link and counters on any. Never waits.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_wire_priv.h"

/* Bad frames passed over in one call: what sends them must not keep the thread. */
#define WIRE_BAD_MAX 32

#define WIRE_KINDS (sizeof(wire_kinds) / sizeof(wire_kinds[0]))

static const struct nicsim_wire_ops *const wire_kinds[] = {
	&nicsim_wire_none_ops,
	&nicsim_wire_tap_ops,
	&nicsim_wire_packet_ops,
	&nicsim_wire_pcap_ops,
	&nicsim_wire_ring_ops,
};

static const struct nicsim_wire_ops *
wire_kind(const char *text)
{
	size_t i, n = strcspn(text, ":");

	for (i = 0; i < WIRE_KINDS; i++) {
		if (strlen(wire_kinds[i]->kind) == n && memcmp(text, wire_kinds[i]->kind, n) == 0)
			return wire_kinds[i];
	}
	return NULL;
}

static void
wire_list_kinds(const char *text, char *why, size_t len)
{
	char forms[160] = "";
	size_t i, at = 0;

	for (i = 0; i < WIRE_KINDS && at < sizeof(forms); i++)
		at += (size_t)snprintf(forms + at, sizeof(forms) - at, "%s%s", i == 0 ? "" : ", ",
			wire_kinds[i]->form);
	snprintf(why, len, "wire \"%s\": no such kind; there are %s", text, forms);
}

int
nicsim_wire_open(const char *text, void (*wake)(void *ctx), void *ctx, struct nicsim_wire **wire,
	char *why, size_t len)
{
	const struct nicsim_wire_ops *ops;
	struct nicsim_wire *w;
	const char *arg;
	int ret = -ENOMEM;

	if (text == NULL)
		text = "";
	ops = wire_kind(text);
	if (ops == NULL) {
		wire_list_kinds(text, why, len);
		return -EINVAL;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		goto no_memory;
	w->ops = ops;
	w->wake = wake;
	w->wake_ctx = ctx;
	w->fd = -1;
	w->text = strdup(text);
	if (w->text == NULL)
		goto free_wire;
	arg = strchr(w->text, ':');
	ret = ops->open(w, arg == NULL ? NULL : arg + 1, why, len);
	if (ret != 0)
		goto free_text;
	*wire = w;
	return 0;

free_text:
	free(w->text);
free_wire:
	free(w);
no_memory:
	if (ret == -ENOMEM)
		snprintf(why, len, "wire \"%s\": out of memory", text);
	return ret;
}

void
nicsim_wire_close(struct nicsim_wire *wire)
{
	if (wire == NULL)
		return;
	wire->ops->close(wire);
	free(wire->text);
	free(wire);
}

int
nicsim_wire_fd(const struct nicsim_wire *wire)
{
	return wire->fd;
}

static void
wire_count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static bool
wire_frame_ok(struct nicsim_frame *f)
{
	/* What the kernel has not cut yet is longer than a wire carries; its pieces won't be. */
	if (f->meta.gso_type == NICSIM_GSO_NONE && f->len > NICSIM_WIRE_MAX)
		return false;
	return nicsim_frame_check(f) == 0;
}

bool
nicsim_wire_rx(struct nicsim_wire *wire, struct nicsim_frame *frame)
{
	unsigned int bad;
	int ret;

	for (bad = 0; bad < WIRE_BAD_MAX; bad++) {
		memset(&frame->meta, 0, sizeof(frame->meta));
		ret = wire->ops->rx(wire, frame);
		if (ret == 0)
			return false;
		if (ret > 0 && wire_frame_ok(frame)) {
			frame->hash = nicsim_frame_hash(frame->data, frame->len);
			wire_count(&wire->stats.rx_packets, 1);
			wire_count(&wire->stats.rx_bytes, frame->len);
			return true;
		}
		wire_count(&wire->stats.rx_errors, 1);
	}
	return false;
}

void
nicsim_wire_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame)
{
	if (frame->len < NICSIM_FRAME_MIN || frame->len > NICSIM_WIRE_MAX ||
		wire->ops->tx(wire, frame) != 0) {
		wire_count(&wire->stats.tx_errors, 1);
		return;
	}
	wire_count(&wire->stats.tx_packets, 1);
	wire_count(&wire->stats.tx_bytes, frame->len);
}

bool
nicsim_wire_waits(const struct nicsim_wire *wire)
{
	return wire->ops->start != NULL && !wire->started;
}

void
nicsim_wire_start(struct nicsim_wire *wire)
{
	if (!nicsim_wire_waits(wire))
		return;
	wire->started = true;
	wire->ops->start(wire);
}

bool
nicsim_wire_link(const struct nicsim_wire *wire)
{
	return wire->ops->link(wire);
}

const char *
nicsim_wire_name(const struct nicsim_wire *wire)
{
	return wire->text;
}

void
nicsim_wire_stats(struct nicsim_wire *wire, struct nicsim_wire_stats *stats)
{
	struct nicsim_wire_stats *s = &wire->stats;

	if (wire->ops->lost != NULL)
		wire_count(&s->rx_errors, wire->ops->lost(wire));
	stats->rx_packets = __atomic_load_n(&s->rx_packets, __ATOMIC_RELAXED);
	stats->rx_bytes = __atomic_load_n(&s->rx_bytes, __ATOMIC_RELAXED);
	stats->tx_packets = __atomic_load_n(&s->tx_packets, __ATOMIC_RELAXED);
	stats->tx_bytes = __atomic_load_n(&s->tx_bytes, __ATOMIC_RELAXED);
	stats->rx_errors = __atomic_load_n(&s->rx_errors, __ATOMIC_RELAXED);
	stats->tx_errors = __atomic_load_n(&s->tx_errors, __ATOMIC_RELAXED);
}

void
nicsim_wire_stats_reset(struct nicsim_wire *wire)
{
	struct nicsim_wire_stats *s = &wire->stats;

	if (wire->ops->lost != NULL)
		wire->ops->lost(wire);
	__atomic_store_n(&s->rx_packets, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->rx_bytes, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->tx_packets, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->tx_bytes, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->rx_errors, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->tx_errors, 0, __ATOMIC_RELAXED);
}
