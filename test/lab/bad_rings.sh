#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# Rings, features and memory tables that no VF can serve are refused with their reason, leave
# nothing mapped, and are not tried again and again.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

switch_start g1="$LAB_VF1" g2="$LAB_VF2"
daemon_baseline "$SWITCH"
run_cases bad_rings.py 170 addresses across_regions sizes start_index features tables \
	longer_than_file eight_regions no_spinning changing_table
daemon_check "$SWITCH"
switch_stop

# lib/vhost (DPDK 22.11, and later ones too) forgets to close the descriptor of a memory region that
# it could not map: one for each such message. Here are 16; nothing else may be left.
switch_start g1="$LAB_VF1" g2="$LAB_VF2"
before=$(daemon_held "$SWITCH") fds=$(fd_count "$SWITCH")
run_cases bad_rings.py 60 unmappable
assert_le "descriptors gained" $(($(fd_count "$SWITCH") - fds)) 16
assert_eq "held besides" "$(daemon_held "$SWITCH" | cut -d' ' -f2-)" \
	"$(cut -d' ' -f2- <<< "$before")"
switch_stop
assert_eq "DMAR faults" "$(dmar_faults)" 0
