/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The script's parts. Each takes both functions in any state and says what it observes; none of
 * them knows what the functions are.
 */
#ifndef DIFF_SCRIPT_H
#define DIFF_SCRIPT_H

#include "net.h"

/** A way to run rings. */
struct diff_mode {
	const char *name;
	uint64_t features;
	uint16_t pairs;
};

/** Features on offer, one line for each that there may be. */
void diff_script_offers(const struct diff_vf *a, uint64_t offered);

/** Registers of one function. */
void diff_script_regs(struct diff_vf *a);
/** Queues' registers, and what a reset of one leaves. */
void diff_script_queues(struct diff_vf *a);

/** Control commands to b. */
void diff_script_ctrl(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);
/** Which frames of a get through to b. */
void diff_script_filter(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);

/** Frames both ways, of all sizes and shapes. */
void diff_script_net(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);
/** Interrupts of single frames. */
void diff_script_irq(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);
/** What happens where there is no room, no queue, no link. */
void diff_script_edge(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);
/** Checksums and segments. */
void diff_script_offload(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);
/** Chains that are wrong. */
void diff_script_wrong(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);

/** Start both so, with plain receive buffers. @return 0; or it was said why not */
int diff_script_start(struct diff_vf *a, struct diff_vf *b, const struct diff_mode *mode);

/* 5.1.6.5.1: commands of CTRL_RX_EXTRA */
#define DIFF_RX_ALLUNI 2
#define DIFF_RX_NOMULTI 3
#define DIFF_RX_NOUNI 4
#define DIFF_RX_NOBCAST 5

/** Data of MAC_TABLE_SET. @param data  room for 8 bytes, and 6 for each address. @return bytes */
size_t diff_mac_tables(uint8_t *data, const uint8_t (*uni)[6], uint32_t num_uni,
	const uint8_t (*multi)[6], uint32_t num_multi);

#define DIFF_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif /* DIFF_SCRIPT_H */
