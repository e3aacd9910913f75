/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A PCI configuration space, written capability by capability: what a simulated function shows of
 * itself. It writes what it is told, legal or not, so that tests can have a bad one.
 */
#ifndef NICSIM_PCICFG_H
#define NICSIM_PCICFG_H

#include <stddef.h>
#include <stdint.h>

#include <vio_caps.h>

#define NICSIM_PCICFG_LEN 256

struct nicsim_pcicfg {
	uint8_t bytes[NICSIM_PCICFG_LEN];
	uint64_t bar_len[VIO_NUM_BARS];
	uint8_t link; /**< Offset of the pointer that the next capability is hung on. */
	uint16_t room; /**< Offset of the next capability. */
};

/** A type 0 header without capabilities and BARs. */
void nicsim_pcicfg_init(struct nicsim_pcicfg *cfg, uint16_t vendor, uint16_t device);

/**
 * Append a capability.
 *
 * @param len  bytes of it, the two of its own head included; room is taken in steps of 4
 * @return its offset
 */
uint8_t nicsim_pcicfg_add(struct nicsim_pcicfg *cfg, uint8_t id, uint8_t len);

/** Append a virtio structure; a notification structure's multiplier is 0 until it is set. */
uint8_t nicsim_pcicfg_add_virtio(
	struct nicsim_pcicfg *cfg, uint8_t type, uint8_t bar, uint32_t off, uint32_t len);

/** Append the notification structure. */
uint8_t nicsim_pcicfg_add_notify(
	struct nicsim_pcicfg *cfg, uint8_t bar, uint32_t off, uint32_t len, uint32_t multiplier);

/** Little-endian stores, for what the functions above do not write. */
void nicsim_pcicfg_set16(struct nicsim_pcicfg *cfg, uint16_t off, uint16_t val);
void nicsim_pcicfg_set32(struct nicsim_pcicfg *cfg, uint16_t off, uint32_t val);

#endif /* NICSIM_PCICFG_H */
