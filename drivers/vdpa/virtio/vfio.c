/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The bus of real PCI functions: VFIO, spoken to directly. rte_vfio would do, but for its limit of
 * 64 containers, its silence about why something failed, and mappings that it forgets to undo on
 * its error paths.
 *
 * Owns the container, group and device file descriptors and the BAR mappings. No thread of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_uuid.h>

#include "bus.h"
#include "sysfs.h"

#define CONFIG_BYTES 256
#define MAX_VECTORS 2048 /* PCI: the largest MSI-X table */
#define PCI_ADDR_LEN 16

struct vfio_bus {
	struct virtio_vdpa_bus bus; /* first: the ops are handed this */
	struct vio_mmio mmio;
	char pci[PCI_ADDR_LEN];
	int container_fd;
	uint64_t config_offset; /* of the configuration space in the device fd */
	uint64_t region_offset[VIO_NUM_BARS]; /* also of BARs that cannot be mapped */
	bool irq_on;
};

static struct vfio_bus *
vfio_bus(struct virtio_vdpa_bus *bus)
{
	return container_of(bus, struct vfio_bus, bus);
}

static int
vfio_dma_map(struct virtio_vdpa_bus *bus, uint64_t va, uint64_t iova, uint64_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = va,
		.iova = iova,
		.size = len,
	};

	return ioctl(vfio_bus(bus)->container_fd, VFIO_IOMMU_MAP_DMA, &map) == 0 ? 0 : -errno;
}

static int
vfio_dma_unmap(struct virtio_vdpa_bus *bus, uint64_t iova, uint64_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len
	};

	if (ioctl(vfio_bus(bus)->container_fd, VFIO_IOMMU_UNMAP_DMA, &unmap) != 0)
		return -errno;
	return unmap.size == len ? 0 : -ENOENT;
}

static int
irqs_ioctl(int device_fd, uint32_t index, uint32_t flags, uint32_t start, uint32_t count,
	const int *fds)
{
	struct vfio_irq_set *set;
	size_t bytes = sizeof(*set) + (fds == NULL ? 0 : count * sizeof(*fds));
	int ret;

	set = calloc(1, bytes);
	if (set == NULL)
		return -ENOMEM;
	set->argsz = bytes;
	set->flags = flags | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->start = start;
	set->count = count;
	if (fds != NULL)
		memcpy(set->data, fds, count * sizeof(*fds));
	ret = ioctl(device_fd, VFIO_DEVICE_SET_IRQS, set) == 0 ? 0 : -errno;
	free(set);
	return ret;
}

static int
vfio_irq_set(struct virtio_vdpa_bus *bus, uint16_t first, uint16_t count, const int *fds)
{
	int ret;

	ret = irqs_ioctl(bus->device_fd, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD, first,
		count, fds);
	if (ret == 0)
		vfio_bus(bus)->irq_on = true;
	return ret;
}

static void
vfio_irq_disable(struct virtio_vdpa_bus *bus)
{
	if (!vfio_bus(bus)->irq_on)
		return;
	vfio_bus(bus)->irq_on = false;
	irqs_ioctl(bus->device_fd, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL);
}

static int
vfio_reset(struct virtio_vdpa_bus *bus)
{
	return ioctl(bus->device_fd, VFIO_DEVICE_RESET) == 0 ? 0 : -errno;
}

/* Registers of a BAR that could not be mapped go through the device fd: slower, and as good for
 * control. */
static uint32_t
vfio_reg_read(void *ctx, uint8_t bar, uint64_t off, uint8_t len)
{
	struct vfio_bus *v = ctx;
	uint32_t val = 0;

	if (bar >= VIO_NUM_BARS || v->mmio.bar[bar].addr != NULL || v->region_offset[bar] == VIRTIO_VDPA_NO_OFFSET)
		return vio_mmio_ops.read(&v->mmio, bar, off, len);
	if (pread(v->bus.device_fd, &val, len, v->region_offset[bar] + off) != len)
		return UINT32_MAX >> (32 - 8 * len);
	return val;
}

static void
vfio_reg_write(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	struct vfio_bus *v = ctx;

	if (bar >= VIO_NUM_BARS || v->mmio.bar[bar].addr != NULL || v->region_offset[bar] == VIRTIO_VDPA_NO_OFFSET)
		vio_mmio_ops.write(&v->mmio, bar, off, len, val);
	else if (pwrite(v->bus.device_fd, &val, len, v->region_offset[bar] + off) != len)
		return; /* a device that is gone; the next read says so */
}

static const struct vio_io_ops vfio_reg_ops = {
	.read = vfio_reg_read,
	.write = vfio_reg_write,
};

static void
vfio_close(struct virtio_vdpa_bus *bus)
{
	struct vfio_bus *v = vfio_bus(bus);
	unsigned int i;

	vfio_irq_disable(bus);
	for (i = 0; i < VIO_NUM_BARS; i++)
		if (v->mmio.bar[i].addr != NULL)
			munmap((void *)(uintptr_t)v->mmio.bar[i].addr, v->mmio.bar[i].len);
	if (bus->device_fd >= 0) {
		irqs_ioctl(
			bus->device_fd, VFIO_PCI_REQ_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL);
		irqs_ioctl(
			bus->device_fd, VFIO_PCI_ERR_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL);
		close(bus->device_fd);
	}
	if (bus->gone_fd >= 0)
		close(bus->gone_fd);
	if (bus->group_fd >= 0)
		close(bus->group_fd);
	if (v->container_fd >= 0)
		close(v->container_fd);
	free(v);
}

static const struct virtio_vdpa_bus_ops vfio_ops = {
	.dma_map = vfio_dma_map,
	.dma_unmap = vfio_dma_unmap,
	.irq_set = vfio_irq_set,
	.irq_disable = vfio_irq_disable,
	.reset = vfio_reset,
	.close = vfio_close,
};

static int
container_open(struct vfio_bus *v, struct virtio_vdpa_fault *fault)
{
	v->container_fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container_fd < 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -errno,
			"cannot open /dev/vfio/vfio: %s; remedy: modprobe vfio-pci, and give this "
			"user access",
			strerror(errno));
	if (ioctl(v->container_fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
			ioctl(v->container_fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOTSUP,
			"VFIO of this kernel has no type 1 IOMMU");
	return 0;
}

static int
group_open(struct vfio_bus *v, unsigned int group, struct virtio_vdpa_fault *fault)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	v->bus.group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (v->bus.group_fd < 0)
		return virtio_vdpa_fault_set(fault,
			errno == EBUSY ? RTE_PMD_VDPA_VIRTIO_BUSY : RTE_PMD_VDPA_VIRTIO_HOST,
			-errno, "cannot open %s: %s%s", path, strerror(errno),
			errno == EBUSY ? "; another process, or another device of this one, has "
					 "the IOMMU group"
				       : "; remedy: give this user access to it");
	if (ioctl(v->bus.group_fd, VFIO_GROUP_GET_STATUS, &status) != 0 ||
			(status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -EBUSY,
			"IOMMU group %u is not viable; remedy: bind all its devices to vfio-pci, "
			"or unbind them",
			group);
	if (ioctl(v->bus.group_fd, VFIO_GROUP_SET_CONTAINER, &v->container_fd) != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -errno,
			"IOMMU group %u cannot be used: %s", group, strerror(errno));
	if (ioctl(v->container_fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -errno,
			"no IOMMU domain for group %u: %s", group, strerror(errno));
	return 0;
}

/* A VF whose PF is itself on vfio-pci is lent only to who knows the token (EAL: --vfio-vf-token).
 * */
static int
device_open(struct vfio_bus *v, struct virtio_vdpa_fault *fault)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	char name[PCI_ADDR_LEN + RTE_UUID_STRLEN + 16], token_str[RTE_UUID_STRLEN];
	rte_uuid_t token;

	v->bus.device_fd = -1;
	rte_eal_vfio_get_vf_token(token);
	if (!rte_uuid_is_null(token)) {
		rte_uuid_unparse(token, token_str, sizeof(token_str));
		snprintf(name, sizeof(name), "%s vf_token=%s", v->pci, token_str);
		v->bus.device_fd = ioctl(v->bus.group_fd, VFIO_GROUP_GET_DEVICE_FD, name);
	}
	if (v->bus.device_fd < 0)
		v->bus.device_fd = ioctl(v->bus.group_fd, VFIO_GROUP_GET_DEVICE_FD, v->pci);
	if (v->bus.device_fd < 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_HOST, -errno,
			"VFIO does not give the device: %s", strerror(errno));
	if (ioctl(v->bus.device_fd, VFIO_DEVICE_GET_INFO, &info) != 0 ||
			(info.flags & VFIO_DEVICE_FLAGS_PCI) == 0)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_DEVICE, -ENODEV, "not a PCI device to VFIO");
	if ((info.flags & VFIO_DEVICE_FLAGS_RESET) != 0)
		ioctl(v->bus.device_fd,
			VFIO_DEVICE_RESET); /* what its last user left; the virtio reset decides */
	return 0;
}

static int
config_setup(struct vfio_bus *v, uint8_t *config, struct virtio_vdpa_fault *fault)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX };
	uint16_t command;

	if (ioctl(v->bus.device_fd, VFIO_DEVICE_GET_REGION_INFO, &info) != 0)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_DEVICE, -errno, "no configuration space");
	v->config_offset = info.offset;
	if (pread(v->bus.device_fd, config, CONFIG_BYTES, info.offset) != CONFIG_BYTES)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_GONE, -ENODEV,
			"configuration space cannot be read");
	command = config[PCI_COMMAND] | config[PCI_COMMAND + 1] << 8;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	command |= PCI_COMMAND_INTX_DISABLE;
	if (pwrite(v->bus.device_fd, &command, sizeof(command), info.offset + PCI_COMMAND) !=
		sizeof(command))
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE, -EIO,
			"memory access and bus mastering cannot be turned on");
	return 0;
}

/* BARs of VFs read as 0 in configuration space, so the I/O bit is asked of VFIO's copy only where
 * it is one. */
static void
bars_map(struct vfio_bus *v, const uint8_t *config, uint64_t bar_len[VIO_NUM_BARS])
{
	uint32_t i;

	for (i = 0; i < VIO_NUM_BARS; i++) {
		struct vfio_region_info info = { .argsz = sizeof(info), .index = i };
		void *addr = MAP_FAILED;

		bar_len[i] = 0;
		if ((config[PCI_BASE_ADDRESS_0 + 4 * i] & PCI_BASE_ADDRESS_SPACE_IO) != 0 ||
			ioctl(v->bus.device_fd, VFIO_DEVICE_GET_REGION_INFO, &info) != 0 ||
			info.size == 0)
			continue;
		v->region_offset[i] = info.offset;
		bar_len[i] = info.size;
		if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0)
			addr = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
				v->bus.device_fd, info.offset);
		if (addr == MAP_FAILED)
			continue;
		v->mmio.bar[i] = (struct vio_bar){ .addr = addr, .len = info.size };
		v->bus.bar_offset[i] = info.offset;
	}
}

static void
gone_watch(struct vfio_bus *v)
{
	v->bus.gone_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (v->bus.gone_fd < 0)
		return;
	/* Both are optional in VFIO; register reads notice a removal too, only later. */
	irqs_ioctl(v->bus.device_fd, VFIO_PCI_REQ_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD, 0, 1,
		&v->bus.gone_fd);
	irqs_ioctl(v->bus.device_fd, VFIO_PCI_ERR_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD, 0, 1,
		&v->bus.gone_fd);
}

static int
vectors_count(struct vfio_bus *v, struct virtio_vdpa_fault *fault)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX };

	if (ioctl(v->bus.device_fd, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0 || info.count == 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_IRQ, -ENOTSUP,
			"the device has no MSI-X vectors");
	v->bus.vectors = RTE_MIN(info.count, (uint32_t)MAX_VECTORS);
	return 0;
}

/* The kernel aligns what it tells to 4 bytes only, though there are fields of 8 in it. */
static void
iommu_ranges(struct virtio_vdpa_bus *bus, const uint8_t *cap, uint32_t len)
{
	struct vfio_iommu_type1_info_cap_iova_range head;
	struct vfio_iova_range range;
	uint32_t i;

	if (len < sizeof(head))
		return;
	memcpy(&head, cap, sizeof(head));
	for (i = 0; i < head.nr_iovas && i < VIRTIO_VDPA_BUS_RANGES &&
		sizeof(head) + (i + 1) * sizeof(range) <= len;
		i++) {
		memcpy(&range, cap + sizeof(head) + i * sizeof(range), sizeof(range));
		bus->range[i] = (struct virtio_vdpa_iova_range){
			.first = range.start, .last = range.end };
	}
	bus->num_ranges = i;
}

static void
iommu_caps(struct virtio_vdpa_bus *bus, const uint8_t *info, uint32_t argsz, uint32_t off)
{
	struct vfio_iommu_type1_info_dma_avail avail;
	struct vfio_info_cap_header cap;
	uint32_t hops;

	for (hops = 0; hops < 32 && off >= sizeof(struct vfio_iommu_type1_info) &&
		off <= argsz && sizeof(cap) <= argsz - off;
		hops++, off = cap.next) {
		memcpy(&cap, info + off, sizeof(cap));
		if (cap.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
			iommu_ranges(bus, info + off, argsz - off);
		} else if (cap.id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL &&
			sizeof(avail) <= argsz - off) {
			memcpy(&avail, info + off, sizeof(avail));
			bus->max_maps = avail.avail;
		}
	}
}

static void
iommu_info(struct vfio_bus *v)
{
	uint32_t argsz = sizeof(struct vfio_iommu_type1_info);
	struct vfio_iommu_type1_info *info, *bigger;
	int tries;

	v->bus.page_sizes = UINT64_C(1) << 12;
	info = calloc(1, argsz);
	for (tries = 0; info != NULL && tries < 3; tries++) {
		info->argsz = argsz;
		if (ioctl(v->container_fd, VFIO_IOMMU_GET_INFO, info) != 0)
			break;
		if (info->argsz <= argsz) {
			if ((info->flags & VFIO_IOMMU_INFO_PGSIZES) != 0 && info->iova_pgsizes != 0)
				v->bus.page_sizes = info->iova_pgsizes;
			if ((info->flags & VFIO_IOMMU_INFO_CAPS) != 0)
				iommu_caps(&v->bus, (const uint8_t *)info, argsz, info->cap_offset);
			break;
		}
		argsz = info->argsz;
		bigger = realloc(info, argsz);
		if (bigger == NULL)
			break;
		info = bigger;
		memset(info, 0, argsz);
	}
	free(info);
}

int
virtio_vdpa_vfio_open(
	const char *pci, struct virtio_vdpa_bus **bus, struct virtio_vdpa_fault *fault)
{
	uint64_t bar_len[VIO_NUM_BARS];
	uint8_t config[CONFIG_BYTES];
	unsigned int i, group = 0;
	const char *why = "";
	struct vfio_bus *v;
	int ret;

	ret = virtio_vdpa_sysfs_check("", pci, &group, fault->text, sizeof(fault->text));
	if (ret != 0) {
		fault->reason = RTE_PMD_VDPA_VIRTIO_HOST;
		fault->error = ret;
		return ret;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return virtio_vdpa_fault_set(
			fault, RTE_PMD_VDPA_VIRTIO_HOST, -ENOMEM, "out of memory");
	snprintf(v->pci, sizeof(v->pci), "%s", pci);
	for (i = 0; i < VIO_NUM_BARS; i++)
		v->bus.bar_offset[i] = v->region_offset[i] = VIRTIO_VDPA_NO_OFFSET;
	v->bus.ops = &vfio_ops;
	v->bus.io = (struct vio_io){ .ops = &vfio_reg_ops, .ctx = v };
	v->bus.device_fd = v->bus.group_fd = v->bus.gone_fd = v->container_fd = -1;
	ret = container_open(v, fault);
	if (ret == 0)
		ret = group_open(v, group, fault);
	if (ret == 0)
		ret = device_open(v, fault);
	if (ret == 0)
		ret = config_setup(v, config, fault);
	if (ret == 0)
		ret = vectors_count(v, fault);
	if (ret != 0)
		goto close;
	iommu_info(v);
	bars_map(v, config, bar_len);
	ret = vio_caps_parse(config, sizeof(config), bar_len, &v->bus.layout, &why);
	if (ret != 0) {
		virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_DEVICE, ret,
			"no usable virtio structures: %s", why);
		goto close;
	}
	gone_watch(v);
	*bus = &v->bus;
	return 0;

close:
	vfio_close(&v->bus);
	return ret;
}
