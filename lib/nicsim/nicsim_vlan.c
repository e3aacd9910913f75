/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Tags pushed to and popped from a frame in place. Owns nothing; any thread that has the frame.
 */
#include <errno.h>
#include <string.h>

#include "nicsim_headers.h"

#define MACS_LEN 12

/* What meta counts from the frame's start moves with the bytes in front of it. */
static void
vlan_move(struct nicsim_meta *meta, int by)
{
	if ((meta->flags & NICSIM_HDR_NEEDS_CSUM) != 0)
		meta->csum_start = (uint16_t)(meta->csum_start + by);
	if (meta->gso_type != NICSIM_GSO_NONE)
		meta->hdr_len = (uint16_t)(meta->hdr_len + by);
}

void
nicsim_frame_vlan_push(struct nicsim_frame *frame, uint16_t tpid, uint16_t tci)
{
	frame->data -= NICSIM_TAG_LEN;
	frame->len += NICSIM_TAG_LEN;
	memmove(frame->data, frame->data + NICSIM_TAG_LEN, MACS_LEN);
	nicsim_put16(frame->data + MACS_LEN, tpid);
	nicsim_put16(frame->data + MACS_LEN + 2, tci);
	vlan_move(&frame->meta, NICSIM_TAG_LEN);
}

int
nicsim_frame_vlan_pop(struct nicsim_frame *frame)
{
	if (frame->len < NICSIM_FRAME_MIN + NICSIM_TAG_LEN ||
		!nicsim_type_is_vlan(nicsim_get16(frame->data + MACS_LEN)))
		return -ENOENT;
	memmove(frame->data + NICSIM_TAG_LEN, frame->data, MACS_LEN);
	frame->data += NICSIM_TAG_LEN;
	frame->len -= NICSIM_TAG_LEN;
	vlan_move(&frame->meta, -NICSIM_TAG_LEN);
	return 0;
}
