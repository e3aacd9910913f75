#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# A million frames to a guest on VF 1 and a million back, contents and order checked, for every kind of ring
# that the guest can have: split and packed, 1 and 4 queue pairs, mergeable buffers, in-order. Packed with
# mergeable buffers is in frames_packed.sh, as it takes another VF 1.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=frames_lib.sh
. "$LAB_REPO/test/lab/frames_lib.sh"

frames_begin
for pairs in 1 4; do
	for in_order in off on; do
		frames_combination split "$pairs" off "$in_order"
		frames_combination split "$pairs" on "$in_order"
		frames_combination packed "$pairs" off "$in_order"
	done
done
frames_end
