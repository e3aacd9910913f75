/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Writes configuration spaces. One thread; it writes what it is told, legal or not.
 */
#include <string.h>

#include <vio_spec.h>

#include "nicsim_pcicfg.h"

void
nicsim_pcicfg_set16(struct nicsim_pcicfg *cfg, uint16_t off, uint16_t val)
{
	cfg->bytes[off] = (uint8_t)val;
	cfg->bytes[off + 1] = (uint8_t)(val >> 8);
}

void
nicsim_pcicfg_set32(struct nicsim_pcicfg *cfg, uint16_t off, uint32_t val)
{
	nicsim_pcicfg_set16(cfg, off, (uint16_t)val);
	nicsim_pcicfg_set16(cfg, off + 2, (uint16_t)(val >> 16));
}

void
nicsim_pcicfg_init(struct nicsim_pcicfg *cfg, uint16_t vendor, uint16_t device)
{
	memset(cfg, 0, sizeof(*cfg));
	nicsim_pcicfg_set16(cfg, 0x00, vendor);
	nicsim_pcicfg_set16(cfg, 0x02, device);
	nicsim_pcicfg_set16(cfg, 0x04, 0x0406); /* memory, bus master, INTx off */
	nicsim_pcicfg_set16(cfg, 0x06, 0x0010); /* has a capability list */
	nicsim_pcicfg_set32(cfg, 0x08, 0x02000001); /* Ethernet; revision 1: virtio 1.x */
	nicsim_pcicfg_set16(cfg, 0x2c, vendor);
	nicsim_pcicfg_set16(cfg, 0x2e, 0x1100);
	cfg->link = 0x34;
	cfg->room = 0x40;
}

uint8_t
nicsim_pcicfg_add(struct nicsim_pcicfg *cfg, uint8_t id, uint8_t len)
{
	uint8_t at = (uint8_t)cfg->room;

	cfg->bytes[cfg->link] = at;
	cfg->bytes[at] = id;
	cfg->bytes[at + 1] = 0;
	cfg->link = (uint8_t)(at + 1);
	cfg->room = (uint16_t)(at + ((len + 3) & ~3));
	return at;
}

uint8_t
nicsim_pcicfg_add_virtio(
	struct nicsim_pcicfg *cfg, uint8_t type, uint8_t bar, uint32_t off, uint32_t len)
{
	uint8_t size = type == VIO_PCI_CAP_NOTIFY_CFG || type == VIO_PCI_CAP_PCI_CFG ? 20 : 16;
	uint8_t at = nicsim_pcicfg_add(cfg, VIO_PCI_CAP_VNDR, size);

	cfg->bytes[at + 2] = size;
	cfg->bytes[at + 3] = type;
	cfg->bytes[at + 4] = bar;
	nicsim_pcicfg_set32(cfg, at + 8, off);
	nicsim_pcicfg_set32(cfg, at + 12, len);
	return at;
}

uint8_t
nicsim_pcicfg_add_notify(
	struct nicsim_pcicfg *cfg, uint8_t bar, uint32_t off, uint32_t len, uint32_t multiplier)
{
	uint8_t at = nicsim_pcicfg_add_virtio(cfg, VIO_PCI_CAP_NOTIFY_CFG, bar, off, len);

	nicsim_pcicfg_set32(cfg, at + 16, multiplier);
	return at;
}
