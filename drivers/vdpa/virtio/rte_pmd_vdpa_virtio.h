/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the vdpa_virtio driver offers beyond rte_vdpa.h: events, state with its reason, and what
 * each queue runs on.
 *
 * A handle is the struct rte_vdpa_device that rte_vdpa_find_device_by_name() returns; each function
 * answers -ENODEV for one that is not this driver's, so an application may try it on any vDPA
 * device. Unless said otherwise a function may be called from any thread, including an event
 * callback.
 */
#ifndef RTE_PMD_VDPA_VIRTIO_H
#define RTE_PMD_VDPA_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_compat.h>
#include <rte_vdpa.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTE_PMD_VDPA_VIRTIO_TEXT 320 /**< Bytes of an explanation, its final 0 included. */

/** State of one device; changed by the driver's one state table only. */
enum rte_pmd_vdpa_virtio_state {
	RTE_PMD_VDPA_VIRTIO_PROBED, /**< Claimed, no guest on it. */
	/** A guest is configured; its queues are being handed to the device. */
	RTE_PMD_VDPA_VIRTIO_STARTING,
	RTE_PMD_VDPA_VIRTIO_RUNNING, /**< The device runs the guest's rings. */
	RTE_PMD_VDPA_VIRTIO_STOPPING, /**< Being taken from the guest. */
	RTE_PMD_VDPA_VIRTIO_FAILED, /**< Holds nothing of the guest, and says why. */
	RTE_PMD_VDPA_VIRTIO_NUM_STATES
};

/** Why a device failed or refused a guest. */
enum rte_pmd_vdpa_virtio_reason {
	RTE_PMD_VDPA_VIRTIO_OK,
	RTE_PMD_VDPA_VIRTIO_GUEST_LEGACY, /**< The guest did not accept VIRTIO_F_VERSION_1. */
	/** The guest has a virtual IOMMU in front of the device. */
	RTE_PMD_VDPA_VIRTIO_GUEST_IOMMU,
	/** The guest accepted what the device does not have. */
	RTE_PMD_VDPA_VIRTIO_GUEST_FEATURES,
	RTE_PMD_VDPA_VIRTIO_BUSY, /**< Another guest is on the device. */
	RTE_PMD_VDPA_VIRTIO_QUEUE_COUNT, /**< More queues than the device has. */
	RTE_PMD_VDPA_VIRTIO_QUEUE_SIZE, /**< A ring size that the device does not take. */
	/** A ring outside guest memory, across regions, or misaligned. */
	RTE_PMD_VDPA_VIRTIO_QUEUE_ADDRESS,
	RTE_PMD_VDPA_VIRTIO_QUEUE_INDEX, /**< A ring that is to start at an index other than 0. */
	/** Guest memory regions overlap, overflow or are not aligned. */
	RTE_PMD_VDPA_VIRTIO_MEM_TABLE,
	RTE_PMD_VDPA_VIRTIO_DMA_MAP, /**< The IOMMU did not take a mapping. */
	RTE_PMD_VDPA_VIRTIO_IRQ, /**< Interrupts could not be wired. */
	RTE_PMD_VDPA_VIRTIO_FEATURES, /**< The device refused the features. */
	RTE_PMD_VDPA_VIRTIO_CONTROL, /**< The control queue failed. */
	RTE_PMD_VDPA_VIRTIO_RESET, /**< The device did not finish a reset in time. */
	RTE_PMD_VDPA_VIRTIO_NEEDS_RESET, /**< The device asked for a reset. */
	RTE_PMD_VDPA_VIRTIO_DEVICE, /**< The device did not do what the specification asks of it. */
	RTE_PMD_VDPA_VIRTIO_GONE, /**< The device was removed. */
	/** This process lacks a resource (memory, threads, file descriptors). */
	RTE_PMD_VDPA_VIRTIO_HOST,
	RTE_PMD_VDPA_VIRTIO_NUM_REASONS
};

enum rte_pmd_vdpa_virtio_event_type {
	RTE_PMD_VDPA_VIRTIO_EVENT_STATE, /**< State changed; see state, reason, text. */
	/** A guest was refused; the state did not change; see vid, reason, text. */
	RTE_PMD_VDPA_VIRTIO_EVENT_REFUSED,
	RTE_PMD_VDPA_VIRTIO_EVENT_LINK, /**< Link of the device changed; see link_up. */
	/** The device was removed or asked for its release by the kernel. */
	RTE_PMD_VDPA_VIRTIO_EVENT_GONE,
	RTE_PMD_VDPA_VIRTIO_EVENT_KICK, /**< How kicks reach the device was settled; see kick. */
	/** The device asks the guest to announce itself (VIRTIO_NET_S_ANNOUNCE). */
	RTE_PMD_VDPA_VIRTIO_EVENT_ANNOUNCE,
	/**
	 * A device that was removed is back: a guest can start on it again. One that is still
	 * connected does so when its driver restarts: a device takes rings at their start only.
	 */
	RTE_PMD_VDPA_VIRTIO_EVENT_RETURNED,
};

/** Whose rings the device works on. */
enum rte_pmd_vdpa_virtio_mode {
	RTE_PMD_VDPA_VIRTIO_MODE_NONE, /**< On none: queue not running. */
	RTE_PMD_VDPA_VIRTIO_MODE_DIRECT, /**< On the guest's own. */
};

/** How a guest's kicks reach a queue. */
enum rte_pmd_vdpa_virtio_kick {
	RTE_PMD_VDPA_VIRTIO_KICK_NONE, /**< Queue not running. */
	/** Through this process: kick eventfd, then the doorbell. */
	RTE_PMD_VDPA_VIRTIO_KICK_RELAY,
	RTE_PMD_VDPA_VIRTIO_KICK_MAPPED, /**< The doorbell's page is mapped into the guest. */
};

/** How a queue's interrupts reach the guest. */
enum rte_pmd_vdpa_virtio_irq {
	RTE_PMD_VDPA_VIRTIO_IRQ_NONE, /**< The front-end gave no call fd, or queue not running. */
	/** A vector of its own, wired by VFIO to the guest's call fd. */
	RTE_PMD_VDPA_VIRTIO_IRQ_DIRECT,
	/** A vector shared with others; this process wakes every queue on it. */
	RTE_PMD_VDPA_VIRTIO_IRQ_RELAY,
};

/** One event. Valid during the callback only. */
struct rte_pmd_vdpa_virtio_event {
	enum rte_pmd_vdpa_virtio_event_type type;
	enum rte_pmd_vdpa_virtio_state from; /**< EVENT_STATE: state before. */
	enum rte_pmd_vdpa_virtio_state state; /**< State now. */
	enum rte_pmd_vdpa_virtio_reason reason;
	/** EVENT_KICK: MAPPED only if all running queues are. */
	enum rte_pmd_vdpa_virtio_kick kick;
	int vid; /**< vhost device id, -1: none. */
	int error; /**< 0 or -errno behind the reason. */
	bool link_up; /**< EVENT_LINK, EVENT_STATE to RUNNING. */
	const char *text; /**< One line for people; never NULL, may be empty. */
};

/**
 * Called on an event, by a thread of the driver or of the vhost library, with no lock of the driver
 * held. It must return soon and enqueue rather than act: no rte_vhost_driver_unregister(), no
 * waiting for the guest.
 */
typedef void (*rte_pmd_vdpa_virtio_event_cb)(struct rte_vdpa_device *dev,
	const struct rte_pmd_vdpa_virtio_event *event, void *arg);

/**
 * Set the one event callback of a device; NULL takes it away, and then none is running when this
 * returns.
 *
 * @param dev  the device
 * @param cb   callback or NULL
 * @param arg  handed to cb
 * @return 0; -ENODEV not a device of this driver; -EDEADLK from inside the callback itself
 */
int rte_pmd_vdpa_virtio_event_register(
	struct rte_vdpa_device *dev, rte_pmd_vdpa_virtio_event_cb cb, void *arg);

/** What a device is doing. Counters count from probe. */
struct rte_pmd_vdpa_virtio_status {
	enum rte_pmd_vdpa_virtio_state state;
	/** Of the last failure; OK after a start that worked. */
	enum rte_pmd_vdpa_virtio_reason reason;
	int vid; /**< -1: no guest */
	enum rte_pmd_vdpa_virtio_mode mode; /**< The least direct of all queues that run. */
	uint16_t max_pairs; /**< Queue pairs offered to guests. */
	uint16_t queues; /**< Queues that run. */
	uint16_t queues_mapped; /**< Of these: doorbell mapped into the guest. */
	uint16_t queues_irq_direct; /**< Of these: interrupts wired straight to the guest. */
	uint16_t vectors; /**< MSI-X vectors of the device. */
	bool link_up;
	uint64_t features; /**< Negotiated with the device; 0 when not running. */
	uint32_t dma_maps; /**< IOMMU mappings held, the driver's own included. */
	uint64_t dma_bytes; /**< Bytes they cover. */
	uint64_t starts; /**< Times the device began to run a guest. */
	uint64_t failures; /**< Times it failed or refused a guest. */
	uint64_t kicks_relayed; /**< Kicks that passed through this process. */
	uint64_t irqs_relayed; /**< Interrupts that did. */
	uint64_t config_changes; /**< Configuration change interrupts. */
	char text[RTE_PMD_VDPA_VIRTIO_TEXT]; /**< Of the last failure, else empty. */
};

/** @param status  filled. @return 0; -ENODEV; -EINVAL status NULL */
int rte_pmd_vdpa_virtio_status_get(
	struct rte_vdpa_device *dev, struct rte_pmd_vdpa_virtio_status *status);

/** What one queue runs on. */
struct rte_pmd_vdpa_virtio_queue {
	bool enabled; /**< As the front-end last said. */
	bool running; /**< The device works on it. */
	enum rte_pmd_vdpa_virtio_mode mode;
	enum rte_pmd_vdpa_virtio_kick kick;
	enum rte_pmd_vdpa_virtio_irq irq;
	uint16_t size; /**< Entries of the ring. */
	uint16_t vector; /**< MSI-X vector, 0xffff: none. */
	/** Index where it last stopped, packed rings with the wrap counter in bit 15. */
	uint16_t base;
	uint64_t kicks_relayed;
	uint64_t irqs_relayed;
};

/** @param qid  0..2 * the device's pairs - 1. @return 0; -ENODEV; -EINVAL qid or queue NULL */
int rte_pmd_vdpa_virtio_queue_get(
	struct rte_vdpa_device *dev, uint16_t qid, struct rte_pmd_vdpa_virtio_queue *queue);

/**
 * Limit the queue pairs that guests to come are offered.
 *
 * @param pairs  1..what the device has
 * @return 0; -ENODEV; -ERANGE
 */
int
rte_pmd_vdpa_virtio_max_pairs_set(struct rte_vdpa_device *dev, uint16_t pairs);

/**
 * MAC address that the device filters for, from the next start on (also the devarg mac=). Without
 * one the device is made to receive all: a vhost-user front-end does not tell the back-end the
 * guest's address.
 *
 * @param mac  6 bytes, unicast; NULL: none
 * @return 0; -ENODEV; -EINVAL multicast or zero; -ENOTSUP the device has no
 * VIRTIO_NET_F_CTRL_MAC_ADDR
 */
int
rte_pmd_vdpa_virtio_mac_set(struct rte_vdpa_device *dev, const uint8_t *mac);

/**
 * Why a PCI function cannot be claimed, and the remedy, in one line. Reads sysfs only; before
 * rte_eal_init() too.
 *
 * @param pci   address, DDDD:BB:DD.F or BB:DD.F
 * @param text  RTE_PMD_VDPA_VIRTIO_TEXT bytes do; always terminated
 * @return 0 nothing speaks against it; -EINVAL not an address; -ENODEV no such function; -ENOTSUP
 * not a virtio network
 *         function; -EXDEV no IOMMU; -EPERM not bound to vfio-pci; -EBUSY its IOMMU group is not
 * viable
 */
int
rte_pmd_vdpa_virtio_diagnose(const char *pci, char *text, size_t len);

/** Names for people and for metrics: lower case, no blanks. Never NULL. */
const char *
rte_pmd_vdpa_virtio_state_name(enum rte_pmd_vdpa_virtio_state state);
const char *
rte_pmd_vdpa_virtio_reason_name(enum rte_pmd_vdpa_virtio_reason reason);
const char *
rte_pmd_vdpa_virtio_mode_name(enum rte_pmd_vdpa_virtio_mode mode);
const char *
rte_pmd_vdpa_virtio_kick_name(enum rte_pmd_vdpa_virtio_kick kick);
const char *
rte_pmd_vdpa_virtio_irq_name(enum rte_pmd_vdpa_virtio_irq irq);

#ifdef __cplusplus
}
#endif

#endif /* RTE_PMD_VDPA_VIRTIO_H */
