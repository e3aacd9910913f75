/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * One simulated function as a bus and as its NIC have it: opened and closed, doorbells of both
 * kinds, queues, interrupts, faults, removal and return; and many threads at it at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "ut.h"

static uint64_t
kicks(struct card *c, uint16_t qid, bool page)
{
	struct nicsim_queue_stats st;

	nicsim_vf_queue_stats(c->vf, qid, &st);
	return page ? st.kicks_page : st.kicks;
}

static unsigned int
signals(int fd)
{
	eventfd_t n = 0;

	return eventfd_read(fd, &n) == 0 ? (unsigned int)n : 0;
}

/* --- open and closed --- */

static int
bounds(void)
{
	static const struct {
		uint16_t pairs, size, vectors;
	} bad[] = { { 0, 256, 0 }, { 129, 256, 0 }, { 1, 0, 0 }, { 1, 1, 0 }, { 1, 100, 0 },
		{ 1, 65535, 0 }, { 1, 256, 2049 } },
	  good[] = { { 1, 2, 1 }, { 128, 32768, 2048 } };
	struct nicsim_vf_conf conf = nicsim_vf_default;
	struct nicsim_vf_info info;
	struct nicsim_vf *vf;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		conf.pairs = bad[i].pairs;
		conf.queue_size = bad[i].size;
		conf.vectors = bad[i].vectors;
		UT_CHECK(nicsim_vf_new(&conf, "bad", NULL, NULL) == NULL);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		conf.pairs = good[i].pairs;
		conf.queue_size = good[i].size;
		conf.vectors = good[i].vectors;
		vf = nicsim_vf_new(&conf, "good", NULL, NULL);
		UT_CHECK(vf != NULL);
		UT_STR(nicsim_vf_name(vf), "good");
		UT_EQ(nicsim_vf_open(vf, &info), 0);
		UT_EQ(info.vectors, good[i].vectors);
		UT_GE(info.layout.notify.len, 4096u * (2 * good[i].pairs + 1));
		nicsim_vf_free(vf);
	}
	nicsim_vf_free(NULL);
	return 0;
}

static int
open_close(void)
{
	const int wired[2] = { 0, -1 };
	struct nicsim_vf_info again;
	struct card c;
	int i, fd;

	UT_DO(card_new(&c, NULL, false));
	fd = dup(0);
	close(fd);
	for (i = 0; i < 5; i++) {
		UT_DO(card_open(&c));
		UT_EQ(c.info.vectors, 10); /* each queue's, and one more */
		UT_EQ(nicsim_vf_open(c.vf, &again), -EBUSY);
		UT_EQ(nicsim_vf_irq_set(c.vf, 0, 2, wired), 0);
		UT_DO(card_live(&c, CTRL | MQ));
		UT_EQ(card_stats(c.vf).dma_maps, 1);
		UT_EQ(card_stats(c.vf).status, 15);
		UT_CHECK(card_stats(c.vf).open);
		nicsim_vf_close(c.vf);
		UT_EQ(card_stats(c.vf).dma_maps, 0);
		UT_EQ(card_stats(c.vf).status, 0);
		UT_EQ(card_stats(c.vf).active_pairs, 0);
		UT_CHECK(!card_stats(c.vf).open);
		UT_CHECK(!c.vf->queue[1].running);
		UT_EQ(c.vf->irq.wired, 0);
	}
	UT_EQ(dup(0), fd); /* nothing is left open */
	close(fd);
	return card_free(&c);
}

/* Who breaks a rule of VFIO is refused, and it is kept. */
static int
rules(void)
{
	const int fds[2] = { -1, -1 };
	struct card c;
	unsigned int i;

	for (i = 0; i < 12; i++) {
		UT_DO(card_new(&c, NULL, false));
		UT_DO(card_open(&c));
		UT_CHECK(card_stats(c.vf).violation == NULL);
		switch (i) {
		case 0:
			UT_EQ(nicsim_vf_dma_map(c.vf, 0x1000, 0x1000, 0), -EINVAL);
			break;
		case 1:
			UT_EQ(nicsim_vf_dma_map(c.vf, 0x1000, 0x1800, 0x1000), -EINVAL);
			break;
		case 2:
			UT_EQ(nicsim_vf_dma_map(c.vf, 0x1000, UINT64_MAX - 0xfff, 0x2000), -EINVAL);
			break;
		case 3:
			UT_EQ(nicsim_vf_dma_unmap(c.vf, CARD_IOVA, CARD_MEM / 2), -ENOENT);
			break;
		case 4:
			UT_EQ(nicsim_vf_irq_set(c.vf, 0, 0, fds), -EINVAL);
			break;
		case 5:
			UT_EQ(nicsim_vf_irq_set(c.vf, 1, 1, fds), -EINVAL);
			break;
		case 6:
			UT_EQ(nicsim_vf_irq_set(c.vf, 0, 11, fds), -EINVAL);
			break;
		case 7:
			UT_EQ(nicsim_vf_irq_set(c.vf, 0, 2, fds), 0);
			UT_CHECK(card_stats(c.vf).violation == NULL);
			UT_EQ(nicsim_vf_irq_set(c.vf, 1, 2, fds), -EINVAL);
			break;
		case 8:
			nicsim_vf_close(c.vf);
			nicsim_vf_close(c.vf);
			break;
		case 9:
			nicsim_vf_close(c.vf);
			UT_EQ(vio_dev_status(&c.dev), 0xff);
			break;
		case 10:
			nicsim_vf_close(c.vf);
			UT_EQ(nicsim_vf_dma_map(c.vf, 0x1000, 0x1000, 0x1000), -EINVAL);
			break;
		case 11:
			nicsim_vf_close(c.vf);
			UT_EQ(nicsim_vf_irq_set(c.vf, 0, 1, fds), -EINVAL);
			break;
		}
		UT_CHECK(card_stats(c.vf).violation != NULL);
		c.vf->regs.violation = NULL;
		UT_DO(card_free(&c));
	}
	return 0;
}

/* What happened to a function while it was closed is not there for who opens it. */
static int
open_is_reset(void)
{
	struct vio_io io = { .ops = &nicsim_vf_io_ops };
	struct card c;

	UT_DO(card_new(&c, NULL, false));
	io.ctx = c.vf;
	UT_EQ(card_fault(c.vf, "needs-reset"), 0);
	UT_EQ(card_fault(c.vf, "announce"), 0);
	io.ops->write(io.ctx, NICSIM_VF_BAR, VIO_COMMON_STATUS, 1, VIO_STATUS_ACKNOWLEDGE);
	io.ops->write(io.ctx, NICSIM_VF_BAR, VIO_COMMON_Q_SELECT, 2, 1);
	io.ops->write(io.ctx, NICSIM_VF_BAR, VIO_COMMON_Q_SIZE, 2, 64);
	UT_EQ(io.ops->read(io.ctx, NICSIM_VF_BAR, VIO_COMMON_STATUS, 1), 0xff);
	UT_EQ(io.ops->read(io.ctx, NICSIM_VF_BAR, VIO_COMMON_Q_SIZE, 2), 0xffff);
	UT_EQ(io.ops->read(io.ctx, NICSIM_VF_BAR, VIO_COMMON_DF, 4), UINT32_MAX);
	UT_STR(c.vf->regs.violation, "a register written while the function is not open");
	UT_EQ(c.vf->regs.queue_select, 0); /* not carried out */
	UT_EQ(c.vf->regs.status, VIO_STATUS_NEEDS_RESET);
	c.vf->regs.violation = NULL;
	UT_EQ(nicsim_vf_open(c.vf, &c.info), 0);
	UT_EQ(io.ops->read(io.ctx, NICSIM_VF_BAR, VIO_COMMON_STATUS, 1), 0);
	UT_EQ(io.ops->read(io.ctx, NICSIM_VF_BAR, VIO_COMMON_Q_SIZE, 2), 1024);
	UT_EQ(c.vf->regs.netcfg[VIO_NET_CFG_STATUS], VIO_NET_S_LINK_UP);
	return card_free(&c);
}

/* An overlap is the caller's to handle, and no violation: mappings of guests collide. */
static int
maps(void)
{
	struct card c;

	UT_DO(card_new(&c, NULL, false));
	UT_DO(card_open(&c));
	UT_EQ(nicsim_vf_dma_map(c.vf, (uintptr_t)c.mem, CARD_IOVA + 0x1000, 0x1000), -EEXIST);
	UT_EQ(card_fault(c.vf, "dma-map=28@map+2"), 0);
	UT_EQ(nicsim_vf_dma_map(c.vf, (uintptr_t)c.mem, 0, 0x1000), 0);
	UT_EQ(nicsim_vf_dma_map(c.vf, (uintptr_t)c.mem, 0x1000, 0x1000), -ENOSPC);
	UT_EQ(nicsim_vf_dma_map(c.vf, (uintptr_t)c.mem, 0x1000, 0x1000), -ENOSPC);
	nicsim_vf_fault_clear(c.vf);
	UT_EQ(nicsim_vf_dma_map(c.vf, (uintptr_t)c.mem, 0x1000, 0x1000), 0);
	UT_EQ(card_stats(c.vf).dma_maps, 3);
	UT_EQ(nicsim_vf_dma_unmap(c.vf, 0, 0x1000), 0);
	UT_EQ(card_stats(c.vf).dma_bytes, CARD_MEM + 0x1000);
	return card_free(&c);
}

/* --- doorbells --- */

/* A doorbell's page as a guest has it. */
static volatile uint16_t *
page_map(struct card *c, uint16_t qid)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, c->info.device_fd,
		(off_t)(c->info.bar_offset + c->info.layout.notify.off + 4096u * qid));

	return page == MAP_FAILED ? NULL : page;
}

static int
doorbells(void)
{
	volatile uint16_t *page0, *page1, *page2;
	struct vio_doorbell db;
	struct card c;

	UT_DO(card_start(&c, 0, true));
	UT_CHECK(nicsim_vf_is_polled(c.vf));
	page0 = page_map(&c, 0);
	page1 = page_map(&c, 1);
	page2 = page_map(&c, 2);
	UT_CHECK(page0 != NULL && page1 != NULL && page2 != NULL);
	UT_CHECK(!nicsim_vf_poll(c.vf));
	*page1 = 1;
	UT_EQ(kicks(&c, 1, true), 0); /* nobody looked */
	UT_CHECK(nicsim_vf_poll(c.vf));
	UT_EQ(kicks(&c, 1, true), 1);
	UT_EQ(kicks(&c, 1, false), 1);
	UT_EQ(kicks(&c, 0, false), 0);
	UT_CHECK(c.vf->queue[1].kicked);
	c.vf->queue[1].kicked = false;
	UT_CHECK(!nicsim_vf_poll(c.vf));
	*(volatile uint32_t *)page1 = 1; /* as with NOTIFICATION_DATA */
	*page0 = 0;
	*page2 = 2; /* a queue that does not run */
	UT_CHECK(nicsim_vf_poll(c.vf));
	UT_EQ(kicks(&c, 1, true), 2);
	UT_EQ(kicks(&c, 0, true), 1);
	UT_EQ(kicks(&c, 2, true), 0);
	UT_CHECK(!c.vf->queue[0].kicked); /* there is nothing to do for it */
	c.vf->queue[1].kicked = false;
	c.wakes = 0;
	UT_EQ(vio_queue_doorbell(&c.dev, 1, &db), 0);
	vio_queue_notify(&c.dev, &db);
	UT_EQ(c.wakes, 1);
	UT_EQ(kicks(&c, 1, false), 3);
	UT_EQ(kicks(&c, 1, true), 2);
	/* rung before a reset, it is not heard after it */
	*page1 = 1;
	UT_DO(card_live(&c, 0));
	UT_CHECK(!nicsim_vf_poll(c.vf));
	UT_EQ(vio_dev_reset(&c.dev, CARD_MS), 0);
	*page1 = 1;
	UT_CHECK(!nicsim_vf_poll(c.vf));
	UT_CHECK(!nicsim_vf_is_polled(c.vf));
	/* nor by the next one who opens it */
	nicsim_vf_close(c.vf);
	UT_DO(card_open(&c));
	UT_DO(card_live(&c, 0));
	*page1 = 1;
	UT_CHECK(!nicsim_vf_poll(c.vf));
	UT_EQ(kicks(&c, 1, true), 2);
	munmap((void *)(uintptr_t)page0, 4096);
	munmap((void *)(uintptr_t)page1, 4096);
	munmap((void *)(uintptr_t)page2, 4096);
	return card_free(&c);
}

/* Without pages there is nothing to look at, and kicks by register work. */
static int
doorbells_shared(void)
{
	struct vio_doorbell db;
	struct card c;
	uint16_t qid;

	UT_DO(card_new(&c, NULL, true));
	UT_EQ(card_fault(c.vf, "no-notify-pages"), 0);
	UT_DO(card_open(&c));
	UT_DO(card_live(&c, 0));
	UT_CHECK(!nicsim_vf_is_polled(c.vf));
	for (qid = 0; qid < 2; qid++) {
		UT_EQ(vio_queue_doorbell(&c.dev, qid, &db), 0);
		UT_CHECK(!vio_doorbell_own_page(&c.dev, &db, 4096));
		vio_queue_notify(&c.dev, &db);
		UT_EQ(kicks(&c, qid, false), 1);
	}
	return card_free(&c);
}

/* --- queues --- */

static int
queues_start(void)
{
	struct nicsim_queue_stats st;
	struct card c;

	UT_DO(card_new(&c, NULL, true));
	UT_DO(card_open(&c));
	UT_DO(card_negotiate(&c, CTRL | MQ | VIO_BIT(VIO_F_RING_RESET)));
	UT_DO(card_queue(&c, 1, VIO_MSI_NO_VECTOR));
	UT_CHECK(!c.vf->queue[1].running); /* 3.1.1: not before DRIVER_OK */
	UT_EQ(vio_dev_driver_ok(&c.dev), 0);
	UT_CHECK(c.vf->queue[1].running && !c.vf->queue[0].running);
	UT_EQ(c.wakes, 1); /* there are pages to look at now */
	UT_DO(card_queue(&c, 0, VIO_MSI_NO_VECTOR)); /* late */
	UT_EQ(c.wakes, 2);
	UT_DO(card_queue(&c, 5, VIO_MSI_NO_VECTOR));
	UT_CHECK(c.vf->queue[0].running && c.vf->queue[5].running && !c.vf->queue[4].running);
	c.vf->queue[1].ring.avail = 77;
	UT_EQ(vio_queue_reset(&c.dev, 1, CARD_MS), 0);
	UT_CHECK(!c.vf->queue[1].running && c.vf->queue[0].running);
	UT_EQ(nicsim_vf_queue_stats(c.vf, 1, &st), 0);
	UT_CHECK(!st.running && st.size == 0);
	UT_DO(card_queue(&c, 1, VIO_MSI_NO_VECTOR));
	UT_EQ(nicsim_vf_queue_stats(c.vf, 1, &st), 0);
	UT_CHECK(st.running);
	UT_EQ(st.size, 256);
	UT_EQ(st.avail, 0); /* from the start */
	UT_EQ(vio_dev_reset(&c.dev, CARD_MS), 0);
	UT_CHECK(!c.vf->queue[0].running && !c.vf->queue[5].running);
	UT_EQ(nicsim_vf_queue_stats(c.vf, 9, &st), -EINVAL);
	return card_free(&c);
}

/* A driver that takes back what only a reset may: nothing is worked on, whatever it meant. */
static int
queues_without_driver_ok(void)
{
	static const uint8_t down[] = { 11, 7, 0x80 };
	uint8_t data[60 + NICSIM_HEADROOM] = { 0 };
	struct nicsim_frame frame = { .data = data + NICSIM_HEADROOM, .len = 60 };
	struct card c;
	unsigned int i;

	UT_DO(card_new(&c, NULL, true));
	UT_DO(card_open(&c));
	for (i = 0; i < sizeof(down); i++) {
		UT_DO(card_live(&c, CTRL | MQ));
		UT_CHECK(c.vf->queue[0].running && c.vf->queue[8].running);
		nicsim_vf_io_ops.write(c.vf, c.info.layout.common.bar,
			c.info.layout.common.off + VIO_COMMON_STATUS, 1, down[i]);
		UT_EQ(vio_dev_status(&c.dev), down[i]);
		UT_CHECK(!c.vf->queue[0].running && !c.vf->queue[1].running);
		UT_CHECK(!c.vf->queue[8].running);
		nicsim_vf_rx(c.vf, &frame);
		UT_EQ(card_stats(c.vf).rx_stopped, i + 1);
		UT_STR(c.vf->regs.violation, "a status bit cleared");
		c.vf->regs.violation = NULL;
	}
	return card_free(&c);
}

/* 5.1.2: without MQ the third queue is the control queue, and there are no more. */
static int
queues_without_mq(void)
{
	struct card c;

	UT_DO(card_start(&c, CTRL, false));
	UT_EQ(vio_cvq_announce_ack(&c.cvq, CARD_MS), 0);
	UT_EQ(nicsim_vf_ctrl_qid(c.vf), 2);
	UT_EQ(vio_cvq_set_pairs(&c.cvq, 2, CARD_MS), -EPERM);
	UT_CHECK(c.vf->regs.violation == NULL);
	UT_DO(card_queue(&c, 3, VIO_MSI_NO_VECTOR));
	UT_STR(c.vf->regs.violation, "a queue enabled that its features do not give");
	UT_CHECK(!c.vf->queue[3].running);
	c.vf->regs.violation = NULL;
	return card_free(&c);
}

/* A ring whose memory is not there: a fault of the IOMMU, and the device says that it is broken. */
static int
queue_unmapped(void)
{
	struct nicsim_frame frame;
	struct vio_doorbell db;
	uint8_t room[4096];
	struct card c;

	UT_DO(card_start(&c, 0, true));
	UT_EQ(nicsim_vf_dma_unmap(c.vf, CARD_IOVA, CARD_MEM), 0);
	UT_EQ(vio_queue_doorbell(&c.dev, 1, &db), 0);
	vio_queue_notify(&c.dev, &db);
	frame.data = room + NICSIM_HEADROOM;
	UT_EQ(nicsim_vf_tx(c.vf, &frame, 1), 0);
	UT_GE(card_stats(c.vf).dma_faults, 1);
	UT_EQ(card_stats(c.vf).dma_fault_iova >> 16, (CARD_IOVA + CARD_RINGS + CARD_RING) >> 16);
	UT_EQ(vio_dev_status(&c.dev), 15 | VIO_STATUS_NEEDS_RESET);
	UT_EQ(c.vf->queue[1].ring.broken, NICSIM_RING_FAULT);
	vio_queue_notify(&c.dev, &db);
	UT_EQ(nicsim_vf_tx(c.vf, &frame, 1), 0);
	UT_EQ(card_stats(c.vf).dma_faults, 1); /* left alone */
	UT_EQ(nicsim_vf_dma_map(c.vf, (uintptr_t)c.mem, CARD_IOVA, CARD_MEM), 0);
	UT_DO(card_live(&c, 0)); /* until it is set up again */
	UT_EQ(c.vf->queue[1].ring.broken, NICSIM_RING_OK);
	UT_EQ(nicsim_vf_dma_unmap(c.vf, CARD_IOVA, CARD_MEM), 0);
	vio_queue_notify(&c.dev, &db);
	UT_EQ(nicsim_vf_tx(c.vf, &frame, 1), 0);
	UT_EQ(vio_dev_status(&c.dev), 15 | VIO_STATUS_NEEDS_RESET); /* told again */
	return card_free(&c);
}

static int
function_reset(void)
{
	struct card c;

	UT_DO(card_start(&c, CTRL | MQ, false));
	UT_EQ(nicsim_vf_flr(c.vf), 0);
	UT_EQ(vio_dev_status(&c.dev), 0);
	UT_CHECK(!c.vf->queue[1].running);
	UT_EQ(card_stats(c.vf).dma_maps, 1); /* the domain is not the function's */
	UT_EQ(card_fault(c.vf, "reset-stuck"), 0);
	UT_EQ(vio_dev_reset(&c.dev, 20), -ETIMEDOUT);
	UT_EQ(card_fault(c.vf, "function-reset"), 0);
	UT_EQ(nicsim_vf_flr(c.vf), -ENOTTY);
	UT_EQ(vio_dev_reset(&c.dev, 20), -ETIMEDOUT);
	UT_EQ(card_fault(c.vf, "function-reset=0"), 0);
	UT_EQ(nicsim_vf_flr(c.vf), 0);
	UT_EQ(vio_dev_reset(&c.dev, 20), -ETIMEDOUT);
	nicsim_vf_fault_clear(c.vf);
	UT_EQ(card_fault(c.vf, "reset-stuck"), 0);
	UT_EQ(vio_dev_reset(&c.dev, 20), -ETIMEDOUT);
	UT_EQ(nicsim_vf_flr(c.vf), 0); /* now it helps */
	UT_EQ(vio_dev_reset(&c.dev, 20), 0);
	return card_free(&c);
}

/* --- interrupts --- */

static int
interrupts(void)
{
	int fds[3] = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK), -1 };
	uint8_t generation;
	struct card c;

	UT_DO(card_new(&c, NULL, false));
	UT_DO(card_open(&c));
	UT_DO(card_negotiate(&c, CTRL | MQ));
	UT_EQ(nicsim_vf_irq_set(c.vf, 0, 3, fds), 0);
	UT_EQ(vio_dev_config_vector(&c.dev, 0), 0);
	UT_DO(card_queue(&c, 0, 1));
	UT_DO(card_queue(&c, 1, 2));
	UT_DO(card_queue(&c, 2, VIO_MSI_NO_VECTOR));
	generation = c.vf->regs.generation;
	UT_EQ(card_fault(c.vf, "link-down"), 0);
	UT_CHECK(c.vf->regs.generation != generation); /* 2.5.1 */
	UT_EQ(signals(fds[0]), 0); /* nobody listens before DRIVER_OK */
	UT_EQ(vio_dev_driver_ok(&c.dev), 0);
	UT_EQ(card_fault(c.vf, "link-up"), 0);
	UT_EQ(signals(fds[0]), 1);
	UT_EQ(card_fault(c.vf, "announce"), 0);
	UT_EQ(card_fault(c.vf, "needs-reset"), 0);
	UT_EQ(signals(fds[0]), 2);
	nicsim_vf_lock(c.vf);
	nicsim_vf_signal(c.vf, 0);
	nicsim_vf_signal(c.vf, 1); /* wired to nothing */
	nicsim_vf_signal(c.vf, 2);
	nicsim_vf_unlock(c.vf);
	UT_EQ(signals(fds[1]), 1);
	UT_EQ(c.vf->queue[0].stats.irqs, 1);
	UT_EQ(c.vf->queue[1].stats.irqs, 0);
	UT_EQ(c.vf->queue[2].stats.irqs, 0);
	UT_EQ(c.vf->regs.isr, 0); /* that is for who has no MSI-X */
	/* its own duplicates: what the caller closes stays wired; rewired, the old one is quiet */
	UT_EQ(nicsim_vf_irq_set(c.vf, 2, 1, &fds[1]), 0);
	UT_EQ(nicsim_vf_irq_set(c.vf, 1, 1, &fds[2]), 0);
	UT_CHECK(!nicsim_irq_fire(&c.vf->irq, 1));
	UT_CHECK(nicsim_irq_fire(&c.vf->irq, 2));
	UT_EQ(signals(fds[1]), 1);
	nicsim_vf_irq_disable(c.vf);
	nicsim_vf_irq_disable(c.vf);
	UT_CHECK(!nicsim_irq_fire(&c.vf->irq, 0));
	nicsim_vf_lock(c.vf);
	nicsim_vf_signal(c.vf, 0);
	nicsim_vf_config_changed(c.vf);
	nicsim_vf_unlock(c.vf);
	UT_EQ(c.vf->regs.isr, 3);
	close(fds[0]);
	close(fds[1]);
	return card_free(&c);
}

/* A full counter, which who gave it made blocking: the hardware does not wait. */
static int
interrupt_full(void)
{
	int fd = eventfd(0, 0);
	struct card c;

	UT_DO(card_new(&c, NULL, false));
	UT_DO(card_open(&c));
	UT_EQ(nicsim_vf_irq_set(c.vf, 0, 1, &fd), 0);
	UT_EQ(eventfd_write(fd, UINT64_MAX - 1), 0);
	alarm(10);
	UT_CHECK(nicsim_irq_fire(&c.vf->irq, 0));
	UT_CHECK(nicsim_irq_fire(&c.vf->irq, 0));
	alarm(0);
	UT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
	return card_free(&c);
}

/* --- what the function is, and whether it is there --- */

static int
properties(void)
{
	struct card c;

	UT_DO(card_new(&c, NULL, false));
	UT_EQ(card_fault(c.vf, "vectors=3"), 0);
	UT_EQ(card_fault(c.vf, "no-ring-reset"), 0);
	UT_EQ(card_fault(c.vf, "no-packed"), 0);
	UT_DO(card_open(&c));
	UT_EQ(c.info.vectors, 3);
	UT_EQ(c.dev.offered & (VIO_BIT(VIO_F_RING_RESET) | VIO_BIT(VIO_F_RING_PACKED)), 0);
	UT_CHECK((c.dev.offered & VIO_BIT(VIO_F_IN_ORDER)) != 0);
	nicsim_vf_fault_clear(c.vf);
	UT_EQ(c.vf->irq.vectors, 3); /* not while it is open */
	UT_EQ(card_fault(c.vf, "gone"), 0);
	UT_EQ(card_fault(c.vf, "return"), 0);
	nicsim_vf_close(c.vf);
	UT_DO(card_open(&c));
	UT_EQ(c.info.vectors, 10);
	UT_CHECK((c.dev.offered & VIO_BIT(VIO_F_RING_PACKED)) != 0);
	UT_EQ(card_fault(c.vf, "vectors"), 0);
	UT_EQ(card_fault(c.vf, "gone"), 0);
	nicsim_vf_close(c.vf);
	UT_EQ(card_fault(c.vf, "return"), 0);
	UT_DO(card_open(&c));
	UT_EQ(c.info.vectors, 1);
	return card_free(&c);
}

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static struct {
	bool gone[8];
	unsigned int num;
	struct nicsim_vf *vf;
} told;

static void
on_change(void *ctx, bool gone)
{
	(void)ctx;
	card_stats(told.vf); /* no lock is held */
	if (told.num < 8)
		told.gone[told.num++] = gone;
}

static int
removal(void)
{
	struct nicsim_vf_info info;
	volatile uint16_t *page;
	uint8_t mac[6];
	struct card c;
	int fd = eventfd(0, EFD_NONBLOCK);

	UT_DO(card_start(&c, CTRL | MQ, true));
	told.vf = c.vf;
	told.num = 0;
	nicsim_vf_on_change(c.vf, on_change, NULL);
	UT_EQ(nicsim_vf_irq_set(c.vf, 0, 1, &fd), 0);
	UT_EQ(vio_queue_vector(&c.dev, 0, 0), 0);
	page = page_map(&c, 1);
	UT_CHECK(!is_readable(c.info.gone_fd));
	UT_EQ(card_fault(c.vf, "return"), -EINVAL); /* it is there */
	UT_EQ(card_fault(c.vf, "gone"), 0);
	UT_EQ(card_fault(c.vf, "gone"), 0);
	UT_CHECK(is_readable(c.info.gone_fd));
	UT_EQ(told.num, 1);
	UT_CHECK(told.gone[0]);
	UT_EQ(vio_dev_status(&c.dev), 0xff);
	UT_EQ(vio_dev_config_read(&c.dev, 0, mac, 6), -ENODEV);
	UT_EQ(nicsim_vf_flr(c.vf), -ENODEV);
	*page = 1;
	UT_CHECK(!nicsim_vf_poll(c.vf));
	UT_CHECK(!nicsim_vf_is_polled(c.vf));
	nicsim_vf_lock(c.vf);
	nicsim_vf_signal(c.vf, 0);
	nicsim_vf_config_changed(c.vf);
	nicsim_vf_unlock(c.vf);
	UT_EQ(signals(fd), 0);
	UT_CHECK(card_stats(c.vf).gone && card_stats(c.vf).open);
	/* back, but not for who has it open */
	UT_EQ(card_fault(c.vf, "return"), 0);
	UT_EQ(told.num, 2);
	UT_CHECK(!told.gone[1]);
	UT_CHECK(!card_stats(c.vf).gone);
	UT_EQ(vio_dev_status(&c.dev), 0xff);
	UT_EQ(nicsim_vf_open(c.vf, &info), -EBUSY);
	UT_EQ(nicsim_vf_dma_unmap(c.vf, CARD_IOVA, CARD_MEM),
		0); /* as a driver that tidies up does */
	nicsim_vf_irq_disable(c.vf);
	nicsim_vf_close(c.vf);
	UT_DO(card_open(&c));
	UT_DO(card_live(&c, CTRL | MQ));
	*page = 1; /* a page of before */
	UT_CHECK(!nicsim_vf_poll(c.vf));
	/* silently: nobody is told; closed, it cannot be opened */
	UT_EQ(card_fault(c.vf, "gone=1"), 0);
	UT_CHECK(!is_readable(c.info.gone_fd));
	UT_EQ(told.num, 2);
	UT_EQ(vio_dev_status(&c.dev), 0xff);
	/* back: who still has it open is told to let go, or nobody could have it */
	UT_EQ(card_fault(c.vf, "return"), 0);
	UT_CHECK(is_readable(c.info.gone_fd));
	UT_EQ(told.num, 3);
	UT_CHECK(!told.gone[2]);
	UT_EQ(vio_dev_status(&c.dev), 0xff);
	UT_EQ(nicsim_vf_open(c.vf, &info), -EBUSY);
	nicsim_vf_close(c.vf);
	UT_DO(card_open(&c));
	UT_CHECK(!is_readable(c.info.gone_fd));
	UT_DO(card_live(&c, CTRL | MQ));
	UT_EQ(card_fault(c.vf, "gone=1"), 0);
	nicsim_vf_close(c.vf);
	UT_EQ(nicsim_vf_open(c.vf, &info), -ENODEV);
	nicsim_vf_fault_clear(c.vf); /* that is what RETURN is for */
	UT_EQ(nicsim_vf_open(c.vf, &info), -ENODEV);
	UT_EQ(card_fault(c.vf, "return"), 0);
	UT_DO(card_open(&c));
	UT_EQ(told.num, 4);
	nicsim_vf_on_change(c.vf, NULL, NULL);
	UT_EQ(card_fault(c.vf, "gone"), 0);
	UT_EQ(told.num, 4);
	munmap((void *)(uintptr_t)page, 4096);
	close(fd);
	return card_free(&c);
}

static void
on_change_back_and_forth(void *ctx, bool gone)
{
	unsigned int i, *back_and_forth = ctx;

	if (told.num < 8)
		told.gone[told.num++] = gone;
	for (i = *back_and_forth; i > 0; i--)
		card_fault(told.vf, i % 2 != 0 ? "return" : "gone");
	*back_and_forth = 0;
}

/* However often it changes while a call is under way: the last call says what holds. */
static int
newest_change(void)
{
	unsigned int times, back_and_forth;
	struct card c;

	for (times = 1; times < 20; times += 2) {
		UT_DO(card_new(&c, NULL, false));
		told.vf = c.vf;
		told.num = 0;
		back_and_forth = times;
		nicsim_vf_on_change(c.vf, on_change_back_and_forth, &back_and_forth);
		UT_EQ(card_fault(c.vf, "gone"), 0);
		UT_CHECK(!card_stats(c.vf).gone);
		UT_EQ(told.num, 2);
		UT_CHECK(told.gone[0] && !told.gone[1]);
		UT_DO(card_free(&c));
	}
	return 0;
}

/* Each queue stalls by itself, and is listed. */
static int
stalled_queues(void)
{
	static const uint32_t stalled[] = { 1, 3, 8 };
	struct nicsim_fault list[NICSIM_VF_FAULTS];
	struct card c;
	unsigned int i, seen = 0;

	UT_DO(card_new(&c, NULL, false));
	for (i = 0; i < 3; i++)
		UT_EQ(nicsim_vf_fault(c.vf, &(struct nicsim_fault){ .has_arg = true, .count = 1,
			.kind = NICSIM_FAULT_QUEUE_STALL, .arg = stalled[i] }), 0);
	UT_EQ(card_fault(c.vf, "no-packed"), 0);
	UT_EQ(nicsim_vf_faults(c.vf, list, NICSIM_VF_FAULTS), 4);
	for (i = 0; i < 4; i++)
		if (list[i].kind == NICSIM_FAULT_QUEUE_STALL)
			seen |= 1u << list[i].arg;
	UT_EQ(seen, 1 << 1 | 1 << 3 | 1 << 8);
	UT_EQ(nicsim_vf_faults(c.vf, list, 2), 2);
	nicsim_vf_fault_clear(c.vf);
	UT_EQ(nicsim_vf_faults(c.vf, list, NICSIM_VF_FAULTS), 0);
	return card_free(&c);
}

static int
bad_faults(void)
{
	struct nicsim_fault f = {
		.kind = NICSIM_FAULT_QUEUE_STALL, .has_arg = true, .arg = 9, .count = 1
	};
	struct nicsim_fault list[NICSIM_FAULT_ARMED + NICSIM_FAULT_NUM];
	struct card c;
	unsigned int i;

	UT_DO(card_new(&c, NULL, false));
	UT_EQ(nicsim_vf_fault(c.vf, &f), -EINVAL); /* queues 0..8 */
	f.arg = 8;
	UT_EQ(nicsim_vf_fault(c.vf, &f), 0);
	f = (struct nicsim_fault){ .kind = NICSIM_FAULT_NUM, .count = 1 };
	UT_EQ(nicsim_vf_fault(c.vf, &f), -EINVAL);
	for (i = 0; i < NICSIM_FAULT_ARMED; i++)
		UT_EQ(card_fault(c.vf, "link-up@tx+5"), 0);
	UT_EQ(card_fault(c.vf, "link-up@tx+5"), -ENOSPC);
	UT_EQ(nicsim_vf_faults(c.vf, list, sizeof(list) / sizeof(list[0])), NICSIM_FAULT_ARMED + 1);
	nicsim_vf_fault_clear(c.vf);
	UT_EQ(nicsim_vf_faults(c.vf, list, sizeof(list) / sizeof(list[0])), 0);
	return card_free(&c);
}

/* --- all at once --- */

#define ROUNDS 1000

static struct {
	struct card card;
	bool stop; /* atomic */
	bool inside; /* atomic: in a callback */
	bool last_gone; /* this and the rest: by callbacks, of which there is one at a time */
	unsigned int gone, back, wrong;
} stress;

static bool
stopped(void)
{
	return __atomic_load_n(&stress.stop, __ATOMIC_ACQUIRE);
}

/* One at a time; the last one says what holds. */
static void
count_change(void *ctx, bool gone)
{
	(void)ctx;
	if (__atomic_exchange_n(&stress.inside, true, __ATOMIC_ACQUIRE)) {
		__atomic_add_fetch(&stress.wrong, 1, __ATOMIC_RELAXED);
		return;
	}
	*(gone ? &stress.gone : &stress.back) += 1;
	stress.last_gone = gone;
	usleep(300);
	__atomic_store_n(&stress.inside, false, __ATOMIC_RELEASE);
}

static void *
hardware(void *arg)
{
	static uint8_t room[NICSIM_HEADROOM + NICSIM_FRAME_MAX];
	uint8_t data[64 + NICSIM_HEADROOM] = { 0 };
	struct nicsim_frame frame;

	(void)arg;
	while (!stopped()) {
		nicsim_vf_poll(stress.card.vf);
		nicsim_vf_is_polled(stress.card.vf);
		frame = (struct nicsim_frame){ .data = room + NICSIM_HEADROOM };
		nicsim_vf_tx(stress.card.vf, &frame, 1);
		frame = (struct nicsim_frame){ .data = data + NICSIM_HEADROOM, .len = 60 };
		nicsim_vf_rx(stress.card.vf, &frame);
		nicsim_vf_rx_flush(stress.card.vf);
	}
	return NULL;
}

static void *
operator(void *arg)
{
	static const char *const all[] = { "needs-reset@kick+3", "link-down", "link-up",
		"gone@access+200", "gone@kick+2", "ctrl-silent@ctrl+2", "queue-stall=1", "disorder",
		"announce", "gone", "ctrl-garbage=2@ctrl+3" };
	unsigned int i, seed = 7;
	struct nicsim_queue_stats st;

	(void)arg;
	for (i = 0; !stopped(); i++) {
		const struct timespec ts = { .tv_nsec = 1000000 };

		seed = seed * 1664525 + 1013904223;
		card_fault(stress.card.vf, all[(seed >> 8) % (sizeof(all) / sizeof(all[0]))]);
		nanosleep(&ts, NULL);
		card_stats(stress.card.vf);
		nicsim_vf_queue_stats(stress.card.vf, 1, &st);
		if (i % 3 == 0)
			nicsim_vf_fault_clear(stress.card.vf);
		card_fault(stress.card.vf, "return");
	}
	return NULL;
}

/* As a driver does, whatever comes of it. */
static void
driver_round(struct card *c, unsigned int round)
{
	struct vio_io io = { .ops = &nicsim_vf_io_ops, .ctx = c->vf };
	int fds[3] = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK), -1 };
	uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)round };
	volatile uint16_t *page;
	struct vio_doorbell db;

	if (nicsim_vf_open(c->vf, &c->info) != 0) {
		usleep(100);
		goto close_fds;
	}
	nicsim_vf_dma_map(c->vf, (uintptr_t)c->mem, CARD_IOVA, CARD_MEM);
	nicsim_vf_irq_set(c->vf, 0, 3, fds);
	page = page_map(c, 1);
	if (vio_dev_init(&c->dev, &io, &c->info.layout) == 0 && vio_dev_reset(&c->dev, 5) == 0 &&
		vio_dev_negotiate(&c->dev, V1 | CTRL | MQ) == 0 && card_queue_try(c, 0, 1) == 0 &&
		card_queue_try(c, 1, 2) == 0 &&
		vio_cvq_init(&c->cvq, &c->dev, 8, c->mem, CARD_IOVA) == 0 &&
		vio_dev_driver_ok(&c->dev) == 0) {
		vio_cvq_set_mac(&c->cvq, mac, 5);
		vio_cvq_set_pairs(&c->cvq, 1, 5);
		if (vio_queue_doorbell(&c->dev, 1, &db) == 0)
			vio_queue_notify(&c->dev, &db);
		if (page != NULL)
			*page = 1;
	}
	if (page != NULL)
		munmap((void *)(uintptr_t)page, 4096);
	nicsim_vf_dma_unmap(c->vf, CARD_IOVA, CARD_MEM);
	nicsim_vf_irq_disable(c->vf);
	nicsim_vf_close(c->vf);
close_fds:
	close(fds[0]);
	close(fds[1]);
}

static int
all_at_once(void)
{
	struct card *c = &stress.card;
	pthread_t thread[2];
	unsigned int i;

	memset(&stress, 0, sizeof(stress));
	UT_DO(card_new(c, NULL, true));
	nicsim_vf_on_change(c->vf, count_change, NULL);
	UT_EQ(pthread_create(&thread[0], NULL, hardware, NULL), 0);
	UT_EQ(pthread_create(&thread[1], NULL, operator, NULL), 0);
	for (i = 0; i < ROUNDS; i++)
		driver_round(c, i);
	__atomic_store_n(&stress.stop, true, __ATOMIC_RELEASE);
	UT_EQ(pthread_join(thread[0], NULL), 0);
	UT_EQ(pthread_join(thread[1], NULL), 0);
	nicsim_vf_on_change(c->vf, NULL, NULL);
	UT_EQ(stress.last_gone, card_stats(c->vf).gone);
	card_fault(c->vf, "return");
	printf("    removed %u times in %u rounds, back %u times, %llu resets\n", stress.gone,
		ROUNDS, stress.back, (unsigned long long)card_stats(c->vf).resets);
	UT_EQ(stress.wrong, 0);
	UT_GE(stress.gone, 3); /* both happened, or nothing was tried */
	UT_GE(card_stats(c->vf).resets, 20);
	return card_free(c);
}

static const struct ut_case cases[] = {
	UT_CASE(bounds),
	UT_CASE(open_close),
	UT_CASE(rules),
	UT_CASE(open_is_reset),
	UT_CASE(maps),
	UT_CASE(doorbells),
	UT_CASE(doorbells_shared),
	UT_CASE(queues_start),
	UT_CASE(queues_without_driver_ok),
	UT_CASE(queues_without_mq),
	UT_CASE(queue_unmapped),
	UT_CASE(function_reset),
	UT_CASE(interrupts),
	UT_CASE(interrupt_full),
	UT_CASE(properties),
	UT_CASE(removal),
	UT_CASE(newest_change),
	UT_CASE(stalled_queues),
	UT_CASE(bad_faults),
	UT_CASE(all_at_once),
	UT_END,
};
UT_SUITE(nicsim_vf, "fast", cases)
