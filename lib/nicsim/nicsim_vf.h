/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * One simulated VF: a virtio 1.x network function with registers, vectors, an IOMMU domain and
 * queues. Two sides use it: a driver (through registers and what a bus offers: mappings,
 * interrupts, reset), on any thread; and the NIC's hardware thread, which works on its queues. One
 * lock holds them apart, so what a driver unmaps or resets is not touched afterwards.
 */
#ifndef NICSIM_VF_H
#define NICSIM_VF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vio_caps.h>
#include <vio_io.h>

#include "nicsim_fault.h"
#include "nicsim_frame.h"
#include "nicsim_ring.h"

#define NICSIM_VF_PAIRS 128
#define NICSIM_VF_VECTORS 2048
#define NICSIM_VF_BAR 4
/** Faults that one function can have waiting and in force: each queue may be stalled. */
#define NICSIM_VF_FAULTS (NICSIM_FAULT_ARMED + NICSIM_FAULT_NUM + 2 * NICSIM_VF_PAIRS)

/** What a function is made as. */
struct nicsim_vf_conf {
	uint64_t features; /**< Offered. */
	uint16_t pairs; /**< 1..NICSIM_VF_PAIRS. */
	uint16_t queue_size; /**< Largest ring, 2..32768, a power of 2. */
	uint16_t vectors; /**< MSI-X, 1..NICSIM_VF_VECTORS; 0: one for each queue and one more. */
	uint16_t mtu;
	uint8_t mac[6];
	bool notify_pages; /**< A page for each doorbell; else 4 bytes. */
};

/** All that this model can do, one queue pair, rings of 1024, a page for each doorbell. */
extern const struct nicsim_vf_conf nicsim_vf_default;

struct nicsim_vf;

/**
 * @param wake  called when there is work for the hardware thread, with the function's lock held,
 *              on any thread; NULL: work is done on the thread that rings the doorbell (control
 *              queue only)
 * @return NULL out of memory or descriptors, or conf beyond its bounds
 */
struct nicsim_vf *nicsim_vf_new(const struct nicsim_vf_conf *conf, const char *name,
	void (*wake)(void *ctx), void *ctx);
void nicsim_vf_free(struct nicsim_vf *vf);

/* --- as a driver has it: what is behind struct virtio_vdpa_bus ------------------------------- */

/** Registers; ctx is the function. */
extern const struct vio_io_ops nicsim_vf_io_ops;

/** What a bus finds out when it opens the function. */
struct nicsim_vf_info {
	struct vio_layout layout;
	uint16_t vectors;
	int device_fd; /**< To map doorbells from; the function's. -1: gone */
	int gone_fd; /**< Readable once the function is gone; the function's. */
	uint64_t bar_offset; /**< Of NICSIM_VF_BAR in device_fd. */
};

/**
 * Open the function, as one opens it through VFIO: it is reset, has no mapping and no interrupt.
 *
 * @return 0; -EBUSY it is open; -ENODEV it is gone; -EIO its capabilities are no good
 */
int nicsim_vf_open(struct nicsim_vf *vf, struct nicsim_vf_info *info);

/** Give it back: reset, interrupts off, mappings gone. */
void nicsim_vf_close(struct nicsim_vf *vf);

/** As struct virtio_vdpa_bus_ops has them. Rules that VFIO has are enforced, and kept as the
 *  function's violation. */
int nicsim_vf_dma_map(struct nicsim_vf *vf, uint64_t va, uint64_t iova, uint64_t len);
int nicsim_vf_dma_unmap(struct nicsim_vf *vf, uint64_t iova, uint64_t len);
int nicsim_vf_irq_set(struct nicsim_vf *vf, uint16_t first, uint16_t count, const int *fds);
void nicsim_vf_irq_disable(struct nicsim_vf *vf);
int nicsim_vf_flr(struct nicsim_vf *vf);

/* --- as the NIC has it; hardware thread ------------------------------------------------------- */

/**
 * See to doorbells rung through mapped pages, and to the control queue.
 *
 * @return whether there is or was anything to do
 */
bool nicsim_vf_poll(struct nicsim_vf *vf);

/** Whether doorbells may be rung without wake(): the function runs, and has pages to map. */
bool nicsim_vf_is_polled(struct nicsim_vf *vf);

/**
 * Take frames that the guest sent, from its queues in turn.
 *
 * @param frames  max of them; data of each points into room that nicsim_frame.h asks for, which is
 *                filled
 * @param max     1..
 * @return frames taken; fewer than max: nothing is left, and a kick will tell of more
 */
unsigned int nicsim_vf_tx(struct nicsim_vf *vf, struct nicsim_frame *frames, unsigned int max);

/**
 * Give a frame to the guest: what it did not negotiate is done to the frame before (checksum,
 * segmentation), and what its receive filter does not let in is dropped. The guest is told by
 * nicsim_vf_rx_flush().
 */
void nicsim_vf_rx(struct nicsim_vf *vf, struct nicsim_frame *frame);
void nicsim_vf_rx_flush(struct nicsim_vf *vf);

/* --- faults and what can be seen; any thread -------------------------------------------------- */

/**
 * @return 0; -ENOSPC NICSIM_FAULT_ARMED are waiting; -EINVAL an argument or a point that the fault
 *         cannot have (no such queue, not an errno, ...)
 */
int nicsim_vf_fault(struct nicsim_vf *vf, const struct nicsim_fault *fault);

/** Take all faults back, those that wait and those that last (not GONE: see RETURN). */
void nicsim_vf_fault_clear(struct nicsim_vf *vf);

/**
 * Faults that wait for their point, with what is left of their count; then those in force: at
 * NICSIM_AT_ONCE, count 0, with their argument also where it was left to its default. Stalled
 * queues are a fault each; all but the one that was stalled last come at the end.
 *
 * @param max  NICSIM_VF_FAULTS is always enough
 * @return their number, at most max
 */
unsigned int nicsim_vf_faults(
	struct nicsim_vf *vf, struct nicsim_fault *faults, unsigned int max);

/**
 * Called when GONE (not silently) or RETURN has struck, on any thread, with no lock held, one call
 * after the other; must not wait. The last call always says what holds in the end; changes that
 * come while a call is under way are told by one call after it, which says the newest of them, and
 * may say the same as that one. NULL: no one; no call of the one before is under way then, unless
 * it is this one.
 */
void nicsim_vf_on_change(struct nicsim_vf *vf, void (*change)(void *ctx, bool gone), void *ctx);

/** Of one queue, from creation on. */
struct nicsim_queue_stats {
	uint64_t frames, bytes;
	uint64_t kicks; /**< Doorbells, of both kinds. */
	uint64_t kicks_page; /**< Through a mapped page. */
	uint64_t irqs;
	uint64_t drops; /**< For want of buffers, or of room in one. */
	uint64_t errors[NICSIM_RING_NUM_ERRORS];
	bool running; /**< The function works on it. */
	uint16_t size;
	uint16_t avail, used; /**< Positions, as in struct nicsim_ring. */
};

struct nicsim_vf_stats {
	uint64_t tx_frames, tx_bytes; /**< Sent by the guest. */
	uint64_t rx_frames, rx_bytes;
	uint64_t tx_malformed; /**< Header or frame is nonsense. */
	uint64_t tx_link_down;
	uint64_t rx_no_buffer, rx_filtered, rx_link_down, rx_stopped, rx_too_long;
	uint64_t dma_faults, dma_fault_iova;
	uint32_t dma_maps;
	uint64_t dma_bytes;
	uint64_t resets;
	uint64_t features; /**< Negotiated. */
	uint8_t status; /**< Device status register. */
	uint8_t mac[6];
	uint16_t pairs, active_pairs; /**< That there are; that the driver set. */
	bool open, gone, link_up, promisc;
	const char *violation; /**< First thing that the driver did and may not; NULL: none. */
};

void nicsim_vf_stats(struct nicsim_vf *vf, struct nicsim_vf_stats *stats);
/** @return 0; -EINVAL no such queue */
int nicsim_vf_queue_stats(struct nicsim_vf *vf, uint16_t qid, struct nicsim_queue_stats *stats);
const char *nicsim_vf_name(const struct nicsim_vf *vf);

#endif /* NICSIM_VF_H */
