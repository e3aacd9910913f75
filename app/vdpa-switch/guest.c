/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The guest's state table and the lines that tell of it. Control thread only; calls nothing that
 * waits.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guest.h"
#include "vf.h"

static const char *const state_names[] = {
	[VSW_GUEST_DOWN] = "down",
	[VSW_GUEST_LISTENING] = "listening",
	[VSW_GUEST_NEGOTIATING] = "negotiating",
	[VSW_GUEST_HARDWARE] = "hardware",
	[VSW_GUEST_FAILED] = "failed",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) == VSW_GUEST_NUM_STATES,
	"every state has a name");

/* Also the reason codes of what is not a failure; a failure's is the driver's own. */
static const char *const event_names[] = {
	[VSW_EVENT_STARTED] = "started",
	[VSW_EVENT_START_FAILED] = "start-failed",
	[VSW_EVENT_STOPPED] = "stopped",
	[VSW_EVENT_CONNECTED] = "connected",
	[VSW_EVENT_DISCONNECTED] = "disconnected",
	[VSW_EVENT_HANDED_OVER] = "handed-over",
	[VSW_EVENT_RUNNING] = "running",
	[VSW_EVENT_ENDED] = "ended",
	[VSW_EVENT_DEVICE_FAILED] = "device-failed",
	[VSW_EVENT_REFUSED] = "refused",
	[VSW_EVENT_KICK] = "kick",
	[VSW_EVENT_LINK] = "link",
	[VSW_EVENT_ANNOUNCE] = "announce",
	[VSW_EVENT_RETURNED] = "returned",
};
static_assert(sizeof(event_names) / sizeof(event_names[0]) == VSW_GUEST_NUM_EVENTS,
	"every event has a name");

enum action {
	PASS = 0, /* It means nothing here. */
	NOTE, /* Say it; the state stays. */
	ENTER, /* Enter the next state and say why. */
	LEAVE, /* The same, unless the VF is gone: then no next guest can be served. */
	BACK, /* Enter the next state, or the one of a guest without a front-end. */
};

struct transition {
	enum action action;
	enum vsw_guest_state next;
};

#define TO(state) { ENTER, VSW_GUEST_##state }

/*
 * The last front-end's leaving is told by lib/vhost, the VF's by its driver, each from a thread of
 * its own: a row must not count on the order of the two. Front-ends after the first on one socket
 * stay silent here: the driver refuses them.
 */
static const struct transition table[VSW_GUEST_NUM_STATES][VSW_GUEST_NUM_EVENTS] = {
	[VSW_GUEST_DOWN] = {
		[VSW_EVENT_STARTED] = TO(LISTENING),
		[VSW_EVENT_START_FAILED] = TO(FAILED),
	},
	[VSW_GUEST_LISTENING] = {
		[VSW_EVENT_STOPPED] = TO(DOWN),
		[VSW_EVENT_CONNECTED] = TO(NEGOTIATING),
		[VSW_EVENT_RUNNING] = TO(HARDWARE),
		[VSW_EVENT_DEVICE_FAILED] = TO(FAILED),
		[VSW_EVENT_REFUSED] = { NOTE },
		[VSW_EVENT_LINK] = { NOTE },
	},
	[VSW_GUEST_NEGOTIATING] = {
		[VSW_EVENT_STOPPED] = TO(DOWN),
		[VSW_EVENT_DISCONNECTED] = TO(LISTENING),
		[VSW_EVENT_HANDED_OVER] = { NOTE },
		[VSW_EVENT_RUNNING] = TO(HARDWARE),
		[VSW_EVENT_DEVICE_FAILED] = TO(FAILED),
		[VSW_EVENT_REFUSED] = TO(FAILED),
		[VSW_EVENT_LINK] = { NOTE },
	},
	[VSW_GUEST_HARDWARE] = {
		[VSW_EVENT_STOPPED] = TO(DOWN),
		[VSW_EVENT_DISCONNECTED] = TO(LISTENING),
		[VSW_EVENT_ENDED] = TO(NEGOTIATING),
		[VSW_EVENT_DEVICE_FAILED] = TO(FAILED),
		[VSW_EVENT_REFUSED] = { NOTE },
		[VSW_EVENT_KICK] = { NOTE },
		[VSW_EVENT_LINK] = { NOTE },
		[VSW_EVENT_ANNOUNCE] = { NOTE },
	},
	[VSW_GUEST_FAILED] = {
		[VSW_EVENT_STOPPED] = TO(DOWN),
		[VSW_EVENT_DISCONNECTED] = { LEAVE, VSW_GUEST_LISTENING },
		[VSW_EVENT_RUNNING] = TO(HARDWARE),
		[VSW_EVENT_DEVICE_FAILED] = { NOTE },
		[VSW_EVENT_REFUSED] = { NOTE },
		[VSW_EVENT_RETURNED] = { BACK, VSW_GUEST_NEGOTIATING },
	},
};

/* A failure carries the driver's reason. */
static bool
is_failure(const struct vsw_event *event)
{
	return event->type == VSW_EVENT_DEVICE_FAILED || event->type == VSW_EVENT_REFUSED;
}

static const char *
reason_code(const struct vsw_event *event)
{
	return is_failure(event) ? rte_pmd_vdpa_virtio_reason_name(event->reason) :
				   event_names[event->type];
}

/*
 * "4 queues, doorbells mapped, link up". Mapping the doorbells may still be under way; then KICK
 * tells later.
 */
static void
text_running(struct vsw_guest *guest, char *text, size_t len)
{
	struct rte_pmd_vdpa_virtio_status st;

	guest->kick = RTE_PMD_VDPA_VIRTIO_KICK_NONE;
	if (vsw_vf_status(guest, &st) != 0 || st.state != RTE_PMD_VDPA_VIRTIO_RUNNING) {
		snprintf(text, len, "the VF runs the guest's rings");
		return;
	}
	if (st.queues_mapped == st.queues)
		guest->kick = RTE_PMD_VDPA_VIRTIO_KICK_MAPPED;
	snprintf(text, len, "%u queue%s%s, link %s", st.queues, st.queues == 1 ? "" : "s",
		st.queues_mapped == st.queues ? ", doorbells mapped" : "",
		st.link_up ? "up" : "down");
}

static void
text_kick(struct vsw_guest *guest, const struct vsw_event *event, char *text, size_t len)
{
	struct rte_pmd_vdpa_virtio_status st;

	guest->kick = event->kick;
	if (event->kick == RTE_PMD_VDPA_VIRTIO_KICK_MAPPED)
		snprintf(text, len, "doorbells mapped");
	else if (vsw_vf_status(guest, &st) == 0 && st.queues_mapped > 0)
		snprintf(text, len, "doorbells of %u of %u queues mapped, other kicks relayed",
			st.queues_mapped, st.queues);
	else
		snprintf(text, len, "doorbells not mapped, kicks relayed");
}

/* What the event means, for people; the driver's own words where it has some. */
static void
event_text(const struct vsw_event *event, char *text, size_t len)
{
	const struct vsw_guest_config *cfg = event->guest->cfg;
	struct vsw_guest *guest = event->guest;

	switch (event->type) {
	case VSW_EVENT_STARTED:
		snprintf(text, len, "VF %s, %s socket %s", cfg->vf,
			cfg->mode == VSW_SOCKET_SERVER ? "server of" : "client of", cfg->socket);
		break;
	case VSW_EVENT_CONNECTED:
		snprintf(text, len, "front-end connected");
		break;
	case VSW_EVENT_DISCONNECTED:
		snprintf(text, len, "front-end disconnected");
		break;
	case VSW_EVENT_HANDED_OVER:
		snprintf(text, len, "rings handed to the VF's driver, which does not report more");
		break;
	case VSW_EVENT_RUNNING:
		text_running(guest, text, len);
		break;
	case VSW_EVENT_ENDED:
		snprintf(text, len, "%s", event->text[0] != '\0' ? event->text :
			"rings taken back from the VF");
		break;
	case VSW_EVENT_KICK:
		text_kick(guest, event, text, len);
		break;
	case VSW_EVENT_LINK:
		snprintf(text, len, "link %s", event->link_up ? "up" : "down");
		break;
	case VSW_EVENT_ANNOUNCE:
		snprintf(text, len, "the VF asks the guest to announce itself");
		break;
	case VSW_EVENT_RETURNED:
		/* Its rings are past their start, and a VF can take them over only there. */
		snprintf(text, len, "the VF is back%s", guest->state == VSW_GUEST_NEGOTIATING ?
			"; it runs the guest again when that restarts its driver" : "");
		break;
	case VSW_EVENT_STOPPED:
		snprintf(text, len, "socket and VF released");
		break;
	default:
		/* A failure: the driver's own words name the error where that helps. */
		snprintf(text, len, "%s",
			event->text[0] != '\0' ? event->text : strerror(-event->error));
	}
}

/* 2026-01-01T12:00:00.123Z guest vm1: negotiating -> hardware (4 queues, ...) reason=running */
static void
print_line(const struct vsw_event *event, enum vsw_guest_state from)
{
	const struct vsw_guest *guest = event->guest;
	char line[768], text[512], when[32];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	event_text(event, text, sizeof(text));
	snprintf(line, sizeof(line), "%s.%03ldZ guest %s: %s%s%s (%s) reason=%s", when,
		now.tv_nsec / 1000000, guest->cfg->name, vsw_guest_state_name(from),
		from == guest->state ? "" : " -> ",
		from == guest->state ? "" : vsw_guest_state_name(guest->state), text,
		reason_code(event));
	guest->line(line);
}

static void
state_enter(struct vsw_guest *guest, const struct vsw_event *event, enum vsw_guest_state next)
{
	guest->state = next;
	guest->code = reason_code(event);
	guest->changes++;
}

void
vsw_guest_event(const struct vsw_event *event)
{
	struct vsw_guest *guest = event->guest;
	enum vsw_guest_state from = guest->state;
	const struct transition *t = &table[from][event->type];

	if (t->action == PASS)
		return;
	if (event->type == VSW_EVENT_KICK && event->kick == guest->kick)
		return; /* Told already. */
	if (t->action == LEAVE && guest->reason == RTE_PMD_VDPA_VIRTIO_GONE)
		return;
	if (t->action == BACK && atomic_load(&guest->connections) == 0)
		state_enter(guest, event, VSW_GUEST_LISTENING);
	else if (t->action != NOTE)
		state_enter(guest, event, t->next);
	/*
	 * A failure on top of a failure: the latest word counts, but a VF that is gone stays gone.
	 */
	if (guest->state == VSW_GUEST_FAILED && is_failure(event) &&
		guest->reason != RTE_PMD_VDPA_VIRTIO_GONE) {
		guest->reason = event->reason;
		guest->code = reason_code(event);
	} else if (guest->state != VSW_GUEST_FAILED) {
		guest->reason = RTE_PMD_VDPA_VIRTIO_OK;
	}
	print_line(event, from);
}

void
vsw_guest_init(struct vsw_guest *guest, const struct vsw_guest_config *cfg, vsw_line_fn line)
{
	memset(guest, 0, sizeof(*guest));
	atomic_init(&guest->connections, 0);
	guest->cfg = cfg;
	guest->line = line;
	guest->state = VSW_GUEST_DOWN;
	guest->code = "none";
}

const char *
vsw_guest_state_name(enum vsw_guest_state state)
{
	return (unsigned int)state < VSW_GUEST_NUM_STATES ? state_names[state] : "unknown";
}
