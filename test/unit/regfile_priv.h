/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the parts of the register file share among themselves.
 */
#ifndef REGFILE_PRIV_H
#define REGFILE_PRIV_H

#include "regfile.h"

/** What a reset leaves. */
void regfile_default_state(struct regfile *rf);

/** Whether a feature is in force: accepted, and FEATURES_OK. */
bool regfile_negotiated(const struct regfile *rf, unsigned int bit);

/** @param off  from the start of the structure, aligned to len */
uint32_t regfile_common_read(struct regfile *rf, uint64_t off, uint8_t len);
void regfile_common_write(struct regfile *rf, uint64_t off, uint8_t len, uint32_t val);

#endif /* REGFILE_PRIV_H */
