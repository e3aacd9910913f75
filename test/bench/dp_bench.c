/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The software datapath and nothing else: guests on vhost-user sockets, one worker, a control
 * thread that takes what it learned. For dp_bench, which compares it with testpmd.
 *
 * usage: dp_bench [EAL arguments] -- [--sleep] SOCKET...
 * Runs until a line or the end of standard input; then prints the worker's counters.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_vhost.h>

#include "worker.h"

#define GUESTS 8
#define UFO (1ULL << 14 | 1ULL << 10) /* HOST_UFO, GUEST_UFO */

static struct {
	pthread_mutex_t lock;
	const char *path[GUESTS];
	unsigned int num;
	int vid[GUESTS]; /* -1: not there */
	uint64_t generation;
	struct vsw_fdb *fdb;
} bench = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
forget(struct vsw_dp_snapshot *snap)
{
	unsigned int i;

	if (snap == NULL)
		return;
	for (i = 0; i < bench.num; i++)
		free((void *)(uintptr_t)snap->port[i]);
	free((void *)(uintptr_t)snap->vlan[1]);
	free(snap->poll[0].rxq);
	free(snap);
}

static struct vsw_dp_port *
port_of(unsigned int i)
{
	struct vsw_dp_port *p = calloc(1, sizeof(*p));

	if (p != NULL)
		*p = (struct vsw_dp_port){ .id = i, .kind = VSW_DP_GUEST, .vid = bench.vid[i],
			.queues = 1, .mtu = 9000, .pvid = 1, .learn = true, .flood = true,
			.plain = true, .socket = -1 };
	return p;
}

/* Ports of the guests that are there. */
static void
publish(void)
{
	struct vsw_dp_snapshot *snap = calloc(1, sizeof(*snap));
	struct vsw_dp_members *members = calloc(1, sizeof(*members) + GUESTS * sizeof(uint16_t));
	struct vsw_dp_rxq *rxq = calloc(GUESTS, sizeof(*rxq));
	unsigned int i;

	if (snap == NULL || members == NULL || rxq == NULL)
		exit(EXIT_FAILURE);
	snap->generation = ++bench.generation;
	for (i = 0; i < bench.num; i++) {
		if (bench.vid[i] < 0)
			continue;
		snap->port[i] = port_of(i);
		if (snap->port[i] == NULL)
			exit(EXIT_FAILURE);
		members->port[members->num++] = i;
		rxq[snap->poll[0].num++].port = i;
	}
	snap->vlan[1] = members;
	snap->poll[0].rxq = rxq;
	forget(vsw_workers_publish(snap));
}

static void
set_vid(int vid, int value)
{
	char path[PATH_MAX];
	unsigned int i;

	if (rte_vhost_get_ifname(vid, path, sizeof(path)) != 0)
		return;
	pthread_mutex_lock(&bench.lock);
	for (i = 0; i < bench.num; i++)
		if (strcmp(path, bench.path[i]) == 0)
			bench.vid[i] = value;
	publish();
	pthread_mutex_unlock(&bench.lock);
}

static int
guest_new(int vid)
{
	set_vid(vid, vid);
	return 0;
}

static void
guest_gone(int vid)
{
	set_vid(vid, -1);
}

static const struct rte_vhost_device_ops callbacks = {
	.new_device = guest_new, .destroy_device = guest_gone
};

static int
listen_on(const char *path)
{
	unlink(path);
	if (rte_vhost_driver_register(path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS) != 0 ||
		rte_vhost_driver_disable_features(path, UFO) != 0 ||
		rte_vhost_driver_callback_register(path, &callbacks) != 0)
		return -1;
	return rte_vhost_driver_start(path);
}

/* Learn and age until standard input says that it is enough. */
static void
control(void)
{
	struct pollfd p[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = vsw_fdb_fd(bench.fdb), .events = POLLIN },
	};

	while (poll(p, 2, 1000) >= 0 && p[0].revents == 0)
		vsw_fdb_update(bench.fdb, 4096, vsw_workers_now());
}

static void
report(void)
{
	struct vsw_worker_stats w;
	struct vsw_dp_stats s;
	unsigned int i, j;

	vsw_worker_stats(0, &w);
	printf("worker: %.3f s, %lu packets, %lu cycles/packet busy, %lu loops, %lu sleeps\n",
		(double)w.cycles / rte_get_tsc_hz(), w.packets,
		w.packets == 0 ? 0 : w.busy_cycles / w.packets, w.loops, w.sleeps);
	for (i = 0; i < bench.num; i++) {
		vsw_workers_port_stats(i, &s);
		printf("port %u: rx %lu, tx %lu, drops", i, s.rx_packets, s.tx_packets);
		for (j = 0; j < VSW_DROP_NUM; j++)
			printf(" %lu", s.drops[j]);
		printf("\n");
	}
}

int
main(int argc, char **argv)
{
	const struct vsw_fdb_conf fdb = { .max = 65536, .max_port = 8192, .age_s = 300, .socket = -1 };
	struct vsw_worker_conf conf = { .num = 1, .busy_poll = true, .idle_us = 50 };
	unsigned int i;
	int used;

	used = rte_eal_init(argc, argv);
	if (used < 0)
		return EXIT_FAILURE;
	for (argc -= used, argv += used; argc > 1; argc--, argv++) {
		if (strcmp(argv[1], "--sleep") == 0) {
			conf.busy_poll = false;
		} else if (bench.num < GUESTS) {
			bench.vid[bench.num] = -1;
			bench.path[bench.num++] = argv[1];
		}
	}
	bench.fdb = conf.fdb = vsw_fdb_new(&fdb);
	if (bench.fdb == NULL || vsw_workers_start(&conf) != 0) {
		fprintf(stderr, "no memory, or no second core: give EAL -l with two\n");
		return EXIT_FAILURE;
	}
	for (i = 0; i < bench.num; i++)
		if (listen_on(bench.path[i]) != 0)
			return EXIT_FAILURE;
	printf("ready\n");
	fflush(stdout);
	control();
	report();
	for (i = 0; i < bench.num; i++)
		rte_vhost_driver_unregister(bench.path[i]);
	forget(vsw_workers_publish(NULL));
	vsw_workers_stop();
	vsw_fdb_free(bench.fdb);
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
