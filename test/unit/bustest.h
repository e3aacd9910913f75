/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * A bus of the driver (bus.h) with the register file behind it: what is mapped, wired and closed is
 * kept in tables and held to the rules that VFIO has, and each step can be told to fail. The device
 * reaches memory only through what is mapped, so its control queue works only where the driver
 * mapped it.
 *
 * One lock guards all of it, as the driver's threads ring doorbells while a test looks: a test
 * touches rf and cd between bustest_lock() and bustest_unlock() only, or before the driver has it.
 */
#ifndef BUSTEST_H
#define BUSTEST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "ctrldev.h"
#include "regfile.h"

#define BUSTEST_MAPS 80
#define BUSTEST_VECTORS 64
#define BUSTEST_BAR_OFFSET 0x40000000 /* of the register file's BAR in device_fd */
#define BUSTEST_NEVER 0

/** What the bus is made as. */
struct bustest_conf {
	const struct regfile_conf *device; /* NULL: regfile_default */
	uint16_t vectors; /* 1..BUSTEST_VECTORS */
	bool unmappable; /* BARs that no front-end can be given */
	uint16_t num_ranges;
	struct virtio_vdpa_iova_range range[VIRTIO_VDPA_BUS_RANGES];
};

struct bustest_map {
	uint64_t va;
	uint64_t iova;
	uint64_t len;
};

struct bustest {
	struct virtio_vdpa_bus bus;
	pthread_mutex_t lock;
	struct regfile rf;
	struct ctrldev cd;

	/* Misbehaviour; set at any time. */
	unsigned int map_fail; /* the n-th map from now on, and all after it: BUSTEST_NEVER, 1.. */
	int map_error; /* with which -errno */
	unsigned int irq_fail; /* the same for irq_set, once */
	int irq_error;
	int reset_error; /* of the function; 0: works */
	bool reset_cures; /* a reset of the function ends what keeps the device from its own */

	/* What is there now. */
	unsigned int num_maps;
	uint64_t bytes;
	struct bustest_map map[BUSTEST_MAPS];
	uint16_t wired; /* vectors enabled */
	int irq_fd[BUSTEST_VECTORS]; /* own duplicates, as VFIO holds eventfds: -1 none */

	/* What happened. */
	unsigned int maps, unmaps, irq_sets, irq_disables, resets, closes;
	const char *violation; /* the first; NULL: none */
};

/** @param conf  copied; NULL: 16 vectors, everything mappable @return 0 or -errno */
int bustest_init(struct bustest *bt, const struct bustest_conf *conf);

/** Also where the driver closed the bus already. */
void bustest_fini(struct bustest *bt);

void bustest_lock(struct bustest *bt);
void bustest_unlock(struct bustest *bt);

/** Let the device interrupt. @return whether somebody was there to notice */
bool bustest_fire(struct bustest *bt, uint16_t vector);

/** Let the kernel say that the device goes. */
void bustest_gone(struct bustest *bt);

/** Where the device sees iova; NULL where the IOMMU would stop it. */
void *bustest_at(struct bustest *bt, uint64_t iova, uint64_t len);

/** The first rule that was broken, by the driver towards bus or device; NULL: none. */
const char *bustest_blamed(struct bustest *bt);

#endif /* BUSTEST_H */
