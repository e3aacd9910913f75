/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The VF of a guest: its vDPA device and what the device's driver tells.
 */
#ifndef VSW_VF_H
#define VSW_VF_H

#include "guest.h"

/**
 * Before EAL: can this VF be used? Reads sysfs only. What is no virtio function passes: it may have
 * another vDPA driver.
 *
 * @return 0, or -errno with err saying why not and what to do
 */
int
vsw_vf_check(const struct vsw_guest_config *cfg, struct vsw_err *err);

/**
 * Find the guest's vDPA device, set it up as configured, follow its events.
 *
 * @return 0; -ENODEV no driver made a vDPA device of it; -ENOTSUP, -ERANGE, -EINVAL it cannot do
 * what is configured
 */
int
vsw_vf_open(struct vsw_guest *guest, struct vsw_err *err);

/**
 * No event comes after this. lib/vhost must be off the device. Harmless on one that is not open.
 */
void
vsw_vf_close(struct vsw_guest *guest);

/** Any thread while open. @return 0; -ENODEV not open, or its driver reports nothing */
int
vsw_vf_status(const struct vsw_guest *guest, struct rte_pmd_vdpa_virtio_status *st);

#endif /* VSW_VF_H */
