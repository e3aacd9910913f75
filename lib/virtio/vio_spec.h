/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Names and numbers of the virtio specification 1.2 (with 1.3's additions), as far as this project
 * uses them.
 * Own names rather than <linux/virtio_*.h>: those lag behind the specification by years on a stable
 * distribution.
 */
#ifndef VIO_SPEC_H
#define VIO_SPEC_H

#include <stdint.h>

/* 4.1.2: PCI ids */
#define VIO_PCI_VENDOR 0x1af4
#define VIO_PCI_DEVICE_NET_TRANSITIONAL 0x1000
#define VIO_PCI_DEVICE_NET 0x1041

/* 2.1: device status */
#define VIO_STATUS_RESET 0
#define VIO_STATUS_ACKNOWLEDGE 1
#define VIO_STATUS_DRIVER 2
#define VIO_STATUS_DRIVER_OK 4
#define VIO_STATUS_FEATURES_OK 8
#define VIO_STATUS_NEEDS_RESET 64
#define VIO_STATUS_FAILED 128

/* 6: reserved feature bits */
#define VIO_F_INDIRECT_DESC 28
#define VIO_F_EVENT_IDX 29
#define VIO_F_VERSION_1 32
#define VIO_F_ACCESS_PLATFORM 33
#define VIO_F_RING_PACKED 34
#define VIO_F_IN_ORDER 35
#define VIO_F_ORDER_PLATFORM 36
#define VIO_F_SR_IOV 37
#define VIO_F_NOTIFICATION_DATA 38
#define VIO_F_NOTIF_CONFIG_DATA 39
#define VIO_F_RING_RESET 40

/* 5.1.3: network device feature bits */
#define VIO_NET_F_CSUM 0
#define VIO_NET_F_GUEST_CSUM 1
#define VIO_NET_F_CTRL_GUEST_OFFLOADS 2
#define VIO_NET_F_MTU 3
#define VIO_NET_F_MAC 5
#define VIO_NET_F_GUEST_TSO4 7
#define VIO_NET_F_GUEST_TSO6 8
#define VIO_NET_F_GUEST_ECN 9
#define VIO_NET_F_GUEST_UFO 10
#define VIO_NET_F_HOST_TSO4 11
#define VIO_NET_F_HOST_TSO6 12
#define VIO_NET_F_HOST_ECN 13
#define VIO_NET_F_HOST_UFO 14
#define VIO_NET_F_MRG_RXBUF 15
#define VIO_NET_F_STATUS 16
#define VIO_NET_F_CTRL_VQ 17
#define VIO_NET_F_CTRL_RX 18
#define VIO_NET_F_CTRL_VLAN 19
#define VIO_NET_F_CTRL_RX_EXTRA 20
#define VIO_NET_F_GUEST_ANNOUNCE 21
#define VIO_NET_F_MQ 22
#define VIO_NET_F_CTRL_MAC_ADDR 23
#define VIO_NET_F_GUEST_USO4 54
#define VIO_NET_F_GUEST_USO6 55
#define VIO_NET_F_HOST_USO 56
#define VIO_NET_F_HASH_REPORT 57
#define VIO_NET_F_RSS 60

#define VIO_BIT(n) (UINT64_C(1) << (n))

/* 4.1.4: virtio structure PCI capabilities */
#define VIO_PCI_CAP_VNDR 0x09
#define VIO_PCI_CAP_COMMON_CFG 1
#define VIO_PCI_CAP_NOTIFY_CFG 2
#define VIO_PCI_CAP_ISR_CFG 3
#define VIO_PCI_CAP_DEVICE_CFG 4
#define VIO_PCI_CAP_PCI_CFG 5
#define VIO_PCI_CAP_SHARED_MEMORY_CFG 8
#define VIO_PCI_CAP_VENDOR_CFG 9

#define VIO_MSI_NO_VECTOR 0xffff

/* 4.1.4.3: common configuration structure; offsets */
#define VIO_COMMON_DFSELECT 0x00
#define VIO_COMMON_DF 0x04
#define VIO_COMMON_GFSELECT 0x08
#define VIO_COMMON_GF 0x0c
#define VIO_COMMON_CONFIG_MSIX 0x10
#define VIO_COMMON_NUM_QUEUES 0x12
#define VIO_COMMON_STATUS 0x14
#define VIO_COMMON_CFGGENERATION 0x15
#define VIO_COMMON_Q_SELECT 0x16
#define VIO_COMMON_Q_SIZE 0x18
#define VIO_COMMON_Q_MSIX 0x1a
#define VIO_COMMON_Q_ENABLE 0x1c
#define VIO_COMMON_Q_NOFF 0x1e
#define VIO_COMMON_Q_DESCLO 0x20
#define VIO_COMMON_Q_DESCHI 0x24
#define VIO_COMMON_Q_AVAILLO 0x28
#define VIO_COMMON_Q_AVAILHI 0x2c
#define VIO_COMMON_Q_USEDLO 0x30
#define VIO_COMMON_Q_USEDHI 0x34
#define VIO_COMMON_MIN_LEN 0x38 /* what every virtio 1.0 device has */
#define VIO_COMMON_Q_NDATA 0x38 /* with NOTIF_CONFIG_DATA */
#define VIO_COMMON_Q_RESET 0x3a /* with RING_RESET */

/* 5.1.4: network device configuration layout; offsets */
#define VIO_NET_CFG_MAC 0x00
#define VIO_NET_CFG_STATUS 0x06
#define VIO_NET_CFG_MAX_PAIRS 0x08
#define VIO_NET_CFG_MTU 0x0a
#define VIO_NET_S_LINK_UP 1
#define VIO_NET_S_ANNOUNCE 2

/* 5.1.6.5: control virtqueue */
#define VIO_NET_OK 0
#define VIO_NET_ERR 1
#define VIO_NET_CTRL_RX 0
#define VIO_NET_CTRL_RX_PROMISC 0
#define VIO_NET_CTRL_RX_ALLMULTI 1
#define VIO_NET_CTRL_MAC 1
#define VIO_NET_CTRL_MAC_TABLE_SET 0
#define VIO_NET_CTRL_MAC_ADDR_SET 1
#define VIO_NET_CTRL_ANNOUNCE 3
#define VIO_NET_CTRL_ANNOUNCE_ACK 0
#define VIO_NET_CTRL_MQ 4
#define VIO_NET_CTRL_MQ_VQ_PAIRS_SET 0
#define VIO_NET_MAX_PAIRS 0x8000

#endif /* VIO_SPEC_H */
