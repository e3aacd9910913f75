#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# Process 1 of L2, the guest inside the lab's machine, in an initramfs with busybox: loads the
# modules that came with it, gives its one NIC the address in GUEST_ADDRESS (from the kernel's
# command line), and then runs the lines that come in on the serial port. A line is "ID COMMAND";
# what the command says goes out between "@ID" and "@ID STATUS". guest_lib.sh is the other end.
export PATH=/bin HOME=/
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
stty raw -echo
while read -r module; do
	insmod "/m/$module" || echo "no module $module"
done < /m/order
ip link set lo up
ip address add "$GUEST_ADDRESS" dev eth0
ip link set eth0 up

read -r up rest < /proc/uptime
echo "@up $up"
while read -r id command; do
	echo "@$id"
	eval "$command"
	echo "@$id $?"
done
