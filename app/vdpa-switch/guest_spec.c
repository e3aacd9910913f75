/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The text of one --guest: key=value items between commas.
 *
 * Knows the keys and what each value may be; what guests may not share among each other is
 * config.c's. Main thread, before EAL; touches nothing outside its arguments.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_string_fns.h>

#include "config.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

int
vsw_config_number(const char *text, unsigned long min, unsigned long max, unsigned long *value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*value = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || *value < min || *value > max)
		return -EINVAL;
	return 0;
}

int
vsw_config_pci(const char *text, char *name)
{
	struct rte_pci_addr addr;

	/* The parser of DPDK lets any byte through as device and function. */
	if (rte_pci_addr_parse(text, &addr) != 0 || addr.devid > 31 || addr.function > 7)
		return -EINVAL;
	rte_pci_device_name(&addr, name, VSW_VF_SIZE);
	return 0;
}

/* Names that drivers give to devices of theirs begin with a letter, PCI addresses do not pass. */
static int
device_name(const char *text, char *name)
{
	if (!isalpha((unsigned char)text[0]) || text[strspn(text, NAME_CHARS)] != '\0' ||
		strlcpy(name, text, VSW_VF_SIZE) >= VSW_VF_SIZE)
		return -EINVAL;
	return 0;
}

/* Keys of --guest. Each takes its value, and on failure says why; the caller names the argument. */
static int
key_socket(struct vsw_guest_config *guest, const char *value, struct vsw_err *err)
{
	size_t len = strlen(value);

	if (len == 0 || value[len - 1] == '/')
		return vsw_err_set(err, -EINVAL, "socket=%s is not the path of a socket", value);
	if (strlcpy(guest->socket, value, sizeof(guest->socket)) >= sizeof(guest->socket))
		return vsw_err_set(err, -EINVAL,
			"socket path is too long: %zu bytes, a unix socket takes %zu: "
			"choose a shorter one",
			len, sizeof(guest->socket) - 1);
	return 0;
}

static int
key_vf(struct vsw_guest_config *guest, const char *value, struct vsw_err *err)
{
	guest->vf_is_pci = vsw_config_pci(value, guest->vf) == 0;
	if (!guest->vf_is_pci && device_name(value, guest->vf) != 0)
		return vsw_err_set(err, -EINVAL,
			"vf=%s is not a PCI address, nor the name of a vDPA device: write it as "
			"0000:01:00.2 or net_nicsim0_vf0",
			value);
	return 0;
}

static int
key_name(struct vsw_guest_config *guest, const char *value, struct vsw_err *err)
{
	if (value[0] == '\0' || value[strspn(value, NAME_CHARS)] != '\0' ||
		strlcpy(guest->name, value, sizeof(guest->name)) >= sizeof(guest->name))
		return vsw_err_set(err, -EINVAL,
			"name '%s' is not 1 to %zu letters, digits, '.', '_' or '-'", value,
			sizeof(guest->name) - 1);
	return 0;
}

static int
key_mode(struct vsw_guest_config *guest, const char *value, struct vsw_err *err)
{
	if (strcmp(value, "server") == 0)
		guest->mode = VSW_SOCKET_SERVER;
	else if (strcmp(value, "client") == 0)
		guest->mode = VSW_SOCKET_CLIENT;
	else
		return vsw_err_set(err, -EINVAL,
			"mode=%s: it is server (this program creates the socket) "
			"or client (the front-end does)",
			value);
	return 0;
}

static int
key_queues(struct vsw_guest_config *guest, const char *value, struct vsw_err *err)
{
	unsigned long n;

	if (vsw_config_number(value, 1, VSW_MAX_PAIRS, &n) != 0)
		return vsw_err_set(err, -EINVAL,
			"queues=%s is not a number of queue pairs, 1 to %u", value, VSW_MAX_PAIRS);
	guest->pairs = n;
	return 0;
}

static int
key_mac(struct vsw_guest_config *guest, const char *value, struct vsw_err *err)
{
	if (rte_ether_unformat_addr(value, &guest->mac) != 0)
		return vsw_err_set(err, -EINVAL,
			"mac=%s is not a MAC address: write it as 52:54:00:12:34:56", value);
	if (!rte_is_valid_assigned_ether_addr(&guest->mac))
		return vsw_err_set(err, -EINVAL,
			"mac=%s is a multicast address or zero: a guest needs a unicast one",
			value);
	guest->has_mac = true;
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(struct vsw_guest_config *guest, const char *value, struct vsw_err *err);
	bool required;
} guest_keys[] = {
	{ "socket", key_socket, true },
	{ "vf", key_vf, true },
	{ "name", key_name, false },
	{ "mode", key_mode, false },
	{ "queues", key_queues, false },
	{ "mac", key_mac, false },
};

#define NUM_KEYS (sizeof(guest_keys) / sizeof(guest_keys[0]))

/* One "key=value"; seen collects the keys that were there. */
static int
guest_item(struct vsw_guest_config *guest, char *item, unsigned int *seen, struct vsw_err *err)
{
	char *value = strchr(item, '=');
	unsigned int k;

	if (value == NULL)
		return vsw_err_set(err, -EINVAL, "'%s' is not key=value", item);
	*value++ = '\0';
	for (k = 0; k < NUM_KEYS; k++)
		if (strcmp(item, guest_keys[k].name) == 0)
			break;
	if (k == NUM_KEYS)
		return vsw_err_set(err, -EINVAL,
			"unknown key '%s': there are socket, vf, name, mode, queues and mac", item);
	if (*seen & (1u << k))
		return vsw_err_set(err, -EINVAL, "key '%s' is given twice", item);
	*seen |= 1u << k;
	return guest_keys[k].parse(guest, value, err);
}

/* Without name=, the socket's file name without ".sock". */
static int
guest_default_name(struct vsw_guest_config *guest, struct vsw_err *err)
{
	char base[VSW_SOCKET_SIZE];
	const char *slash = strrchr(guest->socket, '/');
	char *suffix;

	strlcpy(base, slash == NULL ? guest->socket : slash + 1, sizeof(base));
	suffix = strstr(base, ".sock");
	if (suffix != NULL && suffix != base && suffix[5] == '\0')
		*suffix = '\0';
	if (key_name(guest, base, err) != 0)
		return vsw_err_set(err, -EINVAL,
			"the socket's file name makes no name for the guest: give it one with "
			"name=, 1 to %zu letters, digits, '.', '_' or '-'",
			sizeof(guest->name) - 1);
	return 0;
}

int
vsw_guest_spec_parse(struct vsw_guest_config *guest, char *text, struct vsw_err *err)
{
	unsigned int k, seen = 0;
	char *item;
	int ret;

	while ((item = strsep(&text, ",")) != NULL) {
		ret = guest_item(guest, item, &seen, err);
		if (ret != 0)
			return ret;
	}
	for (k = 0; k < NUM_KEYS; k++)
		if (guest_keys[k].required && !(seen & (1u << k)))
			return vsw_err_set(err, -EINVAL,
				"key '%s' is missing: socket=PATH,vf=VF are needed",
				guest_keys[k].name);
	return guest->name[0] == '\0' ? guest_default_name(guest, err) : 0;
}
