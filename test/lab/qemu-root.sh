#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# The lab's QEMU: a private root, beside a host whose own QEMU has no SR-IOV on virtio-net (that
# came with 10.1). Made by debootstrap from the mirror the host's apt already uses, and run on the
# host without chroot, through its own loader. Nothing on the host changes.
#
# usage: qemu-root.sh DIR      afterwards DIR/qemu is that QEMU; does nothing if it is there already
#
# LAB_SUITE=NAME takes the QEMU from that suite only; without it forky is tried, then
# trixie with trixie-backports. LAB_MIRROR=URL replaces the mirror of the host's apt.
#
# The root is built under another name and renamed when its QEMU has run, so an interrupted run is
# never taken for a whole one. The caller sees to it that only one runs at a time.
set -euo pipefail

MIN_QEMU=10.1

say() { echo "lab: $*" >&2; }
die() { say "$*"; exit 1; }

# The Debian mirror of the host's apt: not security's, not a third party's.
find_mirror() {
	local uri
	# shellcheck disable=SC2016 # apt's own substitution, not the shell's
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -E '/debian/?$' | sort -u | head -n 1) || true
	[ -n "$uri" ] || die "no Debian mirror in the configuration of apt:" \
		"run 'apt-get update', or name one with LAB_MIRROR=URL"
	echo "$uri"
}

# debootstrap and the apt inside the root know of the host's proxy only through the environment.
export_proxy() {
	local proxy=
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	[ -z "$proxy" ] || [ "$proxy" = DIRECT ] || export http_proxy="${http_proxy:-$proxy}"
}

# Pass on what a long step prints, one line a second at most: progress without a flood.
progress() {
	local line last=-1
	while IFS= read -r line; do
		printf '%s\n' "$line" >> "$log"
		[ "$SECONDS" -eq "$last" ] || printf 'lab:   %.90s\n' "$line" >&2
		last=$SECONDS
	done
}

in_root() {
	chroot "$work" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"
}

# base SUITE: the smallest root of that suite, in $work.
base() {
	local include=()
	case $mirror in
	https:*) include=(--include=ca-certificates) ;;
	esac
	rm -rf --one-file-system "$work"
	# The host's debootstrap is older than the suite: the script for sid serves all of them.
	debootstrap --variant=minbase "${include[@]}" "$1" "$work" "$mirror" \
		/usr/share/debootstrap/scripts/sid 2>&1 | progress || return 1
	printf '#!/bin/sh\nexit 101\n' > "$work/usr/sbin/policy-rc.d"
	chmod +x "$work/usr/sbin/policy-rc.d"
}

# install SUITE [TARGET]: QEMU into $work, from TARGET where given; fails if it is too old.
install() {
	local suite=$1 target=${2:-$1} version
	if [ "$target" != "$suite" ]; then
		echo "deb $mirror $target main" > "$work/etc/apt/sources.list.d/lab.list"
	fi
	# A mirror that stands still (a snapshot) has an index past its date. debootstrap takes it as
	# it is, by its signature alone; apt must do the same or the two disagree.
	in_root apt-get -o Acquire::Check-Valid-Until=false update 2>&1 | progress || return 1
	version=$(in_root apt-cache madison qemu-system-x86 |
		awk -F'|' -v t="$target/" 'index($3, t) {gsub(/ /, "", $2); print $2; exit}')
	[ -n "$version" ] || { say "$target has no qemu-system-x86"; return 1; }
	# A Debian revision and an epoch surround the version proper: 1:11.1.2+ds-3
	dpkg --compare-versions "${version#*:}" ge "$MIN_QEMU" ||
		{ say "QEMU in $target is $version, too old: $MIN_QEMU is needed"; return 1; }
	say "installing QEMU $version from $target"
	in_root apt-get install -y --no-install-recommends -t "$target" qemu-system-x86 2>&1 |
		progress || return 1
}

# A wrapper that finds its root by its own place, so that the root can be renamed.
wrapper() {
	cat > "$work/qemu" <<-'END'
		#!/bin/sh
		R=$(dirname "$(readlink -f "$0")")
		exec "$R/lib64/ld-linux-x86-64.so.2" \
			--library-path "$R/lib/x86_64-linux-gnu:$R/usr/lib/x86_64-linux-gnu" \
			"$R/usr/bin/qemu-system-x86_64" -L "$R/usr/share/qemu" -L "$R/usr/share/seabios" \
			-L "$R/usr/lib/ipxe/qemu" "$@"
	END
	chmod +x "$work/qemu"
	"$work/qemu" --version > /dev/null || die "the QEMU just installed does not run; see $log"
}

build() {
	local suite=$1 target=${2:-$1}
	say "building a private root of Debian $suite${2:+ with $2} for QEMU >= $MIN_QEMU (a minute or two)"
	base "$suite" && install "$suite" "$target" && return 0
	say "no usable QEMU from $target (details: $log)"
	return 1
}

[ $# -eq 1 ] || die "usage: qemu-root.sh DIR"
root=$(realpath -m "$1") work=$root.part log=$root.log
if [ -x "$root/qemu" ] && "$root/qemu" --version > /dev/null; then
	exit 0
fi
[ "$(id -u)" -eq 0 ] || die "debootstrap needs root"
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$(dirname "$root")"
: > "$log"
mirror=${LAB_MIRROR:-$(find_mirror)}
export_proxy
if [ -n "${LAB_SUITE:-}" ]; then
	build "$LAB_SUITE" || die "set LAB_SUITE to a Debian suite with QEMU >= $MIN_QEMU"
else
	build forky || build trixie trixie-backports ||
		die "found QEMU >= $MIN_QEMU in neither forky nor trixie-backports of the host's mirror;" \
			"LAB_MIRROR=URL or LAB_SUITE=NAME can point to another"
fi
wrapper
rm -rf "$work/var/cache/apt" "$work/var/lib/apt/lists"
rm -rf --one-file-system "$root"
mv "$work" "$root"
say "private root ready: $("$root/qemu" --version | head -n 1)"
