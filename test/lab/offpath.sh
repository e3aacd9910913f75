#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# Off the data path: while a QEMU guest on VF 1 and its peer on VF 2 send each other packets, small
# ones and as fast as they can, vdpa-switch relays no kick and no interrupt, and uses less than a
# hundredth of one processor.
# shellcheck source=test/lab/lib.sh
. "$LAB_LIB"
# shellcheck source=test/lab/guest_lib.sh
. "$LAB_REPO/test/lab/guest_lib.sh"

COUNT=200000 # packets sent each way
WANTED=100000 # and received, at least: nothing holds the sender back when the receiver is slower
LIMIT=180 # seconds

# pktgen_commands DEVICE ADDRESS MAC: for a shell, to set the kernel's packet generator up.
pktgen_commands() {
	local dir=/proc/net/pktgen line
	echo "echo rem_device_all > $dir/kpktgend_0"
	echo "echo add_device $1 > $dir/kpktgend_0"
	for line in "count $COUNT" "pkt_size 60" "delay 0" "dst $2" "dst_mac $3" "udp_dst_min 9" \
		"udp_dst_max 9"; do
		echo "echo $line > $dir/$1"
	done
}

pktgen_set_up() {
	local line mac
	mac=$(peer cat "/sys/class/net/$PEER_DEV/address")
	modprobe pktgen
	pktgen_commands "$PEER_DEV" "$GUEST_ADDRESS" "$GUEST_MAC" > pktgen.sh
	peer bash -e pktgen.sh || fail "pktgen in the peer"
	while read -r line; do
		guest_do 5 "$line" || fail "pktgen in the guest: $line"
	done < <(pktgen_commands eth0 "$PEER_ADDRESS" "$mac")
}

# now_ms: since L1 started.
now_ms() {
	local up
	read -r up _ < /proc/uptime
	echo "${up/./}0"
}

guest_counter() {
	guest_do 10 "cat /sys/class/net/eth0/statistics/$1"
}

# guest_received N: that many in all.
guest_received() {
	[ "$(guest_counter rx_packets)" -ge "$1" ]
}

# both_send N: until each has sent all of its packets, and the guest has received N in all: up to
# 100,000 wait in the TAP when it is slower than its peer.
both_send() {
	peer_spawn bash -c 'echo start > /proc/net/pktgen/pgctrl'
	guest_do "$LIMIT" 'echo start > /proc/net/pktgen/pgctrl' || fail "pktgen in the guest did not run"
	wait_for "$LIMIT" ended "$SPAWNED" || fail "pktgen in the peer does not end"
	wait_for "$LIMIT" guest_received "$1" || note "the guest did not receive what it was to"
}

# cpu_us PID: processor time of all its threads; finer than the clock ticks that cpu_ms counts.
cpu_us() {
	cat "/proc/$1"/task/*/schedstat | awk '{ns += $1} END {printf "%d\n", ns / 1000}'
}

# run: what happened while they sent.
run() {
	local relayed peer_rx guest_rx begin cpu
	relayed=$(relays)
	peer_rx=$(peer_counter rx_packets)
	guest_rx=$(guest_counter rx_packets)
	begin=$(now_ms) cpu=$(cpu_us "$SWITCH")
	both_send $((guest_rx + WANTED))
	cpu=$(($(cpu_us "$SWITCH") - cpu)) begin=$(($(now_ms) - begin))
	peer_rx=$(($(peer_counter rx_packets) - peer_rx))
	guest_rx=$(($(guest_counter rx_packets) - guest_rx))
	note "$begin ms for $COUNT packets each way; vdpa-switch: $cpu us of processor time"
	assert_ge "packets from the guest received" "$peer_rx" "$WANTED"
	assert_ge "packets to the guest received" "$guest_rx" "$WANTED"
	assert_ge "vdpa-switch: processor time, us" "$cpu" 1
	assert_le "vdpa-switch: processor time, 1/100 percent" $((cpu * 10 / begin)) 99
	assert_eq "vdpa-switch: kicks and interrupts relayed" "$(relays)" "$relayed"
	assert_eq "vdpa-switch: queues with doorbell mapped, interrupt wired directly" \
		"$(grep '^stats-queue' switch.out | tail -n 2 | grep -c 'kick=mapped irq=direct')" 2
}

guest_image
peer_up
switch_start
switch_baseline
guest_boot guest 1 1
pktgen_set_up
run
guest_power_off
switch_await state listening
switch_check
switch_stop
assert_eq "DMAR faults" "$(dmar_faults)" 0
