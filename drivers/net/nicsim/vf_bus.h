/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The vDPA driver's bus over a simulated VF: what VFIO is to a real one.
 */
#ifndef NICSIM_ETH_VF_BUS_H
#define NICSIM_ETH_VF_BUS_H

#include "bus.h"
#include "nicsim_vf.h"

/*
 * Open a simulated VF for the driver. Returns 0 and a bus to be given back by ops->close(); -EBUSY
 * it is open; -ENODEV it is gone; -EIO its capabilities are no good; -ENOMEM. The VF must outlive
 * the bus.
 */
int nicsim_eth_bus_open(struct nicsim_vf *vf, struct virtio_vdpa_bus **bus);

#endif /* NICSIM_ETH_VF_BUS_H */
