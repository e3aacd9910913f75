#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# A front-end that dies between any two messages of its set-up, or in the middle of one, leaves
# nothing behind and is in nobody's way.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

switch_start g1="$LAB_VF1" g2="$LAB_VF2"
daemon_baseline "$SWITCH"
run_cases bad_setup.py 240
daemon_check "$SWITCH"
switch_stop
assert_eq "DMAR faults" "$(dmar_faults)" 0
