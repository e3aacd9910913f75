/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * MSI-X vectors as eventfds, and what is sent through them. Owns the duplicates. Under the
 * function's lock; never blocks, whatever the one who gave an eventfd does to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vio_signal.h>

#include "nicsim_vf_priv.h"

#define ISR_QUEUE 1 /* 4.1.4.5 */
#define ISR_CONFIG 2

void
nicsim_irq_init(struct nicsim_irq *irq)
{
	unsigned int i;

	irq->vectors = irq->wired = 0;
	irq->fired = 0;
	for (i = 0; i < NICSIM_IRQ_VECTORS; i++)
		irq->fd[i] = -1;
}

static void
unwire(struct nicsim_irq *irq, uint16_t vector)
{
	if (irq->fd[vector] >= 0)
		close(irq->fd[vector]);
	irq->fd[vector] = -1;
}

int
nicsim_irq_set(struct nicsim_irq *irq, uint16_t first, uint16_t count, const int *fds)
{
	int fd, ret;
	uint16_t i;

	if (count == 0 || first + count > irq->vectors ||
		(irq->wired == 0 ? first != 0 : first + count > irq->wired))
		return -EINVAL;
	for (i = 0; i < count; i++) {
		fd = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (fds[i] >= 0 && fd < 0) {
			ret = -errno;
			goto unwire_new;
		}
		unwire(irq, first + i);
		irq->fd[first + i] = fd;
	}
	if (irq->wired == 0)
		irq->wired = count;
	return 0;

unwire_new:
	while (irq->wired == 0 && i-- > 0)
		unwire(irq, first + i);
	return ret;
}

void
nicsim_irq_disable(struct nicsim_irq *irq)
{
	uint16_t i;

	for (i = 0; i < irq->wired; i++)
		unwire(irq, i);
	irq->wired = 0;
}

bool
nicsim_irq_fire(struct nicsim_irq *irq, uint16_t vector)
{
	if (vector >= irq->wired || irq->fd[vector] < 0)
		return false;
	irq->fired++;
	vio_signal(irq->fd[vector]);
	return true;
}

void
nicsim_vf_signal(struct nicsim_vf *vf, uint16_t qid)
{
	if (vf->regs.gone)
		return;
	if (vf->irq.wired == 0)
		vf->regs.isr |= ISR_QUEUE;
	else if (nicsim_irq_fire(&vf->irq, vf->regs.q[qid].vector))
		vf->queue[qid].stats.irqs++;
}

static void
config_interrupt(struct nicsim_vf *vf)
{
	if (vf->irq.wired == 0)
		vf->regs.isr |= ISR_CONFIG;
	else
		nicsim_irq_fire(&vf->irq, vf->regs.config_vector);
}

/* 2.5.1: another generation for what changed; 4.1.5.3: nobody listens before DRIVER_OK. */
void
nicsim_vf_config_changed(struct nicsim_vf *vf)
{
	vf->regs.generation++;
	if ((vf->regs.status & VIO_STATUS_DRIVER_OK) != 0 && !vf->regs.gone)
		config_interrupt(vf);
}

void
nicsim_vf_needs_reset(struct nicsim_vf *vf)
{
	if (vf->regs.gone)
		return;
	vf->regs.status |= VIO_STATUS_NEEDS_RESET; /* 2.1.2 */
	if ((vf->regs.status & VIO_STATUS_DRIVER_OK) != 0)
		config_interrupt(vf);
}

void
nicsim_vf_broken(struct nicsim_vf *vf, uint16_t qid)
{
	struct nicsim_queue *q = &vf->queue[qid];

	q->kicked = false;
	if (q->given_up)
		return;
	q->given_up = true;
	nicsim_vf_needs_reset(vf);
}
