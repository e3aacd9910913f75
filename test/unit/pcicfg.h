/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A PCI configuration space, written capability by capability: what a test hands to the parser, and
 * what the register file shows as its own.
 */
#ifndef PCICFG_H
#define PCICFG_H

#include <stddef.h>
#include <stdint.h>

#include "vio_caps.h"

#define PCICFG_LEN 256

struct pcicfg {
	uint8_t bytes[PCICFG_LEN];
	uint64_t bar_len[VIO_NUM_BARS];
	uint8_t link; /* offset of the pointer that the next capability is hung on */
	uint16_t room; /* offset of the next capability */
};

/** A type 0 header without capabilities and BARs. */
void pcicfg_init(struct pcicfg *cfg, uint16_t vendor, uint16_t device);

/**
 * Append a capability.
 *
 * @param len  bytes of it, the two of its own head included; room is taken in steps of 4
 * @return its offset
 */
uint8_t pcicfg_add(struct pcicfg *cfg, uint8_t id, uint8_t len);

/** Append a virtio structure; a notification structure's multiplier is 0 until it is set. */
uint8_t pcicfg_add_virtio(
	struct pcicfg *cfg, uint8_t type, uint8_t bar, uint32_t off, uint32_t len);

/** Append the notification structure. */
uint8_t pcicfg_add_notify(
	struct pcicfg *cfg, uint8_t bar, uint32_t off, uint32_t len, uint32_t multiplier);

/** Little-endian stores, for what the functions above do not write. */
void pcicfg_set16(struct pcicfg *cfg, uint16_t off, uint16_t val);
void pcicfg_set32(struct pcicfg *cfg, uint16_t off, uint32_t val);

/** vio_caps_parse() of a copy of exactly len bytes: the sanitizer sees each byte too far. */
int pcicfg_parse(const struct pcicfg *cfg, size_t len, struct vio_layout *layout, const char **why);

#endif /* PCICFG_H */
