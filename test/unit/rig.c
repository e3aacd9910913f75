/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The driver as an application has it. Owns the simulated NIC, the socket, the device and the
 * record of events. Runs on the test's thread; events are noted on the driver's and the vhost
 * library's threads.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <rte_log.h>
#include <rte_vhost.h>

#include "rig.h"
#include "virtio_vdpa.h"

#define VIDS 16 /* connections are counted from 0, the lowest number that is free */

static struct rig the_rig; /* large; a failed case may leave threads in it for a while */

const struct nicsim_vf_conf rig_vf = {
	.features =
		VIO_BIT(VIO_F_VERSION_1) | VIO_BIT(VIO_F_ACCESS_PLATFORM) |
		VIO_BIT(VIO_F_RING_PACKED) | VIO_BIT(VIO_F_IN_ORDER) | VIO_BIT(VIO_F_RING_RESET) |
		VIO_BIT(VIO_F_NOTIFICATION_DATA) | VIO_BIT(VIO_F_NOTIF_CONFIG_DATA) |
		VIO_BIT(VIO_F_INDIRECT_DESC) | VIO_BIT(VIO_F_EVENT_IDX) | VIO_BIT(VIO_NET_F_CSUM) |
		VIO_BIT(VIO_NET_F_GUEST_CSUM) | VIO_BIT(VIO_NET_F_HOST_TSO4) |
		VIO_BIT(VIO_NET_F_GUEST_TSO4) | VIO_BIT(VIO_NET_F_MRG_RXBUF) |
		VIO_BIT(VIO_NET_F_MAC) | VIO_BIT(VIO_NET_F_STATUS) | VIO_BIT(VIO_NET_F_CTRL_VQ) |
		VIO_BIT(VIO_NET_F_CTRL_RX) | VIO_BIT(VIO_NET_F_MQ) |
		VIO_BIT(VIO_NET_F_CTRL_MAC_ADDR) | VIO_BIT(VIO_NET_F_GUEST_ANNOUNCE),
	.pairs = 4,
	.queue_size = 1024,
	.vectors = 16,
	.mtu = 1500,
	.mac = { 0x52, 0x54, 0, 1, 2, 3 },
	.notify_pages = true,
};

uint64_t
rig_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
nap(void)
{
	const struct timespec ts = { .tv_nsec = 1000000 };

	nanosleep(&ts, NULL);
}

int
rig_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 3; /* ., .. and the folder's own */
}

static void
on_event(struct rte_vdpa_device *vdpa, const struct rte_pmd_vdpa_virtio_event *event, void *arg)
{
	struct rig *rig = arg;
	struct rig_event e = { .event = *event, .thread = pthread_self() };

	(void)vdpa;
	snprintf(e.text, sizeof(e.text), "%s", event->text);
	e.event.text = NULL;
	pthread_mutex_lock(&rig->lock);
	if (rig->num_events < RIG_EVENTS)
		rig->event[rig->num_events++] = e;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->lock);
	if (rig->on_event != NULL)
		rig->on_event(rig, &e);
}

static bool
event_is_skipped(const struct rig_event *e, int type)
{
	return (int)e->event.type != type && e->event.type != RTE_PMD_VDPA_VIRTIO_EVENT_STATE;
}

/* The next event that is of the type or a state; false where none came in time. */
static bool
event_next(struct rig *rig, int type, unsigned int ms, struct rig_event *out)
{
	struct timespec until;
	bool found = false;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&rig->lock);
	for (;;) {
		while (rig->seen < rig->num_events &&
			event_is_skipped(&rig->event[rig->seen], type))
			rig->seen++;
		found = rig->seen < rig->num_events;
		if (found || pthread_cond_timedwait(&rig->cond, &rig->lock, &until) != 0)
			break;
	}
	if (found)
		*out = rig->event[rig->seen++];
	pthread_mutex_unlock(&rig->lock);
	return found;
}

int
rig_event(struct rig *rig, enum rte_pmd_vdpa_virtio_event_type type, struct rig_event *out)
{
	struct rig_event e;

	if (!event_next(rig, type, RIG_WAIT_MS, &e))
		UT_FAIL("no event of type %d", type);
	if (e.event.type != type)
		UT_FAIL("event of type %d (state %s, reason %s: %s), not %d", e.event.type,
			rte_pmd_vdpa_virtio_state_name(e.event.state),
			rte_pmd_vdpa_virtio_reason_name(e.event.reason), e.text, type);
	if (out != NULL)
		*out = e;
	return 0;
}

int
rig_state(struct rig *rig, enum rte_pmd_vdpa_virtio_state state,
	enum rte_pmd_vdpa_virtio_reason reason)
{
	struct rig_event e;

	if (!event_next(rig, RTE_PMD_VDPA_VIRTIO_EVENT_STATE, RIG_WAIT_MS, &e))
		UT_FAIL("no event to state %s", rte_pmd_vdpa_virtio_state_name(state));
	if (e.event.state != state || e.event.reason != reason)
		UT_FAIL("state %s, reason %s (%s); not %s, %s",
			rte_pmd_vdpa_virtio_state_name(e.event.state),
			rte_pmd_vdpa_virtio_reason_name(e.event.reason), e.text,
			rte_pmd_vdpa_virtio_state_name(state),
			rte_pmd_vdpa_virtio_reason_name(reason));
	if ((e.text[0] != '\0') != (reason != RTE_PMD_VDPA_VIRTIO_OK))
		UT_FAIL("text \"%s\" with reason %s", e.text,
			rte_pmd_vdpa_virtio_reason_name(reason));
	return 0;
}

int
rig_gone(struct rig *rig)
{
	struct rig_event e;
	unsigned int states = 0;

	for (;;) {
		if (!event_next(rig, RTE_PMD_VDPA_VIRTIO_EVENT_GONE, RIG_WAIT_MS, &e))
			UT_FAIL("not told to be gone, after %u states", states);
		UT_EQ(e.event.state, RTE_PMD_VDPA_VIRTIO_FAILED);
		UT_EQ(e.event.reason, RTE_PMD_VDPA_VIRTIO_GONE);
		UT_EQ(e.event.error, -ENODEV);
		UT_CHECK(e.text[0] != '\0');
		if (e.event.type == RTE_PMD_VDPA_VIRTIO_EVENT_GONE)
			break;
		states++;
	}
	UT_GE(states, 1);
	UT_LE(states, 2);
	return 0;
}

int
rig_no_event(struct rig *rig, enum rte_pmd_vdpa_virtio_event_type type)
{
	struct rig_event e;

	if (event_next(rig, type, RIG_QUIET_MS, &e))
		UT_FAIL("event of type %d (state %s, reason %s: %s)", e.event.type,
			rte_pmd_vdpa_virtio_state_name(e.event.state),
			rte_pmd_vdpa_virtio_reason_name(e.event.reason), e.text);
	return 0;
}

struct rte_pmd_vdpa_virtio_status
rig_status(struct rig *rig)
{
	struct rte_pmd_vdpa_virtio_status status;

	memset(&status, 0xee, sizeof(status));
	rte_pmd_vdpa_virtio_status_get(rig->vdpa, &status);
	return status;
}

struct rte_pmd_vdpa_virtio_queue
rig_queue(struct rig *rig, uint16_t qid)
{
	struct rte_pmd_vdpa_virtio_queue queue;

	memset(&queue, 0xee, sizeof(queue));
	rte_pmd_vdpa_virtio_queue_get(rig->vdpa, qid, &queue);
	return queue;
}

uint64_t
rig_stat(struct rig *rig, uint16_t qid, const char *name)
{
	struct rte_vdpa_stat_name names[16];
	struct rte_vdpa_stat stats[16];
	int i, n = rte_vdpa_get_stats_names(rig->vdpa, names, 16);

	if (n > 16 || rte_vdpa_get_stats(rig->vdpa, qid, stats, (unsigned int)n) != n)
		return UINT64_MAX;
	for (i = 0; i < n; i++)
		if (strcmp(names[stats[i].id].name, name) == 0)
			return stats[i].value;
	return UINT64_MAX;
}

int
rig_until(struct rig *rig, bool (*holds)(struct rig *rig))
{
	uint64_t end = rig_now() + RIG_WAIT_MS;
	bool held;

	do {
		nicsim_vf_lock(rig->vf);
		held = holds(rig);
		nicsim_vf_unlock(rig->vf);
		if (held)
			return 0;
		nap();
	} while (rig_now() < end);
	return UT_FAILED;
}

int
rig_wait(bool (*holds)(struct rig *rig), struct rig *rig)
{
	uint64_t end = rig_now() + RIG_WAIT_MS;

	while (!holds(rig)) {
		if (rig_now() >= end)
			return UT_FAILED;
		nap();
	}
	return 0;
}

int
rig_settle(struct rig *rig)
{
	uint64_t end = rig_now() + RIG_WAIT_MS, since = rig_now(), seen = 0, now;

	while (rig_now() - since < RIG_STILL_MS) {
		nicsim_vf_lock(rig->vf);
		now = rig->vf->regs.accesses;
		nicsim_vf_unlock(rig->vf);
		if (now != seen)
			since = rig_now();
		seen = now;
		UT_LE(rig_now(), end);
		nap();
	}
	return 0;
}

void
rig_forget_events(struct rig *rig)
{
	pthread_mutex_lock(&rig->lock);
	rig->seen = rig->num_events = 0;
	pthread_mutex_unlock(&rig->lock);
}

int
rig_fault(struct rig *rig, const char *text)
{
	struct nicsim_fault fault;
	char each[128], why[256], *at = each, *one;

	snprintf(each, sizeof(each), "%s", text);
	while ((one = strsep(&at, " ")) != NULL) {
		if (nicsim_fault_parse(one, &fault, why, sizeof(why)) != 0)
			UT_FAIL("%s", why);
		UT_EQ(nicsim_vf_fault(rig->vf, &fault), 0);
	}
	return 0;
}

void
rig_cure(struct rig *rig)
{
	nicsim_vf_fault_clear(rig->vf);
	nicsim_vf_lock(rig->vf);
	if (rig->vf->open)
		rig->vf->gone = rig->vf->stale = rig->vf->regs.gone = false;
	nicsim_vf_unlock(rig->vf);
}

void
rig_ask_back(struct rig *rig)
{
	nicsim_vf_lock(rig->vf);
	if (rig->vf->gone_fd >= 0)
		eventfd_write(rig->vf->gone_fd, 1);
	nicsim_vf_unlock(rig->vf);
}

static bool
bus_is_closed(struct rig *rig)
{
	return !rig->vf->open;
}

int
rig_revive(struct rig *rig)
{
	struct virtio_vdpa_fault fault;

	if (rig_until(rig, bus_is_closed) != 0)
		UT_FAIL("the driver does not give the bus back");
	UT_DO(rig_fault(rig, "return"));
	UT_EQ(nicsim_eth_bus_open(rig->vf, &rig->bus), 0);
	if (virtio_vdpa_revive(&rig->rdev, rig->bus, &fault) != 0)
		UT_FAIL("virtio_vdpa_revive: %s", fault.text);
	return 0;
}

bool
rig_fire(struct rig *rig, uint16_t vector)
{
	bool wired;

	nicsim_vf_lock(rig->vf);
	wired = nicsim_irq_fire(&rig->vf->irq, vector);
	nicsim_vf_unlock(rig->vf);
	return wired;
}

void *
rig_at(struct rig *rig, uint64_t iova, uint64_t len)
{
	const struct nicsim_dma *dma = &rig->vf->dma;
	const struct nicsim_dma_map *m;
	void *va = NULL;

	nicsim_vf_lock(rig->vf);
	for (m = dma->map; m < dma->map + dma->num_maps; m++)
		if (iova >= m->iova && iova - m->iova < m->len && len <= m->len - (iova - m->iova))
			va = m->va + (iova - m->iova);
	nicsim_vf_unlock(rig->vf);
	return va;
}

volatile uint16_t *
rig_doorbell(struct rig *rig, uint16_t qid)
{
	uint64_t off, len;
	void *page;

	pthread_mutex_lock(&rig->vu.lock);
	off = rig->vu.area_off[qid];
	len = rig->vu.area_len[qid];
	pthread_mutex_unlock(&rig->vu.lock);
	nicsim_vf_lock(rig->vf);
	page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, rig->vf->device_fd, (off_t)off);
	nicsim_vf_unlock(rig->vf);
	return page != MAP_FAILED ? page : NULL;
}

static bool
bus_is_clean(struct rig *rig)
{
	return rig->vf->dma.num_maps == 0 && rig->vf->dma.bytes == 0 && rig->vf->irq.wired == 0;
}

static bool
device_is_reset(struct rig *rig)
{
	const struct nicsim_regs *regs = &rig->vf->regs;

	if (!rig->vf->open || regs->gone ||
		nicsim_faults_on(&regs->faults, NICSIM_FAULT_RESET_STUCK))
		return true; /* it cannot be */
	return regs->status == 0 && !regs->resetting;
}

static int
driver_is_idle(struct rig *rig)
{
	struct rte_pmd_vdpa_virtio_status s = rig_status(rig);
	struct rte_pmd_vdpa_virtio_queue q;
	uint16_t i;

	UT_EQ(s.vid, -1);
	UT_EQ(s.queues, 0);
	UT_EQ(s.queues_mapped, 0);
	UT_EQ(s.queues_irq_direct, 0);
	UT_EQ(s.features, 0);
	UT_EQ(s.dma_maps, 0);
	UT_EQ(s.dma_bytes, 0);
	UT_CHECK(!s.link_up);
	for (i = 0; i < 2 * s.max_pairs; i++) {
		q = rig_queue(rig, i);
		UT_CHECK(!q.running && !q.enabled);
		UT_EQ(q.kick, RTE_PMD_VDPA_VIRTIO_KICK_NONE);
		UT_EQ(q.irq, RTE_PMD_VDPA_VIRTIO_IRQ_NONE);
		UT_EQ(q.vector, VIO_MSI_NO_VECTOR);
	}
	return 0;
}

/* The vhost library ends a connection on its own thread, step by step. */
static bool
connection_is_over(struct rig *rig)
{
	struct rte_pmd_vdpa_virtio_queue q;
	uint16_t i;

	if (rig_status(rig).vid != -1)
		return false;
	for (i = 0; rte_pmd_vdpa_virtio_queue_get(rig->vdpa, i, &q) == 0; i++)
		if (q.enabled)
			return false;
	return true;
}

int
rig_idle(struct rig *rig)
{
	if (rig_wait(connection_is_over, rig) != 0)
		UT_FAIL("the connection is not over");
	if (rig_until(rig, bus_is_clean) != 0)
		UT_FAIL("left behind: %u mappings of %llu bytes, %u vectors",
			RIG_LOOK(rig, dma.num_maps), (unsigned long long)RIG_LOOK(rig, dma.bytes),
			RIG_LOOK(rig, irq.wired));
	UT_EQ(RIG_LOOK(rig, asked.maps), RIG_LOOK(rig, asked.unmaps));
	if (rig_until(rig, device_is_reset) != 0)
		UT_FAIL("the device is left with status %#x", RIG_LOOK(rig, regs.status));
	return driver_is_idle(rig);
}

static struct {
	char dir[64];
	char path[96];
} listening;

static void
listening_remove(void)
{
	unlink(listening.path);
	rmdir(listening.dir);
}

/*
 * One socket for all rigs, one after another: the vhost library polls for up to a second before it
 * sees a new one. Its thread and its pipe come with it, and stay.
 */
static int
listen_once(void)
{
	static const struct rte_vhost_device_ops ops;
	uint64_t features;

	if (listening.path[0] != '\0')
		return 0;
	snprintf(listening.dir, sizeof(listening.dir), "/tmp/vdpa-virtio-rig-XXXXXX");
	UT_CHECK(mkdtemp(listening.dir) != NULL);
	snprintf(listening.path, sizeof(listening.path), "%s/sock", listening.dir);
	atexit(listening_remove);
	UT_EQ(rte_vhost_driver_register(listening.path, 0), 0);
	/* The library takes CONFIG for its applications' choice. */
	UT_EQ(rte_vhost_driver_get_protocol_features(listening.path, &features), 0);
	features |= 1ULL << VHOST_USER_PROTOCOL_F_CONFIG;
	UT_EQ(rte_vhost_driver_set_protocol_features(listening.path, features), 0);
	UT_EQ(rte_vhost_driver_callback_register(listening.path, &ops), 0);
	UT_EQ(rte_vhost_driver_start(listening.path), 0);
	return 0;
}

/* What goes wrong here goes wrong on purpose: RIG_LOG=1 shows it. */
static void
quiet(void)
{
	uint32_t level = getenv("RIG_LOG") != NULL ? RTE_LOG_INFO : RTE_LOG_CRIT;

	rte_log_set_level_pattern("lib.vhost.*", level);
	rte_log_set_level_pattern("pmd.vdpa.virtio", level);
}

static int
nic_create(struct rig *rig, const struct rig_conf *conf)
{
	struct nicsim_conf nic = nicsim_default;
	char why[256];

	nic.name = "rig";
	nic.vfs = 1;
	nic.vf = conf->vf != NULL ? *conf->vf : rig_vf;
	if (conf->vectors != 0)
		nic.vf.vectors = conf->vectors;
	if (nicsim_create(&nic, &rig->nic, why, sizeof(why)) != 0)
		UT_FAIL("nicsim_create: %s", why);
	rig->vf = nicsim_vf(rig->nic, 0);
	if (conf->fault != NULL)
		UT_DO(rig_fault(rig, conf->fault));
	nicsim_vf_lock(rig->vf);
	if (conf->tweak != NULL)
		conf->tweak(rig->vf);
	nicsim_vf_unlock(rig->vf);
	return 0;
}

static int
rig_create(struct rig *rig, const struct rig_conf *conf)
{
	struct virtio_vdpa_args args = { .queues = conf->queues };
	struct virtio_vdpa_fault fault;
	int ret;

	UT_EQ(nicsim_eth_bus_open(rig->vf, &rig->bus), 0);
	if (conf->unmappable)
		rig->bus->bar_offset[NICSIM_VF_BAR] = VIRTIO_VDPA_NO_OFFSET;

	if (conf->mac != NULL) {
		memcpy(args.mac, conf->mac, sizeof(args.mac));
		args.mac_set = true;
	}
	ret = virtio_vdpa_create(&rig->rdev, rig->bus, &args, &fault);
	if (ret != 0)
		UT_FAIL("virtio_vdpa_create: %d, %s", ret, fault.text);
	rig->created = true;
	rig->vdpa = rte_vdpa_find_device_by_name(rig->name);
	UT_CHECK(rig->vdpa != NULL);
	UT_EQ(rte_pmd_vdpa_virtio_event_register(rig->vdpa, on_event, rig), 0);
	return 0;
}

static int
rig_open(struct rig *rig, const struct rig_conf *conf)
{
	static unsigned int number;
	pthread_condattr_t attr;

	UT_EQ(ut_eal(), 0);
	quiet();
	UT_DO(listen_once());
	memset(rig, 0, sizeof(*rig));
	pthread_mutex_init(&rig->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&rig->cond, &attr);
	pthread_condattr_destroy(&attr);
	rig->fds = rig_fds();
	snprintf(rig->name, sizeof(rig->name), "rig%u", number++);
	rig->rdev.name = rig->name;
	rig->path = listening.path;
	UT_DO(nic_create(rig, conf));
	UT_DO(rig_create(rig, conf));
	UT_EQ(rte_vhost_driver_attach_vdpa_device(rig->path, rig->vdpa), 0);
	return 0;
}

static int
fds_are_back(struct rig *rig)
{
	uint64_t end = rig_now() + RIG_WAIT_MS;
	int now;

	for (now = rig_fds(); now != rig->fds && rig_now() < end; now = rig_fds())
		nap();
	UT_EQ(now, rig->fds);
	return 0;
}

unsigned int
rig_connections(const struct rig *rig)
{
	unsigned int n = 0;
	int vid;

	for (vid = 0; vid < VIDS; vid++)
		n += rte_vhost_get_vdpa_device(vid) == rig->vdpa;
	return n;
}

int
rig_vid(const struct rig *rig)
{
	int vid;

	for (vid = 0; vid < VIDS; vid++)
		if (rte_vhost_get_vdpa_device(vid) == rig->vdpa)
			return vid;
	return -1;
}

/* The library ends a connection on its own thread. */
static int
connections_down_to(const struct rig *rig, unsigned int n)
{
	uint64_t end = rig_now() + RIG_WAIT_MS;

	while (rig_connections(rig) > n) {
		if (rig_now() >= end)
			return UT_FAILED;
		nap();
	}
	return 0;
}

/* All of it in any case; the first thing that was wrong is what is told. */
static int
rig_close(struct rig *rig)
{
	const char *blamed = NULL;
	int ret = 0;

	if (rig->guest)
		ret = rig_guest_gone(rig);
	if (rig->vdpa != NULL)
		UT_EQ(connections_down_to(rig, 0), 0);
	rte_vhost_driver_detach_vdpa_device(listening.path);
	if (rig->created)
		UT_EQ(virtio_vdpa_destroy(&rig->rdev), 0);
	UT_CHECK(rte_vdpa_find_device_by_name(rig->name) == NULL);
	if (!rig->created && rig->bus != NULL)
		rig->bus->ops->close(rig->bus);
	if (rig->vf != NULL) {
		UT_CHECK(!RIG_LOOK(rig, open));
		UT_EQ(RIG_LOOK(rig, asked.opens), RIG_LOOK(rig, asked.closes));
		blamed = RIG_LOOK(rig, regs.violation);
	}
	nicsim_destroy(rig->nic);
	if (blamed != NULL)
		UT_FAIL("a rule broken: %s", blamed);
	UT_DO(fds_are_back(rig));
	return ret;
}

int
rig_run(const struct rig_conf *conf, int (*run)(struct rig *rig))
{
	static const struct rig_conf usual;
	int ret, closed;

	ret = rig_open(&the_rig, conf != NULL ? conf : &usual);
	if (ret == 0)
		ret = run(&the_rig);
	closed = rig_close(&the_rig);
	return ret != 0 ? ret : closed;
}

int
rig_guest(struct rig *rig, const struct vhuser_conf *conf)
{
	UT_EQ(vhuser_open(&rig->vu, conf, rig->path), 0);
	rig->guest = true;
	UT_EQ(vhuser_setup(&rig->vu), 0);
	return 0;
}

int
rig_guest_gone(struct rig *rig)
{
	unsigned int n = rig_connections(rig);

	vhuser_close(&rig->vu);
	rig->guest = false;
	UT_EQ(connections_down_to(rig, n > 0 ? n - 1 : 0), 0);
	return rig_idle(rig);
}

int
rig_running(struct rig *rig, const struct vhuser_conf *conf)
{
	UT_DO(rig_guest(rig, conf));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_STARTING, RTE_PMD_VDPA_VIRTIO_OK));
	UT_DO(rig_state(rig, RTE_PMD_VDPA_VIRTIO_RUNNING, RTE_PMD_VDPA_VIRTIO_OK));
	return rig_event(rig, RTE_PMD_VDPA_VIRTIO_EVENT_KICK, NULL);
}
