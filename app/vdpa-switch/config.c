/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The program's options, and what guests may not share. Main thread, before EAL.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_string_fns.h>

#include "config.h"

/*
 * The socket's path with its folder resolved, so that ./a and a compare equal; as it is if that
 * fails.
 */
static void
socket_resolve(const char *path, char out[PATH_MAX + VSW_SOCKET_SIZE])
{
	const char *slash = strrchr(path, '/');
	char folder[VSW_SOCKET_SIZE], real[PATH_MAX];

	strlcpy(folder, slash == NULL ? "." : slash == path ? "/" : path, sizeof(folder));
	if (slash != NULL && slash != path)
		folder[slash - path] = '\0';
	if (realpath(folder, real) == NULL)
		strlcpy(out, path, PATH_MAX);
	else
		snprintf(out, PATH_MAX + VSW_SOCKET_SIZE, "%s/%s", real,
			slash == NULL ? path : slash + 1);
}

/* What no two guests may share. */
static int
guest_unique(const struct vsw_guest_config *a, const struct vsw_guest_config *b,
	struct vsw_err *err)
{
	char socket_a[PATH_MAX + VSW_SOCKET_SIZE], socket_b[PATH_MAX + VSW_SOCKET_SIZE];

	if (strcmp(a->vf, b->vf) == 0)
		return vsw_err_set(err, -EINVAL,
			"guests %s and %s are both on VF %s: a VF runs one guest only",
			a->name, b->name, a->vf);
	socket_resolve(a->socket, socket_a);
	socket_resolve(b->socket, socket_b);
	if (strcmp(socket_a, socket_b) == 0)
		return vsw_err_set(err, -EINVAL,
			"two guests are on socket %s: give each its own", a->socket);
	if (strcmp(a->name, b->name) == 0)
		return vsw_err_set(err, -EINVAL,
			"two guests have the name %s: tell them apart with name=", a->name);
	return 0;
}

static int
guest_add(struct vsw_config *cfg, const char *arg, struct vsw_err *err)
{
	struct vsw_guest_config *guest;
	struct vsw_err why;
	unsigned int i;
	char *text;
	int ret;

	if (cfg->n_guests == VSW_MAX_GUESTS)
		return vsw_err_set(err, -EINVAL,
			"too many guests: DPDK's vhost library carries %u",
			VSW_MAX_GUESTS);
	text = strdup(arg);
	if (text == NULL)
		return vsw_err_set(err, -ENOMEM, "out of memory");
	guest = &cfg->guests[cfg->n_guests];
	ret = vsw_guest_spec_parse(guest, text, &why);
	free(text);
	if (ret != 0)
		return vsw_err_set(err, ret, "--guest %.300s: %.600s", arg, why.text);
	for (i = 0; i < cfg->n_guests; i++) {
		ret = guest_unique(&cfg->guests[i], guest, err);
		if (ret != 0)
			return ret;
	}
	cfg->n_guests++;
	return 0;
}

enum {
	OPT_GUEST = 256,
	OPT_STATS_INTERVAL,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option options[] = {
	{ "guest", required_argument, NULL, OPT_GUEST },
	{ "stats-interval", required_argument, NULL, OPT_STATS_INTERVAL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int
option_apply(struct vsw_config *cfg, int opt, const char *culprit, struct vsw_err *err)
{
	unsigned long n;

	switch (opt) {
	case OPT_GUEST:
		return guest_add(cfg, optarg, err);
	case OPT_STATS_INTERVAL:
		if (vsw_config_number(optarg, 1, VSW_MAX_STATS_INTERVAL, &n) != 0)
			return vsw_err_set(err, -EINVAL,
				"--stats-interval %s is not a number of seconds, 1 to %u", optarg,
				VSW_MAX_STATS_INTERVAL);
		cfg->stats_interval = n;
		return 0;
	case 'h':
	case OPT_HELP:
		cfg->action = VSW_ACTION_HELP;
		return 0;
	case OPT_VERSION:
		cfg->action = VSW_ACTION_VERSION;
		return 0;
	case ':':
		return vsw_err_set(err, -EINVAL, "option %s needs a value", culprit);
	default:
		return vsw_err_set(err, -EINVAL,
			"unknown option %s after '--': EAL options go before the '--'", culprit);
	}
}

/* The program's part: argv[0] is the lone "--", which getopt skips as the program's name. */
static int
program_options(struct vsw_config *cfg, int argc, char **argv, struct vsw_err *err)
{
	int opt, ret, at;

	optind = 0; /* GNU: start afresh */
	opterr = 0;
	for (;;) {
		at = optind == 0 ? 1 : optind;
		opt = getopt_long(argc, argv, "+:h", options, NULL);
		if (opt == -1)
			break;
		ret = option_apply(cfg, opt, argv[at], err);
		if (ret != 0 || cfg->action != VSW_ACTION_RUN)
			return ret;
	}
	if (optind < argc)
		return vsw_err_set(err, -EINVAL, "unexpected argument '%s'", argv[optind]);
	if (cfg->n_guests == 0)
		return vsw_err_set(err, -EINVAL,
			"no guest: give at least one --guest socket=PATH,vf=VF after '--'");
	return 0;
}

/*
 * EAL's part holds what people put there by mistake, and asks for help that is the program's to
 * give.
 */
static int
eal_options(struct vsw_config *cfg, int argc, char **argv, struct vsw_err *err)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			cfg->action = VSW_ACTION_HELP;
		else if (strcmp(argv[i], "--version") == 0)
			cfg->action = VSW_ACTION_VERSION;
		else if (strncmp(argv[i], "--guest", 7) == 0 ||
			strncmp(argv[i], "--stats-interval", 16) == 0)
			return vsw_err_set(err, -EINVAL,
				"%.*s is not an EAL option: put it after a lone '--'",
				(int)strcspn(argv[i], "="), argv[i]);
		if (cfg->action != VSW_ACTION_RUN)
			break;
	}
	return 0;
}

int
vsw_config_parse(struct vsw_config *cfg, int argc, char **argv, struct vsw_err *err)
{
	int ret, split;

	memset(cfg, 0, sizeof(*cfg));
	cfg->guests = calloc(VSW_MAX_GUESTS, sizeof(*cfg->guests));
	if (cfg->guests == NULL)
		return vsw_err_set(err, -ENOMEM, "out of memory");
	for (split = 1; split < argc; split++)
		if (strcmp(argv[split], "--") == 0)
			break;

	ret = eal_options(cfg, split, argv, err);
	if (ret != 0 || cfg->action != VSW_ACTION_RUN)
		return ret;
	if (split == argc)
		return vsw_err_set(err, -EINVAL,
			"no guest: give one as in vdpa-switch -- --guest socket=PATH,vf=VF");
	ret = program_options(cfg, argc - split, argv + split, err);
	if (ret != 0 || cfg->action != VSW_ACTION_RUN)
		return ret;
	return vsw_eal_args(cfg, split, argv, err);
}

void
vsw_config_free(struct vsw_config *cfg)
{
	free(cfg->guests);
	free(cfg->eal_argv);
	free(cfg->eal_text);
	memset(cfg, 0, sizeof(*cfg));
}
