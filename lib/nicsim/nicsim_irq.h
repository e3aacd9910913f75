/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * The MSI-X vectors of one function, each wired to an eventfd or to nothing. Firing one never
 * waits: see vio_signal.h.
 *
 * Not thread safe: guarded by the function's lock.
 */
#ifndef NICSIM_IRQ_H
#define NICSIM_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#define NICSIM_IRQ_VECTORS 2048

struct nicsim_irq {
	uint16_t vectors; /**< That there are. */
	uint16_t wired; /**< Enabled: 0..wired - 1. 0: MSI-X is off. */
	uint64_t fired;
	int fd[NICSIM_IRQ_VECTORS]; /**< Own duplicates; -1: none. */
};

void nicsim_irq_init(struct nicsim_irq *irq);

/**
 * Wire vectors first..first + count - 1 to duplicates of fds; -1: none. Of VFIO: the first call
 * since nicsim_irq_disable() starts at 0 and says how many are enabled; later ones change some of
 * these.
 *
 * @return 0; -EINVAL vectors that are not there, or not enabled; -EMFILE and the like: of a later
 *         call, a part may be done
 */
int nicsim_irq_set(struct nicsim_irq *irq, uint16_t first, uint16_t count, const int *fds);

/** Turn all off; twice is fine. */
void nicsim_irq_disable(struct nicsim_irq *irq);

/** Fire one. @return whether somebody was there to notice */
bool nicsim_irq_fire(struct nicsim_irq *irq, uint16_t vector);

#endif /* NICSIM_IRQ_H */
