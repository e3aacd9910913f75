# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What the scripts with a guest share: L2, a QEMU guest inside L1 with an ordinary Linux driver on a
# vhost-user NIC; vdpa-switch, which gives it VF 1; its peer, VF 2 on the kernel's own driver in a
# network namespace, so that what they say to each other crosses both VFs and the bridge below L1.
# Sourced after $LAB_LIB; makes a folder for sockets and output and goes there.
#
# The guest runs on KVM, as L1's emulated processor has SVM. TCG under TCG would take ten times as
# long, and would not take interrupts and doorbells the way that guests on KVM do.

GUEST_ADDRESS=10.9.0.1 PEER_ADDRESS=10.9.0.2
GUEST_MAC=52:54:00:00:02:01
GUEST_SECONDS=300 # the longest that a guest lives, whatever happens
BOOT_SECONDS=90 # and that it takes to boot; 5 on an idle machine

# shellcheck source=test/lab/guest_image.sh
. "$LAB_REPO/test/lab/guest_image.sh"

guest_dir=$(mktemp -d)
on_exit rm -rf "$guest_dir"
cd "$guest_dir" || exit 1
guest_fd='' # to the guest's console

# --- vdpa-switch -------------------------------------------------------------------------------

# switch_start: on guest.sock and VF 1. Sets SWITCH, its pid. Its output is in switch.out, .err.
switch_start() {
	local spec="socket=guest.sock,vf=$LAB_VF1,mac=$GUEST_MAC"
	spawn "$LAB_BUILD/app/vdpa-switch/vdpa-switch" -l 0 --no-huge -m 64 --no-shconf --no-telemetry \
		--log-level=pmd.vdpa.virtio:info -- --guest "$spec" > switch.out 2> switch.err
	SWITCH=$SPAWNED
	wait_for 60 switch_listens || switch_failed "vdpa-switch did not start"
}

switch_listens() {
	grep -q 'down -> listening' switch.out || ended "$SWITCH"
}

# switch_failed TEXT: fail, with what it said last.
switch_failed() {
	tail -n 20 switch.out
	tail -n 20 switch.err
	fail "$1"
}

# switch_stats: has it print its statistics, to the end of switch.out.
switch_stats() {
	local before
	before=$(grep -c '^stats guest=' switch.out || true)
	kill -USR1 "$SWITCH"
	wait_for 10 switch_printed "$before" || switch_failed "vdpa-switch printed no statistics"
}

# switch_printed N: more than N lines.
switch_printed() {
	[ "$(grep -c '^stats guest=' switch.out)" -gt "$1" ]
}

# switch_value KEY: out of the last statistics.
switch_value() {
	grep '^stats guest=' switch.out | tail -n 1 | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# switch_says KEY VALUE: asks afresh.
switch_says() {
	switch_stats
	[ "$(switch_value "$1")" = "$2" ]
}

# switch_await KEY VALUE [SECONDS]: and asserts it.
switch_await() {
	wait_for "${3:-10}" switch_says "$1" "$2" || tail -n 5 switch.out
	assert_eq "vdpa-switch: $1" "$(switch_value "$1")" "$2"
}

# switch_stop: in order, and soon.
switch_stop() {
	local begin=$SECONDS rc=0
	stop "$SWITCH" 30 || rc=$?
	assert_eq "vdpa-switch: exit status" "$rc" 0
	assert_le "vdpa-switch: seconds to stop" $((SECONDS - begin)) 10
}

# switch_baseline, switch_check: what it holds before and after all guests, itself and in the IOMMU.
switch_baseline() {
	switch_stats
	switch_maps=$(switch_value dma_maps) switch_bytes=$(switch_value dma_bytes)
	daemon_baseline "$SWITCH"
}

switch_check() {
	switch_await dma_maps "$switch_maps"
	assert_eq "vdpa-switch: dma_bytes" "$(switch_value dma_bytes)" "$switch_bytes"
	daemon_check "$SWITCH"
}

# --- the peer ----------------------------------------------------------------------------------

peer() {
	ip netns exec peer "$@"
}

# peer_spawn COMMAND...: as spawn does.
peer_spawn() {
	spawn ip netns exec peer "$@"
}

# peer_up: VF 2 in the namespace "peer". Sets PEER_DEV.
peer_up() {
	bind_driver "$LAB_VF2" virtio-pci
	wait_for 10 test -d "/sys/bus/pci/devices/$LAB_VF2/virtio"*/net ||
		fail "VF 2 is no network interface"
	PEER_DEV=$(basename "/sys/bus/pci/devices/$LAB_VF2/virtio"*/net/*)
	ip netns add peer
	on_exit ip netns delete peer
	ip link set "$PEER_DEV" netns peer
	ip -n peer address add "$PEER_ADDRESS/24" dev "$PEER_DEV"
	ip -n peer link set lo up
	ip -n peer link set "$PEER_DEV" up
}

# peer_counter NAME: of VF 2, such as rx_packets.
peer_counter() {
	peer cat "/sys/class/net/$PEER_DEV/statistics/$1"
}

# --- the guest ---------------------------------------------------------------------------------

# What the kernel would do at boot and nobody needs here is left out: to test its ciphers, read
# certificates, look for pages both writable and executable, look for AGP bridges on all buses that
# there could be, and make a folder for each trace event. That is most of its time.
GUEST_APPEND="console=ttyS0 quiet loglevel=1 nokaslr mitigations=off nowatchdog init_on_alloc=0
	cryptomgr.notests initcall_blacklist=load_system_certificate_list,tracer_init_tracefs
	rodata=off pci=noearly no_timer_check random.trust_cpu=on ipv6.disable=1 apparmor=0 audit=0"
# Devices that the guest can do without.
GUEST_MACHINE=q35,sata=off,smbus=off,i8042=off,vmport=off,hpet=off,memory-backend=mem

# guest_start NAME PAIRS CPUS [NIC_PROPERTIES]: and does not wait. Its console is NAME.out. Sets
# GUEST, its QEMU's pid.
guest_start() {
	local nic="virtio-net-pci,netdev=net,mac=$GUEST_MAC,disable-legacy=on,page-per-vq=on,romfile="
	[ "$2" -eq 1 ] || nic+=",mq=on,vectors=$((2 * $2 + 2))"
	modprobe kvm_amd || fail "no KVM in L1"
	guest_name=$1
	mkfifo "$1.in"
	: > "$1.out"
	exec {guest_fd}<> "$1.in"
	rm -f "$1.pid"
	# shellcheck disable=SC2086 # words
	spawn timeout -k 5 "$GUEST_SECONDS" qemu-system-x86_64 -name "$1" -nodefaults -no-user-config \
		-display none -pidfile "$1.pid" -M "$GUEST_MACHINE" -bios qboot.rom -accel kvm \
		-cpu qemu64 -smp "$3" -m 256 -object memory-backend-memfd,id=mem,size=256M,share=on \
		-kernel "$guest_files/kernel" -initrd "$guest_files/initramfs" \
		-append "${GUEST_APPEND//[$'\n\t']/ } GUEST_ADDRESS=$GUEST_ADDRESS/24" \
		-chardev "pipe,id=console,path=$1" -serial chardev:console \
		-chardev "socket,id=vhost,path=guest.sock" \
		-netdev "vhost-user,id=net,chardev=vhost,queues=$2" -device "$nic${4:+,$4}" > "$1.log" 2>&1
	guest_waiter=$SPAWNED
	wait_for 20 test -s "$1.pid" || guest_failed "QEMU did not start"
	GUEST=$(cat "$1.pid")
}

# guest_failed TEXT: fail, with what everybody said last.
guest_failed() {
	cat "$guest_name.log"
	tail -n 20 "$guest_name.out"
	switch_failed "$guest_name: $1"
}

# guest_boot_count: times it has come up. Its processor is emulated twice over, by KVM on an emulated
# SVM, and resets itself now and then (a triple fault) when iperf3 begins: 2 times in 10 at worst, and
# for that reason only iperf() is patient with it.
guest_boot_count() {
	grep -ac '^@up' "$guest_name.out" || true
}

# guest_boots N: it has come up N times.
guest_boots() {
	[ "$(grep -ac '^@up' "$guest_name.out")" -ge "$1" ] || ended "$guest_waiter"
}

# guest_await_boot N: the Nth time.
guest_await_boot() {
	wait_for "$BOOT_SECONDS" guest_boots "$1" || guest_failed "did not boot"
	running "$guest_waiter" || guest_failed "QEMU ended"
}

# guest_boot NAME PAIRS CPUS [NIC_PROPERTIES]: and its rings on the VF: all wired past vdpa-switch.
guest_boot() {
	local begin=$SECONDS
	guest_start "$@"
	guest_await_boot 1
	note "$1: up after $((SECONDS - begin)) s," \
		"$(awk '$1 == "@up" {print $2; exit}' "$1.out") s by its own clock"
	guest_on_vf "$2"
}

# guest_on_vf PAIRS
guest_on_vf() {
	switch_await mapped $((2 * $1))
	assert_eq "vdpa-switch: state" "$(switch_value state)" hardware
	assert_eq "vdpa-switch: queues" "$(switch_value queues)" $((2 * $1))
	assert_eq "vdpa-switch: irq_direct" "$(switch_value irq_direct)" $((2 * $1))
}

# guest_answered ID BOOTS: or it has come up anew since, and never will.
guest_answered() {
	grep -qaE "^@$1 [0-9]+\$" "$guest_name.out" || ended "$guest_waiter" ||
		[ "$(guest_boot_count)" -gt "$2" ]
}

# guest_do SECONDS COMMAND: runs it there, prints what it says, returns its status.
guest_do() {
	local id=${EPOCHREALTIME/[.,]/} limit=$1 boots
	shift
	boots=$(guest_boot_count)
	printf '%s %s\n' "$id" "$*" >&"$guest_fd"
	wait_for "$limit" guest_answered "$id" "$boots" || guest_failed "no end after $limit s: $*"
	awk -v id="@$id" '$1 == id && NF == 2 {status = $2; over = 1; exit} on {print} $1 == id {on = 1}
		END {exit over ? status : 255}' "$guest_name.out"
}

# guest_kill: as kill -9 does.
guest_kill() {
	kill -KILL "$GUEST"
	wait "$guest_waiter" 2> /dev/null || true
	guest_gone
}

# guest_power_off: by itself.
guest_power_off() {
	local rc=0
	echo '0 poweroff -f' >&"$guest_fd"
	wait_for 30 ended "$guest_waiter" || guest_failed "did not power off"
	wait "$guest_waiter" || rc=$?
	assert_eq "$guest_name: QEMU's exit status" "$rc" 0
	guest_gone
}

guest_gone() {
	exec {guest_fd}>&-
	rm -f "$guest_name.in"
}

# --- what they say to each other ---------------------------------------------------------------

# relays: kicks and interrupts that have crossed vdpa-switch so far.
relays() {
	switch_stats
	echo "$(switch_value kicks_relayed) $(switch_value irqs_relayed)"
}

# loss TEXT: the percentage that ping ends with.
loss() {
	grep -o '[0-9]*% packet loss' <<< "$1" | cut -d% -f1
}

# pings WHEN: both ways.
pings() {
	local text
	text=$(peer busybox ping -c 50 -i 0.02 -W 5 "$GUEST_ADDRESS") || true
	assert_eq "$1: pings from the peer lost, percent" "$(loss "$text")" 0
	text=$(guest_do 60 busybox ping -c 50 -i 0.02 -W 5 "$PEER_ADDRESS") || true
	assert_eq "$1: pings from the guest lost, percent" "$(loss "$text")" 0
}

# kbits TEXT: what iperf3's receiver measured.
kbits() {
	awk '$NF == "receiver" {for (i = 1; i < NF; i++) if ($(i + 1) == "Kbits/sec") n = $i}
		END {printf "%d\n", n}' <<< "$1"
}

# iperf NAME SECONDS OPTION...: guest to peer; with -R, peer to guest.
iperf() {
	local name=$1 seconds=$2 boots try text=''
	shift 2
	for try in 1 2 3; do
		peer_spawn iperf3 -s -1 -B "$PEER_ADDRESS" > iperf.out 2>&1
		wait_for 20 peer_listens || fail "iperf3 does not listen"
		boots=$(guest_boot_count)
		text=$(guest_do $((seconds + 60)) "iperf3 -c $PEER_ADDRESS -f k -t $seconds $*") && break
		if [ "$(guest_boot_count)" -le "$boots" ] || [ "$try" -eq 3 ]; then
			echo "$text"
			fail "$name: iperf3 in the guest failed"
		fi
		note "$name: the guest's processor reset itself when iperf3 began; once more"
		stop "$SPAWNED" 10 || true
		switch_await state hardware 30
		sleep 2
		# shellcheck disable=SC2034 # the caller's: what a new start relays is not counted
		before=$(relays)
	done
	wait_for 10 ended "$SPAWNED" || fail "$name: iperf3 does not end"
	assert_ge "$name, kbit/s" "$(kbits "$text")" 1000
}

peer_listens() {
	peer ss -Hltn 'sport = 5201' | grep -q .
}
