#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What is wrong with a host, or with the function that is named as a VF: each has its own message,
# which names the remedy; and limits that are met only when a guest comes.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

# --- functions that cannot be VFs ---------------------------------------------------------------

unbind "$LAB_VF1"
does_not_start "VF on no driver" "$LAB_VF1" \
	"$LAB_VF1 is bound to no driver, not to vfio-pci; remedy: dpdk-devbind"
bind_driver "$LAB_VF1" virtio-pci
does_not_start "VF on virtio-pci" "$LAB_VF1" \
	"$LAB_VF1 is bound to virtio-pci, not to vfio-pci; remedy: dpdk-devbind"
assert_eq "its driver afterwards" "$(driver_of "$LAB_VF1")" virtio-pci
bind_vfio "$LAB_VF1"

does_not_start "no such function" 0000:7f:00.1 "there is no PCI function 0000:7f:00.1; remedy: "
bind_vfio "$LAB_E1000E"
does_not_start "not virtio" "$LAB_E1000E" "$LAB_E1000E is 8086:10d3, not a virtio network device"
bind_vfio "$LAB_RNG"
does_not_start "virtio, not a NIC" "$LAB_RNG" "$LAB_RNG is 1af4:1044, not a virtio network device"
bind_vfio "$LAB_TRANSITIONAL"
does_not_start "without ACCESS_PLATFORM" "$LAB_TRANSITIONAL" \
	"no vDPA driver took VF $LAB_TRANSITIONAL"
assert_eq "the driver's remedy for it" \
	"$(grep -c 'does not offer VIRTIO_F_ACCESS_PLATFORM.*remedy: .*iommu_platform=on' tried.err)" 1

bind_vfio "$LAB_SHARED1"
group=$(iommu_group "$LAB_SHARED1")
does_not_start "group not viable" "$LAB_SHARED1" "$LAB_SHARED1 shares IOMMU group $group with \
$LAB_SHARED2, which is on driver virtio-pci, so the group is not viable; remedy: "
unbind "$LAB_SHARED2"
switch_start shared="$LAB_SHARED1"
note "with the other function unbound, it starts"
switch_stop

# --- two processes, one VF ----------------------------------------------------------------------

switch_start g1="$LAB_VF1" g2="$LAB_VF2"
daemon_baseline "$SWITCH"
does_not_start "VF of another process" "$LAB_VF1" "no vDPA driver took VF $LAB_VF1"
assert_eq "the driver's reason for it" \
	"$(grep -c 'cannot open /dev/vfio/.*: Device or resource busy; another process' tried.err)" 1
run_cases bad_setup.py 60 one_by_one
daemon_check "$SWITCH"
switch_stop

# --- limits -------------------------------------------------------------------------------------

# Root may lock what it likes, but not without this capability.
SWITCH_WRAP="setpriv --bounding-set -ipc_lock prlimit --memlock=$((1600 << 10))"
switch_start g1="$LAB_VF1" g2="$LAB_VF2"
SWITCH_WRAP=
daemon_baseline "$SWITCH"
run_cases bad_limits.py 60 memlock memlock_roll_back
daemon_check "$SWITCH"
switch_stop

entry_limit=/sys/module/vfio_iommu_type1/parameters/dma_entry_limit
before=$(cat "$entry_limit")
give_back_limit() {
	echo "$before" > "$entry_limit"
}
on_exit give_back_limit
echo 3 > "$entry_limit"
switch_start g1="$LAB_VF1" g2="$LAB_VF2"
daemon_baseline "$SWITCH"
run_cases bad_limits.py 60 entries entries_control_queue
daemon_check "$SWITCH"
switch_stop
give_back_limit

# A user without access to the group. The build may be where only root can go, so it runs a copy.
chmod 0777 .
mkdir -p copy/app/vdpa-switch
cp "$LAB_BUILD/app/vdpa-switch/vdpa-switch" copy/app/vdpa-switch/
cp -P "$LAB_BUILD"/drivers/vdpa/virtio/librte_vdpa_virtio.so*[0-9] copy/
SWITCH_WRAP="setpriv --reuid=65534 --clear-groups env LD_LIBRARY_PATH=$PWD/copy"
LAB_BUILD=$PWD/copy
does_not_start "user without access" "$LAB_VF1" "no vDPA driver took VF $LAB_VF1"
assert_eq "the driver's remedy for it" \
	"$(grep -c 'cannot open /dev/vfio/.*: Permission denied; remedy: ' tried.err)" 1
assert_eq "DMAR faults" "$(dmar_faults)" 0
