/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Checks a guest's rings before a device sees them, and finds where it left them. No thread of its
 * own; takes no lock; never writes to guest memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_common.h>

#include "queue.h"

#define PACKED_WRAP (1u << 15)
#define PACKED_AVAIL (1u << 7) /* virtio 1.2, 2.8.1 */
#define PACKED_USED (1u << 15)
#define PACKED_DESC_BYTES 16
#define PACKED_FLAGS_OFF 14

void
virtio_vdpa_queue_init(struct virtio_vdpa_queue *q)
{
	*q = (struct virtio_vdpa_queue){
		.front = { .kick_fd = -1, .call_fd = -1 },
		.kick_fd = -1,
		.call_fd = -1,
		.vector = VIO_MSI_NO_VECTOR,
	};
}

int
virtio_vdpa_fd_replace(int *fd, int from)
{
	if (*fd >= 0)
		close(*fd);
	*fd = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 0);
	return from >= 0 && *fd < 0 ? -errno : 0;
}

int
virtio_vdpa_front_read(struct virtio_vdpa_front *front, int vid, uint16_t qid)
{
	struct rte_vhost_vring vring;
	uint16_t avail, used;

	if (rte_vhost_get_vhost_vring(vid, qid, &vring) != 0 ||
			rte_vhost_get_vring_base(vid, qid, &avail, &used) != 0)
		return -ENOENT;
	/* One union each for split and packed. */
	front->desc = (uintptr_t)vring.desc;
	front->driver = (uintptr_t)vring.avail;
	front->device = (uintptr_t)vring.used;
	front->size = vring.size;
	front->base = avail;
	front->fds_lost = virtio_vdpa_fd_replace(&front->kick_fd, vring.kickfd) != 0;
	front->fds_lost |= virtio_vdpa_fd_replace(&front->call_fd, vring.callfd) != 0;
	front->changed = true;
	return 0;
}

void
virtio_vdpa_front_clear(struct virtio_vdpa_front *front)
{
	virtio_vdpa_fd_replace(&front->kick_fd, -1);
	virtio_vdpa_fd_replace(&front->call_fd, -1);
	*front = (struct virtio_vdpa_front){ .kick_fd = -1, .call_fd = -1 };
}

bool
virtio_vdpa_front_ready(const struct virtio_vdpa_front *front)
{
	/* A size of 0 is for virtio_vdpa_queue_conf() to refuse, aloud. */
	return front->desc != 0 && front->driver != 0 && front->device != 0 &&
		(front->kick_fd >= 0 || front->fds_lost);
}

uint16_t
virtio_vdpa_queue_first(bool packed)
{
	return packed ? PACKED_WRAP : 0;
}

struct area {
	const char *name;
	uint64_t va;
	uint64_t len;
	uint64_t align;
	uint64_t *iova;
};

static int
area_conf(const struct area *a, const struct virtio_vdpa_mem *mem, uint16_t qid,
	struct virtio_vdpa_fault *fault)
{
	*a->iova = virtio_vdpa_mem_iova(mem, a->va, a->len);
	if (*a->iova == UINT64_MAX)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS, -EFAULT,
			"queue %u: the %s of %" PRIu64
			" bytes is not inside one region of guest memory",
			qid, a->name, a->len);
	if ((*a->iova & (a->align - 1)) != 0)
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS, -EFAULT,
			"queue %u: the %s at %#" PRIx64 " is not aligned to %" PRIu64, qid, a->name,
			*a->iova, a->align);
	return 0;
}

int
virtio_vdpa_queue_conf(const struct virtio_vdpa_front *front, const struct virtio_vdpa_mem *mem,
	uint16_t qid, uint16_t max_size, bool packed, bool event_idx, struct vio_queue_conf *conf,
	struct virtio_vdpa_fault *fault)
{
	/* virtio 1.2, 2.7 and 2.8: sizes and alignments of the three areas */
	const uint64_t n = front->size, event = event_idx ? 2 : 0;
	const struct area areas[] = {
		{ "descriptor area", front->desc, 16 * n, 16, &conf->desc },
		{ "driver area", front->driver, packed ? 4 : 4 + 2 * n + event, packed ? 4 : 2,
			&conf->driver },
		{ "device area", front->device, packed ? 4 : 4 + 8 * n + event, 4, &conf->device },
	};
	unsigned int i;
	int ret;

	if (n == 0 || n > max_size || (!packed && !rte_is_power_of_2(n)))
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_SIZE, -EINVAL,
			"queue %u: a %s ring of %" PRIu64
			" entries; the device takes %s up to %u; remedy: give the"
			" guest's NIC a smaller ring (rx_queue_size=, tx_queue_size=)",
			qid, packed ? "packed" : "split", n, packed ? "any" : "powers of 2",
			max_size);
	if (front->base != virtio_vdpa_queue_first(packed))
		return virtio_vdpa_fault_set(fault, RTE_PMD_VDPA_VIRTIO_QUEUE_INDEX, -ENOTSUP,
			"queue %u: the ring is to start at index %u%s; a device starts at 0 only; "
			"remedy: reset the"
			" guest's driver",
			qid, packed ? front->base & ~PACKED_WRAP : front->base,
			packed && (front->base & PACKED_WRAP) == 0 ? " with wrap counter 0" : "");
	conf->size = n;
	for (i = 0; i < RTE_DIM(areas); i++) {
		ret = area_conf(&areas[i], mem, qid, fault);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static uint16_t
packed_flags(const struct virtio_vdpa_queue *q, uint16_t slot)
{
	const uint16_t *flags = (const uint16_t *)(uintptr_t)(q->ring_device +
		(uint64_t)slot * PACKED_DESC_BYTES + PACKED_FLAGS_OFF);

	return __atomic_load_n(flags, __ATOMIC_ACQUIRE) & (PACKED_AVAIL | PACKED_USED);
}

static uint16_t
packed_at(const struct virtio_vdpa_queue *q, uint16_t slot, bool wrap)
{
	if (slot == q->size)
		return wrap ? 0 : PACKED_WRAP;
	return slot | (wrap ? PACKED_WRAP : 0);
}

/* All descriptors are on offer: the guest went round behind the device, and is where it is. */
static uint16_t
packed_index_full(const struct virtio_vdpa_queue *q)
{
	bool next = (packed_flags(q, 0) & PACKED_AVAIL) != 0; /* lap that the guest is in */
	uint16_t slot;

	for (slot = 1; slot < q->size; slot++)
		if (((packed_flags(q, slot) & PACKED_AVAIL) != 0) != next)
			return packed_at(q, slot, !next);
	return packed_at(q, 0, next);
}

/*
 * No index is in memory, but used descriptors carry the lap that they were used in. Those of the
 * device's present lap come before those of the lap before, so the first of all tells the lap, and
 * the last one of it is where the device was. Descriptors of a chain behind its first are not
 * marked, so a chain used last leaves the answer up to its length too low (also where it went past
 * the end of the ring); who resumes from it must not rely on more than "at or before".
 */
static uint16_t
packed_index(const struct virtio_vdpa_queue *q)
{
	uint16_t slot, flags, lap = 0, last = 0;
	bool any = false;

	for (slot = 0; slot < q->size; slot++) {
		flags = packed_flags(q, slot);
		if (flags != 0 && flags != (PACKED_AVAIL | PACKED_USED))
			continue;
		if (!any)
			lap = flags;
		any = true;
		if (flags == lap)
			last = slot;
	}
	return any ? packed_at(q, last + 1, lap != 0) : packed_index_full(q);
}

/*
 * By way of the kernel: the front-end may have cut its memory file short, and a load would end this
 * process with SIGBUS.
 */
static bool
guest_read(void *dst, uint64_t va, size_t len)
{
	struct iovec local = { .iov_base = dst, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)va, .iov_len = len };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/* From a copy, so that each flag is read once. */
static uint16_t
packed_index_read(const struct virtio_vdpa_queue *q)
{
	size_t bytes = (size_t)q->size * PACKED_DESC_BYTES;
	struct virtio_vdpa_queue copy = *q;
	uint16_t index = PACKED_WRAP;
	void *ring = malloc(bytes);

	if (ring != NULL && guest_read(ring, q->ring_device, bytes)) {
		copy.ring_device = (uintptr_t)ring;
		index = packed_index(&copy);
	}
	free(ring);
	return index;
}

uint16_t
virtio_vdpa_queue_index(const struct virtio_vdpa_queue *q, bool packed)
{
	uint16_t index;

	if (q->ring_device == 0)
		return virtio_vdpa_queue_first(packed);
	if (packed)
		return packed_index_read(q);
	/* struct vring_used: flags, idx; memory that is gone has nothing to resume */
	return guest_read(&index, q->ring_device + 2, sizeof(index)) ? index : 0;
}
