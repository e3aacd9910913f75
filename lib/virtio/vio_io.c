/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Register access to mapped BARs. Owns the order of register accesses against memory; checks each
 * access against the BAR, so that a wrong offset is an all-ones read and never a fault. Any thread;
 * never sleeps.
 */
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>

#include "vio_io.h"

/*
 * Memory against registers. On x86 an uncached access is not passed by older stores or younger
 * loads: only the compiler is to be kept from it. Fences between processors are too weak elsewhere:
 * a device is outside of the inner shareable domain.
 */
static inline void
mmio_wmb(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__atomic_thread_fence(__ATOMIC_RELEASE);
#elif defined(__aarch64__)
	__asm__ volatile("dmb oshst" ::: "memory");
#elif defined(__powerpc64__)
	__asm__ volatile("sync" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile("fence ow, ow" ::: "memory");
#else
#error "no barrier between memory and registers is known for this processor"
#endif
}

static inline void
mmio_rmb(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
#elif defined(__aarch64__)
	__asm__ volatile("dmb oshld" ::: "memory");
#elif defined(__powerpc64__)
	__asm__ volatile("sync" ::: "memory");
#elif defined(__riscv)
	__asm__ volatile("fence ir, ir" ::: "memory");
#endif
}

static volatile uint8_t *
mmio_at(const struct vio_mmio *mmio, uint8_t bar, uint64_t off, uint8_t len)
{
	const struct vio_bar *b;

	if (bar >= VIO_NUM_BARS)
		return NULL;
	b = &mmio->bar[bar];
	if (b->addr == NULL || off > b->len || len > b->len - off)
		return NULL;
	if ((off & (len - 1)) != 0)
		return NULL;
	return b->addr + off;
}

static uint32_t
mmio_read(void *ctx, uint8_t bar, uint64_t off, uint8_t len)
{
	volatile uint8_t *at = mmio_at(ctx, bar, off, len);
	uint32_t val = UINT32_MAX >> (32 - 8 * len);

	if (at == NULL)
		return val;
	switch (len) {
	case 1:
		val = *at;
		break;
	case 2:
		val = le16toh(*(volatile uint16_t *)at);
		break;
	case 4:
		val = le32toh(*(volatile uint32_t *)at);
		break;
	}
	mmio_rmb();
	return val;
}

static void
mmio_write(void *ctx, uint8_t bar, uint64_t off, uint8_t len, uint32_t val)
{
	volatile uint8_t *at = mmio_at(ctx, bar, off, len);

	if (at == NULL)
		return;
	mmio_wmb();
	switch (len) {
	case 1:
		*at = (uint8_t)val;
		break;
	case 2:
		*(volatile uint16_t *)at = htole16((uint16_t)val);
		break;
	case 4:
		*(volatile uint32_t *)at = htole32(val);
		break;
	}
}

const struct vio_io_ops vio_mmio_ops = {
	.read = mmio_read,
	.write = mmio_write,
};
