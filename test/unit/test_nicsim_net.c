/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Frames out of a function's rings: whole, in order, from all queues in turn; none left unseen when
 * kicks are suppressed; nonsense counted and dropped, a ring with nonsense in it broken.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netguest.h"
#include "nicframe.h"
#include "ut.h"

#define HDR 12
#define BURST 32
#define ROOM (NICSIM_HEADROOM + NICSIM_FRAME_MAX)

static const uint8_t no_hdr[HDR];
static uint8_t bytes[NICSIM_FRAME_MAX + 64];

static uint32_t
draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*seed * below >> 32);
}

/* Room for a burst. */
static struct nicsim_frame *
frames(void)
{
	static struct nicsim_frame frame[BURST];
	static uint8_t *room;
	unsigned int i;

	if (room == NULL)
		room = malloc((size_t)BURST * ROOM);
	for (i = 0; i < BURST; i++)
		frame[i].data = room + (size_t)i * ROOM + NICSIM_HEADROOM;
	return frame;
}

__attribute__((destructor)) static void
frames_free(void)
{
	free(frames()[0].data - NICSIM_HEADROOM);
}

/* A frame that tells which it is, and that all of it is there. */
static uint32_t
frame_make(uint32_t number, uint32_t len)
{
	uint32_t i;

	memset(bytes, 0, NICSIM_FRAME_MIN);
	bytes[12] = 0x88;
	bytes[13] = 0xb5;
	for (i = NICSIM_FRAME_MIN; i < len; i++)
		bytes[i] = (uint8_t)(number * 31 + i);
	nicframe_put(bytes + 2, number, 4);
	return len;
}

static uint32_t
len_of(uint32_t number)
{
	uint32_t seed = number * 2654435761u;

	draw(&seed, 1);
	if (number % 64 == 0)
		return number % 128 == 0 ? NICSIM_FRAME_MAX : NICSIM_FRAME_MIN;
	return NICSIM_FRAME_MIN + draw(&seed, number % 16 == 0 ? 9000 : 300);
}

static int
frame_is(const struct nicsim_frame *f, uint32_t number)
{
	UT_EQ(nicframe_get(f->data + 2, 4), number);
	UT_EQ(f->len, frame_make(number, len_of(number)));
	UT_EQ(memcmp(f->data, bytes, f->len), 0);
	UT_EQ(f->hash, nicsim_frame_hash(bytes, f->len));
	UT_EQ(f->meta.flags, 0);
	UT_EQ(f->meta.gso_type, 0);
	return 0;
}

static const uint64_t sets[] = {
	0,
	VIO_BIT(VIO_F_EVENT_IDX),
	VIO_BIT(VIO_F_IN_ORDER),
	VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_INDIRECT_DESC),
	VIO_BIT(VIO_F_RING_PACKED),
	VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_EVENT_IDX),
	VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER) | VIO_BIT(VIO_F_INDIRECT_DESC),
	VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_F_INDIRECT_DESC),
};

#define SETS (sizeof(sets) / sizeof(sets[0]))

/*
 * The guest sends and waits as it likes, and rings only when asked to; the device takes as many as
 * it likes. All come, in their order, and when the device said that nothing is left, nothing is.
 */
static int
nothing_unseen(uint64_t features, uint32_t total)
{
	struct nicsim_frame *f = frames();
	uint32_t sent = 0, got = 0, back = 0, seed = 5, n, max, i, len, rings = 0;
	struct netguest g;

	UT_DO(netguest_start(&g, features, 1));
	g.q[1].indirect = (features & VIO_BIT(VIO_F_INDIRECT_DESC)) != 0;
	guestring_arm(&g.q[1].ring, false, 0);
	while (got < total) {
		for (n = draw(&seed, 12); n > 0 && sent < total; n--) {
			len = frame_make(sent, len_of(sent));
			if (netguest_send(
				    &g, 1, no_hdr, bytes, len, (uint16_t)(1 + draw(&seed, 6))) < 0)
				break;
			sent++;
			if (draw(&seed, 3) == 0)
				rings += netguest_kick(&g, 1, false);
		}
		rings += netguest_kick(&g, 1, false);
		max = 1 + draw(&seed, BURST);
		n = nicsim_vf_tx(g.vf, f, max);
		for (i = 0; i < n; i++)
			UT_DO(frame_is(&f[i], got + i));
		got += n;
		if (n < max)
			UT_EQ(got, sent);
		while (netguest_used(&g, 1, &len) >= 0) {
			UT_EQ(len, 0);
			back++;
		}
		UT_EQ(back, got); /* at once */
		UT_CHECK(g.q[1].ring.wrong == NULL);
	}
	UT_LE(rings, total); /* and many without one */
	UT_EQ(netguest_irqs(&g, 1), 0);
	UT_EQ(netguest_stats(&g).tx_frames, total);
	UT_EQ(netguest_stats(&g).dma_faults, 0);
	UT_CHECK(netguest_stats(&g).violation == NULL);
	netguest_stop(&g);
	return 0;
}

static int
all_come_whole(void)
{
	unsigned int i;

	for (i = 0; i < SETS; i++) {
		if (nothing_unseen(sets[i], 1500) != 0)
			UT_FAIL("features %u", i);
	}
	return 0;
}

/* --- two threads
 * ------------------------------------------------------------------------------- */

#define DEADLINE_MS 20000 /* a frame left unseen, on however slow a machine */

struct hardware {
	struct netguest *g;
	int wake_fd;
	uint32_t total, got;
	bool failed;
};

static void
wake(void *ctx)
{
	eventfd_write(*(int *)ctx, 1);
}

/* Looks only when woken, until there is nothing left. */
static void *
hardware_run(void *arg)
{
	struct hardware *h = arg;
	struct pollfd pfd = { .fd = h->wake_fd, .events = POLLIN };
	struct nicsim_frame *f = frames();
	unsigned int n, i;
	eventfd_t count;

	while (h->got < h->total && !h->failed) {
		n = nicsim_vf_tx(h->g->vf, f, BURST);
		for (i = 0; i < n; i++)
			h->failed |= nicframe_get(f[i].data + 2, 4) != h->got + i;
		h->got += n;
		if (n == BURST || h->got == h->total)
			continue;
		if (poll(&pfd, 1, DEADLINE_MS) != 1 || eventfd_read(h->wake_fd, &count) != 0)
			h->failed = true;
	}
	return NULL;
}

static void
linger(uint32_t turns)
{
	volatile uint32_t i;

	for (i = 0; i < turns; i++)
		;
}

/* A few at a time, the later ones while the device is about to sleep, and no more until all are
 * back: a frame that is left unseen stays so. */
static int
guest_run(struct netguest *g, uint32_t total)
{
	uint32_t sent = 0, back = 0, waits, seed = 6, n, len;

	while (back < total) {
		for (n = 1 + draw(&seed, 3); n > 0 && sent < total; n--, sent++) {
			UT_GE(netguest_send(g, 1, no_hdr, bytes, frame_make(sent, 20), 1), 0);
			netguest_kick(g, 1, false);
			linger(draw(&seed, 1000));
		}
		for (waits = 0; back < sent && waits < DEADLINE_MS * 10; waits++) {
			while (netguest_used(g, 1, &len) >= 0)
				back++;
			if (waits > 1000)
				usleep(100);
		}
		UT_EQ(back, sent);
	}
	UT_CHECK(g->q[1].ring.wrong == NULL);
	return 0;
}

static int
nothing_unseen_by_threads(void)
{
	struct netguest g;
	unsigned int i;
	pthread_t thread;
	int ret;

	for (i = 0; i < SETS; i++) {
		struct hardware h = { .g = &g, .total = 1200 };

		UT_DO(netguest_start(&g, sets[i], 1));
		h.wake_fd = eventfd(0, EFD_CLOEXEC);
		UT_CHECK(h.wake_fd >= 0);
		nicsim_vf_lock(g.vf);
		g.vf->wake = wake;
		g.vf->wake_ctx = &h.wake_fd;
		nicsim_vf_unlock(g.vf);
		guestring_arm(&g.q[1].ring, false, 0);
		UT_EQ(pthread_create(&thread, NULL, hardware_run, &h), 0);
		ret = guest_run(&g, h.total);
		pthread_join(thread, NULL);
		close(h.wake_fd);
		UT_DO(ret);
		UT_CHECK(!h.failed);
		netguest_stop(&g);
	}
	return 0;
}

/* One interrupt for a burst, when it is asked for, and none when not. */
static int
interrupts(void)
{
	struct netguest g;
	unsigned int i, j;
	uint32_t len;

	for (i = 0; i < SETS; i++) {
		UT_DO(netguest_start(&g, sets[i] & ~VIO_BIT(VIO_F_INDIRECT_DESC), 1));
		guestring_arm(&g.q[1].ring, true, 0);
		for (j = 0; j < 40; j++)
			UT_GE(netguest_send(&g, 1, no_hdr, bytes, frame_make(j, 60), 1), 0);
		UT_CHECK(netguest_kick(&g, 1, false));
		UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), BURST);
		/* once with EVENT_IDX; else with each turn of the queue */
		UT_EQ(netguest_irqs(&g, 1), (sets[i] & VIO_BIT(VIO_F_EVENT_IDX)) != 0 ? 1 : 2);
		UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), 8);
		UT_EQ(netguest_irqs(&g, 1), (sets[i] & VIO_BIT(VIO_F_EVENT_IDX)) != 0 ? 0 : 1);
		while (netguest_used(&g, 1, &len) >= 0)
			;
		guestring_arm(&g.q[1].ring, false, 0);
		UT_GE(netguest_send(&g, 1, no_hdr, bytes, frame_make(j, 60), 1), 0);
		netguest_kick(&g, 1, false);
		UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), 1);
		UT_EQ(netguest_irqs(&g, 1), 0);
		netguest_stop(&g);
	}
	return 0;
}

static int
queues_in_turn(void)
{
	struct nicsim_frame *f = frames();
	unsigned int i, n, total = 0, from[4] = { 0 };
	struct netguest g;
	uint16_t pair;

	UT_DO(netguest_start(&g, 0, 4));
	for (i = 0; i < 50; i++) {
		for (pair = 0; pair < 4; pair++) {
			if (pair == 2 && i >= 3)
				continue;
			UT_GE(netguest_send(&g, (uint16_t)(2 * pair + 1), no_hdr, bytes,
				      frame_make(pair << 16 | i, 60), 1),
				0);
			netguest_kick(&g, (uint16_t)(2 * pair + 1), true);
		}
	}
	while ((n = nicsim_vf_tx(g.vf, f, BURST)) != 0) {
		for (i = 0; i < n; i++) { /* in order for each queue */
			pair = (uint16_t)(nicframe_get(f[i].data + 2, 4) >> 16);
			UT_EQ(nicframe_get(f[i].data + 2, 4) & 0xffff, from[pair]);
			from[pair]++;
		}
		total += n;
		if (total == 3 * BURST) { /* nobody is left behind */
			UT_GE(from[0], 16);
			UT_GE(from[1], 16);
			UT_EQ(from[2], 3);
			UT_GE(from[3], 16);
		}
	}
	UT_EQ(total, 153);
	UT_EQ(from[0] + from[1] + from[3], 150);
	netguest_stop(&g);
	return 0;
}

static int
only_when_rung(void)
{
	struct netguest g;

	UT_DO(netguest_start(&g, 0, 1));
	UT_GE(netguest_send(&g, 1, no_hdr, bytes, frame_make(0, 60), 1), 0);
	UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), 0);
	netguest_kick(&g, 1, true);
	UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), 1);
	/* not while it is held up; and not lost by that */
	UT_EQ(nicsim_vf_fault(g.vf, &(struct nicsim_fault){ .kind = NICSIM_FAULT_QUEUE_STALL,
					    .has_arg = true,
					    .arg = 1,
					    .count = 1 }),
		0);
	UT_GE(netguest_send(&g, 1, no_hdr, bytes, frame_make(1, 60), 1), 0);
	netguest_kick(&g, 1, true);
	UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), 0);
	nicsim_vf_fault_clear(g.vf);
	UT_EQ(nicsim_vf_tx(g.vf, frames(), BURST), 1);
	netguest_stop(&g);
	return 0;
}

/* A ring that breaks where it is written to: on a chain given back, and on a kick asked for. */
static int
breaks_when_written(void)
{
	struct nicsim_frame *f = frames();
	struct netguest g;
	eventfd_t told;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		UT_DO(netguest_start(&g, i % 2 == 1 ? VIO_BIT(VIO_F_RING_PACKED) : 0, 1));
		UT_EQ(nicsim_vf_tx(g.vf, f, BURST), 0);
		if (i == 0)
			UT_GE(netguest_send(&g, 1, no_hdr, bytes, frame_make(0, 60), 1), 0);
		nicsim_vf_lock(g.vf);
		g.vf->queue[1].ring.conf.device = 0x10; /* mapped to nothing */
		g.vf->queue[1].ring.notify_on = i >= 2;
		nicsim_vf_unlock(g.vf);
		netguest_kick(&g, 1, true);
		UT_EQ(nicsim_vf_tx(g.vf, f, i == 0 ? 1 : BURST), i == 0);
		UT_EQ(g.vf->queue[1].ring.broken, NICSIM_RING_FAULT);
		UT_EQ(vio_dev_status(&g.dev), 15 | VIO_STATUS_NEEDS_RESET);
		netguest_kick(&g, 1, true);
		UT_EQ(nicsim_vf_tx(g.vf, f, BURST), 0);
		UT_EQ(eventfd_read(g.config_fd, &told), 0);
		UT_EQ(told, 1); /* once */
		netguest_stop(&g);
	}
	return 0;
}

/* --- what a header says
 * ------------------------------------------------------------------------ */

static const struct nicframe_spec tcp = { .ip = 4, .proto = NICFRAME_TCP, .payload = 3000 };

static void
hdr_make(uint8_t hdr[HDR], uint8_t flags, uint8_t gso, uint16_t size, uint16_t start,
	uint16_t offset)
{
	memset(hdr, 0, HDR);
	hdr[0] = flags;
	hdr[1] = gso;
	hdr[2] = 99; /* a hint, which is wrong */
	hdr[4] = (uint8_t)size;
	hdr[5] = (uint8_t)(size >> 8);
	hdr[6] = (uint8_t)start;
	hdr[7] = (uint8_t)(start >> 8);
	hdr[8] = (uint8_t)offset;
	hdr[9] = (uint8_t)(offset >> 8);
}

static int
headers_are_read(void)
{
	const uint64_t features = VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_HOST_TSO4) |
				  VIO_BIT(VIO_NET_F_HOST_ECN);
	struct nicframe_at at = nicframe_build(bytes, &tcp);
	struct nicsim_frame *f = frames();
	struct netguest g;
	uint8_t hdr[HDR];

	UT_DO(netguest_start(&g, features, 1));
	hdr_make(hdr, 1 | 0x40, 1 | 0x80, 1400, (uint16_t)at.l4, 16);
	UT_GE(netguest_send(&g, 1, hdr, bytes, at.len, 5), 0);
	hdr_make(hdr, 1, 0, 77, (uint16_t)at.l4, 16);
	UT_GE(netguest_send(&g, 1, hdr, bytes, at.len, 1), 0);
	hdr_make(hdr, NICSIM_HDR_DATA_VALID, 0, 0, 0, 0); /* not its to say: nobody checked */
	UT_GE(netguest_send(&g, 1, hdr, bytes, at.len, 1), 0);
	netguest_kick(&g, 1, true);
	UT_EQ(nicsim_vf_tx(g.vf, f, BURST), 3);
	UT_EQ(f[2].meta.flags, 0);
	UT_EQ(f[0].meta.flags, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(f[0].meta.gso_type, NICSIM_GSO_TCPV4 | NICSIM_GSO_ECN);
	UT_EQ(f[0].meta.gso_size, 1400);
	UT_EQ(f[0].meta.hdr_len, at.payload);
	UT_EQ(f[0].meta.csum_start, at.l4);
	UT_EQ(f[0].meta.csum_offset, 16);
	UT_EQ(f[1].meta.flags, NICSIM_HDR_NEEDS_CSUM);
	UT_EQ(f[1].meta.gso_type, 0);
	UT_EQ(memcmp(f[0].data, bytes, at.len), 0);
	netguest_stop(&g);
	return 0;
}

/* Dropped, counted, given back; the next one is none the worse. */
static int
is_malformed(struct netguest *g, const uint8_t *hdr, const uint8_t *frame, uint32_t len)
{
	uint64_t before = netguest_stats(g).tx_malformed;
	struct nicsim_frame *f = frames();
	uint32_t used;

	UT_GE(netguest_send(g, 1, hdr, frame, len, 2), 0);
	UT_GE(netguest_send(g, 1, no_hdr, frame, 64, 2), 0);
	netguest_kick(g, 1, true);
	UT_EQ(nicsim_vf_tx(g->vf, f, BURST), 1);
	UT_EQ(f[0].len, 64);
	UT_EQ(netguest_stats(g).tx_malformed, before + 1);
	UT_GE(netguest_used(g, 1, &used), 0);
	UT_GE(netguest_used(g, 1, &used), 0);
	return 0;
}

static int
nonsense_is_dropped(void)
{
	const uint64_t offloads = VIO_BIT(VIO_NET_F_CSUM) | VIO_BIT(VIO_NET_F_HOST_TSO4);
	struct nicframe_at at = nicframe_build(bytes, &tcp);
	uint16_t l4 = (uint16_t)at.l4;
	struct netguest g;
	uint8_t hdr[HDR];

	UT_DO(netguest_start(&g, offloads, 1));
	UT_DO(is_malformed(&g, no_hdr, bytes, 0));
	UT_DO(is_malformed(&g, no_hdr, bytes, NICSIM_FRAME_MIN - 1));
	UT_DO(is_malformed(&g, no_hdr, bytes, NICSIM_FRAME_MAX + 1));
	hdr_make(hdr, 1, 0, 0, (uint16_t)at.len, 0);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 1, 0, 0, 65535, 65535);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 1, 1, 0, l4, 16);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 0, 1, 1000, l4, 16);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 1, 4, 1000, l4, 16); /* TCPV6: not negotiated */
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 1, 0x81, 1000, l4, 16); /* ECN: not negotiated */
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 1, 0x80, 1000, l4, 16);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	hdr_make(hdr, 1, 77, 1000, l4, 16);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	netguest_stop(&g);
	UT_DO(netguest_start(&g, 0, 1));
	hdr_make(hdr, 1, 0, 0, l4, 16);
	UT_DO(is_malformed(&g, hdr, bytes, at.len));
	netguest_stop(&g);
	return 0;
}

static void
count_wake(void *ctx)
{
	++*(unsigned int *)ctx;
}

/* A guest that sends nothing but nonsense, as fast as it can, does not keep the device. */
static int
nonsense_is_bounded(void)
{
	struct netguest g;
	unsigned int i, calls, wakes = 0;
	uint32_t len;

	UT_DO(netguest_start(&g, 0, 1));
	g.vf->wake = count_wake;
	g.vf->wake_ctx = &wakes;
	for (i = 0; i < NETGUEST_SIZE; i++)
		UT_GE(netguest_send(&g, 1, no_hdr, bytes, 1, 1), 0);
	netguest_kick(&g, 1, true);
	UT_EQ(wakes, 1);
	UT_EQ(nicsim_vf_tx(g.vf, frames(), 1), 0);
	UT_LE(netguest_stats(&g).tx_malformed, NETGUEST_SIZE - 1);
	UT_EQ(wakes, 2); /* there is more: come again */
	for (calls = 0; calls < 64 && netguest_stats(&g).tx_malformed < i; calls++)
		UT_EQ(nicsim_vf_tx(g.vf, frames(), 1), 0);
	UT_EQ(netguest_stats(&g).tx_malformed, i);
	UT_EQ(nicsim_vf_poll(g.vf), false);
	for (i = 0; netguest_used(&g, 1, &len) >= 0; i++)
		;
	UT_EQ(i, NETGUEST_SIZE);
	netguest_stop(&g);
	return 0;
}

/* --- broken rings
 * ------------------------------------------------------------------------------ */

/* What was sent before is out, the other queue goes on, the driver is told. */
static int
breaks(struct netguest *g, enum nicsim_ring_error error)
{
	struct nicsim_queue_stats q;
	eventfd_t told;
	uint32_t len;

	netguest_kick(g, 1, true);
	UT_EQ(nicsim_vf_tx(g->vf, frames(), BURST), 1);
	UT_GE(netguest_used(g, 1, &len), 0);
	UT_EQ(netguest_used(g, 1, &len), -ENOENT);
	UT_EQ(nicsim_vf_queue_stats(g->vf, 1, &q), 0);
	UT_EQ(q.errors[error], 1);
	UT_CHECK((vio_dev_status(&g->dev) & VIO_STATUS_NEEDS_RESET) != 0);
	netguest_kick(g, 1, true);
	UT_EQ(nicsim_vf_tx(g->vf, frames(), BURST), 0);
	UT_EQ(nicsim_vf_poll(g->vf), false);
	UT_EQ(eventfd_read(g->config_fd, &told), 0);
	UT_EQ(told, 1); /* once, however often it is kicked */
	UT_GE(netguest_send(g, 3, no_hdr, bytes, frame_make(0, 60), 1), 0);
	netguest_kick(g, 3, true);
	UT_EQ(nicsim_vf_tx(g->vf, frames(), BURST), 1);
	netguest_stop(g);
	return 0;
}

static int
broken_start(struct netguest *g, unsigned int round)
{
	UT_DO(netguest_start(g, round == 1 ? VIO_BIT(VIO_F_RING_PACKED) : 0, 2));
	UT_GE(netguest_send(g, 1, no_hdr, bytes, frame_make(0, 60), 1), 0);
	return 0;
}

static int
bad_chains_break_the_ring(void)
{
	static const struct netguest_slot short_hdr = { .len = { 5, 6 }, .n_out = 2 };
	static const struct netguest_slot writable = {
		.len = { 12, 60, 1 }, .n_out = 2, .n_in = 1
	};
	static const struct netguest_slot only_writable = { .len = { 100 }, .n_in = 1 };
	struct guestring_buf nowhere = { 0x10, 100 };
	unsigned int round;
	struct netguest g;

	for (round = 0; round < 2; round++) {
		UT_DO(broken_start(&g, round));
		UT_GE(netguest_add(&g, 1, &short_hdr), 0);
		UT_DO(breaks(&g, NICSIM_RING_BUFFER));
		UT_DO(broken_start(&g, round));
		UT_GE(netguest_add(&g, 1, &writable), 0);
		UT_DO(breaks(&g, NICSIM_RING_BUFFER));
		UT_DO(broken_start(&g, round));
		UT_GE(netguest_add(&g, 1, &only_writable), 0);
		UT_DO(breaks(&g, NICSIM_RING_BUFFER));
		UT_DO(broken_start(&g, round));
		UT_GE(guestring_add(&g.q[1].ring, &nowhere, 1, 0, false, 0, 0), 0);
		UT_DO(breaks(&g, NICSIM_RING_FAULT));
	}
	return 0;
}

/* --- faults at a frame
 * ------------------------------------------------------------------------- */

static int
faults_strike_at_a_frame(void)
{
	const struct nicsim_fault gone = {
		.kind = NICSIM_FAULT_GONE, .at = NICSIM_AT_TX, .count = 7
	};
	struct nicsim_frame *f = frames();
	unsigned int round, i;
	struct netguest g;
	uint32_t len;

	for (round = 0; round < 2; round++) {
		UT_DO(netguest_start(&g, round == 1 ? VIO_BIT(VIO_F_RING_PACKED) : 0, 1));
		for (i = 0; i < 20; i++)
			UT_GE(netguest_send(&g, 1, no_hdr, bytes, frame_make(i, len_of(i)), 1), 0);
		netguest_kick(&g, 1, true);
		UT_EQ(nicsim_vf_fault(g.vf, &gone), 0);
		/* what came out was given back, not one more and not one less */
		UT_EQ(nicsim_vf_tx(g.vf, f, BURST), 7);
		for (i = 0; i < 7; i++)
			UT_DO(frame_is(&f[i], i));
		for (i = 0; netguest_used(&g, 1, &len) >= 0; i++)
			;
		UT_EQ(i, 7);
		UT_EQ(nicsim_vf_tx(g.vf, f, BURST), 0);
		netguest_stop(&g);
	}
	return 0;
}

static int
out_of_order(void)
{
	const struct nicsim_fault disorder = {
		.kind = NICSIM_FAULT_DISORDER, .has_arg = true, .arg = 8, .count = 1
	};
	struct nicsim_frame *f = frames();
	unsigned int round, i, n, misplaced;
	bool seen[1000];
	struct netguest g;
	uint32_t len, sent, got;

	for (round = 0; round < 2; round++) {
		memset(seen, 0, sizeof(seen));
		UT_DO(netguest_start(&g, round == 1 ? VIO_BIT(VIO_F_RING_PACKED) : 0, 1));
		UT_EQ(nicsim_vf_fault(g.vf, &disorder), 0);
		for (sent = got = misplaced = 0; got < 1000;) {
			while (sent < 1000 && netguest_send(&g, 1, no_hdr, bytes,
						      frame_make(sent, len_of(sent)), 1) >= 0)
				sent++;
			netguest_kick(&g, 1, true);
			n = nicsim_vf_tx(g.vf, f, BURST);
			UT_GE(n, 1);
			for (i = 0; i < n; i++, got++) {
				len = nicframe_get(f[i].data + 2, 4);
				UT_CHECK(len < 1000 && !seen[len]);
				seen[len] = true;
				UT_DO(frame_is(&f[i], len));
				misplaced += len != got;
			}
			while (netguest_used(&g, 1, &len) >= 0)
				;
		}
		UT_GE(misplaced, 500);
		UT_EQ(g.q[1].ring.busy, 0);
		netguest_stop(&g);
	}
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(all_come_whole),
	UT_CASE(nothing_unseen_by_threads),
	UT_CASE(interrupts),
	UT_CASE(queues_in_turn),
	UT_CASE(only_when_rung),
	UT_CASE(breaks_when_written),
	UT_CASE(headers_are_read),
	UT_CASE(nonsense_is_dropped),
	UT_CASE(nonsense_is_bounded),
	UT_CASE(bad_chains_break_the_ring),
	UT_CASE(faults_strike_at_a_frame),
	UT_CASE(out_of_order),
	UT_END,
};

UT_SUITE(nicsim_net, "fast", cases)
