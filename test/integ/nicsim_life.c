/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Simulated NICs that come and go, and VFs of theirs with a guest: a vhost-user front-end of the
 * test's own on a socket of the vhost library, the vDPA device behind it. Frames between guest and
 * representor; removal while it runs; faults.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rte_vdpa.h>
#include <rte_vhost.h>

#include <rte_pmd_net_nicsim.h>
#include <rte_pmd_vdpa_virtio.h>

#include "eth.h"
#include "nicsim_rig.h"
#include "telemetry.h"
#include "vhuser.h"

#define NIC "net_nicsim0"
#define REP0 NIC "_representor_vf0"
#define VF0 NIC "_vf0"
#define HDR 12 /* virtio_net_hdr with num_buffers (virtio 1.2, 5.1.6) */
#define BUF_GPA 0x200000 /* of the guest's two buffers: received, sent */
#define BUF_LEN 0x10000

static char dir[32], path[64];
static struct vhuser vu;
static struct nr_frame f;

static int
listen_on(void)
{
	static const struct rte_vhost_device_ops ops = { .new_device = NULL };
	uint64_t features;

	rte_log_set_level_pattern("lib.vhost.*", RTE_LOG_ERR);
	strcpy(dir, "/tmp/nicsim-XXXXXX");
	UT_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/sock", dir);
	UT_EQ(rte_vhost_driver_register(path, 0), 0);
	UT_EQ(rte_vhost_driver_get_protocol_features(path, &features), 0);
	features |= 1ULL << 9; /* CONFIG */
	UT_EQ(rte_vhost_driver_set_protocol_features(path, features), 0);
	UT_EQ(rte_vhost_driver_callback_register(path, &ops), 0);
	return 0;
}

static int
listen_end(void)
{
	UT_EQ(rte_vhost_driver_unregister(path), 0);
	rmdir(dir);
	return 0;
}

static struct rte_pmd_vdpa_virtio_status
status(void)
{
	struct rte_pmd_vdpa_virtio_status s;

	memset(&s, 0xee, sizeof(s));
	rte_pmd_vdpa_virtio_status_get(rte_vdpa_find_device_by_name(VF0), &s);
	return s;
}

static int
reaches(enum rte_pmd_vdpa_virtio_state state)
{
	uint64_t end = nr_now() + NR_WAIT_MS;

	while (status().state != state) {
		if (nr_now() > end)
			UT_FAIL("state %s, not %s: %s",
				rte_pmd_vdpa_virtio_state_name(status().state),
				rte_pmd_vdpa_virtio_state_name(state), status().text);
		nr_nap(1);
	}
	return 0;
}

static int
guest_on(const struct vhuser_conf *conf)
{
	UT_EQ(rte_vhost_driver_attach_vdpa_device(path, rte_vdpa_find_device_by_name(VF0)), 0);
	UT_EQ(rte_vhost_driver_start(path), 0);
	UT_EQ(vhuser_open(&vu, conf, path), 0);
	UT_EQ(vhuser_setup(&vu), 0);
	return reaches(RTE_PMD_VDPA_VIRTIO_RUNNING);
}

static int
guest_off(void)
{
	vhuser_close(&vu);
	return reaches(RTE_PMD_VDPA_VIRTIO_PROBED);
}

/* The one chain that the guest has in a split ring (2.7): descriptor 0. */
static int
offer(uint16_t qid, uint64_t gpa, uint32_t len, bool write)
{
	uint64_t area[3];
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} *desc;
	uint16_t *avail;

	vhuser_areas(&vu, qid, area);
	desc = vhuser_at(&vu, area[0], sizeof(*desc));
	avail = vhuser_at(&vu, area[1], 4 + 2 * vu.conf.size);
	UT_CHECK(desc != NULL && avail != NULL);
	desc->addr = gpa;
	desc->len = len;
	desc->flags = write ? 2 : 0;
	desc->next = 0;
	avail[2 + avail[1] % vu.conf.size] = 0;
	__atomic_store_n(&avail[1], avail[1] + 1, __ATOMIC_RELEASE);
	vhuser_kick(&vu, qid);
	return 0;
}

/* Wait until it is used. len: bytes written; may be NULL. */
static int
used(uint16_t qid, uint32_t *len)
{
	uint64_t area[3], end = nr_now() + NR_WAIT_MS;
	uint16_t *index, want;
	uint32_t *elem;

	vhuser_areas(&vu, qid, area);
	want = ((uint16_t *)vhuser_at(&vu, area[1], 4))[1];
	index = vhuser_at(&vu, area[2], 4 + 8 * vu.conf.size);
	while (__atomic_load_n(&index[1], __ATOMIC_ACQUIRE) != want) {
		if (nr_now() > end)
			UT_FAIL("queue %u: used index %u, not %u", qid, index[1], want);
		nr_nap(1);
	}
	elem = (uint32_t *)(index + 2) + 2 * ((uint16_t)(want - 1) % vu.conf.size);
	if (len != NULL)
		*len = elem[1];
	return 0;
}

static int
guest_sends(const struct nr_frame *frame)
{
	uint8_t *buf = vhuser_at(&vu, BUF_GPA + BUF_LEN, BUF_LEN);

	memset(buf, 0, HDR);
	memcpy(buf + HDR, frame->data, frame->len);
	UT_DO(offer(1, BUF_GPA + BUF_LEN, HDR + frame->len, false));
	return used(1, NULL);
}

static int
guest_gets(const struct nr_frame *frame)
{
	const uint8_t *buf = vhuser_at(&vu, BUF_GPA, BUF_LEN);
	uint32_t len;

	UT_DO(used(0, &len));
	UT_EQ(len, HDR + frame->len);
	UT_EQ(memcmp(buf + HDR, frame->data, frame->len), 0);
	return 0;
}

/* Both ways between a guest on VF 0 and its representor. */
static int
guest_talks(int rep)
{
	nr_udp(&f, 300, 7);
	UT_DO(guest_sends(&f));
	UT_DO(nr_expect(rep, &f));
	UT_DO(offer(0, BUF_GPA, BUF_LEN, true));
	nr_udp(&f, 400, 8);
	UT_DO(nr_send(rep, &f));
	return guest_gets(&f);
}

static int
up(const char *args, int *rep)
{
	UT_DO(ut_eal());
	UT_EQ(nr_add(NIC, args), 0);
	UT_DO(listen_on());
	return nr_start_named(REP0, rep);
}

static int
down(void)
{
	UT_DO(listen_end());
	UT_EQ(nr_remove(NIC), 0);
	UT_CHECK(rte_vdpa_find_device_by_name(VF0) == NULL);
	UT_EQ(nr_mbufs(), 0);
	return 0;
}

static int
guest(void)
{
	int rep;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	UT_DO(guest_on(&vhuser_usual));
	UT_DO(guest_talks(rep));
	UT_EQ(nr_xstat(rep, "vf_tx_packets"), 1);
	UT_EQ(nr_xstat(rep, "vf_rx_packets"), 1);
	UT_EQ(nr_xstat(rep, "vf_dma_faults"), 0);
	UT_DO(guest_off());
	return down();
}

/* Nothing is disturbed by the attempt, and it says which VF and what to do. */
static int
removed_while_running(void)
{
	char *said;
	int rep, ret;

	UT_DO(up("vfs=3,representor=vf0", &rep));
	UT_DO(guest_on(&vhuser_usual));
	nr_log_start();
	ret = nr_remove(NIC);
	said = nr_log_end();
	UT_EQ(ret, -EBUSY);
	UT_CHECK(strstr(said, NIC ": is not removed: a guest is on VF 0 (" VF0 "); stop that "
			      "guest, or take its socket from the VF, and try again") != NULL);
	free(said);
	UT_EQ(nr_port(REP0), rep);
	UT_CHECK(rte_vdpa_find_device_by_name(NIC "_vf2") != NULL);
	UT_DO(guest_talks(rep));
	UT_EQ(status().starts, 1);
	UT_DO(guest_off());
	return down();
}

/* 50 times in and out, ports in use or not: threads, descriptors and mbufs are as before. */
static int
in_and_out(void)
{
	static const char *const args[] = {
		"vfs=8,representor=vf[0-7],wire=ring:x,queues=2,threads=2",
		"vfs=1,queues=4,queue_size=128,notify=shared",
		"vfs=0",
		"vfs=4,eswitch=legacy,cores=0",
		"vfs=2,representor=vf1,fault=vf0:gone,fault=vf1:vectors=1",
	};
	int fds = 0, threads = 0, i, port;

	UT_DO(ut_eal());
	for (i = 0; i < 52; i++) {
		UT_EQ(nr_add(NIC, args[i % RTE_DIM(args)]), 0);
		if (i % 3 == 0)
			UT_DO(nr_start_named(NIC, &port));
		if (i % 5 == 0) {
			UT_CHECK(rte_vdpa_find_device_by_name(NIC "_vf7") != NULL);
			UT_DO(nr_start_named(NIC "_representor_vf7", &port));
		}
		UT_EQ(nr_remove(NIC), 0);
		UT_EQ(rte_eth_dev_count_avail(), 0);
		UT_CHECK(rte_vdpa_find_device_by_name(VF0) == NULL);
		if (i == 1) { /* what EAL keeps for good it has by then */
			fds = nr_fds();
			threads = nr_threads();
		}
	}
	UT_EQ(nr_fds(), fds);
	UT_EQ(nr_threads(), threads);
	return 0;
}

static int
arm(const char *fault)
{
	char why[RTE_PMD_NET_NICSIM_TEXT];

	if (rte_pmd_net_nicsim_fault(nr_port(NIC), 0, fault, why, sizeof(why)) != 0)
		UT_FAIL("%s: %s", fault, why);
	return 0;
}

static int
on_lsc(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	(void)port;
	(void)event;
	(void)ret;
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
	return 0;
}

static int
events_are(int *events, int n)
{
	uint64_t end = nr_now() + NR_WAIT_MS;

	while (__atomic_load_n(events, __ATOMIC_RELAXED) < n && nr_now() < end)
		nr_nap(2);
	UT_EQ(__atomic_load_n(events, __ATOMIC_RELAXED), n);
	return 0;
}

/* A VF's link is its representor's, and the guest's. */
static int
link_fault(void)
{
	const struct nr_port_conf conf = { .lsc = true };
	struct rte_eth_link link;
	int rep, events = 0;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	UT_EQ(rte_eth_dev_stop(rep), 0);
	UT_DO(nr_start(rep, &conf));
	UT_EQ(rte_eth_dev_callback_register(rep, RTE_ETH_EVENT_INTR_LSC, on_lsc, &events), 0);
	UT_EQ(rte_eth_link_get_nowait(rep, &link), 0);
	UT_EQ(link.link_status, RTE_ETH_LINK_UP);
	UT_DO(arm("link-down"));
	UT_DO(events_are(&events, 1));
	UT_EQ(rte_eth_link_get_nowait(rep, &link), 0);
	UT_EQ(link.link_status, RTE_ETH_LINK_DOWN);
	UT_EQ(nr_xstat(rep, "vf_link_up"), 0);
	UT_DO(arm("link-up"));
	UT_DO(events_are(&events, 2));
	UT_DO(arm("gone"));
	UT_DO(events_are(&events, 3));
	UT_EQ(nr_xstat(rep, "vf_gone"), 1);
	rte_eth_dev_callback_unregister(rep, RTE_ETH_EVENT_INTR_LSC, on_lsc, &events);
	return down();
}

/* What an application has for itself: a lock, and callbacks that take it or close the port. */
static pthread_mutex_t app_lock = PTHREAD_MUTEX_INITIALIZER;
static struct told {
	int begun, locked, done; /* atomic */
	unsigned int nap_ms;
	bool closes;
} told;

static int
on_event(uint16_t port, enum rte_eth_event_type event, void *arg, void *ret)
{
	struct told *t = arg;
	struct timespec end;

	(void)event;
	(void)ret;
	__atomic_fetch_add(&t->begun, 1, __ATOMIC_RELAXED);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 5;
	if (pthread_mutex_timedlock(&app_lock, &end) == 0) {
		__atomic_fetch_add(&t->locked, 1, __ATOMIC_RELAXED);
		pthread_mutex_unlock(&app_lock);
	}
	nr_nap(t->nap_ms);
	if (t->closes && rte_eth_dev_stop(port) == 0)
		rte_eth_dev_close(port);
	__atomic_fetch_add(&t->done, 1, __ATOMIC_RELAXED);
	return 0;
}

static int
rep_with_events(int rep)
{
	const struct nr_port_conf conf = { .lsc = true };

	UT_EQ(rte_eth_dev_stop(rep), 0);
	UT_DO(nr_start(rep, &conf));
	UT_EQ(rte_eth_dev_callback_register(rep, RTE_ETH_EVENT_INTR_LSC, on_event, &told), 0);
	return 0;
}

/* An application's lock, held around a call and taken in a callback, holds nobody up for good. */
static int
callback_locks(void)
{
	int rep;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	memset(&told, 0, sizeof(told));
	UT_DO(rep_with_events(rep));
	pthread_mutex_lock(&app_lock);
	UT_DO(arm("link-down"));
	UT_DO(events_are(&told.begun, 1));
	UT_EQ(rte_eth_dev_stop(rep), 0);
	pthread_mutex_unlock(&app_lock);
	UT_DO(events_are(&told.done, 1));
	UT_EQ(__atomic_load_n(&told.locked, __ATOMIC_RELAXED), 1);
	UT_EQ(rte_eth_dev_callback_unregister(rep, RTE_ETH_EVENT_INTR_LSC, on_event, &told), 0);
	return down();
}

/* A port's close waits for its callback, and may be asked for in one. */
static int
callback_closes(void)
{
	int rep;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	memset(&told, 0, sizeof(told));
	told.nap_ms = 200;
	UT_DO(rep_with_events(rep));
	UT_DO(arm("link-down"));
	UT_DO(events_are(&told.begun, 1));
	UT_EQ(rte_eth_dev_stop(rep), 0);
	UT_EQ(rte_eth_dev_close(rep), 0);
	UT_EQ(__atomic_load_n(&told.done, __ATOMIC_RELAXED), 1);
	rte_eth_dev_callback_unregister(rep, RTE_ETH_EVENT_INTR_LSC, on_event, &told);
	UT_DO(down());

	UT_DO(up("vfs=1,representor=vf0", &rep));
	memset(&told, 0, sizeof(told));
	told.closes = true;
	UT_DO(rep_with_events(rep));
	UT_DO(arm("link-down"));
	UT_DO(events_are(&told.done, 1));
	UT_EQ(nr_port(REP0), -1);
	UT_CHECK(nr_port(NIC) >= 0);
	rte_eth_dev_callback_unregister(rep, RTE_ETH_EVENT_INTR_LSC, on_event, &told);
	return down();
}

/* Events go on after a removal that was refused. */
static int
events_after_refusal(void)
{
	int rep;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	memset(&told, 0, sizeof(told));
	UT_DO(rep_with_events(rep));
	UT_DO(guest_on(&vhuser_usual));
	UT_EQ(nr_remove(NIC), -EBUSY);
	UT_DO(arm("link-down"));
	UT_DO(events_are(&told.done, 1));
	UT_EQ(nr_remove(NIC), -EBUSY);
	UT_DO(guest_off());
	rte_eth_dev_callback_unregister(rep, RTE_ETH_EVENT_INTR_LSC, on_event, &told);
	return down(); /* within the pause */
}

/* Signals go to threads of the program: all of the driver's have blocked them. */
static int
signals(void)
{
	unsigned long long blocked;
	char file[300], line[128];
	struct dirent *task;
	FILE *status;
	int keepers = 0;
	bool keeper;
	DIR *tasks;

	UT_DO(ut_eal());
	UT_EQ(nr_add(NIC, "vfs=1"), 0);
	nr_nap(20); /* it has its name by then */
	tasks = opendir("/proc/self/task");
	UT_CHECK(tasks != NULL);
	while ((task = readdir(tasks)) != NULL) {
		snprintf(file, sizeof(file), "/proc/self/task/%s/status", task->d_name);
		status = fopen(file, "r");
		keeper = false;
		while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
			keeper = keeper || strcmp(line, "Name:\tnicsim-keeper\n") == 0;
			if (!keeper || sscanf(line, "SigBlk: %llx", &blocked) != 1)
				continue;
			keepers++;
			UT_CHECK((blocked & 1ULL << (SIGTERM - 1)) != 0);
			UT_CHECK((blocked & 1ULL << (SIGINT - 1)) != 0);
			UT_CHECK((blocked & 1ULL << (SIGUSR1 - 1)) != 0);
		}
		if (status != NULL)
			fclose(status);
	}
	closedir(tasks);
	UT_EQ(keepers, 1);
	UT_EQ(nr_remove(NIC), 0);
	return 0;
}

/* VFs of two NICs on one wire must differ; the same NIC has the same ones each time. */
static int
macs(void)
{
	static const char *const name[] = { NIC, "net_nicsim1", NIC };
	struct nicsim_eth_nic *nic;
	struct nicsim_vf_stats s[3][2];
	unsigned int i, n;

	UT_DO(ut_eal());
	for (i = 0; i < RTE_DIM(name); i++) {
		if (i == 2)
			UT_EQ(nr_remove(NIC), 0);
		UT_EQ(nr_add(name[i], "vfs=2"), 0);
		UT_EQ(rte_pmd_net_nicsim_num_vfs(nr_port(name[i])), 2);
		nic = nicsim_eth_nic_get(name[i]);
		UT_CHECK(nic != NULL);
		for (n = 0; n < 2; n++)
			nicsim_vf_stats(nic->vf[n].sim, &s[i][n]);
		nicsim_eth_nic_put(nic);
		UT_EQ(s[i][0].mac[0] & 3, 2); /* local, one station */
		UT_CHECK(memcmp(s[i][0].mac, s[i][1].mac, 6) != 0);
	}
	for (n = 0; n < 4; n++)
		UT_CHECK(memcmp(s[0][n / 2].mac, s[1][n % 2].mac, 6) != 0);
	UT_EQ(memcmp(s[0][0].mac, s[2][0].mac, 6), 0);
	UT_EQ(nr_remove(NIC), 0);
	UT_EQ(nr_remove("net_nicsim1"), 0);
	return 0;
}

static int
sends_without_link(void)
{
	int rep;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	UT_DO(guest_on(&vhuser_usual));
	UT_EQ(nr_xstat(rep, "vf_tx_link_down"), 0);
	UT_DO(arm("link-down"));
	nr_udp(&f, 300, 7);
	UT_DO(guest_sends(&f));
	UT_EQ(nr_xstat(rep, "vf_tx_link_down"), 1);
	UT_DO(arm("link-up"));
	UT_DO(guest_talks(rep));
	UT_EQ(nr_xstat(rep, "vf_tx_link_down"), 1);
	UT_DO(guest_off());
	return down();
}

static int returns; /* times that the VF was said to be back */

static void
on_vdpa(struct rte_vdpa_device *vdpa, const struct rte_pmd_vdpa_virtio_event *event, void *arg)
{
	(void)vdpa;
	(void)arg;
	if (event->type == RTE_PMD_VDPA_VIRTIO_EVENT_RETURNED)
		__atomic_fetch_add(&returns, 1, __ATOMIC_RELAXED);
}

/* Surprise removal under a guest, and back: the same vDPA device runs the next guest. */
static int
gone_and_back(void)
{
	struct rte_vdpa_device *vdpa;
	int rep, i;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	vdpa = rte_vdpa_find_device_by_name(VF0);
	returns = 0;
	UT_EQ(rte_pmd_vdpa_virtio_event_register(vdpa, on_vdpa, NULL), 0);
	UT_DO(guest_on(&vhuser_usual));
	for (i = 0; i < 3; i++) {
		UT_DO(guest_talks(rep));
		UT_DO(arm("gone"));
		UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_FAILED));
		UT_EQ(status().reason, RTE_PMD_VDPA_VIRTIO_GONE);
		vhuser_close(&vu);
		UT_EQ(__atomic_load_n(&returns, __ATOMIC_RELAXED), i);
		UT_DO(arm("return"));
		UT_DO(events_are(&returns, i + 1));
		UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_PROBED));
		UT_CHECK(rte_vdpa_find_device_by_name(VF0) == vdpa);
		UT_EQ(vhuser_open(&vu, &vhuser_usual, path), 0);
		UT_EQ(vhuser_setup(&vu), 0);
		UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_RUNNING));
	}
	UT_DO(guest_talks(rep));
	UT_DO(guest_off());
	/* No time for the driver to see it go: how often it is told differs, the end does not. */
	for (i = 0; i < 20; i++) {
		UT_DO(arm("gone"));
		UT_DO(arm("return"));
	}
	do {
		i = __atomic_load_n(&returns, __ATOMIC_RELAXED);
		nr_nap(300);
	} while (i != __atomic_load_n(&returns, __ATOMIC_RELAXED));
	UT_GE(i, 4);
	UT_EQ(vhuser_open(&vu, &vhuser_usual, path), 0);
	UT_EQ(vhuser_setup(&vu), 0);
	UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_RUNNING));
	UT_DO(guest_talks(rep));
	UT_DO(guest_off());
	return down();
}

/* As telemetry does it. */
static int
ask(int (*command)(const char *cmd, const char *params, struct rte_tel_data *d), const char *params)
{
	struct rte_tel_data *answer = rte_tel_data_alloc();

	UT_CHECK(answer != NULL);
	UT_EQ(command("", params, answer), 0);
	rte_tel_data_free(answer);
	return 0;
}

/* The features that a guest is told of after the VF was away. */
static int
features_after_return(uint64_t *offered)
{
	int before = __atomic_load_n(&returns, __ATOMIC_RELAXED);

	UT_DO(arm("gone"));
	UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_FAILED));
	UT_DO(arm("return"));
	UT_DO(events_are(&returns, before + 1));
	UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_PROBED));
	UT_EQ(vhuser_open(&vu, &vhuser_usual, path), 0);
	UT_EQ(vhuser_setup(&vu), 0);
	UT_DO(reaches(RTE_PMD_VDPA_VIRTIO_RUNNING));
	*offered = vu.offered;
	return guest_off();
}

/* What a VF is changes when it comes back, and back again. */
static int
property_faults(void)
{
	const uint64_t packed = UINT64_C(1) << 34;
	struct rte_vdpa_device *vdpa;
	uint64_t offered;
	int rep;

	UT_DO(up("vfs=1,representor=vf0", &rep));
	vdpa = rte_vdpa_find_device_by_name(VF0);
	returns = 0;
	UT_EQ(rte_pmd_vdpa_virtio_event_register(vdpa, on_vdpa, NULL), 0);
	UT_DO(guest_on(&vhuser_usual));
	UT_EQ(vu.offered & packed, packed);
	UT_DO(guest_off());
	UT_DO(ask(nicsim_eth_tel_fault, NIC ",vf0,no-packed"));
	UT_EQ(rte_vdpa_get_features(vdpa, &offered), 0);
	UT_EQ(offered & packed, packed);
	UT_DO(features_after_return(&offered));
	UT_EQ(offered & packed, 0);
	UT_DO(ask(nicsim_eth_tel_fault_clear, NIC ",vf0"));
	UT_DO(features_after_return(&offered));
	UT_EQ(offered & packed, packed);
	UT_EQ(rte_vdpa_get_features(vdpa, &offered), 0);
	UT_EQ(offered & packed, packed);
	return down();
}

static int
appears(void)
{
	uint64_t end = nr_now() + NR_WAIT_MS;

	while (rte_vdpa_find_device_by_name(VF0) == NULL) {
		UT_CHECK(nr_now() < end);
		nr_nap(1);
	}
	return 0;
}

/* A VF not fit for a driver costs the NIC nothing else; a missing one comes with its return. */
static int
unfit(void)
{
	char *said;
	int rep;

	UT_DO(ut_eal());
	nr_log_start();
	UT_EQ(nr_add(NIC, "vfs=2,representor=vf0,fault=vf0:gone"), 0);
	said = nr_log_end();
	UT_CHECK(strstr(said, VF0 ": has no vDPA device (No such device)") != NULL);
	free(said);
	UT_CHECK(rte_vdpa_find_device_by_name(VF0) == NULL);
	UT_CHECK(rte_vdpa_find_device_by_name(NIC "_vf1") != NULL);
	UT_DO(listen_on());
	UT_DO(arm("return"));
	UT_DO(appears());
	UT_DO(nr_start_named(REP0, &rep));
	UT_DO(guest_on(&vhuser_usual));
	UT_DO(guest_talks(rep));
	UT_DO(guest_off());
	return down();
}

static int
api(void)
{
	char name[RTE_DEV_NAME_MAX_LEN], why[RTE_PMD_NET_NICSIM_TEXT];
	int port, i;

	UT_DO(ut_eal());
	UT_EQ(rte_pmd_net_nicsim_num_vfs(0), -ENODEV);
	UT_EQ(rte_pmd_net_nicsim_fault(0, 0, "gone", why, sizeof(why)), -ENODEV);
	UT_STR(why, "port 0 is not of a simulated NIC");
	UT_EQ(nr_add(NIC, "vfs=2,representor=vf1"), 0);
	port = nr_port(NIC "_representor_vf1");
	UT_EQ(rte_pmd_net_nicsim_num_vfs(port), 2);
	UT_EQ(rte_pmd_net_nicsim_vf_name(port, 1, name, sizeof(name)), 0);
	UT_STR(name, NIC "_vf1");
	UT_EQ(rte_pmd_net_nicsim_vf_name(port, 2, name, sizeof(name)), -EINVAL);
	UT_EQ(rte_pmd_net_nicsim_vf_name(port, 1, name, 15), -ENOSPC);
	UT_EQ(rte_pmd_net_nicsim_fault(port, 2, "gone", why, sizeof(why)), -EINVAL);
	UT_STR(why, "no VF 2: " NIC " has 2 VFs");
	UT_EQ(rte_pmd_net_nicsim_fault(port, 0, "no", why, sizeof(why)), -EINVAL);
	UT_CHECK(strstr(why, "needs-reset") != NULL);
	UT_EQ(rte_pmd_net_nicsim_fault(port, 0, "no", NULL, 0), -EINVAL);
	for (i = 0; i < 16; i++)
		UT_EQ(rte_pmd_net_nicsim_fault(port, 0, "gone@tx+1000", NULL, 0), 0);
	UT_EQ(rte_pmd_net_nicsim_fault(port, 0, "gone@tx+1000", why, sizeof(why)), -ENOSPC);
	UT_CHECK(strstr(why, "clear them") != NULL);
	UT_EQ(rte_pmd_net_nicsim_fault_clear(port, 2), -EINVAL);
	UT_EQ(rte_pmd_net_nicsim_fault_clear(port, 0), 0);
	UT_EQ(rte_pmd_net_nicsim_fault(port, 0, "gone@tx+1000", NULL, 0), 0);
	UT_EQ(nr_remove(NIC), 0);
	UT_EQ(rte_pmd_net_nicsim_fault_clear(port, 0), -ENODEV);
	return 0;
}

/* What ethdev and rte_flow users find by: domain, ids, names, iteration by representor=. */
static int
identity(void)
{
	struct rte_eth_representor_info *info;
	struct rte_dev_iterator it;
	struct rte_eth_dev_info pf, rep;
	uint16_t id, found = UINT16_MAX;
	int n = 0;

	UT_DO(ut_eal());
	UT_EQ(nr_add(NIC, "vfs=5,representor=vf[1,3-4]"), 0);
	UT_CHECK(nr_port(REP0) < 0);
	UT_EQ(rte_eth_dev_info_get(nr_port(NIC), &pf), 0);
	UT_EQ(rte_eth_dev_info_get(nr_port(NIC "_representor_vf3"), &rep), 0);
	UT_CHECK(pf.switch_info.domain_id != RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID);
	UT_EQ(pf.switch_info.domain_id, rep.switch_info.domain_id);
	UT_EQ(pf.switch_info.port_id, 0);
	UT_EQ(rep.switch_info.port_id, 4);
	UT_STR(rep.switch_info.name, NIC);
	UT_CHECK((*pf.dev_flags & RTE_ETH_DEV_REPRESENTOR) == 0);
	UT_CHECK((*rep.dev_flags & RTE_ETH_DEV_REPRESENTOR) != 0);
	UT_EQ(rte_eth_representor_info_get(nr_port(NIC), NULL), 1);
	info = calloc(1, sizeof(*info) + sizeof(info->ranges[0]));
	info->nb_ranges_alloc = 1;
	UT_EQ(rte_eth_representor_info_get(nr_port(NIC), info), 1);
	UT_EQ(info->ranges[0].type, RTE_ETH_REPRESENTOR_VF);
	UT_EQ(info->ranges[0].id_base, 0);
	UT_EQ(info->ranges[0].id_end, 4);
	free(info);
	UT_EQ(rte_eth_iterator_init(&it, "class=eth,representor=vf3"), 0);
	while ((id = rte_eth_iterator_next(&it)) != RTE_MAX_ETHPORTS) {
		found = id;
		n++;
	}
	UT_EQ(n, 1);
	UT_EQ(found, nr_port(NIC "_representor_vf3"));
	/* A port that is closed leaves the others, and its NIC, as they are. */
	UT_EQ(rte_eth_dev_close(nr_port(NIC)), 0);
	UT_CHECK(rte_vdpa_find_device_by_name(NIC "_vf4") != NULL);
	UT_EQ(rte_pmd_net_nicsim_num_vfs(nr_port(NIC "_representor_vf4")), 5);
	UT_EQ(nr_remove(NIC), 0);
	return 0;
}

static const struct ut_case cases[] = {
	UT_CASE(identity),
	UT_CASE(api),
	UT_CASE(guest),
	UT_CASE(removed_while_running),
	UT_CASE(in_and_out),
	UT_CASE(link_fault),
	UT_CASE(callback_locks),
	UT_CASE(callback_closes),
	UT_CASE(events_after_refusal),
	UT_CASE(signals),
	UT_CASE(macs),
	UT_CASE(sends_without_link),
	UT_CASE(gone_and_back),
	UT_CASE(property_faults),
	UT_CASE(unfit),
	UT_END,
};
UT_SUITE(nicsim_life, "integration", cases)
