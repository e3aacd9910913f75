/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The wire "none": an uplink with nothing plugged in. Owns nothing; any thread.
 */
#include <errno.h>
#include <stdio.h>

#include "nicsim_wire_priv.h"

static int
none_open(struct nicsim_wire *wire, const char *arg, char *why, size_t len)
{
	if (arg == NULL)
		return 0;
	snprintf(why, len, "wire \"%s\": none takes nothing behind it", wire->text);
	return -EINVAL;
}

static void
none_close(struct nicsim_wire *wire)
{
	(void)wire;
}

static int
none_rx(struct nicsim_wire *wire, struct nicsim_frame *frame)
{
	(void)wire;
	(void)frame;
	return 0;
}

static int
none_tx(struct nicsim_wire *wire, const struct nicsim_frame *frame)
{
	(void)wire;
	(void)frame;
	return -ENOLINK;
}

static bool
none_link(const struct nicsim_wire *wire)
{
	(void)wire;
	return false;
}

const struct nicsim_wire_ops nicsim_wire_none_ops = {
	.kind = "none",
	.form = "none",
	.open = none_open,
	.close = none_close,
	.rx = none_rx,
	.tx = none_tx,
	.link = none_link,
};
