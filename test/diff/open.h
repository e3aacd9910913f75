/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Where the two functions come from: the only part that knows.
 */
#ifndef DIFF_OPEN_H
#define DIFF_OPEN_H

#include "vf.h"

struct diff_pair {
	struct diff_vf vf[2];
	void *nic; /**< What is behind both, if anything. */
};

/**
 * Two functions of this machine, through VFIO. Their links are changed through a QEMU monitor: the
 * file that $LAB_MONITOR names, in which they are vf1 and vf2.
 *
 * @return 0; or -errno, said on stderr
 */
int diff_open_vfio(struct diff_pair *p, const char *pci_a, const char *pci_b);

/** Two VFs of a simulated NIC whose switch is a bridge. @return 0; or -errno, said on stderr */
int diff_open_nicsim(struct diff_pair *p);
/** After the functions' buses were closed. */
void diff_close_nicsim(struct diff_pair *p);

#endif /* DIFF_OPEN_H */
