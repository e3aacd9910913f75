/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The registers of a simulated function, alone: the device that the suites of lib/virtio test
 * against. One thread at a time, no lock.
 */
#ifndef DUT_H
#define DUT_H

#include "nicsim_regs.h"
#include "vio_caps.h"
#include "vio_dev.h"

/** A net device of 4 queue pairs, MQ and a control queue, a page for each doorbell. */
extern const struct nicsim_regs_conf dut_default;

/** @param conf  copied; NULL: dut_default */
void dut_init(struct nicsim_regs *regs, const struct nicsim_regs_conf *conf);

/** From its configuration space to an initialized device. @return what failed */
int dut_open(struct nicsim_regs *regs, struct vio_dev *dev);

/** The same, and further through reset and negotiation of the features. */
int dut_negotiate(struct nicsim_regs *regs, struct vio_dev *dev, uint64_t features);

/** Arm a fault in its text form. @return 0; what is wrong with it is printed */
int dut_fault(struct nicsim_regs *regs, const char *text);

/** Take all faults back. */
void dut_cure(struct nicsim_regs *regs);

/** Gone after so many more accesses: the next one reads all ones. */
void dut_gone_after(struct nicsim_regs *regs, uint64_t accesses);

/** vio_caps_parse() of a copy of exactly len bytes: the sanitizer sees each byte too far. */
int dut_parse(const struct nicsim_pcicfg *cfg, size_t len, struct vio_layout *layout,
	const char **why);

#endif /* DUT_H */
