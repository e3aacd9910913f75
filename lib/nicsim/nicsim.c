/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The life of a simulated NIC: its parts made in order, and taken down in reverse. Any thread, one
 * at a time for each NIC.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_priv.h"

const struct nicsim_conf nicsim_default = {
	.name = "nicsim",
	.mode = NICSIM_SWITCHDEV,
	.wire = "none",
	.threads = 1,
	.idle_us = 2000,
};

static int __attribute__((format(printf, 4, 5)))
refuse(char *why, size_t len, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, len, format, args);
	va_end(args);
	return error;
}

static int
check(const struct nicsim_conf *conf, char *why, size_t len)
{
	const struct nicsim_vf_conf *vf = &conf->vf;

	if (conf->name == NULL || conf->name[0] == '\0' || strlen(conf->name) >= NICSIM_NAME - 8)
		return refuse(why, len, -EINVAL, "a NIC's name has 1 to %u bytes", NICSIM_NAME - 9);
	if (conf->vfs > NICSIM_VFS_MAX)
		return refuse(why, len, -EINVAL, "%u VFs: there can be 0 to %u", conf->vfs,
			NICSIM_VFS_MAX);
	if (conf->threads < 1 || conf->threads > NICSIM_THREADS_MAX)
		return refuse(why, len, -EINVAL, "%u hardware threads: there can be 1 to %u",
			conf->threads, NICSIM_THREADS_MAX);
	if (conf->idle_us < 10 || conf->idle_us > 1000000)
		return refuse(why, len, -EINVAL,
			"%u microseconds between looks at doorbells: it is 10 to 1000000",
			conf->idle_us);
	if (conf->vfs == 0)
		return 0;
	if (vf->pairs < 1 || vf->pairs > NICSIM_VF_PAIRS)
		return refuse(why, len, -EINVAL, "%u queue pairs: a VF has 1 to %u", vf->pairs,
			NICSIM_VF_PAIRS);
	if (vf->queue_size < 2 || vf->queue_size > NICSIM_RING_SIZE_MAX ||
		(vf->queue_size & (vf->queue_size - 1)) != 0)
		return refuse(why, len, -EINVAL, "queue size %u: it is a power of 2, 2 to %u",
			vf->queue_size, NICSIM_RING_SIZE_MAX);
	if (vf->vectors > NICSIM_VF_VECTORS)
		return refuse(why, len, -EINVAL, "%u vectors: a VF has 1 to %u", vf->vectors,
			NICSIM_VF_VECTORS);
	return 0;
}

/* Locally administered (IEEE 802, 48.2.1), and the same each time for one name. */
static void
mac_make_up(const char *name, uint8_t mac[6])
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	mac[0] = 0x02;
	mac[1] = 0x4e;
	mac[2] = (uint8_t)(hash >> 16);
	mac[3] = (uint8_t)(hash >> 8);
	mac[4] = (uint8_t)hash;
	mac[5] = 0;
}

static void
mac_count_up(uint8_t mac[6], unsigned int n)
{
	int i;

	for (i = 5; i >= 3 && n != 0; i--) {
		n += mac[i];
		mac[i] = (uint8_t)n;
		n >>= 8;
	}
}

static int
vfs_new(struct nicsim *nic, const struct nicsim_conf *conf)
{
	static const uint8_t none[6];
	struct nicsim_vf_conf vf = conf->vf;
	char name[NICSIM_NAME];
	unsigned int i;

	if (memcmp(vf.mac, none, sizeof(none)) == 0)
		mac_make_up(conf->name, vf.mac);
	for (i = 0; i < conf->vfs; i++) {
		snprintf(name, sizeof(name), "%.50s_vf%u", conf->name, i);
		nic->vf[i] = nicsim_vf_new(
			&vf, name, nicsim_hw_wake, &nic->hw[i % conf->threads]);
		if (nic->vf[i] == NULL)
			return -ENOMEM;
		nic->num_vfs = i + 1;
		mac_count_up(vf.mac, 1);
	}
	return 0;
}

static int
ports_new(struct nicsim *nic, const struct nicsim_conf *conf)
{
	unsigned int i;

	for (i = 0; i <= conf->vfs; i++) {
		nic->port[i] = nicsim_port_new(nicsim_hw_wake, &nic->hw[i % conf->threads]);
		if (nic->port[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
faults_arm(struct nicsim *nic, const struct nicsim_conf *conf, char *why, size_t len)
{
	const struct nicsim_conf_fault *f;
	unsigned int i;
	int ret;

	for (i = 0; i < conf->num_faults; i++) {
		f = &conf->faults[i];
		if (f->vf >= nic->num_vfs)
			return refuse(why, len, -EINVAL, "a fault of VF %u, but there are %u VFs",
				f->vf, nic->num_vfs);
		ret = nicsim_vf_fault(nic->vf[f->vf], &f->fault);
		if (ret != 0)
			return refuse(why, len, ret, "fault %s of VF %u: %s",
				nicsim_fault_name(f->fault.kind), f->vf,
				ret == -ENOSPC ? "too many are armed"
					       : "it cannot have this argument or point");
	}
	return 0;
}

static int
threads_start(struct nicsim *nic, const struct nicsim_conf *conf, char *why, size_t len)
{
	unsigned int i;
	int core, ret;

	for (i = 0; i < nic->threads; i++) {
		core = conf->cores != NULL ? conf->cores[i] : -1;
		ret = nicsim_hw_start(&nic->hw[i], core);
		if (ret == -EINVAL && core >= 0)
			return refuse(why, len, ret,
				"a hardware thread cannot run on processor %d: name one that is "
				"there, and that this process may use",
				core);
		if (ret != 0)
			return refuse(why, len, ret, "a hardware thread could not be started: %s",
				strerror(-ret));
	}
	return 0;
}

static struct nicsim *
nic_alloc(const struct nicsim_conf *conf)
{
	struct nicsim *nic = calloc(1, sizeof(*nic));
	unsigned int i;

	if (nic == NULL)
		return NULL;
	nic->threads = conf->threads;
	nic->idle_us = conf->idle_us;
	snprintf(nic->name, sizeof(nic->name), "%s", conf->name);
	nic->vf = calloc(conf->vfs + 1, sizeof(*nic->vf));
	nic->port = calloc(conf->vfs + 1, sizeof(*nic->port));
	nic->hw = calloc(conf->threads, sizeof(*nic->hw));
	if (nic->vf == NULL || nic->port == NULL || nic->hw == NULL) {
		free(nic->vf);
		free(nic->port);
		free(nic->hw);
		free(nic);
		return NULL;
	}
	for (i = 0; i < conf->threads; i++) {
		nic->hw[i].nic = nic;
		nic->hw[i].index = i;
		nic->hw[i].wake_fd = -1;
	}
	return nic;
}

int
nicsim_create(const struct nicsim_conf *conf, struct nicsim **out, char *why, size_t len)
{
	struct nicsim *nic;
	int ret;

	ret = check(conf, why, len);
	if (ret != 0)
		return ret;
	nic = nic_alloc(conf);
	if (nic == NULL)
		return refuse(why, len, -ENOMEM, "out of memory");
	nic->sw = nicsim_switch_new(conf->vfs + 1, conf->mode);
	ret = nic->sw == NULL ? -ENOMEM : vfs_new(nic, conf);
	if (ret == 0)
		ret = ports_new(nic, conf);
	if (ret != 0) {
		refuse(why, len, ret, "out of memory or file descriptors");
		goto destroy;
	}
	ret = nicsim_wire_open(conf->wire, nicsim_hw_wake, &nic->hw[0], &nic->wire, why, len);
	if (ret == 0)
		ret = faults_arm(nic, conf, why, len);
	if (ret == 0)
		ret = threads_start(nic, conf, why, len);
	if (ret != 0)
		goto destroy;
	*out = nic;
	return 0;

destroy:
	nicsim_destroy(nic);
	return ret;
}

/* Undoes any part of nicsim_create(). The wire may call nicsim_hw_wake() until it is closed. */
void
nicsim_destroy(struct nicsim *nic)
{
	unsigned int i;

	if (nic == NULL)
		return;
	for (i = 0; i < nic->threads; i++)
		nicsim_hw_stop(&nic->hw[i]);
	if (nic->wire != NULL)
		nicsim_wire_close(nic->wire);
	for (i = 0; nic->port[i] != NULL; i++) {
		nicsim_port_free(nic->port[i]);
		if (i == nic->num_vfs)
			break;
	}
	for (i = 0; i < nic->num_vfs; i++)
		nicsim_vf_free(nic->vf[i]);
	if (nic->sw != NULL)
		nicsim_switch_free(nic->sw);
	for (i = 0; i < nic->threads; i++)
		nicsim_hw_fini(&nic->hw[i]);
	free(nic->hw);
	free(nic->port);
	free(nic->vf);
	free(nic);
}

const char *
nicsim_name(const struct nicsim *nic)
{
	return nic->name;
}

unsigned int
nicsim_num_vfs(const struct nicsim *nic)
{
	return nic->num_vfs;
}

struct nicsim_vf *
nicsim_vf(struct nicsim *nic, unsigned int vf)
{
	return vf < nic->num_vfs ? nic->vf[vf] : NULL;
}

struct nicsim_port *
nicsim_port(struct nicsim *nic, unsigned int port)
{
	return port <= nic->num_vfs ? nic->port[port] : NULL;
}

struct nicsim_switch *
nicsim_switch(struct nicsim *nic)
{
	return nic->sw;
}

struct nicsim_wire *
nicsim_wire(struct nicsim *nic)
{
	return nic->wire;
}

void
nicsim_hw_stats(struct nicsim *nic, struct nicsim_hw_stats *stats)
{
	const struct nicsim_hw_stats *s;
	unsigned int i;

	memset(stats, 0, sizeof(*stats));
	for (i = 0; i < nic->threads; i++) {
		s = &nic->hw[i].stats;
		stats->frames += __atomic_load_n(&s->frames, __ATOMIC_RELAXED);
		stats->busy_ns += __atomic_load_n(&s->busy_ns, __ATOMIC_RELAXED);
		stats->sleeps += __atomic_load_n(&s->sleeps, __ATOMIC_RELAXED);
		stats->timeouts += __atomic_load_n(&s->timeouts, __ATOMIC_RELAXED);
	}
}
