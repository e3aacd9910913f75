# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What L2, the guest inside the lab's machine, boots from: the kernel that L1 runs too, and an
# initramfs made in L1. Sourced by guest_lib.sh.

# guest_kernel FILE: unpacked, as unpacking it at each boot would take as long as all the rest. One
# that is not packed with xz, as Debian 12's is, is left to do it itself.
guest_kernel() {
	local packed start
	packed=/boot/vmlinuz-$(uname -r)
	start=$(LC_ALL=C grep -abom 1 $'\xfd7zXZ' "$packed" | cut -d: -f1) || true
	[ -z "$start" ] ||
		tail -c "+$((start + 1))" "$packed" | xz -dc --single-stream > "$1" 2> /dev/null || true
	[ "$(head -c 4 "$1" | tail -c 3)" = ELF ] || cp "$packed" "$1"
}

# guest_initramfs FILE: busybox, the modules, and iperf3 with its libraries.
guest_initramfs() {
	local tree module lib
	tree=$(mktemp -d)
	mkdir -p "$tree"/{bin,dev,m,proc,sys,tmp}
	cp "$LAB_REPO/test/lab/guest_init.sh" "$tree/init"
	chmod +x "$tree/init"
	cp "$(command -v busybox)" "$tree/bin/"
	ln -s busybox "$tree/bin/sh"
	cp "$(command -v iperf3)" "$tree/bin/"
	for lib in $(ldd "$(command -v iperf3)" | grep -o '/[^ ]*'); do
		mkdir -p "$tree${lib%/*}"
		cp -L "$lib" "$tree$lib"
	done
	modprobe -a --show-depends virtio_pci virtio_net pktgen |
		awk '$1 == "insmod" && !seen[$2]++ {print $2}' > "$tree/m/files"
	while read -r module; do
		cp "$module" "$tree/m/"
		basename "$module" >> "$tree/m/order"
	done < "$tree/m/files"
	(cd "$tree" && find . | cpio -o -H newc --quiet) > "$1"
	rm -rf "$tree"
}

# guest_image: both, in $guest_files, which the next script of this machine finds again.
guest_image() {
	guest_files=/run/lab-guest
	[ ! -d "$guest_files" ] || return 0
	mkdir -p "$guest_files.new"
	guest_kernel "$guest_files.new/kernel"
	guest_initramfs "$guest_files.new/initramfs"
	mv "$guest_files.new" "$guest_files"
}
