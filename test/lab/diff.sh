#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# Is nicsim like a device that others made? One script of register accesses, commands and frames on VF 1
# and VF 2, and on two VFs of a simulated NIC; what it observes has to be the same, line by line, but for
# test/diff/differences. Says also whether what is recorded of the VFs in test/diff/expected-lab still holds,
# and leaves what would have to be recorded instead in $LAB_OUT.
# $DIFF_QUIET: milliseconds after which nothing more is expected on the VFs.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"

DIFF=$LAB_REPO/test/diff
VF_SCRIPT=$LAB_BUILD/test/diff/vf-script

cd "$(mktemp -d)"
on_exit rm -rf "$PWD"
lab_offers=$("$VF_SCRIPT" --offers "$LAB_VF1" "$LAB_VF2")
nicsim_offers=$("$VF_SCRIPT" --offers)
features=$(printf '0x%x' $((lab_offers & nicsim_offers)))
note "features: the VFs offer $lab_offers, nicsim $nicsim_offers, both $features"

"$VF_SCRIPT" --features "$features" --quiet "${DIFF_QUIET:-100}" "$LAB_VF1" "$LAB_VF2" > lab
"$VF_SCRIPT" --features "$features" > nicsim
{
	head -n 3 "$DIFF/differences" | grep -v '^#$'
	echo "# What the lab's VFs were observed to do: recorded, see README.md."
	cat lab
} > "$LAB_OUT/expected-lab"
cp nicsim "$LAB_OUT/nicsim"
"$DIFF/compare" lab nicsim "$DIFF/differences" || fail "nicsim is not like the VFs"
"$DIFF/compare" --same "$DIFF/expected-lab" lab ||
	fail "the VFs are not as recorded; test/diff/README.md says how to record them anew"
assert_eq "DMAR faults" "$(dmar_faults)" 0
