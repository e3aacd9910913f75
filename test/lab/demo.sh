#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# The lab's demonstration, told on the terminal: vdpa-switch on VF 1, a guest that comes, sends and
# goes. What is claimed is asserted: the exit status tells whether all of it held.
# shellcheck source=test/lab/lib.sh
. "$LAB_LIB"
# shellcheck source=test/lab/guest_lib.sh
. "$LAB_REPO/test/lab/guest_lib.sh"

# tell SENTENCE...: what is shown next, below 80 columns.
tell() {
	printf '\n'
	printf '%s\n' "$*" | wrapped ''
}

# wrapped PREFIX: what it reads, below 80 columns.
wrapped() {
	fold -s -w $((78 - ${#1})) | sed "s/ *\$//; s/^/$1/"
}

# quietly COMMAND...: what it says is shown only if it ends the script.
exec {terminal}>&1
quietly() {
	quiet=1
	"$@" > quiet.out
	quiet=''
}

quiet=''
show_quiet() {
	[ -z "$quiet" ] || cat quiet.out >&"$terminal"
}
on_exit show_quiet

# show_states: the lines of vdpa-switch that have not been shown: its time of day, the change, why.
shown=0
show_states() {
	local all
	all=$(grep -c . switch.out || true)
	[ "$all" -gt "$shown" ] || return 0
	sed -n "$((shown + 1)),${all}p" switch.out | grep -v '^stats' |
		sed -E 's/^[^T]*T([^.]*)\.[0-9]*Z guest [^:]*: /\1 /; s/ reason=.*//' |
		wrapped '  vdpa-switch: ' || true
	shown=$all
}

# show_stats: the figures of vdpa-switch that matter here.
show_stats() {
	local line
	switch_stats
	line=$(grep '^stats guest=' switch.out | tail -n 1)
	tr ' ' '\n' <<< "$line" |
		grep -E '^(state|queues|mapped|irq_direct|kicks_relayed|irqs_relayed|dma_maps)=' |
		paste -sd ' ' | wrapped '  stats: '
}

# state_shown STATE: shows what is new, and is true once that state was reached.
state_shown() {
	show_states
	grep -qE -- "-> $1 " switch.out
}

the_nic() {
	tell "This machine has a NIC with $LAB_VFS VFs, and an IOMMU. VF 1, $LAB_VF1, is on" \
		"$(driver_of "$LAB_VF1"), in IOMMU group $(iommu_group "$LAB_VF1"). VF 2 is on the kernel's" \
		"own driver, in a network namespace: the peer that the guest will talk to."
	peer_up
}

the_daemon() {
	tell "vdpa-switch takes VF 1 and listens on a vhost-user socket."
	switch_start
	show_states
	quietly switch_baseline
}

the_guest() {
	tell "A guest boots: Debian's own kernel, its plain virtio-net driver, and a vhost-user" \
		"NIC on that socket. It knows nothing of VFs."
	guest_start guest 1 1
	wait_for "$BOOT_SECONDS" state_shown hardware || guest_failed "it did not get to the VF"
	guest_await_boot 1
	quietly switch_await mapped 2
	show_states
	show_stats
	tell "Its two rings run on the VF. The VF's doorbells are mapped into the guest, and its" \
		"interrupts go to the guest's processor. Kicks are relayed only until then."
}

the_traffic() {
	local before cpu sent got
	tell "Guest and peer ping each other, 50 times each."
	pings guest
	tell "Then iperf3 in the guest, 5 seconds in each direction."
	before=$(relays) cpu=$(cpu_ms "$SWITCH")
	sent=$(peer_counter tx_packets) got=$(peer_counter rx_packets)
	iperf "guest to peer" 5
	iperf "peer to guest" 5 -R
	cpu=$(($(cpu_ms "$SWITCH") - cpu))
	sent=$(($(peer_counter tx_packets) - sent)) got=$(($(peer_counter rx_packets) - got))
	show_stats
	printf '  packets: %d to the guest, %d from it\n' "$sent" "$got"
	assert_eq "kicks and interrupts relayed meanwhile" "$(relays)" "$before"
	assert_le "processor time of vdpa-switch in these 10 seconds, ms" "$cpu" 99
	tell "None of these packets went through vdpa-switch."
}

the_end() {
	tell "The guest powers off. vdpa-switch takes the VF back, and waits for the next guest."
	guest_power_off
	quietly switch_await state listening
	show_states
	show_stats
	quietly switch_check
	tell "It holds as many descriptors, threads, mappings and locked pages as before the" \
		"guest came. Asked to stop, it stops in order."
	switch_stop
	show_states
	assert_eq "DMA faults that the IOMMU has seen" "$(dmar_faults)" 0
}

guest_image
the_nic
the_daemon
the_guest
the_traffic
the_end
