/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Device arguments of a simulated NIC: text to a checked configuration, or to one line that says
 * what is wrong. Touches no device. Main thread or hot-plug thread.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>

#include "args.h"
#include "args_list.h"
#include "eth.h"

static int
number(struct nicsim_eth_parser *p, const char *key, const char *value, unsigned long min,
	unsigned long max, unsigned long *n)
{
	char *end;

	errno = 0;
	*n = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || *n < min || *n > max)
		return REFUSE(p, "%s=%s is not a number from %lu to %lu", key, value, min, max);
	return 0;
}

static int
parse_vfs(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, 0, NICSIM_VFS_MAX, &n);

	if (ret == 0)
		p->args->conf.vfs = n;
	return ret;
}

static int
parse_queues(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, 1, NICSIM_VF_PAIRS, &n);

	if (ret == 0)
		p->args->conf.vf.pairs = n;
	return ret;
}

static int
parse_queue_size(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, 2, NICSIM_RING_SIZE_MAX, &n);

	if (ret != 0)
		return ret;
	if ((n & (n - 1)) != 0)
		return REFUSE(p, "%s=%s is not a power of 2, which split rings have", key, value);
	p->args->conf.vf.queue_size = n;
	return 0;
}

static int
parse_vectors(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, 0, NICSIM_VF_VECTORS, &n);

	if (ret == 0)
		p->args->conf.vf.vectors = n;
	return ret;
}

static int
parse_mtu(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, RTE_ETHER_MIN_MTU, NICSIM_ETH_MTU_MAX, &n);

	if (ret == 0)
		p->args->conf.vf.mtu = n;
	return ret;
}

static int
parse_mac(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	struct rte_ether_addr mac;

	if (rte_ether_unformat_addr(value, &mac) != 0 || !rte_is_valid_assigned_ether_addr(&mac))
		return REFUSE(
			p, "%s=%s is not a unicast MAC address, as 02:00:00:00:00:10", key, value);
	memcpy(p->args->conf.vf.mac, mac.addr_bytes, sizeof(p->args->conf.vf.mac));
	return 0;
}

static int
parse_features_off(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	uint64_t offered = nicsim_vf_default.features;
	unsigned long long off;
	char *end;

	errno = 0;
	off = strtoull(value, &end, 16);
	if (!isxdigit((unsigned char)value[0]) || *end != '\0' || errno != 0)
		return REFUSE(p, "%s=%s is not a hexadecimal number", key, value);
	if ((off & ~offered) != 0)
		return REFUSE(p, "%s=%s has bits that a VF does not offer anyway; it offers %#llx",
			key, value, (unsigned long long)offered);
	p->args->conf.vf.features = offered & ~off;
	return 0;
}

/* One of two words. */
static int
choice(struct nicsim_eth_parser *p, const char *key, const char *value, const char *yes,
	const char *no, bool *chosen)
{
	*chosen = strcmp(value, yes) == 0;
	if (!*chosen && strcmp(value, no) != 0)
		return REFUSE(p, "%s=%s is neither %s nor %s", key, value, yes, no);
	return 0;
}

static int
parse_notify(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	return choice(p, key, value, "page", "shared", &p->args->conf.vf.notify_pages);
}

static int
parse_eswitch(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	bool on;
	int ret = choice(p, key, value, "switchdev", "legacy", &on);

	p->args->conf.mode = on ? NICSIM_SWITCHDEV : NICSIM_LEGACY;
	return ret;
}

static int
parse_wire(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	if (strlen(value) >= sizeof(p->args->wire))
		return REFUSE(p, "%s= is longer than %zu bytes", key, sizeof(p->args->wire) - 1);
	strcpy(p->args->wire, value);
	return 0;
}

static int
parse_threads(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, 1, NICSIM_THREADS_MAX, &n);

	p->threads_set = true;
	if (ret == 0)
		p->args->conf.threads = n;
	return ret;
}

static int
parse_idle_us(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	unsigned long n;
	int ret = number(p, key, value, 10, 1000000, &n);

	if (ret == 0)
		p->args->conf.idle_us = n;
	return ret;
}

static int
parse_fault(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	struct nicsim_eth_args *args = p->args;
	struct nicsim_conf_fault *f = &args->fault[args->conf.num_faults];
	char why[NICSIM_ETH_WHY];
	unsigned long n;
	char *end;

	if (args->conf.num_faults == NICSIM_ETH_FAULTS)
		return REFUSE(p, "there are more than %u fault=", NICSIM_ETH_FAULTS);
	if (strncmp(value, "vf", 2) != 0 || !isdigit((unsigned char)value[2]))
		return REFUSE(
			p, "%s=%s does not say which VF, as %s=vf0:needs-reset", key, value, key);
	n = strtoul(value + 2, &end, 10);
	if (*end != ':')
		return REFUSE(
			p, "%s=%s does not say which VF, as %s=vf0:needs-reset", key, value, key);
	if (n >= NICSIM_VFS_MAX)
		return REFUSE(p, "%s=%s is of a VF that no NIC has", key, value);
	if (nicsim_fault_parse(end + 1, &f->fault, why, sizeof(why)) != 0)
		return REFUSE(p, "%s=%s: %s", key, value, why);
	f->vf = n;
	args->conf.num_faults++;
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(struct nicsim_eth_parser *p, const char *key, const char *value);
	bool many;
} keys[] = {
	{ "vfs", parse_vfs, false },
	{ "queues", parse_queues, false },
	{ "queue_size", parse_queue_size, false },
	{ "vectors", parse_vectors, false },
	{ "mtu", parse_mtu, false },
	{ "mac", parse_mac, false },
	{ "features_off", parse_features_off, false },
	{ "notify", parse_notify, false },
	{ "eswitch", parse_eswitch, false },
	{ "wire", parse_wire, false },
	{ "threads", parse_threads, false },
	{ "cores", nicsim_eth_args_cores, false },
	{ "idle_us", parse_idle_us, false },
	{ "representor", nicsim_eth_args_representor, false },
	{ "fault", parse_fault, true },
};

static int
unknown_key(struct nicsim_eth_parser *p, const char *key)
{
	char list[160] = "";
	size_t i, used = 0;

	for (i = 0; i < RTE_DIM(keys); i++)
		used += snprintf(
			list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", keys[i].name);
	return REFUSE(p, "unknown key '%s'; there are: %s", key, list);
}

static int
parse_pair(struct nicsim_eth_parser *p, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < RTE_DIM(keys); i++) {
		if (strcmp(key, keys[i].name) != 0)
			continue;
		if (value == NULL || value[0] == '\0')
			return REFUSE(p, "%s has no value", key);
		if (!keys[i].many && (p->seen & RTE_BIT32(i)) != 0)
			return REFUSE(p, "%s is given twice", key);
		p->seen |= RTE_BIT32(i);
		return keys[i].parse(p, key, value);
	}
	return unknown_key(p, key);
}

/*
 * key=value, separated by commas; those in brackets are a value's. Not rte_kvargs_parse(): it takes
 * a value with '=' in it, as wires and faults have, for a key.
 */
static int
parse_pairs(struct nicsim_eth_parser *p, char *text)
{
	char *pair = text, *at, *value;
	bool in_list;
	int ret = 0;

	while (ret == 0 && pair != NULL) {
		in_list = false;
		for (at = pair; *at != '\0' && (*at != ',' || in_list); at++)
			in_list = *at == '[' || (in_list && *at != ']');
		at = *at == '\0' ? NULL : at;
		if (at != NULL)
			*at++ = '\0';
		value = strchr(pair, '=');
		if (value != NULL)
			*value++ = '\0';
		if (*pair != '\0' || value != NULL)
			ret = parse_pair(p, pair, value);
		pair = at;
	}
	return ret;
}

/* What one key alone cannot tell. */
static int
check(struct nicsim_eth_parser *p)
{
	struct nicsim_eth_args *args = p->args;
	struct nicsim_conf *conf = &args->conf;
	unsigned int i;

	if (p->cores != 0 && p->threads_set && p->cores != conf->threads)
		return REFUSE(p,
			"threads=%u but cores= names %u: give one core for each, or leave "
			"threads= out",
			conf->threads, p->cores);
	if (p->cores != 0) {
		conf->threads = p->cores;
		conf->cores = args->core;
	}
	for (i = 0; i < args->representors; i++)
		if (args->representor[i] >= conf->vfs)
			return REFUSE(p,
				"representor of vf%u, but vfs=%u: give it more VFs, or "
				"fewer representors",
				args->representor[i], conf->vfs);
	if (args->representors != 0 && conf->mode == NICSIM_LEGACY)
		return REFUSE(
			p, "representor= has no part in eswitch=legacy: leave one of them out");
	for (i = 0; i < conf->num_faults; i++)
		if (args->fault[i].vf >= conf->vfs)
			return REFUSE(
				p, "fault=vf%u:..., but vfs=%u", args->fault[i].vf, conf->vfs);
	return 0;
}

int
nicsim_eth_args_parse(
	const char *name, const char *text, struct nicsim_eth_args *args, char *why, size_t len)
{
	struct nicsim_eth_parser p = { .args = args, .why = why, .len = len };
	char *copy;
	int ret;

	memset(args, 0, sizeof(*args));
	args->conf = nicsim_default;
	args->conf.vf = nicsim_vf_default;
	memset(args->conf.vf.mac, 0, sizeof(args->conf.vf.mac)); /* made up from the name */
	args->conf.name = name;
	strcpy(args->wire, nicsim_default.wire);
	args->conf.wire = args->wire;
	args->conf.faults = args->fault;
	if (strlen(name) > NICSIM_ETH_NAME_MAX)
		return REFUSE(&p, "the name has more than %u bytes", NICSIM_ETH_NAME_MAX);
	copy = strdup(text == NULL ? "" : text);
	if (copy == NULL)
		return REFUSE(&p, "out of memory");
	ret = parse_pairs(&p, copy);
	free(copy);
	return ret == 0 ? check(&p) : ret;
}
