#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# VFs with fewer vectors than queues, and whose doorbells share a page: interrupts and kicks are
# relayed, none is lost.
# Lab options: --vf *:page-per-vq=off --vf 1:vectors=3 --vf 3:vectors=2 --vf 4:vectors=1
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

for vf in 1 3 4; do
	on_exit vf_link "$vf" on
done
switch_start g1="$LAB_VF1" g2="$LAB_VF2" g3="$LAB_VF3" g4="$LAB_VF4"
daemon_baseline "$SWITCH"
run_cases hostile_vectors.py 120
daemon_check "$SWITCH"
switch_stop
assert_eq "DMAR faults" "$(dmar_faults)" 0
