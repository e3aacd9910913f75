# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What a lab script says and measures with. Source it first:  . "$LAB_LIB"
# Turns on -euo pipefail and takes the EXIT trap, which ends what spawn started; on_exit adds to it.
# Runs in L1, as root. Numbers go to stdout with their name, so that a run can be read afterwards.
set -euo pipefail

note() {
	printf -- '-- %s\n' "$*"
}

# fail TEXT: ends the script.
fail() {
	printf 'FAIL %s\n' "$*"
	exit 1
}

# lab_result STATUS NAME A OPERATOR B: says how a comparison went; one that failed ends the script.
lab_result() {
	[ "$1" -eq 0 ] || fail "$2: $3, wanted $4 $5"
	printf 'ok   %s: %s %s %s\n' "$2" "$3" "$4" "$5"
}

lab_number() {
	[[ $2 =~ ^-?[0-9]+$ ]] || fail "$1: '$2' is not a whole number"
}

# assert_eq NAME A B: A is B, as text.
assert_eq() {
	local rc=0
	[ "$2" = "$3" ] || rc=1
	lab_result "$rc" "$1" "$2" == "$3"
}

# assert_le NAME A B, assert_ge NAME A B: A at most, at least B; whole numbers.
assert_le() {
	local rc=0
	lab_number "$1" "$2"
	lab_number "$1" "$3"
	[ "$2" -le "$3" ] || rc=1
	lab_result "$rc" "$1" "$2" '<=' "$3"
}

assert_ge() {
	local rc=0
	lab_number "$1" "$2"
	lab_number "$1" "$3"
	[ "$2" -ge "$3" ] || rc=1
	lab_result "$rc" "$1" "$2" '>=' "$3"
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1 if it has not by then.
wait_for() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# --- processes ---------------------------------------------------------------------------------

lab_pids=()
lab_exits=()

# spawn COMMAND...: starts it in the background, its pid is then in $SPAWNED. Ended with the script.
# stdin is /dev/null; redirect the others as usual: spawn daemon > log 2>&1
spawn() {
	"$@" < /dev/null &
	SPAWNED=$!
	lab_pids+=("$SPAWNED")
}

# running PID: exists and is not a zombie.
running() {
	local state
	state=$(awk '$1 == "State:" {print $2}' "/proc/$1/status" 2> /dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ]
}

ended() {
	! running "$1"
}

# stop PID [SECONDS]: SIGTERM, and SIGKILL when it has not ended after that (10). Returns its exit
# status if it is a child of the script; a SIGKILL is said.
stop() {
	kill -TERM "$1" 2> /dev/null || true
	if ! wait_for "${2:-10}" ended "$1"; then
		note "pid $1 ignored SIGTERM for ${2:-10} s: $(tr '\0' ' ' < "/proc/$1/cmdline")"
		kill -KILL "$1" 2> /dev/null || true
	fi
	wait "$1" 2> /dev/null
}

# on_exit COMMAND...: run at the script's end, last registered first, before spawned processes end.
on_exit() {
	lab_exits+=("$(printf '%q ' "$@")")
}

lab_exit() {
	local rc=$? i
	trap - EXIT
	set +e
	for ((i = ${#lab_exits[@]} - 1; i >= 0; i--)); do
		(eval "${lab_exits[i]}")
	done
	for ((i = ${#lab_pids[@]} - 1; i >= 0; i--)); do
		running "${lab_pids[i]}" && stop "${lab_pids[i]}"
	done
	exit "$rc"
}
trap lab_exit EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# --- what a process holds ----------------------------------------------------------------------

fd_count() {
	find "/proc/$1/fd" -mindepth 1 -maxdepth 1 | wc -l
}

# vfio_maps PID: one line for each mapping and each descriptor that names vfio.
vfio_maps() {
	grep vfio "/proc/$1/maps" || true
	find "/proc/$1/fd" -mindepth 1 -maxdepth 1 -printf 'fd %f -> %l\n' | grep vfio || true
}

# locked_kb PID: pages pinned for DMA by VFIO's type 1 IOMMU are accounted as locked memory.
locked_kb() {
	awk '$1 == "VmLck:" {print $2}' "/proc/$1/status"
}

# cpu_ms PID: user and system time so far, all threads.
cpu_ms() {
	local stat fields
	stat=$(< "/proc/$1/stat")
	# The command name may hold anything, but ends with the last parenthesis.
	read -ra fields <<< "${stat##*) }"
	echo $(((fields[11] + fields[12]) * 1000 / $(getconf CLK_TCK)))
}

# daemon_held PID: what a process holds that guests could leave behind, in one line.
daemon_held() {
	printf 'fds=%s vfio=%s guest_maps=%s locked_kb=%s threads=%s\n' "$(fd_count "$1")" \
		"$(vfio_maps "$1" | wc -l)" "$(grep -c memfd "/proc/$1/maps" || true)" \
		"$(locked_kb "$1")" "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)"
}

resident_kb() {
	awk '$1 == "VmRSS:" {print $2}' "/proc/$1/status"
}

# daemon_baseline PID: what it holds without a guest. daemon_check PID [KIB]: the same again, within a few
# seconds of its last guest's end, and no more than so much more memory (8192).
daemon_baseline() {
	lab_held=$(daemon_held "$1")
	lab_resident=$(resident_kb "$1")
	note "vdpa-switch without a guest: $lab_held resident_kb=$lab_resident"
}

daemon_settled() {
	[ "$(daemon_held "$1")" = "$lab_held" ]
}

daemon_check() {
	wait_for 5 daemon_settled "$1" || true
	assert_eq "held after the last guest" "$(daemon_held "$1")" "$lab_held"
	assert_le "resident memory gained, KiB" $(($(resident_kb "$1") - lab_resident)) "${2:-8192}"
}

# --- PCI functions -----------------------------------------------------------------------------

# driver_of PCI: the driver's name, nothing if it has none.
driver_of() {
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")" 2> /dev/null || true
}

# iommu_group PCI: its number, nothing if it is in none.
iommu_group() {
	basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")" 2> /dev/null || true
}

unbind() {
	local dev=/sys/bus/pci/devices/$1
	[ ! -e "$dev/driver" ] || echo "$1" > "$dev/driver/unbind"
}

# bind_driver PCI DRIVER: whatever had it before. Given back after the script without being asked.
bind_driver() {
	[ "$(driver_of "$1")" != "$2" ] || return 0
	unbind "$1"
	echo "$2" > "/sys/bus/pci/devices/$1/driver_override"
	echo "$1" > /sys/bus/pci/drivers_probe
	[ "$(driver_of "$1")" = "$2" ] || fail "$1 did not bind to $2"
}

bind_vfio() {
	bind_driver "$1" vfio-pci
}

# dmar_faults: how many DMA faults the IOMMU has reported since the script began.
dmar_faults() {
	dmesg | awk -v mark="$LAB_KLOG_MARK" 'index($0, mark) {n = 0} /DMAR:.*[Ff]ault addr/ {n++}
		END {print n + 0}'
}

# --- the machine under L1 ----------------------------------------------------------------------

# lab_answers N: the monitor's answers after the first N.
lab_answers() {
	grep -E '"(return|error)"' /.lab/monitor | tail -n +$(($1 + 1)) | grep .
}

# machine_monitor JSON: a QMP command to the QEMU that L1 runs in; it answers at the end of
# /.lab/monitor. Fails if it does not answer, or with an error.
machine_monitor() {
	local before
	before=$(lab_answers 0 | wc -l) || true
	printf '%s\n' "$1" > "$LAB_MONITOR"
	wait_for 10 lab_answers "$before" > /dev/null || fail "no answer from QEMU's monitor to $1"
	[[ $(lab_answers "$before") != *'"error"'* ]] || fail "$1: $(lab_answers "$before")"
}

# vf_link N on|off: the link of VF N as the VF sees it; back on at the script's end.
vf_link() {
	local up=true
	if [ "$2" = off ]; then
		up=false
		on_exit vf_link "$1" on
	fi
	machine_monitor '{"execute": "set_link", "arguments": {"name": "vf'"$1"'", "up": '"$up"'}}'
}
