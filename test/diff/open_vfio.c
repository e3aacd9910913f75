/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Functions of the lab's machine. Owns nothing but how to reach them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "open.h"

static int
link_set(struct diff_vf *vf, bool up)
{
	const char *monitor = getenv("LAB_MONITOR");
	FILE *f;

	f = monitor != NULL ? fopen(monitor, "we") : NULL;
	if (f == NULL)
		return -ENOTSUP;
	fprintf(f, "{\"execute\": \"set_link\", \"arguments\": {\"name\": \"vf%u\", \"up\": %s}}\n",
		vf->name[0] == 'A' ? 1u : 2u, up ? "true" : "false");
	return fclose(f) == 0 ? 0 : -errno;
}

int
diff_open_vfio(struct diff_pair *p, const char *pci_a, const char *pci_b)
{
	const char *const pci[2] = { pci_a, pci_b };
	struct virtio_vdpa_fault fault;
	unsigned int i;
	int ret;

	for (i = 0; i < 2; i++) {
		ret = virtio_vdpa_vfio_open(pci[i], &p->vf[i].bus, &fault);
		if (ret != 0) {
			fprintf(stderr, "vf-script: %s: %s\n", pci[i], fault.text);
			return ret;
		}
		p->vf[i].link = link_set;
	}
	return 0;
}
