# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# L1, the machine of the lab, as QEMU arguments. Sourced by lab, runs nothing.
# shellcheck disable=SC2054 # the commas are QEMU's
# shellcheck disable=SC2154 # what machine_args reads is set by lab
#
#  00:10.0  e1000e                  a NIC that is not virtio                  LAB_E1000E
#  00:11.0  virtio-net  \  two functions without ACS:                         LAB_SHARED1
#  00:11.1  virtio-net  /  one IOMMU group                                    LAB_SHARED2
#  00:12.0  virtio-rng              virtio, not a NIC                         LAB_RNG
#  00:13.0  virtio-net, 1af4:1000   transitional, without ACCESS_PLATFORM     LAB_TRANSITIONAL
#  00:14.0  root port, below it:
#     0.0   virtio-net              the PF                                    LAB_PF
#     0.1-4 virtio-net              its VFs, off until sriov_numvfs           LAB_VF1 .. LAB_VF4
#
# PF and VFs are alike: 4 queue pairs, a vector for each queue, each queue's doorbell on its own
# page, packed rings and in-order on offer. --vf changes that per VF; which ones differ, and how, is
# for the script that needs it to say. The VFs' BARs have to be alike, as on any PF, so what
# changes their size (page-per-vq) goes to all of them: --vf '*:page-per-vq=off'.

MACHINE_PAIRS=4
MACHINE_VFS=4

# machine_port N: the netdev, device id and TAP of port N, 0 for the PF.
machine_port() {
	if [ "$1" -eq 0 ]; then echo pf; else echo "vf$1"; fi
}

machine_mac() {
	printf '52:54:00:00:01:%02x' "$1"
}

# machine_function N EXTRA: PF or VF N. Its peer is a TAP: QEMU then allows 256 transmit entries.
machine_function() {
	local port sriov=
	port=$(machine_port "$1")
	[ "$1" -eq 0 ] || sriov=,sriov-pf=pf
	printf '%s' "virtio-net-pci,id=$port,bus=net,addr=0x0.$1,netdev=n$port$sriov,romfile=" \
		",mac=$(machine_mac "$1"),mq=on,vectors=$((2 * MACHINE_PAIRS + 2)),page-per-vq=on" \
		",iommu_platform=on,disable-legacy=on,packed=on,in_order=on,queue_reset=on" \
		",rx_queue_size=1024,tx_queue_size=256" \
		"${2:+,$2}"
}

# machine_net: QEMU's side of the TAPs, then VFs before their PF: QEMU wants to know them by then.
machine_net() {
	local n port no_script=,script=no,downscript=no
	for ((n = 0; n <= MACHINE_VFS; n++)); do
		port=$(machine_port "$n")
		machine+=(-netdev "tap,id=n$port,ifname=$port,queues=$MACHINE_PAIRS,vhost=off$no_script")
	done
	machine+=(-device pcie-root-port,id=net,bus=pcie.0,addr=0x14,chassis=1)
	for ((n = MACHINE_VFS; n >= 0; n--)); do
		machine+=(-device "$(machine_function "$n" "${vf_extra[n]:-}")")
	done
}

# machine_oddities: what the bad-input tests need. Their ports lead nowhere.
machine_oddities() {
	local mac=52:54:00:00:02 modern=iommu_platform=on,disable-legacy=on
	local nic=virtio-net-pci,bus=pcie.0,romfile=
	machine+=(
		-netdev hubport,id=o0,hubid=0 -netdev hubport,id=o1,hubid=1
		-netdev hubport,id=o2,hubid=2 -netdev hubport,id=o3,hubid=3
		-device "e1000e,bus=pcie.0,addr=0x10,netdev=o0,mac=$mac:00,romfile="
		-device "$nic,addr=0x11.0x1,netdev=o2,mac=$mac:02,$modern"
		-device "$nic,addr=0x11.0x0,multifunction=on,netdev=o1,mac=$mac:01,$modern"
		-device "virtio-rng-pci,bus=pcie.0,addr=0x12,$modern"
		-device "$nic,addr=0x13,disable-legacy=off,disable-modern=off,netdev=o3,mac=$mac:03"
	)
}

# machine_channels DIR: the console, the scripts' output, and QEMU's monitor looped back into L1.
machine_channels() {
	local dir=$1
	machine+=(-display none -vga none -device virtio-serial-pci,bus=pcie.0,addr=0x5)
	if [ -n "$interactive" ]; then
		machine+=(-chardev "stdio,id=con,mux=on,signal=off,logfile=$dir/console.log"
			-object monitor-hmp,id=keyboard,chardev=con)
	else
		machine+=(-chardev "file,id=con,path=$dir/console.log" -monitor none
			-chardev "file,id=out,path=$dir/out.fifo"
			-device virtserialport,chardev=out,name=lab.out)
	fi
	# The pipe opens monitor.in for reading first; then the port can open it for writing.
	machine+=(-serial chardev:con
		-chardev "pipe,id=monitor,path=$dir/monitor" -object monitor-qmp,id=monitor,chardev=monitor
		-chardev "file,id=tomonitor,path=$dir/monitor.in,append=on"
		-device virtserialport,chardev=tomonitor,name=lab.monitor)
}

# machine_args DIR KERNEL INITRAMFS: fills the array "machine". Reads mem_mb, hugepages, no_iommu,
# interactive and vf_extra[]. DIR is the lab's run-time folder, DIR/share what L1 sees as /.lab.
machine_args() {
	local dir=$1 append
	append="console=ttyS0 quiet panic=-1 nokaslr mitigations=off nowatchdog log_buf_len=4M"
	# Zeroing each page when it is allocated, the huge ones at boot included, would cost seconds.
	append+=" init_on_alloc=0 random.trust_cpu=on hugepages=$hugepages intel_iommu=on iommu=pt"
	machine=(-M q35 -accel "tcg,thread=multi" -cpu max -m "$mem_mb" -smp 2
		-nodefaults -no-user-config -no-reboot -kernel "$2" -initrd "$3" -append "$append")
	# The IOMMU comes before what is behind it.
	[ -n "$no_iommu" ] ||
		machine+=(-device "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on")
	machine+=(
		-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,bus=pcie.0,addr=0x3,fsdev=root,mount_tag=root
		-fsdev "local,id=lab,path=$dir/share,security_model=none"
		-device virtio-9p-pci,bus=pcie.0,addr=0x4,fsdev=lab,mount_tag=lab)
	machine_channels "$dir"
	machine_oddities
	machine_net
}
