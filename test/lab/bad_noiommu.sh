#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# A host without an IOMMU. Lab options: --no-iommu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$LAB_LIB"
# shellcheck source-path=SCRIPTDIR source=bad_lib.sh
. "$LAB_REPO/test/lab/bad_lib.sh"

assert_eq "IOMMUs" "$(find /sys/class/iommu -mindepth 1 2> /dev/null | wc -l)" 0
does_not_start "no IOMMU" "$LAB_VF1" \
	"$LAB_VF1 is behind no IOMMU; remedy: turn it on in the firmware and boot with intel_iommu=on"
