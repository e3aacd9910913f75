#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# The driver serves programs that know nothing of it: DPDK's own testpmd loads the plugin, and sees
# VF 1 as a device of vdpa_virtio while VF 2, named without vdpa=1, stays net_virtio's.
# shellcheck source=test/lab/lib.sh
. "$LAB_LIB"

plugin=$LAB_BUILD/drivers/vdpa/virtio/librte_vdpa_virtio.so
log=$(mktemp)
on_exit rm -f "$log"

note "testpmd with $plugin"
timeout 60 dpdk-testpmd -l 0-1 --in-memory -m 64 --no-telemetry -d "$plugin" \
	-a "$LAB_VF1,vdpa=1" -a "$LAB_VF2" --log-level=pmd.vdpa.virtio:info -- -i --total-num-mbufs=2048 \
	> "$log" 2>&1 <<END || { cat "$log"; fail "testpmd failed"; }
show device info all
quit
END
cat "$log"

claimed=$(grep -c "Probe PCI driver: vdpa_virtio (1af4:1041) device: $LAB_VF1" "$log")
assert_eq "VFs that vdpa_virtio claimed" "$claimed" 1
left=$(grep -c "Probe PCI driver: net_virtio (1af4:1041) device: $LAB_VF2" "$log")
assert_eq "VFs left to net_virtio" "$left" 1
# testpmd's own view of the device: its name, and below it the driver and devargs.
grep -A 3 "Infos for device $LAB_VF1 " "$log" | grep -q 'Driver name: *vdpa_virtio' ||
	fail "testpmd does not list $LAB_VF1 as a device of vdpa_virtio"
grep -q "VDPA_VIRTIO: $LAB_VF1: claimed: 4 queue pairs, 10 vectors" "$log" ||
	fail "the driver did not say what it claimed"
note "testpmd sees the vDPA device $LAB_VF1"
