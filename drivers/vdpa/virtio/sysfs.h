/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* What sysfs says of a PCI function, before anything is opened. */
#ifndef VIRTIO_VDPA_SYSFS_H
#define VIRTIO_VDPA_SYSFS_H

#include <stddef.h>

/*
 * Whether a function can be taken through VFIO.
 *
 * root: "" or, for tests, a folder that holds sys/. pci: DDDD:BB:DD.F or BB:DD.F. group: its IOMMU
 * group, on success. text: what is wrong, and the remedy. Returns as
 * rte_pmd_vdpa_virtio_diagnose().
 */
int virtio_vdpa_sysfs_check(
	const char *root, const char *pci, unsigned int *group, char *text, size_t len);

#endif /* VIRTIO_VDPA_SYSFS_H */
