#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# Front-ends that do not answer, refuse, change their mind, or come twice: each is served as far as
# it goes with it, and none is in the way of others or of an end in order.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

on_exit vf_link 1 on
switch_start g1="$LAB_VF1" g2="$LAB_VF2"
daemon_baseline "$SWITCH"
run_cases hostile_frontend.py 120
daemon_check "$SWITCH"
switch_stop

note "the daemon stops while one front-end owes it an answer and another one's guest runs"
switch_start g1="$LAB_VF1" g2="$LAB_VF2"
for spec in "g1 silent" "g2 accept"; do
	read -r guest doorbell <<< "$spec"
	spawn python3 "$LAB_REPO/test/lab/frontend.py" "$guest.sock" 1 "$doorbell"
	wait_for 30 grep -q "guest $guest: .*-> hardware" switch.out || fail "$guest did not run"
done
wait_for 10 grep -q "guest g2: .*doorbells mapped" switch.out || fail "g2 maps no doorbells"
switch_stop
for guest in g1 g2; do
	assert_eq "$guest: the last word" \
		"$(grep "guest $guest: " switch.out | tail -n 1 | sed 's/.* -> //')" \
		"down (socket and VF released) reason=stopped"
	[ ! -e "$guest.sock" ] || fail "$guest.sock is left"
done
assert_eq "DMAR faults" "$(dmar_faults)" 0
