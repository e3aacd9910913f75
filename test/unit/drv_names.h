/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Short names of the driver's states, reasons and events, for the suites that speak of them in each
 * line.
 */
#ifndef DRV_NAMES_H
#define DRV_NAMES_H

#include "rte_pmd_vdpa_virtio.h"

#define RUNNING RTE_PMD_VDPA_VIRTIO_RUNNING
#define STARTING RTE_PMD_VDPA_VIRTIO_STARTING
#define STOPPING RTE_PMD_VDPA_VIRTIO_STOPPING
#define PROBED RTE_PMD_VDPA_VIRTIO_PROBED
#define FAILED RTE_PMD_VDPA_VIRTIO_FAILED
#define OK RTE_PMD_VDPA_VIRTIO_OK
#define REASON(r) RTE_PMD_VDPA_VIRTIO_##r
#define EVENT(e) RTE_PMD_VDPA_VIRTIO_EVENT_##e

#endif /* DRV_NAMES_H */
