#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# A QEMU guest with an ordinary Linux driver on VF 1: pings and iperf3 through the VF, a reboot
# inside, pings again, SIGKILL under traffic; then a second guest on the same socket, with two queue
# pairs, two processors and packed rings. vdpa-switch keeps nothing of either.
# shellcheck source=test/lab/lib.sh
. "$LAB_LIB"
# shellcheck source=test/lab/guest_lib.sh
. "$LAB_REPO/test/lab/guest_lib.sh"

first_guest() {
	local before
	guest_boot first 1 1
	assert_eq "first: its driver" \
		"$(basename "$(guest_do 5 readlink /sys/class/net/eth0/device/driver)")" virtio_net
	assert_ge "first: memory mapped for the VF, MiB" $(($(switch_value dma_bytes) >> 20)) 256
	assert_ge "first: memory locked, MiB" $(($(locked_kb "$SWITCH") >> 10)) 256
	before=$(relays)
	pings first
	iperf "first: iperf3, guest to peer" 5
	iperf "first: iperf3, peer to guest" 5 -R
	assert_eq "first: kicks and interrupts relayed meanwhile" "$(relays)" "$before"
}

reboot_inside() {
	local starts pid=$GUEST boots
	starts=$(switch_value starts)
	boots=$(guest_boot_count)
	echo '0 reboot -f' >&"$guest_fd"
	guest_await_boot $((boots + 1))
	assert_eq "rebooted: QEMU's pid" "$(cat first.pid)" "$pid"
	guest_on_vf 1
	assert_ge "rebooted: starts on the VF" "$(switch_value starts)" $((starts + 1))
	pings rebooted
}

# peer_receives N: more packets than N.
peer_receives() {
	[ "$(peer_counter rx_packets)" -gt "$1" ]
}

# kill_under_traffic: what flows, flows until the end.
kill_under_traffic() {
	local before server
	peer_spawn iperf3 -s -1 -B "$PEER_ADDRESS" > iperf.out 2>&1
	server=$SPAWNED
	wait_for 20 peer_listens || fail "iperf3 does not listen"
	guest_do 10 "iperf3 -c $PEER_ADDRESS -t 100 > /dev/null 2>&1 &"
	before=$(peer_counter rx_packets)
	wait_for 30 peer_receives $((before + 500)) || fail "no traffic to be killed under"
	before=$(peer_counter rx_packets)
	wait_for 5 peer_receives "$before" || fail "the traffic stopped too early"
	guest_kill
	note "SIGKILL under traffic, $(($(peer_counter rx_packets) - before)) packets after the last look"
	switch_await state listening
	stop "$server" || true
	switch_check
}

# interrupts NAME: of one of the guest's queues, on all its processors.
interrupts() {
	guest_do 5 "grep virtio0-$1 /proc/interrupts" | awk '{for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i}
		END {print n + 0}'
}

# second_pair: what the second processor sends goes out on the second pair, and what is said to it
# comes back there.
second_pair() {
	local text before
	before=$(interrupts input.1)
	text=$(guest_do 60 "taskset 2 ping -c 20 -i 0.05 -W 5 $PEER_ADDRESS") || true
	assert_eq "second: pings from its second processor lost, percent" "$(loss "$text")" 0
	assert_ge "second: interrupts of its second receive queue meanwhile" \
		$(($(interrupts input.1) - before)) 1
}

second_guest() {
	local before
	guest_boot second 2 2 packed=on
	assert_eq "second: processors" "$(guest_do 5 nproc)" 2
	before=$(relays)
	pings second
	second_pair
	iperf "second: iperf3, guest to peer, 4 streams" 5 -P 4
	iperf "second: iperf3, peer to guest, 4 streams" 5 -P 4 -R
	assert_eq "second: kicks and interrupts relayed meanwhile" "$(relays)" "$before"
	guest_power_off
	switch_await state listening
	switch_check
}

guest_image
peer_up
switch_start
switch_baseline
first_guest
reboot_inside
kill_under_traffic
second_guest
switch_stop
assert_eq "DMAR faults" "$(dmar_faults)" 0
