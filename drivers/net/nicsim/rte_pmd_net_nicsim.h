/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * What the net_nicsim driver offers beyond rte_ethdev.h and rte_flow.h: the names of the vDPA
 * devices of a simulated NIC's VFs, and faults on demand.
 *
 * A NIC is named by the id of any of its ports. Any thread, a callback of an ethdev event included.
 */
#ifndef RTE_PMD_NET_NICSIM_H
#define RTE_PMD_NET_NICSIM_H

#include <stddef.h>
#include <stdint.h>

#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTE_PMD_NET_NICSIM_TEXT 640 /**< Bytes of an explanation, its final 0 included. */

/** @return number of VFs, 0 or more; -ENODEV the port is not of a simulated NIC */
__rte_experimental int
rte_pmd_net_nicsim_num_vfs(uint16_t port_id);

/**
 * Name that rte_vdpa_find_device_by_name() finds a VF's vDPA device by.
 *
 * @param vf    0..number of VFs - 1
 * @param name  RTE_DEV_NAME_MAX_LEN bytes do
 * @param len   bytes of name
 * @return 0; -ENODEV the port is not of a simulated NIC; -EINVAL no such VF; -ENOSPC len
 */
__rte_experimental int
rte_pmd_net_nicsim_vf_name(uint16_t port_id, unsigned int vf, char *name, size_t len);

/**
 * Arm a fault of a VF.
 *
 * What a VF is (vectors, no-ring-reset, no-notify-pages, no-packed) changes with its next power-on:
 * arm "gone" then, and "return". The same holds for taking that back.
 *
 * @param vf     0..number of VFs - 1
 * @param fault  FAULT[=ARG][@POINT[+COUNT]], see doc/nicsim.md
 * @param why    what is wrong and what there is instead, on failure; RTE_PMD_NET_NICSIM_TEXT bytes
 *               do. NULL: not wanted
 * @param len    bytes of why
 * @return 0; -ENODEV the port is not of a simulated NIC; -EINVAL no such VF, or the text is wrong;
 *         -ENOSPC too many wait for their point
 */
__rte_experimental int
rte_pmd_net_nicsim_fault(
	uint16_t port_id, unsigned int vf, const char *fault, char *why, size_t len);

/**
 * Take back all faults of a VF, those that wait and those that last. A VF that was removed stays
 * so, until the fault "return".
 *
 * @return 0; -ENODEV the port is not of a simulated NIC; -EINVAL no such VF
 */
__rte_experimental int
rte_pmd_net_nicsim_fault_clear(uint16_t port_id, unsigned int vf);

/** Call fn with the name of each fault that there is, and a line for people. */
__rte_experimental void
rte_pmd_net_nicsim_fault_list(void (*fn)(const char *name, const char *help, void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif /* RTE_PMD_NET_NICSIM_H */
