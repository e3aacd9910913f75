/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The hardware threads: what the silicon would do. Each looks at what is its own in turn (VFs,
 * software ends of ports, the wire), hands the frames to the switch, and puts them where that says.
 * With nothing to do it sleeps until it is woken; a doorbell in a page that is mapped into a guest
 * wakes nobody, so while there may be such it looks now and then.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <vio_spec.h>

#include "nicsim_priv.h"

#define ROOM (NICSIM_HEADROOM + NICSIM_FRAME_MAX)
#define IDLE_PASSES 16 /* without work until it sleeps */
#define IDLE_US_MIN 50 /* first look at the doorbell pages after that; then twice as long each */

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

void
nicsim_hw_wake(void *ctx)
{
	struct nicsim_hw *hw = ctx;

	__atomic_store_n(&hw->pending, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&hw->sleeping, __ATOMIC_SEQ_CST))
		eventfd_write(hw->wake_fd, 1);
}

/* --- where frames go --------------------------------------------------------------------------- */

struct delivery {
	struct nicsim_hw *hw;
	struct nicsim_end to;
};

static void
deliver(void *ctx, const struct nicsim_frame *frame)
{
	struct delivery *d = ctx;
	struct nicsim *nic = d->hw->nic;

	if (d->to.representor)
		nicsim_port_put(nic->port[d->to.port], frame);
	else
		nicsim_wire_tx(nic->wire, frame);
}

/* Beyond the functions there is nothing that a frame's checksum and segments could be left to. */
static void
deliver_whole(struct nicsim_hw *hw, struct nicsim_end to, struct nicsim_frame *frame)
{
	struct delivery d = { hw, to };

	if (frame->meta.gso_type != NICSIM_GSO_NONE) {
		nicsim_frame_segment(frame, deliver, &d);
		return;
	}
	if ((frame->meta.flags & NICSIM_HDR_NEEDS_CSUM) != 0)
		nicsim_frame_checksum(frame);
	deliver(&d, frame);
}

static void
out(void *ctx, struct nicsim_end to, struct nicsim_frame *frame)
{
	struct nicsim_hw *hw = ctx;

	if (to.representor || to.port == 0) {
		deliver_whole(hw, to, frame);
		return;
	}
	hw->touched[to.port - 1] = true;
	nicsim_vf_rx(hw->nic->vf[to.port - 1], frame);
}

static void
forward(struct nicsim_hw *hw, struct nicsim_end from, unsigned int n)
{
	uint64_t now_ms = now_ns() / 1000000;
	unsigned int i;

	for (i = 0; i < n; i++)
		nicsim_switch_forward(hw->nic->sw, from, &hw->frame[i], now_ms, out, hw);
	for (i = 0; i < hw->nic->num_vfs; i++) {
		if (!hw->touched[i])
			continue;
		hw->touched[i] = false;
		nicsim_vf_rx_flush(hw->nic->vf[i]);
	}
	count(&hw->stats.frames, n);
}

/* --- where frames come from -------------------------------------------------------------------- */

/* Frames move their start when tags come and go. */
static void
frames_reset(struct nicsim_hw *hw)
{
	unsigned int i;

	for (i = 0; i < NICSIM_BURST; i++)
		hw->frame[i].data = hw->room + (size_t)i * ROOM + NICSIM_HEADROOM;
}

static bool
vf_work(struct nicsim_hw *hw, unsigned int vf)
{
	struct nicsim_vf *v = hw->nic->vf[vf];
	bool busy = nicsim_vf_poll(v);
	unsigned int n;

	frames_reset(hw);
	n = nicsim_vf_tx(v, hw->frame, NICSIM_BURST);
	if (n == 0)
		return busy;
	forward(hw, (struct nicsim_end){ .port = vf + 1 }, n);
	return true;
}

static bool
port_work(struct nicsim_hw *hw, unsigned int port)
{
	struct nicsim_port *p = hw->nic->port[port];
	unsigned int n = 0;

	frames_reset(hw);
	while (n < NICSIM_BURST && nicsim_port_get(p, &hw->frame[n]))
		n++;
	if (n != 0)
		forward(hw, (struct nicsim_end){ .port = port, .representor = true }, n);
	return n != 0;
}

/* Whether there is anybody for what the wire brings, were it to begin. */
static bool
is_listened_to(struct nicsim *nic)
{
	struct nicsim_vf_stats stats;
	unsigned int i;

	if (nicsim_switch_mode(nic->sw) == NICSIM_SWITCHDEV)
		return nicsim_port_is_open(nic->port[0]);
	for (i = 0; i < nic->num_vfs; i++) {
		nicsim_vf_stats(nic->vf[i], &stats);
		if ((stats.status & VIO_STATUS_DRIVER_OK) != 0)
			return true;
	}
	return false;
}

static bool
wire_work(struct nicsim_hw *hw)
{
	unsigned int n = 0;

	if (nicsim_wire_waits(hw->nic->wire) && is_listened_to(hw->nic))
		nicsim_wire_start(hw->nic->wire);
	frames_reset(hw);
	while (n < NICSIM_BURST && nicsim_wire_rx(hw->nic->wire, &hw->frame[n]))
		n++;
	if (n != 0)
		forward(hw, (struct nicsim_end){ .port = 0 }, n);
	return n != 0;
}

/* One look at all that is this thread's. */
static bool
pass(struct nicsim_hw *hw)
{
	struct nicsim *nic = hw->nic;
	bool busy = false;
	unsigned int i;

	if (hw->index == 0)
		busy |= wire_work(hw);
	for (i = hw->index; i < nic->num_vfs; i += nic->threads)
		busy |= vf_work(hw, i);
	for (i = hw->index; i <= nic->num_vfs; i += nic->threads)
		busy |= port_work(hw, i);
	return busy;
}

/* --- sleep ------------------------------------------------------------------------------------- */

static bool
has_polled(const struct nicsim_hw *hw)
{
	unsigned int i;

	for (i = hw->index; i < hw->nic->num_vfs; i += hw->nic->threads)
		if (nicsim_vf_is_polled(hw->nic->vf[i]))
			return true;
	return false;
}

/* us: at most, 0: until woken. Returns whether it was the time that ended it. */
static bool
nap(struct nicsim_hw *hw, unsigned int us)
{
	const struct timespec most = { us / 1000000, us % 1000000 * 1000L };
	struct pollfd fds[2] = { { .fd = hw->wake_fd, .events = POLLIN },
		{ .fd = hw->index == 0 ? nicsim_wire_fd(hw->nic->wire) : -1, .events = POLLIN } };
	bool timed_out = false;
	eventfd_t n;

	__atomic_store_n(&hw->sleeping, true, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&hw->pending, __ATOMIC_SEQ_CST)) {
		count(&hw->stats.sleeps, 1);
		timed_out = ppoll(fds, 2, us != 0 ? &most : NULL, NULL) == 0;
	}
	__atomic_store_n(&hw->sleeping, false, __ATOMIC_SEQ_CST);
	eventfd_read(hw->wake_fd, &n);
	count(&hw->stats.timeouts, timed_out);
	return timed_out;
}

static bool
pages_rung(const struct nicsim_hw *hw)
{
	bool any = false;
	unsigned int i;

	for (i = hw->index; i < hw->nic->num_vfs; i += hw->nic->threads)
		any |= nicsim_vf_poll(hw->nic->vf[i]);
	return any;
}

/* Until there is something to do; after a time without it nothing but the pages is looked at. */
static void
rest(struct nicsim_hw *hw)
{
	unsigned int us = IDLE_US_MIN;

	do {
		if (us > hw->nic->idle_us)
			us = hw->nic->idle_us;
		if (!nap(hw, has_polled(hw) ? us : 0))
			return;
		us *= 2;
	} while (!pages_rung(hw));
}

static void *
hw_main(void *arg)
{
	struct nicsim_hw *hw = arg;
	unsigned int idle = 0;
	uint64_t begin;

	for (;;) {
		/* In this order: what is asked for after the look at it makes pending true again. */
		__atomic_store_n(&hw->pending, false, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&hw->stop, __ATOMIC_SEQ_CST))
			break;
		begin = now_ns();
		if (pass(hw)) {
			count(&hw->stats.busy_ns, now_ns() - begin);
			idle = 0;
		} else if (++idle >= IDLE_PASSES) {
			rest(hw);
			idle = 0;
		}
	}
	return NULL;
}

/*
 * Where this process may run, as it was when it was loaded: later EAL binds the thread that makes
 * the NIC to a processor of its own, which the hardware's threads would inherit.
 */
static cpu_set_t anywhere;
static bool anywhere_known;

__attribute__((constructor)) static void
remember_processors(void)
{
	anywhere_known = sched_getaffinity(0, sizeof(anywhere), &anywhere) == 0;
}

static int
place(pthread_attr_t *attr, int core)
{
	cpu_set_t set = anywhere;

	if (core < 0 && !anywhere_known)
		return 0;
	if (core >= CPU_SETSIZE)
		return EINVAL;
	if (core >= 0) {
		CPU_ZERO(&set);
		CPU_SET(core, &set);
	}
	return pthread_attr_setaffinity_np(attr, sizeof(set), &set);
}

int
nicsim_hw_start(struct nicsim_hw *hw, int core)
{
	sigset_t all, old;
	pthread_attr_t attr;
	char name[16];
	int ret;

	hw->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hw->room = malloc((size_t)NICSIM_BURST * ROOM);
	if (hw->wake_fd < 0 || hw->room == NULL)
		return hw->wake_fd < 0 ? -errno : -ENOMEM;
	ret = pthread_attr_init(&attr);
	if (ret != 0)
		return -ret;
	ret = place(&attr, core);
	if (ret == 0) {
		/* Signals are for the program's own threads. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		ret = pthread_create(&hw->thread, &attr, hw_main, hw);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_attr_destroy(&attr);
	if (ret != 0)
		return -ret;
	hw->started = true;
	snprintf(name, sizeof(name), "nicsim-hw%u", hw->index);
	pthread_setname_np(hw->thread, name);
	return 0;
}

void
nicsim_hw_stop(struct nicsim_hw *hw)
{
	if (!hw->started)
		return;
	__atomic_store_n(&hw->stop, true, __ATOMIC_SEQ_CST);
	nicsim_hw_wake(hw);
	pthread_join(hw->thread, NULL);
	hw->started = false;
}

void
nicsim_hw_fini(struct nicsim_hw *hw)
{
	if (hw->wake_fd >= 0)
		close(hw->wake_fd);
	hw->wake_fd = -1;
	free(hw->room);
	hw->room = NULL;
}
