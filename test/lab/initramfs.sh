#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# The initramfs of L1: its root is the host's own / over 9p, read-only, under a tmpfs overlay; the
# lab's share is at /.lab, and the l1-init.sh in there becomes process 1.
#
# usage: initramfs.sh DIR KERNEL_VERSION      prints the path of the image, made only if not there
#
# The image's name carries a hash of this script and of the modules it packs, so that a change of
# either makes a new one. It is written under another name and renamed.
set -euo pipefail

MODULES="virtio_pci 9p 9pnet_virtio overlay"

[ $# -eq 2 ] || { echo "usage: initramfs.sh DIR KERNEL_VERSION" >&2; exit 1; }
dir=$(realpath -m "$1") kver=$2
busybox=$(command -v busybox)

# Module files in the order to load them; what is built into the kernel is left out.
module_files() {
	local m
	for m in $MODULES; do
		modprobe -S "$kver" --show-depends "$m"
	done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

files=$(module_files)
# shellcheck disable=SC2086 # a list of paths of /lib/modules
hash=$(cat "$0" "$busybox" $files | sha256sum | cut -c1-12)
image=$dir/initramfs-$kver-$hash.gz
if [ -s "$image" ]; then
	echo "$image"
	exit 0
fi

mkdir -p "$dir"
work=$(mktemp -d "$dir/initramfs.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/tree/{bin,proc,sys,dev,root,m,lower,up}
cp "$busybox" "$work/tree/bin/busybox"
for applet in sh mount insmod switch_root mkdir; do
	ln -s busybox "$work/tree/bin/$applet"
done
for f in $files; do
	cp "$f" "$work/tree/m/"
	basename "$f" >> "$work/tree/m/order"
done
cat > "$work/tree/init" <<'END'
#!/bin/sh
set -e
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
while read -r m; do insmod "/m/$m"; done < /m/order
# The host's root is shared, not owned: files replaced there while L1 runs may be seen late.
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,ro root /lower
mount -t tmpfs -o size=75% up /up
mkdir -p /up/upper /up/work
mount -t overlay -o lowerdir=/lower,upperdir=/up/upper,workdir=/up/work overlay /root
mkdir -p /root/.lab
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576 lab /root/.lab
for d in dev proc sys; do mount --move /$d /root/$d; done
exec switch_root /root /bin/bash /.lab/l1-init.sh
END
chmod +x "$work/tree/init"
(cd "$work/tree" && find . | cpio -o -H newc --quiet | gzip -1) > "$work/image"
mv "$work/image" "$image"
# Images of earlier versions; one that a lab may just be starting with is young.
find "$dir" -maxdepth 1 -name 'initramfs-*.gz' ! -path "$image" -mtime +7 -delete
echo "$image"
