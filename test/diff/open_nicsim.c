/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Functions of a simulated NIC, made like those of the lab: as many queues, vectors and entries,
 * the same addresses, and a bridge between them.
 */
#include <errno.h>
#include <stdio.h>

#include <vio_spec.h>

#include "nicsim.h"
#include "open.h"
#include "vf_bus.h"

#define RING 1024
/* What the model can do, and does not offer unless it is told to. */
#define MORE                                                                                       \
	(VIO_BIT(VIO_NET_F_CTRL_RX_EXTRA) | VIO_BIT(VIO_NET_F_CTRL_GUEST_OFFLOADS) |               \
		VIO_BIT(VIO_NET_F_HOST_USO) | VIO_BIT(VIO_NET_F_GUEST_USO4) |                      \
		VIO_BIT(VIO_NET_F_GUEST_USO6))

static int
link_set(struct diff_vf *vf, bool up)
{
	const struct nicsim_fault fault = {
		.kind = up ? NICSIM_FAULT_LINK_UP : NICSIM_FAULT_LINK_DOWN, .count = 1
	};

	return nicsim_vf_fault(vf->link_ctx, &fault);
}

int
diff_open_nicsim(struct diff_pair *p)
{
	struct nicsim_conf conf = nicsim_default;
	struct nicsim *nic = NULL;
	char why[256] = "";
	unsigned int i;
	int ret;

	conf.name = "diff";
	conf.vfs = 2;
	conf.mode = NICSIM_LEGACY;
	conf.vf = nicsim_vf_default;
	conf.vf.features |= MORE;
	conf.vf.pairs = DIFF_PAIRS;
	conf.vf.queue_size = RING;
	conf.vf.vectors = DIFF_VECTORS;
	conf.vf.notify_pages = true;
	for (i = 0; i < 6; i++)
		conf.vf.mac[i] = (const uint8_t[]){ 0x52, 0x54, 0, 0, 1, 1 }[i];
	ret = nicsim_create(&conf, &nic, why, sizeof(why));
	if (ret != 0) {
		fprintf(stderr, "vf-script: no simulated NIC: %s\n", why);
		return ret;
	}
	p->nic = nic;
	for (i = 0; i < 2; i++) {
		ret = nicsim_eth_bus_open(nicsim_vf(nic, i), &p->vf[i].bus);
		if (ret != 0) {
			fprintf(stderr, "vf-script: VF %u cannot be opened: %d\n", i, ret);
			return ret;
		}
		p->vf[i].link = link_set;
		p->vf[i].link_ctx = nicsim_vf(nic, i);
	}
	return 0;
}

void
diff_close_nicsim(struct diff_pair *p)
{
	if (p->nic != NULL)
		nicsim_destroy(p->nic);
	p->nic = NULL;
}
