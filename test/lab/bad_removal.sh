#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# All VFs are removed through their PF while guests run on them: the daemon lets go of them at once,
# tells what happened, lives on, and stops in order.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

# The scripts after this one want them back.
give_back_vfs() {
	local pf=/sys/bus/pci/devices/$LAB_PF n var
	[ "$(cat "$pf/sriov_numvfs")" -eq "$LAB_VFS" ] || echo "$LAB_VFS" > "$pf/sriov_numvfs"
	for n in $(seq "$LAB_VFS"); do
		var=LAB_VF$n
		bind_vfio "${!var}"
	done
}
on_exit give_back_vfs

switch_start g1="$LAB_VF1" g2="$LAB_VF2" g3="$LAB_VF3" g4="$LAB_VF4"
note "vdpa-switch without a guest: $(daemon_held "$SWITCH")"
run_cases bad_removal.py 100
switch_stop
give_back_vfs
assert_eq "VFs after it" "$(cat "/sys/bus/pci/devices/$LAB_PF/sriov_numvfs")" "$LAB_VFS"
note "and on VFs that were made anew:"
switch_start g1="$LAB_VF1" g2="$LAB_VF2"
run_cases bad_setup.py 60 one_by_one
switch_stop
assert_eq "DMAR faults" "$(dmar_faults)" 0
