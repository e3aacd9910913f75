/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The vDPA driver's bus over a simulated VF. Glue alone: the VF keeps mappings and interrupts, and
 * holds the driver to the rules that VFIO has. Any thread; never waits for more than the VF's lock.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "vf_bus.h"

#define IOMMU_PAGES (UINT64_C(1) << 12 | UINT64_C(1) << 21 | UINT64_C(1) << 30)

struct vf_bus {
	struct virtio_vdpa_bus bus;
	struct nicsim_vf *vf;
};

static struct nicsim_vf *
vf_of(struct virtio_vdpa_bus *bus)
{
	return ((struct vf_bus *)((char *)bus - offsetof(struct vf_bus, bus)))->vf;
}

static int
bus_dma_map(struct virtio_vdpa_bus *bus, uint64_t va, uint64_t iova, uint64_t len)
{
	return nicsim_vf_dma_map(vf_of(bus), va, iova, len);
}

static int
bus_dma_unmap(struct virtio_vdpa_bus *bus, uint64_t iova, uint64_t len)
{
	return nicsim_vf_dma_unmap(vf_of(bus), iova, len);
}

static int
bus_irq_set(struct virtio_vdpa_bus *bus, uint16_t first, uint16_t count, const int *fds)
{
	return nicsim_vf_irq_set(vf_of(bus), first, count, fds);
}

static void
bus_irq_disable(struct virtio_vdpa_bus *bus)
{
	nicsim_vf_irq_disable(vf_of(bus));
}

static int
bus_reset(struct virtio_vdpa_bus *bus)
{
	return nicsim_vf_flr(vf_of(bus));
}

static void
bus_close(struct virtio_vdpa_bus *bus)
{
	nicsim_vf_close(vf_of(bus));
	free((char *)bus - offsetof(struct vf_bus, bus));
}

static const struct virtio_vdpa_bus_ops vf_bus_ops = {
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.irq_set = bus_irq_set,
	.irq_disable = bus_irq_disable,
	.reset = bus_reset,
	.close = bus_close,
};

int
nicsim_eth_bus_open(struct nicsim_vf *vf, struct virtio_vdpa_bus **bus)
{
	struct vf_bus *b = calloc(1, sizeof(*b));
	struct nicsim_vf_info info;
	unsigned int i;
	int ret;

	if (b == NULL)
		return -ENOMEM;
	ret = nicsim_vf_open(vf, &info);
	if (ret != 0) {
		free(b);
		return ret;
	}
	b->vf = vf;
	b->bus = (struct virtio_vdpa_bus){
		.ops = &vf_bus_ops,
		.io = { .ops = &nicsim_vf_io_ops, .ctx = vf },
		.layout = info.layout,
		.device_fd = info.device_fd,
		.group_fd = -1,
		.gone_fd = info.gone_fd,
		.vectors = info.vectors,
		.page_sizes = IOMMU_PAGES,
		.max_maps = NICSIM_DMA_MAPS,
	};
	for (i = 0; i < VIO_NUM_BARS; i++)
		b->bus.bar_offset[i] = VIRTIO_VDPA_NO_OFFSET;
	b->bus.bar_offset[NICSIM_VF_BAR] = info.bar_offset;
	*bus = &b->bus;
	return 0;
}
