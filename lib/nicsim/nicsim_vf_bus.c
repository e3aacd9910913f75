/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * A simulated VF as a bus has it: opened, closed, registers, mappings, interrupts, reset. It holds
 * its user to what VFIO asks for. Owns the file descriptors of an open function. Any thread; waits
 * for the function's lock alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nicsim_vf_priv.h"

static uint32_t
io_read(void *ctx, uint8_t bar, uint64_t off, uint8_t len)
{
	struct nicsim_vf *vf = ctx;
	uint32_t val = UINT32_MAX >> (32 - 8 * len);

	nicsim_vf_lock(vf);
	if (vf->open)
		val = nicsim_regs_ops.read(&vf->regs, bar, off, len);
	else
		nicsim_regs_blame(&vf->regs, "a register read while the function is not open");
	nicsim_vf_unlock(vf);
	return val;
}

static void
io_write(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	struct nicsim_vf *vf = ctx;

	nicsim_vf_lock(vf);
	if (vf->open)
		nicsim_regs_ops.write(&vf->regs, bar, off, len, val);
	else
		nicsim_regs_blame(&vf->regs, "a register written while the function is not open");
	nicsim_vf_unlock(vf);
}

const struct vio_io_ops nicsim_vf_io_ops = {
	.read = io_read,
	.write = io_write,
};

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
fds_close(struct nicsim_vf *vf)
{
	if (vf->doorbells != NULL)
		munmap(vf->doorbells, vf->doorbells_len);
	vf->doorbells = NULL;
	fd_close(&vf->device_fd);
	fd_close(&vf->gone_fd);
}

/* A file of its own each time: who mapped it once does not ring what is opened later. */
static int
fds_open(struct nicsim_vf *vf)
{
	const struct vio_region *notify = &vf->regs.notify;
	uint64_t off = NICSIM_VF_BAR_OFFSET + notify->off;
	uint64_t len = (notify->len + NICSIM_DMA_PAGE - 1) & ~(uint64_t)(NICSIM_DMA_PAGE - 1);
	void *at;

	/* Sealed, as a front-end that is given it could take the pages away from under the NIC. */
	vf->device_fd = memfd_create("nicsim vf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	vf->gone_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vf->device_fd < 0 || vf->gone_fd < 0 ||
		ftruncate(vf->device_fd, (off_t)(off + len)) != 0 ||
		fcntl(vf->device_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return -errno;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, vf->device_fd, (off_t)off);
	if (at == MAP_FAILED)
		return -errno;
	vf->doorbells = at;
	vf->doorbells_len = len;
	return 0;
}

/* As the kernel resets a function at both ends of its use; no reset of the driver's. */
static void
reset_locked(struct nicsim_vf *vf)
{
	nicsim_common_default(&vf->regs);
	vf->regs.device_select = vf->regs.driver_select = 0;
	nicsim_vf_stop(vf);
	nicsim_ctrl_reset(vf);
}

static int
open_locked(struct nicsim_vf *vf, struct nicsim_vf_info *info)
{
	const char *why;
	int ret;

	if (vf->open)
		return -EBUSY;
	if (vf->gone)
		return -ENODEV;
	if (vio_caps_parse(vf->regs.cfg.bytes, NICSIM_PCICFG_LEN, vf->regs.cfg.bar_len,
		    &info->layout, &why) != 0)
		return -EIO;
	ret = fds_open(vf);
	if (ret != 0) {
		fds_close(vf);
		return ret;
	}
	reset_locked(vf);
	vf->open = true;
	vf->asked.opens++;
	info->vectors = vf->irq.vectors;
	info->device_fd = vf->device_fd;
	info->gone_fd = vf->gone_fd;
	info->bar_offset = NICSIM_VF_BAR_OFFSET;
	return 0;
}

int
nicsim_vf_open(struct nicsim_vf *vf, struct nicsim_vf_info *info)
{
	int ret;

	nicsim_vf_lock(vf);
	ret = open_locked(vf, info);
	nicsim_vf_unlock(vf);
	return ret;
}

static void
close_locked(struct nicsim_vf *vf)
{
	uint16_t i;

	reset_locked(vf);
	for (i = 0; i < vf->num_queues; i++)
		vf->queue[i].doorbell = NULL;
	nicsim_irq_disable(&vf->irq);
	nicsim_dma_clear(&vf->dma);
	fds_close(vf);
	vf->open = vf->stale = false;
	vf->regs.gone = vf->gone;
}

void
nicsim_vf_close(struct nicsim_vf *vf)
{
	nicsim_vf_lock(vf);
	vf->asked.closes++;
	if (!vf->open)
		nicsim_regs_blame(&vf->regs, "a function closed twice");
	else
		close_locked(vf);
	nicsim_vf_unlock(vf);
}

/* A fault that refuses. @return 0 or -errno */
static int
refused(const struct nicsim_vf *vf, enum nicsim_fault_kind kind)
{
	if (!nicsim_faults_on(&vf->regs.faults, kind))
		return 0;
	return -(int)vf->regs.faults.arg[kind];
}

static int
dma_map_locked(struct nicsim_vf *vf, uint64_t va, uint64_t iova, uint64_t len)
{
	int ret;

	if (!vf->open || len == 0 || (va | iova | len) % NICSIM_DMA_PAGE != 0 ||
		iova + (len - 1) < iova || va + (len - 1) < va) {
		nicsim_regs_blame(&vf->regs, "a mapping that an IOMMU cannot make");
		return -EINVAL;
	}
	nicsim_vf_point(vf, NICSIM_AT_MAP);
	ret = refused(vf, NICSIM_FAULT_DMA_MAP);
	if (ret == 0)
		ret = nicsim_dma_map(&vf->dma, va, iova, len);
	if (ret == 0)
		vf->asked.maps++;
	return ret;
}

int
nicsim_vf_dma_map(struct nicsim_vf *vf, uint64_t va, uint64_t iova, uint64_t len)
{
	int ret;

	nicsim_vf_lock(vf);
	ret = dma_map_locked(vf, va, iova, len);
	nicsim_vf_unlock(vf);
	return ret;
}

int
nicsim_vf_dma_unmap(struct nicsim_vf *vf, uint64_t iova, uint64_t len)
{
	int ret;

	nicsim_vf_lock(vf);
	ret = nicsim_dma_unmap(&vf->dma, iova, len);
	if (ret != 0)
		nicsim_regs_blame(&vf->regs, "an unmapping of what was not mapped so");
	else
		vf->asked.unmaps++;
	nicsim_vf_unlock(vf);
	return ret;
}

static int
irq_set_locked(struct nicsim_vf *vf, uint16_t first, uint16_t count, const int *fds)
{
	int ret;

	if (vf->stale && !vf->gone) /* what it was wired to is history */
		return -ENODEV;
	if (!vf->open || count == 0 || first + count > vf->irq.vectors ||
		(vf->irq.wired == 0 ? first != 0 : first + count > vf->irq.wired)) {
		nicsim_regs_blame(
			&vf->regs, "interrupt vectors set that are not enabled, or not there");
		return -EINVAL;
	}
	nicsim_vf_point(vf, NICSIM_AT_IRQ);
	ret = refused(vf, NICSIM_FAULT_IRQ);
	if (ret == 0)
		ret = nicsim_irq_set(&vf->irq, first, count, fds);
	if (ret == 0)
		vf->asked.irq_sets++;
	return ret;
}

int
nicsim_vf_irq_set(struct nicsim_vf *vf, uint16_t first, uint16_t count, const int *fds)
{
	int ret;

	nicsim_vf_lock(vf);
	ret = irq_set_locked(vf, first, count, fds);
	nicsim_vf_unlock(vf);
	return ret;
}

void
nicsim_vf_irq_disable(struct nicsim_vf *vf)
{
	nicsim_vf_lock(vf);
	nicsim_irq_disable(&vf->irq);
	vf->asked.irq_disables++;
	nicsim_vf_unlock(vf);
}

int
nicsim_vf_flr(struct nicsim_vf *vf)
{
	struct nicsim_faults *f = &vf->regs.faults;
	int ret;

	nicsim_vf_lock(vf);
	vf->asked.flrs++;
	ret = vf->regs.gone ? -ENODEV : refused(vf, NICSIM_FAULT_FLR);
	if (ret == 0 && !nicsim_faults_on(f, NICSIM_FAULT_FLR)) {
		f->lasting &= ~(UINT32_C(1) << NICSIM_FAULT_RESET_STUCK);
		nicsim_regs_reset(&vf->regs);
	}
	nicsim_vf_unlock(vf);
	return ret;
}
