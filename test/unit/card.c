/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The way from a simulated function to one in use. One thread.
 */
#include <stdlib.h>

#include "card.h"
#include "ut.h"

static void
on_wake(void *ctx)
{
	__atomic_add_fetch(&((struct card *)ctx)->wakes, 1, __ATOMIC_RELAXED);
}

int
card_new(struct card *c, const struct nicsim_vf_conf *conf, bool hardware)
{
	struct nicsim_vf_conf usual = nicsim_vf_default;

	memset(c, 0, sizeof(*c));
	usual.pairs = 4;
	UT_EQ(posix_memalign((void **)&c->mem, 4096, CARD_MEM), 0);
	memset(c->mem, 0, CARD_MEM);
	c->vf = nicsim_vf_new(conf != NULL ? conf : &usual, "card", hardware ? on_wake : NULL, c);
	UT_CHECK(c->vf != NULL);
	return 0;
}

int
card_open(struct card *c)
{
	struct vio_io io = { .ops = &nicsim_vf_io_ops, .ctx = c->vf };

	UT_EQ(nicsim_vf_open(c->vf, &c->info), 0);
	UT_EQ(vio_dev_init(&c->dev, &io, &c->info.layout), 0);
	UT_EQ(nicsim_vf_dma_map(c->vf, (uintptr_t)c->mem, CARD_IOVA, CARD_MEM), 0);
	return 0;
}

int
card_negotiate(struct card *c, uint64_t features)
{
	UT_EQ(vio_dev_reset(&c->dev, CARD_MS), 0);
	UT_EQ(vio_dev_negotiate(&c->dev, V1 | features), 0);
	return 0;
}

int
card_queue_try(struct card *c, uint16_t qid, uint16_t vector)
{
	const uint64_t at = CARD_IOVA + CARD_RINGS + (uint64_t)qid * CARD_RING;
	const struct vio_queue_conf conf = { .desc = at,
		.driver = at + 0x2000,
		.device = at + 0x3000,
		.size = 256,
		.vector = vector };
	int ret = vio_queue_setup(&c->dev, qid, &conf);

	return ret == 0 ? vio_queue_enable(&c->dev, qid) : ret;
}

int
card_queue(struct card *c, uint16_t qid, uint16_t vector)
{
	UT_EQ(card_queue_try(c, qid, vector), 0);
	return 0;
}

/* A pair, and the control queue where that is negotiated; live. */
int
card_live(struct card *c, uint64_t features)
{
	uint16_t ctrl = (features & MQ) != 0 ? 8 : 2;

	UT_DO(card_negotiate(c, features));
	UT_DO(card_queue(c, 0, VIO_MSI_NO_VECTOR));
	UT_DO(card_queue(c, 1, VIO_MSI_NO_VECTOR));
	if ((features & VIO_BIT(VIO_NET_F_CTRL_VQ)) != 0)
		UT_EQ(vio_cvq_init(&c->cvq, &c->dev, ctrl, c->mem, CARD_IOVA), 0);
	UT_EQ(vio_dev_driver_ok(&c->dev), 0);
	return 0;
}

int
card_start(struct card *c, uint64_t features, bool hardware)
{
	UT_DO(card_new(c, NULL, hardware));
	UT_DO(card_open(c));
	return card_live(c, features);
}

int
card_free(struct card *c)
{
	const char *blamed = c->vf->regs.violation;

	nicsim_vf_free(c->vf);
	free(c->mem);
	UT_STR(blamed == NULL ? "" : blamed, "");
	return 0;
}

int
card_fault(struct nicsim_vf *vf, const char *text)
{
	struct nicsim_fault f;
	char why[256];

	if (nicsim_fault_parse(text, &f, why, sizeof(why)) != 0)
		UT_FAIL("%s", why);
	return nicsim_vf_fault(vf, &f);
}

struct nicsim_vf_stats
card_stats(struct nicsim_vf *vf)
{
	struct nicsim_vf_stats st;

	nicsim_vf_stats(vf, &st);
	return st;
}
