/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * The workers and their loop. Owns their threads, pools and counters. A worker reads the published
 * snapshot from one rte_rcu_qsbr_quiescent() to the next, and none while it sleeps.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>

#include "doze.h"
#include "dp_eth.h"
#include "dp_vhost.h"
#include "worker.h"

#define CACHE 512 /* buffers that a worker takes and gives back without its pool */

/*
 * lib/vhost, finishing a checksum where a guest says, can write one byte past the end of a buffer
 * that is full. The pool's alignment leaves some bytes behind each, if the size asks for it.
 */
#define BUFFER (RTE_MBUF_DEFAULT_BUF_SIZE - 8)

struct worker {
	unsigned int id;
	unsigned int lcore; /* LCORE_ID_ANY: a thread of its own */
	pthread_t thread;
	bool started;
	bool stop; /* atomic */
	uint64_t generation; /* of the snapshot whose queues it polls */
	uint16_t queue; /* that the burst at hand came from */
	struct vsw_doze doze;
	struct vsw_forward *fw;
	struct rte_mempool *pool;
	struct vsw_dp_stats *stats; /* VSW_DP_PORTS */
	struct vsw_worker_stats count;
} __rte_cache_aligned;

static struct {
	struct vsw_worker_conf conf;
	struct worker worker[VSW_DP_WORKERS];
	unsigned int num;
	struct vsw_dp_snapshot *snapshot; /* atomic */
	struct rte_rcu_qsbr *rcu;
	struct vsw_dp_stats cleared[VSW_DP_PORTS]; /* what the counters were */
} all;

uint32_t
vsw_workers_now(void)
{
	return rte_rdtsc() / rte_get_tsc_hz();
}

/* --- frames ----------------------------------------------------------------------------------- */

static inline uint16_t
rx(struct worker *w, const struct vsw_dp_port *port, uint16_t queue, struct rte_mbuf **frame)
{
	return port->kind == VSW_DP_GUEST ?
		vsw_dp_vhost_rx(port, queue, w->pool, frame, VSW_DP_BURST) :
		vsw_dp_eth_rx(port, queue, frame, VSW_DP_BURST);
}

/* What came on one queue goes out on one queue: a flow stays in order. */
static uint16_t
tx(void *ctx, const struct vsw_dp_port *port, struct rte_mbuf **frame, uint16_t num)
{
	struct worker *w = ctx;

	if (unlikely(port->queues == 0))
		return 0;
	if (port->kind == VSW_DP_ETHDEV)
		return vsw_dp_eth_tx(port, w->id, all.num, frame, num);
	return vsw_dp_vhost_tx(port, w->queue < port->queues ? w->queue : w->queue % port->queues,
		frame, num);
}

static inline unsigned int
poll_all(struct worker *w, const struct vsw_dp_snapshot *snap)
{
	const struct vsw_dp_poll *poll = &snap->poll[w->id];
	struct rte_mbuf *frame[VSW_DP_BURST];
	const struct vsw_dp_port *port;
	unsigned int found = 0;
	uint16_t i, n;

	for (i = 0; i < poll->num; i++) {
		port = snap->port[poll->rxq[i].port];
		w->queue = poll->rxq[i].queue;
		n = rx(w, port, w->queue, frame);
		if (n == 0)
			continue;
		vsw_forward_burst(w->fw, port, frame, n);
		found += n;
	}
	return found;
}

/* --- sleep ------------------------------------------------------------------------------------ */

static int
arm_queue(struct worker *w, const struct vsw_dp_snapshot *snap, uint16_t i)
{
	const struct vsw_dp_rxq *q = &snap->poll[w->id].rxq[i];
	const struct vsw_dp_port *port = snap->port[q->port];

	return vsw_doze_watch(&w->doze, i, port->kind == VSW_DP_GUEST ?
						   vsw_dp_vhost_arm(port, q->queue) :
						   vsw_dp_eth_arm(port, q->queue));
}

/* @return false: a descriptor could not be watched */
static bool
arm(struct worker *w, const struct vsw_dp_snapshot *snap)
{
	uint16_t i;

	w->doze.nap = false;
	for (i = 0; i < snap->poll[w->id].num; i++)
		if (arm_queue(w, snap, i) != 0)
			return false;
	return true;
}

static void
disarm(struct worker *w, const struct vsw_dp_snapshot *snap)
{
	const struct vsw_dp_port *port;
	const struct vsw_dp_rxq *q;
	uint16_t i;

	for (i = 0; i < snap->poll[w->id].num; i++) {
		q = &snap->poll[w->id].rxq[i];
		port = snap->port[q->port];
		if (port->kind == VSW_DP_GUEST)
			vsw_dp_vhost_disarm(port, q->queue);
		else
			vsw_dp_eth_disarm(port, q->queue);
	}
}

/*
 * Sleep, unless something has come meanwhile: what came before its queue was armed is found by the
 * poll, what came after it wakes. Where no descriptor can be watched (limits of the process), a
 * nap. Returns how many frames the poll found.
 */
static unsigned int
sleep_on(struct worker *w, const struct vsw_dp_snapshot *snap)
{
	unsigned int found = 0;

	if (snap != NULL) {
		if (!arm(w, snap)) {
			vsw_doze_reset(&w->doze, snap->poll[w->id].num);
			if (!arm(w, snap))
				w->doze.nap = true;
		}
		rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
		found = poll_all(w, snap);
		if (found != 0)
			goto out_disarm;
	}
	vsw_dp_count(&w->count.sleeps, 1);
	rte_rcu_qsbr_thread_offline(all.rcu, w->id);
	vsw_doze(&w->doze);
	rte_rcu_qsbr_thread_online(all.rcu, w->id);
	snap = __atomic_load_n(&all.snapshot, __ATOMIC_ACQUIRE);
out_disarm:
	if (snap != NULL)
		disarm(w, snap);
	return found;
}

/* --- the loop --------------------------------------------------------------------------------- */

/* The queues of a new snapshot: nobody need tell of what is polled. */
static void
take_over(struct worker *w, const struct vsw_dp_snapshot *snap)
{
	w->generation = snap->generation;
	vsw_doze_reset(&w->doze, snap->poll[w->id].num);
	disarm(w, snap);
}

static void
run(struct worker *w)
{
	const uint64_t hz = rte_get_tsc_hz(), idle = hz / 1000000 * all.conf.idle_us;
	uint64_t start = rte_rdtsc(), then = start, last = start, second = 0, now;
	struct vsw_dp_snapshot *snap;
	unsigned int found;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		rte_rcu_qsbr_quiescent(all.rcu, w->id);
		snap = __atomic_load_n(&all.snapshot, __ATOMIC_ACQUIRE);
		w->fw->snapshot = snap;
		if (unlikely(then >= second)) {
			w->fw->now_s = then / hz;
			second = (w->fw->now_s + UINT64_C(1)) * hz;
		}
		if (unlikely(snap != NULL && snap->generation != w->generation))
			take_over(w, snap);
		found = likely(snap != NULL) ? poll_all(w, snap) : 0;
		now = rte_rdtsc();
		vsw_dp_count(&w->count.loops, 1);
		if (found != 0) {
			vsw_dp_count(&w->count.packets, found);
			vsw_dp_count(&w->count.busy_cycles, now - then);
			last = now;
		} else if (!all.conf.busy_poll && now - last >= idle) {
			vsw_dp_count(&w->count.packets, sleep_on(w, snap));
			now = last = rte_rdtsc();
		}
		__atomic_store_n(&w->count.cycles, now - start, __ATOMIC_RELAXED);
		then = now;
	}
}

static int
worker_main(void *arg)
{
	struct worker *w = arg;

	rte_rcu_qsbr_thread_register(all.rcu, w->id);
	rte_rcu_qsbr_thread_online(all.rcu, w->id);
	run(w);
	rte_rcu_qsbr_thread_offline(all.rcu, w->id);
	rte_rcu_qsbr_thread_unregister(all.rcu, w->id);
	return 0;
}

/* A number as an lcore's gives the thread a cache of the pool. */
static void *
thread_main(void *arg)
{
	bool registered = rte_thread_register() == 0;

	worker_main(arg);
	if (registered)
		rte_thread_unregister();
	return NULL;
}

/* --- their life ------------------------------------------------------------------------------- */

static void
fini(struct worker *w)
{
	vsw_doze_fini(&w->doze);
	rte_mempool_free(w->pool);
	rte_free(w->fw);
	rte_free(w->stats);
	memset(w, 0, sizeof(*w));
}

static int
init(struct worker *w, unsigned int id, unsigned int lcore)
{
	const int socket = lcore == LCORE_ID_ANY ? SOCKET_ID_ANY : (int)rte_lcore_to_socket_id(lcore);
	const unsigned int mbufs = all.conf.mbufs != 0 ? all.conf.mbufs : VSW_WORKER_MBUFS;
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret;

	memset(w, 0, sizeof(*w));
	w->id = id;
	w->lcore = lcore;
	w->generation = UINT64_MAX;
	ret = vsw_doze_init(&w->doze);
	if (ret != 0)
		return ret;
	snprintf(name, sizeof(name), "vsw_worker_%u", id);
	w->pool = rte_pktmbuf_pool_create(name, mbufs, CACHE, 0, BUFFER, socket);
	w->fw = rte_zmalloc_socket("vsw_forward", sizeof(*w->fw), RTE_CACHE_LINE_SIZE, socket);
	w->stats = rte_zmalloc_socket("vsw_dp_stats", VSW_DP_PORTS * sizeof(*w->stats),
		RTE_CACHE_LINE_SIZE, socket);
	if (w->pool == NULL || w->fw == NULL || w->stats == NULL) {
		fini(w);
		return -ENOMEM;
	}
	w->fw->fdb = all.conf.fdb;
	w->fw->stats = w->stats;
	w->fw->pool = w->pool;
	w->fw->tx = tx;
	w->fw->ctx = w;
	return 0;
}

static int
launch(struct worker *w)
{
	int ret;

	ret = w->lcore == LCORE_ID_ANY ? -pthread_create(&w->thread, NULL, thread_main, w) :
					 rte_eal_remote_launch(worker_main, w, w->lcore);
	w->started = ret == 0;
	return ret;
}

static int
rcu_new(void)
{
	size_t size = rte_rcu_qsbr_get_memsize(VSW_DP_WORKERS);

	all.rcu = rte_zmalloc("vsw_rcu", size, RTE_CACHE_LINE_SIZE);
	if (all.rcu == NULL)
		return -ENOMEM;
	return rte_rcu_qsbr_init(all.rcu, VSW_DP_WORKERS) == 0 ? 0 : -EINVAL;
}

static int
check(const struct vsw_worker_conf *conf)
{
	unsigned int lcores = rte_lcore_count() - 1;

	if (all.num != 0)
		return -EALREADY;
	if (conf->num < 1 || conf->num > VSW_DP_WORKERS || conf->fdb == NULL ||
		conf->num > RTE_MAX(lcores, 1u))
		return -EINVAL;
	return 0;
}

int
vsw_workers_start(const struct vsw_worker_conf *conf)
{
	unsigned int lcore = -1;
	int ret;

	ret = check(conf);
	if (ret != 0)
		return ret;
	memset(&all, 0, sizeof(all));
	all.conf = *conf;
	ret = rcu_new();
	while (ret == 0 && all.num < conf->num) {
		lcore = rte_lcore_count() > 1 ? rte_get_next_lcore(lcore, 1, 0) : LCORE_ID_ANY;
		ret = init(&all.worker[all.num], all.num, lcore);
		all.num += ret == 0;
	}
	for (unsigned int i = 0; ret == 0 && i < all.num; i++)
		ret = launch(&all.worker[i]);
	if (ret != 0)
		vsw_workers_stop();
	return ret;
}

void
vsw_workers_stop(void)
{
	struct worker *w;
	unsigned int i;

	for (i = 0; i < all.num; i++) {
		w = &all.worker[i];
		if (!w->started)
			continue;
		__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
		vsw_doze_wake(&w->doze);
		if (w->lcore == LCORE_ID_ANY)
			pthread_join(w->thread, NULL);
		else
			rte_eal_wait_lcore(w->lcore);
	}
	for (i = 0; i < all.num; i++)
		fini(&all.worker[i]);
	rte_free(all.rcu);
	all.rcu = NULL;
	all.num = 0;
}

/* --- from other threads ----------------------------------------------------------------------- */

struct vsw_dp_snapshot *
vsw_workers_publish(struct vsw_dp_snapshot *snapshot)
{
	struct vsw_dp_snapshot *before;
	unsigned int i;

	before = __atomic_exchange_n(&all.snapshot, snapshot, __ATOMIC_ACQ_REL);
	for (i = 0; i < all.num; i++)
		vsw_doze_wake(&all.worker[i].doze);
	vsw_workers_sync();
	return before;
}

void
vsw_workers_sync(void)
{
	if (all.num != 0)
		rte_rcu_qsbr_synchronize(all.rcu, RTE_QSBR_THRID_INVALID);
}

int
vsw_worker_stats(unsigned int worker, struct vsw_worker_stats *stats)
{
	const struct vsw_worker_stats *c = &all.worker[worker].count;

	if (worker >= all.num)
		return -ENOENT;
	stats->cycles = __atomic_load_n(&c->cycles, __ATOMIC_RELAXED);
	stats->busy_cycles = __atomic_load_n(&c->busy_cycles, __ATOMIC_RELAXED);
	stats->packets = __atomic_load_n(&c->packets, __ATOMIC_RELAXED);
	stats->loops = __atomic_load_n(&c->loops, __ATOMIC_RELAXED);
	stats->sleeps = __atomic_load_n(&c->sleeps, __ATOMIC_RELAXED);
	return 0;
}

/* The counters are one after the other, and nothing else. */
static void
port_sum(uint16_t port, struct vsw_dp_stats *sum)
{
	const unsigned int num = sizeof(*sum) / sizeof(uint64_t);
	uint64_t *to = (uint64_t *)sum;
	unsigned int i, j;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < all.num; i++)
		for (j = 0; j < num; j++)
			to[j] += __atomic_load_n(
				(uint64_t *)&all.worker[i].stats[port] + j, __ATOMIC_RELAXED);
}

void
vsw_workers_port_stats(uint16_t port, struct vsw_dp_stats *stats)
{
	const uint64_t *cleared = (const uint64_t *)&all.cleared[port];
	uint64_t *to = (uint64_t *)stats;
	unsigned int j;

	port_sum(port, stats);
	for (j = 0; j < sizeof(*stats) / sizeof(uint64_t); j++)
		to[j] -= cleared[j];
}

void
vsw_workers_port_clear(uint16_t port)
{
	port_sum(port, &all.cleared[port]);
}
