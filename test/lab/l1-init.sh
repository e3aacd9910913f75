#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# Process 1 of L1: mounts, VFs, then the scripts one after another, each watched for what it leaves
# behind; then power-off. What to run is in /.lab/job, results go to /.lab/results: see lab.
# Runs nowhere else. Never exits: the end is a power-off, whatever happens.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 TERM=${TERM:-linux}

# Kernel log lines after which nothing can be trusted.
BAD_KLOG='DMAR:.*[Ff]ault|BUG:|WARNING:|Oops|general protection|Kernel panic'
# Where L1 has its own, and the host's is not seen.
MASKED="/tmp /var/tmp /run /dev/shm"

say() { echo "lab: $*"; }

power_off() {
	sync
	echo o > /proc/sysrq-trigger
	sleep 60
}
trap power_off EXIT

# uptime_ms: milliseconds since L1's kernel started.
uptime_ms() {
	local up
	read -r up _ < /proc/uptime
	echo "${up/./}0"
}

# device_port NAME: the character device of the virtio-serial port called so.
device_port() {
	local f
	for f in /sys/class/virtio-ports/*/name; do
		[ "$(cat "$f")" != "$1" ] || { echo "/dev/$(basename "$(dirname "$f")")"; return; }
	done
}

# unmask PATH: where PATH is below a masked folder, show the host's there, and only that.
unmask() {
	local path=$1 m
	for m in $MASKED; do
		case $path in
		"$m"/*)
			mountpoint -q "$path" && return
			if [ -d "/.host$path" ]; then
				mkdir -p "$path"
			else
				mkdir -p "${path%/*}" && : > "$path"
			fi
			mount --bind "/.host$path" "$path" ;;
		esac
	done
}

unmask_job() {
	local s
	unmask "$LAB_REPO"
	unmask "$LAB_BUILD"
	unmask "$LAB_CWD"
	for s in "${LAB_SCRIPTS[@]}"; do
		# A script's neighbours are wanted, but not all of the host's /tmp.
		case " $MASKED " in
		*" ${s%/*} "*) unmask "$s" ;;
		*) unmask "${s%/*}" ;;
		esac
	done
}

set_up_mounts() {
	local m
	mkdir -p /.host
	mount --bind / /.host
	# Not world-writable, unlike elsewhere: EAL takes no plugin from below such a folder.
	for m in $MASKED; do
		mkdir -p "$m"
		mount -t tmpfs -o mode=0755 tmpfs "$m"
	done
	mkdir -p /dev/pts /dev/hugepages /run/lock
	mount -t devpts -o ptmxmode=0666 devpts /dev/pts
	ln -sf /proc/self/fd /dev/fd
	ln -sf pts/ptmx /dev/ptmx
	mount -t hugetlbfs -o pagesize=2M hugetlbfs /dev/hugepages
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t debugfs debugfs /sys/kernel/debug
	ip link set lo up
	echo l1 > /proc/sys/kernel/hostname
}

driver_of() (
	cd -P "/sys/bus/pci/devices/$1/driver" 2> /dev/null && echo "${PWD##*/}"
)

# bind_to PCI DRIVER: nothing else may claim it from then on; an empty DRIVER leaves it without one.
bind_to() {
	local dev=/sys/bus/pci/devices/$1
	[ "$(driver_of "$1")" != "$2" ] || return 0
	[ ! -e "$dev/driver" ] || echo "$1" > "$dev/driver/unbind"
	[ -n "$2" ] || return 0
	echo "$2" > "$dev/driver_override"
	echo "$1" > /sys/bus/pci/drivers_probe
	[ "$(driver_of "$1")" = "$2" ]
}

# bind_vf PCI: without an IOMMU vfio-pci takes nothing, but where the kernel has its no-IOMMU mode.
bind_vf() {
	local unsafe=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
	if [ -e /sys/class/iommu/dmar0 ]; then
		bind_to "$1" vfio-pci
		return
	fi
	[ ! -w "$unsafe" ] || echo 1 > "$unsafe"
	bind_to "$1" vfio-pci 2> /dev/null || :
}

set_up_devices() {
	local pf v n=0
	modprobe -a virtio_net virtio_console vfio-pci || return 1
	pf=$(dirname "$(ls -d /sys/bus/pci/devices/*/sriov_totalvfs)")
	export LAB_PF=${pf##*/}
	# The PF's own driver is up by now: without it, sriov_numvfs answers EBUSY.
	echo 0 > "$pf/sriov_drivers_autoprobe"
	cat "$pf/sriov_totalvfs" > "$pf/sriov_numvfs" || return 1
	for v in "$pf"/virtfn*; do
		n=$((n + 1))
		v=$(readlink "$v")
		export "LAB_VF$n=${v##*/}"
		bind_vf "${v##*/}" || return 1
	done
	export LAB_VFS=$n
	export LAB_E1000E=0000:00:10.0 LAB_SHARED1=0000:00:11.0 LAB_SHARED2=0000:00:11.1
	export LAB_RNG=0000:00:12.0 LAB_TRANSITIONAL=0000:00:13.0
}

# Each function and its driver, as the scripts find them and as they get them back.
declare -A home_driver
remember_drivers() {
	local d
	for d in /sys/bus/pci/devices/*; do
		home_driver[${d##*/}]=$(driver_of "${d##*/}")
	done
}

restore_drivers() {
	local pci
	for pci in "${!home_driver[@]}"; do
		[ -e "/sys/bus/pci/devices/$pci" ] || { say "$pci is gone"; continue; }
		bind_to "$pci" "${home_driver[$pci]}" || say "cannot give $pci back to ${home_driver[$pci]}"
	done
}

# klog_since MARK: the kernel log from the mark on; fails if the mark is no longer in it.
klog_since() {
	dmesg | awk -v mark="$1" 'index($0, mark) {seen = 1; next} seen; END {exit !seen}'
}

klog_check() {
	local log bad
	log=$(klog_since "$1") || { say "the kernel log lost its mark: cleared, or overflowed"; return 1; }
	bad=$(grep -E "$BAD_KLOG" <<< "$log") || return 0
	say "the kernel log has:"
	head -n 40 <<< "$bad"
	return 1
}

# reap_cgroup DIR: end what still runs in it; fails, with names, if anything had to be ended.
reap_cgroup() {
	local dir=$1 pid tries left
	for ((tries = 0; tries < 20; tries++)); do
		[ -n "$(cat "$dir/cgroup.procs")" ] || break
		sleep 0.1
	done
	left=$(cat "$dir/cgroup.procs")
	for pid in $left; do
		say "left running: $pid $(tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null)"
		kill -KILL "$pid"
	done
	for ((tries = 0; tries < 50; tries++)); do
		rmdir "$dir" 2> /dev/null && break
		sleep 0.1
	done
	[ -z "$left" ]
}

list_files() {
	find /tmp /var/tmp /dev/shm -xdev -mindepth 1 -maxdepth 1 | sort
}

# remove_files BEFORE: what a script left in memory file systems is named and removed.
remove_files() {
	local f
	comm -13 <(echo "$1") <(list_files) | while IFS= read -r f; do
		say "left behind, removed: $f"
		rm -rf --one-file-system "$f"
	done
	rm -rf /run/dpdk
	# EAL keeps its page files for the next process; pages still in use outlive them.
	find /dev/hugepages -mindepth 1 -delete
}

hugepages_free() {
	awk '$1 == "HugePages_Free:" {print $2}' /proc/meminfo
}

# start SCRIPT GROUP: in its own session and cgroup, by which all it starts is found again.
start() (
	echo "$BASHPID" > "$2/cgroup.procs"
	cd "$LAB_CWD" || exit 126
	if [ -x "$1" ]; then
		exec setsid -w "$1" < /dev/null
	fi
	exec setsid -w bash "$1" < /dev/null
)

# run N SCRIPT: one script and what is checked around it; one line in the results.
run() {
	local n=$1 script=$2 name=${2##*/} group=/sys/fs/cgroup/script-$1 why='' rc begin end files
	local pages free
	echo "$name" > /.lab/current
	export LAB_KLOG_MARK="lab: begin $n $name"
	echo "<3>$LAB_KLOG_MARK" > /dev/kmsg
	mkdir "$group"
	pages=$(hugepages_free)
	files=$(list_files)
	say "=== $name"
	begin=$(uptime_ms)
	start "$script" "$group"
	rc=$?
	end=$(uptime_ms)
	[ "$rc" -eq 0 ] || why+=", exit status $rc"
	reap_cgroup "$group" || why+=", processes left running"
	klog_check "$LAB_KLOG_MARK" || why+=", kernel log"
	remove_files "$files"
	free=$(hugepages_free)
	[ "$free" -eq "$pages" ] || why+=", hugepages free: $pages before, $free after"
	restore_drivers
	[ -z "$why" ] || why="FAILED (${why#, })"
	say "=== $name: ${why:-ok}"
	printf '%s\t%s\t%d\n' "$name" "${why:-ok}" $((end - begin)) >> /.lab/results
}

shell() {
	say "an interactive shell in L1: LAB_* is set, 'exit' powers off, Ctrl-A X kills the machine"
	stty sane rows "$LAB_ROWS" cols "$LAB_COLUMNS" < /dev/ttyS0
	cd "$LAB_CWD" && setsid -c bash -i < /dev/ttyS0 > /dev/ttyS0 2>&1
}

main() {
	local n=0 s up
	# shellcheck source=/dev/null # written by lab: LAB_SCRIPTS[], LAB_CWD, LAB_REPO, LAB_BUILD, ...
	. /.lab/job
	export LAB_LIB=$LAB_REPO/test/lab/lib.sh LAB_OUT=/.lab/out LAB_REPO LAB_BUILD
	set_up_mounts
	set_up_devices || { say "setting up the VFs failed" > /dev/ttyS0; return 1; }
	LAB_MONITOR=$(device_port lab.monitor)
	export LAB_MONITOR
	echo '{"execute": "qmp_capabilities"}' > "$LAB_MONITOR"
	if [ -n "$LAB_INTERACTIVE" ]; then
		exec > /dev/ttyS0 2>&1
	else
		exec > "$(device_port lab.out)" 2>&1
	fi
	unmask_job
	remember_drivers
	up=$(uptime_ms)
	say "L1 is up after $((up / 1000)).$((up % 1000 / 100)) s: kernel $(uname -r)," \
		"$LAB_VFS VFs, first on ${home_driver[$LAB_VF1]:-no driver}"
	for s in "${LAB_SCRIPTS[@]}"; do
		n=$((n + 1))
		run "$n" "$s"
	done
	[ -z "$LAB_INTERACTIVE" ] || shell
	rm -f /.lab/current
	: > /.lab/finished
}

main
