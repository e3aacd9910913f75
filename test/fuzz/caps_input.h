/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * One input of the capability parser's fuzz target, and what must hold for each.
 */
#ifndef CAPS_INPUT_H
#define CAPS_INPUT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Parse an input and check what the parser promises; a broken promise ends the process.
 *
 * @param data  six lengths of BARs, 8 bytes each, little-endian; then the configuration space
 * @param why   set to the parser's text where it refuses; may be NULL
 * @return the parser's answer; 1 where the input is too short to be one
 */
int caps_input_run(const uint8_t *data, size_t size, const char **why);

#endif /* CAPS_INPUT_H */
