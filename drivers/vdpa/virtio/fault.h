/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Why something failed: filled in where the error is first known, carried up unchanged, logged and
 * shown once.
 */
#ifndef VIRTIO_VDPA_FAULT_H
#define VIRTIO_VDPA_FAULT_H

#include "rte_pmd_vdpa_virtio.h"

struct virtio_vdpa_fault {
	enum rte_pmd_vdpa_virtio_reason reason;
	int error; /* -errno */
	char text[RTE_PMD_VDPA_VIRTIO_TEXT];
};

/* Fill in a fault; returns error, so that a check is one line. */
int
virtio_vdpa_fault_set(struct virtio_vdpa_fault *fault, enum rte_pmd_vdpa_virtio_reason reason,
	int error, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif /* VIRTIO_VDPA_FAULT_H */
