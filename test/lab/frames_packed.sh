#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What frames.sh does, for packed rings with mergeable buffers. Wants
#    --vf 1:indirect_desc=off     as DPDK's virtio driver marks the first element of the indirect tables of a
#                                 packed ring as one to write to (virtqueue.h, vring_desc_init_indirect_packed;
#                                 22.11 to 26.03 at least). That is against virtio 1.2, 2.8.17: QEMU's device
#                                 asks for a reset at the first frame of two segments.
#    --vf 2:packed=off            not needed: so that the peer, too, has been on either ring.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=frames_lib.sh
. "$LAB_REPO/test/lab/frames_lib.sh"

frames_begin
for pairs in 1 4; do
	for in_order in off on; do
		frames_combination packed "$pairs" on "$in_order"
	done
done
frames_end
