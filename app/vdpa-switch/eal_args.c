/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * EAL's arguments: the user's, with the guests' VFs allowed.
 *
 * EAL matches allowed devices by the first driver that claims their ids, and net_virtio has the
 * same ids as vdpa_virtio; it steps aside only for the devarg vdpa=1. Runs on the main thread
 * before rte_eal_init().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/*
 * The value of a device option at argv[*i], or NULL if it is another option. getopt_long() also
 * takes "-aVALUE", "--allow=VALUE" and unambiguous beginnings of the long name, so this does.
 */
static const char *
device_option(int argc, char **argv, int *i, char letter, const char *name, size_t min)
{
	const char *arg = argv[*i];
	size_t len;

	if (arg[0] == '-' && arg[1] == letter) {
		if (arg[2] != '\0')
			return arg + 2;
	} else if (strncmp(arg, "--", 2) == 0) {
		len = strcspn(arg + 2, "=");
		if (len < min || strncmp(arg + 2, name, len) != 0)
			return NULL;
		if (arg[2 + len] == '=')
			return arg + 2 + len + 1;
	} else {
		return NULL;
	}
	/* A missing value is EAL's to complain about. */
	return *i + 1 < argc ? argv[++*i] : "";
}

/* "ADDRESS[,key=value]...": the address as EAL writes it, and the rest. */
static int
device_split(const char *value, char *name, const char **rest)
{
	char address[64];
	size_t len;

	if (strncmp(value, "pci:", 4) == 0)
		value += 4;
	len = strcspn(value, ",");
	*rest = value + len;
	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, value, len);
	address[len] = '\0';
	return vsw_config_pci(address, name);
}

static bool
has_vdpa(const char *rest)
{
	static const char item[] = ",vdpa=1";
	const char *p;

	for (p = strstr(rest, item); p != NULL; p = strstr(p + 1, item))
		if (p[sizeof(item) - 1] == '\0' || p[sizeof(item) - 1] == ',')
			return true;
	return false;
}

static const struct vsw_guest_config *
guest_by_vf(const struct vsw_config *cfg, const char *vf)
{
	unsigned int i;

	for (i = 0; i < cfg->n_guests; i++)
		if (cfg->guests[i].vf_is_pci && strcmp(cfg->guests[i].vf, vf) == 0)
			return &cfg->guests[i];
	return NULL;
}

/* What the user said of devices. */
struct user {
	bool named[VSW_MAX_GUESTS]; /* -a for the VF of that guest */
	bool allowed; /* any -a, so that EAL takes no other PCI device */
};

static int
user_devices(const struct vsw_config *cfg, int argc, char **argv, struct user *user,
	struct vsw_err *err)
{
	const struct vsw_guest_config *guest;
	const char *value, *rest;
	char vf[VSW_VF_SIZE];
	int i;

	for (i = 1; i < argc; i++) {
		if (device_option(argc, argv, &i, 'b', "block", 2) != NULL)
			return vsw_err_set(err, -EINVAL,
				"EAL option -b (--block) cannot be used: the VFs of the guests are "
				"allowed with -a, and EAL takes one of the two; only devices named "
				"by vf= or -a are touched anyway, so leave -b out");
		value = device_option(argc, argv, &i, 'a', "allow", 1);
		if (value == NULL)
			continue;
		user->allowed = true;
		if (device_split(value, vf, &rest) != 0)
			continue;
		guest = guest_by_vf(cfg, vf);
		if (guest == NULL)
			continue;
		if (!has_vdpa(rest))
			return vsw_err_set(err, -EINVAL,
				"EAL option -a %s: %s is the VF of guest %s and must carry vdpa=1, "
				"or DPDK's net_virtio claims it: write -a %s,vdpa=1%s or none",
				value, vf, guest->name, vf, rest);
		user->named[guest - cfg->guests] = true;
	}
	return 0;
}

int
vsw_eal_args(struct vsw_config *cfg, int argc, char **argv, struct vsw_err *err)
{
	const size_t size = VSW_VF_SIZE + sizeof(",vdpa=1");
	struct user user = { .allowed = false };
	char *text;
	unsigned int i;
	int ret, n = 0;

	ret = user_devices(cfg, argc, argv, &user, err);
	if (ret != 0)
		return ret;

	cfg->eal_text = calloc(cfg->n_guests + 1, size);
	cfg->eal_argv = calloc(argc + 2 * cfg->n_guests + 2, sizeof(*cfg->eal_argv));
	if (cfg->eal_text == NULL || cfg->eal_argv == NULL)
		return vsw_err_set(err, -ENOMEM, "out of memory");

	cfg->eal_argv[n++] = argv[0];
	for (i = 0; i < cfg->n_guests; i++) {
		if (user.named[i] || !cfg->guests[i].vf_is_pci)
			continue;
		user.allowed = true;
		text = cfg->eal_text + i * size;
		snprintf(text, size, "%s,vdpa=1", cfg->guests[i].vf);
		cfg->eal_argv[n++] = (char *)(uintptr_t) "-a";
		cfg->eal_argv[n++] = text;
	}
	if (!user.allowed) /* or EAL would take every PCI device that it has a driver for */
		cfg->eal_argv[n++] = (char *)(uintptr_t) "--no-pci";
	memcpy(&cfg->eal_argv[n], &argv[1], (argc - 1) * sizeof(*argv));
	cfg->eal_argc = n + argc - 1;
	return 0;
}
