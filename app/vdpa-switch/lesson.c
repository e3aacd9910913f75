/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/*
 * Each cell of the queue has a turn: at its own position a producer may write it, one later the
 * consumer may read it, a lap later a producer again. Written by workers, read by the control
 * thread; nobody waits for anybody.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_atomic.h>
#include <rte_malloc.h>

#include "lesson.h"

#define MASK (VSW_LESSONS - 1)
#define MEMO 256 /* of a worker: what it has told lately; a power of 2 */
#define TOLD (UINT64_C(1) << 63) /* of a key in the memo */

struct cell {
	uint64_t turn; /* atomic */
	uint64_t key;
	uint64_t port;
};

struct vsw_lessons {
	struct cell *cell;
	uint64_t number; /* of all queues of the process */
	int event_fd;
	uint64_t tail; /* consumer's */
	uint64_t head __rte_cache_aligned; /* atomic */
	uint64_t lost; /* atomic */
	bool armed; /* atomic: the control thread wants to hear of the next */
	uint32_t pending[VSW_DP_PORTS]; /* atomic: in the queue */
};

/* What the worker of this thread told, so that a burst of frames from one address is one lesson. */
static __thread struct {
	uint64_t key[MEMO];
	uint16_t port[MEMO];
	uint32_t when[MEMO];
	uint64_t queue; /* its number: what one was told another was not */
} memo;

struct vsw_lessons *
vsw_lessons_new(int socket)
{
	static uint64_t number; /* atomic */
	struct vsw_lessons *q;
	uint64_t i;

	q = rte_zmalloc_socket("vsw_lessons", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);
	if (q == NULL)
		return NULL;
	q->number = __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
	q->armed = true;
	q->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->cell = rte_zmalloc_socket("vsw_lessons", VSW_LESSONS * sizeof(*q->cell),
		RTE_CACHE_LINE_SIZE, socket);
	if (q->event_fd < 0 || q->cell == NULL) {
		vsw_lessons_free(q);
		return NULL;
	}
	for (i = 0; i < VSW_LESSONS; i++)
		q->cell[i].turn = i;
	return q;
}

void
vsw_lessons_free(struct vsw_lessons *q)
{
	if (q == NULL)
		return;
	rte_free(q->cell);
	if (q->event_fd >= 0)
		close(q->event_fd);
	rte_free(q);
}

/* Whether a lesson is news; it is from then on not. */
static bool
memo_add(uint64_t queue, unsigned int i, uint64_t key, uint16_t port, uint32_t now_s)
{
	if (memo.queue != queue) {
		memset(&memo, 0, sizeof(memo));
		memo.queue = queue;
	}
	if (memo.key[i] == (key | TOLD) && memo.port[i] == port && memo.when[i] == now_s)
		return false;
	memo.key[i] = key | TOLD;
	memo.port[i] = port;
	memo.when[i] = now_s;
	return true;
}

static bool
put(struct vsw_lessons *q, uint64_t key, uint16_t port)
{
	uint64_t at = __atomic_load_n(&q->head, __ATOMIC_RELAXED), turn;
	struct cell *cell;

	for (;;) {
		cell = &q->cell[at & MASK];
		turn = __atomic_load_n(&cell->turn, __ATOMIC_ACQUIRE);
		if ((int64_t)(turn - at) < 0)
			return false; /* full: still what was written a lap ago */
		if (turn != at)
			at = __atomic_load_n(&q->head, __ATOMIC_RELAXED);
		else if (__atomic_compare_exchange_n(&q->head, &at, at + 1, true,
				 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			break;
	}
	cell->key = key;
	cell->port = port;
	__atomic_store_n(&cell->turn, at + 1, __ATOMIC_RELEASE);
	return true;
}

bool
vsw_lessons_tell(struct vsw_lessons *q, uint64_t key, uint16_t port, uint32_t now_s)
{
	unsigned int i = (key >> 40 ^ key >> 32 ^ key >> 48) % MEMO;

	if (!memo_add(q->number, i, key, port, now_s))
		return false;
	if (__atomic_fetch_add(&q->pending[port], 1, __ATOMIC_RELAXED) >= VSW_LESSONS_PORT ||
		!put(q, key, port)) {
		__atomic_sub_fetch(&q->pending[port], 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&q->lost, 1, __ATOMIC_RELAXED);
		memo.key[i] = 0;
		return false;
	}
	/*
	 * One system call for all that comes until the control thread has looked. What is in the
	 * queue must be seen by it, if its being armed is not seen here.
	 */
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&q->armed, __ATOMIC_RELAXED) &&
		__atomic_exchange_n(&q->armed, false, __ATOMIC_ACQ_REL))
		eventfd_write(q->event_fd, 1);
	return true;
}

bool
vsw_lessons_take(struct vsw_lessons *q, uint64_t *key, uint16_t *port)
{
	struct cell *cell = &q->cell[q->tail & MASK];

	if (__atomic_load_n(&cell->turn, __ATOMIC_ACQUIRE) != q->tail + 1)
		return false;
	*key = cell->key;
	*port = (uint16_t)cell->port;
	__atomic_store_n(&cell->turn, q->tail + VSW_LESSONS, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&q->pending[*port], 1, __ATOMIC_RELAXED);
	q->tail++;
	return true;
}

int
vsw_lessons_fd(const struct vsw_lessons *q)
{
	return q->event_fd;
}

void
vsw_lessons_arm(struct vsw_lessons *q)
{
	eventfd_t ignored;

	eventfd_read(q->event_fd, &ignored);
	__atomic_store_n(&q->armed, true, __ATOMIC_RELAXED);
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void
vsw_lessons_remind(struct vsw_lessons *q)
{
	eventfd_write(q->event_fd, 1);
}

uint64_t
vsw_lessons_lost(const struct vsw_lessons *q)
{
	return __atomic_load_n(&q->lost, __ATOMIC_RELAXED);
}
