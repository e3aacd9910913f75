/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * An epoll loop over signals, the event queue and the statistics timer. Owns the array of guests.
 * Never waits for a guest; what other threads have to say comes through the queue.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "control.h"
#include "event.h"
#include "stats.h"
#include "vf.h"
#include "vhost_sock.h"

/* Events handled before signals and timer are looked at again. */
#define BURST 256

struct control {
	const struct vsw_config *cfg;
	struct vsw_guest *guests;
	unsigned int n_guests; /* Initialized; the first of them may be down. */
	uint64_t lost; /* Events lost that were made up for. */
	int epoll_fd, signal_fd, timer_fd;
};

void
vsw_control_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGUSR1);
}

static int
watch(const struct control *ctl, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(ctl->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0 ? -errno : 0;
}

static int
timer_start(struct control *ctl)
{
	struct itimerspec when = {
		.it_interval.tv_sec = ctl->cfg->stats_interval,
		.it_value.tv_sec = ctl->cfg->stats_interval,
	};

	ctl->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ctl->timer_fd < 0 || timerfd_settime(ctl->timer_fd, 0, &when, NULL) != 0)
		return -errno;
	return watch(ctl, ctl->timer_fd);
}

static void
control_fini(struct control *ctl)
{
	if (ctl->timer_fd >= 0)
		close(ctl->timer_fd);
	if (ctl->signal_fd >= 0)
		close(ctl->signal_fd);
	if (ctl->epoll_fd >= 0)
		close(ctl->epoll_fd);
	vsw_event_fini();
	free(ctl->guests);
}

static int
control_init(struct control *ctl, vsw_line_fn line)
{
	sigset_t set;
	int ret;

	ret = vsw_event_init();
	if (ret != 0)
		return ret;
	ctl->guests = calloc(ctl->cfg->n_guests, sizeof(*ctl->guests));
	if (ctl->guests == NULL)
		return -ENOMEM;
	for (; ctl->n_guests < ctl->cfg->n_guests; ctl->n_guests++)
		vsw_guest_init(&ctl->guests[ctl->n_guests], &ctl->cfg->guests[ctl->n_guests], line);

	vsw_control_signals(&set);
	ctl->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ctl->epoll_fd < 0)
		return -errno;
	ctl->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ctl->signal_fd < 0)
		return -errno;
	ret = watch(ctl, ctl->signal_fd);
	if (ret == 0)
		ret = watch(ctl, vsw_event_fd());
	if (ret == 0 && ctl->cfg->stats_interval != 0)
		ret = timer_start(ctl);
	return ret;
}

static void
guest_tell(struct vsw_guest *guest, enum vsw_guest_event type, const char *text)
{
	struct vsw_event event = { .guest = guest, .type = type };

	strlcpy(event.text, text, sizeof(event.text));
	vsw_guest_event(&event);
}

static int
start_failed(struct vsw_guest *guest, int ret, struct vsw_err *err)
{
	guest_tell(guest, VSW_EVENT_START_FAILED, err->text);
	vsw_err_about(err, "guest", guest->cfg->name);
	return ret;
}

/* No socket appears before every VF is known to be usable. stop_guests() undoes what was done. */
static int
start_guests(struct control *ctl, struct vsw_err *err)
{
	unsigned int i;
	int ret;

	vsw_vhost_sock_guests(ctl->guests, ctl->n_guests);
	for (i = 0; i < ctl->n_guests; i++) {
		ret = vsw_vf_open(&ctl->guests[i], err);
		if (ret != 0)
			return start_failed(&ctl->guests[i], ret, err);
	}
	for (i = 0; i < ctl->n_guests; i++) {
		ret = vsw_vhost_sock_start(&ctl->guests[i], err);
		if (ret != 0)
			return start_failed(&ctl->guests[i], ret, err);
		guest_tell(&ctl->guests[i], VSW_EVENT_STARTED, "");
	}
	return 0;
}

/* Events were lost: read afresh what they would have led to. */
static void
guest_resync(struct vsw_guest *guest)
{
	struct vsw_event event = { .guest = guest };
	struct rte_pmd_vdpa_virtio_status st;

	if (atomic_load(&guest->connections) > 0)
		guest_tell(guest, VSW_EVENT_CONNECTED, "");
	if (vsw_vf_status(guest, &st) == 0) {
		event.type = VSW_EVENT_ENDED;
		if (st.state == RTE_PMD_VDPA_VIRTIO_RUNNING)
			event.type = VSW_EVENT_RUNNING;
		else if (st.state == RTE_PMD_VDPA_VIRTIO_FAILED)
			event.type = VSW_EVENT_DEVICE_FAILED;
		event.reason = st.reason;
		strlcpy(event.text, st.text, sizeof(event.text));
		vsw_guest_event(&event);
	}
	if (atomic_load(&guest->connections) == 0)
		guest_tell(guest, VSW_EVENT_DISCONNECTED, "");
}

static void
handle_events(struct control *ctl, unsigned int max)
{
	struct vsw_event event;
	unsigned int i;
	uint64_t lost;

	for (i = 0; i < max; i++) {
		if (!vsw_event_take(&event))
			break;
		vsw_guest_event(&event);
	}
	lost = vsw_event_lost();
	if (i == max || lost == ctl->lost)
		return; /* What is still queued is older than what a status would say. */
	VSW_LOG(WARNING,
		"%" PRIu64 " events came faster than they could be handled and were lost; "
		"the state of all guests is read afresh",
		lost - ctl->lost);
	ctl->lost = lost;
	for (i = 0; i < ctl->n_guests; i++)
		guest_resync(&ctl->guests[i]);
}

static void
print_stats(const struct control *ctl)
{
	unsigned int i;

	for (i = 0; i < ctl->n_guests; i++)
		vsw_stats_print(&ctl->guests[i]);
}

/* @return true: stop */
static bool
handle_signals(const struct control *ctl)
{
	struct signalfd_siginfo info;

	while (read(ctl->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1) {
			print_stats(ctl);
			continue;
		}
		VSW_LOG(NOTICE, "signal %s: stopping", sigabbrev_np(info.ssi_signo));
		return true;
	}
	return false;
}

static void
handle_timer(const struct control *ctl)
{
	uint64_t expirations;

	if (read(ctl->timer_fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		print_stats(ctl);
}

static int
loop(struct control *ctl)
{
	struct epoll_event ev[4];
	bool stop = false;
	int i, n;

	while (!stop) {
		n = epoll_wait(ctl->epoll_fd, ev, RTE_DIM(ev), -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == ctl->signal_fd)
				stop = handle_signals(ctl);
			else if (ev[i].data.fd == ctl->timer_fd)
				handle_timer(ctl);
			else
				handle_events(ctl, BURST);
		}
	}
	return 0;
}

/*
 * In order: sockets, so that no guest is on a VF; then the VFs; what they reported on the way is
 * still told.
 */
static void
stop_guests(struct control *ctl)
{
	unsigned int i;

	for (i = 0; i < ctl->n_guests; i++)
		vsw_vhost_sock_stop(&ctl->guests[i]);
	for (i = 0; i < ctl->n_guests; i++)
		vsw_vf_close(&ctl->guests[i]);
	handle_events(ctl, VSW_EVENT_QUEUE_SIZE + 1);
	for (i = 0; i < ctl->n_guests; i++)
		guest_tell(&ctl->guests[i], VSW_EVENT_STOPPED, "");
	vsw_vhost_sock_guests(NULL, 0);
}

int
vsw_control_run(const struct vsw_config *cfg, vsw_line_fn line, struct vsw_err *err)
{
	struct control ctl = { .cfg = cfg, .epoll_fd = -1, .signal_fd = -1, .timer_fd = -1 };
	int ret;

	ret = control_init(&ctl, line);
	if (ret != 0) {
		vsw_err_set(err, ret, "cannot set up the control thread: %s", strerror(-ret));
		goto fini;
	}
	ret = start_guests(&ctl, err);
	if (ret == 0) {
		ret = loop(&ctl);
		if (ret != 0)
			vsw_err_set(err, ret, "waiting for events failed: %s", strerror(-ret));
	}
	stop_guests(&ctl);
fini:
	control_fini(&ctl);
	return ret;
}
