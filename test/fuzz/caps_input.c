/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * What must hold for the capability parser on any input. Needs nothing but the parser; one thread.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caps_input.h"
#include "vio_caps.h"
#include "vio_spec.h"

#define HEAD (8 * VIO_NUM_BARS)
#define CFG_MAX 4096

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #cond);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void
check_region(const struct vio_region *r, const uint64_t *bar_len, uint64_t min, uint64_t align)
{
	MUST(r->bar < VIO_NUM_BARS);
	MUST(r->len >= min);
	MUST(r->off % align == 0);
	MUST(r->off + r->len > r->off);
	MUST(r->off + r->len <= bar_len[r->bar]);
}

static bool
overlap(const struct vio_region *a, const struct vio_region *b)
{
	return a->bar == b->bar && a->off < b->off + b->len && b->off < a->off + a->len;
}

static void
check_layout(const struct vio_layout *l, const uint64_t *bar_len)
{
	const struct vio_region *r[] = { &l->common, &l->notify, &l->isr, &l->device };
	size_t i, j, n = l->device.len != 0 ? 4 : 3;

	check_region(&l->common, bar_len, VIO_COMMON_MIN_LEN, 4);
	check_region(&l->notify, bar_len, 2, 2);
	check_region(&l->isr, bar_len, 1, 1);
	if (l->device.len != 0)
		check_region(&l->device, bar_len, 1, 4);
	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n; j++)
			MUST(!overlap(r[i], r[j]));
	}
	MUST(l->notify_multiplier % 2 == 0);
	MUST(l->pci_cfg_cap == 0 || (l->pci_cfg_cap >= 64 && l->pci_cfg_cap % 4 == 0));
}

static bool
same_region(const struct vio_region *a, const struct vio_region *b)
{
	return a->bar == b->bar && a->off == b->off && a->len == b->len;
}

static bool
same_layout(const struct vio_layout *a, const struct vio_layout *b)
{
	return same_region(&a->common, &b->common) && same_region(&a->notify, &b->notify) &&
	       same_region(&a->isr, &b->isr) && same_region(&a->device, &b->device) &&
	       a->notify_multiplier == b->notify_multiplier && a->pci_cfg_cap == b->pci_cfg_cap;
}

static void
check_answer(int ret, const char *why, const struct vio_layout *l, const uint64_t *bar_len)
{
	static const struct vio_layout untouched;

	if (ret == 0) {
		check_layout(l, bar_len);
		return;
	}
	MUST(ret == -EINVAL || ret == -ENODEV);
	MUST(why != NULL && why[0] != '\0');
	MUST(memcmp(l, &untouched, sizeof(untouched)) == 0);
}

int
caps_input_run(const uint8_t *data, size_t size, const char **why)
{
	struct vio_layout layout, again;
	uint64_t bar_len[VIO_NUM_BARS];
	const char *text = NULL, *other = NULL;
	size_t i, cfg_len;
	uint8_t *cfg;
	int ret;

	if (size <= HEAD || size - HEAD > CFG_MAX)
		return 1;
	memset(&layout, 0, sizeof(layout));
	memset(&again, 0, sizeof(again));
	memset(bar_len, 0, sizeof(bar_len));
	for (i = 0; i < HEAD; i++)
		bar_len[i / 8] |= (uint64_t)data[i] << 8 * (i % 8);
	/* a block of its own: the sanitizer sees a byte too far on either side */
	cfg_len = size - HEAD;
	cfg = malloc(cfg_len);
	MUST(cfg != NULL);
	memcpy(cfg, data + HEAD, cfg_len);
	ret = vio_caps_parse(cfg, cfg_len, bar_len, &layout, &text);
	check_answer(ret, text, &layout, bar_len);
	MUST(memcmp(cfg, data + HEAD, cfg_len) == 0);
	/* it keeps nothing from one call to the next */
	MUST(vio_caps_parse(cfg, cfg_len, bar_len, &again, &other) == ret);
	MUST(text == other && same_layout(&layout, &again));
	free(cfg);
	if (why != NULL)
		*why = text;
	return ret;
}
