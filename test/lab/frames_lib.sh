# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# What the frames scripts share. The guest is testpmd's virtio-user on vdpa-switch's socket, so its rings
# are run by VF 1; it returns every frame with the MAC addresses swapped. Its peer, lab-frames, is on VF 2
# with DPDK's plain virtio driver: it sends numbered frames and checks each byte, each length, and the
# order in which they come back. So every frame crosses a receive ring and a transmit ring of VF 1.
# Sourced after $LAB_LIB.
#
# Frames for each combination: FRAMES_COUNT (lab --env FRAMES_COUNT=100000 for a shorter run);
# FRAMES_OTHERS, if given, for all but the plainest and the richest one of either ring format.
#
# That the order holds for each flow, with several queues too: the TAP device of VF 2 returns a flow by the
# queue that it was last sent from, which for lab-frames is always the same one; that of VF 1 chooses the
# guest's queue by a hash of the addresses, and when testpmd returns the frame from the queue pair it came to,
# learns just that. So no flow ever changes its queue, and nothing is allowed for.
#
# Nothing pushes back on a sender here, hence at most FRAMES_WINDOW frames on the way, and a guest that tries
# again when its transmit ring is full. Guest and peer poll and share one processor, on which the peer sleeps
# when it has nothing to do: that leaves one of the host's to QEMU, which does the work of both VFs.
# To start a program in L1 takes it tenths of a second: in what is done for each combination, bash reads and
# compares by itself.
# shellcheck source-path=SCRIPTDIR source=guest_lib.sh
. "$LAB_REPO/test/lab/guest_lib.sh"

FRAMES_COUNT=${FRAMES_COUNT:-1000000}
FRAMES_OTHERS=${FRAMES_OTHERS:-$FRAMES_COUNT}
FRAMES_WINDOW=512
FRAMES_FLOWS=128
# A guest with mergeable buffers gets ones of this size: most frames, of 60 to 1514 bytes, need two or three.
FRAMES_SMALL_BUFFER=576
MBUF_HEADROOM=128
BIT_MERGEABLE=15 BIT_VERSION_1=32 BIT_PLATFORM=33 BIT_PACKED=34 BIT_IN_ORDER=35

GUEST_MAC=52:54:00:00:01:01 # that of VF 1, which the bridge knows
frames_run=0
frames_all=0
declare -A flag=([off]=0 [on]=1 [split]=0 [packed]=1)
declare -A vdpa peer_says guest_says # what was said last, by its key

frames_begin() {
	switch_start
	switch_baseline
	exec {switch_fd}< switch.out
	mkfifo never
	exec {never_fd}<> never
}

frames_end() {
	switch_check
	switch_stop
	assert_eq "DMAR faults" "$(dmar_faults)" 0
	note "$frames_run combinations, $frames_all frames to the guest on VF 1 and back in all"
}

# --- reading, without other programs -----------------------------------------------------------

# take_words ARRAY LINE: the words of the form key=value.
take_words() {
	local -n words=$1
	local word
	for word in $2; do
		# shellcheck disable=SC2034 # another name of $1
		[[ $word != *=* ]] || words[${word%%=*}]=${word#*=}
	done
}

# read_until DESCRIPTOR PATTERN SECONDS: lines, kept in $lines, up to one that the pattern fits; 1 if it ended
# or the time was up before.
lines=()
read_until() {
	local end=$((SECONDS + $3)) line
	while [ "$SECONDS" -lt "$end" ] && IFS= read -r -t $((end - SECONDS)) -u "$1" line; do
		lines+=("$line")
		# shellcheck disable=SC2053 # a pattern
		[[ $line != $2 ]] || return 0
	done
	return 1
}

# read_rest DESCRIPTOR SECONDS: all that is still said.
read_rest() {
	lines=()
	read_until "$1" $'\n' "$2" || true # no line has that
}

# await_line NAME DESCRIPTOR PATTERN SECONDS: or fail.
await_line() {
	lines=()
	read_until "$2" "$3" "$4" && return
	printf '%s\n' "${lines[@]/#/$1: }"
	fail "$1 did not say '$3' within $4 s"
}

# stats_take: asks vdpa-switch for its statistics, and fills vdpa.
stats_take() {
	local line end=$((SECONDS + 10))
	while IFS= read -r -u "$switch_fd" line; do :; done
	kill -USR1 "$SWITCH"
	until IFS= read -r -u "$switch_fd" line && [[ $line == 'stats guest='* ]]; do
		[ "$SECONDS" -le "$end" ] || switch_failed "vdpa-switch printed no statistics"
		read -r -t 0.02 -u "$never_fd" || true
	done
	take_words vdpa "$line"
}

# stats_await KEY VALUE: within 20 s.
stats_await() {
	local end=$((SECONDS + 20))
	stats_take
	until [ "${vdpa[$1]}" = "$2" ] || [ "$SECONDS" -gt "$end" ]; do
		read -r -t 0.1 -u "$never_fd" || true
		stats_take
	done
	assert_eq "vdpa-switch: $1" "${vdpa[$1]}" "$2"
}

# --- guest and peer ----------------------------------------------------------------------------

# guest_run RING PAIRS MERGEABLE IN_ORDER: becomes the guest.
guest_run() {
	local vdev=net_virtio_user0,path=guest.sock,mac=$GUEST_MAC,queues=$2 buffers=()
	vdev+=,packed_vq=${flag[$1]},mrg_rxbuf=${flag[$3]},in_order=${flag[$4]}
	[ "$3" = off ] ||
		buffers=("--mbuf-size=$((FRAMES_SMALL_BUFFER + MBUF_HEADROOM))" --enable-scatter)
	# Few memory segments: virtio-user sends each as a region, and there can be only 8.
	exec stdbuf -oL dpdk-testpmd --lcores=0@0,1@1 --in-memory --single-file-segments --no-telemetry \
		--no-pci -m 128 --file-prefix=guest --vdev "$vdev" -- -i --nb-cores=1 --rxq="$2" --txq="$2" \
		--burst=64 --total-num-mbufs=8192 "${buffers[@]}" < guest.in > guest.out 2>&1
}

# peer_run PAIRS: becomes the peer.
peer_run() {
	exec timeout -k 5 $((60 + FRAMES_COUNT / 2000)) "$LAB_BUILD/test/lab/lab-frames" --lcores=0@1 \
		--in-memory --no-telemetry -m 64 --file-prefix=peer --log-level=pmd.net.virtio.init:debug \
		-a "$LAB_VF2" -- --peer "$GUEST_MAC" --queues "$1" --flows "$FRAMES_FLOWS" --wait \
		--count "$FRAMES_COUNT" --window "$FRAMES_WINDOW" --burst 64 --idle 1000 \
		--run "$frames_run" < peer.in > peer.out 2>&1
}

# pair_start RING PAIRS MERGEABLE IN_ORDER: both at once, as to start is most of what they cost. Sets
# guest_pid, guest_in and guest_out (descriptors), and the same of the peer, whose first lines are in $lines.
pair_start() {
	rm -f guest.in guest.out peer.in peer.out
	mkfifo guest.in guest.out peer.in peer.out
	spawn guest_run "$@"
	guest_pid=$SPAWNED
	spawn peer_run "$2"
	peer_pid=$SPAWNED
	exec {guest_in}> guest.in {guest_out}< guest.out {peer_in}> peer.in {peer_out}< peer.out
	printf '%s\n' 'set fwd macswap retry' 'set burst tx delay 10 retry 100000' >&"$guest_in"
	await_line peer "$peer_out" ready 60
	peer_ring_take
	# Once the guest polls, little else gets the processor: so it comes last.
	echo start >&"$guest_in"
	await_line guest "$guest_out" '*macswap packet forwarding*' 60
}

# peer_ring_take: the ring that the plain driver negotiated on VF 2.
peer_ring_take() {
	local line rings=('split' 'packed')
	peer_ring=unknown
	for line in "${lines[@]}"; do
		[[ ! $line =~ 'features after negotiate = '([0-9a-f]+) ]] ||
			peer_ring=${rings[16#${BASH_REMATCH[1]} >> BIT_PACKED & 1]}
	done
}

# guest_take: testpmd's counters, out of $lines.
guest_take() {
	local line
	guest_says=()
	for line in "${lines[@]}"; do
		if [[ $line =~ ^([a-z0-9_]+):\ ([0-9]+) ]]; then
			guest_says[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		elif [[ $line =~ TX-dropped:\ ([0-9]+) ]]; then
			guest_says[dropped]=${BASH_REMATCH[1]} # the last one is of all its queues
		fi
	done
}

# pair_end: both have had their say.
pair_end() {
	exec {guest_in}>&- {guest_out}<&- {peer_in}>&- {peer_out}<&-
}

# --- what must hold ----------------------------------------------------------------------------

# check_peer: sends off the frames; each comes back.
check_peer() {
	local rc=0 key
	echo >&"$peer_in"
	read_rest "$peer_out" $((120 + FRAMES_COUNT / 2000))
	wait "$peer_pid" || rc=$?
	[ "$rc" -eq 0 ] || printf 'peer: %s\n' "${lines[@]}"
	peer_says=([received]=none [lost]=none [corrupt]=none [ahead]=none [behind]=none)
	for key in "${lines[@]}"; do
		[[ $key != 'frames sent='* ]] || take_words peer_says "$key"
	done
	assert_eq "peer: frames received back" "${peer_says[received]}" "$FRAMES_COUNT"
	for key in lost corrupt ahead behind; do
		assert_eq "peer: frames $key" "${peer_says[$key]}" 0
	done
	assert_eq "peer: exit status" "$rc" 0
}

# check_negotiated RING PAIRS MERGEABLE IN_ORDER: what the guest runs on, while it does.
check_negotiated() {
	local features
	stats_await state hardware
	features=${vdpa[features]}
	assert_eq "vdpa-switch: queues" "${vdpa[queues]}" $((2 * $2))
	assert_eq "vdpa-switch: interrupts wired to the guest" "${vdpa[irq_direct]}" $((2 * $2))
	note "features $features"
	assert_eq "feature packed ring" $((features >> BIT_PACKED & 1)) "${flag[$1]}"
	assert_eq "feature mergeable buffers" $((features >> BIT_MERGEABLE & 1)) "${flag[$3]}"
	assert_eq "feature in-order" $((features >> BIT_IN_ORDER & 1)) "${flag[$4]}"
	assert_eq "feature version 1" $((features >> BIT_VERSION_1 & 1)) 1
	assert_eq "feature access platform" $((features >> BIT_PLATFORM & 1)) 1
}

# check_guest PAIRS: the frames were in the guest, and on each of its queues. It ends cleanly.
check_guest() {
	local q way rc=0
	local -A verb=([rx]=received [tx]=sent)
	printf '%s\n' stop 'show port xstats 0' quit >&"$guest_in"
	read_rest "$guest_out" 60
	wait_for 10 ended "$guest_pid" || fail "the guest does not end"
	wait "$guest_pid" || rc=$?
	guest_take
	assert_eq "guest: exit status" "$rc" 0
	assert_ge "guest: frames received" "${guest_says[rx_good_packets]}" "$FRAMES_COUNT"
	assert_ge "guest: frames sent" "${guest_says[tx_good_packets]}" "$FRAMES_COUNT"
	assert_eq "guest: frames not sent" "${guest_says[dropped]}" 0
	# Of 4 queues each has a quarter of the flows, more or less; the hash is another one each boot.
	for ((q = 0; q < $1; q++)); do
		for way in rx tx; do
			assert_ge "guest: queue $q: frames ${verb[$way]}" \
				"${guest_says[${way}_q${q}_good_packets]}" $((FRAMES_COUNT / $1 / 4))
		done
	done
}

# frames_combination RING PAIRS MERGEABLE IN_ORDER: split or packed, a number, on or off, on or off.
frames_combination() {
	local begin=$SECONDS cpu kicks FRAMES_COUNT=$FRAMES_COUNT
	case "$2 $3 $4" in
	'1 off off' | '4 on on') ;;
	*) FRAMES_COUNT=$FRAMES_OTHERS ;;
	esac
	note "== $1 ring, $2 queue pairs, mergeable $3, in-order $4"
	pair_start "$@"
	stats_await state hardware
	cpu=$(cpu_ms "$SWITCH") kicks=${vdpa[kicks_relayed]}
	check_peer
	cpu=$(($(cpu_ms "$SWITCH") - cpu))
	check_negotiated "$@"
	kicks=$((vdpa[kicks_relayed] - kicks))
	check_guest "$2"
	stats_await state listening
	assert_eq "vdpa-switch: failures" "${vdpa[failures]}" 0
	pair_end
	frames_run=$((frames_run + 1))
	frames_all=$((frames_all + FRAMES_COUNT))
	note "$FRAMES_COUNT frames, ${peer_says[bytes]} bytes, there and back in ${peer_says[seconds]} s:" \
		"${peer_says[per_second]} a second, $((SECONDS - begin)) s in all; VF 2's rings: $peer_ring;" \
		"vdpa-switch: $cpu ms, $kicks kicks relayed"
}
