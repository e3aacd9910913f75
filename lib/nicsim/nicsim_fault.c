/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Faults: their names, their text form, and which of a function's wait and are in force. Knows
 * nothing of what they do: see nicsim_strike.c. Any thread for the text; the rest under the
 * function's lock. Never waits.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_ctrl.h"
#include "nicsim_fault.h"
#include "nicsim_ring.h"

#define ERRNO_MAX 4095

enum arg { NO_ARG, MAY, MUST };
enum when { ONCE, LASTING, POWER }; /* as nicsim_fault_kind has them in turn */

static const struct {
	const char *name;
	const char *help;
	enum when when;
	enum arg arg;
	uint32_t min, max, usual;
	bool only_now; /* it can wait for no point */
} kinds[] = {
	[NICSIM_FAULT_NEEDS_RESET] = { "needs-reset", "the device asks for a reset" },
	[NICSIM_FAULT_LINK_DOWN] = { "link-down", "the link goes down" },
	[NICSIM_FAULT_LINK_UP] = { "link-up", "the link comes up" },
	[NICSIM_FAULT_GONE] = { "gone",
		"surprise removal; =1: registers read all ones, and the bus says nothing", ONCE,
		MAY, 0, 1, 0, false },
	[NICSIM_FAULT_RETURN] = { "return", "a removed function is back", ONCE, NO_ARG, 0, 0, 0,
		true },
	[NICSIM_FAULT_ANNOUNCE] = { "announce", "asks the guest to announce itself" },
	[NICSIM_FAULT_RESET_STUCK] = { "reset-stuck",
		"a device reset does not end, or after =N reads of the status; a function reset "
		"helps",
		LASTING, MAY, 0, UINT32_MAX, 0, false },
	[NICSIM_FAULT_QUEUE_RESET_STUCK] = { "queue-reset-stuck",
		"a queue's reset does not end, or after =N reads of queue_reset", LASTING, MAY, 0,
		UINT32_MAX, 0, false },
	[NICSIM_FAULT_FLR] = { "function-reset",
		"a function reset is refused with errno =N (ENOTTY); =0: it does nothing", LASTING,
		MAY, 0, ERRNO_MAX, ENOTTY, false },
	[NICSIM_FAULT_QUEUE_STALL] = { "queue-stall", "queue =N is not worked on", LASTING, MUST, 0,
		NICSIM_RING_SIZE_MAX, 0, false },
	[NICSIM_FAULT_DMA_MAP] = { "dma-map", "mappings are refused with errno =N (ENOMEM)",
		LASTING, MAY, 1, ERRNO_MAX, ENOMEM, false },
	[NICSIM_FAULT_IRQ] = { "irq", "interrupt wiring is refused with errno =N (EIO)", LASTING,
		MAY, 1, ERRNO_MAX, EIO, false },
	[NICSIM_FAULT_CTRL_SILENT] = { "ctrl-silent", "the control queue does not answer",
		LASTING },
	[NICSIM_FAULT_CTRL_ERROR] = { "ctrl-error", "the control queue refuses each command",
		LASTING },
	[NICSIM_FAULT_CTRL_GARBAGE] = { "ctrl-garbage",
		"the control queue answers nonsense: =0 another byte, 1 nothing, 2 another id, 3 "
		"twice, 4 a huge length",
		LASTING, MAY, 0, NICSIM_CTRL_NUM_GARBAGE - 1, 0, false },
	[NICSIM_FAULT_DISORDER] = { "disorder",
		"buffers are completed out of order, =N of them at a time (8)", LASTING, MAY, 1,
		NICSIM_RING_AHEAD, 8, false },
	[NICSIM_FAULT_REFUSE_FEATURES] = { "refuse-features", "FEATURES_OK does not stay",
		LASTING },
	[NICSIM_FAULT_REFUSE_DRIVER_OK] = { "refuse-driver-ok", "DRIVER_OK does not stay",
		LASTING },
	[NICSIM_FAULT_REFUSE_VECTOR] = { "refuse-vector", "vectors read back as none", LASTING },
	[NICSIM_FAULT_REFUSE_ENABLE] = { "refuse-enable", "queue_enable stays 0", LASTING },
	[NICSIM_FAULT_HALF_QUEUE_RESET] = { "half-queue-reset",
		"a queue's reset is over, but queue_enable stays 1", LASTING },
	[NICSIM_FAULT_RESTLESS_CONFIG] = { "restless-config",
		"the device configuration changes under its reader, always or =N times", LASTING,
		MAY, 0, UINT32_MAX, 0, false },
	[NICSIM_FAULT_VECTORS] = { "vectors", "it has =N MSI-X vectors (1)", POWER, MAY, 1, 2048, 1,
		true },
	[NICSIM_FAULT_NO_RING_RESET] = { "no-ring-reset", "no VIRTIO_F_RING_RESET", POWER, NO_ARG,
		0, 0, 0, true },
	[NICSIM_FAULT_NO_NOTIFY_PAGES] = { "no-notify-pages", "all doorbells in one page", POWER,
		NO_ARG, 0, 0, 0, true },
	[NICSIM_FAULT_NO_PACKED] = { "no-packed", "no VIRTIO_F_RING_PACKED", POWER, NO_ARG, 0, 0, 0,
		true },
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == NICSIM_FAULT_NUM, "a fault without a name");
_Static_assert(NICSIM_FAULT_NUM <= 32, "more faults than bits");

static const struct {
	const char *name;
	const char *help;
} points[] = {
	[NICSIM_AT_ONCE] = { "once", "at once" },
	[NICSIM_AT_ACCESS] = { "access", "a register access" },
	[NICSIM_AT_RESET] = { "reset", "a device reset" },
	[NICSIM_AT_FEATURES] = { "features", "FEATURES_OK written" },
	[NICSIM_AT_DRIVER_OK] = { "driver-ok", "DRIVER_OK written" },
	[NICSIM_AT_ENABLE] = { "enable", "a queue enabled" },
	[NICSIM_AT_KICK] = { "kick", "a doorbell rung" },
	[NICSIM_AT_MAP] = { "map", "a mapping asked for" },
	[NICSIM_AT_IRQ] = { "irq", "interrupts being wired" },
	[NICSIM_AT_CTRL] = { "ctrl", "a control command taken" },
	[NICSIM_AT_TX] = { "tx", "a frame taken from the guest" },
	[NICSIM_AT_RX] = { "rx", "a frame given to the guest" },
};

_Static_assert(sizeof(points) / sizeof(points[0]) == NICSIM_AT_NUM, "a point without a name");

const char *
nicsim_fault_name(enum nicsim_fault_kind kind)
{
	return (unsigned int)kind < NICSIM_FAULT_NUM ? kinds[kind].name : NULL;
}

const char *
nicsim_fault_help(enum nicsim_fault_kind kind)
{
	return (unsigned int)kind < NICSIM_FAULT_NUM ? kinds[kind].help : NULL;
}

const char *
nicsim_point_name(enum nicsim_point point)
{
	return (unsigned int)point < NICSIM_AT_NUM ? points[point].name : NULL;
}

const char *
nicsim_point_help(enum nicsim_point point)
{
	return (unsigned int)point < NICSIM_AT_NUM ? points[point].help : NULL;
}

/* "what is wrong; there is: a, b, c", as far as it fits. */
static int
refuse_listing(char *why, size_t len, const char *what, const char *text, size_t text_len,
	const char *(*name)(unsigned int i), unsigned int from)
{
	unsigned int i;
	size_t at;

	snprintf(why, len, "no %s \"%.*s\"; there is:", what, (int)text_len, text);
	for (i = from; name(i) != NULL; i++) {
		at = strlen(why);
		snprintf(why + at, len - at, "%s %s", i == from ? "" : ",", name(i));
	}
	return -EINVAL;
}

static const char *
kind_at(unsigned int i)
{
	return nicsim_fault_name(i);
}

static const char *
point_at(unsigned int i)
{
	return nicsim_point_name(i);
}

/* Which name these len bytes are, counted from 0 with names from on; -1: none. */
static int
find(const char *text, size_t len, const char *(*name)(unsigned int i), unsigned int from)
{
	unsigned int i;

	for (i = from; name(i) != NULL; i++)
		if (strlen(name(i)) == len && memcmp(name(i), text, len) == 0)
			return (int)i;
	return -1;
}

/* Decimal digits and nothing else, up to *end. @return whether they were a number up to max */
static bool
number(const char *text, const char *end, uint64_t max, uint64_t *val)
{
	*val = 0;
	if (text == end)
		return false;
	for (; text != end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (*val > (max - (uint64_t)(*text - '0')) / 10)
			return false;
		*val = *val * 10 + (uint64_t)(*text - '0');
	}
	return true;
}

int
nicsim_fault_check(const struct nicsim_fault *fault, char *why, size_t len)
{
	const char *name = nicsim_fault_name(fault->kind);
	char unused[1];

	if (why == NULL) {
		why = unused;
		len = sizeof(unused);
	}
	if (name == NULL || nicsim_point_name(fault->at) == NULL) {
		snprintf(why, len, "no such fault or point");
		return -EINVAL;
	}
	if (fault->has_arg ? kinds[fault->kind].arg == NO_ARG : kinds[fault->kind].arg == MUST)
		snprintf(why, len, fault->has_arg ? "%s takes no argument" : "%s needs =N", name);
	else if (fault->has_arg &&
		 (fault->arg < kinds[fault->kind].min || fault->arg > kinds[fault->kind].max))
		snprintf(why, len, "%s=%" PRIu32 ": %" PRIu32 " to %" PRIu32, name, fault->arg,
			kinds[fault->kind].min, kinds[fault->kind].max);
	else if (fault->at != NICSIM_AT_ONCE && kinds[fault->kind].only_now)
		snprintf(why, len, "%s waits for no point; remedy: leave @%s out", name,
			nicsim_point_name(fault->at));
	else if (fault->count == 0)
		snprintf(why, len, "%s: a count of 0; remedy: +1 or more", name);
	else
		return 0;
	return -EINVAL;
}

int
nicsim_fault_parse(const char *text, struct nicsim_fault *fault, char *why, size_t len)
{
	const char *end = text + strlen(text), *at = strchr(text, '@');
	const char *kind_end = text + strcspn(text, "=@"), *plus, *point;
	uint64_t val;
	int i;

	*fault = (struct nicsim_fault){ .count = 1 };
	i = find(text, (size_t)(kind_end - text), kind_at, 0);
	if (i < 0)
		return refuse_listing(
			why, len, "fault", text, (size_t)(kind_end - text), kind_at, 0);
	fault->kind = (enum nicsim_fault_kind)i;
	if (*kind_end == '=') {
		fault->has_arg = true;
		if (!number(kind_end + 1, at != NULL ? at : end, UINT32_MAX, &val)) {
			snprintf(why, len, "\"%s\": a number belongs behind =", text);
			return -EINVAL;
		}
		fault->arg = (uint32_t)val;
	}
	if (at != NULL) {
		point = at + 1;
		plus = strchr(point, '+');
		i = find(point, (size_t)((plus != NULL ? plus : end) - point), point_at, 1);
		if (i < 0)
			return refuse_listing(why, len, "point", point,
				(size_t)((plus != NULL ? plus : end) - point), point_at, 1);
		fault->at = (enum nicsim_point)i;
		if (plus != NULL && !number(plus + 1, end, UINT64_MAX, &fault->count)) {
			snprintf(why, len, "\"%s\": a number belongs behind +", text);
			return -EINVAL;
		}
	}
	return nicsim_fault_check(fault, why, len);
}

void
nicsim_fault_format(const struct nicsim_fault *fault, char *text, size_t len)
{
	char arg[16] = "", at[48] = "";

	if (fault->has_arg)
		snprintf(arg, sizeof(arg), "=%" PRIu32, fault->arg);
	if (fault->at != NICSIM_AT_ONCE)
		snprintf(
			at, sizeof(at), "@%s+%" PRIu64, nicsim_point_name(fault->at), fault->count);
	snprintf(text, len, "%s%s%s", nicsim_fault_name(fault->kind), arg, at);
}

void
nicsim_faults_init(struct nicsim_faults *faults,
	void (*strike)(void *ctx, const struct nicsim_fault *fault), void *ctx)
{
	memset(faults, 0, sizeof(*faults));
	faults->strike = strike;
	faults->ctx = ctx;
}

static void
strike(struct nicsim_faults *faults, const struct nicsim_fault *fault)
{
	if (kinds[fault->kind].when != ONCE) {
		faults->lasting |= UINT32_C(1) << fault->kind;
		faults->arg[fault->kind] = fault->has_arg ? fault->arg : kinds[fault->kind].usual;
	}
	faults->strike(faults->ctx, fault);
}

int
nicsim_faults_arm(struct nicsim_faults *faults, const struct nicsim_fault *fault)
{
	int ret = nicsim_fault_check(fault, NULL, 0);

	if (ret != 0)
		return ret;
	if (fault->at == NICSIM_AT_ONCE) {
		strike(faults, fault);
		return 0;
	}
	if (faults->num_armed == NICSIM_FAULT_ARMED)
		return -ENOSPC;
	faults->armed[faults->num_armed++] = *fault;
	return 0;
}

void
nicsim_faults_pass(struct nicsim_faults *faults, enum nicsim_point point)
{
	struct nicsim_fault fault;
	unsigned int i = 0;

	while (i < faults->num_armed) {
		if (faults->armed[i].at != point || --faults->armed[i].count != 0) {
			i++;
			continue;
		}
		fault = faults->armed[i];
		faults->num_armed--;
		memmove(&faults->armed[i], &faults->armed[i + 1],
			(faults->num_armed - i) * sizeof(fault));
		strike(faults, &fault);
	}
}

unsigned int
nicsim_faults_list(const struct nicsim_faults *faults, struct nicsim_fault *out, unsigned int max)
{
	unsigned int i, n = 0;

	for (i = 0; i < faults->num_armed && n < max; i++)
		out[n++] = faults->armed[i];
	for (i = 0; i < NICSIM_FAULT_NUM && n < max; i++)
		if (nicsim_faults_on(faults, (enum nicsim_fault_kind)i))
			out[n++] = (struct nicsim_fault){
				.kind = (enum nicsim_fault_kind)i,
				.has_arg = kinds[i].arg != NO_ARG,
				.arg = faults->arg[i],
			};
	return n;
}

void
nicsim_faults_clear(struct nicsim_faults *faults)
{
	faults->num_armed = 0;
	faults->lasting = 0;
}
