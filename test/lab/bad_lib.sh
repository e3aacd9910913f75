# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# A vdpa-switch for the bad-input scripts, and their cases in python. Sourced after $LAB_LIB; makes
# a folder for sockets and output and goes there. The build may be one with sanitizers.

bad_dir=$(mktemp -d)
on_exit rm -rf "$bad_dir"
cd "$bad_dir" || exit
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$LAB_REPO/test/lab
# A process that is out of order says so and ends; it must not be taken for one that ended well.
export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99

# switch_start GUEST=PCI...: with sockets GUEST.sock; up when it returns. Sets SWITCH, its pid. Its
# output is in switch.out and switch.err. SWITCH_WRAP: words before the command, such as setpriv's.
switch_start() {
	local spec guests=()
	for spec; do
		guests+=(--guest "socket=$bad_dir/${spec%%=*}.sock,vf=${spec#*=}")
	done
	# shellcheck disable=SC2086 # words
	spawn ${SWITCH_WRAP:-} "$LAB_BUILD/app/vdpa-switch/vdpa-switch" -l 0 --no-huge -m 128 \
		--no-shconf --no-telemetry --log-level=pmd.vdpa.virtio:info --log-level=lib.vhost.*:notice \
		-- "${guests[@]}" > switch.out 2> switch.err
	SWITCH=$SPAWNED
	if ! wait_for 60 switch_listens $# || ! running "$SWITCH"; then
		cat switch.err
		fail "vdpa-switch did not start"
	fi
	! grep -q libasan "/proc/$SWITCH/maps" || note "vdpa-switch is built with sanitizers"
}

switch_listens() {
	[ "$(grep -c 'down -> listening' switch.out)" -eq "$1" ] || ! running "$SWITCH"
}

# switch_stop: in order, and soon.
switch_stop() {
	local begin=$SECONDS rc=0
	stop "$SWITCH" 30 || rc=$?
	assert_eq "vdpa-switch: exit status" "$rc" 0
	assert_le "vdpa-switch: seconds to stop" $((SECONDS - begin)) 10
	sanitizers_silent
}

sanitizer_reports() {
	grep -cE 'runtime error:|ERROR: (Address|Leak)Sanitizer' "$1" || true
}

sanitizers_silent() {
	local reports
	reports=$(sanitizer_reports switch.err)
	[ "$reports" -eq 0 ] || cat switch.err
	assert_eq "sanitizer reports" "$reports" 0
}

# run_cases FILE.py SECONDS [CASE...]: against the running vdpa-switch.
run_cases() {
	local file=$1 seconds=$2
	shift 2
	timeout -k 5 "$seconds" python3 "$LAB_REPO/test/lab/$file" "$SWITCH" "$bad_dir/switch.out" \
		"$bad_dir/switch.err" "$bad_dir" "$@" && return
	note "the last of what vdpa-switch said:"
	tail -n 12 switch.out
	tail -n 30 switch.err
	fail "$file"
}

# does_not_start NAME PCI TEXT: vdpa-switch with that VF ends with status 1 and one line of its own,
# which has the text; what it logged is in tried.err.
does_not_start() {
	local rc=0
	# shellcheck disable=SC2086 # words
	${SWITCH_WRAP:-} timeout -k 5 60 "$LAB_BUILD/app/vdpa-switch/vdpa-switch" -l 0 --no-huge -m 64 \
		--no-shconf --no-telemetry -- --guest "socket=$bad_dir/tried.sock,vf=$2" \
		> tried.out 2> tried.err < /dev/null || rc=$?
	grep '^vdpa-switch: ' tried.err > tried.own || true
	assert_eq "$1: exit status" "$rc" 1
	assert_eq "$1: lines of its own" "$(wc -l < tried.own)" 1
	grep -qF -- "$3" tried.own || { cat tried.err; fail "$1: no '$3' in: $(cat tried.own)"; }
	note "$(cat tried.own)"
	[ ! -e tried.sock ] || fail "$1: left its socket behind"
	assert_eq "$1: sanitizer reports" "$(sanitizer_reports tried.err)" 0
}
