/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * One input of the ring engine's fuzz target, and what must hold for each.
 */
#ifndef RING_INPUT_H
#define RING_INPUT_H

#include <stddef.h>
#include <stdint.h>

/** What an input came to. */
struct ring_outcome {
	unsigned int popped; /**< Chains taken. */
	unsigned int pushed; /**< Given back. */
	unsigned int error; /**< First enum nicsim_ring_error; 0: none. */
};

/**
 * Run an input and check what the engine promises; a broken promise ends the process.
 *
 * @param data  the ring and what is mapped, then steps: of the engine, and of a driver that writes
 *              whatever it likes in between; see ring_seeds for its form
 * @param out   may be NULL
 * @return 0; 1 where the input is too short to be one, or its ring is refused
 */
int ring_input_run(const uint8_t *data, size_t size, struct ring_outcome *out);

#endif /* RING_INPUT_H */
