# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What ./check and ./demo share: a step is one command with a name, a log, a time limit, and an end
# that is told. Source it, then call steps_init. A step is ended with all it started when the script
# is; nothing here waits for ever.

step_child=''
step_tail=''

# steps_init LOGDIR [DEADLINE]: DEADLINE is the seconds after which no step goes on (0: none).
steps_init() {
	step_logs=$1
	step_deadline=${2:-0}
	mkdir -p "$step_logs"
	trap steps_clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

steps_clean_up() {
	# timeout passes the signal on to the process group that it made for the step.
	[ -z "$step_child" ] || { kill "$step_child"; wait "$step_child"; } 2> /dev/null || true
	[ -z "$step_tail" ] || kill "$step_tail" 2> /dev/null || true
	step_child=''
	step_tail=''
}

say() { printf '%s\n' "$*"; }

# step [-s] NAME LIMIT COMMAND...: runs it without stdin, its output in LOGDIR/NAME.log, with -s
# shown too. Sets step_rc, step_seconds, step_log. Never fails itself.
step() {
	local stream='' name limit begin=$SECONDS
	[ "$1" != -s ] || { stream=1; shift; }
	name=$1 limit=$2
	shift 2
	if [ "$step_deadline" -gt 0 ] && [ $((step_deadline - SECONDS)) -lt "$limit" ]; then
		limit=$((step_deadline - SECONDS))
		[ "$limit" -gt 0 ] || limit=1
	fi
	step_log=$step_logs/${name//[^A-Za-z0-9]/-}.log
	step_rc=0
	: > "$step_log"
	printf '== %s\n' "$name"
	timeout -k 30 "$limit" "$@" > "$step_log" 2>&1 < /dev/null &
	step_child=$!
	if [ -n "$stream" ]; then
		tail -n +1 -s 0.2 --pid="$step_child" -f "$step_log" 2> /dev/null &
		step_tail=$!
	fi
	wait "$step_child" || step_rc=$?
	step_child=
	[ -z "$step_tail" ] || wait "$step_tail" || true
	step_tail=
	step_seconds=$((SECONDS - begin))
	step_tell "$name" "$limit" "$stream"
}

step_tell() {
	case $step_rc in
	0) printf '   %s: ok (%s s)\n' "$1" "$step_seconds" ;;
	124 | 137) printf '   %s: FAILED, ended after its limit of %s s\n' "$1" "$2" ;;
	*) printf '   %s: FAILED with status %s (%s s)\n' "$1" "$step_rc" "$step_seconds" ;;
	esac
	[ "$step_rc" -eq 0 ] || {
		[ -n "$3" ] || tail -n 40 "$step_log" | sed 's/^/   | /'
		printf '   all of its output: %s\n' "$step_log"
	}
}

# build_step KIND DIR: one of the builds, each for its own compiler or checks.
build_step() {
	local dir=$2
	case $1 in
	main) step 'build (gcc)' 400 env CC=gcc config/build "$dir" -Dwerror=true ;;
	asan)
		step 'build (gcc, sanitizers)' 400 env CC=gcc config/build "$dir" -Dwerror=true \
			-Db_sanitize=address,undefined -Db_lundef=false
		;;
	# clang: gcc warns of each fence (-Wtsan), of which neither one's runtime makes anything. DPDK's
	# locks are inline assembly otherwise, which it does not see.
	tsan)
		step 'build (clang, thread sanitizer)' 400 env CC=clang config/build "$dir" \
			-Dwerror=true -Db_sanitize=thread -Db_lundef=false \
			-Dc_args=-DRTE_FORCE_INTRINSICS
		;;
	clang)
		step 'build (clang, fuzz targets)' 400 env CC=clang config/build "$dir" \
			-Dwerror=true -Dfuzz=enabled -Db_lundef=false
		;;
	static)
		step 'build (DPDK as static subproject)' 600 env CC=gcc config/build "$dir" \
			-Dwerror=true --force-fallback-for=dpdk \
			-- app/vdpa-switch/vdpa-switch test/unit/vdpa-virtio-test
		;;
	esac
}
