/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The driver's bus over the register file. Owns the table of mappings, the wired interrupts and the
 * file descriptors that VFIO would hand out. No thread of its own; never waits for anything but its
 * lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bustest.h"
#include "regfile_priv.h"

#define PAGE 4096

static struct bustest *
of_bus(struct virtio_vdpa_bus *bus)
{
	return (struct bustest *)((char *)bus - offsetof(struct bustest, bus));
}

static void
blame(struct bustest *bt, const char *what)
{
	if (bt->violation == NULL)
		bt->violation = what;
}

void
bustest_lock(struct bustest *bt)
{
	pthread_mutex_lock(&bt->lock);
}

void
bustest_unlock(struct bustest *bt)
{
	pthread_mutex_unlock(&bt->lock);
}

/* Counts down to the failure that was asked for. */
static bool
fails_now(unsigned int *countdown, bool once)
{
	if (*countdown == BUSTEST_NEVER)
		return false;
	if (*countdown > 1) {
		--*countdown;
		return false;
	}
	if (once)
		*countdown = BUSTEST_NEVER;
	return true;
}

static bool
is_usable(const struct bustest *bt, uint64_t first, uint64_t last)
{
	unsigned int i;

	for (i = 0; i < bt->bus.num_ranges; i++)
		if (first >= bt->bus.range[i].first && last <= bt->bus.range[i].last)
			return true;
	return bt->bus.num_ranges == 0;
}

static int
map_locked(struct bustest *bt, uint64_t va, uint64_t iova, uint64_t len)
{
	unsigned int i;

	if (len == 0 || (va | iova | len) % PAGE != 0 || iova + (len - 1) < iova ||
		!is_usable(bt, iova, iova + (len - 1))) {
		blame(bt, "a mapping that an IOMMU cannot make");
		return -EINVAL;
	}
	if (fails_now(&bt->map_fail, false))
		return bt->map_error;
	for (i = 0; i < bt->num_maps; i++)
		if (iova <= bt->map[i].iova + (bt->map[i].len - 1) &&
			bt->map[i].iova <= iova + (len - 1))
			return -EEXIST;
	if (bt->num_maps == BUSTEST_MAPS)
		return -ENOSPC;
	bt->map[bt->num_maps++] = (struct bustest_map){ .va = va, .iova = iova, .len = len };
	bt->bytes += len;
	bt->maps++;
	return 0;
}

static int
bus_dma_map(struct virtio_vdpa_bus *bus, uint64_t va, uint64_t iova, uint64_t len)
{
	struct bustest *bt = of_bus(bus);
	int ret;

	bustest_lock(bt);
	ret = map_locked(bt, va, iova, len);
	bustest_unlock(bt);
	return ret;
}

static int
bus_dma_unmap(struct virtio_vdpa_bus *bus, uint64_t iova, uint64_t len)
{
	struct bustest *bt = of_bus(bus);
	unsigned int i;
	int ret = 0;

	bustest_lock(bt);
	for (i = 0; i < bt->num_maps; i++)
		if (bt->map[i].iova == iova && bt->map[i].len == len)
			break;
	if (i == bt->num_maps) {
		blame(bt, "an unmapping of what was not mapped so");
		ret = -ENOENT;
	} else {
		bt->map[i] = bt->map[--bt->num_maps];
		bt->bytes -= len;
		bt->unmaps++;
	}
	bustest_unlock(bt);
	return ret;
}

static void
wire(struct bustest *bt, uint16_t vector, int fd)
{
	if (bt->irq_fd[vector] >= 0)
		close(bt->irq_fd[vector]);
	bt->irq_fd[vector] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* VFIO: the first call says how many vectors are enabled; kernels before 6.5 add none later. */
static int
irq_set_locked(struct bustest *bt, uint16_t first, uint16_t count, const int *fds)
{
	uint16_t i;

	if (count == 0 || first + count > bt->bus.vectors ||
		(bt->wired == 0 ? first != 0 : first + count > bt->wired)) {
		blame(bt, "interrupt vectors set that are not enabled, or not there");
		return -EINVAL;
	}
	if (fails_now(&bt->irq_fail, true))
		return bt->irq_error;
	if (bt->wired == 0)
		bt->wired = count;
	for (i = 0; i < count; i++)
		wire(bt, first + i, fds[i]);
	bt->irq_sets++;
	return 0;
}

static int
bus_irq_set(struct virtio_vdpa_bus *bus, uint16_t first, uint16_t count, const int *fds)
{
	struct bustest *bt = of_bus(bus);
	int ret;

	bustest_lock(bt);
	ret = irq_set_locked(bt, first, count, fds);
	bustest_unlock(bt);
	return ret;
}

static void
irq_disable_locked(struct bustest *bt)
{
	uint16_t i;

	for (i = 0; i < bt->wired; i++)
		wire(bt, i, -1);
	bt->wired = 0;
}

static void
bus_irq_disable(struct virtio_vdpa_bus *bus)
{
	struct bustest *bt = of_bus(bus);

	bustest_lock(bt);
	irq_disable_locked(bt);
	bt->irq_disables++;
	bustest_unlock(bt);
}

static int
bus_reset(struct virtio_vdpa_bus *bus)
{
	struct bustest *bt = of_bus(bus);
	int ret;

	bustest_lock(bt);
	bt->resets++;
	if (bt->reset_cures) {
		bt->rf.reset_reads = 0;
		regfile_default_state(&bt->rf);
	}
	ret = bt->reset_error;
	bustest_unlock(bt);
	return ret;
}

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_locked(struct bustest *bt)
{
	irq_disable_locked(bt);
	fd_close(&bt->bus.device_fd);
	fd_close(&bt->bus.gone_fd);
}

static void
bus_close(struct virtio_vdpa_bus *bus)
{
	struct bustest *bt = of_bus(bus);

	bustest_lock(bt);
	if (bt->closes++ != 0)
		blame(bt, "a bus closed twice");
	close_locked(bt);
	bustest_unlock(bt);
}

static const struct virtio_vdpa_bus_ops bustest_ops = {
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.irq_set = bus_irq_set,
	.irq_disable = bus_irq_disable,
	.reset = bus_reset,
	.close = bus_close,
};

static uint32_t
io_read(void *ctx, uint8_t bar, uint64_t off, uint8_t len)
{
	struct bustest *bt = ctx;
	uint32_t val;

	bustest_lock(bt);
	if (bt->closes != 0)
		blame(bt, "a register read after the bus was closed");
	val = regfile_ops.read(&bt->rf, bar, off, len);
	bustest_unlock(bt);
	return val;
}

static void
io_write(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	struct bustest *bt = ctx;

	bustest_lock(bt);
	if (bt->closes != 0)
		blame(bt, "a register written after the bus was closed");
	regfile_ops.write(&bt->rf, bar, off, len, val);
	bustest_unlock(bt);
}

static const struct vio_io_ops bustest_io_ops = {
	.read = io_read,
	.write = io_write,
};

static struct bustest_map *
map_find(struct bustest *bt, uint64_t iova, uint64_t len)
{
	struct bustest_map *m;

	for (m = bt->map; m < bt->map + bt->num_maps; m++)
		if (iova >= m->iova && iova - m->iova < m->len && len <= m->len - (iova - m->iova))
			return m;
	return NULL;
}

/* The control queue works in the mapping that its ring is in; there is no other memory for it. */
static void
on_kick(struct regfile *rf, uint16_t qid)
{
	struct ctrldev *cd = rf->on_kick_ctx;
	struct bustest *bt = (struct bustest *)((char *)cd - offsetof(struct bustest, cd));
	const struct bustest_map *m;

	if (qid != cd->qid || cd->mode == CTRLDEV_SILENT)
		return;
	m = map_find(bt, rf->q[qid].addr[0], 16 * (uint64_t)rf->q[qid].size);
	if (m == NULL) {
		blame(bt, "a control queue where nothing is mapped");
		return;
	}
	cd->win = (struct ringdev_window){
		.iova = m->iova, .len = m->len, .va = (uint8_t *)(uintptr_t)m->va
	};
	ctrldev_serve(cd, cd->mode);
}

int
bustest_init(struct bustest *bt, const struct bustest_conf *conf)
{
	static const struct bustest_conf usual = { .vectors = 16 };
	static const struct ringdev_window nothing;
	const char *why;
	unsigned int i;

	memset(bt, 0, sizeof(*bt));
	if (conf == NULL)
		conf = &usual;
	regfile_init(&bt->rf, conf->device);
	ctrldev_attach(&bt->cd, &bt->rf, bt->rf.conf.num_queues - 1, &nothing);
	bt->rf.on_kick = on_kick;
	for (i = 0; i < BUSTEST_VECTORS; i++)
		bt->irq_fd[i] = -1;
	bt->bus = (struct virtio_vdpa_bus){
		.ops = &bustest_ops,
		.io = { .ops = &bustest_io_ops, .ctx = bt },
		.group_fd = -1,
		.vectors = conf->vectors,
		.page_sizes = PAGE | UINT64_C(0x200000),
		.max_maps = BUSTEST_MAPS,
		.num_ranges = conf->num_ranges,
	};
	memcpy(bt->bus.range, conf->range, sizeof(conf->range));
	bt->bus.device_fd = memfd_create("device", MFD_CLOEXEC);
	bt->bus.gone_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (i = 0; i < VIO_NUM_BARS; i++)
		bt->bus.bar_offset[i] = VIRTIO_VDPA_NO_OFFSET;
	if (!conf->unmappable)
		bt->bus.bar_offset[REGFILE_BAR] = BUSTEST_BAR_OFFSET;
	if (bt->bus.device_fd < 0 || bt->bus.gone_fd < 0 ||
		pthread_mutex_init(&bt->lock, NULL) != 0)
		return -errno;
	return pcicfg_parse(&bt->rf.cfg, PCICFG_LEN, &bt->bus.layout, &why);
}

void
bustest_fini(struct bustest *bt)
{
	close_locked(bt);
	pthread_mutex_destroy(&bt->lock);
}

bool
bustest_fire(struct bustest *bt, uint16_t vector)
{
	bool wired;

	bustest_lock(bt);
	wired = vector < bt->wired && bt->irq_fd[vector] >= 0;
	if (wired)
		eventfd_write(bt->irq_fd[vector], 1);
	bustest_unlock(bt);
	return wired;
}

void
bustest_gone(struct bustest *bt)
{
	bustest_lock(bt);
	if (bt->bus.gone_fd >= 0)
		eventfd_write(bt->bus.gone_fd, 1);
	bustest_unlock(bt);
}

void *
bustest_at(struct bustest *bt, uint64_t iova, uint64_t len)
{
	const struct bustest_map *m;
	void *va = NULL;

	bustest_lock(bt);
	m = map_find(bt, iova, len);
	if (m != NULL)
		va = (void *)(uintptr_t)(m->va + (iova - m->iova));
	bustest_unlock(bt);
	return va;
}

const char *
bustest_blamed(struct bustest *bt)
{
	const char *what;

	bustest_lock(bt);
	what = bt->violation != NULL ? bt->violation : bt->rf.violation;
	bustest_unlock(bt);
	return what;
}
