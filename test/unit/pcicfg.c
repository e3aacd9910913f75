/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Writes configuration spaces. One thread; it writes what it is told, legal or not.
 */
#include <stdlib.h>
#include <string.h>

#include "pcicfg.h"
#include "vio_spec.h"

void
pcicfg_set16(struct pcicfg *cfg, uint16_t off, uint16_t val)
{
	cfg->bytes[off] = (uint8_t)val;
	cfg->bytes[off + 1] = (uint8_t)(val >> 8);
}

void
pcicfg_set32(struct pcicfg *cfg, uint16_t off, uint32_t val)
{
	pcicfg_set16(cfg, off, (uint16_t)val);
	pcicfg_set16(cfg, off + 2, (uint16_t)(val >> 16));
}

void
pcicfg_init(struct pcicfg *cfg, uint16_t vendor, uint16_t device)
{
	memset(cfg, 0, sizeof(*cfg));
	pcicfg_set16(cfg, 0x00, vendor);
	pcicfg_set16(cfg, 0x02, device);
	pcicfg_set16(cfg, 0x04, 0x0406); /* memory, bus master, INTx off */
	pcicfg_set16(cfg, 0x06, 0x0010); /* has a capability list */
	pcicfg_set32(cfg, 0x08, 0x02000001); /* Ethernet; revision 1: virtio 1.x */
	pcicfg_set16(cfg, 0x2c, vendor);
	pcicfg_set16(cfg, 0x2e, 0x1100);
	cfg->link = 0x34;
	cfg->room = 0x40;
}

uint8_t
pcicfg_add(struct pcicfg *cfg, uint8_t id, uint8_t len)
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
pcicfg_add_virtio(struct pcicfg *cfg, uint8_t type, uint8_t bar, uint32_t off, uint32_t len)
{
	uint8_t size = type == VIO_PCI_CAP_NOTIFY_CFG || type == VIO_PCI_CAP_PCI_CFG ? 20 : 16;
	uint8_t at = pcicfg_add(cfg, VIO_PCI_CAP_VNDR, size);

	cfg->bytes[at + 2] = size;
	cfg->bytes[at + 3] = type;
	cfg->bytes[at + 4] = bar;
	pcicfg_set32(cfg, at + 8, off);
	pcicfg_set32(cfg, at + 12, len);
	return at;
}

uint8_t
pcicfg_add_notify(struct pcicfg *cfg, uint8_t bar, uint32_t off, uint32_t len, uint32_t multiplier)
{
	uint8_t at = pcicfg_add_virtio(cfg, VIO_PCI_CAP_NOTIFY_CFG, bar, off, len);

	pcicfg_set32(cfg, at + 16, multiplier);
	return at;
}

int
pcicfg_parse(const struct pcicfg *cfg, size_t len, struct vio_layout *layout, const char **why)
{
	uint8_t *copy = malloc(len);
	int ret;

	memcpy(copy, cfg->bytes, len);
	ret = vio_caps_parse(copy, len, cfg->bar_len, layout, why);
	free(copy);
	return ret;
}
