#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# The lab itself: the VFs are there, each alone in its IOMMU group and with vfio-pci, and DPDK's own
# virtio driver on two of them passes traffic through the bridge. Says what the topology carries,
# which is what the length of longer tests is reckoned with.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"

SECONDS_EACH=5
# Measured: 160,000 with 1 queue pair, 100,000 with 4. A busy machine may do far less, but
# below this a million frames take over three minutes, and something is wrong.
MIN_PPS=5000
EAL="--in-memory --no-telemetry --log-level=pmd.net.virtio.*:error"

check_functions() {
	local n var pci groups=()
	assert_eq "VFs" "$LAB_VFS" 4
	for n in 1 2 3 4; do
		var=LAB_VF$n pci=${!var}
		assert_eq "VF $n, $pci: driver" "$(driver_of "$pci")" vfio-pci
		groups+=("$(iommu_group "$pci")")
		assert_eq "VF $n, $pci: functions in IOMMU group ${groups[-1]}" \
			"$(find "/sys/kernel/iommu_groups/${groups[-1]}/devices" -mindepth 1 | wc -l)" 1
	done
	assert_eq "distinct groups" "$(printf '%s\n' "${groups[@]}" | sort -u | wc -l)" 4
	assert_eq "group of the two functions without ACS" \
		"$(iommu_group "$LAB_SHARED1")" "$(iommu_group "$LAB_SHARED2")"
}

# port_mac N: as machine.sh gives them out.
port_mac() {
	printf '52:54:00:00:01:%02x' "$1"
}

# pmd NAME VF CPU OPTION...: testpmd on that VF, obeying NAME.in, its output in NAME.log.
pmd() {
	local name=$1 vf=$2 cpu=$3
	shift 3
	# shellcheck disable=SC2086 # a list of options
	exec dpdk-testpmd --lcores="0@$cpu,1@$cpu" $EAL --file-prefix="$name" -m 256 -a "$vf" -- \
		-i --nb-cores=1 --total-num-mbufs=16384 "$@" < "$name.in" > "$name.log" 2>&1
}

declare -A command_fd pid

# launch NAME OPTION...: up to its prompt; then it takes its commands from ${command_fd[NAME]}.
launch() {
	local fd
	mkfifo "$1.in"
	spawn pmd "$@"
	pid[$1]=$SPAWNED
	exec {fd}> "$1.in"
	command_fd[$1]=$fd
	wait_for 30 grep -q 'testpmd>' "$1.log" || { cat "$1.log"; fail "$1: testpmd did not start"; }
}

# quit NAME: and wait for all of its end, by which its device is reset.
quit() {
	local fd=${command_fd[$1]}
	echo quit >&"$fd"
	exec {fd}>&-
	wait "${pid[$1]}" || { cat "$1.log"; fail "$1: testpmd ended with $?"; }
}

# packets LOG NAME: a sum over all ports, as testpmd prints it when it stops forwarding.
packets() {
	awk -v name="$2-packets:" '/Accumulated forward statistics/ {acc = 1}
		acc {for (i = 1; i < NF; i++) if ($i == name) {print $(i + 1); exit}}' "$1"
}

# traffic QUEUES: VF 1 sends as fast as it can, VF 2 counts.
traffic() {
	local q=$1 rx=rx$1 tx=tx$1 got sent
	launch "$rx" "$LAB_VF2" 1 --forward-mode=rxonly --rxq="$q" --txq="$q"
	launch "$tx" "$LAB_VF1" 0 --forward-mode=txonly --rxq="$q" --txq="$q" --txonly-multi-flow \
		--eth-peer="0,$(port_mac 2)"
	echo start >&"${command_fd[$rx]}"
	echo start >&"${command_fd[$tx]}"
	sleep "$SECONDS_EACH"
	# What the device still has to send when it is reset would count as lost.
	echo stop >&"${command_fd[$tx]}"
	sleep 1
	quit "$tx"
	quit "$rx"
	sent=$(packets "$tx.log" TX)
	got=$(packets "$rx.log" RX)
	note "$q queue pairs: sent $sent frames in $SECONDS_EACH s, received $got, lost $((sent - got))"
	assert_ge "$q queue pairs: frames received a second" $((got / SECONDS_EACH)) "$MIN_PPS"
}

check_functions
cd "$(mktemp -d)"
on_exit rm -rf "$PWD"
traffic 1
traffic 4
assert_eq "DMAR faults" "$(dmar_faults)" 0
